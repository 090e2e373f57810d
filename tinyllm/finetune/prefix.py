"""Prefix tuning: every attention looks also at a few keys and values that are learned (Li and Liang 2021).

They stand before the text as if they had been read: of a decoder, and of the decoder of a T5, a cache begins with them,
and of a BERT they stand before those of every attention. At first they are those of tokens drawn from the vocabulary.
"""

from dataclasses import dataclass
from typing import NamedTuple

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.finetune.before import BehindCache, BehindDecoder, check_leaves_room
from tinyllm.finetune.method import Added, Method, of_what_was_put
from tinyllm.nn.cache import DecoderCache, LayerCache
from tinyllm.nn.module import Module, Parameter, replace_modules
from tinyllm.tensor import concatenate, no_grad


@dataclass(frozen=True)
class PrefixConfig(Config):
    """How long the prefix is."""

    title = "método"
    length: int = option(
        16, "quantas chaves e valores aprendidos cada atenção vê antes do texto; ocupam lugar no contexto", at_least=1
    )


class Prefix(Module):
    """The keys and values, (1, H, n, D), that stand before those of one attention.

    It can be given in the place of a cache that has read them: what comes of it goes back to them, and nothing is kept.
    """

    starts = None

    def __init__(self, keys, values):
        self.keys, self.values = Parameter(keys), Parameter(values)

    length = property(lambda self: self.keys.shape[2])

    def append(self, k, v):
        """Two of (B, H, T, D) -> two of (B, H, n + T, D)"""
        rows = array_module(k.data).ones((len(k), 1, 1, 1), k.dtype)
        return concatenate(self.keys * rows, k, axis=2), concatenate(self.values * rows, v, axis=2)


class PrefixCache(LayerCache):
    """A cache that begins with a prefix, in every row."""

    def __init__(self, prefix):
        super().__init__()
        self.prefix, self.length = prefix, prefix.length

    def append(self, k, v):
        """Two of (B, H, T, D) -> two of (B, H, S, D): the new ones behind all that came before."""
        if self.keys is None:
            k, v = self.prefix.append(k, v)
            self.length = 0
        return super().append(k, v)


class PrefixedDecoder(BehindDecoder):
    """(B, T) token ids -> (B, T, V) logits of the next: a decoder, of whose blocks each has a Prefix."""

    def __init__(self, inner, prefixes):
        super().__init__(inner, prefixes[0].length)
        self.prefixes = prefixes

    def own_caches(self):
        return [PrefixCache(prefix) for prefix in self.prefixes]

    def hidden(self, ids, caches=None):
        """(B, T) -> (B, T, C). With caches, ids go on where those end."""
        return self.inner.hidden(ids, [cache.cache for cache in caches] if caches else self.prefixes)


class OfPrefix(NamedTuple):
    """In the place of a DecoderCache that has read a prefix, and nothing of the memory."""

    own: Prefix
    memory: None = None
    memory_lengths: None = None


class PrefixedT5Decoder(Added):
    """(B, T), (B, S, C) -> (B, T, C): the decoder of a T5, of whose blocks each has a Prefix before its own past."""

    def __init__(self, inner, prefixes):
        super().__init__(inner)
        self.prefixes = prefixes

    def new_caches(self, memory_lengths=None):
        """An empty cache for each block."""
        caches = [DecoderCache(memory_lengths) for _ in self.prefixes]
        for cache, prefix in zip(caches, self.prefixes, strict=True):
            cache.own = PrefixCache(prefix)
        return [BehindCache(cache, prefix.length) for cache, prefix in zip(caches, self.prefixes, strict=True)]

    def hidden(self, ids, memory, lengths=None, caches=None):
        """(B, T), (B, S, C) -> (B, T, C), as the decoder's own."""
        own = [cache.cache for cache in caches] if caches else list(map(OfPrefix, self.prefixes))
        return self.inner.hidden(ids, memory, lengths, own)


class PrefixedAttention(Added):
    """(B, T, C) -> (B, T, C): the attention of an encoder, whose positions look also at a Prefix."""

    def __init__(self, inner, prefix):
        super().__init__(inner)
        self.prefix = prefix

    def __call__(self, x, lengths=None):
        heads, qkv = self.inner.heads, self.inner.qkv(x)  # (B, T, 3 C)
        q, k, v = (F.split_heads(qkv, heads=heads, part=i, parts=3) for i in range(3))  # each (B, H, T, D)
        k, v = self.prefix.append(k, v)  # each (B, H, n + T, D)
        y = F.attention(q, k, v, lengths=None if lengths is None else lengths + self.prefix.length)
        return self.inner.out(F.merge_heads(y))


def put(model, config, *, rng):
    """Put a prefix before what the blocks of a model read; return the model, or what to use in its place.

    Raises UsageError if it leaves no room for a text, and for a model whose blocks keep no keys and values alone.
    """
    check_leaves_room(config.length, model.config)
    reader = [module for _, module in model.named_modules() if "blocks" in vars(module)][-1]
    drawn = rng.integers(model.config.vocab_size, size=(1, config.length))
    made = prefixes_of(model, reader, drawn)
    return replace_modules(model, lambda path, module: made[module](module) if module in made else module)


def prefixes_of(model, reader, ids):
    """{module: what makes its wrapper}, with the keys and values that a model has of ids, (1, n), as prefixes."""
    first = vars(reader.blocks[0])
    with no_grad():
        if "cross_attention" in first:
            caches = reader.new_caches()
            reader.hidden(ids, model.encoder.hidden(ids), caches=caches)
            return {reader: lambda decoder: PrefixedT5Decoder(decoder, begun([cache.own for cache in caches]))}
        caches = reader.new_caches() if hasattr(reader, "new_caches") else []
        if len(caches) == len(reader.blocks) and isinstance(caches[0], LayerCache):
            reader.hidden(ids, caches)
            return {reader: lambda decoder: PrefixedDecoder(decoder, begun(caches))}
        if not caches and adds_a_bias(vars(first.get("attention", reader)).get("qkv")):
            return dict(of_attentions(reader, ids))
    raise UsageError(
        f"the blocks of a {type(reader).__name__} do not all keep keys and values, and it can have no prefix; choose "
        "another method, such as prompt"
    )


def adds_a_bias(layer):
    """Whether a layer does, as those of a BERT, and not those of a T5, whose attention adds something else."""
    return getattr(layer, "bias", None) is not None


def begun(caches):
    """The Prefixes that begin as what caches hold."""
    return [Prefix(*(kept.data.copy() for kept in cache.all())) for cache in caches]


def of_attentions(encoder, ids):
    """Yield (attention, what makes its wrapper) of each block of an encoder that reads ids."""
    x, shared = encoder.begin(ids)
    for block in encoder.blocks:
        layer = block.attention
        qkv = layer.qkv(x)
        keys, values = (F.split_heads(qkv, heads=layer.heads, part=i, parts=3).data for i in (1, 2))
        yield layer, lambda layer, pair=(keys, values): PrefixedAttention(layer, Prefix(*pair))
        x = block(x, *shared)


METHOD = Method(PrefixConfig, put, of_what_was_put, pace=5.0)
