"""ZeRO: whatever is shared out, the steps are those of data parallel to the last bit."""

import ctypes
import gc
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parallel.on_mpi import as_json, needs_mpi, run_on_mpi

from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.bert import BERT
from tinyllm.nn.module import freeze, map_parameters, weights
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.adamw8bit import AdamW8bit
from tinyllm.optim.sgd import SGD
from tinyllm.parallel.arrange import OptimizerOfParts, arrange
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.data import ONE_RANK, DataParallel
from tinyllm.parallel.layout import Layout
from tinyllm.parallel.shard import STAGES, Owned, ShardedOptimizer, owned_bytes
from tinyllm.parallel.workers import Workers
from tinyllm.train import checkpoint
from tinyllm.train.loop import TrainConfig, train

SIZES = {"vocab_size": 13, "context": 6, "layers": 3, "width": 8}


def new_model(name="gpt", dtype=np.float32, frozen=(), **sizes):
    config = catalog.find(name).config
    more = {"heads": 2} if "heads" in config.__dataclass_fields__ else {}
    model = catalog.new_model(config(**(SIZES | more | sizes)), rng=np.random.default_rng(0))
    map_parameters(model, lambda array: array.astype(dtype))
    freeze(model, lambda name, weight: name.startswith(tuple(frozen)))
    return model


def together(model, comm, stage, kind=AdamW):
    """The ranks and the optimiser of a stage; 0 is data parallel."""
    if not stage:
        return DataParallel(model, comm), kind(model.named_parameters())
    ranks = STAGES[stage](model, comm)
    return ranks, ShardedOptimizer(kind, kind.Config(), ranks)


def steps_of(model, ranks, optimizer, *, steps=4, start=0, rows=5, accumulate=1, workers=1):
    tokens = np.random.default_rng(1).integers(13, size=(20 * accumulate, rows, 7))
    places = [np.tile(np.arange(6), (rows, 1))] if isinstance(model, BERT) else []
    batches = [(part[:, :-1], *places, part[:, 1:]) for part in tokens][start * accumulate :]
    config = TrainConfig(steps=steps, workers=workers, accumulate=accumulate, warmup=2, seed=3, clip=0.5)
    return [
        (report.loss, report.gradient_norm)
        for report in train(model, batches, optimizer, config=config, ranks=ranks, start=start)
    ]


def trained(comm, stage, kind=AdamW, *, model=None, **how):
    """The losses and lengths, the weights and, in the first rank, the state after some steps."""
    model = new_model(**(model or {}))
    ranks, optimizer = together(model, comm, stage, kind)
    reports = steps_of(model, ranks, optimizer, **how)
    with ranks.whole():
        state = optimizer.state()
        return reports, copies(weights(model)), state if comm.rank == 0 else {}


def copies(arrays):
    return {name: array.copy() for name, array in arrays.items()}


def assert_same(found, expected):
    assert found[0] == expected[0]
    for mine, theirs in zip(found[1:], expected[1:], strict=True):
        assert_arrays(mine, theirs)


