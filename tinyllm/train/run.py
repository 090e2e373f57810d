"""A run: the folder that holds a training from its text to its last checkpoint.

config.json        the task and its labels, the names of the model and of the optimiser, the configurations of data,
                   model, training and optimiser, its teacher or its fine-tuning, if it has one, and the SHA-256 of
                   the files below; it is written last: without it there is no run
tokenizer.json     train.npy   validation.npy   test.npy      the tokenizer and the tokens of each split; texts with
                   labels are in train.safetensors, and as they were in train.jsonl, and so on
start.safetensors  the first weights, of a run that goes on from another; those of a quantised run, which has no other
curriculum.safetensors  how long and how hard each training text is, of a run with a curriculum
log.jsonl          one line per step, and one per validation; beside it are the other files of `train/log.py`
checkpoints/       the last checkpoints
"""

import contextlib
import dataclasses
import functools
import math
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.backend.machine import physical_memory
from tinyllm.compress import formats
from tinyllm.compress.quantized import dequantize
from tinyllm.config import from_dict, to_dict
from tinyllm.data import dataset
from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog as methods
from tinyllm.memory import estimate
from tinyllm.memory.offload import Thrift
from tinyllm.memory.stream import move
from tinyllm.models import catalog
from tinyllm.nn.module import load_weights, weights
from tinyllm.nn.outline import Blanks
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.parallel.comm import ALONE
from tinyllm.parallel.data import ONE_RANK
from tinyllm.text import files
from tinyllm.train import checkpoint, difficulty, distill, log, precision, trackers
from tinyllm.train import finetuning as tunings
from tinyllm.train import folder as folders
from tinyllm.train import package as packed
from tinyllm.train.loop import train
from tinyllm.train.monitor import Monitor, MonitorConfig, check_monitor
from tinyllm.train.tasks import Language, check_goes_on, find_task
from tinyllm.train.trained import Trained


