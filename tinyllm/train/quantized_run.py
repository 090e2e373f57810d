"""A run in int8 or nf4: the texts and the tokenizer of another, and the codes of its weights. It learns no more."""

import dataclasses
import shutil

from tinyllm import storage
from tinyllm.compress import formats
from tinyllm.errors import UsageError
from tinyllm.nn.module import weights
from tinyllm.train import folder as folders
from tinyllm.train import run as runs


def check(base, folder):
    """Raise UsageError or OSError for a run that is quantised already, and for a folder that is not for us."""
    if base.quantized:
        raise UsageError(
            f"{base.folder} is in {formats.name_of(base.quantized)} already; give the run that it was made of"
        )
    folders.check_place(folder, base.data, dataclasses.replace(base.training, device="cpu"))


def create_quantized(base, folder, config, *, warn=lambda text: None):
    """Make the folder of a run: the model of another, in the form of a config. Raises UsageError as `check` does."""
    check(base, folder)
    model = formats.quantize(base.plain_model(warn=warn), config)
    run = runs.Run(
        folder, base.task, base.data, base.model_config, dataclasses.replace(base.training, device="cpu"),
        base.optimizer_config, base.tokenizer, quantized=config,
    )  # fmt: skip

    def write():
        storage.save_arrays(run.start, weights(model))
        for name in folders.files_of(base):
            if name != base.start.name:
                shutil.copyfile(base.folder / name, run.folder / name)

    return folders.lay_out(run, write)
