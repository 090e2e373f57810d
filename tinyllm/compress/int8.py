"""int8: a model whose matrices are kept in 8 bits a weight, and are read as they are.

Of each row of a matrix, or of each `group` of its numbers, the largest magnitude is 127 steps long;
a weight is the nearest whole number of steps (symmetric, as in Dettmers et al. 2022, LLM.int8()).
A product takes the codes as they are: one token at a time, a model is as fast as its weights are
read, and these are a quarter as long. Norms and biases stay in float32.
"""

from dataclasses import dataclass

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module, beside
from tinyllm.compress import int8_products
from tinyllm.compress.int8_products import decode
from tinyllm.compress.quantized import Quantized, put_forms
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter, Weight
from tinyllm.tensor import Tensor

STEPS = 127  # the code -128 would have no opposite


@dataclass(frozen=True)
class Int8Config(Config):
    """How weights become int8."""

    title = "int8"
    group: int = option(0, "quantos pesos seguidos têm a mesma escala, um múltiplo de 64; 0: uma linha", at_least=0)

    def __post_init__(self):
        super().__post_init__()
        if self.group % 64:
            raise UsageError(f"group={self.group} is no multiple of 64; choose 64, 128 or another")


def encode(weight, group=0):
    """(rows, n) -> (rows, n) int8, (rows, groups) float32: the codes, and how long a step is.

    A `group` of 0 is the whole row.
    """
    xp, (rows, n) = array_module(weight), weight.shape
    group = group or n
    filled = xp.concatenate([weight, xp.zeros((rows, -n % group), weight.dtype)], axis=1)
    parts = filled.reshape(rows, -1, group)
    scale = (xp.abs(parts).max(axis=2) / STEPS).astype("float32")
    steps = xp.where(scale > 0, scale, 1)[:, :, None]
    codes = xp.rint(parts / steps).astype("int8")
    return codes.reshape(rows, -1)[:, :n].copy(), scale


class Int8(Quantized):
    """What a layer with a matrix becomes: `codes`, (n_out, n_in), and `scale`, (n_out, groups)."""

    def __init__(self, matrix, group):
        codes, scale = encode(matrix, group)
        self.codes, self.scale, self.group = Weight(codes), Weight(scale), group

    size = property(lambda self: self.codes.data.size)

    def put(self, codes, scale):
        """Take codes and scales that were chosen elsewhere."""
        self.codes.data[...], self.scale.data[...] = codes, scale

    @property
    def matrix(self):
        return decode(self.codes.data, self.scale.data, self.group)


class Int8Linear(Int8):
    """(..., n_in) -> (..., n_out)"""

    def __init__(self, layer, group):
        super().__init__(layer.weight.data.T, group)
        self.bias = layer.bias

    def __call__(self, x):
        return int8_products.int8_linear(x, self.codes, self.scale, self.bias, group=self.group)

    def restored(self, rng):
        layer = layers.Linear(*self.codes.shape[::-1], rng=rng)
        layer.weight, layer.bias = Parameter(self.matrix.T.copy()), self.bias
        return layer


class Int8Projection(Int8):
    """(..., n_in) -> (..., n_out)"""

    def __init__(self, layer, group):
        super().__init__(layer.weight.data.T, group)

    def __call__(self, x):
        return int8_products.int8_linear(x, self.codes, self.scale, group=self.group)

    def restored(self, rng):
        layer = layers.Projection(*self.codes.shape[::-1], rng=rng)
        layer.weight = Parameter(self.matrix.T.copy())
        return layer


class Int8Embedding(Int8):
    """(...) ids -> (..., C). Raises UsageError for an id outside 0..V-1."""

    def __init__(self, layer, group):
        super().__init__(layer.weight.data, group)

    def __call__(self, ids):
        F.embeddings.check_ids(ids, len(self.codes))
        return self.weight[beside(ids, self.codes.data)]

    @property
    def weight(self):
        """(V, C), of which a model takes rows, or that it turns into its head."""
        return Int8Table(self.codes.data, self.scale.data, self.group)

    def restored(self, rng):
        layer = layers.Embedding(*self.codes.shape, rng=rng, std=1.0)
        layer.weight = Parameter(self.matrix)
        return layer


class Int8Table(Tensor):
    """(V, C): a Tensor whose numbers are kept as codes. Its rows, and products with it turned, are
    made of the codes; any other operation is given all of its numbers in float32."""

    __slots__ = ("codes", "group", "scale")

    def __init__(self, codes, scale, group):
        self.codes, self.scale, self.group = codes, scale, group
        self.node, self.requires_grad = None, False

    shape = property(lambda self: self.codes.shape)
    dtype = property(lambda self: self.scale.dtype)
    data = property(lambda self: decode(self.codes, self.scale, self.group))

    def __getitem__(self, index):
        return Tensor(decode(self.codes[index], self.scale[index], self.group))

    def transpose(self, *axes):
        turned = Int8Head(self.codes, self.scale, self.group)
        return turned if axes in ((), (1, 0)) else super().transpose(*axes)


class Int8Head(Int8Table):
    """(C, V): such a table, turned. The head of a model, of which the products are those with it."""

    __slots__ = ()

    shape = property(lambda self: self.codes.shape[::-1])
    data = property(lambda self: decode(self.codes, self.scale, self.group).T)

    def __rmatmul__(self, x):
        return int8_products.int8_linear(x, self.codes, self.scale, group=self.group)

    def __mul__(self, factor):
        if not isinstance(factor, int | float):
            return super().__mul__(factor)
        return Int8Head(self.codes, self.scale * np.float32(factor), self.group)

    def transpose(self, *axes):
        turned = Int8Table(self.codes, self.scale, self.group)
        return turned if axes in ((), (1, 0)) else super().transpose(*axes)


def quantize(model, config=None):
    """Give every linear layer, projection and embedding its int8 form; return the model.

    Raises UsageError for a model that has been quantised.
    """
    config = config or Int8Config()
    forms = {
        layers.Linear: Int8Linear,
        layers.Projection: Int8Projection,
        layers.Embedding: Int8Embedding,
    }
    return put_forms(model, forms, group=config.group)
