"""int4: a model whose linear layers are kept in 4 or 3 bits a weight, in even steps, and its embeddings in int8.

Of each 64 weights that one output sums over, a code counts steps, from -8 to 7 or from -4 to 3. The step is the one
with which the codes come nearest to the weights, and may be negative: so the largest weight, of either sign, may have
the code that has no opposite. A step is kept in float16: that makes 4.25 or 3.25 bits a weight. Norms and biases stay
in float32.
"""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.arrays import array_module, beside
from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.compress import nibble_products
from tinyllm.compress.int8 import Int8Embedding
from tinyllm.compress.nibble_products import BLOCK
from tinyllm.compress.quantized import Quantized, bias_of, put_forms
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter, Weight, check_finite, weights

SHARES = np.linspace(0.6, 1.2, 25)  # of the step with which the largest weight has the lowest code
MOST = 65504.0  # what float16 can hold


@dataclass(frozen=True)
class Int4Config(Config):
    """How weights become int4."""

    title = "int4"
    bits: int = option(4, "bits por peso das camadas lineares: 4 ou 3", at_least=3, at_most=4)
    scaled: bool = option(False, "cada canal que entra numa camada tem a sua própria escala")


def lowest(bits):
    """The lowest code of so many bits; the highest is one less than its opposite."""
    return -(2 ** (bits - 1))


def values(bits):
    """(16,): what a code, counted from the lowest one, stands for; those that `bits` have no room for are 0."""
    steps = np.arange(lowest(bits), -lowest(bits), dtype=np.float32)
    return np.concatenate([steps, np.zeros(16 - len(steps), np.float32)])


def nearest(blocks, step, bits):
    """(..., 64), (...) -> (..., 64) int8: the codes of the nearest whole numbers of steps."""
    xp, least = array_module(blocks), lowest(bits)
    steps = xp.where(step == 0, 1, step).astype(blocks.dtype)[..., None]
    return xp.clip(xp.rint(blocks / steps), least, -least - 1).astype("int8")


def in_blocks(matrix):
    """(rows, n) -> (rows, ⌈n / 64⌉, 64), filled up with zeros"""
    xp, (rows, n) = array_module(matrix), matrix.shape
    filled = xp.concatenate([matrix, xp.zeros((rows, -n % BLOCK), matrix.dtype)], axis=1)
    return filled.reshape(rows, -1, BLOCK)


def steps_of(matrix, bits):
    """(rows, n) -> (rows, ⌈n / 64⌉) float16: of each 64 weights the step whose codes are nearest to them, by the sum of
    the squared differences. Raises UsageError for weights that float16 cannot measure."""
    xp, blocks = array_module(matrix), in_blocks(matrix)
    at = xp.abs(blocks).argmax(axis=2)[..., None]
    whole = xp.take_along_axis(blocks, at, axis=2)[..., 0] / lowest(bits)
    if whole.size and float(xp.abs(whole).max()) * SHARES[-1] > MOST:
        raise UsageError(f"a weight of {float(xp.abs(matrix).max()):.3g} is too large for int4; use int8 or nf4")
    best, least = None, None
    for share in SHARES:
        step = (whole * share).astype("float16")
        wide = step.astype(matrix.dtype)
        error = ((nearest(blocks, wide, bits) * wide[..., None] - blocks) ** 2).sum(axis=2)
        best = step if best is None else xp.where(error < least, step, best)
        least = error if least is None else xp.minimum(error, least)
    return best


def rounded(matrix, step, bits):
    """(rows, n), (rows, ⌈n / 64⌉) -> (rows, n) int8: the nearest codes"""
    codes = nearest(in_blocks(matrix), step.astype(matrix.dtype), bits)
    return codes.reshape(len(matrix), -1)[:, : matrix.shape[1]]


def pack(codes, bits):
    """(rows, n) int8 -> uint8: two codes of 4 bits a byte, the first in its upper half, (rows, ⌈n / 2⌉); or eight codes
    of 3 bits in three bytes, the first in the lowest bits, (rows, 3 ⌈n / 8⌉)."""
    xp, (rows, n) = array_module(codes), codes.shape
    counted = (codes - lowest(bits)).astype("uint8")
    counted = xp.concatenate([counted, xp.zeros((rows, -n % (2 if bits == 4 else 8)), "uint8")], axis=1)
    if bits == 4:
        return counted[:, ::2] << 4 | counted[:, 1::2]
    eight = counted.reshape(rows, -1, 8).astype("uint32")
    word = sum(eight[:, :, i] << 3 * i for i in range(8))
    return xp.stack([word >> 8 * byte & 255 for byte in range(3)], axis=2).astype("uint8").reshape(rows, -1)


