"""A run: the folder that holds a training from its text to its last checkpoint.

config.json        the task and its labels, the names of the model and of the optimiser, the configurations of data,
                   model, training and optimiser, and the SHA-256 of the files below; it is written last: without it
                   there is no run
tokenizer.json     train.npy   validation.npy   test.npy      the tokenizer and the tokens of each split; texts with
                   labels are in train.safetensors, and as they were in train.jsonl, and so on
start.safetensors  the first weights, of a run that goes on from another
log.jsonl          one line per step, and one per validation
checkpoints/       the last two checkpoints
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.backend import to_device
from tinyllm.config import from_dict, to_dict
from tinyllm.data import dataset
from tinyllm.data.objectives import END
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn.module import load_weights, map_parameters, weights
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.text import files
from tinyllm.train import checkpoint
from tinyllm.train.loop import train
from tinyllm.train.tasks import Language, find_task


class Run:
    """What `create` makes and `open_run` finds again: the folder, its configs and its tokenizer."""

    def __init__(self, folder, task, data, model, training, optimizer, tokenizer):
        self.folder, self.task = Path(folder), task
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
        """The model before its first step."""
        model = self.task.new_model(self.model_config, rng=np.random.default_rng(self.training.seed))
        if self.start.exists():
            load_weights(model, storage.load_arrays(self.start))
        return model

    def batches(self, start=0):
        """The batches of the training, from batch `start` on, without end."""
        return self.task.batches(self, start)

    def mean_loss(self, model, split):
        """The mean loss of a model on a split, in nats."""
        return self.task.mean_loss(self, model, split)

    def trained_model(self, *, warn=print):
        """The model of the newest checkpoint."""
        model = self.new_model()
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
    task=None, say=lambda text: None, warn=lambda text: None,
):  # fmt: skip
    """Make the folder of a new run, from nothing: texts, tokenizer, tokens, config. `say` hears of each stage.

    The optimiser is AdamW and the task to learn a language, if no others are given. `warn` hears of what is lost.
    Raises UsageError if the folder holds a run, if there is no such device, or if the corpus is missing, empty or too
    small.
    """
    task, optimizer = task or Language(), optimizer or AdamWConfig()
    check_place(folder, training)
    say("textos")
    texts = task.read(data, seed=training.seed)
    say("tokenizador")
    tokenizer = task.train_tokenizer(data, model, texts)
    model = dataclasses.replace(model, vocab_size=tokenizer.vocab_size)
    run = Run(folder, task, data, model, settled(training), optimizer, tokenizer)
    return lay_out(run, texts, say=say, warn=warn)


def create_from(
    base, folder, data, training, optimizer=None, *,
    say=lambda text: None, warn=lambda text: None,
):  # fmt: skip
    """Make the folder of a new run that goes on, with other texts, from the weights and the tokenizer of another run.

    Raises UsageError as `create` does, if the base has no checkpoint, and if its labels are not those of the texts.
    """
    check_place(folder, training)
    start = weights(base.trained_model(warn=warn))
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
    return lay_out(run, texts, start=start, say=say, warn=warn)


def check_place(folder, training):
    """Raise UsageError if a run stands in the folder, or if there is no such device."""
    if (Path(folder) / "config.json").exists():
        raise UsageError(f"{folder} holds a run; go on with --resume {folder}, or choose another folder")
    to_device(np.zeros(1), training.device)


def settled(training):
    """The same with all that it leaves to the machine or to other fields decided, for every later resume to find."""
    return dataclasses.replace(training, workers=training.threads, decay_steps=training.last_decay_step)


def lay_out(run, texts, *, start=None, say, warn):
    """Write the files of a new run, {split: texts} as tokens among them, all or none. `start`: its first weights."""
    folder, was_there = run.folder, run.folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run.tokenizer.save(folder / "tokenizer.json")
        if start is not None:
            storage.save_arrays(run.start, start)
        say("tokens")
        for split in SPLITS:
            run.task.write(folder, split, texts[split], run.tokenizer, run.model_config, warn)
        run.task.check(run)
    except BaseException:  # Ctrl-C too leaves nothing half-written
        for name in files_of(run):
            storage.remove(folder / name)
        if not was_there:
            folder.rmdir()
        raise
    save_config(run)
    return run


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
            "sha256": {name: storage.sha256(run.folder / name) for name in files_of(run)},
        },
    )


def open_run(folder):
    """Find a run again. Raises UsageError if there is none, or if its files are not those it was made with."""
    folder = Path(folder)
    if not (folder / "config.json").exists():
        raise UsageError(f"{folder} holds no run (there is no config.json in it); train one with --out {folder}")
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
        hashes = dict(stored["sha256"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{folder / 'config.json'} is not the config of a run: {error}") from None
    for name, expected in hashes.items():
        if not (folder / name).is_file() or storage.sha256(folder / name) != expected:
            raise UsageError(f"{folder / name} is missing or not the file this run was made with; make the run anew")
    return Run(folder, task, *parts, files.load(folder / "tokenizer.json"))


def fit(run, model, *, stop=lambda: False, warn=print, profile=None):
    """Train `model`, made by `run.new_model()`, from the run's newest checkpoint (or the beginning) to its last step.

    Yields (report, validation loss or None) after each step; checkpoints and the log are written on the way, and when
    `stop()` becomes true the run is saved and ends there. A `profile` records where the time of the steps goes. Raises
    UsageError if all steps are done.
    """
    training = run.training
    map_parameters(model, lambda array: to_device(array, training.device))
    optimizer = optimizers.new_optimizer(run.optimizer_config, model.named_parameters())
    start = checkpoint.load(run.checkpoints, model=model, optimizer=optimizer, warn=warn) if steps_done(run) else 0
    if start >= training.steps:
        raise UsageError(f"{run.folder} has done {start} of its {training.steps} steps; ask for more with --steps")
    forget_log_after(run.folder / "log.jsonl", start)
    data = run.batches(start * training.accumulate)
    with open(run.folder / "log.jsonl", "a", encoding="utf-8") as log:
        for report in train(model, data, optimizer, config=training, start=start, profile=profile):
            done = report.step == training.steps
            last = done or stop()
            write_line(log, report._asdict())
            validation = None
            if done or report.step % run.data.validate_every == 0:
                validation = run.mean_loss(model, "validation")
                write_line(log, {"step": report.step, "validation_loss": validation})
            if last or report.step % run.data.save_every == 0:
                checkpoint.save(run.checkpoints, step=report.step, model=model, optimizer=optimizer)
            yield report, validation
            if last:
                return


def steps_done(run):
    """The step of the newest checkpoint, 0 if there is none."""
    paths = checkpoint.newest_first(run.checkpoints)
    return checkpoint.step_of(paths[0]) if paths else 0


def write_line(log, values):
    log.write(json.dumps(values) + "\n")
    log.flush()


def forget_log_after(path, step):
    """Drop the lines of steps after `step`: a run that is resumed takes them again."""
    if not path.exists():
        return
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.endswith("}") and json.loads(line)["step"] <= step
    ]
    with storage.aside(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
