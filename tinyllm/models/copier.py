"""A GPT that can copy: it sees at every position the token before, and at its end looks for the
next token among those that it has read.

A small GPT has to carry a name through all of its blocks to write it again, which it learns late: a
first attention has to find the token before, a second one what followed it earlier (Olsson et al.
2022, In-context Learning and Induction Heads). Here both are at hand from the beginning. The token
before is added to each token, times a learned gain ("smear" of Jordan et al. 2024, modded-nanogpt).
And a last attention has as its values the embeddings of the tokens themselves: the head compares
with those, so what is looked at becomes likelier. It is a pointer (Vinyals et al. 2015, Merity et
al. 2016), and costs one more attention.
"""

from dataclasses import dataclass

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module, beside
from tinyllm.data.objectives import Causal
from tinyllm.models import gpt
from tinyllm.models.architecture import Architecture
from tinyllm.nn import attention, layers
from tinyllm.nn.cache import LayerCache
from tinyllm.nn.module import Module, Parameter
from tinyllm.nn.outline import ones
from tinyllm.nn.walk import through
from tinyllm.tensor import Tensor, concatenate

EARLIER = 0.5  # how much of the token before is added to a token, before it learns


@dataclass(frozen=True)
class CopierConfig(gpt.GPTConfig):
    """The sizes of a GPT that can copy, with as many heads as in a block."""


class Smear(Module):
    """(B, T, C) -> (B, T, C): what stood one position before, times a learned gain of each channel;
    before the first one, 0. The cache is one whose values are what has been read."""

    def __init__(self, width):
        self.gain = Parameter(EARLIER * ones(width))

    def __call__(self, x, cache=None):
        if cache is None or cache.values is None:
            first = Tensor(array_module(x.data).zeros_like(x.data[:, :1]))
        else:
            first = F.merge_heads(cache.last())  # (B, 1, C)
        return concatenate(first, x[:, :-1], axis=1) * self.gain


class Copier(gpt.GPT):
    """(B, T) token ids -> (B, T, V) logits of the next token at every position."""

    def __init__(self, config, *, rng):
        self.config, self.longest = config, config.context  # the most tokens it can have read
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.positions = layers.Embedding(config.context, config.width, rng=rng, std=0.03)
        self.smear = Smear(config.width)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [gpt.Block(config, rng=rng) for _ in range(config.layers)]
        self.norm = layers.LayerNorm(config.width)
        # small logits: before training, all tokens are about equally likely
        self.norm.weight.data *= 0.3
        self.copying = attention.CopyingAttention(config.width, config.heads, rng=rng)

    def new_caches(self):
        """An empty cache for each block, and one for what can be copied."""
        return [*super().new_caches(), LayerCache()]

    def begin(self, ids, caches=None):
        """(B, T) -> (B, T, C), (): the tokens, each with the one before, and their positions.

        Raises UsageError for ids outside the vocabulary and for more positions than the context.
        """
        ids = layers.token_rows(ids)
        places = layers.places(ids, self.config, caches and caches[0])
        tokens = self.tokens(ids)
        x = tokens + self.smear(tokens, caches and caches[-1])
        return self.dropout(x + self.positions.weight[beside(places, x.data)]), ()

    def hidden(self, ids, caches=None):
        """(B, T) -> (B, T, C): all but the vocabulary. With caches, ids go on where those end."""
        x, shared = self.begin(ids, caches)
        x = self.end(through(self.blocks, x, shared, caches and caches[:-1]))
        return x + self.copying(x, self.tokens(ids), caches and caches[-1])


# ------------------------------------------------------------------------------------ what it costs


def kept(config, plan):
    """What there is of each token while it learns: that of a GPT and, outside its blocks, the token
    before; the values, queries and keys, what is copied, and its sum with what the blocks say."""
    of_gpt = gpt.kept(config, plan)
    seen = config.heads * config.context if plan.on_gpu else 0
    return of_gpt._replace(ends=of_gpt.ends + 8 * config.width + seen)


def cache(config, tokens):
    """Keys and values, of one attention more."""
    return gpt.cache(config, tokens) + 2 * config.width * tokens


def products(config, ids, targets):
    """Those of a GPT, of the queries and keys, and of one attention more."""
    C, T = config.width, ids.shape[1]
    return gpt.products(config, ids, targets) + 2 * T * C * C + T * T * C


ARCHITECTURE = Architecture(
    CopierConfig, Copier, Causal,
    body=Copier, kept=kept, cache=cache, products=products, rereads=True,
)  # fmt: skip
