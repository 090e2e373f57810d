"""Distillation in a run: another run, its teacher, reads the texts first, and what it makes of them stays on the disk.

The row of tokens is read in windows of the teacher's context that overlap by half: but at the beginning of the row, it
has seen half a context at least when it tells what comes next. What it tells is kept place by place. That depends on
the teacher's weights and on the tokens, and not on how a student cuts them: all epochs, seeds and students read the
same files, in the teacher's folder. To let it read each batch just before that is learned would take no room, but the
same time again in every epoch of every student.

There are two kinds. Of "logits" the likeliest tokens are kept, and all others as one, at the temperature of the
distillation (Hinton, Vinyals & Dean 2015). Of "hidden" it is what enters the teacher's head, which the student, through
a linear map that is learned with it and then forgotten, is to foretell (Romero et al. 2015).
"""

import contextlib
import dataclasses
import hashlib
import json
import shutil
import time
from pathlib import Path

import numpy as np

from tinyllm import functional as F
from tinyllm import storage
from tinyllm.backend.arrays import array_module, beside, to_host, widened
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.memory.stream import move
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import weights
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import Tensor, no_grad

FOLDER, ABOUT = "distillation", "about.json"
KEPT = 32  # tokens of a position


@dataclasses.dataclass(frozen=True)
class DistillConfig(Config):
    """What to learn of a teacher, and how much."""

    title = "destilação, com --teacher"
    distill: str = option(
        "logits",
        "o que o aluno aprende do professor: as probabilidades dos tokens (logits), o que chega à última camada "
        "(hidden), ou só dos textos dele (none), para comparar",
        choices=("logits", "hidden", "none"),
    )
    distill_weight: float = option(
        0.5, "quanto pesa o professor na perda do treino; o resto é a perda simples", at_least=0, at_most=1
    )
    distill_temperature: float = option(
        2.0, "por quanto se dividem os logits dos dois antes de compará-los", above=0, at_most=100
    )


@dataclasses.dataclass(frozen=True)
class Distillation(DistillConfig):
    """The same of a run: from which folder, and from which weights, by their SHA-256."""

    teacher: str = option("?", "")
    teacher_weights: str = option("?", "")


def compared(distillation, config):
    """With how many tokens of a teacher each position is compared, by a model of this config; 0 without a distillation,
    or if it is of hidden states."""
    return min(KEPT, config.vocab_size - 1) if distillation and distillation.distill == "logits" else 0


def check(distillation, training, ranks=1):
    """Raise UsageError for a distillation that a training, by so many ranks, cannot do."""
    if ranks > 1:
        raise UsageError(f"a distillation is for one process, not {ranks}; train without launch")
    if distillation.distill == "hidden" and training.precision != "float32":
        raise UsageError(
            f"distill=hidden learns a map in float32, not precision={training.precision}; leave one of them out"
        )


