"""Checkpoints: the newest whole one loads, the last two are kept, damage is found."""

import errno
import os

import numpy as np
import pytest

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import load_weights, weights
from tinyllm.optim.adamw import AdamW
from tinyllm.train import checkpoint

CONFIG = GPTConfig(vocab_size=11, context=6, layers=1, heads=2, width=4)


def new(seed=0):
    model = GPT(CONFIG, rng=np.random.default_rng(seed))
    return model, AdamW(model.named_parameters())


def save_steps(folder, steps):
    """Save a checkpoint at each step, every weight and moment holding the number of the step."""
    model, optimizer = new()
    for step in steps:
        optimizer.steps = step
        for array in [*weights(model).values(), *optimizer.state().values()]:
            array[...] = step
        checkpoint.save(folder, step=step, model=model, optimizer=optimizer)


def test_the_last_two_are_kept_and_the_newest_loads_with_its_optimiser(tmp_path):
    save_steps(tmp_path, [5, 10, 15])
    assert [p.name for p in checkpoint.newest_first(tmp_path)] == ["step-00000015", "step-00000010"]
    model, optimizer = new()
    assert checkpoint.load(tmp_path, model=model, optimizer=optimizer) == 15
    assert optimizer.steps == 15
    assert all((a == 15).all() for a in [*weights(model).values(), *optimizer.state().values()])


@pytest.mark.parametrize("file", [checkpoint.WEIGHTS, checkpoint.OPTIMIZER, checkpoint.MANIFEST])
@pytest.mark.parametrize("damage", ["cut", "flip", "delete"])
def test_a_damaged_one_is_passed_over_with_a_word(tmp_path, file, damage):
    save_steps(tmp_path, [5, 10])
    path = tmp_path / "step-00000010" / file
    data = bytearray(path.read_bytes())
    if damage == "delete":
        path.unlink()
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    model, optimizer = new()
    said = []
    assert checkpoint.load(tmp_path, model=model, optimizer=optimizer, warn=said.append) == 5
    assert len(said) == 1 and "step-00000010" in said[0]
    # the run goes on and reaches step 10 again: the damaged one is replaced
    save_steps(tmp_path, [10])
    assert checkpoint.load(tmp_path, model=model, optimizer=optimizer, warn=said.append) == 10
    assert len(said) == 1


def test_checkpoints_that_cannot_be_read_are_not_taken_for_none(tmp_path, monkeypatch):
    def closed(path="."):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    save_steps(tmp_path, [5])
    monkeypatch.setattr(os, "listdir", closed)
    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(PermissionError, match=tmp_path.name):
        checkpoint.load(tmp_path, model=new()[0])


def test_none_and_none_whole(tmp_path):
    model, _ = new()
    with pytest.raises(UsageError, match="there is no checkpoint"):
        checkpoint.load(tmp_path, model=model)
    save_steps(tmp_path, [3])
    (tmp_path / "step-00000003" / checkpoint.MANIFEST).write_text("[]")
    with pytest.raises(UsageError, match="can be used"):
        checkpoint.load(tmp_path, model=model)


@pytest.mark.parametrize("step", ["Infinity", "NaN", "-1", "3.5", "true", '"3"', "null", "1" + "0" * 5000])
def test_a_manifest_of_no_step_is_passed_over(tmp_path, step):
    save_steps(tmp_path, [5, 10])
    path = tmp_path / "step-00000010" / checkpoint.MANIFEST
    path.write_text(path.read_text().replace('"step": 10', f'"step": {step}'))
    model, optimizer = new()
    said = []
    assert checkpoint.load(tmp_path, model=model, optimizer=optimizer, warn=said.append) == 5
    assert len(said) == 1 and "manifest.json" in said[0] and "\n" not in said[0]


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_neither_saved_nor_read(tmp_path, number, monkeypatch):
    save_steps(tmp_path, [5])
    model, optimizer = new()
    last = list(weights(model).values())[-1]
    last[-1] = number
    with pytest.raises(UsageError, match=r"weight norm\.bias holds NaN or infinity; go back"):
        checkpoint.save(tmp_path, step=10, model=model, optimizer=optimizer)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000005"]
    monkeypatch.setattr(checkpoint, "check_finite", lambda arrays: None)  # as before there was a check
    checkpoint.save(tmp_path, step=10, model=model, optimizer=optimizer)
    other, said = new()[0], []
    assert checkpoint.load(tmp_path, model=other, warn=said.append) == 5
    assert len(said) == 1 and "holds NaN or infinity" in said[0]


def test_weights_of_another_model_are_refused_and_change_nothing(tmp_path):
    model, _ = new()
    before = {name: a.copy() for name, a in weights(model).items()}
    with pytest.raises(UsageError, match=r"missing \['blocks.0"):
        load_weights(model, {"other": np.zeros(3)})
    wrong = {name: a[:0] for name, a in before.items()}
    with pytest.raises(UsageError, match="has shape"):
        load_weights(model, wrong)
    assert all(np.array_equal(a, before[name]) for name, a in weights(model).items())


def test_a_full_disk_leaves_the_old_checkpoint_and_no_trace(tmp_path, monkeypatch):
    save_steps(tmp_path, [5])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save_json", full)
    with pytest.raises(OSError, match="No space left"):
        save_steps(tmp_path, [10])
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000005"]


def test_leftovers_of_a_crash_are_cleared(tmp_path):
    (tmp_path / ".step-00000004.partial-123").mkdir(parents=True)
    save_steps(tmp_path, [5])
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000005"]


def test_one_of_before_optimisers_counted_their_steps_has_those_of_its_manifest(tmp_path, monkeypatch):
    uncounted = {name: array for name, array in new()[1].state().items() if name != "steps"}
    monkeypatch.setattr(AdamW, "state", lambda self: uncounted)
    save_steps(tmp_path, [7])
    monkeypatch.undo()
    model, optimizer = new()
    assert checkpoint.load(tmp_path, model=model, optimizer=optimizer) == optimizer.steps == 7
