"""The folder of an adapter: adapter.json, the method and its config, and adapter.safetensors, what was learned.

Of the base there is only the SHA-256 of all that was not learned: on any other base the adapter means nothing, and is
refused. (What BitFit learns does not depend on the biases that the base had; of a full fine-tuning all is here.)
"""

import contextlib
import hashlib
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.backend.arrays import beside, to_host
from tinyllm.backend.elsewhere import let_go
from tinyllm.config import from_dict, to_dict
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.models import catalog as models
from tinyllm.nn.module import check_finite

CONFIG, WEIGHTS, FORMAT = "adapter.json", "adapter.safetensors", 1


def save_adapter(folder, model, config, *, base):
    """Write what a model has learned by the method of a config; `base` is what a reader calls the model it stands on.

    Raises UsageError for a folder that is not empty, for a merged model and for weights that are not finite.
    """
    arrays = finished(model)
    described = {
        "format": FORMAT, "method": catalog.name_of(config), "config": to_dict(config),
        "base": {"name": str(base), "architecture": models.name_of(model.config), "sha256": frozen_hash(model)},
    }  # fmt: skip
    with new_folder(folder) as temporary:
        storage.save_arrays(temporary / WEIGHTS, arrays)
        storage.save_json(temporary / CONFIG, described | {"sha256": storage.sha256(temporary / WEIGHTS)})


def finished(model):
    """{name: array} of what a model has learned. Raises UsageError for a merged model, and if one is not finite."""
    if catalog.is_merged(model):
        raise UsageError("the model is merged, and its weights are not those of its base; unmerge it, then save")
    arrays = catalog.learned(model)
    check_finite(arrays)
    return arrays


@contextlib.contextmanager
def new_folder(folder):
    """A block that fills a folder, whole or not at all. Raises UsageError for one that is not empty."""
    folder = storage.claim_folder(folder)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; choose another folder for the adapter")
    with storage.aside(folder) as temporary:
        temporary.mkdir()
        yield temporary


def load_adapter(folder, model):
    """Adapt a base as it was when the adapter of a folder was made, and put in what was learned.

    Returns what to use in the place of the model, and the config of the method. Raises UsageError, and leaves the model
    as it was, for a file that is missing or damaged, for an adapter of other shapes and for another base.
    """
    base, config = read(folder)
    architecture = models.name_of(model.config)
    if base["architecture"] != architecture:
        raise UsageError(f"{folder} adapts a {base['architecture']}, and the base is a {architecture}")
    arrays = storage.mapped_arrays(Path(folder) / WEIGHTS)

    def check_base(adapted):
        if frozen_hash(adapted) != base["sha256"]:
            raise UsageError(
                f"{folder} was made on other weights than these: on {base['name']}, and the SHA-256 of what it left as "
                "it was is not that of this base"
            )

    return filled(folder, model, config, arrays, check=check_base), config


def filled(folder, model, config, arrays, *, check=lambda adapted: None):
    """Adapt a model by a config and put in {name: array} of what the adapter of a folder has learned; return what to
    use in its place. `check` may raise when the arrays fit; then, as if they do not, the model is left as it was."""
    check_finite(arrays)
    learned_before = [(weight, weight.requires_grad) for _, weight in model.named_weights()]
    adapted = catalog.adapt(model, config, rng=np.random.default_rng(0))
    try:
        check_fits(folder, arrays, catalog.learned(adapted))
        check(adapted)
    except UsageError:
        catalog.take_out(adapted)
        for weight, learns in learned_before:
            weight.requires_grad = learns
        raise
    for name, parameter in adapted.named_parameters():
        parameter.data[...] = beside(np.array(arrays[name]), parameter.data)
    return adapted


def read(folder):
    """What an adapter says of its base, and the config of its method. Raises UsageError if its files are damaged."""
    storage.check_name(folder)
    path = Path(folder) / CONFIG
    if not path.exists():
        raise UsageError(f"{folder} holds no adapter (there is no {CONFIG} in it)")
    stored = storage.load_json(path)
    try:
        if stored["format"] != FORMAT:
            raise UsageError(f"format {stored['format']} is not the {FORMAT} that is known here")
        config = from_dict(catalog.find(stored["method"]).config, stored["config"])
        base = {name: stored["base"][name] for name in ("name", "architecture", "sha256")}
        expected = stored["sha256"]
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is not the config of an adapter: {error}") from None
    if not path.with_name(WEIGHTS).is_file() or storage.sha256(path.with_name(WEIGHTS)) != expected:
        raise UsageError(f"{path.with_name(WEIGHTS)} is missing or damaged; copy the adapter again")
    return base, config


def check_fits(folder, arrays, own):
    """Raise UsageError unless {name: array} of an adapter has the names and shapes that a model learns."""
    for name in sorted(own.keys() | arrays.keys()):
        if name not in arrays:
            raise UsageError(f"{folder} has no {name}, which this base would learn; was it made on another model?")
        if name not in own:
            raise UsageError(f"{folder} holds {name}, which this base has no place for; was it made on another model?")
        if arrays[name].shape != own[name].shape or arrays[name].dtype.kind != "f":
            found = f"{arrays[name].shape} of {arrays[name].dtype}"
            raise UsageError(f"{folder}: {name} is {found}, and on this base {own[name].shape} of {own[name].dtype}")


def frozen_hash(model):
    """The SHA-256 of all that a model does not learn now: names, types, shapes and numbers."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.named_weights(), key=lambda named: named[0]):
        if not weight.requires_grad:
            array = np.ascontiguousarray(to_host(weight.data))
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.reshape(-1).view(np.uint8))
            let_go(weight.data)
    return digest.hexdigest()