def assert_arrays(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("size", [2, 3])
def test_zero_is_data_parallel_to_the_last_bit(size, stage):
    how = {"model": {"dropout": 0.2}, "accumulate": 2, "workers": 2}
    expected = run_ranks(size, lambda comm: trained(comm, 0, **how))
    for mine, theirs in zip(run_ranks(size, lambda comm: trained(comm, stage, **how)), expected, strict=True):
        assert_same(mine, theirs)


@pytest.mark.parametrize("stage", [0, *STAGES])
def test_arrays_on_a_device_stay_there_and_are_those_in_memory(cupy, stage):
    def work(comm, move):
        model = new_model(dtype=np.float64)
        map_parameters(model, move)
        ranks, optimizer = together(model, comm, stage)
        reports = steps_of(model, ranks, optimizer, steps=2)
        with ranks.whole():
            return reports, [array.copy() for array in weights(model).values()]

    here, there = (run_ranks(2, lambda comm, move=move: work(comm, move)) for move in (np.asarray, cupy.asarray))
    for (expected, arrays), (reports, on_device) in zip(here, there, strict=True):
        assert reports == [pytest.approx(report, rel=1e-12) for report in expected]
        for mine, theirs in zip(on_device, arrays, strict=True):
            assert isinstance(mine, cupy.ndarray)
            np.testing.assert_allclose(mine.get(), theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", list(catalog.MODELS))
def test_zero_of_every_model_in_every_way(name, stage):
    for size, workers, accumulate, kind, frozen in [
        (2, 1, 1, AdamW, ()),
        (3, 2, 2, SGD, ("blocks.0.norm", "encoder.blocks.0.norm")),
        (4, 2, 1, AdamW, ("blocks.1", "decoder.blocks.1", "encoder.blocks.1")),
    ]:
        how = {"model": {"name": name, "dropout": 0.1, "frozen": frozen}, "workers": workers, "accumulate": accumulate}
        expected = run_ranks(size, lambda comm, how=how, kind=kind: trained(comm, 0, kind, **how))
        found = run_ranks(size, lambda comm, how=how, kind=kind: trained(comm, stage, kind, **how))
        for mine, theirs in zip(found, expected, strict=True):
            assert_same(mine, theirs)


@pytest.mark.long
@pytest.mark.parametrize("stage", [0, *STAGES])
@pytest.mark.parametrize(("dtype", "close"), [(np.float32, 1e-5), (np.float64, 1e-10)])
def test_twenty_steps_of_ranks_are_those_of_one(stage, dtype, close):
    how = {"model": {"dropout": 0.1, "dtype": dtype}, "steps": 20}
    model = new_model(**how["model"])
    alone = steps_of(model, ONE_RANK, AdamW(model.named_parameters()), steps=20)
    for size in (2, 4):
        for reports, *_ in run_ranks(size, lambda comm: trained(comm, stage, **how)):
            assert [loss for loss, _ in reports] == pytest.approx([loss for loss, _ in alone], rel=close)


@pytest.mark.parametrize("stage", STAGES)
def test_a_rank_without_rows_takes_part(stage):
    expected = run_ranks(3, lambda comm: trained(comm, 0, rows=2, workers=2))
    for mine, theirs in zip(run_ranks(3, lambda comm: trained(comm, stage, rows=2, workers=2)), expected, strict=True):
        assert_same(mine, theirs)


def gone_on(comm, stage, *, base=None, out, steps):
    """What the first rank has of a run that goes on from the newest checkpoint of `base`: the weights and the state
    that it begins with, the reports, the weights at the end; it is saved in `out`."""
    model, ranks = arrange(new_model(), Layout(dp=comm.size, zero=stage if comm.size > 1 else 0), comm)
    optimizer = OptimizerOfParts(AdamW, AdamW.Config(), ranks)
    start = checkpoint.load(base, model=model, optimizer=optimizer, ranks=ranks) if base else 0
    first = [copies(ranks.weights()), copies(optimizer.state())]
    reports = steps_of(model, ranks, optimizer, start=start, steps=steps)
    checkpoint.save(out, step=steps, model=model, optimizer=optimizer, ranks=ranks)
    return first, reports, copies(ranks.weights())


@pytest.mark.parametrize("stage", [pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long), 3])
def test_what_four_ranks_saved_two_load_and_one(tmp_path, stage):
    def run(size, stage, base, out, steps):
        how = {"base": base and tmp_path / base, "out": tmp_path / out, "steps": steps}
        return run_ranks(size, lambda comm: gone_on(comm, stage, **how))[0]

    run(4, stage, None, "zero", 3)
    run(4, 0, None, "plain", 3)
    for name in (checkpoint.WEIGHTS, checkpoint.OPTIMIZER):
        files = [tmp_path / folder / "step-00000003" / name for folder in ("zero", "plain")]
        assert files[0].read_bytes() == files[1].read_bytes()
    two, plain, one = run(2, stage, "zero", "2", 6), run(2, 0, "plain", "2-plain", 6), run(1, 0, "zero", "1", 6)
    assert two[1] == plain[1] and one[1] == [pytest.approx(report, rel=1e-5) for report in two[1]]
    for first, _, _ in (two, one):
        for mine, theirs in zip(first, plain[0], strict=True):
            assert_arrays(mine, theirs)
    assert_arrays(two[2], plain[2])
    assert_arrays(run(1, stage, "2", "2-1", 8)[0][0], two[2])


# ------------------------------------------------------------------------------------------------------- what is held


def bytes_held(comm, stage, name):
    """The Owned that the arrays of a rank really take, the gradients when they have met."""
    model = new_model(name, width=10, hidden=21) if name in ("llama", "t5") else new_model(name, width=10)
    ranks, optimizer = together(model, comm, stage)
    tokens = np.random.default_rng(1).integers(13, size=(5, 7))
    with Workers(1) as workers:
        _, grads = ranks.gradients(workers, model.loss, [(tokens[:, :-1], tokens[:, 1:])], seed=0, step=0)
    of_weights = list(ranks.weights.values()) if stage == 3 else [p.data for p in model.parameters()]
    state = [array for name, array in optimizer_of(optimizer).state().items() if name != "steps"]
    numbers = [unit.numbers for unit in ranks.units.values()]
    held = Owned(*(memory_of(arrays) for arrays in (of_weights, grads.values(), state)))
    return held, owned_bytes(numbers, comm.rank, comm.size, stage=stage)


def optimizer_of(optimizer):
    return optimizer.mine if isinstance(optimizer, ShardedOptimizer) else optimizer


def memory_of(arrays):
    """The bytes that arrays keep alive, each once: a view keeps the whole of what it looks into."""
    owners = {}
    for array in arrays:
        while array.base is not None:
            array = array.base
        owners[id(array)] = array.nbytes
    return sum(owners.values())


@pytest.mark.parametrize("stage", [0, *STAGES])
@pytest.mark.parametrize("name", ["gpt", "t5", "lstm"])
def test_the_bytes_of_a_rank_are_those_of_the_formula(name, stage):
    for size in (2, 3, 5):
        for held, formula in run_ranks(size, lambda comm: bytes_held(comm, stage, name)):
            assert held == formula


@given(st.lists(st.integers(1, 100), min_size=1, max_size=5), st.integers(1, 9), st.integers(1, 3))
def test_the_ranks_together_own_everything_once(numbers, size, stage):
    of_all = [owned_bytes(numbers, rank, size, stage=stage) for rank in range(size)]
    assert sum(one.optimiser for one in of_all) == 8 * sum(numbers)
    filled_up = 4 * sum(-(-n // size) * size for n in numbers)
    assert sum(one.weights for one in of_all) == filled_up * (1 if stage == 3 else size)
    assert sum(one.gradients for one in of_all) == filled_up * (1 if stage >= 2 else size)


# --------------------------------------------------------------------------------------------------------- what ends it


class Whole(SGD):
    """An optimiser that wants to see each matrix whole."""

    whole = True


@pytest.mark.parametrize("kind", [Whole, AdamW8bit])
def test_an_optimiser_that_cannot_be_cut_is_refused(kind):
    with pytest.raises(UsageError, match=f"{kind.__name__} does not move each number by itself.*; take zero=0"):
        run_ranks(2, lambda comm: together(new_model(), comm, 1, kind))


def test_a_model_whose_weights_are_elsewhere_is_not_used():
    def work(comm):
        model = new_model()
        ranks, _ = together(model, comm, 3)
        with ranks.whole():
            loss = model.loss(np.zeros((1, 3), int), np.zeros((1, 3), int))
            assert loss.item() == new_model().loss(np.zeros((1, 3), int), np.zeros((1, 3), int)).item()
        assert not any(np.isfinite(p.data).any() for p in model.parameters())
        model.loss(np.zeros((1, 3), int), np.zeros((1, 3), int))

    with pytest.raises(UsageError, match="shared out among the ranks; use the model in a `whole` block"):
        run_ranks(2, work)


@pytest.mark.parametrize("stage", [0, *STAGES])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_one_rank_ends_all(stage, workers):
    before = threading.active_count()

    def work(comm):
        model = new_model()
        ranks, _ = together(model, comm, stage)
        ids = np.zeros((8, 6), int)
        ids[-1] = 99  # in the last rank's last share
        with Workers(workers) as pool:
            ranks.gradients(pool, model.loss, [(ids, np.zeros((8, 6), int))], seed=0, step=0)

    with pytest.raises(UsageError, match="token id 99"):
        run_ranks(2, work)
    assert threading.active_count() == before


def test_a_state_that_does_not_fit_is_refused():
    def work(comm):
        _, optimizer = together(new_model(), comm, 1)
        state = AdamW(new_model().named_parameters()).state()
        state["m.norm.weight"] = state["m.norm.weight"][:4]
        optimizer.load_state(state)

    with pytest.raises(UsageError, match="the optimiser's state does not fit"):
        run_ranks(2, work)


def test_parameters_of_two_types_are_refused():
    def work(comm):
        model = new_model()
        model.norm.bias.data = model.norm.bias.data.astype(np.float64)
        together(model, comm, 1)

    with pytest.raises(UsageError, match="parameters of one type, not of float32 and float64"):
        run_ranks(2, work)


# -------------------------------------------------------------------------------------------------------- on a real MPI


def stages_on_mpi(comm):
    """What two ranks find under each stage: the reports, and weights and state."""
    how, found = {"model": {"dropout": 0.2}, "accumulate": 2, "workers": 2}, []
    for stage in (0, *STAGES):
        reports, *arrays = trained(comm, stage, **how)
        found.append([reports, [{name: as_json(array) for name, array in some.items()} for some in arrays]])
    return found


@needs_mpi
def test_zero_on_two_ranks_of_mpi_is_data_parallel_to_the_last_bit():
    for plain, *others in run_on_mpi(2, stages_on_mpi):
        assert others == [plain] * len(STAGES)


CLOSE = {"float32": 1e-5, "float64": 1e-10}


def losses_on_mpi(comm):
    """{type: the losses of 20 steps under each stage}"""
    return {
        name: [
            [loss for loss, _ in trained(comm, stage, steps=20, model={"dropout": 0.1, "dtype": np.dtype(name)})[0]]
            for stage in (0, *STAGES)
        ]
        for name in CLOSE
    }


@needs_mpi
def test_twenty_steps_on_four_ranks_of_mpi_are_those_of_one():
    found = run_on_mpi(4, losses_on_mpi)
    for name, close in CLOSE.items():
        model = new_model(dropout=0.1, dtype=np.dtype(name))
        alone = [loss for loss, _ in steps_of(model, ONE_RANK, AdamW(model.named_parameters()), steps=20)]
        for of_rank in found:
            assert of_rank[name] == [pytest.approx(alone, rel=close)] * 4


def resident():
    """The bytes of memory that this process has, without what it has freed."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory_on_mpi(comm, stage, layers):
    """What a rank has in memory when the gradients have met, beside what it had before there was a model; and what the
    formula says."""
    before, model = resident(), new_model(vocab_size=256, layers=layers, width=512)
    ranks, optimizer = together(model, comm, stage)
    tokens = np.random.default_rng(1).integers(256, size=(2, 7))
    with Workers(1) as workers:
        for step in range(2):
            batch = [(tokens[:, :-1], tokens[:, 1:])]
            _, grads = ranks.gradients(workers, model.loss, batch, seed=0, step=step)
            held = resident() - before
            optimizer.step(grads, lr=1e-3)
            del grads
    numbers = [unit.numbers for unit in ranks.units.values()]
    return held, sum(owned_bytes(numbers, comm.rank, comm.size, stage=stage)), sum(numbers)


def memory_when_warm(comm, stage):
    memory_on_mpi(comm, stage, 1)  # kernels are compiled, and MPI has its buffers
    return memory_on_mpi(comm, stage, 16)


@needs_mpi
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="how much memory a process has is read from /proc")
@pytest.mark.parametrize("stage", [0, *STAGES])
def test_the_memory_of_a_process_is_that_of_the_formula(stage):
    for held, formula, numbers in run_on_mpi(2, memory_when_warm, stage, seconds=200):
        assert numbers > 50e6 and held == pytest.approx(formula, rel=0.1)
