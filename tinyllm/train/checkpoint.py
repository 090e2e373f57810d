"""Checkpoints: everything a run needs to go on bitwise from where it stopped.

A checkpoint is a folder `step-00000200` with the weights, the optimiser's state, what the guard remembers, the mean of
the weights and what else learned with the model, where there is such, and a manifest that names the step, the SHA-256
of the other files and what they were made with. It is written under another name, flushed and renamed, so a crash
leaves whole checkpoints only; the last two are kept, if no other number is asked for, so a disk that damages one leaves
another. No random state is stored: every draw of a run is a function of its seed and of the step.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.backend.arrays import to_host
from tinyllm.errors import UsageError, shown
from tinyllm.nn.module import check_finite, load_weights, weights

KEPT = 2
WEIGHTS, OPTIMIZER, MANIFEST = "model.safetensors", "optimizer.safetensors", "manifest.json"
GUARD, AVERAGE, HELPER = "guard.json", "average.safetensors", "helper.safetensors"  # which not every checkpoint has


def save(folder, *, step, model, optimizer, **parts):
    """Write a checkpoint into `folder`, as `write` does. Returns its path.

    If ranks have parts of the model (`ranks`), all of them must call it, and the first writes what it collects from
    the others: a checkpoint does not tell by how many it was made. Raises UsageError, and leaves all as it is, for
    weights that are not finite.
    """
    with Saver(folder) as saver:
        return saver.save(step=step, model=model, optimizer=optimizer, **parts)


class Saver:
    """Who saves the checkpoints of a training: at once or, in the background, a copy, on a thread, while the training
    goes on.

    One copy at most is written at a time: the next `save` waits for it. What goes wrong there is raised by the next
    call of any method, or at the end of the context that this is.
    """

    def __init__(self, folder, *, background=False):
        self.folder, self.writing = Path(folder), None
        self.pool = ThreadPoolExecutor(1) if background else None

    def save(self, *, step, model, optimizer, guard=None, average=None, ranks=None, helper=None, **how):
        """Save as `checkpoint.save` does."""
        self.finish()
        files = {WEIGHTS: ranks.weights() if ranks else weights(model), OPTIMIZER: optimizer.state()}
        files |= {AVERAGE: average.state()} if average else {}
        files |= {HELPER: weights(helper)} if helper else {}
        if not ranks or ranks.first:
            check_finite(files[WEIGHTS])
            if self.pool:  # what is written must not change meanwhile
                files = {file: {name: np.array(to_host(a)) for name, a in of.items()} for file, of in files.items()}
            files |= {GUARD: guard.state()} if guard else {}
            if self.pool:
                self.writing = self.pool.submit(write, self.folder, step, files, **how)
            else:
                write(self.folder, step, files, **how)
        return path_of(self.folder, step)

    def check(self):
        """Raise what went wrong in the background, if it is known by now."""
        if self.writing and self.writing.done():
            self.finish()

    def finish(self):
        """Wait until all is written."""
        writing, self.writing = self.writing, None
        if writing:
            writing.result()

    def __enter__(self):
        return self

    def __exit__(self, kind, *error):
        try:
            self.finish()
        except Exception:
            if kind in (None, GeneratorExit):  # else another error ends the training, and is the one to be told
                raise
        finally:
            if self.pool:
                self.pool.shutdown()


def write(folder, step, files, *, made_with=None, last=KEPT, best=None):
    """Write a checkpoint of {name of a file: arrays, or what JSON can hold}, then delete all but the `last` ones, of
    which this is one, and the one of step `best`.

    `made_with` is what a run must have to go on from it: {name: value}, compared by `load`.
    """
    path = path_of(folder, step)
    folder.mkdir(parents=True, exist_ok=True)
    with storage.aside(path) as temporary:
        temporary.mkdir()
        for name, content in files.items():
            (storage.save_json if name == GUARD else storage.save_arrays)(temporary / name, content)
        hashes = {name: storage.sha256(temporary / name) for name in files}
        manifest = {"format": 1, "step": step, "sha256": hashes, "made_with": made_with or {}}
        storage.save_json(temporary / MANIFEST, manifest)
        storage.remove(path)  # it can only be a damaged one, which `load` passed over
    until_now = [p for p in newest_first(folder) if p.name <= path.name]
    kept = {*until_now[:last], *(p for p in until_now if step_of(p) == best)}
    for old in {*newest_first(folder), *folder.glob(".*.partial-*")}.difference(kept):
        storage.remove(old)


def path_of(folder, step):
    return Path(folder) / f"step-{step:08d}"


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


def load(folder, *, step=None, warn=print, **parts):
    """Put the newest whole checkpoint of `folder`, or that of a `step`, into the model, and into what else is given,
    as `load_one` takes it, and return its step. Of several `ranks` each takes its part. Who gives no optimiser wants to
    use the model: it gets the mean of the weights, where there is one.

    A damaged one is passed over, with one line to `warn`, and one that was not `made_with` what is expected. Raises
    UsageError if there is none that is whole.
    """
    paths = [path for path in newest_first(folder) if step in (None, step_of(path))]
    problems = []
    for path in paths:
        try:
            found = load_one(path, **parts)
        except (UsageError, OSError) as error:
            problems.append(str(error))
            continue
        for problem in problems:
            warn(f"Aviso: um checkpoint foi ignorado: {problem}")
        return found
    if not paths:
        raise UsageError(f"there is no checkpoint in {folder}; train the run first")
    raise UsageError(f"no checkpoint in {folder} can be used: {'; '.join(problems)}")


def load_one(
    path, *, model, optimizer=None, guard=None, average=None, ranks=None, helper=None, made_with=None, put=load_weights
):  # fmt: skip
    """Put one checkpoint, as `load` does, into what is given; return its step. `put(model, arrays)` puts its weights
    into the model. Raises UsageError if it is damaged, or was made with something else."""
    path = Path(path)
    manifest = storage.load_json(path / MANIFEST)
    try:
        step, hashes = manifest["step"], {name: manifest["sha256"][name] for name in (WEIGHTS, OPTIMIZER)}
        hashes |= {name: manifest["sha256"][name] for name in (GUARD, AVERAGE, HELPER) if name in manifest["sha256"]}
        found = dict(manifest.get("made_with", {}))  # before there was another, nothing was told
        if type(step) is not int or step < 0:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise UsageError(f"{path / MANIFEST} is no manifest of a checkpoint; use another checkpoint") from None
    for name, expected in (made_with or {}).items():
        if found.get(name, expected) != expected:
            raise UsageError(
                f"{path} was made with {name}={shown(found[name])}, and the run has {name}={shown(expected)}; put back "
                "what it was made with, or begin a new run"
            )
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
    if helper is not None:
        load_weights(helper, storage.load_arrays(path / HELPER))
    try:
        ranks.load_weights(arrays) if ranks else put(model, arrays)
    except UsageError as error:
        raise UsageError(f"{path / WEIGHTS}: {error}") from None
    return step


def means(state):
    """The state of an Average -> {name: mean} of each weight; none before its first step."""
    return {name.removeprefix("average."): mean for name, mean in state.items() if mean.ndim and state["steps"]}
