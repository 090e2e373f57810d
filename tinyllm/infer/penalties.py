"""What is likelier or not because of what was written: small functions on logits and the ids so far."""

import numpy as np

from tinyllm.errors import UsageError


def bias(logits, ids, biases):
    """(V,) -> (V,): each of [(sequence of ids, number)] adds its number to the last id of the sequence where the others
    stand before it; -inf forbids it."""
    out = logits.copy()
    for sequence, number in biases:
        *before, last = sequence
        if len(before) <= len(ids) and list(ids[len(ids) - len(before) :]) == before:
            out[last] += number
    return out


def repetition(logits, ids, penalty):
    """(V,) -> (V,): of what is in the ids, a logit above 0 is divided by the penalty and one below multiplied by it
    (Keskar et al. 2019)."""
    out, seen = logits.copy(), np.unique(np.asarray(ids, np.int64))
    out[seen] = np.where(out[seen] > 0, out[seen] / penalty, out[seen] * penalty)
    return out


def presence_and_frequency(logits, ids, presence, frequency):
    """(V,) -> (V,): what is in the ids loses `presence`, and `frequency` for each time that it is."""
    out = logits.copy()
    seen, times = np.unique(np.asarray(ids, np.int64), return_counts=True)
    out[seen] -= presence + frequency * times
    return out


def no_repeat(logits, ids, n):
    """(V,) -> (V,): what would make n ids that stand in this order already becomes -inf (Paulus et al. 2018)."""
    ids = np.asarray(ids, np.int64)
    if len(ids) < n:
        return logits
    before = np.lib.stride_tricks.sliding_window_view(ids, n)
    same = (before[:, : n - 1] == ids[len(ids) - n + 1 :]).all(axis=1)
    return forbidden(logits, before[same, n - 1])


def forbidden(logits, ids):
    """(V,) -> (V,): -inf at the ids."""
    out = logits.copy()
    out[ids] = -np.inf
    return out


def check_left(logits):
    """Raise UsageError where nothing is left to choose."""
    if not (logits > -np.inf).any():
        raise UsageError("no token is left to choose; forbid fewer, or lower no_repeat_ngram or min_tokens")