class Run:
    """What `create` makes and `open_run` finds again: the folder, its configs and its tokenizer. Of a `package` the
    folder is a file, with no more than the trained model."""

    def __init__(
        self, folder, task, data, model, training, optimizer, tokenizer, *,
        monitor=None, quantized=None, distillation=None, finetuning=None, package=None,
    ):  # fmt: skip
        self.folder, self.task, self.package = Path(folder), task, package
        self.quantized, self.distillation, self.finetuning = quantized, distillation, finetuning
        self.monitor = monitor or MonitorConfig()
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

    @property
    def for_room(self):
        """What to do that more of a text fits in the context, which a fine-tuning has from its base: as an error says
        it, and as a warning does."""
        if self.finetuning:
            error = "give shorter texts or a base with a longer context"
            return error, "dê textos mais curtos ou uma base de contexto maior"
        return "raise --context", "aumente --context"

    def tokens(self, split):
        """(N,) of uint16 or uint32, read from the disk as needed, of a run that learns a language."""
        return dataset.open_tokens(self.folder / self.task.files(split)[0])

    def new_model(self):
        """The model before its first step. Raises UsageError if this machine has too little memory for it."""
        available, thrift = physical_memory(), Thrift(self.training, self.folder)
        form = self.quantized or (self.finetuning and self.finetuning.form)
        precision = formats.precision_of(form) if form else "float32"
        needed = estimate.inference(self.model_config, tokens=1, precision=precision).weights
        if available and needed > available and not thrift.kept("weights"):
            raise UsageError(
                f"the model that {self.folder / 'config.json'} describes does not fit in the {available >> 20} MB of "
                "this machine; is the file as it was written?"
            )
        with thrift.building():
            if self.finetuning:
                return thrift.around(self.finetuning.model(self))
            if self.quantized or self.package:
                model = self.blank_model()
            else:
                model = self.task.new_model(self.model_config, rng=np.random.default_rng(self.training.seed))
        if self.package:
            load_weights(model, self.package.arrays())
        elif self.start.exists():
            load_weights(model, storage.mapped_arrays(self.start))
        return thrift.around(model)

    def blank_model(self):
        """A model of the run without its numbers, which takes no memory before they are read into it."""
        model = self.task.new_model(self.model_config, rng=Blanks())
        return formats.quantize(model, self.quantized) if self.quantized else model

    @functools.cached_property
    def base(self):
        """The tunings.Base that this run was fine-tuned on. Raises UsageError if it is there no more."""
        try:
            return tunings.Base(open_run(self.finetuning.base, packages=True))
        except UsageError as error:
            raise UsageError(f"{self.folder} was fine-tuned on a run that is needed with it: {error}") from None

    def kept(self, model):
        """What checkpoints hold of a model of the run: of one that is fine-tuned, what is learned."""
        return methods.OnlyLearned(model) if self.finetuning else model

    def check_learns(self):
        """Raise UsageError for a quantised run, whose codes are not learned."""
        if self.quantized and not formats.learns(self.quantized):
            raise UsageError(
                f"{self.folder} is in {formats.name_of(self.quantized)} and learns no more; go on with the run that it "
                f"was made of, or begin another with --from {self.folder}"
            )

    def batches(self, start=0):
        """The batches of the training, from batch `start` on, without end."""
        return self.task.batches(self, start)

    def lesson(self, ranks=1):
        """What the run learns from its teacher, which reads the texts first if it has not yet; None if it has none."""
        if self.distillation is None:
            return None
        distill.check(self.distillation, self.training, ranks)
        reading = distill.Reading(self)
        if not reading.there:
            reading.make(open_run(self.distillation.teacher))
        return distill.Lesson(self, reading)

    def mean_loss(self, model, split):
        """The mean loss of a model on a split, in nats."""
        return self.task.mean_loss(self, model, split)

    def trained_model(self, *, best=False, warn=print):
        """The model of the newest checkpoint, or of the `best` that is left, by the loss on the validation texts; of a
        quantised run, unless it has learned since, and of a package, the only one there is."""
        model = self.new_model()
        if self.package or (self.quantized and not checkpoint.newest_first(self.checkpoints)):
            return model
        step = self.best_step(warn=warn) if best else None
        checkpoint.load(self.checkpoints, model=self.kept(model), made_with=self.made_with(), step=step, warn=warn)
        return model

    def plain_model(self, *, warn=print):
        """The same as a model of ordinary layers in float32, for another run to begin with. Raises UsageError if what
        was learned cannot be merged into them."""
        model = dequantize(self.trained_model(warn=warn))
        if self.finetuning is None:
            return model
        try:
            return tunings.plain(model)
        except UsageError as error:
            raise UsageError(f"{self.folder}, fine-tuned by {self.finetuning.name}: {error}") from None

    def best_step(self, *, warn=print):
        """The step of the best checkpoint. Raises UsageError if the validation loss was measured at none's."""
        steps = {checkpoint.step_of(path) for path in checkpoint.newest_first(self.checkpoints)}
        measured = {step: loss for step, loss in log.validations(self.folder, warn=warn).items() if step in steps}
        if not measured:
            raise UsageError(
                f"no checkpoint in {self.checkpoints} is of a step with a validation loss; leave out --best, or train "
                "with --keep-best"
            )
        return min(measured, key=measured.get)

    def made_with(self):
        """{name: value} of what decides what the numbers of a checkpoint mean."""
        packed_as = self.package and self.package.sha256["tokenizer.json"]
        return {
            "tokenizer": packed_as or storage.sha256(self.folder / "tokenizer.json"),
            "architecture": catalog.name_of(self.model_config),
            "optimizer": optimizers.name_of(self.optimizer_config),
            **({"finetuning": self.finetuning.made_with()} if self.finetuning else {}),
            **to_dict(self.model_config),
        }

    @property
    def checkpoints(self):
        return self.folder / "checkpoints"

    @property
    def start(self):
        """The file of the weights that the run begins with, if it goes on from another run."""
        return self.folder / "start.safetensors"

    @property
    def curriculum(self):
        """The file of the lengths and scores of the texts, if the run has a curriculum."""
        return self.folder / "curriculum.safetensors"


def create(
    folder, data, model, training, optimizer=None, *,
    monitor=None, task=None, say=lambda text: None, warn=lambda text: None, announce=lambda run: None,
):  # fmt: skip
    """Make the folder of a new run, from nothing: texts, tokenizer, tokens, config. `say` hears of each stage.

    The optimiser is AdamW and the task to learn a language, if no others are given. `warn` hears of what is lost.
    `announce` is given the run when its vocabulary is known and nothing of it is written; it may raise.
    Raises UsageError if the folder holds a run, if there is no such device, or if the corpus is missing, empty or too
    small.
    """
    task, optimizer = task or Language(), optimizer or AdamWConfig()
    difficulty.check(task, training)
    folders.check_place(folder, data, training)
    trackers.asked_for(monitor or MonitorConfig())
    say("textos")
    texts = task.read(data, seed=training.seed)
    say("tokenizador")
    tokenizer = task.train_tokenizer(data, model, texts)
    model = dataclasses.replace(model, vocab_size=tokenizer.vocab_size)
    run = Run(folder, task, data, model, settled(training), optimizer, tokenizer, monitor=monitor)
    check_monitor(run)
    announce(run)
    return folders.lay_out(run, lambda: folders.write_texts(run, texts, say=say, warn=warn))


