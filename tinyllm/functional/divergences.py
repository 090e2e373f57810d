"""Divergences: how far what a student holds likely is from what its teacher, a trained model, does
(Hinton, Vinyals & Dean 2015).

The teacher's logits of a long text are too many to be kept: of each position the likeliest tokens
are, and all others count as one token more, whose logit is the log of the sum of their
exponentials. The divergence of such parts is never more than that of the whole, and where every
token is kept but one it is the same.
"""

import math

import numpy as np

from tinyllm.backend.arrays import array_module, beside, narrowed, widened
from tinyllm.backend.kernels import TwinnedFunction, exp32, kernel, largest
from tinyllm.errors import UsageError
from tinyllm.functional.embeddings import check_ids
from tinyllm.functional.losses import in_pieces, positions, surprise_of
from tinyllm.tensor import op, rows


@op
def distillation(logits, teacher, *, temperature):
    """(..., V), (..., V) -> (): temperature² times the mean over the positions of
    KL(softmax(teacher / temperature) || softmax(logits / temperature)), in nats.

    Above 1, the temperature makes more of what the teacher holds unlikely; its square leaves the
    gradient about as large as it was. The teacher gets none. Raises UsageError for shapes that
    differ, for no positions, and for a temperature that is not above 0.
    """
    check_temperature(temperature)
    if logits.shape != teacher.shape or not logits.size:
        raise UsageError(
            f"distillation: logits {logits.shape} and those of the teacher {teacher.shape} do not "
            "agree; expected (..., V) twice, and none empty"
        )
    if not logits.dtype.kind == teacher.dtype.kind == "f":
        raise UsageError(f"distillation: logits must be floating-point, got {logits.dtype}")
    dlogits, sought = (widened(rows(x).copy()) for x in (logits, beside(teacher, logits)))
    dlogits /= temperature
    sought /= temperature
    losses = divergence(dlogits, sought)

    def backward(dy):
        dx = dlogits * (dy * (temperature / len(dlogits)))
        return narrowed(dx, logits.dtype).reshape(logits.shape), None

    return losses.mean() * temperature**2, backward


@op
def linear_distillation(
    hidden, weight, targets, ids, teacher, *,
    temperature, mixture, label_smoothing=0.0, z_loss=0.0, needs=(True, True, False, False, False),
):  # fmt: skip
    """(..., C), (C, V), (...) ids, (..., k) ids, (..., k + 1) -> (): what is learned from the text
    and, `mixture` of it, from the teacher, never holding all of the logits.

    (1 - mixture) · linear_cross_entropy(hidden, weight, targets) + mixture · temperature² · the
    mean of KL(teacher || softmax(hidden @ weight / temperature)). Of the teacher, at that
    temperature, the `likeliest` tokens of each position are given, and the logits of these and of
    all others together. Raises UsageError as linear_cross_entropy does, for a mixture outside 0..1
    and a temperature that is not above 0.
    """
    check_temperature(temperature)
    if not 0 <= mixture <= 1:
        raise UsageError(f"distillation: mixture={mixture} must be a share, from 0 to 1")
    shape, k = targets.shape, ids.shape[-1] if ids.ndim else 0
    given = hidden.shape[:-1], weight.shape[:1], ids.shape, teacher.shape
    if given != (shape, hidden.shape[-1:], (*shape, k), (*shape, k + 1)) or weight.ndim != 2:
        raise UsageError(
            f"linear_distillation: hidden {hidden.shape}, weight {weight.shape}, targets {shape}, "
            f"ids {ids.shape} and teacher {teacher.shape} do not agree; expected (..., C), (C, V), "
            "(...), (..., k) and (..., k + 1)"
        )
    if k >= weight.shape[1]:
        raise UsageError(f"{k} of {weight.shape[1]} tokens leave no others; keep fewer")
    check_ids(ids, weight.shape[1])
    targets, _, total = positions(hidden, targets, None, weight.shape[1])
    ids, teacher = rows(beside(ids, hidden)), widened(rows(beside(teacher, hidden)))
    plain = surprise_of(label_smoothing, z_loss)

    def surprise(logits, some):
        soft = logits / temperature
        divergences = divergence_of_kept(soft, ids[some], teacher[some])
        losses = plain(logits, targets[some])
        logits *= 1 - mixture
        soft *= mixture * temperature
        logits += soft
        return (1 - mixture) * losses + mixture * temperature**2 * divergences

    every = array_module(hidden).arange(total)
    value, back = in_pieces(hidden, weight, every, None, total, needs=needs[:2], surprise=surprise)
    return value, lambda dy: (*back(dy), None, None)


def check_temperature(temperature):
    """Raise UsageError unless it is a number above 0."""
    if not 0 < temperature < math.inf:
        raise UsageError(f"distillation: temperature={temperature} must be a number above 0")


@TwinnedFunction
def divergence(logits, teacher):
    """(n, V), (n, V) -> (n,) of KL(softmax(teacher) || softmax(logits)). Writes its gradient by the
    logits over the logits."""
    xp = array_module(logits)
    log_q, log_p = log_softmax(logits), log_softmax(teacher)
    p = xp.exp(log_p)
    logits[...] = xp.exp(log_q) - p
    return (p * (log_p - log_q)).sum(axis=-1)


def log_softmax(x):
    """(n, V) -> (n, V)"""
    xp = array_module(x)
    x = x - x.max(axis=-1, keepdims=True)
    return x - xp.log(xp.exp(x).sum(axis=-1, keepdims=True))


@divergence.compiled
def divergence_compiled(logits, teacher):
    losses = np.empty(len(logits), logits.dtype)
    divergence_rows(logits, teacher, losses)
    return losses


