"""The recurrent models: what came before is a state of fixed size, however long the text
(Mikolov et al. 2010).

Both are the same stack, of RNN layers or of LSTM layers.
"""

import math
from dataclasses import dataclass

from tinyllm import functional as F
from tinyllm.config import Config, option
from tinyllm.data.objectives import Causal
from tinyllm.models.architecture import Architecture, Kept
from tinyllm.nn import layers, recurrent
from tinyllm.nn.cache import StateCache
from tinyllm.nn.module import Module
from tinyllm.nn.walk import through


@dataclass(frozen=True)
class RNNConfig(Config):
    """The sizes of an RNN."""

    title = "modelo"
    vocab_size: int = option(4096, "quantos tokens o vocabulário tem", at_least=2)
    context: int = option(128, "quantos tokens o modelo lê de uma vez durante o treino", at_least=1)
    layers: int = option(3, "quantos blocos, um sobre o outro", at_least=1, at_most=1000)
    width: int = option(400, "canais que correm pelo modelo, e os do estado", at_least=1)
    dropout: float = option(
        0.0, "fração dos números apagada ao acaso durante o treino", at_least=0, below=1
    )


@dataclass(frozen=True)
class LSTMConfig(Config):
    """The sizes of an LSTM."""

    title = "modelo"
    vocab_size: int = option(4096, "quantos tokens o vocabulário tem", at_least=2)
    context: int = option(128, "quantos tokens o modelo lê de uma vez durante o treino", at_least=1)
    layers: int = option(3, "quantos blocos, um sobre o outro", at_least=1, at_most=1000)
    width: int = option(256, "canais que correm pelo modelo, e os do estado", at_least=1)
    dropout: float = option(
        0.0, "fração dos números apagada ao acaso durante o treino", at_least=0, below=1
    )


class Block(Module):
    """(B, T, C) -> (B, T, C): a recurrent layer reads the stream and adds to it (residual, as in Wu
    et al. 2016)."""

    def __init__(self, config, recurrence, *, rng):
        self.norm = layers.LayerNorm(config.width)
        self.recurrence = recurrence(config.width, config.width, rng=rng)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, cache=None):
        y, states = self.recurrence(self.norm(x), cache.state if cache else None)
        if cache:
            cache.append(states)
        return x + self.dropout(y)


class RecurrentModel(Module):
    """(B, T) token ids -> (B, T, V) logits of the next token at every position."""

    longest = math.inf  # tokens that it can have read

    def __init__(self, config, recurrence, *, rng):
        self.config = config
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Block(config, recurrence, rng=rng) for _ in range(config.layers)]
        self.norm = layers.LayerNorm(config.width)
        # small logits: before training, all tokens are about equally likely
        self.norm.weight.data *= 0.3

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return [StateCache() for _ in self.blocks]

    def begin(self, ids, caches=None):
        """(B, T) -> (B, T, C), (): the tokens, wherever they stand; the blocks need nothing else.

        Raises UsageError for ids outside the vocabulary.
        """
        return self.dropout(self.tokens(layers.token_rows(ids))), ()

    def end(self, x):
        """(B, T, C) -> (B, T, C)"""
        return self.norm(x)

    def hidden(self, ids, caches=None):
        """(B, T) -> (B, T, C): all but the vocabulary. With caches, ids go on where those end.

        A text may be longer than the context, which only training needs.
        """
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


class RNN(RecurrentModel):
    """(B, T) token ids -> (B, T, V), by layers of one matrix and tanh (Elman 1990)."""

    def __init__(self, config, *, rng):
        super().__init__(config, recurrent.RNN, rng=rng)


class LSTM(RecurrentModel):
    """(B, T) token ids -> (B, T, V), by layers of gates (Hochreiter & Schmidhuber 1997)."""

    def __init__(self, config, *, rng):
        super().__init__(config, recurrent.LSTM, rng=rng)


# ------------------------------------------------------------------------------------ what it costs


def rnn_kept(config, plan):
    """What there is of each token while an RNN learns: a block's residual, norm, input, state."""
    C, T, dropped = config.width, config.context, (config.width if config.dropout else 0)
    if plan.on_gpu:
        return Kept(block=4 * C + dropped, height=4 * C, ends=6 * C + dropped, targets=T)
    return Kept(block=4 * C, height=4 * C + dropped, ends=3 * C, targets=T)


def lstm_kept(config, plan):
    """The same of an LSTM, where input and gates are of 4 C each."""
    C, T, dropped = config.width, config.context, (config.width if config.dropout else 0)
    if plan.on_gpu:
        return Kept(block=12 * C + dropped, height=8 * C, ends=6 * C + dropped, targets=T)
    return Kept(block=12 * C, height=8 * C + dropped, ends=3 * C, targets=T)


def rnn_cache(config, tokens):
    """The state, however many tokens there were."""
    return config.layers * config.width


def lstm_cache(config, tokens):
    """The state, which is the output and what is remembered."""
    return 2 * config.layers * config.width


def rnn_products(config, ids, targets):
    """Those of the matrices: a block has two."""
    C, T = config.width, ids.shape[1]
    return T * (config.layers * 2 * C * C + config.vocab_size * C)


def lstm_products(config, ids, targets):
    """Those of the matrices: a block has two for each of four gates."""
    C, T = config.width, ids.shape[1]
    return T * (config.layers * 8 * C * C + config.vocab_size * C)


RNN_ARCHITECTURE = Architecture(
    RNNConfig, RNN, Causal,
    body=RNN, kept=rnn_kept, cache=rnn_cache, products=rnn_products, endless=True,
)  # fmt: skip
LSTM_ARCHITECTURE = Architecture(
    LSTMConfig, LSTM, Causal,
    body=LSTM, kept=lstm_kept, cache=lstm_cache, products=lstm_products, endless=True,
)  # fmt: skip
