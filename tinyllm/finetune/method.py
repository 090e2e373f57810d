"""What every way to adapt a model says of itself, and how what it puts into the model is known there.

The file of a method ends with its Method, to which `catalog.py` gives a name; nobody else needs to know them all.
"""

from collections.abc import Callable
from typing import NamedTuple

from tinyllm.errors import UsageError
from tinyllm.nn import layers
from tinyllm.nn.module import Around, Module, Parameter

HEAD = "head."  # how the weights of a classifier's last layer are called


class Method(NamedTuple):
    """A way to adapt a model."""

    config: type  # of its Config
    put: Callable  # (model, config, *, rng) -> the model with what is learned beside; changes nothing if it raises
    learned: Callable  # (model, config) -> the names of the Parameters that it learns
    pace: float = 1.0  # how many times the learning rate of a training from nothing suits it


class Added(Around):
    """What a method puts around a part of a model, with weights of its own, which are what is learned."""


class Mergeable(Added):
    """One around a linear layer, into whose weights what is learned can go: the layer does then what both did.

    A kind of it says how, in `merge`, and in `unmerge`, the way back.
    """

    def __init__(self, inner):
        super().__init__(inner)
        self.merged = False

    def check_merges(self):
        """Raise UsageError for a layer whose numbers are kept as codes."""
        if not isinstance(self.inner, layers.Linear | layers.Projection):
            kind = type(self.inner).__name__
            raise UsageError(f"nothing can be merged into the codes of a {kind}; dequantize the model first")


def nothing_put(model, config, *, rng):
    """The model as it is: of a method that learns weights that are there."""
    return model


def of_what_was_put(model, config):
    """The names of the weights of all that was put into a model."""
    return {name for name, _ in model.named_weights() if "@" in name}


def learnable(model):
    """The names of all Parameters of a model, learned now or not, in order."""
    return [name for name, weight in model.named_weights() if isinstance(weight, Parameter)]


def has_head(model):
    """Whether a model is a classifier, whose last layer nobody has trained before: every method learns it."""
    return isinstance(vars(model).get("head"), Module)


def check_plain(model):
    """Raise UsageError for a model that is adapted already."""
    for path, module in model.named_modules():
        if isinstance(module, Added):
            raise UsageError(
                f"the model is adapted already, with {type(module).__name__} at {path or 'its top'}; "
                "take that out first, or merge it"
            )
