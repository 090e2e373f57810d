"""Checkpoints: the newest whole one loads, the last two are kept, damage is found."""

import errno
import os
import threading

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


def save_steps(folder, steps, *, background=False, **how):
    """Save a checkpoint at each step, every weight and moment holding the number of the step."""
    model, optimizer = new()
    with checkpoint.Saver(folder, background=background) as saver:
        for step in steps:
            optimizer.steps = step
            for array in [*weights(model).values(), *optimizer.state().values()]:
                array[...] = step
            saver.save(step=step, model=model, optimizer=optimizer, **how)


in_both_ways = pytest.mark.parametrize("background", [False, True], ids=["at once", "in the background"])


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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


def test_in_the_background_a_copy_is_saved_and_the_next_waits_for_it(tmp_path, monkeypatch):
    write, may_go_on, seen = checkpoint.write, threading.Event(), []

    def slow(*arguments, **how):
        seen.append((threading.current_thread() is threading.main_thread(), arguments[1]))
        assert may_go_on.wait(10)
        return write(*arguments, **how)

    monkeypatch.setattr(checkpoint, "write", slow)
    model, optimizer = new()
    expected = {name: array.copy() for name, array in weights(model).items()}
    with checkpoint.Saver(tmp_path, background=True) as saver:
        saver.save(step=1, model=model, optimizer=optimizer)
        saver.check()
        assert checkpoint.newest_first(tmp_path) == []
        for array in weights(model).values():
            array += 1  # the training goes on
        threading.Timer(0.2, may_go_on.set).start()
        saver.save(step=2, model=model, optimizer=optimizer)
        assert may_go_on.is_set() and checkpoint.newest_first(tmp_path)
    assert seen == [(False, 1), (False, 2)]
    found = storage.load_arrays(tmp_path / "step-00000001" / checkpoint.WEIGHTS)
    assert all(np.array_equal(found[name], array) for name, array in expected.items())
    monkeypatch.undo()
    for name, background in (("one", False), ("other", True)):
        save_steps(tmp_path / name, [5, 10, 15], background=background)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


@pytest.mark.parametrize("told", ["check", "save", "finish", "end"])
def test_what_fails_in_the_background_is_told_at_the_next_step_and_at_the_end(tmp_path, monkeypatch, told):
    def full(*_):
        raise OSError(28, "No space left on device")

    save_steps(tmp_path, [5])
    before, (model, optimizer) = contents(tmp_path), new()
    monkeypatch.setattr(storage, "save_json", full)
    with pytest.raises(OSError, match="No space left"), checkpoint.Saver(tmp_path, background=True) as saver:
        saver.save(step=10, model=model, optimizer=optimizer)
        saver.pool.shutdown()
        if told == "save":
            saver.save(step=11, model=model, optimizer=optimizer)
        elif told != "end":
            getattr(saver, told)()
        assert told == "end"
    assert contents(tmp_path) == before


def test_another_error_is_told_before_that_of_the_background(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save_json", full)
    model, optimizer = new()
    with pytest.raises(UsageError, match="first"), checkpoint.Saver(tmp_path, background=True) as saver:
        saver.save(step=10, model=model, optimizer=optimizer)
        raise UsageError("first")


def test_so_many_are_kept_as_are_asked_for_and_the_best(tmp_path):
    def kept(**how):
        save_steps(tmp_path, [5, 10, 15, 20], **how)
        return [checkpoint.step_of(path) for path in checkpoint.newest_first(tmp_path)]

    assert kept(last=3) == [20, 15, 10]
    assert kept(last=1) == [20]
    assert kept(last=1, best=10) == [20, 10]
    assert kept(last=2, best=20) == [20, 15]
    assert kept(last=9, best=5) == [20, 15, 10, 5]
    model, _ = new()
    assert checkpoint.load(tmp_path, model=model, step=10) == 10
    assert all((array == 10).all() for array in weights(model).values())


def test_one_made_with_something_else_is_refused_by_name(tmp_path):
    save_steps(tmp_path, [5], made_with={"tokenizer": "abc", "heads": 2})
    model, optimizer = new()
    for expected in (None, {"tokenizer": "abc", "heads": 2}, {"heads": 2, "added_later": 7}):
        assert checkpoint.load(tmp_path, model=model, optimizer=optimizer, made_with=expected) == 5
    before = {name: array.copy() for name, array in weights(model).items()}
    with pytest.raises(UsageError, match="step-00000005 was made with heads=2, and the run has heads=4; put back"):
        checkpoint.load(tmp_path, model=model, made_with={"tokenizer": "abc", "heads": 4})
    with pytest.raises(UsageError, match="was made with tokenizer='abc', and the run has tokenizer='def'"):
        checkpoint.load(tmp_path, model=model, made_with={"tokenizer": "def", "heads": 2})
    assert all(np.array_equal(array, before[name]) for name, array in weights(model).items())


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


@in_both_ways
def test_a_full_disk_leaves_the_old_checkpoint_and_no_trace(tmp_path, monkeypatch, background):
    save_steps(tmp_path, [5])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save_json", full)
    with pytest.raises(OSError, match="No space left"):
        save_steps(tmp_path, [10], background=background)
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000005"]


@in_both_ways
def test_a_folder_that_may_not_be_written_keeps_its_checkpoint(tmp_path, monkeypatch, background):
    save_steps(tmp_path, [5])
    before, may = contents(tmp_path), os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and may(path, mode))
    with pytest.raises(PermissionError, match="step-00000010"):
        save_steps(tmp_path, [10], background=background)
    assert contents(tmp_path) == before


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
