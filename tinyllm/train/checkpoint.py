"""Checkpoints: everything a run needs to go on bitwise from where it stopped.

A checkpoint is a folder `step-00000200` with the weights, the optimiser's state, what the guard remembers, the mean of
the weights if there is one, and a manifest that names the step and the SHA-256 of the other files. It is written under
another name, flushed and renamed, so a crash leaves whole checkpoints only; the last two are kept, so a disk that
damages one leaves another. No random state is stored: every draw of a run is a function of its seed and of the step.
"""

import os
import re
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.nn.module import check_finite, load_weights, weights

KEPT = 2
WEIGHTS, OPTIMIZER, MANIFEST = "model.safetensors", "optimizer.safetensors", "manifest.json"
GUARD, AVERAGE = "guard.json", "average.safetensors"  # which not every checkpoint has


def save(folder, *, step, model, optimizer, guard=None, average=None, ranks=None):
    """Write a checkpoint into `folder`, then delete all but this one and the one before. Returns its path.

    If ranks have parts of the model (`ranks`), all of them must call it, and the first writes what it collects from
    the others: a checkpoint does not tell by how many it was made. Raises UsageError, and leaves all as it is, for
    weights that are not finite.
    """
    folder, arrays, state = Path(folder), ranks.weights() if ranks else weights(model), optimizer.state()
    mean = average.state() if average else None
    path = folder / f"step-{step:08d}"
    if ranks and not ranks.first:
        return path
    check_finite(arrays)
    folder.mkdir(parents=True, exist_ok=True)
    with storage.aside(path) as temporary:
        temporary.mkdir()
        storage.save_arrays(temporary / WEIGHTS, arrays)
        storage.save_arrays(temporary / OPTIMIZER, state)
        if average:
            storage.save_arrays(temporary / AVERAGE, mean)
        if guard:
            storage.save_json(temporary / GUARD, guard.state())
        hashes = {path.name: storage.sha256(path) for path in sorted(temporary.iterdir())}
        storage.save_json(temporary / MANIFEST, {"format": 1, "step": step, "sha256": hashes})
        storage.remove(path)  # it can only be a damaged one, which `load` passed over
    kept = [p for p in newest_first(folder) if p.name <= path.name][:KEPT]
    for old in {*newest_first(folder), *folder.glob(".*.partial-*")}.difference(kept):
        storage.remove(old)
    return path


def newest_first(folder):
    """The paths of all checkpoints in a folder, the one of the highest step first. OSError if it cannot be read."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted((Path(folder, name) for name in names if re.fullmatch(r"step-[0-9]{8}", name)), reverse=True)


def step_of(path):
    """The step in the name of a checkpoint."""
    return int(path.name.removeprefix("step-"))


def load(folder, *, model, optimizer=None, guard=None, average=None, ranks=None, warn=print):
    """Put the newest whole checkpoint of `folder` into the model, and into what else is given, and return its step. Of
    several `ranks` each takes its part. Who gives no optimiser wants to use the model: it gets the mean of the weights,
    where there is one.

    A damaged one is passed over, with one line to `warn`. Raises UsageError if there is none that is whole.
    """
    paths = newest_first(folder)
    problems = []
    for path in paths:
        try:
            step = load_one(path, model=model, optimizer=optimizer, guard=guard, average=average, ranks=ranks)
        except (UsageError, OSError) as error:
            problems.append(str(error))
            continue
        for problem in problems:
            warn(f"checkpoint passed over: {problem}")
        return step
    if not paths:
        raise UsageError(f"there is no checkpoint in {folder}; train the run first")
    raise UsageError(f"no checkpoint in {folder} can be used: {'; '.join(problems)}")


def load_one(path, *, model, optimizer=None, guard=None, average=None, ranks=None):
    """Put one checkpoint, as `load` does, into what is given; return its step. Raises UsageError if it is damaged."""
    path = Path(path)
    manifest = storage.load_json(path / MANIFEST)
    try:
        step, hashes = manifest["step"], {name: manifest["sha256"][name] for name in (WEIGHTS, OPTIMIZER)}
        hashes |= {name: manifest["sha256"][name] for name in (GUARD, AVERAGE) if name in manifest["sha256"]}
        if type(step) is not int or step < 0:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{path / MANIFEST} is no manifest of a checkpoint; use another checkpoint") from None
    for name, expected in hashes.items():
        if not (path / name).exists():
            raise UsageError(f"{path / name} does not exist; use another checkpoint")
        if (optimizer is not None or name in (WEIGHTS, AVERAGE)) and storage.sha256(path / name) != expected:
            raise UsageError(f"{path / name} is damaged: its SHA-256 is not the manifest's; use another checkpoint")
    arrays = storage.mapped_arrays(path / WEIGHTS)
    if optimizer is not None:
        state = storage.mapped_arrays(path / OPTIMIZER)
        state.setdefault("steps", np.array(step))  # not there before an optimiser counted its own
        optimizer.load_state(state)
    if average is not None and AVERAGE in hashes:
        average.load_state(storage.mapped_arrays(path / AVERAGE))
    if optimizer is None and AVERAGE in hashes:
        arrays |= means(storage.mapped_arrays(path / AVERAGE))
    if guard is not None and GUARD in hashes:  # not there before there was a guard
        guard.load_state(storage.load_json(path / GUARD))
    try:
        ranks.load_weights(arrays) if ranks else load_weights(model, arrays)
    except UsageError as error:
        raise UsageError(f"{path / WEIGHTS}: {error}") from None
    return step


def means(state):
    """The state of an Average -> {name: mean} of each weight; none before its first step."""
    return {name.removeprefix("average."): mean for name, mean in state.items() if mean.ndim and state["steps"]}
