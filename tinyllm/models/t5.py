"""T5: an encoder reads a text with gaps, a decoder writes what belongs in them
(Raffel et al. 2019).

As T5 1.1: norms before, gated feed-forward (here SwiGLU), no biases; positions are a bias of the
attention's scores.
"""

import math
from dataclasses import dataclass

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module
from tinyllm.config import Config, option
from tinyllm.data.objectives import GAP, SpanCorruption
from tinyllm.errors import UsageError
from tinyllm.models.architecture import Architecture, Kept, hidden_of
from tinyllm.nn import attention, layers
from tinyllm.nn.cache import DecoderCache
from tinyllm.nn.module import Module
from tinyllm.nn.walk import through

START = 0  # the id that the decoder reads first; a run's tokenizer has the end token there


@dataclass(frozen=True)
class T5Config(Config):
    """The sizes of a T5."""

    title = "modelo"
    vocab_size: int = option(4096, "quantos tokens o vocabulário tem", at_least=2)
    context: int = option(128, "o texto mais longo que ele lê de uma vez, em tokens", at_least=1)
    layers: int = option(2, "quantos blocos do encoder, um sobre o outro", at_least=1, at_most=1000)
    decoder_layers: int = option(
        2, "quantos blocos do decoder, um sobre o outro", at_least=1, at_most=1000
    )
    heads: int = option(4, "cabeças de atenção em cada bloco", at_least=1)
    width: int = option(192, "canais que correm pelo modelo (múltiplo de heads)", at_least=1)
    hidden: int = option(512, "canais ocultos da camada feed-forward", at_least=1)
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


def out_std(config):
    """How the outputs of a block begin: two additions each, of the encoder and of the decoder."""
    return layers.out_std(config.width, 2 * (config.layers + config.decoder_layers))


class EncoderBlock(Module):
    """(B, S, C) -> (B, S, C): attention to all real positions, and the feed-forward, added to x."""

    def __init__(self, config, *, rng):
        C, heads, start = config.width, config.heads, {"rng": rng, "out_std": out_std(config)}
        self.norm1 = layers.RMSNorm(C)
        self.attention = attention.RelativeSelfAttention(C, heads, **start)
        self.norm2 = layers.RMSNorm(C)
        self.feed_forward = layers.GatedFeedForward(C, config.hidden, **start)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, bias, lengths=None):
        x = x + self.dropout(self.attention(self.norm1(x), bias, lengths=lengths))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


class DecoderBlock(Module):
    """(B, T, C), (B, S, C) -> (B, T, C): looks at its own past, looks at the memory, thinks."""

    def __init__(self, config, *, rng):
        C, heads, start = config.width, config.heads, {"rng": rng, "out_std": out_std(config)}
        self.norm1 = layers.RMSNorm(C)
        self.attention = attention.RelativeSelfAttention(C, heads, **start)
        self.norm2 = layers.RMSNorm(C)
        self.cross_attention = attention.CrossAttention(C, heads, **start, scale=1.0)
        self.norm3 = layers.RMSNorm(C)
        self.feed_forward = layers.GatedFeedForward(C, config.hidden, **start)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, bias, memory, lengths=None, cache=None):
        own, of_memory = (cache.own, cache.memory) if cache else (None, None)
        x = x + self.dropout(self.attention(self.norm1(x), bias, causal=True, cache=own))
        x = x + self.dropout(self.cross_attention(self.norm2(x), memory, lengths, of_memory))
        return x + self.dropout(self.feed_forward(self.norm3(x)))


