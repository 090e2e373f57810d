"""A classifier: any encoder or decoder reads a text, and one linear layer says which label it
bears."""

import inspect

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module, beside
from tinyllm.nn import layers
from tinyllm.nn.module import Module
from tinyllm.tensor import array_of


class Classifier(Module):
    """(B, T) token ids, (B,) lengths -> (B, L) logits of the labels. Of row b the first lengths[b]
    tokens are real.

    Of an encoder it takes the mean over the real positions; of a decoder the last one, which alone
    has read everything.
    """

    def __init__(self, body, labels, *, rng):
        self.config, self.body = body.config, body
        self.dropout = layers.Dropout(body.config.dropout)
        self.head = layers.Linear(body.config.width, labels, rng=rng)

    def hidden(self, ids):
        """(B, T) -> (B, T, C): what its body makes of rows without padding."""
        return self.body.hidden(ids)

    def __call__(self, ids, lengths):
        ids, lengths = layers.token_rows(ids), array_of(lengths)
        F.masks.check_lengths(lengths, *ids.shape)
        # (B, C)
        pooled = self.mean(ids, lengths) if sees_both_ways(self.body) else self.last(ids, lengths)
        return self.head(self.dropout(pooled))

    def mean(self, ids, lengths):
        """(B, T), (B,) -> (B, C)"""
        hidden = self.body.hidden(ids, lengths)  # (B, T, C)
        xp, lengths = array_module(hidden.data), beside(lengths, hidden.data)
        real = xp.arange(ids.shape[1]) < lengths[:, None]  # (B, T)
        shares = (real / lengths[:, None]).astype(hidden.dtype)
        return (hidden * shares[:, :, None]).sum(axis=1)

    def last(self, ids, lengths):
        """(B, T), (B,) -> (B, C)"""
        hidden = self.body.hidden(ids)  # (B, T, C)
        rows = beside(np.arange(len(ids)), hidden.data)
        return hidden[rows, beside(lengths, hidden.data) - 1]

    def loss(self, ids, lengths, labels, weights=None, **softened):
        """(B, T) ids, (B,) lengths, (B,) numbers of labels, (B,) weights -> (): mean cross-entropy
        in nats, with the options of F.cross_entropy."""
        # a simpler cross_entropy, in the place of ours, has no weights
        options = {} if weights is None else {"weights": weights}
        return F.cross_entropy(self(ids, lengths), labels, **options, **softened)


def sees_both_ways(body):
    """Whether a body is an encoder. It has to be told where the padding begins; a decoder, which
    looks back, never sees it."""
    return "lengths" in inspect.signature(body.hidden).parameters
