"""Fused operations of the library, made of its smaller pieces: the path a model takes when a piece is the learner's.

Each has the name and the parameters of the operation it stands in for, and looks up its pieces when it runs.
"""

import numpy as np

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.backend.arrays import array_module, beside, to_host
from tinyllm.text.words import count_words as count_in_a_table


def attention(q, k, v, bias=None, *, causal=False, starts=None, lengths=None, scale=None):
    """(B, H, T, D), (B, H, S, D), (B, H, S, D) -> (B, H, T, D), by F.softmax"""
    xp, T, S = array_module(q.data), q.shape[-2], k.shape[-2]
    scores = q @ k.transpose(0, 1, 3, 2) * (q.shape[-1] ** -0.5 if scale is None else scale)  # (B, H, T, S)
    if bias is not None:
        scores = tensor.where(bias, scores, -np.inf) if bias.dtype.kind == "b" else scores + bias
    if starts is not None:
        scores = tensor.where(~F.masks.future_of_rows(xp, starts, T, S)[:, None], scores, -np.inf)
    elif causal:
        scores = tensor.where(~F.masks.future(xp, T, S), scores, -np.inf)
    if lengths is not None:
        scores = tensor.where(~F.masks.padding(xp, lengths, S)[:, None, None], scores, -np.inf)
    return F.softmax(scores) @ v


def rnn(x, state, weight):
    """(B, T, M), (B, M), (M, M) -> (B, T, M), by F.rnn_cell"""
    return one_by_one(F.rnn_cell, x, state, weight)


def lstm(x, state, weight):
    """(B, T, 4 M), (B, 2 M), (M, 4 M) -> (B, T, 2 M), by F.lstm_cell"""
    return one_by_one(F.lstm_cell, x, state, weight)


def one_by_one(cell, x, state, weight):
    """The states after each position, side by side."""
    states = []
    for t in range(x.shape[1]):
        state = cell(x[:, t], state, weight)
        states.append(state.reshape(x.shape[0], 1, -1))
    return tensor.concatenate(*states, axis=1)


def linear_cross_entropy(hidden, weight, targets, *, weights=None, label_smoothing=0.0, z_loss=0.0):
    """(..., C), (C, V), (...) ids -> (), by F.cross_entropy, given those options only that say something: where
    positions weigh nothing and the others alike, these alone are given"""
    hidden, targets = hidden.reshape(-1, hidden.shape[-1]), beside(targets, hidden.data).reshape(-1)
    options = {} if weights is None else {"weights": weights.reshape(-1)}
    if weights is not None and len(np.unique((there := to_host(weights).reshape(-1))[there != 0])) == 1:
        some = np.flatnonzero(there)
        hidden, targets, options = hidden[some], targets[some], {}
    softened = {"label_smoothing": label_smoothing, "z_loss": z_loss}
    options |= {name: value for name, value in softened.items() if value}
    return F.cross_entropy(hidden @ weight, targets, **options)


def count_words(chunks, pattern="gpt2", *, workers=1):
    """Iterable of Chunk -> {word as bytes: how often}, a dictionary like any other"""
    return dict(count_in_a_table(chunks, pattern, workers=workers).items())