class Encoder(Module):
    """(B, S) token ids -> (B, S, C): what each token means where it stands."""

    def __init__(self, config, *, rng):
        self.config = config
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.positions = attention.RelativePositions(config.heads, rng=rng, both_ways=True)
        self.blocks = [EncoderBlock(config, rng=rng) for _ in range(config.layers)]
        self.norm = layers.RMSNorm(config.width)
        self.dropout = layers.Dropout(config.dropout)

    def begin(self, ids, lengths=None):
        """(B, S) -> (B, S, C), (bias, lengths): the tokens, a bias (1, H, S, S), how many are real.

        Raises UsageError for ids outside the vocabulary and for more positions than the context.
        """
        ids = layers.token_rows(ids)
        layers.check_length(ids.shape[1], self.config)
        x, bias = self.dropout(self.tokens(ids)), self.positions(ids.shape[1], ids.shape[1])
        return x, (bias, lengths)

    def end(self, x):
        """(B, S, C) -> (B, S, C)"""
        return self.dropout(self.norm(x))

    def hidden(self, ids, lengths=None):
        """(B, S) -> (B, S, C). Of row b the first lengths[b] tokens are real, the rest unseen."""
        x, shared = self.begin(ids, lengths)
        return self.end(through(self.blocks, x, shared))


