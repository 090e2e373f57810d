"""A sweep: a run for each combination of some values, side by side in a folder, and what they say together.

sweep.json         the values, the other options, and at which step a run was stopped as hopeless
NAME=VALUE,…/      the runs, as `tinyllm train` makes them, each in a process of its own: one that fails ends alone

All runs of the first seed come before those of the second, so that what is compared early has read the same texts.
"""

import itertools
import json
import math
import re
import subprocess
import sys
import tempfile
from statistics import fmean, median, stdev
from typing import NamedTuple

from tinyllm import storage
from tinyllm.errors import Stopped, UsageError, brief
from tinyllm.parallel.launch import passing_signals_on
from tinyllm.train import log

DEFINITION = "sweep.json"
OTHERS = 3  # runs to compare with, before one can be hopeless
PAIRS = 3  # seeds that two rows share, before their difference can be told from chance
STUDENT = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)  # 95 %, by the pairs less one
ONE_SEED = "—"  # where no seeds are swept


class Outcome(NamedTuple):
    """What has become of a run: "done", "stopped" as hopeless, "failed", or "unfinished". The losses are those on the
    validation texts, the last and the lowest; `problem` says in one line why it failed."""

    run: str
    values: dict
    state: str
    step: int
    loss: float | None
    best_loss: float | None
    tokens: int
    seconds: float
    problem: str | None = None


class Difference(NamedTuple):
    """Of two rows, seed by seed: the mean of the differences and its standard error. It is `clear` where chance alone
    would give one so large in fewer than one of twenty such comparisons."""

    mean: float
    error: float
    clear: bool


class Row(NamedTuple):
    """The runs that differ in nothing but their seed: {seed: Outcome}."""

    values: dict
    runs: dict

    @property
    def losses(self):
        """{seed: loss} of the runs that are done."""
        return {seed: run.loss for seed, run in self.runs.items() if run.state == "done"}

    @property
    def mean(self):
        """The mean loss, None unless all runs are done: those that are left would be the better ones."""
        return fmean(self.losses.values()) if len(self.losses) == len(self.runs) else None

    @property
    def spread(self):
        """The standard deviation of the losses over the seeds, None for fewer than two."""
        return stdev(self.losses.values()) if len(self.losses) > 1 else None

    def difference(self, other):
        """The Difference from another row, None where they share too few seeds."""
        pairs = [loss - other.losses[seed] for seed, loss in self.losses.items() if seed in other.losses]
        if len(pairs) < PAIRS:
            return None
        mean, error = fmean(pairs), stdev(pairs) / math.sqrt(len(pairs))
        return Difference(mean, error, abs(mean) > STUDENT[min(len(pairs) - 1, len(STUDENT)) - 1] * error)


