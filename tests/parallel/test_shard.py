"""ZeRO: whatever is shared out, the steps are those of data parallel to the last bit."""

import numpy as np
import pytest

from tinyllm.models import catalog
from tinyllm.nn.module import freeze, map_parameters, weights
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.data import DataParallel
from tinyllm.parallel.shard import STAGES, ShardedOptimizer
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
    batches = [(part[:, :-1], part[:, 1:]) for part in tokens][start * accumulate :]
    config = TrainConfig(steps=steps, workers=workers, accumulate=accumulate, warmup=2, seed=3, clip=0.5)
    return [
        (report.loss, report.gradient_norm)
        for report in train(model, batches, optimizer, config=config, ranks=ranks, start=start)
    ]


def trained(comm, stage, kind=AdamW, *, model=None, **how):
    """The losses and lengths, the weights and the state after some steps."""
    model = new_model(**(model or {}))
    ranks, optimizer = together(model, comm, stage, kind)
    reports = steps_of(model, ranks, optimizer, **how)
    with ranks.whole():
        return reports, {name: array.copy() for name, array in weights(model).items()}, optimizer.state()


def assert_same(found, expected):
    assert found[0] == expected[0]
    for mine, theirs in zip(found[1:], expected[1:], strict=True):
        assert mine.keys() == theirs.keys()
        for name, array in theirs.items():
            np.testing.assert_array_equal(mine[name], array, err_msg=name)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("size", [2, 3])
def test_zero_is_data_parallel_to_the_last_bit(size, stage):
    how = {"model": {"dropout": 0.2}, "accumulate": 2, "workers": 2}
    expected = run_ranks(size, lambda comm: trained(comm, 0, **how))
    for mine, theirs in zip(run_ranks(size, lambda comm: trained(comm, stage, **how)), expected, strict=True):
        assert_same(mine, theirs)
