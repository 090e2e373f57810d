"""Calibration: what goes into each layer of a model, seen while it reads texts."""

import numpy as np

from tinyllm.backend.arrays import to_host
from tinyllm.nn import layers
from tinyllm.nn.module import Around, replace_modules
from tinyllm.tensor import no_grad, rows


class Inputs:
    """What went into a layer: how many `rows` of n_in channels; `gram`, (n_in, n_in) of float64, the sum of the outer
    products of the rows with themselves; `total` and `largest`, (n_in,), the sum and the largest of the magnitudes of
    each channel."""

    def __init__(self, n_in):
        self.rows, self.gram = 0, np.zeros((n_in, n_in))
        self.total, self.largest = np.zeros(n_in), np.zeros(n_in)

    def add(self, x):
        """Add (N, n_in)."""
        magnitudes = np.abs(x)
        self.rows += len(x)
        self.gram += x.T @ x
        self.total += magnitudes.sum(axis=0, dtype=np.float64)
        self.largest = np.maximum(self.largest, magnitudes.max(axis=0, initial=0))

    @property
    def mean(self):
        """(n_in,): the mean magnitude of each channel"""
        return self.total / max(1, self.rows)


class Watched(Around):
    """A layer of which `inputs` tells what goes in."""

    def __init__(self, inner):
        super().__init__(inner)
        self.inputs = Inputs(inner.weight.shape[0])

    def __call__(self, x):
        self.inputs.add(np.ascontiguousarray(to_host(rows(x.data))))
        return self.inner(x)


def watch(model, batches):
    """{path: Inputs} of the linear layers and projections of a model, while it reads batches as its loss takes them.

    One that no text goes through by a call of its own, as the head of a loss that is computed at once, is absent. The
    model is afterwards as it was.
    """

    def wrapped(path, module):
        return Watched(module) if type(module) in (layers.Linear, layers.Projection) else module

    def unwrapped(path, module):
        return module.inner if isinstance(module, Watched) else module

    replace_modules(model, wrapped)
    try:
        with no_grad():
            for batch in batches:
                model.loss(*batch)
        found = {path: module.inputs for path, module in model.named_modules() if isinstance(module, Watched)}
    finally:
        replace_modules(model, unwrapped)
    return {path: inputs for path, inputs in found.items() if inputs.rows}