def create_from(
    base, folder, data, training, optimizer=None, *,
    monitor=None, task=None, say=lambda text: None, warn=lambda text: None, announce=lambda run: None,
):  # fmt: skip
    """Make the folder of a new run that goes on, with other texts, from the weights and the tokenizer of another run.
    If that is quantised, its weights are those that its codes stand for; if it is sparse, so is the new one. The task
    is the base's, if none is given.

    `say`, `warn` and `announce` are those of `create`. Raises UsageError as that does, if the base has no checkpoint,
    if only one of the two tasks tells labels, and if the labels of the base are not those of the texts.
    """
    task = task or type(base.task)()
    check_goes_on(base.task, task)
    difficulty.check(task, training)
    folders.check_place(folder, data, training)
    trackers.asked_for(monitor or MonitorConfig())
    form = base.quantized if base.quantized and formats.learns(base.quantized) else None
    start = weights(base.trained_model(warn=warn) if form else base.plain_model(warn=warn))
    say("textos")
    texts = task.read(data, seed=training.seed)
    check_labels(base, task, data)
    data, optimizer = dataclasses.replace(data, tokenizer=base.data.tokenizer), optimizer or AdamWConfig()
    settings = (data, base.model_config, settled(training), optimizer, base.tokenizer)
    run = Run(folder, task, *settings, monitor=monitor, quantized=form)
    check_monitor(run)
    announce(run)
    return folders.lay_out(run, lambda: folders.write_texts(run, texts, start=start, say=say, warn=warn))


def check_labels(base, task, data):
    """Raise UsageError unless the texts of a task bear the labels of a base."""
    if task.labels != base.task.labels:
        known, there = ", ".join(base.task.labels), ", ".join(task.labels)
        raise UsageError(
            f"{base.folder} tells {known}, but the texts of corpus={data.corpus} bear {there}; "
            "give texts with the same labels"
        )


def settled(training):
    """The same with all that it leaves to the machine or to other fields decided, for every later resume to find."""
    return dataclasses.replace(
        training, workers=training.threads, decay_steps=training.last_decay_step,
        curriculum_steps=training.steps_of_curriculum,
    )  # fmt: skip


