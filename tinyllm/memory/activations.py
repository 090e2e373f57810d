"""The activations of a model: what its layers keep for the way back, in numbers per token.

Counted for the compiled routines on a CPU, and on a GPU for the plain ones, which also keep every weight of the
attention. What each function returns is for an `estimate.Plan`.
"""

from typing import NamedTuple

from tinyllm.data.objectives import GAP, SHARE
from tinyllm.models.bert import BERTConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.llama import LlamaConfig
from tinyllm.models.rnn import LSTMConfig, RNNConfig
from tinyllm.models.t5 import T5Config

CAUSAL_BLOCK, BLOCK = 64, 128  # queries: how many the compiled attention takes at a time, of one side or of both


class Kept(NamedTuple):
    """What a model keeps of each token, counted in numbers."""

    block: int  # what a block keeps from its forward to its backward
    height: int  # what its backward holds besides, at its height
    ends: int  # what there is outside the blocks when the loss is computed


def hidden_of(number):
    """How many of so many tokens an objective hides. In whole numbers, which are never too large."""
    return number * round(100 * SHARE) // 100


def gpt_kept(config, plan):
    C, H, T = config.width, config.heads, config.context
    dropped, rows = (C if config.dropout else 0), min(CAUSAL_BLOCK, T)
    if plan.on_gpu:
        # two norms and their outputs, q k v, the attention and its weights, three of the hidden layer, the masks
        return Kept(block=20 * C + H * T + 2 * dropped, height=max(13 * C, 3 * H * T - 12 * C), ends=6 * C + dropped)
    # two residuals, two norms, q k v, the attention, the hidden layer and its slope. The height is where the hidden
    # layer has two gradients or, with many small heads, where the attention has the weights of two blocks and theirs
    attention = (4 * T - 2 * rows) * rows * H // T - 5 * C
    return Kept(block=16 * C, height=max(5 * C + dropped, attention), ends=3 * C)


def llama_kept(config, plan):
    C, M, H, T = config.width, config.hidden, config.heads, config.context
    dropped, rows = (C if config.dropout else 0), min(CAUSAL_BLOCK, T)
    if plan.on_gpu:
        height = max(3 * M - C, 3 * H * T - 9 * C)
        return Kept(block=8 * C + 4 * M + H * T + 2 * dropped, height=height, ends=3 * C + dropped)
    # two residuals, two norms, q k v (k and v for each head of q), the attention; gate, hidden and their product
    attention = (4 * T - 2 * rows) * rows * H // T - 3 * M
    return Kept(block=8 * C + 3 * M, height=max(2 * M - C + dropped, attention), ends=3 * C)


def bert_kept(config, plan):
    C, H, T = config.width, config.heads, config.context
    dropped, guesses = (C if config.dropout else 0), 0 if plan.classify else 3 * hidden_of(config.vocab_size)
    if plan.on_gpu:
        return Kept(block=20 * C + H * T + 2 * dropped, height=max(13 * C, 3 * H * T - 12 * C), ends=6 * C + guesses)
    # what enters, q k v, the attention, two sums, the norm between, the hidden layer and its slope
    attention = 2 * min(2 * BLOCK, T) * H - 9 * C
    return Kept(block=16 * C, height=max(2 * C + dropped, attention), ends=4 * C + guesses)


def t5_kept(config, plan):
    """Of a token of the text, of which the encoder reads S / T and the decoder writes U / T; a classifier has none."""
    C, M, H, T = config.width, config.hidden, config.heads, config.context
    hidden = 0 if plan.classify else hidden_of(T)
    S, U = T - hidden + hidden // GAP, hidden + hidden // GAP
    # two residuals, two norms, q k v, the attention; gate, hidden and their product. A decoder's block has the norm,
    # residual, q and attention of a second look, and k v of each token that was read
    encoder, decoder = S * (8 * C + 3 * M), U * (12 * C + 3 * M) + S * 2 * C
    if plan.on_gpu:
        dropped = C if config.dropout else 0
        encoder += S * (M + H * S + 2 * dropped)
        decoder += U * (M + H * (U + S) + 3 * dropped)
    decoder *= 0 if plan.classify else config.decoder_layers
    bias = H * S * S * min(plan.workers, plan.batch) // plan.batch  # one for all rows of a worker
    # the weights of the attention and two gradients; of the bias: a block's gradient, and the sum before and after it
    attention = 3 * H * S * (S if plan.on_gpu else min(BLOCK, S)) + 3 * bias - 6 * C * T
    inside = max(S * ((3 if plan.on_gpu else 2) * M - C), attention)
    height = max(C * T, inside - decoder)  # what the decoder kept is gone when the encoder's gradients come
    return Kept(block=(encoder + decoder // config.layers) // T, height=height // T, ends=3 * C + bias // T)


def rnn_kept(config, plan):
    C, dropped = config.width, (config.width if config.dropout else 0)
    if plan.on_gpu:
        return Kept(block=4 * C + dropped, height=4 * C, ends=6 * C + dropped)
    return Kept(block=4 * C, height=4 * C + dropped, ends=3 * C)  # a block: residual, norm, input, state


def lstm_kept(config, plan):
    C, dropped = config.width, (config.width if config.dropout else 0)
    if plan.on_gpu:
        return Kept(block=12 * C + dropped, height=8 * C, ends=6 * C + dropped)
    return Kept(block=12 * C, height=8 * C + dropped, ends=3 * C)  # the same, where input and gates are of 4 C each


KEPT = {
    GPTConfig: gpt_kept,
    LlamaConfig: llama_kept,
    BERTConfig: bert_kept,
    T5Config: t5_kept,
    RNNConfig: rnn_kept,
    LSTMConfig: lstm_kept,
}
