"""Replicas, slices and stages, alone and combined: after twenty steps the losses are those of one rank."""

import numpy as np
import pytest
from parallel.cut_models import NEAR, batch_of, model_of, weigh
from parallel.on_mpi import needs_mpi, run_on_mpi

from tinyllm.errors import UsageError
from tinyllm.nn.module import weights
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.arrange import arrange
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.data import ONE_RANK
from tinyllm.parallel.layout import parse_layout
from tinyllm.train.loop import TrainConfig, train

LAYOUTS = {
    "gpt": ["tp=2", "pp=2", "tp=4", "pp=4", "dp=2,tp=2", "dp=2,pp=2", "tp=2,pp=2"],
    "llama": ["tp=2", "pp=2", "tp=2,pp=2"],
    "bert": ["tp=2", "pp=2", "tp=2,pp=2"],
    "t5": ["tp=2", "dp=2,tp=2"],
    "lstm": ["pp=2", "dp=2,pp=2"],
}
CASES = [(name, layout) for name, layouts in LAYOUTS.items() for layout in layouts]


def trained(model, ranks, name, accumulate=1, steps=20):
    """[losses, lengths of the gradients] of a training with dropout, weights, a bound on the gradient."""
    config = TrainConfig(steps=steps, workers=1, accumulate=accumulate, clip=0.5, warmup=2, learning_rate=1e-2)
    batches = [batch_of(name, seed) for seed in range(steps * accumulate)]
    how = {"config": config, "weigh": weigh, "ranks": ranks}
    reports = list(train(model, batches, AdamW(model.named_parameters()), **how))
    return [[report.loss for report in reports], [report.gradient_norm for report in reports]]


def arranged(comm, name, layout, dtype, accumulate=1):
    model, ranks = arrange(model_of(name, dtype), parse_layout(layout), comm)
    return trained(model, ranks, name, accumulate), ranks.weights(model)


def of_an_mpi_rank(comm, layouts):
    return [arranged(comm, "gpt", layout, dtype)[0] for layout in layouts for dtype in NEAR]


@pytest.mark.long
@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize(("name", "layout"), CASES)
def test_twenty_steps_have_the_losses_of_one_rank(name, layout, dtype):
    check_twenty_steps(name, layout, dtype, accumulate=1)


@pytest.mark.parametrize("layout", ["tp=2", "pp=2"])
def test_twenty_steps_of_accumulated_batches(layout):
    check_twenty_steps("gpt", layout, np.float64, accumulate=2)


def check_twenty_steps(name, layout, dtype, accumulate):
    model = model_of(name, dtype)
    expected = trained(model, ONE_RANK, name, accumulate)
    several = run_ranks(parse_layout(layout).ranks, lambda comm: arranged(comm, name, layout, dtype, accumulate))
    for found, _ in several:
        assert found == several[0][0]  # to the last bit: no rank drifts apart
        assert_near_one_rank(found, expected, dtype)
    if dtype is np.float64:
        arrays = several[0][1]
        assert list(arrays) == list(weights(model))
        for array_name, array in weights(model).items():
            np.testing.assert_allclose(arrays[array_name], array, rtol=1e-8, atol=1e-9, err_msg=array_name)


def assert_near_one_rank(found, expected, dtype):
    assert found[0] == pytest.approx(expected[0], rel=NEAR[dtype])
    assert found[1] == pytest.approx(expected[1], rel=100 * NEAR[dtype])  # in float32 they feel the last bit more


@needs_mpi
@pytest.mark.parametrize(("size", "layouts"), [(2, ["tp=2", "pp=2"]), (4, ["dp=2,tp=2", "dp=2,pp=2", "tp=2,pp=2"])])
def test_on_mpi(size, layouts):
    several = run_on_mpi(size, of_an_mpi_rank, layouts)
    expected = [trained(model_of("gpt", dtype), ONE_RANK, "gpt") for dtype in NEAR]
    for found in several:
        assert found == several[0]
        for number, of_case in enumerate(found):
            assert_near_one_rank(of_case, expected[number % 2], list(NEAR)[number % 2])


def test_a_layout_of_another_number_of_ranks_is_refused():
    with pytest.raises(UsageError, match="takes 4 ranks, and there are 2"):
        run_ranks(2, lambda comm: arrange(model_of("gpt"), parse_layout("tp=2,pp=2"), comm))
