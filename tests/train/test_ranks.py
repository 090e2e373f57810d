"""A run whose steps several ranks share: its losses and checkpoints are those of one, whoever goes on with it."""

import json

import numpy as np
import pytest

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim.sgd import SGDConfig
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.layout import parse_layout
from tinyllm.train import folder as folders
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.monitor import MonitorConfig
from tinyllm.train.tasks import DataConfig

MODEL = GPTConfig(vocab_size=300, context=8, layers=2, heads=2, width=8, dropout=0.1)
DATA = DataConfig(texts=60, validate_every=2, save_every=2)


def made(folder, steps=4):
    training = TrainConfig(steps=steps, batch=4, workers=1, learning_rate=0.3, decay_steps=10, warmup=1, ema=0.7)
    return runs.create(folder, DATA, MODEL, training, SGDConfig())


def trained_by(folder, layout, *, steps=4, stop=lambda comm, step: False):
    """Go on with a run, by ranks that share the work so. What each reports."""
    layout = parse_layout(layout)

    def work(comm):
        run, seen = runs.open_run(folder), []
        run.training = TrainConfig(**{**vars(run.training), "steps": steps})
        asked = {"stop": lambda: stop(comm, seen[-1][0].step if seen else 0), "comm": comm, "layout": layout}
        for report in runs.fit(run, run.new_model(), warn=pytest.fail, **asked):
            seen.append(report)
        return [(report.step, report.loss, report.gradient_norm, validation) for report, validation in seen]

    return run_ranks(layout.ranks, work)


def what_was_saved(folder):
    path = max((folder / "checkpoints").iterdir())
    return {name: storage.load_arrays(path / f"{name}.safetensors") for name in ("model", "optimizer", "average")}


def log_of(folder):
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [(line["step"], line.get("loss", line.get("validation_loss"))) for line in lines]


def assert_near(folder, other):
    assert [step for step, _ in log_of(folder)] == [step for step, _ in log_of(other)]
    np.testing.assert_allclose([loss for _, loss in log_of(folder)], [loss for _, loss in log_of(other)], rtol=1e-5)
    for name, arrays in what_was_saved(other).items():
        assert what_was_saved(folder)[name].keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_allclose(what_was_saved(folder)[name][key], array, rtol=1e-4, atol=2e-6, err_msg=key)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run of four steps by one rank."""
    run = made(tmp_path_factory.mktemp("alone") / "r")
    list(runs.fit(run, run.new_model()))
    return run.folder


@pytest.mark.parametrize("layout", ["dp=2", "dp=2,zero=1", "dp=2,zero=3", "tp=2", "pp=2", "dp=2,tp=2,zero=2"])
def test_ranks_train_a_run_as_one_does(tmp_path, alone, layout):
    folder = made(tmp_path / "r").folder
    first, *others = trained_by(folder, layout)
    assert all(other == first for other in others) and [step for step, *_ in first] == [1, 2, 3, 4]
    assert_near(folder, alone)
    assert not list(folder.glob(".*")) and len(list((folder / "checkpoints").iterdir())) == 2


def test_what_some_ranks_saved_others_go_on_with(tmp_path, alone):
    folder = made(tmp_path / "r").folder
    for step, layout in enumerate(("dp=2,tp=2", "dp=3,zero=3", "pp=2", "dp=1"), start=1):
        run = runs.open_run(folder)
        run.data = DataConfig(**{**vars(run.data), "save_every": 1})
        folders.save_config(run)
        trained_by(folder, layout, steps=step)
    for name, arrays in what_was_saved(alone).items():
        for key, array in arrays.items():
            np.testing.assert_allclose(what_was_saved(folder)[name][key], array, rtol=1e-4, atol=2e-6, err_msg=key)


def test_where_one_rank_is_to_stop_all_do_and_the_run_is_saved(tmp_path):
    folder = made(tmp_path / "r", steps=100).folder
    found = trained_by(folder, "dp=3", steps=100, stop=lambda comm, step: comm.rank == 2 and step == 2)
    assert [[step for step, *_ in of_rank] for of_rank in found] == [[1, 2, 3]] * 3
    assert runs.steps_done(runs.open_run(folder)) == 3


def test_a_model_that_cannot_be_cut_is_refused(tmp_path):
    folder = made(tmp_path / "r").folder
    with pytest.raises(UsageError, match="2 heads"):
        trained_by(folder, "tp=3")
    assert not (folder / "checkpoints").exists()


@pytest.mark.long
@pytest.mark.parametrize("layout", ["dp=2", "dp=2,zero=3", "tp=2", "pp=2"])
def test_samples_and_the_best_checkpoint_are_those_of_one_rank(tmp_path, layout):
    for name, by in (("alone", "dp=1"), ("shared", layout)):
        run = made(tmp_path / name)
        run.monitor = MonitorConfig(sample_every=2, keep_last=1, keep_best=True, save_in_background=True)
        folders.save_config(run)
        trained_by(tmp_path / name, by)
    alone, shared = ((tmp_path / name / "samples.jsonl").read_text().splitlines() for name in ("alone", "shared"))
    assert len(alone) == 2 and alone == shared
    assert_near(tmp_path / "shared", tmp_path / "alone")
    kept = [sorted(path.name for path in (tmp_path / name / "checkpoints").iterdir()) for name in ("alone", "shared")]
    assert kept[0] == kept[1]
