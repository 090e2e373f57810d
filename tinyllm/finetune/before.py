"""What a decoder is with something learned before every text: those who use it see the text alone."""

import dataclasses

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.finetune.method import Added


class BehindCache:
    """A cache as they see it who know nothing of so many positions that stand before every text."""

    def __init__(self, cache, before):
        self.cache, self.before = cache, before

    lengths = property(lambda self: self.cache.lengths - self.before)

    def truncate(self, lengths):
        """Forget what stands behind the lengths, (B,), of the text."""
        self.cache.truncate(lengths + self.before)

    def select(self, rows):
        """Keep these rows, in this order; one that is named twice goes on as two."""
        self.cache.select(rows)

    def join(self, other):
        """Put the rows of another cache behind these."""
        self.cache.join(other.cache)


class BehindDecoder(Added):
    """(B, T) token ids -> (B, T, V) logits of the next: a decoder with `before` learned positions before every text.

    A kind of it says how those are read: its `hidden`, (B, T) -> (B, T, C), and the `own_caches` of its inner.
    """

    config = property(lambda self: without_room(self.inner.config, self.before))
    longest = property(lambda self: self.inner.longest - self.before)

    def __init__(self, inner, before):
        super().__init__(inner)
        self.before = before

    def new_caches(self):
        """An empty cache for each that the inner has."""
        return [BehindCache(cache, self.before) for cache in self.own_caches()]

    def head(self):
        """(C, V)"""
        return self.inner.head()

    def __call__(self, ids, caches=None):
        return self.hidden(ids, caches) @ self.head()

    def loss(self, ids, targets, weights=None, **softened):
        """(B, T) ids, (B, T) of what comes next, (B, T) weights -> (): cross-entropy in nats, with the options of
        F.linear_cross_entropy."""
        return F.linear_cross_entropy(self.hidden(ids), self.head(), targets, weights=weights, **softened)


def check_leaves_room(length, config):
    """Raise UsageError if so many positions leave none of the context of a model's config for a text."""
    if length >= config.context:
        raise UsageError(f"length={length} leaves nothing of a context of {config.context} for the text; take fewer")


def without_room(config, length):
    """The config of a model, as those see it who may not know that so many positions are taken."""
    return dataclasses.replace(config, context=config.context - length)