def nibbles(packed, bits, n):
    """What `pack` made of n codes a row -> (rows, ⌈n / 2⌉) uint8: two codes a byte, as products take them."""
    return packed if bits == 4 else spread(packed, n)


@TwinnedFunction
def spread(packed, n):
    """(rows, 3 ⌈n / 8⌉) -> (rows, ⌈n / 2⌉) uint8: what has eight codes in three bytes, two a byte"""
    xp, rows = array_module(packed), len(packed)
    three = packed.reshape(rows, -1, 3).astype("uint32")
    word = three[:, :, 0] | three[:, :, 1] << 8 | three[:, :, 2] << 16
    pairs = xp.stack([(word >> 6 * i & 7) << 4 | word >> 6 * i + 3 & 7 for i in range(4)], axis=2)
    return pairs.astype("uint8").reshape(rows, -1)[:, : n - n // 2]


@spread.compiled
def spread_compiled(packed, n):
    pairs = np.empty((len(packed), packed.shape[1] // 3 * 4), np.uint8)
    spread_bytes(np.ascontiguousarray(packed).reshape(-1), pairs.reshape(-1))
    return np.ascontiguousarray(pairs[:, : n - n // 2])


@kernel
def spread_bytes(packed, pairs):
    """(3 N,) -> pairs, (4 N,)"""
    for i in range(packed.size // 3):
        word = np.uint32(packed[3 * i]) | np.uint32(packed[3 * i + 1]) << 8 | np.uint32(packed[3 * i + 2]) << 16
        for pair in range(4):
            both = word >> np.uint32(6 * pair)
            pairs[4 * i + pair] = np.uint8((both & 7) << 4 | both >> 3 & 7)


class Int4(Quantized):
    """What a linear layer or a projection becomes: `codes` as `pack` keeps them, `step`, (n_out, ⌈n_in / 64⌉), and, if
    it is `scaled`, `channels`, (n_in,), by which what goes in is divided. (..., n_in) -> (..., n_out)"""

    def __init__(self, layer, config):
        self.bits, self.shape = config.bits, layer.weight.shape
        matrix = layer.weight.data.T
        step = steps_of(matrix, self.bits)
        self.step = Weight(step)
        self.codes = Weight(pack(rounded(matrix, step, self.bits), self.bits))
        if config.scaled:
            self.channels = Weight(array_module(matrix).ones(self.shape[0], "float32"))
        self.bias = getattr(layer, "bias", None)

    size = property(lambda self: self.shape[0] * self.shape[1])
    scaled = property(lambda self: "channels" in vars(self))
    nibbles = property(lambda self: nibbles(self.codes.data, self.bits, self.shape[0]))

    def put(self, codes, step, channels=None):
        """Take codes, (n_out, n_in) int8, and steps that were chosen elsewhere."""
        self.codes.data[...], self.step.data[...] = pack(codes, self.bits), step
        if channels is not None:
            self.channels.data[...] = channels

    def __call__(self, x):
        if self.scaled:
            x = x * (1 / self.channels.data)
        step, table = self.step.data.astype("float32"), beside(values(self.bits), self.codes.data)
        return nibble_products.nibble_linear(x, self.nibbles, step, *bias_of(self), values=table)

    @property
    def matrix(self):
        table = beside(values(self.bits), self.codes.data)
        found = nibble_products.decode(self.nibbles, self.step.data.astype("float32"), self.shape[0], table)
        return found / self.channels.data if self.scaled else found

    def restored(self, rng):
        layer = (layers.Projection if self.bias is None else layers.Linear)(*self.shape, rng=rng)
        layer.weight = Parameter(self.matrix.T.copy())
        if self.bias is not None:
            layer.bias = self.bias
        return layer


def quantize(model, config=None):
    """Give every linear layer and projection its int4 form, and every embedding that of int8; return the model.

    Raises UsageError for a model that has been quantised, or that holds NaN or infinity.
    """
    config = config or Int4Config()
    check_finite(weights(model))

    def made(layer):
        return Int4(layer, config)

    def embedding(layer):
        return Int8Embedding(layer, group=0)

    return put_forms(model, {layers.Linear: made, layers.Projection: made, layers.Embedding: embedding})
