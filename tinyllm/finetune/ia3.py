"""(IA)³: each channel of some layers times a learned gain (Liu et al. 2022).

The keys and values of every attention and the hidden channels of every feed-forward are made larger or smaller: of a
model of millions of weights some thousands of numbers are learned. The gains begin at 1, and the model as it was.
"""

from dataclasses import dataclass

from tinyllm.backend.arrays import array_module
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.finetune.method import Mergeable, Method, of_what_was_put
from tinyllm.finetune.sites import WHOLE, chosen, put_around, sizes
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter
from tinyllm.nn.outline import ones
from tinyllm.tensor import Tensor, concatenate


@dataclass(frozen=True)
class IA3Config(Config):
    """Which channels get a gain."""

    title = "método"
    outputs: str = option("key,value", "camadas lineares com um ganho para cada canal que sai, com vírgulas entre elas")
    inputs: str = option("down", "camadas lineares com um ganho para cada canal que entra, com vírgulas entre elas")


class GainOfOutputs(Mergeable):
    """(..., n_in) -> (..., n_out): a linear layer, of which the channels of some parts, or all, are scaled."""

    def __init__(self, inner, parts):
        super().__init__(inner)
        _, self.n_out = sizes(inner)
        self.parts = parts
        self.gains = {name: Parameter(ones(columns.stop - columns.start)) for name, columns in parts.items()}

    def gain(self):
        """(n_out,): 1 where nothing is learned."""
        pieces, end = [], 0
        for name, columns in self.parts.items():
            pieces += [ones_beside(self.gains[name], columns.start - end), self.gains[name]]
            end = columns.stop
        pieces.append(ones_beside(pieces[-1], self.n_out - end))
        return concatenate(*pieces, axis=0)

    def __call__(self, x):
        return self.inner(x) if self.merged else self.inner(x) * self.gain()

    def merge(self):
        """Scale the columns of the weight, and the bias."""
        _scale(self.inner, self.gain().data)

    def unmerge(self):
        """Undo that. Raises UsageError where a gain is 0, of which there is no way back."""
        _scale(self.inner, 1 / nowhere_zero(self.gain().data))


class GainOfInputs(Mergeable):
    """(..., n_in) -> (..., n_out): a linear layer that is given its channels scaled."""

    def __init__(self, inner):
        super().__init__(inner)
        self.gain = Parameter(ones(sizes(inner)[0]))

    def __call__(self, x):
        return self.inner(x if self.merged else x * self.gain)

    def merge(self):
        """Scale the rows of the weight."""
        self.inner.weight.data *= self.gain.data[:, None]

    def unmerge(self):
        """Undo that. Raises UsageError where a gain is 0, of which there is no way back."""
        self.inner.weight.data /= nowhere_zero(self.gain.data)[:, None]


def ones_beside(weight, count):
    """(count,) of ones, where a weight is, and of its type."""
    return Tensor(array_module(weight.data).ones(count, weight.dtype))


def _scale(layer, gain):
    layer.weight.data *= gain
    if isinstance(layer, layers.Linear):
        layer.bias.data *= gain


def nowhere_zero(gain):
    """(n,) -> (n,). Raises UsageError if one is 0."""
    if not bool((gain != 0).all()):
        raise UsageError("a gain of 0 has wiped out what it was multiplied with; load the base again")
    return gain


def put(model, config, *, rng):
    """Put gains behind and before the layers that the config chooses; return the model.

    Raises UsageError for a layer that would have both.
    """
    behind, before = chosen(model, config.outputs), chosen(model, config.inputs)
    for path in behind:
        if path in before:
            raise UsageError(f"{path} is chosen by outputs={config.outputs} and by inputs={config.inputs}; take one")
    for path, parts in before.items():
        if WHOLE not in parts:
            raise UsageError(f"what enters {path} enters all of its parts; name it whole in inputs={config.inputs}")
    made = {path: of_outputs(parts) for path, parts in behind.items()} | dict.fromkeys(before, GainOfInputs)
    return put_around(model, made)


def of_outputs(parts):
    """layer -> GainOfOutputs around it"""
    return lambda layer: GainOfOutputs(layer, parts)


METHOD = Method(IA3Config, put, of_what_was_put, pace=40.0)
