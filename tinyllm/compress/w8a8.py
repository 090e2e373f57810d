"""w8a8: a model in whose layers both the weights and what goes in have 8 bits.

What goes in is counted in steps that are the same for every text: how long a step is, and what each channel is divided
by before, was seen on texts of the training (`scaling.smoothed`; Xiao et al. 2023, SmoothQuant). What lies beyond 127
steps is cut off. The weights have one scale for each row, and embeddings are in int8.
"""

from dataclasses import dataclass

from tinyllm.backend.arrays import array_module
from tinyllm.compress import int8, int8_products
from tinyllm.compress.int8 import STEPS, Int8Embedding
from tinyllm.compress.quantized import Quantized, bias_of, put_forms
from tinyllm.config import Config
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter, Weight, check_finite, weights
from tinyllm.tensor import op


@dataclass(frozen=True)
class W8A8Config(Config):
    """How a model becomes w8a8: there is nothing to choose."""

    title = "w8a8"


@op
def whole_steps(x, per_step):
    """(..., n), (n,) -> (..., n): x times per_step, as the nearest whole number from -127 to 127. Its gradient is that
    without the rounding, and 0 beyond the ends (Bengio et al. 2013, straight-through)."""
    xp = array_module(x)
    counted = x * per_step
    y = xp.clip(xp.rint(counted), -STEPS, STEPS)

    def backward(dy):
        return lambda: dy * per_step * (xp.abs(counted) <= STEPS), None

    return y, backward


class W8A8(Quantized):
    """What a linear layer or a projection becomes: `codes`, (n_out, n_in), `scale`, (n_out, 1), `channels`, (n_in,),
    and `step`, (1,). (..., n_in) -> (..., n_out)"""

    def __init__(self, layer):
        xp, self.bias = array_module(layer.weight.data), getattr(layer, "bias", None)
        codes, scale = int8.encode(layer.weight.data.T)
        self.codes, self.scale = Weight(codes), Weight(scale)
        self.channels = Weight(xp.ones(codes.shape[1], "float32"))
        self.step = Weight(xp.ones(1, "float32"))

    size = property(lambda self: self.codes.data.size)

    def put(self, codes, scale, channels, step):
        """Take what was chosen elsewhere."""
        self.codes.data[...], self.scale.data[...] = codes, scale
        self.channels.data[...], self.step.data[...] = channels, step

    def __call__(self, x):
        counted = whole_steps(x, 1 / (self.channels.data * self.step.data))
        scale = self.scale.data * self.step.data
        return int8_products.int8_linear(counted, self.codes, scale, *bias_of(self), group=0)

    @property
    def matrix(self):
        """(n_out, n_in): of the weights alone, as if what goes in had not been rounded"""
        return int8_products.decode(self.codes.data, self.scale.data, 0) / self.channels.data

    def restored(self, rng):
        layer = (layers.Projection if self.bias is None else layers.Linear)(*self.codes.shape[::-1], rng=rng)
        layer.weight = Parameter(self.matrix.T.copy())
        if self.bias is not None:
            layer.bias = self.bias
        return layer


def quantize(model, config=None):
    """Give every linear layer and projection its w8a8 form, and every embedding that of int8; return the model. Its
    steps are 1 long until what goes in has been seen (`methods.compress`).

    Raises UsageError for a model that has been quantised, or that holds NaN or infinity.
    """
    check_finite(weights(model))
    forms = {
        layers.Linear: W8A8,
        layers.Projection: W8A8,
        layers.Embedding: lambda layer: Int8Embedding(layer, group=0),
    }
    return put_forms(model, forms)
