"""Module and Parameter: what every layer and every model is made of."""

import numpy as np

from tinyllm.backend import beside
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor


class Parameter(Tensor):
    """A Tensor to be learned. Gradients of float32 parameters are float32."""

    __slots__ = ()

    def __init__(self, data):
        super().__init__(np.asarray(data, dtype=np.float32), requires_grad=True)


class Module:
    """Anything with parameters. They are found by looking at its attributes, in the order of definition."""

    def named_parameters(self):
        """Yield ("blocks.0.attention.qkv.weight", Parameter) for each parameter; a tied one comes once."""
        seen = set()
        for name, parameter in _walk(vars(self), ""):
            if parameter not in seen:
                seen.add(parameter)
                yield name, parameter

    def parameters(self):
        """The list of parameters, without their names."""
        return [parameter for _, parameter in self.named_parameters()]


def _walk(value, path):
    if isinstance(value, Parameter):
        yield path, value
    elif isinstance(value, Module):
        yield from _walk(vars(value), path)
    elif isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _walk(item, f"{path}.{key}" if path else str(key))


def map_parameters(model, function):
    """Replace the array of every parameter by function(array): to another type or another device, and back."""
    for parameter in model.parameters():
        parameter.data = function(parameter.data)


def count_parameters(model):
    """How many numbers the model learns."""
    return sum(parameter.data.size for parameter in model.parameters())


def weights(model):
    """{name: array}: the model's own arrays, not copies."""
    return {name: parameter.data for name, parameter in model.named_parameters()}


def load_weights(model, arrays):
    """Copy {name: array} into the model's parameters.

    Raises UsageError, and changes nothing, unless names and shapes are exactly the model's.
    """
    parameters = dict(model.named_parameters())
    missing, unknown = sorted(parameters.keys() - arrays.keys()), sorted(arrays.keys() - parameters.keys())
    if missing or unknown:
        raise UsageError(f"weights do not fit the model: missing {missing or 'none'}, unknown {unknown or 'none'}")
    for name, parameter in parameters.items():
        if arrays[name].shape != parameter.shape:
            raise UsageError(f"weight {name} has shape {arrays[name].shape}, but the model's is {parameter.shape}")
    for name, parameter in parameters.items():
        parameter.data[...] = beside(arrays[name], parameter.data)
