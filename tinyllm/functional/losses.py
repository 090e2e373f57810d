"""Losses: how surprised the model was. Those of half precision are float32.

Two options change what is learned. `label_smoothing` gives so much of the target to all tokens
alike, which keeps the model from being too sure (Szegedy et al. 2016). `z_loss` adds so many times
the square of log Z, the logarithm of the sum that softmax divides by, which keeps the logits from
drifting away (Chowdhery et al. 2022).
"""

import functools

import numpy as np

from tinyllm.backend.arrays import array_module, beside, narrowed, widened
from tinyllm.backend.kernels import TwinnedFunction, exp32, kernel, largest
from tinyllm.backend.products import product
from tinyllm.errors import UsageError
from tinyllm.functional.embeddings import check_ids
from tinyllm.tensor import op, rows

LOGITS_AT_ONCE = 1 << 21  # numbers: 8 MB of float32


@op
def cross_entropy(logits, targets, *, weights=None, label_smoothing=0.0, z_loss=0.0):
    """(..., V), (...) ids -> (): the mean of -log softmax(logits)[target], in nats.

    `weights`, (...), make it a weighted mean; a position of weight 0 is ignored. Targets and
    weights in memory are brought to where the logits are. Raises UsageError for a target outside
    0..V-1 and for weights that do not sum to more than 0; on a GPU nobody looks at either.
    """
    if logits.shape[:-1] != targets.shape or not logits.ndim:
        raise UsageError(
            f"cross_entropy: logits {logits.shape} and targets {targets.shape} do not agree; "
            "expected (..., V) and (...)"
        )
    if logits.dtype.kind != "f":
        raise UsageError(f"cross_entropy: logits must be floating-point, got {logits.dtype}")
    ids, weights, total = positions(logits, targets, weights, logits.shape[-1])
    dlogits = widened(rows(logits).copy())
    losses = surprise_of(label_smoothing, z_loss)(dlogits, ids)
    if weights is not None:
        dlogits *= weights[:, None]

    def backward(dy):
        return narrowed(dlogits * (dy / total), logits.dtype).reshape(logits.shape), None

    return mean(losses, weights, total), backward


@op
def linear_cross_entropy(
    hidden, weight, targets, *,
    weights=None, label_smoothing=0.0, z_loss=0.0, needs=(True, True, False),
):  # fmt: skip
    """(..., C), (C, V), (...) ids -> (): cross_entropy(hidden @ weight, targets), never holding all
    of the logits.

    All of them would be the largest array of a step. Here some rows at a time give their loss and
    their part of the gradients that are needed; then their logits are forgotten. The options and
    errors are those of cross_entropy.
    """
    if hidden.shape[-1:] != weight.shape[:1] or hidden.shape[:-1] != targets.shape:
        raise UsageError(
            f"linear_cross_entropy: hidden {hidden.shape}, weight {weight.shape} and targets "
            f"{targets.shape} do not agree; expected (..., C), (C, V) and (...)"
        )
    ids, weights, total = positions(hidden, targets, weights, weight.shape[1])
    how = {"needs": needs, "surprise": surprise_of(label_smoothing, z_loss)}
    return in_pieces(hidden, weight, ids, weights, total, **how)


