"""Prompt tuning: before every text stand a few tokens whose embeddings alone are learned (Lester et al. 2021).

They are further ids of the vocabulary, from V on, which no text has and no head can guess: the model reads them as any
other, with positions of their own. They begin as tokens drawn from those it knows.
"""

from dataclasses import dataclass

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module, beside
from tinyllm.config import Config, option
from tinyllm.finetune.before import BehindDecoder, check_leaves_room, without_room
from tinyllm.finetune.method import Added, Method, of_what_was_put
from tinyllm.nn import layers
from tinyllm.nn.module import Module, Parameter, replace_modules
from tinyllm.tensor import array_of, concatenate


@dataclass(frozen=True)
class PromptConfig(Config):
    """How long the prompt is."""

    title = "método"
    length: int = option(16, "quantos tokens virtuais vêm antes de cada texto; ocupam lugar no contexto", at_least=1)


class VirtualTokens(Added):
    """(B, T) ids -> (B, T, C): an embedding, and behind its V rows those of a prompt, (n, C), which are learned.

    Only rows of ids that begin with the whole prompt, V, V + 1, …, may have them.
    """

    weight = property(lambda self: self.inner.weight)  # the head is tied to it

    def __init__(self, inner, prompt):
        super().__init__(inner)
        self.prompt = Parameter(prompt)

    def __call__(self, ids):
        ids, (n, _) = array_of(ids), self.prompt.shape
        if ids.shape[1] <= n or not bool((ids[0, :n] == virtual_ids(ids, len(self.weight), n)).all()):
            return self.inner(ids)
        rows = beside(np.tile(np.arange(n), (len(ids), 1)), self.prompt.data)
        return concatenate(F.embedding(rows, self.prompt), self.inner(ids[:, n:]), axis=1)


def virtual_ids(like, first, count):
    """(count,) ids, from `first` on, where other ids are."""
    return array_module(like).arange(first, first + count)


class PromptedDecoder(BehindDecoder):
    """(B, T) token ids -> (B, T, V) logits of the next: a decoder that reads the prompt before every text."""

    def own_caches(self):
        return self.inner.new_caches()

    def hidden(self, ids, caches=None):
        """(B, T) -> (B, T, C). With caches, ids go on where those end."""
        own = caches and [cache.cache for cache in caches]
        if own and own[0].lengths.size:  # they hold the prompt
            return self.inner.hidden(ids, own)
        return self.inner.hidden(prompted(ids, self.inner, self.before), own)[:, self.before :]


class PromptedEncoder(Added):
    """(B, T) token ids -> (B, T, C): an encoder that reads a prompt before every text, and tells of the text alone."""

    config = property(lambda self: without_room(self.inner.config, self.before))
    tokens = property(lambda self: self.inner.tokens)  # with which a BERT compares

    def __init__(self, inner, before):
        super().__init__(inner)
        self.before = before

    def hidden(self, ids, lengths=None):
        """(B, T) -> (B, T, C). Of row b the first lengths[b] tokens are real."""
        ids, lengths = prompted(ids, self.inner, self.before), longer(lengths, self.before)
        return self.inner.hidden(ids, lengths)[:, self.before :]


class PromptedT5(Added):
    """(B, S) ids of the source, (B, T) ids written so far -> (B, T, V): a T5 whose encoder reads the prompt before
    every source. Its decoder looks at both."""

    config = property(lambda self: without_room(self.inner.config, self.before))

    def __init__(self, inner, before):
        super().__init__(inner)
        self.before = before

    def behind(self, ids, lengths):
        """Ids and lengths of sources -> the same of what the encoder reads."""
        return prompted(ids, self.inner.encoder, self.before), longer(lengths, self.before)

    def hidden(self, ids, lengths=None):
        """(B, S) -> (B, S, C): what each token of the source means where it stands."""
        return self.inner.hidden(*self.behind(ids, lengths))[:, self.before :]

    def head(self):
        """(C, V)"""
        return self.inner.head()

    def __call__(self, ids, inputs, lengths=None):
        ids, lengths = self.behind(ids, lengths)
        return self.inner(ids, inputs, lengths)

    def loss(self, ids, targets, weights=None, **softened):
        """(B, S) source ids, (B, T) ids to write, (B, T) weights -> (): as the loss of a T5."""
        ids, _ = self.behind(ids, None)
        return self.inner.loss(ids, targets, weights, **softened)

    def answering(self, ids, lengths=None):
        """(B, S) source ids, (B,) -> what writes about them."""
        return self.inner.answering(*self.behind(ids, lengths))


def prompted(ids, reader, length):
    """(B, T) ids -> (B, length + T): behind the ids of the prompt."""
    ids = layers.token_rows(ids).astype("int64")
    xp = array_module(ids)
    prompt = xp.broadcast_to(virtual_ids(ids, len(reader.tokens.weight), length), (len(ids), length))
    return xp.concatenate([prompt, ids], axis=1)


def longer(lengths, more):
    """(B,) or None -> the same with so many more."""
    return None if lengths is None else array_of(lengths) + more


def put(model, config, *, rng):
    """Put a prompt before what a model reads; return the model, or what to use in its place.

    Raises UsageError if it leaves no room for a text.
    """
    check_leaves_room(config.length, model.config)
    owner = next(module for _, module in model.named_modules() if isinstance(vars(module).get("tokens"), Module))
    tokens, reader = owner.tokens, model if hasattr(model, "answering") else owner
    kinds = {"answering": PromptedT5, "new_caches": PromptedDecoder, "hidden": PromptedEncoder}
    kind = next(kind for name, kind in kinds.items() if hasattr(reader, name))
    table = tokens.weight.data
    drawn = table[beside(rng.integers(len(table), size=config.length), table)]

    def change(path, module):
        if module is tokens:
            return VirtualTokens(module, drawn)
        return kind(module, config.length) if module is reader else module

    return replace_modules(model, change)


METHOD = Method(PromptConfig, put, of_what_was_put, pace=20.0)
