"""Replicas, slices and stages, alone and combined: after twenty steps the losses are those of one rank."""

import numpy as np
import pytest
from parallel.cut_models import NEAR, batch_of, model_of, weigh
from parallel.on_mpi import needs_mpi, run_on_mpi

from tinyllm.errors import UsageError
from tinyllm.nn.module import weights
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.arrange import OptimizerOfParts, arrange, check
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.data import ONE_RANK
from tinyllm.parallel.layout import parse_layout
from tinyllm.train.loop import TrainConfig, train

LAYOUTS = {
    "gpt": ["tp=2", "pp=2", "tp=4", "pp=4", "dp=2,tp=2", "dp=2,pp=2", "tp=2,pp=2",
            "dp=2,tp=2,zero=1", "dp=2,tp=2,zero=2", "dp=2,tp=2,zero=3", "dp=2,pp=2,zero=1", "dp=2,pp=2,zero=2"],
    "copier": ["tp=2", "pp=2", "tp=2,pp=2"],
    "llama": ["tp=2", "pp=2", "tp=2,pp=2"],
    "bert": ["tp=2", "pp=2", "tp=2,pp=2"],
    "t5": ["tp=2", "dp=2,tp=2"],
    "lstm": ["pp=2", "dp=2,pp=2"],
}  # fmt: skip
CASES = [(name, layout) for name, layouts in LAYOUTS.items() for layout in layouts]


def trained(model, optimizer, ranks, name, *, accumulate=1, start=0, steps=20):
    """[losses, lengths of the gradients] of a training with dropout, weights, a bound on the gradient."""
    config = TrainConfig(steps=steps, workers=1, accumulate=accumulate, clip=0.5, warmup=2, learning_rate=1e-2)
    batches = [batch_of(name, seed) for seed in range(start * accumulate, steps * accumulate)]
    how = {"config": config, "weigh": weigh, "ranks": ranks, "start": start}
    reports = list(train(model, batches, optimizer, **how))
    return [[report.loss for report in reports], [report.gradient_norm for report in reports]]


def of_one_rank(name, dtype, **how):
    """What `trained` gives, and the weights and the state after it."""
    model = model_of(name, dtype)
    optimizer = AdamW(model.named_parameters())
    return trained(model, optimizer, ONE_RANK, name, **how), weights(model), optimizer.state()


def arranged(comm, name, layout, dtype, saved=None, **how):
    """The same of an arranged model, that may go on from what was saved; the last two are rank 0's."""
    model, ranks = arrange(model_of(name, dtype), parse_layout(layout), comm)
    optimizer = OptimizerOfParts(AdamW, AdamW.Config(), ranks)
    if saved:
        ranks.load_weights(saved[0])
        optimizer.load_state(saved[1])
    return trained(model, optimizer, ranks, name, **how), ranks.weights(), optimizer.state()


def of_an_mpi_rank(comm, layouts):
    return [arranged(comm, "gpt", layout, dtype)[0] for layout in layouts for dtype in NEAR]


@pytest.mark.long
@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize(("name", "layout"), CASES)
def test_twenty_steps_have_the_losses_of_one_rank(name, layout, dtype):
    check_steps(name, layout, dtype)


@pytest.mark.parametrize("layout", ["tp=2", "pp=2"])
def test_steps_of_accumulated_batches(layout):
    check_steps("gpt", layout, np.float64, accumulate=2, steps=4)


def check_steps(name, layout, dtype, **how):
    expected, *arrays = of_one_rank(name, dtype, **how)
    several = run_ranks(parse_layout(layout).ranks, lambda comm: arranged(comm, name, layout, dtype, **how))
    for found, *_ in several:
        assert found == several[0][0]  # to the last bit: no rank drifts apart
        assert_near_one_rank(found, expected, dtype)
    if dtype is np.float64:
        assert_same_arrays(several[0][1:], arrays)


def assert_same_arrays(found, expected):
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.keys() == theirs.keys()
        for name, array in theirs.items():
            np.testing.assert_allclose(mine[name], array, rtol=1e-6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("layouts", [("tp=2,pp=2", "dp=2,tp=2,zero=2"), ("pp=2", "tp=4"), ("dp=2,pp=2", "pp=4")])
def test_a_training_goes_on_in_another_layout(layouts):
    expected, *arrays = of_one_rank("gpt", np.float64, steps=4)
    saved, size = None, [parse_layout(layout).ranks for layout in layouts]
    for number, layout in enumerate(layouts):
        how = {"saved": saved, "start": 2 * number, "steps": 2 * number + 2}
        several = run_ranks(size[number], lambda comm, l=layout, how=how: arranged(comm, "gpt", l, np.float64, **how))
        saved = several[0][1:]
    assert several[0][0][0] == pytest.approx(expected[0][2:], rel=1e-10)
    assert_same_arrays(saved, arrays)


def assert_near_one_rank(found, expected, dtype):
    assert found[0] == pytest.approx(expected[0], rel=NEAR[dtype])
    assert found[1] == pytest.approx(expected[1], rel=10 * NEAR[dtype])  # in float32 they feel the last bit more


@needs_mpi
@pytest.mark.parametrize(("size", "layouts"), [(2, ["tp=2", "pp=2"]), (4, ["dp=2,tp=2", "dp=2,pp=2", "tp=2,pp=2"])])
def test_on_mpi(size, layouts):
    several = run_on_mpi(size, of_an_mpi_rank, layouts)
    expected = [of_one_rank("gpt", dtype)[0] for dtype in NEAR]
    for found in several:
        assert found == several[0]
        for number, of_case in enumerate(found):
            assert_near_one_rank(of_case, expected[number % 2], list(NEAR)[number % 2])


def test_a_layout_of_another_number_of_ranks_is_refused():
    with pytest.raises(UsageError, match="takes 4 ranks, and there are 2"):
        run_ranks(2, lambda comm: arrange(model_of("gpt"), parse_layout("tp=2,pp=2"), comm))


def test_what_a_layout_cannot_do_is_told():
    class Whole(AdamW):
        whole = True

    def work(comm):
        _, ranks = arrange(model_of("gpt"), parse_layout("tp=2"), comm)
        OptimizerOfParts(Whole, AdamW.Config(), ranks)

    with pytest.raises(UsageError, match="Whole does not move each number by itself; take tp=1"):
        run_ranks(2, work)
    with pytest.raises(UsageError, match="zero=3 repeats every block, and a stage of a pipeline cannot"):
        run_ranks(4, lambda comm: arrange(model_of("gpt"), parse_layout("dp=2,pp=2,zero=3"), comm))
    with pytest.raises(UsageError, match="and offload=all to this machine; take zero=2, or offload=optimizer"):
        check(parse_layout("dp=2,zero=3"), "all")
