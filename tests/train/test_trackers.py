"""What trackers are told, read back as their own programs read it: every number of the log, once for each step."""

import json
import sys

import pytest

from tinyllm.models.gpt import GPTConfig
from tinyllm.train import log, trackers
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.monitor import MonitorConfig
from tinyllm.train.tasks import DataConfig

MODEL = GPTConfig(vocab_size=300, context=8, layers=1, heads=2, width=8)
DATA = DataConfig(texts=60, save_every=2, validate_every=2)


def killed_and_resumed(folder, **asked):
    """A run of six steps, of which the fifth is taken twice."""
    training = TrainConfig(steps=6, batch=4, workers=1)
    run = runs.create(folder, DATA, MODEL, training, monitor=MonitorConfig(**asked))
    for report, _ in runs.fit(run, run.new_model(), warn=pytest.fail):
        if report.step == 5:
            break
    list(runs.fit(run, run.new_model(), warn=pytest.fail))
    return run


def numbers_of_log(run):
    """{name: [(step, number)]}"""
    found = {}
    for line in log.read(run.folder / log.STEPS, warn=pytest.fail):
        for name in line.keys() - {"step"}:
            found.setdefault(name, []).append((line["step"], pytest.approx(line[name], rel=1e-6)))
    return found


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_every_number_of_the_log(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = killed_and_resumed(tmp_path / "run", tensorboard=True)
    reader = accumulator.EventAccumulator(str(run.folder / "tensorboard"))
    reader.Reload()
    expected = numbers_of_log(run)
    assert {"loss", "validation_loss", "learning_rate", "gradient_norm"} <= expected.keys()
    assert set(reader.Tags()["scalars"]) == expected.keys()
    for name, numbers in expected.items():
        assert [(event.step, event.value) for event in reader.Scalars(name)] == numbers, name


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_weights_and_biases_has_every_number_of_the_log(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "nobody"))
    run = killed_and_resumed(tmp_path / "run", wandb=True)
    found = {}
    for path in sorted(run.folder.glob("wandb/offline-run-*/run-*.wandb")):
        for record in records(path.read_bytes()):
            items = Record.FromString(record).history.item
            values = {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}
            for name, number in values.items():
                if name != "step" and not name.startswith("_"):
                    found.setdefault(name, {})[values["step"]] = number
    assert {name: list(numbers.items()) for name, numbers in found.items()} == numbers_of_log(run)


def records(data):
    """The records of a file of wandb: a log of blocks of 32 KB, whose chunks have 7 bytes before them, as LevelDB's."""
    place, parts = 7, []
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        parts.append(data[place + 7 : place + 7 + length])
        place += 7 + length
        if kind in (1, 4):  # whole, or the last of several
            yield b"".join(parts)
            parts = []


@pytest.mark.parametrize("name", trackers.TRACKERS)
def test_a_tracker_that_is_not_installed_is_told_before_any_work(tmp_path, monkeypatch, capsys, name):
    from tinyllm import cli

    monkeypatch.setitem(sys.modules, trackers.TRACKERS[name].package, None)
    assert cli.main(["train", "--out", str(tmp_path / "run"), f"--{name}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"tinyllm train: error: {name} is not installed; install it with: pip install {name}"
    assert not (tmp_path / "run").exists()


def test_a_training_without_trackers_imports_none(monkeypatch):
    for kind in trackers.TRACKERS.values():
        monkeypatch.setitem(sys.modules, kind.package, None)
    assert trackers.asked_for(MonitorConfig()) == []