@kernel
def divergence_rows(logits, teacher, losses):
    """(n, V), (n, V) -> losses, (n,); over the logits, softmax(logits) - softmax(teacher)."""
    for i in range(losses.size):
        row, sought = logits[i], teacher[i]
        top, top_sought = largest(row), largest(sought)
        total = total_sought = apart = np.float32(0.0)
        for j in range(row.size):
            x, t = row[j] - top, sought[j] - top_sought
            p = exp32(t)
            apart += p * (t - x)
            total_sought += p
            row[j] = exp32(x)
            total += row[j]
        share, share_sought = np.float32(1.0) / total, np.float32(1.0) / total_sought
        for j in range(row.size):
            row[j] = row[j] * share - exp32(sought[j] - top_sought) * share_sought
        losses[i] = apart * share_sought + np.log(total) - np.log(total_sought)


@TwinnedFunction
def divergence_of_kept(logits, ids, teacher):
    """(n, V), (n, k) ids, each row's all different, (n, k + 1) -> (n,): the divergence where of the
    teacher the logits of these k tokens are known and, last, that of all others together. Writes
    its gradient over the logits."""
    xp = array_module(logits)
    every = xp.arange(len(ids))[:, None]
    of_kept = logits[every, ids]
    logits[every, ids] = -math.inf
    top = logits.max(axis=-1, keepdims=True)
    logits -= top
    xp.exp(logits, out=logits)
    sums = logits.sum(axis=-1, keepdims=True)
    known = xp.concatenate([of_kept, xp.log(sums) + top], axis=-1)  # (n, k + 1)
    losses = divergence(known, teacher)
    logits *= known[:, -1:] / sums  # the gradient of the others together, each its share
    logits[every, ids] = known[:, :-1]
    return losses


@divergence_of_kept.compiled
def divergence_of_kept_compiled(logits, ids, teacher):
    known, sums = np.empty(teacher.shape, np.float32), np.empty(len(logits), np.float32)
    gather_kept(logits, ids, known, sums)
    losses = divergence_compiled(known, teacher)
    scatter_kept(logits, ids, known, sums)
    return losses


@kernel
def gather_kept(logits, ids, known, sums):
    """(n, V), (n, k) ids -> known, (n, k + 1), and sums, (n,), of the exponentials of the others,
    which stand over the logits."""
    k = ids.shape[1]
    for i in range(sums.size):
        row = logits[i]
        for j in range(k):
            known[i, j] = row[ids[i, j]]
            row[ids[i, j]] = np.float32(-3e38)
        top = largest(row)
        total = np.float32(0.0)
        for j in range(row.size):
            row[j] = exp32(row[j] - top)
            total += row[j]
        sums[i] = total
        known[i, k] = np.log(total) + top


@kernel
def scatter_kept(logits, ids, known, sums):
    """(n, V) exponentials, (n, k) ids, (n, k + 1) gradients of what is known, (n,) -> over the
    exponentials, the gradients of all logits."""
    k = ids.shape[1]
    for i in range(sums.size):
        row, share = logits[i], known[i, k] / sums[i]
        for j in range(row.size):
            row[j] *= share
        for j in range(k):
            row[ids[i, j]] = known[i, j]


def likeliest(logits, *, count):
    """(n, V) -> (n, k) ids, in their order, (n, k + 1): the `count` likeliest tokens of each row,
    of equal ones the first; the logarithms of their probabilities and, last, of all others' sum.

    Raises UsageError if that is no token, or leaves no others.
    """
    if not 0 < count < logits.shape[-1]:
        raise UsageError(f"count={count} must be at least 1 and below {logits.shape[-1]} tokens")
    return likeliest_tokens(logits, count=count)


@TwinnedFunction
def likeliest_tokens(logits, *, count):
    """The same, unchecked."""
    xp = array_module(logits)
    every = xp.arange(len(logits))[:, None]
    ids = xp.sort(xp.argsort(-logits, axis=-1, kind="stable")[:, :count], axis=-1)
    of_kept, others = logits[every, ids], logits.copy()
    others[every, ids] = -math.inf
    top = others.max(axis=-1, keepdims=True)
    of_others = xp.log(xp.exp(others - top).sum(axis=-1, keepdims=True)) + top
    return ids, log_softmax(xp.concatenate([of_kept, of_others], axis=-1))


@likeliest_tokens.compiled
def likeliest_tokens_compiled(logits, *, count):
    ids, known = (
        np.zeros((len(logits), count), np.int64),
        np.empty((len(logits), count + 1), np.float32),
    )
    likeliest_rows(logits, ids, known)
    return ids, log_softmax(known)


@kernel
def likeliest_rows(logits, ids, known):
    """(n, V) -> ids, (n, k); known, (n, k + 1), logits of these and of all others together."""
    count = ids.shape[1]
    for i in range(len(ids)):
        row, best = logits[i], known[i]
        best[:count] = row[:count]
        place = smallest_of(best, count)
        for j in range(count, row.size):
            if row[j] > best[place]:
                best[place] = row[j]
                place = smallest_of(best, count)
        least, equal = best[place], 0
        for j in range(count):
            equal += best[j] == least
        top, found = np.float32(-np.inf), 0
        for j in range(row.size):
            x = row[j]
            if found < count and (x > least or (x == least and equal > 0)):
                equal -= x == least
                ids[i, found], best[found] = j, x
                found += 1
            elif x > top:
                top = x
        total = np.float32(0.0)
        for j in range(row.size):  # each that is kept adds 1
            total += exp32(min(row[j], top) - top)
        best[count] = np.log(total - np.float32(count)) + top


@kernel
def smallest_of(best, count):
    """Where the smallest of the first `count` numbers stands."""
    place = 0
    for j in range(1, count):
        if best[j] < best[place]:
            place = j
    return place
