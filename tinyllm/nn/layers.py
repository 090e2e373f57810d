"""The simple layers: linear, embedding, layer norm, dropout, and the feed-forward network."""

import numpy as np

from tinyllm import functional as F
from tinyllm.backend import array_module, beside
from tinyllm.errors import UsageError
from tinyllm.nn.module import Module, Parameter


class Linear(Module):
    """(..., n_in) -> (..., n_out): x @ weight + bias. Weights start normal, of deviation `std` (1/√n_in by default)."""

    def __init__(self, n_in, n_out, *, rng, std=None):
        self.weight = Parameter(rng.normal(scale=n_in**-0.5 if std is None else std, size=(n_in, n_out)))
        self.bias = Parameter(np.zeros(n_out))

    def __call__(self, x):
        return F.linear(x, self.weight, self.bias)


class Embedding(Module):
    """(...) ids -> (..., C): the learned row of each id. Raises UsageError for an id outside 0..V-1."""

    def __init__(self, count, width, *, rng, std):
        self.weight = Parameter(rng.normal(scale=std, size=(count, width)))

    def __call__(self, ids):
        check_ids(ids, len(self.weight))
        return F.embedding(beside(ids, self.weight.data), self.weight)


def check_ids(ids, count):
    """Raise UsageError if an id is no integer of 0..count-1. Ids on a GPU pass: a look at them would make it wait."""
    if array_module(ids) is not np:
        return
    if ids.dtype.kind not in "iu":
        raise UsageError(f"token ids must be integers, got {ids.dtype}")
    if ids.size and (ids.min() < 0 or ids.max() >= count):
        wrong = ids[(ids < 0) | (ids >= count)].flat[0]
        raise UsageError(
            f"token id {wrong} is outside the vocabulary 0..{count - 1}; were the ids made by this model's tokenizer?"
        )


class LayerNorm(Module):
    """(..., C) -> (..., C)"""

    def __init__(self, width, *, eps=1e-5):
        self.weight = Parameter(np.ones(width))
        self.bias = Parameter(np.zeros(width))
        self.eps = eps

    def __call__(self, x):
        return F.layer_norm(x, self.weight, self.bias, eps=self.eps)


class Dropout(Module):
    """(B, ...) -> (B, ...): drops only inside `F.noise(...)`, that is while training."""

    def __init__(self, rate):
        if not 0 <= rate < 1:
            raise UsageError(f"dropout rate {rate} is outside 0 <= rate < 1")
        self.rate = rate

    def __call__(self, x):
        return F.dropout(x, rate=self.rate)


class FeedForward(Module):
    """(..., C) -> (..., C): each position on its own, through M hidden channels."""

    def __init__(self, width, hidden, *, rng, out_std=None):
        self.up = Linear(width, hidden, rng=rng)
        self.down = Linear(hidden, width, rng=rng, std=out_std)

    def __call__(self, x):
        return self.down(F.gelu(self.up(x)))
