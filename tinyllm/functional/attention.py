"""Attention: each position takes a weighted mean of the values of the positions it may look at."""

from tinyllm.backend import array_module
from tinyllm.errors import UsageError
from tinyllm.tensor import op


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


def future(xp, queries, positions):
    """(T, S) of bool: True where query t may not see position s, which comes after it."""
    return xp.arange(positions) > xp.arange(positions - queries, positions)[:, None]


def check_shapes(q, k, v, causal):
    if k.shape != v.shape or q.shape[:-2] != k.shape[:-2] or q.shape[-1] != k.shape[-1]:
        raise UsageError(
            f"attention: q {q.shape}, k {k.shape} and v {v.shape} do not agree; expected (B, H, T, D) and "
            "twice (B, H, S, D)"
        )
    if causal and q.shape[-2] > k.shape[-2]:
        raise UsageError(f"causal attention of {q.shape[-2]} queries needs as many positions, got {k.shape[-2]}")
