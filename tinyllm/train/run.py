"""A run: the folder that holds a training from its text to its last checkpoint.

config.json        the task and its labels, the names of the model and of the optimiser, the configurations of data,
                   model, training and optimiser, and the SHA-256 of the files below; it is written last: without it
                   there is no run
tokenizer.json     train.npy   validation.npy   test.npy      the tokenizer and the tokens of each split; texts with
                   labels are in train.safetensors, and as they were in train.jsonl, and so on
start.safetensors  the first weights, of a run that goes on from another; those of a run in int8, which has no other
log.jsonl          one line per step, and one per validation
checkpoints/       the last two checkpoints
"""

import contextlib
import dataclasses
import itertools
import json
import math
import os
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.backend.arrays import to_device
from tinyllm.backend.machine import peak_memory, physical_memory
from tinyllm.compress.int8 import Int8Config, dequantize, quantize
from tinyllm.config import from_dict, to_dict
from tinyllm.data import dataset
from tinyllm.data.objectives import END
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.memory import estimate
from tinyllm.memory.offload import Thrift
from tinyllm.memory.stream import move
from tinyllm.models import catalog
from tinyllm.nn.module import load_weights, weights
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.parallel.arrange import OptimizerOfParts, arrange, check
from tinyllm.parallel.comm import ALONE, run_ranks
from tinyllm.parallel.data import ONE_RANK
from tinyllm.parallel.layout import Layout
from tinyllm.say import to_json
from tinyllm.text import files
from tinyllm.train import checkpoint
from tinyllm.train.loop import Report, train
from tinyllm.train.tasks import Language, find_task


class Run:
    """What `create` makes and `open_run` finds again: the folder, its configs and its tokenizer."""

    def __init__(self, folder, task, data, model, training, optimizer, tokenizer, *, int8=None):
        self.folder, self.task, self.int8 = Path(folder), task, int8
        self.data, self.model_config, self.training = data, model, training
        self.optimizer_config, self.tokenizer = optimizer, tokenizer
        self.end_id = tokenizer.special_id(END)

    @property
    def architecture(self):
        """What the model is, and what it can do."""
        return catalog.architecture_of(self.model_config)

    @property
    def writes(self):
        """Whether the model writes text."""
        return self.architecture.writes and not self.task.classifies

    @property
    def fills(self):
        """Whether the model fills the gaps of a text."""
        return self.architecture.fills and not self.task.classifies

    def tokens(self, split):
        """(N,) of uint16 or uint32, read from the disk as needed, of a run that learns a language."""
        return dataset.open_tokens(self.folder / self.task.files(split)[0])

    def new_model(self):
        """The model before its first step. Raises UsageError if this machine has too little memory for it."""
        available, thrift = physical_memory(), Thrift(self.training, self.folder)
        if available and 4 * estimate.parameters(self.model_config) > available and not thrift.kept("weights"):
            raise UsageError(
                f"the model that {self.folder / 'config.json'} describes does not fit in the {available >> 20} MB of "
                "this machine; is the file as it was written?"
            )
        with thrift.building():
            model = self.task.new_model(self.model_config, rng=np.random.default_rng(self.training.seed))
            if self.int8:
                quantize(model, self.int8)
        if self.start.exists():
            load_weights(model, storage.mapped_arrays(self.start))
        return thrift.around(model)

    def check_learns(self):
        """Raise UsageError for a run in int8, whose codes are not learned."""
        if self.int8:
            raise UsageError(
                f"{self.folder} is in int8 and learns no more; go on with the run that it was made of, or begin "
                f"another with --from {self.folder}"
            )

    def batches(self, start=0):
        """The batches of the training, from batch `start` on, without end."""
        return self.task.batches(self, start)

    def mean_loss(self, model, split):
        """The mean loss of a model on a split, in nats."""
        return self.task.mean_loss(self, model, split)

    def trained_model(self, *, warn=print):
        """The model of the newest checkpoint; of a run in int8, the only one there is."""
        model = self.new_model()
        if self.int8:
            return model
        checkpoint.load(self.checkpoints, model=model, warn=warn)
        return model

    @property
    def checkpoints(self):
        return self.folder / "checkpoints"

    @property
    def start(self):
        """The file of the weights that the run begins with, if it goes on from another run."""
        return self.folder / "start.safetensors"


