"""Attention layers: from one stream of channels to heads and back.

One class for each family: the decoder that sees only the past (GPT), the encoder that sees all
(BERT), heads that share their keys and turn by their position (Llama), positions as a bias of the
scores (T5), the look at another text, and the copy of a token (Copier).
"""

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import beside
from tinyllm.nn import layers
from tinyllm.nn.module import Module, Parameter
from tinyllm.nn.outline import ones

PREFERENCE = 4.0  # e⁴ times as much weight, before it learns, as to any other distance
COPIED = 4.0  # times its embedding is what a token adds that all of a head looks at, at first


class CausalSelfAttention(Module):
    """(B, T, C) -> (B, T, C): every position looks at itself and at earlier ones
    (Vaswani et al. 2017)."""

    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads = heads
        self.qkv = layers.Linear(width, 3 * width, rng=rng)
        self.out = layers.Linear(width, width, rng=rng, std=out_std)

    def __call__(self, x, cache=None):
        qkv = self.qkv(x)  # (B, T, 3 C)
        # each (B, H, T, D)
        q, k, v = (F.split_heads(qkv, heads=self.heads, part=i, parts=3) for i in range(3))
        starts = None if cache is None else cache.starts
        if cache is not None:
            k, v = cache.append(k, v)  # each (B, H, S, D), S = what came before + T
        y = F.attention(q, k, v, causal=True, starts=starts)  # (B, H, T, D)
        return self.out(F.merge_heads(y))


class SelfAttention(Module):
    """(B, T, C) -> (B, T, C): every position looks at all, before and after it, but not at padding.

    Of row b the first lengths[b] positions are real (Devlin et al. 2018).
    """

    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads = heads
        self.qkv = layers.Linear(width, 3 * width, rng=rng)
        self.out = layers.Linear(width, width, rng=rng, std=out_std)

    def __call__(self, x, lengths=None):
        qkv = self.qkv(x)  # (B, T, 3 C)
        # each (B, H, T, D)
        q, k, v = (F.split_heads(qkv, heads=self.heads, part=i, parts=3) for i in range(3))
        y = F.attention(q, k, v, lengths=lengths)  # (B, H, T, D)
        return self.out(F.merge_heads(y))