def fingerprint(model):
    """The SHA-256 of all weights of a model, in hexadecimal."""
    found = hashlib.sha256()
    for name, array in sorted(weights(model).items()):
        found.update(f"{name} {array.dtype} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(to_host(array)).data)
    return found.hexdigest()


class Reading:
    """What the teacher of a run makes of its texts: where that is kept, and how it comes there."""

    def __init__(self, run):
        how, self.run = run.distillation, run
        tokens = storage.sha256(run.folder / run.task.files("train")[0])
        self.depends = {"format": 1, "weights": how.teacher_weights, "tokens": tokens, "distill": how.distill}
        if how.distill == "logits":
            self.depends |= {"temperature": how.distill_temperature, "kept": KEPT}
        digest = hashlib.sha256(json.dumps(self.depends).encode()).hexdigest()
        self.folder = Path(how.teacher) / FOLDER / f"{how.distill}-{digest[:16]}"
        self.places = len(run.tokens("train")) - 1  # the last token has none after it

    @property
    def there(self):
        return (self.folder / ABOUT).exists()

    def kinds(self, config):
        """{name: (numbers of a place, their type)} of what a teacher of this config leaves."""
        if self.run.distillation.distill == "hidden":
            return {"states": (config.width, np.float16)}
        kept = min(KEPT, config.vocab_size - 1)
        return {"ids": (kept, self.run.tokens("train").dtype), "logits": (kept + 1, np.float16)}

    def bytes(self, config):
        """How much room that takes on the disk."""
        return self.places * sum(numbers * np.dtype(kind).itemsize for numbers, kind in self.kinds(config).values())

    def make(self, teacher, progress=lambda done: None):
        """Let the teacher, a run, read the texts. `progress` hears how many places are done. Raises UsageError if it is
        not what it was when the student began, if its tokenizer is another, and if the disk has too little room."""
        model = self.checked_model(teacher)
        self.folder.parent.mkdir(exist_ok=True)
        with storage.locked(self.folder.parent):
            for left in self.folder.parent.glob(".*.partial-*"):  # by a process that was killed
                storage.remove(left)
            needed, free = self.bytes(teacher.model_config), shutil.disk_usage(self.folder.parent).free
            if needed > free:
                raise UsageError(
                    f"what {teacher.folder} makes of the texts takes {needed >> 20} MB, and {self.folder.parent} has "
                    f"{free >> 20} MB left; make room, or give the teacher fewer texts"
                )
            with storage.aside(self.folder) as temporary:
                temporary.mkdir()
                began = time.perf_counter()
                self.write(temporary, teacher, model, progress)
                took = {"seconds": time.perf_counter() - began, "flops": self.flops(teacher.model_config)}
                storage.save_json(temporary / ABOUT, {**self.depends, **took})

    def checked_model(self, teacher):
        """The model of the teacher. Raises UsageError if it is not that of the distillation."""
        mine, other = (storage.sha256(run.folder / "tokenizer.json") for run in (self.run, teacher))
        if mine != other:
            raise UsageError(
                f"the teacher {teacher.folder} has another tokenizer ({other[:12]}…) than {self.run.folder} "
                f"({mine[:12]}…); give it back its own, or begin a new run"
            )
        model = teacher.trained_model(warn=lambda problem: None)  # of another checkpoint, the weights tell
        if fingerprint(model) != self.run.distillation.teacher_weights:
            raise UsageError(
                f"the teacher {teacher.folder} is not what it was when {self.run.folder} began, as after more training;"
                " put back the checkpoint of then, or begin a new run"
            )
        return model

    def windows(self, context):
        """[(first place, how many of the window are known from the one before)] of windows of one length, in order."""
        length = min(context, self.places)
        last = self.places - length
        starts = [*range(0, last, max(1, length // 2)), last]
        known = [0, *(start + length for start in starts)]
        return [(start, done - start) for start, done in zip(starts, known, strict=False)]

    def write(self, temporary, teacher, model, progress):
        """Write the files, window by window, each place once."""
        config, training, tokens = teacher.model_config, self.run.training, self.run.tokens("train")
        windows, length = self.windows(config.context), min(config.context, self.places)
        at_once = max(1, F.losses.LOGITS_AT_ONCE // (length * config.vocab_size))
        groups = [windows[start : start + at_once] for start in range(0, len(windows), at_once)]
        move(model, training.device)

        def read(group):
            starts = np.array([start for start, _ in group])
            with no_grad():
                hidden = model.hidden(tokens[starts[:, None] + np.arange(length)].astype(np.int64)).data
                fresh = [hidden[row, known:] for row, (_, known) in enumerate(group)]
                return self.kept(model, array_module(hidden).concatenate(fresh))

        with contextlib.ExitStack() as stack, Workers(training.threads) as workers:
            files = []
            for name, (numbers, kind) in self.kinds(config).items():
                file = stack.enter_context(open(temporary / f"{name}.npy", "wb"))
                header = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False}
                np.lib.format.write_array_header_1_0(file, {**header, "shape": (self.places, numbers)})
                files.append((file, kind))
            done, many = 0, 4 * training.threads
            for start in range(0, len(groups), many):
                for arrays in workers.map(read, groups[start : start + many]):
                    for array, (file, kind) in zip(arrays, files, strict=True):
                        file.write(np.ascontiguousarray(array.astype(kind)).data)
                    done += len(arrays[0])
                progress(done)

    def kept(self, model, hidden):
        """(n, C) before the teacher's head -> the arrays that are kept of these places."""
        how = self.run.distillation
        if how.distill == "hidden":
            found = (normalised(hidden),)
        else:
            logits = widened((Tensor(hidden) @ model.head()).data) / how.distill_temperature
            found = F.likeliest(logits, count=min(KEPT, logits.shape[1] - 1))
        found = [to_host(array) for array in found]
        if not np.isfinite(found[-1]).all():
            raise UsageError(f"the teacher {how.teacher} computes numbers that are not finite; take another")
        return found

    def flops(self, config):
        """What the reading takes: a multiplication and an addition are two."""
        windows, length = len(self.windows(config.context)), min(config.context, self.places)
        head, row = config.vocab_size * config.width, np.zeros((1, length))
        blocks = catalog.architecture_of(config).products(config, row, row) - length * head
        return 2 * (windows * blocks + (self.places * head if self.run.distillation.distill == "logits" else 0))

    def arrays(self):
        """What was kept, read from the disk as needed. Raises UsageError if it is not as it was written."""
        try:
            names = ("states",) if self.run.distillation.distill == "hidden" else ("ids", "logits")
            arrays = [np.lib.format.open_memmap(self.folder / f"{name}.npy", mode="r") for name in names]
            if any(array.ndim != 2 or len(array) != self.places for array in arrays):
                raise ValueError(f"it does not have {self.places} places")
            return arrays
        except (ValueError, EOFError, OSError) as error:
            raise self.damaged(error) from None

    def cost(self):
        """What the reading took, in seconds and in operations, and those of a step of the student: to be added, where
        it is compared with one that has no teacher."""
        took = storage.load_json(self.folder / ABOUT)
        try:
            of_teacher = {f"teacher_{name}": took[name] + 0 for name in ("seconds", "flops")}
        except (KeyError, TypeError) as error:
            raise self.damaged(error) from None
        return {**of_teacher, "student_flops_per_step": flops_of_step(self.run)}

    def damaged(self, error):
        return UsageError(f"{self.folder} is damaged ({error}); delete it, and the teacher reads again")


def normalised(hidden):
    """(n, C) -> (n, C), each row of root mean square 1: so the error of a student is a share, whatever the teacher."""
    xp, hidden = array_module(hidden), widened(hidden)
    return hidden / xp.sqrt((hidden * hidden).mean(axis=-1, keepdims=True) + 1e-6)


def flops_of_step(run):
    """What a step of a student takes: the way back is twice the way there."""
    config, row = run.model_config, np.zeros((1, run.model_config.context))
    products = catalog.architecture_of(config).products(config, row, row)
    return 2 * 3 * products * run.training.batch * run.training.accumulate


class Places:
    """A row of tokens in which each is its own place: its windows say where those of the tokens are."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, places):
        return places


class Lesson:
    """What a run learns by: batches that hold what the teacher made of them, and a loss that compares. `cost` is that
    of the reading. `helper` is learned with the model, and no part of it: the map from the student's hidden states to
    the teacher's; None where there is no need."""

    def __init__(self, run, reading):
        self.run, self.how, self.helper = run, run.distillation, None
        self.arrays, self.cost = reading.arrays(), reading.cost()
        if self.how.distill == "hidden":
            rng = np.random.default_rng([run.training.seed, 1])
            self.helper = layers.Linear(run.model_config.width, self.arrays[0].shape[1], rng=rng)
            move(self.helper, run.training.device)

    def batches(self, start=0):
        """Those of the run, from batch `start` on, without end, with what the teacher made of each token."""
        tokens, training = self.run.tokens("train"), self.run.training
        how = {"batch": training.batch, "context": self.run.model_config.context, "seed": training.seed}
        for places, following in self.run.task.sampler(self.run)(Places(len(tokens)), start=start, **how):
            found = tokens[places], tokens[following], *(array[places] for array in self.arrays)
            yield tuple(widened(array) if array.dtype.kind == "f" else array.astype(np.int64) for array in found)

    def loss_of(self, model):
        """The loss of such a batch, for a model, as the loop takes it."""
        share, softened = self.how.distill_weight, self.run.training.softened

        def of_logits(ids, targets, kept, teacher):
            """(B, T) ids, (B, T) ids, (B, T, k) ids, (B, T, k + 1) -> ()"""
            how = {"temperature": self.how.distill_temperature, "mixture": share, **softened}
            return F.linear_distillation(model.hidden(ids), model.head(), targets, kept, teacher, **how)

        def of_hidden(ids, targets, states):
            """(B, T) ids, (B, T) ids, (B, T, D) -> ()"""
            hidden = model.hidden(ids)  # (B, T, C)
            error = self.helper(hidden) - beside(states, hidden.data)  # (B, T, D)
            plain = F.linear_cross_entropy(hidden, model.head(), targets, **softened)
            return plain * (1 - share) + (error * error).mean() * share

        return of_logits if self.helper is None else of_hidden
