"""A fine-tuned run: made of another, its base; used in the base's place; and merged into an ordinary run."""

import dataclasses
import shutil
from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.finetune import files, peft
from tinyllm.nn.module import unfreeze
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.train import checkpoint, difficulty, trackers
from tinyllm.train import finetuning as tunings
from tinyllm.train import folder as folders
from tinyllm.train import run as runs
from tinyllm.train.finetuning import Finetuning
from tinyllm.train.monitor import MonitorConfig, check_monitor


def create_finetuned(
    base, folder, method, data, training, optimizer=None, *,
    form=None, monitor=None, task=None, say=lambda text: None, warn=lambda text: None, announce=lambda run: None,
):  # fmt: skip
    """Make the folder of a new run that learns what the config of a method says beside the model of a base, a run,
    quantised first to a `form`, if one is given.

    The tokenizer is the base's, and so is the task, if none is given. A base that learns a language may learn to tell
    labels. What the method takes of the context is missing in that of the run. `say`, `warn` and `announce` are those
    of `runs.create`. Raises UsageError as that does, for a base that is a fine-tuning itself, and if the base has
    nothing that the method adapts.
    """
    task = task or type(base.task)()
    tunings.check(base, task)
    difficulty.check(task, training)
    folders.check_place(folder, data, training)
    trackers.asked_for(monitor or MonitorConfig())
    say("textos")
    texts = task.read(data, seed=training.seed)
    if base.task.classifies:
        runs.check_labels(base, task, data)
    read = tunings.Base(base)
    finetuning = Finetuning(str(base.folder.resolve()), read.sha256, method, form)
    config = finetuning.config_on(read, task)
    data = dataclasses.replace(data, tokenizer=base.data.tokenizer)
    settings = (data, config, runs.settled(training), optimizer or AdamWConfig(), base.tokenizer)
    run = runs.Run(folder, task, *settings, monitor=monitor, finetuning=finetuning)
    run.base = read  # once is enough
    check_monitor(run)
    announce(run)
    return folders.lay_out(run, lambda: folders.write_texts(run, texts, say=say, warn=warn))


def with_adapter(base, adapter, *, best=False, warn=print):
    """(run, model): what an adapter makes of a base, a run. The adapter is a run that was fine-tuned on it, which also
    says the task, or a folder as `files.save_adapter` or PEFT writes it.

    Raises UsageError for a folder that is neither, and for an adapter of another base.
    """
    storage.check_name(adapter)
    adapter = Path(adapter)
    loaders = {files.CONFIG: files.load_adapter, peft.CONFIG: peft.load_peft}
    load = next((load for name, load in loaders.items() if (adapter / name).exists()), None)
    if load:
        tunings.check(base, base.task)
        model, _ = load(adapter, tunings.in_memory(tunings.Base(base).model(base.task)))
        base.model_config = tunings.reader(model).config  # a prompt takes of the context
        return base, model
    run = runs.open_run(adapter)
    if run.finetuning is None:
        raise UsageError(f"{adapter} is an ordinary run, and adapts no other; use it without --adapter")
    run.finetuning = dataclasses.replace(run.finetuning, base=str(base.folder))
    return run, run.trained_model(best=best, warn=warn)


def create_merged(run, folder, *, adapted=None, warn=lambda text: None):
    """Make the folder of an ordinary run of a fine-tuned one: with what was learned in its weights, and the same texts.
    It can go on. If an `adapted` model is given, as `with_adapter` does, it is that of the run.

    Raises UsageError for a run that is not fine-tuned, and if what was learned cannot be merged.
    """
    if run.finetuning is None and adapted is None:
        raise UsageError(
            f"{run.folder} is an ordinary run, with nothing to merge; give a run of tinyllm finetune, or an --adapter"
        )
    folders.check_place(folder, run.data, run.training)
    model = tunings.plain(adapted) if adapted else run.plain_model(warn=warn)
    unfreeze(model)
    merged = runs.Run(
        folder, run.task, run.data, run.model_config, run.training, run.optimizer_config, run.tokenizer
    )  # fmt: skip

    def write():
        for name in folders.files_of(run):
            shutil.copyfile(run.folder / name, merged.folder / name)
        optimizer = optimizers.new_optimizer(run.optimizer_config, model.named_parameters())
        checkpoint.save(
            merged.checkpoints, step=runs.steps_done(run), model=model, optimizer=optimizer,
            made_with=merged.made_with(),
        )  # fmt: skip

    return folders.lay_out(merged, write)
