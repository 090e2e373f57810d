"""Sparse: a model of whose linear layers some weights are 0, and only the others are kept.

Of each row a mask tells, in a bit for each weight, which are kept: as many in every row. These still learn, and those
that are 0 stay so. With half of the weights kept, a row takes 53 % of the bytes of float32. A product makes the matrix
anew; embeddings, norms and biases are as they were.
"""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.compress.quantized import Quantized, bias_of, put_forms
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter, Weight, check_finite, weights
from tinyllm.tensor import op, rows

PATTERNS = ["rows", "2:4"]
SPARSITY = option(0.5, "quanto dos pesos das camadas lineares vira 0", at_least=0, below=1)
PATTERN = option(
    "rows", "rows: ficam os melhores de cada linha; 2:4: os 2 melhores de cada 4 seguidos", choices=PATTERNS
)


@dataclass(frozen=True)
class SparseConfig(Config):
    """How weights become sparse."""

    title = "sparse"
    sparsity: float = SPARSITY
    pattern: str = PATTERN

    def __post_init__(self):
        super().__post_init__()
        if self.pattern == "2:4" and self.sparsity != 0.5:
            raise UsageError(
                f"pattern=2:4 leaves half of the weights whatever sparsity={self.sparsity:g} says; leave one out"
            )


def kept_of(n, config):
    """How many of the n weights of a row are kept."""
    if config.pattern == "2:4":
        return n // 4 * 2 + min(2, n % 4)
    return n - int(config.sparsity * n)


def best(scores, config):
    """(rows, n) -> (rows, n) of bool: which weights are kept: of each row, or of each 4 that follow one another, those
    with the highest scores; of equal ones, the first."""
    xp, (count, n) = array_module(scores), scores.shape
    if config.pattern == "2:4":
        filled = xp.concatenate([scores, xp.full((count, -n % 4), -np.inf, scores.dtype)], axis=1)
        return largest(filled.reshape(-1, 4), 2).reshape(count, -1)[:, :n]
    return largest(scores, kept_of(n, config))


def largest(scores, count):
    """(rows, n) -> (rows, n) of bool: of each row, which `count` are the largest"""
    xp = array_module(scores)
    places = xp.argsort(xp.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")
    return places < count


def pack(mask):
    """(rows, n) of bool -> (rows, ⌈n / 8⌉) uint8: the first in the lowest bit"""
    xp, (count, n) = array_module(mask), mask.shape
    filled = xp.concatenate([mask, xp.zeros((count, -n % 8), bool)], axis=1).reshape(count, -1, 8)
    return (filled << xp.arange(8)).sum(axis=2).astype("uint8")


def unpack(bits, n):
    """(rows, ⌈n / 8⌉) uint8 -> (rows, n) of bool"""
    xp = array_module(bits)
    return ((bits[:, :, None] >> xp.arange(8, dtype="uint8")) & 1).reshape(len(bits), -1)[:, :n].astype(bool)


@TwinnedFunction
def whole(values, bits, n):
    """(rows, k), (rows, ⌈n / 8⌉) uint8 -> (rows, n): the values where the mask has them, and 0"""
    xp = array_module(values)
    y = xp.zeros((len(values), n), values.dtype)
    y[xp.arange(len(values))[:, None], columns(bits, n, values.shape[1])] = values
    return y


@whole.compiled
def whole_compiled(values, bits, n):
    y = np.empty((len(values), n), values.dtype)
    fill_rows(np.ascontiguousarray(values), np.ascontiguousarray(bits), y)
    return y


@kernel
def fill_rows(values, bits, y):
    """(rows, k), (rows, ⌈n / 8⌉) -> y, (rows, n)"""
    for r in range(y.shape[0]):
        of_y, of_bits, of_values, k = y[r], bits[r], values[r], 0
        for i in range(of_y.size):
            if np.int64(of_bits[i // 8]) >> np.int64(i % 8) & np.int64(1):
                of_y[i] = of_values[k]
                k += 1
            else:
                of_y[i] = 0


def columns(bits, n, count):
    """(rows, ⌈n / 8⌉) uint8 -> (rows, count): where the values of each row stand"""
    xp = array_module(bits)
    return xp.nonzero(unpack(bits, n))[1].reshape(len(bits), count)


@op
def sparse_linear(x, values, codes, bias=None):
    """(..., n_in), (n_out, k), (n_out, ⌈n_in / 8⌉) uint8, (n_out,) -> (..., n_out): x times the sparse matrix, turned,
    + bias. Its codes are the bits of the mask."""
    xp, n = array_module(x), x.shape[-1]
    flat, matrix = rows(x), whole(values, codes, n)
    y = flat @ matrix.T
    if bias is not None:
        y += bias

    def backward(dy):
        dy = rows(dy)
        return (
            lambda: (dy @ whole(values, codes, n)).reshape(x.shape),
            lambda: xp.take_along_axis(dy.T @ flat, columns(codes, n, values.shape[1]), axis=1),
            None,
            *([] if bias is None else [lambda: dy.sum(axis=0)]),
        )

    return y.reshape(*x.shape[:-1], len(values)), backward


class Sparse(Quantized):
    """What a linear layer or a projection becomes: `values`, (n_out, k), which learn, and `mask`, (n_out, ⌈n_in / 8⌉).
    Before others are `put`, those of the largest magnitude are kept. (..., n_in) -> (..., n_out)"""

    def __init__(self, layer, config):
        self.shape, matrix = layer.weight.shape, layer.weight.data.T
        mask = best(abs(matrix), config)
        self.mask = Weight(pack(mask))
        self.values = Parameter(self.taken(matrix, self.mask.data, kept_of(self.shape[0], config)))
        self.bias = getattr(layer, "bias", None)

    size = property(lambda self: self.shape[0] * self.shape[1])

    def taken(self, matrix, bits, count):
        xp = array_module(matrix)
        return xp.ascontiguousarray(xp.take_along_axis(matrix, columns(bits, self.shape[0], count), axis=1))

    def put(self, matrix, mask):
        """Take a matrix, (n_out, n_in), and which of its weights are kept."""
        self.mask.data[...] = pack(mask)
        self.values.data[...] = self.taken(matrix, self.mask.data, self.values.shape[1])

    def __call__(self, x):
        return sparse_linear(x, self.values, self.mask.data, *bias_of(self))

    @property
    def matrix(self):
        return whole(self.values.data, self.mask.data, self.shape[0])

    def restored(self, rng):
        layer = (layers.Projection if self.bias is None else layers.Linear)(*self.shape, rng=rng)
        layer.weight = Parameter(self.matrix.T.copy())
        if self.bias is not None:
            layer.bias = self.bias
        return layer


def quantize(model, config=None):
    """Give every linear layer and projection its sparse form, with the weights of the largest magnitude; return the
    model.

    Raises UsageError for a model that has been quantised, or that holds NaN or infinity.
    """
    config = config or SparseConfig()
    check_finite(weights(model))

    def made(layer):
        return Sparse(layer, config)

    return put_forms(model, {layers.Linear: made, layers.Projection: made})
