"""BERT: an encoder that reads a text from both sides and guesses the tokens hidden from it
(Devlin et al. 2018)."""

from dataclasses import dataclass

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import beside
from tinyllm.config import Config, option
from tinyllm.data.objectives import Masked
from tinyllm.errors import UsageError
from tinyllm.models.architecture import Architecture, Kept, hidden_of
from tinyllm.nn import attention, layers
from tinyllm.nn.module import Module, Parameter
from tinyllm.nn.outline import zeros
from tinyllm.nn.walk import through
from tinyllm.tensor import array_of

POSITIONS = {
    "learned": layers.LearnedPositions,
    "sinusoidal": layers.SinusoidalPositions,
    "none": layers.NoPositions,
}


@dataclass(frozen=True)
class BERTConfig(Config):
    """The sizes of a BERT."""

    title = "modelo"
    vocab_size: int = option(4096, "quantos tokens o vocabulário tem", at_least=2)
    context: int = option(128, "o texto mais longo que ele lê de uma vez, em tokens", at_least=1)
    layers: int = option(4, "quantos blocos, um sobre o outro", at_least=1, at_most=1000)
    heads: int = option(4, "cabeças de atenção em cada bloco", at_least=1)
    width: int = option(192, "canais que correm pelo modelo (múltiplo de heads)", at_least=1)
    positions: str = option(
        "learned",
        "como ele sabe a ordem: learned (aprende), sinusoidal (ondas) ou none (não sabe)",
        choices=POSITIONS,
    )
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
    """(B, T, C) -> (B, T, C): attention to all real positions, then the feed-forward.

    Each is added to x, which is normalised after it.
    """

    def __init__(self, config, *, rng):
        C = config.width
        std = layers.out_std(C, 2 * config.layers)
        self.attention = attention.SelfAttention(C, config.heads, rng=rng, out_std=std)
        self.norm1 = layers.LayerNorm(C)
        self.feed_forward = layers.FeedForward(C, 4 * C, rng=rng, out_std=std / 2)
        self.norm2 = layers.LayerNorm(C)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, lengths=None):
        x = self.norm1(x + self.dropout(self.attention(x, lengths)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))


class Encoder(Module):
    """(B, T) token ids -> (B, T, C): what each token means where it stands."""

    def __init__(self, config, *, rng):
        self.config = config
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.positions = POSITIONS[config.positions](config.context, config.width, rng=rng)
        self.norm = layers.LayerNorm(config.width)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Block(config, rng=rng) for _ in range(config.layers)]

    def begin(self, ids, lengths=None):
        """(B, T) -> (B, T, C), (lengths,): the tokens and their positions, and how many are real.

        Raises UsageError for ids outside the vocabulary and for more positions than the context.
        """
        ids = layers.token_rows(ids)
        layers.check_length(ids.shape[1], self.config)
        return self.dropout(self.norm(self.positions(self.tokens(ids)))), (lengths,)

    def end(self, x):
        """(B, T, C) -> (B, T, C): the last block has normalised it."""
        return x

    def hidden(self, ids, lengths=None):
        """(B, T) -> (B, T, C). Of row b the first lengths[b] tokens are real, the rest unseen."""
        x, shared = self.begin(ids, lengths)
        return self.end(through(self.blocks, x, shared))


class BERT(Module):
    """(B, T) token ids -> (B, T, V) logits of the token that belongs at every position."""

    def __init__(self, config, *, rng):
        self.config = config
        self.encoder = Encoder(config, rng=rng)
        self.dense = layers.Linear(config.width, config.width, rng=rng)
        self.norm = layers.LayerNorm(config.width)
        # small logits: before training, all tokens are about equally likely
        self.norm.weight.data *= 0.3
        self.bias = Parameter(zeros(config.vocab_size))

    def hidden(self, ids, lengths=None):
        """(B, T) -> (B, T, C): everything but the guess."""
        return self.encoder.hidden(ids, lengths)

    def guess(self, hidden):
        """(..., C) -> (..., V): each position compared with the embedding of every token."""
        return (
            self.norm(F.gelu(self.dense(hidden))) @ self.encoder.tokens.weight.transpose(1, 0)
            + self.bias
        )

    def __call__(self, ids, lengths=None):
        return self.guess(self.hidden(ids, lengths))

    def loss(self, ids, places, targets, weights=None, **softened):
        """(B, T) ids, (B, M) places in their row, (B, M) ids that belong there, (B, M) weights ->
        (): mean cross-entropy in nats, with the options of F.cross_entropy. Only the places are
        compared with the vocabulary."""
        (B, T), places = layers.token_rows(ids).shape, layers.token_rows(places)
        what = {"name": "place", "within": "the row"}
        F.embeddings.check_ids(places, T, "a place is counted from the row's beginning", **what)
        places, rows = (beside(array, self.bias.data) for array in (places, np.arange(B)[:, None]))
        logits = self.guess(self.hidden(ids)[rows, places])  # (B, M, V)
        # a simpler cross_entropy, in the place of ours, has no weights
        options = {} if weights is None else {"weights": array_of(weights).reshape(-1)}
        return F.cross_entropy(
            logits.reshape(-1, self.config.vocab_size),
            array_of(targets).reshape(-1),
            **options,
            **softened,
        )


# ------------------------------------------------------------------------------------ what it costs


def kept(config, plan):
    """What there is of each token while a BERT learns."""
    C, H, T = config.width, config.heads, config.context
    dropped, guesses = (C if config.dropout else 0), hidden_of(config.vocab_size)
    ends = 0 if plan.classify else 3 * guesses
    if plan.on_gpu:
        block, height = 20 * C + H * T + 2 * dropped, max(13 * C, 3 * H * T - 12 * C)
        return Kept(block=block, height=height, ends=6 * C + ends, targets=0)
    # what enters, q k v, the attention, two sums, the norm between, the hidden layer and its slope
    height = max(2 * C + dropped, 2 * min(2 * F.attentions.BLOCK, T) * H - 9 * C)
    return Kept(block=16 * C, height=height, ends=4 * C + ends, targets=0)


def cache(config, tokens):
    """None: it reads a text once, from both sides."""
    return 0


def products(config, ids, places, targets):
    """Those of the matrices, of an attention that sees all, and of what guesses at the places."""
    C, T, L, guesses = config.width, ids.shape[1], config.layers, places.shape[1]
    return T * L * 12 * C * C + L * 2 * T * T * C + guesses * (C * C + config.vocab_size * C)


def body(config, *, rng):
    """Looked up when it is made, so that another encoder can take its place."""
    return Encoder(config, rng=rng)


ARCHITECTURE = Architecture(
    BERTConfig, BERT, Masked,
    body=body, kept=kept, cache=cache, products=products,
)  # fmt: skip