class GroupedQueryAttention(Module):
    """(B, T, C) -> (B, T, C): causal; several heads of queries share one of keys and values
    (Ainslie et al. 2023).

    Queries and keys are turned by their position: cos and sin are `F.rotations` of the T positions.
    The cache holds `kv_heads` heads, so it is smaller by as much as there are fewer of them.
    """

    def __init__(self, width, heads, kv_heads, *, rng, out_std=None):
        self.heads, self.kv_heads = heads, kv_heads
        self.query = layers.Projection(width, width, rng=rng)
        self.key_value = layers.Projection(width, 2 * width // heads * kv_heads, rng=rng)
        self.out = layers.Projection(width, width, rng=rng, std=out_std)

    def __call__(self, x, cos, sin, cache=None):
        key_value = self.key_value(x)  # (B, T, 2 K D), of K = kv_heads
        q = F.split_heads(self.query(x), heads=self.heads)  # (B, H, T, D)
        # each (B, K, T, D)
        k, v = (F.split_heads(key_value, heads=self.kv_heads, part=i, parts=2) for i in range(2))
        q, k = (F.rotary(a, cos=cos, sin=sin) for a in (q, k))
        starts = None if cache is None else cache.starts
        if cache is not None:
            k, v = cache.append(k, v)  # each (B, K, S, D), S = what came before + T
        # each (B, H, S, D)
        k, v = (F.repeat_heads(a, times=self.heads // self.kv_heads) for a in (k, v))
        y = F.attention(q, k, v, causal=True, starts=starts)  # (B, H, T, D)
        return self.out(F.merge_heads(y))


class RelativePositions(Module):
    """(T, S) numbers of queries and of positions -> (1, H, T, S): a learned bias for how far apart
    the two are.

    The T queries are the last T of the S positions or, with `starts`, (B,), those of row b that
    begin at position starts[b]: then the bias is (B, H, T, S). Far distances share a bucket (Raffel
    et al. 2020). At first each head prefers one distance: who looks everywhere alike sees a bag of
    tokens, and takes long to find an order in it.
    """

    def __init__(self, heads, *, rng, both_ways, buckets=32, furthest=128):
        self.weight = Parameter(rng.normal(scale=0.1, size=(buckets, heads)))
        self.both_ways, self.furthest = both_ways, furthest
        places = np.arange(heads)
        # -1, 1, -2, 2, …
        preferred = (places // 2 + 1) * np.where(places % 2, 1, -1) if both_ways else -1 - places
        self.weight.data[self.buckets_of(preferred), places] += PREFERENCE

    def buckets_of(self, distances):
        """(...) of how far ahead a position is of its query -> (...) rows of the weight."""
        return F.relative_buckets(
            distances, buckets=len(self.weight), furthest=self.furthest, both_ways=self.both_ways
        )

    def __call__(self, queries, positions, starts=None):
        first = np.array([positions - queries]) if starts is None else starts  # (1 or B,)
        buckets = self.buckets_of(np.arange(1 - positions, positions))  # of every distance there is
        places = first[:, None, None] + np.arange(queries)[:, None]  # (1 or B, T, 1)
        apart = np.arange(positions) - places + positions - 1  # (1 or B, T, S): which distance
        bias = F.embedding(beside(buckets[apart], self.weight.data), self.weight)  # (…, T, S, H)
        return bias.transpose(0, 3, 1, 2)


class RelativeSelfAttention(Module):
    """(B, T, C) -> (B, T, C): with a bias of `RelativePositions`, (1, H, T, S), for both ways or
    causal.

    The scores are not divided by √D; the first queries and keys are smaller instead
    (Raffel et al. 2019).
    """

    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads = heads
        self.qkv = layers.Projection(width, 3 * width, rng=rng)
        self.qkv.weight.data[:, : 2 * width] *= (width // heads) ** -0.25
        self.out = layers.Projection(width, width, rng=rng, std=out_std)

    def __call__(self, x, bias, *, causal=False, lengths=None, cache=None):
        qkv = self.qkv(x)  # (B, T, 3 C)
        # each (B, H, T, D)
        q, k, v = (F.split_heads(qkv, heads=self.heads, part=i, parts=3) for i in range(3))
        starts = None if cache is None else cache.starts
        if cache is not None:
            k, v = cache.append(k, v)  # each (B, H, S, D), S = what came before + T
        y = F.attention(q, k, v, bias, causal=causal, starts=starts, lengths=lengths, scale=1.0)
        return self.out(F.merge_heads(y))


class CrossAttention(Module):
    """(B, T, C), (B, S, C) -> (B, T, C): the positions of x look at all of another text, `memory`,
    but for its padding.

    Of row b of the memory the first lengths[b] positions are real (Vaswani et al. 2017). A cache
    keeps the keys and values of the memory, which never change. With `scale` given, the scores are
    multiplied by it and not by 1 / √D.
    """

    def __init__(self, width, heads, *, rng, out_std=None, scale=None):
        self.heads, self.scale = heads, scale
        self.query = layers.Projection(width, width, rng=rng)
        self.key_value = layers.Projection(width, 2 * width, rng=rng)
        self.out = layers.Projection(width, width, rng=rng, std=out_std)

    def __call__(self, x, memory, lengths=None, cache=None):
        q = F.split_heads(self.query(x), heads=self.heads)  # (B, H, T, D)
        if cache is None or not cache.length:
            key_value = self.key_value(memory)  # (B, S, 2 C)
            # each (B, H, S, D)
            k, v = (F.split_heads(key_value, heads=self.heads, part=i, parts=2) for i in range(2))
            if cache is not None:
                cache.append(k, v)
        else:
            k, v = cache.all()
        y = F.attention(q, k, v, lengths=lengths, scale=self.scale)  # (B, H, T, D)
        return self.out(F.merge_heads(y))


class CopyingAttention(Module):
    """(B, T, C), (B, T, C) -> (B, T, C): every position looks at itself and at earlier ones, and
    takes of them `tokens`, their embeddings, each channel times a learned gain.

    To a head that compares with the same embeddings, what it takes is those tokens (Merity et al.
    2016, Pointer Sentinel Mixture Models).
    """

    def __init__(self, width, heads, *, rng):
        self.heads = heads
        self.query_key = layers.Projection(width, 2 * width, rng=rng)
        self.gain = Parameter(COPIED * ones(width))

    def __call__(self, x, tokens, cache=None):
        query_key = self.query_key(x)  # (B, T, 2 C)
        # each (B, H, T, D)
        q, k = (F.split_heads(query_key, heads=self.heads, part=i, parts=2) for i in range(2))
        v = F.split_heads(tokens, heads=self.heads)  # (B, H, T, D)
        starts = None if cache is None else cache.starts
        if cache is not None:
            k, v = cache.append(k, v)  # each (B, H, S, D), S = what came before + T
        y = F.attention(q, k, v, causal=True, starts=starts)  # (B, H, T, D)
        return F.merge_heads(y) * self.gain
