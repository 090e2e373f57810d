"""NF4: a model whose linear layers are kept in 4 bits a weight, as QLoRA keeps what it does not learn.

Of each 64 weights that one output sums over, the largest magnitude is kept as their scale, and of
each weight which of 16 fractions of that it is nearest to. Trained weights are about normal, and the
fractions are quantiles of a normal: each is taken about equally often (Dettmers et al. 2023, QLoRA).
The scales are quantised too: their mean is taken off, and of each 256 the rest is kept in 8 bits.
That makes 4.13 bits a weight. Embeddings, norms and biases stay in float32, as in the paper.
"""

from dataclasses import dataclass

from tinyllm.backend.arrays import array_module, beside
from tinyllm.compress import nibble_products
from tinyllm.compress.nibble_products import BLOCK, VALUES
from tinyllm.compress.quantized import Quantized, put_forms
from tinyllm.config import Config
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter, Weight, check_finite, weights
from tinyllm.optim import adamw8bit

LIMITS = 0.5 * (VALUES[:-1] + VALUES[1:])  # halfway between each value and the next
PLACES = (
    65535  # from -1 to 1: the paper's library, on a processor, tells scales apart no finer; and these are its codes
)
TINY = 1e-38  # the inverse of less would be infinite


@dataclass(frozen=True)
class NF4Config(Config):
    """How weights become NF4: there is nothing to choose."""

    title = "nf4"


def encode(matrix):
    """(rows, n) -> (rows, ⌈n / 2⌉) uint8, (rows, ⌈n / 64⌉): two codes a byte, the first in its upper
    half, and the scale of each block."""
    xp, (rows, n) = array_module(matrix), matrix.shape
    filled = xp.concatenate([matrix, xp.zeros((rows, -n % BLOCK), matrix.dtype)], axis=1)
    blocks = filled.reshape(rows, -1, BLOCK)
    scale = xp.abs(blocks).max(axis=2)
    fractions = blocks * (1 / xp.maximum(scale, TINY))[:, :, None]
    codes = xp.searchsorted(beside(LIMITS, matrix), fractions).astype("uint8")
    codes = codes.reshape(rows, -1)[:, : n + n % 2]
    return codes[:, ::2] << 4 | codes[:, 1::2], scale


def encode_scale(scale):
    """(...) -> (...) uint8, (⌈size / 256⌉,), (1,): how far from the mean each scale is, as one of the
    256 fractions of 8-bit AdamW; how far at most in its block; and the mean."""
    xp = array_module(scale)
    mean = scale.mean(dtype="float64").astype("float32").reshape(1)
    blocks = adamw8bit.in_blocks(scale - mean)
    span = xp.abs(blocks).max(axis=1)
    fractions = blocks * (1 / xp.maximum(span, TINY))[:, None]
    fractions = xp.where(span[:, None] > 0, fractions, -1)  # of equal scales: any code times 0
    places = xp.floor((fractions + 1) * 0.5 * PLACES + 0.5)
    limits = beside(adamw8bit.limits(signed=True), scale)
    codes = xp.searchsorted(limits, 2 * places / PLACES - 1).astype("uint8")
    return codes.reshape(-1)[: scale.size].reshape(scale.shape), span, mean


def decode_scale(codes, span, mean):
    """(...) uint8, (blocks,), (1,) -> (...): the way back from `encode_scale`."""
    return adamw8bit.decode(codes, span, signed=True) + mean


class NF4(Quantized):
    """What a layer with a matrix becomes: `codes`, (n_out, ⌈n_in / 2⌉), and of their scales `scale_codes`,
    (n_out, ⌈n_in / 64⌉), `span` and `mean`. `shape` is (n_in, n_out), that of the layer's weight."""

    def __init__(self, layer):
        self.shape = layer.weight.shape
        codes, scale = encode(layer.weight.data.T)
        self.codes = Weight(codes)
        self.scale_codes, self.span, self.mean = map(Weight, encode_scale(scale))

    size = property(lambda self: self.shape[0] * self.shape[1])

    @property
    def scale(self):
        """(n_out, ⌈n_in / 64⌉) of float32"""
        return decode_scale(self.scale_codes.data, self.span.data, self.mean.data)

    @property
    def matrix(self):
        return nibble_products.decode(self.codes.data, self.scale, self.shape[0])


class NF4Linear(NF4):
    """(..., n_in) -> (..., n_out)"""

    def __init__(self, layer):
        super().__init__(layer)
        self.bias = layer.bias

    def __call__(self, x):
        return nibble_products.nibble_linear(x, self.codes, self.scale, self.bias)

    def restored(self, rng):
        layer = layers.Linear(*self.shape, rng=rng)
        layer.weight, layer.bias = Parameter(self.matrix.T.copy()), self.bias
        return layer


class NF4Projection(NF4):
    """(..., n_in) -> (..., n_out)"""

    def __call__(self, x):
        return nibble_products.nibble_linear(x, self.codes, self.scale)

    def restored(self, rng):
        layer = layers.Projection(*self.shape, rng=rng)
        layer.weight = Parameter(self.matrix.T.copy())
        return layer


def quantize(model, config=None):
    """Give every linear layer and projection its NF4 form; return the model.

    Raises UsageError for a model that has been quantised, or that holds NaN or infinity.
    """
    check_finite(weights(model))
    return put_forms(model, {layers.Linear: NF4Linear, layers.Projection: NF4Projection})
