"""Attention: each position takes a weighted mean of the values of the positions it may look at."""

import numpy as np

from tinyllm import tensor
from tinyllm.backend.arrays import array_module, narrowed, widened
from tinyllm.backend.kernels import exp32, in_order, kernel
from tinyllm.errors import UsageError
from tinyllm.functional import masks
from tinyllm.tensor import Part, op

BLOCK, CAUSAL_BLOCK = 128, 64  # queries; small blocks compute less of the unseen future


@op
def split_heads(x, *, heads, part=0, parts=1):
    """(B, T, parts C) -> (B, H, T, D): the channels of one part, dealt to H heads of D = C / H."""
    B, T, channels = shape_of("split_heads", x, "BTC")
    C = channels // parts
    if channels % (parts * heads):
        raise UsageError(
            f"split_heads: {channels} channels are not {parts} parts of {heads} heads of equal size"
        )
    mine = (slice(None), slice(None), slice(part * C, (part + 1) * C))
    y = x[mine].reshape(B, T, heads, C // heads).swapaxes(1, 2)
    return y, lambda dy: Part(mine, dy.swapaxes(1, 2).reshape(B, T, C))


@op
def merge_heads(x):
    """(B, H, T, D) -> (B, T, C): the heads side by side again"""
    B, H, T, D = shape_of("merge_heads", x, "BHTD")
    return x.swapaxes(1, 2).reshape(B, T, H * D), lambda dy: dy.reshape(B, T, H, D).swapaxes(1, 2)


@op
def repeat_heads(x, *, times):
    """(B, K, S, D) -> (B, K times, S, D): each head so many times in a row, for those who share it.

    Ainslie et al. 2023 (grouped-query attention).
    """
    B, K, S, D = shape_of("repeat_heads", x, "BKSD")
    shape = (B, K, times, S, D)
    y = array_module(x).broadcast_to(x[:, :, None], shape).reshape(B, K * times, S, D)
    return y, lambda dy: dy.reshape(shape).sum(axis=2)


@op
def attention(q, k, v, bias=None, *, causal=False, starts=None, lengths=None, scale=None):
    """(B, H, T, D), (B, H, S, D), (B, H, S, D) -> (B, H, T, D): softmax(q kᵀ / √D) v.

    Causal: each query sees itself and what came before it. The T queries are the last T of the S
    positions or, with `starts`, (B,) ids, those of row b that begin at position starts[b].
    `lengths`, (B,) ids: of row b only the first lengths[b] positions are seen, the others are
    padding. `bias`, (1 or B, 1 or H, T, S), is added to the scores or, if it is of truth values, is
    true where a query may see a position; `scale` takes the place of 1 / √D (Vaswani et al. 2017).
    Raises UsageError for shapes that do not agree.
    """
    check_shapes(q, k, v, bias)
    check_seen(q, k, bias, causal, starts, lengths)
    xp, scale = array_module(q), q.shape[-1] ** -0.5 if scale is None else scale
    bias = masks.as_bias(bias, q.dtype)
    dtype, (q, k, v) = q.dtype, map(widened, (q, k, v))  # half precision is computed in float32
    scores = q @ k.swapaxes(-1, -2)  # (B, H, T, S)
    scores *= scale
    if bias is not None:
        scores += bias
    if starts is not None:
        future = masks.future_of_rows(xp, starts, *scores.shape[-2:])  # (B, T, S)
        xp.copyto(scores, -xp.inf, where=future[:, None])
    elif causal:
        xp.copyto(scores, -xp.inf, where=masks.future(xp, *scores.shape[-2:]))
    if lengths is not None:
        xp.copyto(
            scores, -xp.inf, where=masks.padding(xp, lengths, scores.shape[-1])[:, None, None]
        )
    scores -= scores.max(axis=-1, keepdims=True)
    weights = xp.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)

    def backward(dy):
        dy = widened(dy)
        dweights = dy @ v.swapaxes(-1, -2)  # y = weights @ v
        mean = (dweights * weights).sum(axis=-1, keepdims=True)
        dscores = weights * (
            dweights - mean
        )  # weights = softmax(scores), scores = scale q kᵀ + bias
        of_inputs = (
            lambda: narrowed(dscores @ k * scale, dtype),
            lambda: narrowed(dscores.swapaxes(-1, -2) @ q * scale, dtype),
            lambda: narrowed(weights.swapaxes(-1, -2) @ dy, dtype),
        )
        return of_inputs if bias is None else (*of_inputs, narrowed(dscores, bias.dtype))

    return narrowed(weights @ v, dtype), backward


