"""The simple layers: linear, embedding, norms, dropout, feed-forward networks, positions to add."""

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module, beside
from tinyllm.errors import UsageError
from tinyllm.nn.module import Module, Parameter
from tinyllm.nn.outline import ones, zeros
from tinyllm.tensor import array_of


def initial_weight(n_in, n_out, *, rng, std=None):
    """-> (n_in, n_out): normal, of deviation `std`. By default that is 1/√n_in, with which what
    comes out is as large as what went in (LeCun et al. 1998)."""
    return rng.normal(scale=n_in**-0.5 if std is None else std, size=(n_in, n_out))


def out_std(width, additions):
    """The deviation of a block's last weights before training: so small that, after so many
    additions to its `width` channels, the stream is still about what it was (as in GPT-2, Radford
    et al. 2019, but a tenth of 1/√width)."""
    return 0.1 * (additions * width) ** -0.5


class Linear(Module):
    """(..., n_in) -> (..., n_out): x @ weight + bias."""

    def __init__(self, n_in, n_out, *, rng, std=None):
        self.weight = Parameter(initial_weight(n_in, n_out, rng=rng, std=std))
        self.bias = Parameter(zeros(n_out))

    def __call__(self, x):
        return F.linear(x, self.weight, self.bias)


class Projection(Module):
    """(..., n_in) -> (..., n_out): x @ weight, without a bias."""

    def __init__(self, n_in, n_out, *, rng, std=None):
        self.weight = Parameter(initial_weight(n_in, n_out, rng=rng, std=std))

    def __call__(self, x):
        return x @ self.weight


class Embedding(Module):
    """(...) ids -> (..., C): the learned row of each id. Raises UsageError for an id outside
    0..V-1."""

    def __init__(self, count, width, *, rng, std):
        self.weight = Parameter(rng.normal(scale=std, size=(count, width)))

    def __call__(self, ids):
        if array_module(self.weight.data) is not np:  # where nobody can look at them any more
            F.embeddings.check_ids(ids, len(self.weight))
        return F.embedding(beside(ids, self.weight.data), self.weight)


def token_rows(ids):
    """Ids as an array or lists -> (B, T). Raises UsageError for another shape."""
    ids = array_of(ids)
    if ids.ndim != 2:
        raise UsageError(
            f"a model reads rows of token ids, (B, T), got {ids.shape}; a single text is [ids]"
        )
    return ids


def check_length(length, config):
    """Raise UsageError for a text of more tokens than the context of a model's config."""
    if length > config.context:
        raise UsageError(
            f"{length} tokens do not fit in a context of {config.context}; "
            f"raise {type(config).__name__}.context or shorten the text"
        )


def places(ids, config, cache=None):
    """(B, T) ids behind a cache -> where they stand: a slice, or (B, T) if its rows differ.

    What fills a row up may reach beyond the context: it stands at its last place. Raises UsageError
    if no row fits.
    """
    T, starts = ids.shape[1], None if cache is None else cache.starts
    if starts is None:
        first = 0 if cache is None else cache.length
        check_length(first + T, config)
        return slice(first, first + T)
    check_length(starts.min() + T, config)
    return np.minimum(starts[:, None] + np.arange(T), config.context - 1)


class LayerNorm(Module):
    """(..., C) -> (..., C)"""

    def __init__(self, width, *, eps=1e-5):
        self.weight = Parameter(ones(width))
        self.bias = Parameter(zeros(width))
        self.eps = eps

    def __call__(self, x):
        return F.layer_norm(x, self.weight, self.bias, eps=self.eps)


class RMSNorm(Module):
    """(..., C) -> (..., C)"""

    def __init__(self, width, *, eps=1e-6):
        self.weight = Parameter(ones(width))
        self.eps = eps

    def __call__(self, x):
        return F.rms_norm(x, self.weight, eps=self.eps)


class Dropout(Module):
    """(B, ...) -> (B, ...): drops only inside `F.noise(...)`, that is while training."""

    def __init__(self, rate):
        F.randomness.check_rate(rate)
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


class GatedFeedForward(Module):
    """(..., C) -> (..., C): as FeedForward, but of M hidden channels each has a gate
    (SwiGLU, Shazeer 2020)."""

    def __init__(self, width, hidden, *, rng, out_std=None):
        self.gate = Projection(width, hidden, rng=rng)
        self.up = Projection(width, hidden, rng=rng)
        self.down = Projection(hidden, width, rng=rng, std=out_std)

    def __call__(self, x):
        return self.down(F.swiglu(self.gate(x), self.up(x)))


class LearnedPositions(Module):
    """(B, T, C) -> (B, T, C): adds to each position a row that is learned, for texts up to the
    context."""

    def __init__(self, context, width, *, rng):
        self.weight = Parameter(rng.normal(scale=0.03, size=(context, width)))

    def __call__(self, x):
        return x + self.weight[: x.shape[1]]


class SinusoidalPositions(Module):
    """(B, T, C) -> (B, T, C): adds to each position its sines and cosines (Vaswani et al. 2017).

    They are a tenth as large as in the paper, which makes the tokens larger instead.
    """

    def __init__(self, context, width, *, rng):
        self.waves = np.float32(0.1) * F.sinusoids(np.arange(context), width)

    def __call__(self, x):
        return x + beside(self.waves[: x.shape[1]], x.data)


class NoPositions(Module):
    """(B, T, C) -> (B, T, C): the same. Who reads it has a bag of tokens, in no order."""

    def __init__(self, context, width, *, rng):
        """Nothing to keep; the arguments are those of the others."""

    def __call__(self, x):
        return x
