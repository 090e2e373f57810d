"""GPT: a stack of causal transformer blocks that guesses the next token (Radford et al. 2019)."""

from dataclasses import dataclass

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
class GPTConfig(Config):
    """The sizes of a GPT."""

    title = "modelo"
    vocab_size: int = option(4096, "quantos tokens o vocabulário tem", at_least=2)
    context: int = option(128, "o texto mais longo que ele lê de uma vez, em tokens", at_least=1)
    layers: int = option(4, "quantos blocos, um sobre o outro", at_least=1, at_most=1000)
    heads: int = option(4, "cabeças de atenção em cada bloco", at_least=1)
    width: int = option(192, "canais que correm pelo modelo (múltiplo de heads)", at_least=1)
    dropout: float = option(
        0.0, "fração dos números apagada ao acaso durante o treino", at_least=0, below=1
    )

    def __post_init__(self):
        super().__post_init__()
        if self.width % self.heads:
            raise UsageError(
                f"width={self.width} is not a multiple of heads={self.heads}; "
                "each head needs as many channels"
            )


class Block(Module):
    """(B, T, C) -> (B, T, C): attention mixes the positions, the feed-forward works on each.

    Both are added to x.
    """

    def __init__(self, config, *, rng):
        C = config.width
        std = layers.out_std(C, 2 * config.layers)
        self.norm1 = layers.LayerNorm(C)
        self.attention = attention.CausalSelfAttention(C, config.heads, rng=rng, out_std=std)
        self.norm2 = layers.LayerNorm(C)
        self.feed_forward = layers.FeedForward(C, 4 * C, rng=rng, out_std=std / 2)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, cache=None):
        x = x + self.dropout(self.attention(self.norm1(x), cache))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


class GPT(Module):
    """(B, T) token ids -> (B, T, V) logits of the next token at every position."""

    def __init__(self, config, *, rng):
        self.config, self.longest = config, config.context  # the most tokens it can have read
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.positions = layers.Embedding(config.context, config.width, rng=rng, std=0.03)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Block(config, rng=rng) for _ in range(config.layers)]
        self.norm = layers.LayerNorm(config.width)
        # small logits: before training, all tokens are about equally likely
        self.norm.weight.data *= 0.3

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return [LayerCache() for _ in self.blocks]

    def begin(self, ids, caches=None):
        """(B, T) -> (B, T, C), (): the tokens and their positions; the blocks need nothing else.

        Raises UsageError for ids outside the vocabulary and for more positions than the context.
        """
        ids = layers.token_rows(ids)
        places = layers.places(ids, self.config, caches and caches[0])
        x = self.tokens(ids)
        return self.dropout(x + self.positions.weight[beside(places, x.data)]), ()

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


def new(config, *, rng):
    """A GPT before any training: it is looked up here, where a learner's may stand in its place."""
    return GPT(config, rng=rng)


# ------------------------------------------------------------------------------------ what it costs


def kept(config, plan):
    """What there is of each token while a GPT learns."""
    C, H, T = config.width, config.heads, config.context
    dropped, rows = (C if config.dropout else 0), min(F.attentions.CAUSAL_BLOCK, T)
    if plan.on_gpu:
        # two norms and their outputs, q k v, the attention and its weights, three of the hidden
        # layer, the masks
        block, height = 20 * C + H * T + 2 * dropped, max(13 * C, 3 * H * T - 12 * C)
        return Kept(block=block, height=height, ends=6 * C + dropped, targets=T)
    # two residuals, two norms, q k v, the attention, the hidden layer and its slope. The height is
    # where the hidden layer has two gradients or, with many small heads, where the attention has
    # the weights of two blocks and theirs
    attention = (4 * T - 2 * rows) * rows * H // T - 5 * C
    return Kept(block=16 * C, height=max(5 * C + dropped, attention), ends=3 * C, targets=T)


def cache(config, tokens):
    """Keys and values. While it grows, the cache takes room for up to twice as many."""
    return 2 * config.layers * tokens * config.width


def products(config, ids, targets):
    """Those of the matrices, and of an attention that sees half of the positions."""
    C, T, L = config.width, ids.shape[1], config.layers
    return T * (L * 12 * C * C + config.vocab_size * C) + L * T * T * C


ARCHITECTURE = Architecture(
    GPTConfig, new, Causal,
    body=new, kept=kept, cache=cache, products=products,
)  # fmt: skip
