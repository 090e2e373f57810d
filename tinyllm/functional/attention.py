"""Attention: each position takes a weighted mean of the values of the positions it may look at."""

import numpy as np

from tinyllm.backend import array_module, exp32, in_order, kernel
from tinyllm.errors import UsageError
from tinyllm.tensor import Part, op

BLOCK = 64  # queries


@op
def split_heads(x, *, heads, part=0, parts=1):
    """(B, T, parts C) -> (B, H, T, D): the channels of one part, dealt to H heads of D = C / H."""
    B, T, channels = x.shape
    C = channels // parts
    if channels % (parts * heads):
        raise UsageError(f"split_heads: {channels} channels are not {parts} parts of {heads} heads of equal size")
    mine = (slice(None), slice(None), slice(part * C, (part + 1) * C))
    y = x[mine].reshape(B, T, heads, C // heads).swapaxes(1, 2)
    return y, lambda dy: Part(mine, dy.swapaxes(1, 2).reshape(B, T, C))


@op
def merge_heads(x):
    """(B, H, T, D) -> (B, T, C): the heads side by side again"""
    B, H, T, D = x.shape
    return x.swapaxes(1, 2).reshape(B, T, H * D), lambda dy: dy.reshape(B, T, H, D).swapaxes(1, 2)


@op
def attention(q, k, v, *, causal=False):
    """(B, H, T, D), (B, H, S, D), (B, H, S, D) -> (B, H, T, D): softmax(q kᵀ / √D) v (Vaswani et al. 2017).

    Causal: the T queries are the last T of the S positions, and each sees itself and what came before it.
    """
    check_shapes(q, k, v, causal)
    xp, scale = array_module(q), q.shape[-1] ** -0.5
    scores = q @ k.swapaxes(-1, -2)  # (B, H, T, S)
    scores *= scale
    if causal:
        xp.copyto(scores, -xp.inf, where=future(xp, *scores.shape[-2:]))
    scores -= scores.max(axis=-1, keepdims=True)
    weights = xp.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)

    def backward(dy):
        dv = weights.swapaxes(-1, -2) @ dy
        dweights = dy @ v.swapaxes(-1, -2)
        dscores = weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True))
        dscores *= scale
        return lambda: dscores @ k, lambda: dscores.swapaxes(-1, -2) @ q, dv

    return weights @ v, backward


@attention.compiled
def attention_compiled(q, k, v, *, causal=False):
    """A block of queries at a time: its weights are made, used, forgotten, and made again by backward, so that memory
    grows with T and not with T². Of the future, hardly anything is computed (after Dao et al. 2022)."""
    check_shapes(q, k, v, causal)
    (B, H, T, D), S, scale = q.shape, k.shape[-2], np.float32(q.shape[-1] ** -0.5)
    blocks = [slice(start, min(T, start + BLOCK)) for start in range(0, max(T, 1), BLOCK)]
    before = S - T if causal else S  # how many positions the first query sees besides its own

    def product(a, b):
        """(B, H, t, D), (B, H, s, D) -> (B H, t, s) and the same as (B, H, t, s): a bᵀ"""
        ab = np.empty((B, H, a.shape[2], b.shape[2]), q.dtype)
        np.matmul(a, b.swapaxes(-1, -2), out=ab)
        return ab.reshape(B * H, *ab.shape[2:]), ab

    def look(block):
        """The positions that the last query of a block sees, and the weights that its queries give them."""
        positions = slice(0, min(S, before + block.stop))
        flat, weights = product(q[:, :, block], k[:, :, positions])
        softmax_of_seen(flat, scale, before + block.start)
        return positions, flat, weights

    y = np.empty((B, T, H, D), q.dtype).swapaxes(1, 2)  # in this order, merging the heads moves nothing
    for block in blocks:
        positions, _, weights = look(block)
        np.matmul(weights, v[:, :, positions], out=y[:, :, block])

    def backward(dy):
        dq, dk, dv = (np.empty((B, n, H, D), q.dtype).swapaxes(1, 2) for n in (T, S, S))
        for block in reversed(blocks):  # the last one sees every position
            positions, flat, weights = look(block)
            dflat, dscores = product(dy[:, :, block], v[:, :, positions])
            softmax_of_seen_backward(dflat, flat, scale)
            np.matmul(dscores, k[:, :, positions], out=dq[:, :, block])
            for total, of_scores, other in ((dk, dscores, q), (dv, weights, dy)):
                if block is blocks[-1]:
                    np.matmul(of_scores.swapaxes(-1, -2), other[:, :, block], out=total)
                else:
                    total[:, :, positions] += of_scores.swapaxes(-1, -2) @ other[:, :, block]
        return dq, dk, dv

    return y, backward


@kernel
def softmax_of_seen(scores, scale, before):
    """(G, t, s) -> softmax(scale * scores) in its place, where query i sees the first before + i + 1 positions."""
    bits, positions = scores.view(np.int32), scores.shape[2]
    for g in range(scores.shape[0]):
        for i in range(scores.shape[1]):
            seen = before + i + 1  # the loops go on to the end of the row: whole vectors are faster than a rest of one
            top = in_order(bits[g, i, 0])
            for j in range(positions):
                top = max(top, in_order(bits[g, i, j]) if j < seen else top)
            largest, total = np.int32(in_order(top)).view(np.float32), np.float32(0.0)
            for j in range(positions):
                weight = exp32((scores[g, i, j] - largest) * scale) if j < seen else np.float32(0.0)
                scores[g, i, j] = weight
                total += weight
            share = np.float32(1.0) / total
            for j in range(positions):
                scores[g, i, j] *= share


@kernel
def softmax_of_seen_backward(dweights, weights, scale):
    """(G, t, s), (G, t, s) -> the gradient by the unscaled scores, in the place of dweights."""
    for g in range(weights.shape[0]):
        for i in range(weights.shape[1]):
            mean = np.float32(0.0)
            for j in range(weights.shape[2]):
                mean += weights[g, i, j] * dweights[g, i, j]
            for j in range(weights.shape[2]):
                dweights[g, i, j] = weights[g, i, j] * (dweights[g, i, j] - mean) * scale


def future(xp, queries, positions):
    """(T, S) of bool: True where query t may not see position s, which comes after it."""
    return xp.arange(positions) > xp.arange(positions - queries, positions)[:, None]


def check_shapes(q, k, v, causal):
    if q.ndim != 4 or k.shape != v.shape or q.shape[:-2] != k.shape[:-2] or q.shape[-1] != k.shape[-1]:
        raise UsageError(
            f"attention: q {q.shape}, k {k.shape} and v {v.shape} do not agree; expected (B, H, T, D) and "
            "twice (B, H, S, D)"
        )
    if not k.shape[-2]:
        raise UsageError(f"attention of q {q.shape} to no position at all: k is {k.shape}")
    if causal and q.shape[-2] > k.shape[-2]:
        raise UsageError(f"causal attention of {q.shape[-2]} queries needs as many positions, got {k.shape[-2]}")
