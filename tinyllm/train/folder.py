"""The folder of a run: how its files come to be there, all of them or none.

What they are says `run.py`; config.json is written last, and without it there is no run.
"""

import contextlib

import numpy as np

from tinyllm import storage
from tinyllm.backend.arrays import to_device
from tinyllm.compress import formats
from tinyllm.config import to_dict
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.optim import catalog as optimizers
from tinyllm.train import difficulty, log


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
    of_some = ("start.safetensors", "curriculum.safetensors")
    for name in ("tokenizer.json", *of_some, *log.FILES, "checkpoints", *of_splits, storage.LOCK):
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


def lay_out(run, write):
    """Let `write()` write the files of a new run, and its config; all or none."""
    folder, made = run.folder, [path for path in (run.folder, *run.folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with storage.locked(folder):
            check_place(folder, run.data, run.training)  # another may have come in between
            storage.remove(run.start)  # of a process that was killed: this run would begin with its weights
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
        for name in ("config.json", run.checkpoints.name, *files_of(run)):
            storage.remove(run.folder / name)
        raise


def write_texts(run, texts, *, start=None, say, warn):
    """Write the tokenizer of a run, {split: texts} as tokens and, if it goes on from another, its first weights."""
    run.tokenizer.save(run.folder / "tokenizer.json")
    if start is not None:
        storage.save_arrays(run.start, start)
    say("tokens")
    for split in SPLITS:
        run.task.write(run, split, texts[split], warn)
    run.task.check(run)
    write_order(run, say)


def write_order(run, say):
    """Write how long and how hard the training texts are, if the run has a curriculum."""
    if run.training.curriculum != "none":
        say("a ordem dos textos")
        storage.save_arrays(run.curriculum, difficulty.scored(run))


def files_of(run):
    """The names of the files that a run is made with."""
    start = [run.start.name] if run.start.exists() else []
    curriculum = [run.curriculum.name] if run.training.curriculum != "none" else []
    return ["tokenizer.json", *start, *curriculum, *(name for split in SPLITS for name in run.task.files(split))]


def save_config(run):
    """Write config.json, with the hashes of the files that a resumed run must find unchanged."""
    sha256 = {name: storage.sha256(run.folder / name) for name in files_of(run)}
    storage.save_json(run.folder / "config.json", {**config_of(run), "sha256": sha256})


def config_of(run):
    """What config.json says of a run, but for its files."""
    return {
        "format": 1,
        "task": run.task.name,
        "labels": list(run.task.labels),
        "architecture": catalog.name_of(run.model_config),
        "data": to_dict(run.data),
        "model": to_dict(run.model_config),
        "train": to_dict(run.training),
        "optimizer": optimizers.name_of(run.optimizer_config),
        "update": to_dict(run.optimizer_config),
        "monitor": to_dict(run.monitor),
        **({formats.name_of(run.quantized): to_dict(run.quantized)} if run.quantized else {}),
        **({"distillation": to_dict(run.distillation)} if run.distillation else {}),
        **({"finetuning": run.finetuning.as_dict()} if run.finetuning else {}),
    }