def create(
    folder, data, model, training, optimizer=None, *,
    task=None, say=lambda text: None, warn=lambda text: None, announce=lambda run: None,
):  # fmt: skip
    """Make the folder of a new run, from nothing: texts, tokenizer, tokens, config. `say` hears of each stage.

    The optimiser is AdamW and the task to learn a language, if no others are given. `warn` hears of what is lost.
    `announce` is given the run when its vocabulary is known and nothing of it is written; it may raise.
    Raises UsageError if the folder holds a run, if there is no such device, or if the corpus is missing, empty or too
    small.
    """
    task, optimizer = task or Language(), optimizer or AdamWConfig()
    check_place(folder, data, training)
    say("textos")
    texts = task.read(data, seed=training.seed)
    say("tokenizador")
    tokenizer = task.train_tokenizer(data, model, texts)
    model = dataclasses.replace(model, vocab_size=tokenizer.vocab_size)
    run = Run(folder, task, data, model, settled(training), optimizer, tokenizer)
    announce(run)
    return lay_out(run, lambda: write_texts(run, texts, say=say, warn=warn))


def create_from(
    base, folder, data, training, optimizer=None, *,
    say=lambda text: None, warn=lambda text: None,
):  # fmt: skip
    """Make the folder of a new run that goes on, with other texts, from the weights and the tokenizer of another run.
    If that is in int8, its weights are those that its codes stand for.

    Raises UsageError as `create` does, if the base has no checkpoint, and if its labels are not those of the texts.
    """
    check_place(folder, data, training)
    start = weights(dequantize(base.trained_model(warn=warn)))
    say("textos")
    task = type(base.task)()
    texts = task.read(data, seed=training.seed)
    if task.labels != base.task.labels:
        known, there = ", ".join(base.task.labels), ", ".join(task.labels)
        raise UsageError(
            f"{base.folder} tells {known}, but the texts of corpus={data.corpus} bear {there}; "
            "give texts with the same labels"
        )
    data, optimizer = dataclasses.replace(data, tokenizer=base.data.tokenizer), optimizer or AdamWConfig()
    run = Run(folder, task, data, base.model_config, settled(training), optimizer, base.tokenizer)
    return lay_out(run, lambda: write_texts(run, texts, start=start, say=say, warn=warn))


def check_place(folder, data, training):
    """Raise UsageError or OSError for what would stop a run after its texts were prepared: a folder that is none or is
    not for us, a package or a device that is not there, a name that JSON cannot hold.
    """
    import safetensors.numpy  # noqa: F401
    import threadpoolctl  # noqa: F401
    import tqdm  # noqa: F401

    folder = storage.claim_folder(folder)
    if (folder / "config.json").exists():
        raise UsageError(f"{folder} holds a run; go on with --resume {folder}, or choose another folder")
    ours = storage.is_lock(folder / storage.LOCK)  # a process that was killed has begun a run here
    of_splits = (f"{split}.{ending}" for split in SPLITS for ending in ("npy", "safetensors", "jsonl"))
    for name in ("tokenizer.json", "start.safetensors", "log.jsonl", "checkpoints", *of_splits, storage.LOCK):
        if (folder / name).exists() and not ours:
            raise UsageError(
                f"{folder} holds a {name} but no config.json: it is of no run, and a new run would write over it; "
                "move it away, or choose another folder"
            )
    try:
        data.corpus.encode()
    except UnicodeEncodeError:
        raise UsageError(f"the name corpus={data.corpus!a} is not UTF-8; give the file another name") from None
    to_device(np.zeros(1), training.device)


def settled(training):
    """The same with all that it leaves to the machine or to other fields decided, for every later resume to find."""
    return dataclasses.replace(training, workers=training.threads, decay_steps=training.last_decay_step)


