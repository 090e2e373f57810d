"""The statistics of a training: the sizes that a second, plain computation finds, and a training that is as without."""

import numpy as np
import pytest

from tinyllm import tensor
from tinyllm.backend.arrays import to_host
from tinyllm.errors import UsageError
from tinyllm.memory.recompute import recomputing
from tinyllm.memory.stream import move
from tinyllm.models import catalog
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import LlamaConfig
from tinyllm.models.rnn import LSTMConfig
from tinyllm.models.t5 import T5Config
from tinyllm.nn.walk import through
from tinyllm.optim.sgd import SGD, SGDConfig
from tinyllm.parallel.comm import run_ranks
from tinyllm.profile import Profile
from tinyllm.train import log
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig, train
from tinyllm.train.monitor import MonitorConfig
from tinyllm.train.statistics import Statistics, watched_blocks
from tinyllm.train.tasks import DataConfig

CONFIG = GPTConfig(vocab_size=23, context=6, layers=2, heads=2, width=8, dropout=0.0)
RATE = 0.5


def root_mean_square(array):
    return float(np.sqrt(np.mean(np.square(np.asarray(to_host(array), np.float64)))))


def batch_of(rows):
    ids = np.random.default_rng(1).integers(0, 23, (rows, 7))
    return ids[:, :-1], ids[:, 1:]


def trained(statistics_of, *, steps=1, workers=1, device="cpu", change=lambda model: model):
    """A model after some steps of plain descent on one batch, unclipped, and what was found of each step."""
    model = change(GPT(CONFIG, rng=np.random.default_rng(0)))
    move(model, device)
    optimizer = SGD(model.named_parameters(), SGDConfig(momentum=0.0, weight_decay=0.0))
    config = TrainConfig(steps=steps, learning_rate=RATE, warmup=0, clip=1e9, workers=workers, device=device)
    statistics, found = statistics_of(model), []
    for _ in train(model, iter([batch_of(5)] * steps), optimizer, config=config, profile=statistics):
        found.append(statistics and statistics.found)
    return model, found


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("change", [lambda model: model, recomputing], ids=["plain", "recomputed"])
def test_they_are_the_sizes_that_a_plain_computation_finds(workers, change):
    _, (found,) = trained(lambda model: Statistics(model, every=1), workers=workers, change=change)
    model = GPT(CONFIG, rng=np.random.default_rng(0))
    grads = tensor.backward(model.loss(*batch_of(5)))
    assert found["parameters"].keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        told = found["parameters"][name]
        weight, gradient = root_mean_square(parameter.data), root_mean_square(grads[parameter])
        assert told["weight"] == pytest.approx(weight, rel=1e-3)
        assert told["gradient"] == pytest.approx(gradient, rel=1e-3, abs=1e-7)
        if weight == 0:
            assert told["update"] is None
        elif gradient > 1e-6:
            assert told["update"] == pytest.approx(RATE * gradient / weight, rel=1e-2)
    with tensor.no_grad():
        x, shared = model.begin(batch_of(5)[0])
        for number in range(2):
            x = through(model.blocks[number : number + 1], x, shared)
            assert found["activations"][f"blocks.{number}"] == pytest.approx(root_mean_square(x.data), rel=1e-3)


def test_a_training_is_as_without_them_and_only_some_steps_are_measured():
    plain, _ = trained(lambda model: None, steps=6)
    profile = Profile()
    watched, found = trained(lambda model: Statistics(model, every=3, step=1, profile=profile), steps=6)
    assert [bool(of_step) for of_step in found] == [False, True, False, False, True, False]
    for (name, mine), (_, expected) in zip(watched.named_parameters(), plain.named_parameters(), strict=True):
        assert np.array_equal(mine.data, expected.data), name
    assert profile.calls["clip_gradients", "update"] == 6
    assert all(type(block).__name__ == "Block" for block in watched.blocks)


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        (LlamaConfig(vocab_size=23, context=6, layers=2, heads=2, width=8, hidden=8), ["blocks.0", "blocks.1"]),
        (LSTMConfig(vocab_size=23, context=6, layers=1, width=8), ["blocks.0"]),
        (
            T5Config(vocab_size=23, context=6, layers=2, decoder_layers=1, heads=2, width=8, hidden=8),
            ["decoder.blocks.0", "encoder.blocks.0", "encoder.blocks.1"],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_blocks_of_every_model_are_watched_and_given_back(config, paths):
    model = catalog.new_model(config, rng=np.random.default_rng(0))
    ids = np.zeros((1, 6), np.int64)
    batch = catalog.architecture_of(config).bare_objective(config)(ids, ids, np.random.default_rng(0))
    names = [name for name, _ in model.named_parameters()]
    expected = model.loss(*batch).data
    with pytest.raises(ZeroDivisionError), watched_blocks(model) as blocks:
        assert model.loss(*batch).data == expected and [name for name, _ in model.named_parameters()] == names
        assert sorted(blocks) == paths and all(block.size() > 0 for block in blocks.values())
        raise ZeroDivisionError
    assert [name for name, _ in model.named_parameters()] == names
    assert not any(type(block).__name__ == "Watched" for block in vars(model).get("blocks", ()))


def test_arrays_on_a_gpu_are_measured_as_those_in_memory(cupy):
    _, (here,) = trained(lambda model: Statistics(model, every=1))
    _, (there,) = trained(lambda model: Statistics(model, every=1), device="gpu")
    for name, sizes in here["parameters"].items():
        for key, value in sizes.items():
            assert there["parameters"][name][key] == (value and pytest.approx(value, rel=1e-2, abs=1e-6)), (name, key)
    assert there["activations"] == pytest.approx(here["activations"], rel=1e-3)


def test_a_run_tells_them_and_those_that_cannot_be_are_refused(tmp_path):
    training, monitor = TrainConfig(steps=6, batch=4, workers=1), MonitorConfig(statistics_every=2)
    data, model = DataConfig(texts=60, save_every=2), GPTConfig(vocab_size=300, context=8, layers=2, heads=2, width=8)
    run = runs.create(tmp_path / "run", data, model, training, monitor=monitor)
    for report, _ in runs.fit(run, run.new_model()):
        if report.step == 5:
            break
    list(runs.fit(run, run.new_model(), warn=pytest.fail))
    lines = log.read(run.folder / log.STATISTICS, warn=pytest.fail)
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert lines[0]["parameters"]["blocks.1.attention.out.weight"].keys() == {"weight", "gradient", "update"}
    run.training = TrainConfig(steps=8, batch=4, workers=1, offload="optimizer")
    with pytest.raises(
        UsageError, match="statistics_every=2 copies into memory what offload=optimizer keeps elsewhere"
    ):
        list(runs.fit(run, run.new_model()))
    run.training = TrainConfig(steps=8, batch=4, workers=1)
    with pytest.raises(UsageError, match="statistics_every=2 measures a model in one process, and there are 2; leave"):
        run_ranks(2, lambda comm: list(runs.fit(run, run.new_model(), comm=comm)))
