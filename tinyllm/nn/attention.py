"""Attention layers: from one stream of channels to heads and back."""

from tinyllm import functional as F
from tinyllm.nn import layers
from tinyllm.nn.module import Module


class CausalSelfAttention(Module):
    """(B, T, C) -> (B, T, C): every position looks at itself and at earlier ones (Vaswani et al. 2017)."""

    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads = heads
        self.qkv = layers.Linear(width, 3 * width, rng=rng)
        self.out = layers.Linear(width, width, rng=rng, std=out_std)

    def __call__(self, x, cache=None):
        qkv = self.qkv(x)  # (B, T, 3 C)
        q, k, v = (F.split_heads(qkv, heads=self.heads, part=i, parts=3) for i in range(3))  # each (B, H, T, D)
        if cache is not None:
            k, v = cache.append(k, v)  # each (B, H, S, D), S = what came before + T
        y = F.attention(q, k, v, causal=True)  # (B, H, T, D)
        return self.out(F.merge_heads(y))