@attention.compiled
def attention_compiled(q, k, v, bias=None, *, causal=False, starts=None, lengths=None, scale=None):
    """A block of queries at a time: its weights are made, used, forgotten, and made again by
    backward, so that memory grows with T and not with T². Of the future, hardly anything is
    computed (after Dao et al. 2022)."""
    if scale is not None and not scale > 0:  # the largest score is not that of the largest product
        options = {"causal": causal, "starts": starts, "lengths": lengths, "scale": scale}
        return attention.function.meaning(q, k, v, bias, **options)
    check_shapes(q, k, v, bias)
    check_seen(q, k, bias, causal, starts, lengths)
    bias = masks.as_bias(bias, q.dtype)
    (B, H, T, D), S = q.shape, k.shape[-2]
    scale = np.float32(D**-0.5 if scale is None else scale)
    size = CAUSAL_BLOCK if causal else BLOCK
    blocks = [slice(start, min(T, start + size)) for start in range(0, max(T, 1), size)]
    before = S - T if causal else S  # the most that a first query sees besides its own position
    befores, ends = (  # of each row and head
        np.full(B * H, most) if own is None else np.repeat(own.astype(np.int64), H)
        for most, own in ((before, starts), (S, lengths))
    )

    def product(a, b):
        """(B, H, t, D), (B, H, s, D) -> (B H, t, s) and the same as (B, H, t, s): a bᵀ"""
        ab = np.empty((B, H, a.shape[2], b.shape[2]), q.dtype)
        np.matmul(a, b.swapaxes(-1, -2), out=ab)
        return ab.reshape(B * H, *ab.shape[2:]), ab

    def look(block):
        """The positions that the last query of a block sees, and the weights that its queries give
        them."""
        positions = slice(0, min(S, before + block.stop))
        flat, weights = product(q[:, :, block], k[:, :, positions])
        if bias is not None:  # the softmax scales what it is given
            weights += bias[:, :, block, positions] / scale
        softmax_of_seen(flat, scale, befores + block.start, ends)
        return positions, flat, weights

    # in this order, merging the heads moves nothing
    y = np.empty((B, T, H, D), q.dtype).swapaxes(1, 2)
    for block in blocks:
        positions, _, weights = look(block)
        np.matmul(weights, v[:, :, positions], out=y[:, :, block])

    def backward(dy):
        dq, dk, dv = (np.empty((B, n, H, D), q.dtype).swapaxes(1, 2) for n in (T, S, S))
        dbias = None if bias is None else np.zeros(bias.shape, q.dtype)
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
            if bias is not None:
                dbias[:, :, block, positions] = tensor.sum_to_shape(
                    dscores / scale, (*bias.shape[:2], *dscores.shape[2:])
                )
        return (dq, dk, dv) if bias is None else (dq, dk, dv, dbias)

    return y, backward


@kernel
def softmax_of_seen(scores, scale, befores, ends):
    """(G, t, s), (G,), (G,) -> softmax(scale * scores) in the place of scores.

    Query i of g sees the first befores[g] + i + 1 positions, and none from ends[g] on.
    """
    bits, positions = scores.view(np.int32), scores.shape[2]
    for g in range(scores.shape[0]):
        for i in range(scores.shape[1]):
            # the loops run to the end of the row: whole vectors are faster than a part of one
            seen = min(befores[g] + i + 1, ends[g])
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


def shape_of(name, x, axes):
    """The shape of x. Raises UsageError unless it has these axes."""
    if x.ndim != len(axes):
        raise UsageError(f"{name}: expected ({', '.join(axes)}), got {x.shape}")
    return x.shape


def check_shapes(q, k, v, bias):
    if (
        q.ndim != 4
        or k.shape != v.shape
        or q.shape[:-2] != k.shape[:-2]
        or q.shape[-1] != k.shape[-1]
    ):
        raise UsageError(
            f"attention: q {q.shape}, k {k.shape} and v {v.shape} do not agree; "
            "expected (B, H, T, D) and twice (B, H, S, D)"
        )
    (B, H, T, _), S = q.shape, k.shape[-2]
    if not S:
        raise UsageError(f"attention of q {q.shape} to no position at all: k is {k.shape}")
    if bias is not None and (
        bias.ndim != 4
        or bias.shape[2:] != (T, S)
        or bias.shape[0] not in (1, B)
        or bias.shape[1] not in (1, H)
    ):
        raise UsageError(
            f"attention: a bias {bias.shape} does not fit scores {(B, H, T, S)}; "
            "expected (1 or B, 1 or H, T, S)"
        )


def check_seen(q, k, bias, causal, starts, lengths):
    (B, _, T, _), S = q.shape, k.shape[-2]
    if causal and T > S:
        raise UsageError(f"causal attention of {T} queries needs as many positions, got {S}")
    if starts is not None:
        if not causal:
            raise UsageError("attention that is not causal has no starts: its queries see all")
        masks.check_starts(starts, B, S - T)
    if lengths is not None:
        masks.check_lengths(lengths, B, S)
    if bias is not None and bias.dtype.kind == "b" and array_module(bias) is np:
        seen = bias  # (1 or B, 1 or H, T, S)
        if starts is not None:
            seen = seen & ~masks.future_of_rows(np, starts, T, S)[:, None]
        elif causal:
            seen = seen & ~masks.future(np, T, S)
        if lengths is not None:
            seen = seen & ~masks.padding(np, lengths, S)[:, None, None]
        if not seen.any(axis=-1).all():
            raise UsageError("attention: a query sees no position at all; its mask is true nowhere")