class Decoder(Module):
    """(B, T) ids, (B, S, C) what the encoder makes of the source -> (B, T, C).

    It embeds with the encoder's tokens.
    """

    def __init__(self, config, tokens, *, rng):
        self.tokens = tokens
        self.positions = attention.RelativePositions(config.heads, rng=rng, both_ways=False)
        self.blocks = [DecoderBlock(config, rng=rng) for _ in range(config.decoder_layers)]
        # its scores are not divided by √D: the first queries and keys are smaller instead
        for block in self.blocks:
            for layer in (block.cross_attention.query, block.cross_attention.key_value):
                layer.weight.data[:, : config.width] *= (config.width // config.heads) ** -0.25
        self.norm = layers.RMSNorm(config.width)
        # so that the logits, which are scaled, begin small
        self.norm.weight.data *= 0.3 * config.width**0.5
        self.dropout = layers.Dropout(config.dropout)

    def new_caches(self, memory_lengths=None):
        """An empty cache for each block, of a memory whose rows are so long, (B,), or whole."""
        return [DecoderCache(memory_lengths) for _ in self.blocks]

    def begin(self, ids, memory, lengths=None, caches=None):
        """(B, T), (B, S, C) -> (B, T, C), (bias, memory, lengths): the tokens, a bias of positions.

        The bias is (1, H, T, T) or, with caches, (1 or B, H, T, of what came before and T).
        """
        ids = layers.token_rows(ids)
        T, before, starts = ids.shape[1], 0, None
        if caches:
            before, starts = caches[0].own.length, caches[0].own.starts
            lengths = lengths if caches[0].memory_lengths is None else caches[0].memory_lengths
        bias = self.positions(T, before + T, starts)
        return self.dropout(self.tokens(ids)), (bias, memory, lengths)

    def end(self, x):
        """(B, T, C) -> (B, T, C)"""
        return self.dropout(self.norm(x))

    def hidden(self, ids, memory, lengths=None, caches=None):
        """(B, T), (B, S, C) -> (B, T, C). Of row b of the memory the first lengths[b] are real.

        With caches, ids go on where those end, and the memory is read once: then they keep what is
        needed of it, and the lengths that they were made with.
        """
        x, shared = self.begin(ids, memory, lengths, caches)
        return self.end(through(self.blocks, x, shared, caches))


class T5(Module):
    """(B, S) ids of the source, (B, T) ids written so far -> (B, T, V) logits of the next token to
    write."""

    def __init__(self, config, *, rng):
        self.config = config
        self.encoder = Encoder(config, rng=rng)
        self.decoder = Decoder(config, self.encoder.tokens, rng=rng)

    def hidden(self, ids, lengths=None):
        """(B, S) -> (B, S, C): what each token of the source means where it stands."""
        return self.encoder.hidden(ids, lengths)

    def head(self):
        """(C, V): the embedding of the tokens, transposed: a position is compared with each."""
        return self.encoder.tokens.weight.transpose(1, 0) * self.config.width**-0.5

    def __call__(self, ids, inputs, lengths=None):
        return self.decoder.hidden(inputs, self.encoder.hidden(ids, lengths), lengths) @ self.head()

    def loss(self, ids, targets, weights=None, **softened):
        """(B, S) source ids, (B, T) ids to write, (B, T) weights -> (): cross-entropy in nats,
        with the options of F.linear_cross_entropy."""
        targets = layers.token_rows(targets)
        F.losses.check_targets(targets, self.config.vocab_size)
        hidden = self.decoder.hidden(shift_right(targets, START), self.encoder.hidden(ids))
        return F.linear_cross_entropy(hidden, self.head(), targets, weights=weights, **softened)

    def answering(self, ids, lengths=None):
        """(B, S) source ids, (B,) -> what writes about them: a decoder that begins with START."""
        return Answering(self, ids, lengths)


class Answering(Module):
    """(B, T) ids written so far -> (B, T, V) logits of the next: a T5 that has read its source.

    Of row b of the source, (B, S), the first lengths[b] tokens are real, or all.
    """

    longest = math.inf  # tokens that it can have written

    def __init__(self, model, ids, lengths=None):
        self.decoder, self.head = model.decoder, model.head
        self.memory, self.lengths = model.encoder.hidden(ids, lengths), lengths
        self.sources = len(self.memory)

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return self.decoder.new_caches(self.lengths)

    def __call__(self, ids, caches=None):
        return self.decoder.hidden(ids, self.memory, self.lengths, caches) @ self.head()


def shift_right(targets, start_id):
    """(B, T) ids -> (B, T): what a decoder has read before it writes each of them: the start, and
    all but the last."""
    inputs = array_module(targets).full_like(targets, start_id)
    inputs[:, 1:] = targets[:, :-1]
    return inputs


# ------------------------------------------------------------------------------------ what it costs


def kept(config, plan):
    """What there is of each token of the text while a T5 learns.

    The encoder reads S / T of it and the decoder writes U / T; a classifier has no decoder.
    """
    C, M, H, T = config.width, config.hidden, config.heads, config.context
    hidden = 0 if plan.classify else hidden_of(T)
    S, U = T - hidden + hidden // GAP, hidden + hidden // GAP
    # two residuals, two norms, q k v, the attention; gate, hidden and their product. A decoder's
    # block has the norm, residual, q and attention of a second look, and k v of each token read
    encoder, decoder = S * (8 * C + 3 * M), U * (12 * C + 3 * M) + S * 2 * C
    if plan.on_gpu:
        dropped = C if config.dropout else 0
        encoder += S * (M + H * S + 2 * dropped)
        decoder += U * (M + H * (U + S) + 3 * dropped)
    decoder *= 0 if plan.classify else config.decoder_layers
    bias = H * S * S * min(plan.workers, plan.batch) // plan.batch  # one for all rows of a worker
    # the weights of the attention and two gradients; of the bias: a block's gradient, and the sum
    # before and after it
    attention = (
        3 * H * S * (S if plan.on_gpu else min(F.attentions.BLOCK, S)) + 3 * bias - 6 * C * T
    )
    inside = max(S * ((3 if plan.on_gpu else 2) * M - C), attention)
    height = max(C * T, inside - decoder)  # what the decoder kept is gone when the encoder begins
    return Kept(
        block=(encoder + decoder // config.layers) // T,
        height=height // T,
        ends=3 * C + bias // T,
        targets=hidden_of(T) * (GAP + 1) // GAP,
    )


def cache(config, tokens):
    """Keys and values of what it writes, and of what it has read."""
    return 2 * 2 * config.decoder_layers * tokens * config.width


def products(config, ids, targets):
    """Those of the matrices and of three attentions, of which the decoder's own sees half."""
    C, S, T = config.width, ids.shape[1], targets.shape[1]
    gated = 3 * C * config.hidden
    encoder = S * (4 * C * C + gated) + 2 * S * S * C
    decoder = T * (6 * C * C + gated) + S * 2 * C * C + T * T * C + 2 * T * S * C
    return config.layers * encoder + config.decoder_layers * decoder + T * config.vocab_size * C


ARCHITECTURE = Architecture(
    T5Config, T5, SpanCorruption,
    body=Encoder, kept=kept, cache=cache, products=products, endless=True,
)  # fmt: skip