class Sweep:
    """What is swept, {option: its values, as text}, and the other options of every run, as words of a command line."""

    def __init__(self, folder, values, options=()):
        self.folder, self.values, self.options = storage.claim_folder(folder), values, list(options)
        self.stopped = {}
        names = [name_of(combination) for combination in self.combinations]
        if twice := [name for name in names if names.count(name) > 1]:
            raise UsageError(f"two runs would share the folder {twice[0]}; give each value once, by names that differ")
        self.recall()

    @property
    def combinations(self):
        """The values of each run, {option: text}, in the order in which they are trained."""
        outer = sorted(self.values, key=lambda name: name != "seed")
        found = itertools.product(*(self.values[name] for name in outer))
        mixed = (dict(zip(outer, combination, strict=True)) for combination in found)
        return [{name: combination[name] for name in self.values} for combination in mixed]

    def recall(self):
        """Take up what the folder says of the sweep. Raises UsageError if it holds another, or what is none."""
        path = self.folder / DEFINITION
        if not path.exists():
            taken = [self.folder, *(self.folder / name_of(values) for values in self.combinations)]
            if found := next((place for place in taken if (place / "config.json").exists()), None):
                raise UsageError(f"{found} holds a run that is of no sweep; move it away, or choose another folder")
            return
        try:
            stored = storage.load_json(path)
            values = {name: list(map(str, texts)) for name, texts in stored["values"].items()}
            options, self.stopped = list(map(str, stored["options"])), dict(stored["stopped"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path} is not the definition of a sweep: {error}") from None
        before = set(options) | {f"{name}={text}" for name, texts in values.items() for text in texts}
        now = set(self.options) | {f"{name}={text}" for name, texts in self.values.items() for text in texts}
        added = {f"{name}={text}" for name in values for text in self.values.get(name, ())}  # to a list that there is
        if missing := sorted(before - now):
            raise UsageError(
                f"{path} has {missing[0]}, which is not asked for; ask for it too, or choose another folder"
            )
        if others := sorted(now - before - added):
            raise UsageError(f"{path} was begun without {others[0]}; leave it out, or choose another folder")

    def record(self):
        """Write the definition."""
        values = {name: list(texts) for name, texts in self.values.items()}
        stored = {"format": 1, "values": values, "options": self.options, "stopped": self.stopped}
        storage.save_json(self.folder / DEFINITION, stored)

    def steps(self, values):
        """How many steps the run of these values has in all, None if it is not there yet."""
        config = self.folder / name_of(values) / "config.json"
        return storage.load_json(config)["train"]["steps"] if config.exists() else None

    def losses(self, values):
        """{step: loss on the validation texts} of a run, as far as it has come."""
        return log.validations(self.folder / name_of(values), warn=lambda problem: None)

    def outcome(self, values, problem=None):
        """The Outcome of the run of these values, of which this process knows a `problem`."""
        name, losses, total = name_of(values), self.losses(values), self.steps(values)
        lines = log.read(self.folder / name / log.STEPS, warn=lambda problem: None)
        steps = [line for line in lines if "loss" in line]
        if total in losses:
            state = "done"
        elif problem:
            state = "failed"
        else:
            state = "stopped" if name in self.stopped else "unfinished"
        return Outcome(
            name, values, state, steps[-1]["step"] if steps else 0, losses[max(losses)] if losses else None,
            min(losses.values(), default=None), sum(line["tokens"] for line in steps),
            sum(line["seconds"] for line in steps), problem if state == "failed" else None,
        )  # fmt: skip

    def train(self, values, *, stop_hopeless=False, see=lambda step, total, loss: None):
        """Train the run of these values, or go on with it, to its end or until it is hopeless. Returns in one line what
        went wrong, or None.

        `see` is told of each validation. Raises Stopped after a signal, once the run is saved.
        """
        name, folder, losses = name_of(values), self.folder / name_of(values), self.losses(values)
        others = [self.losses(before) for before in itertools.takewhile(values.__ne__, self.combinations)]
        words = [f"--resume={folder}", *(word for word in self.options if word == "--mine")]
        if not (folder / "config.json").exists():
            words = [f"--out={folder}", *self.options, *itertools.starmap(word_of, values.items())]
        command, hopeless = [sys.executable, "-m", "tinyllm", "train", "--json", *words], False
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, start_new_session=True
            )
            with passing_signals_on(process) as heard, process.stdout:
                for step, loss in filter(None, map(validation, process.stdout)):
                    losses[step], total = loss, self.steps(values)
                    see(step, total, loss)
                    if stop_hopeless and step < total and not hopeless and is_hopeless(losses, others):
                        hopeless, self.stopped[name] = True, step
                        self.record()
                        process.terminate()  # it saves, and ends
                status = process.wait()
            if heard:
                raise Stopped(heard[0])
            said.seek(0)
            last = said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        if hopeless or not status:
            return None
        if status < 0:
            return f"signal {-status} has killed it; had the machine too little memory?"
        return brief(last.removeprefix("tinyllm train: ").removeprefix("error: ")) or f"it ended with status {status}"


def name_of(values):
    """The name of the folder of a run: learning-rate=0.001,seed=0."""
    return re.sub(r"[^\w.,=+-]", "-", ",".join(f"{name}={text}" for name, text in values.items()))


def word_of(name, text):
    """A value as a word of the command line."""
    return {"true": f"--{name}", "false": f"--no-{name}"}.get(text, f"--{name}={text}")


def validation(line):
    """(step, loss) that a line of `tinyllm train --json` tells of the validation texts, or None."""
    try:
        report = json.loads(line)
    except ValueError:  # cut short by the end of the process
        return None
    return (report["step"], report["validation_loss"]) if report.get("validation_loss") is not None else None


def is_hopeless(losses, others):
    """Whether the best loss of a run, {step: loss}, is worse than the median of the best that each of the others, run
    before it, had at the same step (the median rule, Golovin et al. 2017). One that was stopped keeps its best."""
    step = max(losses)
    theirs = [min(reached) for other in others if (reached := [loss for at, loss in other.items() if at <= step])]
    return len(theirs) >= OTHERS and min(losses.values()) > median(theirs)


def table(outcomes):
    """The rows of these runs, each with the same values but for the seed, in the order in which they come."""
    rows = {}
    for run in outcomes:
        values = {name: text for name, text in run.values.items() if name != "seed"}
        rows.setdefault(tuple(values.items()), Row(values, {})).runs[run.values.get("seed", ONE_SEED)] = run
    return list(rows.values())


def best(rows):
    """The row of the lowest mean loss, None if none is complete."""
    return min((row for row in rows if row.mean is not None), key=lambda row: row.mean, default=None)
