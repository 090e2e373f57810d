"""A run made smaller: the texts and the tokenizer of another, and weights in fewer bytes. Only a sparse one learns."""

import dataclasses
import shutil

from tinyllm import storage
from tinyllm.compress import formats, methods
from tinyllm.errors import UsageError
from tinyllm.nn.module import weights
from tinyllm.train import folder as folders
from tinyllm.train import run as runs


def check_plain(base):
    """Raise UsageError for a run that is quantised already."""
    if base.quantized:
        raise UsageError(
            f"{base.folder} is in {formats.name_of(base.quantized)} already; give the run that it was made of"
        )


def check(base, folder):
    """Raise UsageError or OSError for a run that is quantised already, and for a folder that is not for us."""
    check_plain(base)
    folders.check_place(folder, base.data, dataclasses.replace(base.training, device="cpu"))


def create(base, folder, config, *, warn=lambda text: None):
    """Make the folder of a run: the model of another, made smaller by the method of a config, which may see texts
    of its training. Raises UsageError as `check` does."""
    check(base, folder)
    model = methods.compress(base.plain_model(warn=warn), config, base.batches())
    run = runs.Run(
        folder, base.task, base.data, base.model_config, dataclasses.replace(base.training, device="cpu"),
        base.optimizer_config, base.tokenizer, quantized=methods.form_of(config),
    )  # fmt: skip

    def write():
        storage.save_arrays(run.start, weights(model))
        for name in folders.files_of(base):
            if name != base.start.name:
                shutil.copyfile(base.folder / name, run.folder / name)

    return folders.lay_out(run, write)
