"""Losses: how surprised the model was."""

import numpy as np

from tinyllm.backend import TwinnedFunction, array_module, check_index, exp32, kernel, largest
from tinyllm.errors import UsageError
from tinyllm.tensor import op

LOGITS_AT_ONCE = 1 << 21  # numbers: 8 MB of float32


@op
def cross_entropy(logits, targets):
    """(..., V), (...) ids -> (): the mean of -log softmax(logits)[target], in nats."""
    if logits.shape[:-1] != targets.shape:
        raise UsageError(
            f"cross_entropy: logits {logits.shape} and targets {targets.shape} do not agree; "
            "expected (..., V) and (...)"
        )
    if not targets.size:
        raise UsageError(f"cross_entropy of no targets: they are {targets.shape}")
    dlogits = logits.reshape(-1, logits.shape[-1]).copy()
    losses = surprise(dlogits, targets.reshape(-1))

    def backward(dy):
        return (dlogits * (dy / targets.size)).reshape(logits.shape), None

    return losses.mean(), backward


@op
def linear_cross_entropy(hidden, weight, targets, *, needs=(True, True, False)):
    """(..., C), (C, V), (...) ids -> (): cross_entropy(hidden @ weight, targets), never holding all of the logits.

    The vocabulary would make them the largest array of a step. Here some rows at a time become their loss and, at once,
    their part of the gradients that are needed; then their logits are forgotten.
    """
    if hidden.shape[-1] != weight.shape[0] or hidden.shape[:-1] != targets.shape:
        raise UsageError(
            f"linear_cross_entropy: hidden {hidden.shape}, weight {weight.shape} and targets {targets.shape} "
            "do not agree; expected (..., C), (C, V) and (...)"
        )
    if not targets.size:
        raise UsageError(f"linear_cross_entropy of no targets: they are {targets.shape}")
    xp, rows, ids = array_module(hidden), hidden.reshape(-1, hidden.shape[-1]), targets.reshape(-1)
    losses, drows, dweight = [], xp.empty_like(rows), None
    at_once = max(1, LOGITS_AT_ONCE // weight.shape[1])
    for start in range(0, len(rows), at_once):
        some = slice(start, start + at_once)
        logits = rows[some] @ weight  # (n, V)
        losses.append(surprise(logits, ids[some]))  # from here on, their gradient
        if needs[0]:
            drows[some] = logits @ weight.T
        if needs[1]:
            part = logits.T @ rows[some]  # (V, C), as the embedding that the head is tied to
            if dweight is None:
                dweight = part
            else:
                dweight += part

    def backward(dy):
        each = dy / targets.size
        return lambda: (drows * each).reshape(hidden.shape), lambda: (dweight * each).T, None

    return xp.concatenate(losses).mean(), backward


@TwinnedFunction
def surprise(logits, targets):
    """(n, V), (n,) ids -> (n,) of -log softmax(logits)[target]. Writes its gradient by the logits over the logits."""
    xp = array_module(logits)
    every = xp.arange(len(targets))
    logits -= logits.max(axis=-1, keepdims=True)
    of_target = logits[every, targets]
    xp.exp(logits, out=logits)
    sums = logits.sum(axis=-1)
    logits /= sums[:, None]
    logits[every, targets] -= 1
    return xp.log(sums) - of_target


@surprise.compiled
def surprise_compiled(logits, targets):
    check_index(targets, logits.shape[1])
    losses = np.empty(len(targets), logits.dtype)
    surprise_rows(logits, targets, losses)
    return losses


@kernel
def surprise_rows(logits, targets, losses):
    for i in range(targets.size):
        row = logits[i]
        top = largest(row)
        of_target = row[targets[i]] - top
        total = np.float32(0.0)
        for j in range(row.size):
            row[j] = exp32(row[j] - top)
            total += row[j]
        share = np.float32(1.0) / total
        for j in range(row.size):
            row[j] *= share
        row[targets[i]] -= np.float32(1.0)
        losses[i] = np.log(total) - of_target