def lay_out(run, write):
    """Let `write()` write the files of a new run, and its config; all or none."""
    folder, made = run.folder, [path for path in (run.folder, *run.folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with storage.locked(folder):
            check_place(folder, run.data, run.training)  # another may have come in between
            write_files(run, write)
    except BaseException:
        for path in made:
            with contextlib.suppress(OSError):  # another has begun to use it
                path.rmdir()
        raise
    return run


def write_files(run, write):
    """Write the files of a run into its folder, or none of them."""
    try:
        write()
        save_config(run)
    except BaseException:  # a signal too leaves nothing half-written
        for name in ("config.json", *files_of(run)):
            storage.remove(run.folder / name)
        raise


def write_texts(run, texts, *, start=None, say, warn):
    """Write the tokenizer of a run, {split: texts} as tokens and, if it goes on from another, its first weights."""
    run.tokenizer.save(run.folder / "tokenizer.json")
    if start is not None:
        storage.save_arrays(run.start, start)
    say("tokens")
    for split in SPLITS:
        run.task.write(run.folder, split, texts[split], run.tokenizer, run.model_config, warn)
    run.task.check(run)


def files_of(run):
    """The names of the files that a run is made with."""
    start = [run.start.name] if run.start.exists() else []
    return ["tokenizer.json", *start, *(name for split in SPLITS for name in run.task.files(split))]


def save_config(run):
    """Write config.json, with the hashes of the files that a resumed run must find unchanged."""
    storage.save_json(
        run.folder / "config.json",
        {
            "format": 1,
            "task": run.task.name,
            "labels": list(run.task.labels),
            "architecture": catalog.name_of(run.model_config),
            "data": to_dict(run.data),
            "model": to_dict(run.model_config),
            "train": to_dict(run.training),
            "optimizer": optimizers.name_of(run.optimizer_config),
            "update": to_dict(run.optimizer_config),
            **({"int8": to_dict(run.int8)} if run.int8 else {}),
            "sha256": {name: storage.sha256(run.folder / name) for name in files_of(run)},
        },
    )


def open_run(folder):
    """Find a run again. Raises UsageError if there is none, or if its files are not those it was made with."""
    storage.check_name(folder)
    folder = Path(folder)
    if not (folder / "config.json").exists():
        raise UsageError(
            f"{folder} holds no run (there is no config.json in it); train one with: tinyllm train --out {folder}"
        )
    stored = storage.load_json(folder / "config.json")
    try:
        architecture = catalog.find(stored.get("architecture", "gpt"))  # before there was another, none was named
        task = find_task(stored.get("task", Language.name), stored.get("labels", ()))
        if "optimizer" not in stored:  # before there was another, training had the decay of AdamW
            stored["optimizer"], stored["update"] = "adamw", {"weight_decay": stored["train"].pop("weight_decay")}
        kinds = {
            "data": task.data_config,
            "model": architecture.config,
            "train": task.train_config,
            "update": optimizers.find(stored["optimizer"]).Config,
        }
        parts = [from_dict(kind, stored[name]) for name, kind in kinds.items()]
        int8 = from_dict(Int8Config, stored["int8"]) if "int8" in stored else None
        hashes = dict(stored["sha256"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{folder / 'config.json'} is not the config of a run: {error}") from None
    for name, expected in hashes.items():
        if not (folder / name).is_file() or storage.sha256(folder / name) != expected:
            raise UsageError(f"{folder / name} is missing or not the file this run was made with; make the run anew")
    return Run(folder, task, *parts, files.load(folder / "tokenizer.json"), int8=int8)


def fit(run, model, *, stop=lambda: False, warn=print, profile=None, comm=ALONE, layout=None):
    """Train `model`, made by `run.new_model()`, from the run's newest checkpoint (or the beginning) to its last step.

    Yields (report, validation loss or None) after each step; checkpoints and the log are written on the way, and when
    `stop()` becomes true the run is saved and ends there. A `profile` records where the time of the steps goes. Of
    several ranks (`comm`) each does so with a model of its own, over the same folder, and they share the work by the
    `layout`, as replicas if there is none; rank 0 writes, and all end when one is to stop. Raises UsageError if all
    steps are done.
    """
    run.check_learns()
    first = comm.rank == 0
    training = dataclasses.replace(run.training, workers=run.training.threads_of(comm))
    with storage.locked(run.folder) if first else contextlib.nullcontext():
        move(model, training.device)
        with Thrift(training, run.folder).remembering():
            model, optimizer, ranks = parts_of(model, run.optimizer_config, comm, layout)
        start = 0
        if steps_done(run):
            start = checkpoint.load(run.checkpoints, model=model, optimizer=optimizer, ranks=ranks, warn=warn)
        if start >= training.steps:
            raise UsageError(f"{run.folder} has done {start} of its {training.steps} steps; ask for more with --steps")
        if first:
            if start == 0:
                keep_log_aside(run, warn=warn)
            forget_log_after(run.folder / "log.jsonl", start, warn=warn)
            record_training(run)
        data = run.batches(start * training.accumulate)
        how = {"config": training, "ranks": ranks or ONE_RANK, "start": start, "profile": profile}
        with open(run.folder / "log.jsonl" if first else os.devnull, "a", encoding="utf-8") as log:
            for report in train(model, data, optimizer, **how):
                done = report.step == training.steps
                last = comm.exchange(done or stop(), any)
                write_line(log, report._asdict())
                validation = None
                if done or report.step % run.data.validate_every == 0:
                    validation = validation_loss(run, model, ranks)
                    held = {"validation_loss": validation, "peak_memory": peak_memory()}
                    write_line(log, {"step": report.step, **held})
                lost = validation is not None and not math.isfinite(validation)
                if not lost and (last or report.step % run.data.save_every == 0):
                    checkpoint.save(run.checkpoints, step=report.step, model=model, optimizer=optimizer, ranks=ranks)
                yield report, validation
                if lost:
                    raise UsageError(
                        f"after step {report.step} the loss on the validation texts is {validation}, and nothing of it "
                        f"is saved; lower learning_rate={training.learning_rate} in a new run"
                    )
                if last:
                    return


def parts_of(model, optimizer, comm, layout):
    """What a rank trains of a model under a layout, its optimiser, and its Parts, None of a rank that is alone."""
    if comm.size == 1:
        return model, optimizers.new_optimizer(optimizer, model.named_parameters()), None
    model, ranks = arrange(model, layout or Layout(dp=comm.size), comm)
    return model, OptimizerOfParts(optimizers.kind_of(optimizer), optimizer, ranks), ranks


def check_layout(task, model, training, optimizer, layout):
    """Raise UsageError for a model and an optimiser, of these configurations, that ranks cannot share by a layout.

    Threads try it, with a model that has as many blocks and heads and is as narrow as can be."""
    check(layout, training.offload)
    narrow = {"context": 4, "width": 2 * getattr(model, "heads", 1)}
    model, layout = dataclasses.replace(model, **narrow), dataclasses.replace(layout, dp=min(layout.dp, 2))

    def work(comm):
        parts_of(task.new_model(model, rng=np.random.default_rng(0)), optimizer, comm, layout)

    run_ranks(layout.ranks, work)


def validation_loss(run, model, ranks):
    """The mean loss on the validation texts, of the Parts of a model if it has any."""
    if ranks is None:
        return run.mean_loss(model, "validation")
    with ranks.replicas.whole():
        return run.mean_loss(ranks.measured(), "validation")


def record_training(run):
    """Let config.json say how many steps are asked for, and how memory is saved, if it says otherwise."""
    if storage.load_json(run.folder / "config.json")["train"] != to_dict(run.training):
        save_config(run)


def steps_done(run):
    """The step of the newest checkpoint, 0 if there is none."""
    paths = checkpoint.newest_first(run.checkpoints)
    return checkpoint.step_of(paths[0]) if paths else 0


def write_line(log, values):
    log.write(to_json(values) + "\n")
    log.flush()


def read_log(path, *, warn):
    """The lines of a log, as dicts. `warn` hears of those that are none, but for a last one cut short by a crash."""
    if not path.exists():
        return []
    *lines, last = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found = [as_line(line) for line in lines]
    for number, values in enumerate(found, start=1):
        if values is None:
            warn(f"{path}, line {number} is no line of a log, and is passed over")
    return [values for values in [*found, as_line(last)] if values is not None]


def as_line(text):
    """What a line of a log says of its step, or None if it is no such line."""
    try:
        values = json.loads(text)
        whole = type(values["step"]) is int and (set(Report._fields) <= values.keys() or "validation_loss" in values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return values if whole else None


def keep_log_aside(run, *, warn):
    """Give the log of steps of which no checkpoint is left another name, and tell it."""
    log = run.folder / "log.jsonl"
    if lines := read_log(log, warn=warn):
        names = (run.folder / f"log.{number}.jsonl" for number in itertools.count(1))
        aside = next(path for path in names if not path.exists())
        log.rename(aside)
        warn(
            f"{run.checkpoints} holds no checkpoint, though the log tells of {lines[-1]['step']} steps: the training "
            f"begins again at step 1, and the log of before is now {aside.name}"
        )


def forget_log_after(path, step, *, warn):
    """Drop the lines of steps after `step`: a run that is resumed takes them again."""
    if not path.exists():
        return
    kept = [values for values in read_log(path, warn=warn) if values["step"] <= step]
    storage.save_text(path, "".join(to_json(values) + "\n" for values in kept))
