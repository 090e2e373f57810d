"""Llama: a decoder with rotary positions, RMS norm and a gated feed-forward (Touvron et al. 2023).

Its heads may share keys, as in Llama 2 of 70 B and in every Llama 3 (Ainslie et al. 2023).
"""

from dataclasses import dataclass

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import beside
from tinyllm.config import Config, option
from tinyllm.data.objectives import Causal
from tinyllm.errors import UsageError
from tinyllm.models.architecture import Architecture, Kept
from tinyllm.nn import attention, layers
from tinyllm.nn.cache import LayerCache
from tinyllm.nn.module import Module
from tinyllm.nn.walk import through


@dataclass(frozen=True)
class LlamaConfig(Config):
    """The sizes of a Llama."""

    title = "modelo"
    vocab_size: int = option(4096, "quantos tokens o vocabulário tem", at_least=2)
    context: int = option(128, "o texto mais longo que ele lê de uma vez, em tokens", at_least=1)
    layers: int = option(4, "quantos blocos, um sobre o outro", at_least=1, at_most=1000)
    heads: int = option(4, "cabeças de atenção em cada bloco", at_least=1)
    kv_heads: int = option(
        2, "cabeças de chaves e valores, que as outras dividem (divisor de heads)", at_least=1
    )
    width: int = option(192, "canais que correm pelo modelo (múltiplo par de heads)", at_least=1)
    hidden: int = option(512, "canais ocultos da camada feed-forward", at_least=1)
    dropout: float = option(
        0.0, "fração dos números apagada ao acaso durante o treino", at_least=0, below=1
    )

    def __post_init__(self):
        super().__post_init__()
        if self.width % (2 * self.heads):
            raise UsageError(
                f"width={self.width} is not an even multiple of heads={self.heads}; "
                "each head turns its channels in pairs"
            )
        if self.heads % self.kv_heads:
            raise UsageError(
                f"heads={self.heads} is not a multiple of kv_heads={self.kv_heads}; "
                "each head of keys serves as many of queries"
            )


class Block(Module):
    """(B, T, C) -> (B, T, C): attention, then the gated feed-forward, each added to x."""

    def __init__(self, config, *, rng):
        C, heads, kv_heads = config.width, config.heads, config.kv_heads
        std = layers.out_std(C, 2 * config.layers)
        self.norm1 = layers.RMSNorm(C)
        self.attention = attention.GroupedQueryAttention(C, heads, kv_heads, rng=rng, out_std=std)
        self.norm2 = layers.RMSNorm(C)
        self.feed_forward = layers.GatedFeedForward(C, config.hidden, rng=rng, out_std=std / 2)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, cos, sin, cache=None):
        x = x + self.dropout(self.attention(self.norm1(x), cos, sin, cache))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


class Llama(Module):
    """(B, T) token ids -> (B, T, V) logits of the next token at every position."""

    def __init__(self, config, *, rng):
        self.config, self.longest = config, config.context  # the most tokens it can have read
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Block(config, rng=rng) for _ in range(config.layers)]
        self.norm = layers.RMSNorm(config.width)
        # small logits: before training, all tokens are about equally likely
        self.norm.weight.data *= 0.3
        self.turns = F.rotations(np.arange(config.context), config.width // config.heads)

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return [LayerCache() for _ in self.blocks]

    def begin(self, ids, caches=None):
        """(B, T) -> (B, T, C), (cos, sin): the tokens, and the turns of their positions.

        Each of these is (T, D / 2), or (B, 1, T, D / 2) if the rows of the caches differ in length.
        Raises UsageError for ids outside the vocabulary and for more positions than the context.
        """
        ids = layers.token_rows(ids)
        places = layers.places(ids, self.config, caches and caches[0])
        x = self.dropout(self.tokens(ids))
        turns = (turn[places] for turn in self.turns)
        return x, tuple(beside(t if t.ndim == 2 else t[:, None], x.data) for t in turns)

    def end(self, x):
        """(B, T, C) -> (B, T, C)"""
        return self.norm(x)

    def hidden(self, ids, caches=None):
        """(B, T) -> (B, T, C): all but the vocabulary. With caches, ids go on where those end."""
        x, shared = self.begin(ids, caches)
        return self.end(through(self.blocks, x, shared, caches))

    def head(self):
        """(C, V): the embedding of the tokens, transposed: a position is compared with each."""
        return self.tokens.weight.transpose(1, 0)

    def __call__(self, ids, caches=None):
        return self.hidden(ids, caches) @ self.head()

    def loss(self, ids, targets, weights=None, **softened):
        """(B, T) ids, (B, T) of what comes next, (B, T) weights -> (): cross-entropy in nats,
        with the options of F.linear_cross_entropy."""
        return F.linear_cross_entropy(
            self.hidden(ids), self.head(), targets, weights=weights, **softened
        )


# ------------------------------------------------------------------------------------ what it costs


def kept(config, plan):
    """What there is of each token while a Llama learns."""
    C, M, H, T = config.width, config.hidden, config.heads, config.context
    dropped, rows = (C if config.dropout else 0), min(F.attentions.CAUSAL_BLOCK, T)
    if plan.on_gpu:
        block, height = 8 * C + 4 * M + H * T + 2 * dropped, max(3 * M - C, 3 * H * T - 9 * C)
        return Kept(block=block, height=height, ends=3 * C + dropped, targets=T)
    # two residuals, two norms, q k v (k and v for each head of q), the attention; gate, hidden and
    # their product
    height = max(2 * M - C + dropped, (4 * T - 2 * rows) * rows * H // T - 3 * M)
    return Kept(block=8 * C + 3 * M, height=height, ends=3 * C, targets=T)


def cache(config, tokens):
    """Keys and values, of fewer heads than there are of queries."""
    return 2 * config.layers * tokens * config.width // config.heads * config.kv_heads


def products(config, ids, targets):
    """Those of the matrices, and of an attention that sees half of the positions."""
    C, T, L = config.width, ids.shape[1], config.layers
    key_value = 2 * C // config.heads * config.kv_heads
    block = 2 * C * C + C * key_value + 3 * C * config.hidden
    return T * (L * block + config.vocab_size * C) + L * T * T * C


ARCHITECTURE = Architecture(
    LlamaConfig, Llama, Causal,
    body=Llama, kept=kept, cache=cache, products=products,
)  # fmt: skip