def open_run(folder, *, packages=False):
    """Find a run again, or, if `packages` will do, what a package has of one.

    Raises UsageError if there is none, or if its files are not those it was made with.
    """
    storage.check_name(folder)
    folder = Path(folder)
    if folder.is_file():
        if not packages:
            raise UsageError(
                f"{folder} is a file, as a package is, and no folder with the texts of a run; give the folder"
            )
        found = packed.read(folder)
        parts, more = described(found.config, f"config.json in {folder}")
        return Run(folder, *parts, found.tokenizer, package=found, **more)
    if not (folder / "config.json").exists():
        raise UsageError(
            f"{folder} holds no run (there is no config.json in it); train one with: tinyllm train --out {folder}"
        )
    stored = storage.load_json(folder / "config.json")
    parts, more = described(stored, folder / "config.json")
    try:
        hashes = dict(stored["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{folder / 'config.json'} is not the config of a run: {error}") from None
    for name, expected in hashes.items():
        if not (folder / name).is_file() or storage.sha256(folder / name) != expected:
            raise UsageError(f"{folder / name} is missing or not the file this run was made with; make the run anew")
    return Run(folder, *parts, files.load(folder / "tokenizer.json"), **more)


def described(stored, name):
    """The task and the configs that a config, read from what is called `name`, says of a run, and what else a Run is
    made with. Raises UsageError for the config of none."""
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
        parts = [from_dict(kind, stored[part]) for part, kind in kinds.items()]
        more = {"monitor": from_dict(MonitorConfig, stored.get("monitor", {}))}  # before there was one, it was empty
        some_have = {"distillation": distill.Distillation, **formats.CONFIGS}
        found = {part: from_dict(kind, stored[part]) for part, kind in some_have.items() if part in stored}
        more |= {"quantized" if part in formats.CONFIGS else part: config for part, config in found.items()}
        if "finetuning" in stored:
            more["finetuning"] = tunings.Finetuning.from_dict(stored["finetuning"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{name} is not the config of a run: {error}") from None
    return [task, *parts], more


def fit(run, model, *, stop=lambda: False, warn=print, profile=None, detect=False, comm=ALONE, layout=None):
    """Train `model`, made by `run.new_model()`, from the run's newest checkpoint (or the beginning) to its last step.

    Yields (report, validation loss or None) after each step; checkpoints and the log are written on the way, and when
    `stop()` becomes true the run is saved and ends there. `profile` and `detect` are those of `train`. Of
    several ranks (`comm`) each does so with a model of its own, over the same folder, and they share the work by the
    `layout`, as replicas if there is none; rank 0 writes, and all end when one is to stop. Raises UsageError if all
    steps are done.
    """
    run.check_learns()
    check_monitor(run, comm.size)
    first = comm.rank == 0
    training = dataclasses.replace(run.training, workers=run.training.threads_of(comm))
    precision.check(training, comm.size)
    if run.finetuning and comm.size > 1:
        raise UsageError(f"a fine-tuning is for one process, not {comm.size}; leave out launch")
    with storage.locked(run.folder) if first else contextlib.nullcontext():
        lesson = run.lesson(comm.size)
        move(model, training.device)
        with Thrift(training, run.folder).remembering():
            how = {"comm": comm, "layout": layout, "helper": lesson and lesson.helper}
            trained = Trained(model, training, run.optimizer_config, kept=run.kept, **how)
        start = 0
        if steps_done(run):
            start = trained.load(run.checkpoints, made_with=run.made_with(), warn=warn)
        if start >= training.steps:
            raise UsageError(f"{run.folder} has done {start} of its {training.steps} steps; ask for more with --steps")
        monitor = Monitor(run, writes=first)
        if first:
            if start == 0:
                log.keep_aside(run.folder, run.checkpoints, warn=warn)
            log.forget_after(run.folder, start, warn=warn)
            record_training(run)
            monitor.begin(start, lesson.cost if lesson else {})
        data = (lesson or run).batches(start * training.accumulate)
        how = {"loss": lesson.loss_of(trained.model)} if lesson else run.task.how(run, trained.model)
        how |= {"config": training, "ranks": trained.ranks or ONE_RANK, "guard": trained.guard, "start": start}
        how |= {"average": trained.average, "profile": monitor.watched(trained.model, start, profile), "detect": detect}
        kept = {"made_with": run.made_with(), "last": run.monitor.keep_last}
        with monitor, checkpoint.Saver(run.checkpoints, background=run.monitor.save_in_background) as saver:
            for report in train(trained.model, data, trained.optimizer, **how):
                saver.check()
                done = report.step == training.steps
                last = comm.exchange(done or stop(), any)
                monitor.tell_step(report)
                validation = None
                with trained.in_use():
                    if done or report.step % run.data.validate_every == 0:
                        validation = trained.loss_on(run, "validation")
                        monitor.tell_validation(report.step, validation)
                    monitor.tell_sample(report.step, trained.model, trained.ranks)
                lost = validation is not None and not math.isfinite(validation)
                best = comm.exchange(monitor.best, lambda found: found[0]) if run.monitor.keep_best else None
                due = report.step % run.data.save_every == 0 and not trained.guard.in_a_row  # weights may be at fault
                if not lost and (last or best == report.step or due):
                    saver.save(step=report.step, **trained.parts, best=best, **kept)
                if last:
                    saver.finish()
                yield report, validation
                if lost:
                    raise UsageError(
                        f"after step {report.step} the loss on the validation texts is {validation}, and nothing of it "
                        f"is saved; lower learning_rate={training.learning_rate} in a new run"
                    )
                if last:
                    return


def record_training(run):
    """Let config.json say what a training that goes on may change, if it says otherwise."""
    stored = storage.load_json(run.folder / "config.json")
    if stored["train"] != to_dict(run.training) or stored.get("monitor") != to_dict(run.monitor):
        folders.save_config(run)


def steps_done(run):
    """The step of the newest checkpoint, 0 if there is none."""
    paths = checkpoint.newest_first(run.checkpoints)
    return checkpoint.step_of(paths[0]) if paths else 0