@op
def linear_log_likelihood(hidden, weight, targets, *, weights=None, needs=(True, True, False)):
    """(..., T, C), (C, V), (..., T) ids -> (...): of each row, the sum of
    log softmax(hidden @ weight)[target], in nats, each times its weight of (..., T); never holding
    all of the logits.

    What each row weighs in a loss is known only on the way back, which makes the logits again. The
    errors are those of cross_entropy.
    """
    fits = hidden.shape[-1:] == weight.shape[:1] and hidden.shape[:-1] == targets.shape
    if not fits or hidden.ndim < 2:
        raise UsageError(
            f"linear_log_likelihood: hidden {hidden.shape}, weight {weight.shape} and targets "
            f"{targets.shape} do not agree; expected (..., T, C), (C, V) and (..., T)"
        )
    xp, shape = array_module(hidden), targets.shape
    ids, weights, _ = positions(hidden, targets, weights, weight.shape[1])
    x, at_once = rows(hidden), max(1, LOGITS_AT_ONCE // weight.shape[1])
    pieces = [slice(start, start + at_once) for start in range(0, len(x), at_once)]
    found = [surprise(widened(product(x[some], weight)), ids[some]) for some in pieces]
    found = xp.concatenate(found)  # (n,)
    if weights is None:
        weights = xp.ones_like(found)

    def backward(dy):
        each = (weights.reshape(shape) * -dy[..., None]).reshape(-1)  # of a position's surprise
        how = {"needs": needs, "surprise": surprise}
        return in_pieces(hidden, weight, ids, each, 1, **how)[1](1)

    return -(found * weights).reshape(shape).sum(axis=-1), backward


def in_pieces(hidden, weight, ids, weights, total, *, needs, surprise, widest=None):
    """(value, backward) of linear_cross_entropy, for checked `positions`. `surprise` is given the
    logits of some rows, and their ids: as many at a time as if the vocabulary were `widest`."""
    xp, x, shape = array_module(hidden), rows(hidden), hidden.shape
    losses, drows, dweight = [], xp.empty_like(x), None
    at_once = max(1, LOGITS_AT_ONCE // (widest or weight.shape[1]))
    for start in range(0, len(x), at_once):
        some = slice(start, start + at_once)
        logits = widened(product(x[some], weight))  # (n, V)
        losses.append(surprise(logits, ids[some]))  # from here on, their gradient
        if weights is not None:
            logits *= weights[some, None]
        if needs[0]:
            drows[some] = logits @ weight.T
        if needs[1]:
            part = logits.T @ x[some]  # (V, C), as the embedding that the head is tied to
            if dweight is None:
                dweight = part
            else:
                dweight += part

    def backward(dy):
        each = dy / total
        return (
            lambda: narrowed(drows * each, drows.dtype).reshape(shape),
            lambda: narrowed(dweight * each, weight.dtype).T,
            None,
        )

    return mean(xp.concatenate(losses), weights, total), backward


def positions(x, targets, weights, count):
    """Targets and weights (...) -> (n,) ids beside x, (n,) weights, the sum of these. Without
    weights these are None, and each position counts as 1."""
    if not targets.size:
        raise UsageError(f"a loss of no targets: they are {targets.shape}")
    check_targets(targets, count)
    ids = beside(targets, x).reshape(-1)
    if weights is None:
        return ids, None, targets.size
    if weights.shape != targets.shape:
        raise UsageError(
            f"weights {weights.shape} do not fit targets {targets.shape}; expected one for each"
        )
    if array_module(weights) is np and not weights.sum() > 0:
        raise UsageError(
            f"weights that sum to {weights.sum()} leave nothing to learn; "
            "give one at least that is above 0"
        )
    weights = beside(weights, x).reshape(-1).astype(widened(x[:0]).dtype)
    return ids, weights, weights.sum()


def check_targets(targets, count):
    """Raise UsageError for a target that is no integer of 0..count-1."""
    check_ids(targets, count, "to ignore a target, give it any id and a weight of 0")


def mean(losses, weights, total):
    """(n,) -> (): each loss counts as much as its weight, of which `total` is the sum."""
    return losses.mean() if weights is None else (losses * weights).sum() / total


def surprise_of(label_smoothing, z_loss):
    """What turns the logits of some rows, and their ids, into losses, and the logits into their
    gradient. Raises UsageError for a smoothing outside 0..1 and a z_loss below 0."""
    if not 0 <= label_smoothing < 1 or not z_loss >= 0:
        raise UsageError(
            f"label_smoothing={label_smoothing} and z_loss={z_loss}: "
            "the first is at least 0 and below 1, the second at least 0"
        )
    if label_smoothing or z_loss:
        how = {"label_smoothing": label_smoothing, "z_loss": z_loss}
        return functools.partial(soft_surprise, **how)
    return surprise


@TwinnedFunction
def surprise(logits, targets):
    """(n, V), (n,) ids of 0..V-1 -> (n,) of -log softmax(logits)[target]. Writes its gradient by
    the logits over the logits."""
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
    losses = np.empty(len(targets), logits.dtype)
    surprise_rows(logits, targets, losses)
    return losses


@kernel
def surprise_rows(logits, targets, losses):
    """(n, V), (n,) ids -> losses, (n,); over the logits, their gradient, softmax - 1 at the id."""
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


@TwinnedFunction
def soft_surprise(logits, targets, *, label_smoothing, z_loss):
    """(n, V), (n,) ids of 0..V-1 -> (n,): the surprise at a target of which `label_smoothing` is
    shared by all tokens, and `z_loss` times log² of the sum of the exponentials. Writes the
    gradient over the logits."""
    xp = array_module(logits)
    every, tops = xp.arange(len(targets)), logits.max(axis=-1)
    logits -= tops[:, None]
    of_target, of_all = logits[every, targets], logits.mean(axis=-1)
    xp.exp(logits, out=logits)
    sums = logits.sum(axis=-1)
    logs = xp.log(sums)
    z = logs + tops
    logits *= ((1 + 2 * z_loss * z) / sums)[:, None]
    logits -= label_smoothing / logits.shape[-1]
    logits[every, targets] -= 1 - label_smoothing
    expected = (1 - label_smoothing) * of_target + label_smoothing * of_all
    return logs - expected + z_loss * z * z


@soft_surprise.compiled
def soft_surprise_compiled(logits, targets, *, label_smoothing, z_loss):
    losses = np.empty(len(targets), logits.dtype)
    soft_surprise_rows(logits, targets, losses, label_smoothing, z_loss)
    return losses


@kernel
def soft_surprise_rows(logits, targets, losses, smoothing, z_loss):
    """(n, V), (n,) ids -> losses, (n,); over the logits, their gradient."""
    smoothing, z_loss = np.float32(smoothing), np.float32(z_loss)
    sharp, one, two = np.float32(1.0) - smoothing, np.float32(1.0), np.float32(2.0)
    for i in range(targets.size):
        row = logits[i]
        top = largest(row)
        of_target = row[targets[i]] - top
        total = of_all = np.float32(0.0)
        for j in range(row.size):
            from_top = row[j] - top
            of_all += from_top
            row[j] = exp32(from_top)
            total += row[j]
        log = np.log(total)
        z = log + top
        share, even = (one + two * z_loss * z) / total, smoothing / np.float32(row.size)
        for j in range(row.size):
            row[j] = row[j] * share - even
        row[targets[i]] -= sharp
        losses[i] = log - sharp * of_target - even * of_all + z_loss * z * z
