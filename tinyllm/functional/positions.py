"""Positions: waves to add to a token, buckets of how far apart two are, turns by their angle."""

import math

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.backend.kernels import kernel
from tinyllm.errors import UsageError
from tinyllm.tensor import op


def sinusoids(positions, channels, *, base=10000.0):
    """(T,) of numbers -> (T, C) float32: channels 2i and 2i + 1 are sine and cosine of position /
    base^(2i / C).

    Vaswani et al. 2017. Raises UsageError for an odd number of channels.
    """
    if channels % 2:
        raise UsageError(
            f"sinusoidal positions come in pairs of channels, but there are {channels}; "
            "take an even width"
        )
    frequencies = base ** (-np.arange(0, channels, 2) / channels)
    angles = np.asarray(positions, np.float64)[:, None] * frequencies  # (T, C / 2)
    return (
        np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        .reshape(len(angles), channels)
        .astype(np.float32)
    )


def relative_buckets(distances, *, buckets, furthest, both_ways):
    """(...) of how far ahead a key is of its query -> (...) buckets of 0..buckets-1
    (Raffel et al. 2019).

    Near distances have a bucket each, far ones share it, on a logarithmic scale up to `furthest`,
    from where on all are alike. `both_ways` keeps half of the buckets for keys ahead; without it
    these count as distance 0.
    """
    distances = np.asarray(distances)
    if both_ways:
        buckets //= 2
        ahead, far = buckets * (distances > 0), np.abs(distances)
    else:
        ahead, far = 0, np.maximum(-distances, 0)
    exact = buckets // 2
    log_share = np.log(np.maximum(far, 1) / exact) / np.log(furthest / exact)
    shared = np.minimum(exact + (log_share * (buckets - exact)).astype(np.int64), buckets - 1)
    return ahead + np.where(far < exact, far, shared)


# ---------------------------------------------------------------- rotary positions (Su et al. 2021)


def rotations(positions, channels, *, base=10000.0):
    """(T,) of numbers -> two of (T, D / 2) in float32: cosine and sine of the angle of each
    position and pair."""
    if channels % 2:
        raise UsageError(
            f"rotary positions turn pairs of channels, but a head has {channels} of them"
        )
    frequencies = base ** (-np.arange(0, channels, 2) / channels)
    angles = np.asarray(positions, np.float64)[:, None] * frequencies
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


@op
def rotary(x, *, cos, sin):
    """(..., T, D) -> (..., T, D): i and i + D / 2 are a pair of channels (Su et al. 2021).

    cos, sin: what `rotations` gives for the T positions; or, where each of B rows of H heads has
    positions of its own, (B, 1, T, D / 2).
    """
    check_rotations(x, cos, sin)
    half = x.shape[-1] // 2

    def turn(x, cos, sin):
        a, b = x[..., :half], x[..., half:]
        y = array_module(x).empty_like(x)
        y[..., :half] = a * cos - b * sin
        y[..., half:] = b * cos + a * sin
        return y

    return turn(x, cos, sin), lambda dy: turn(dy, cos, -sin)  # back by the same angle


@rotary.compiled
def rotary_compiled(x, *, cos, sin):
    check_rotations(x, cos, sin)

    def turn(x, sign):
        y = np.empty(x.shape, x.dtype)
        rotary_loop(np.ascontiguousarray(x).reshape(grouped), *turns, sign, y.reshape(grouped))
        return y

    # (G, N, T, D) and twice (G, T, D / 2): what turns alike, together
    grouped = x.shape if cos.ndim == 4 else (1, math.prod(x.shape[:-2]), *x.shape[-2:])
    turns = [a.reshape(grouped[0], *a.shape[-2:]) for a in (cos, sin)]

    return turn(x, np.float32(1.0)), lambda dy: turn(dy, np.float32(-1.0))


@kernel
def rotary_loop(x, cos, sin, sign, y):
    """(G, N, T, D), twice (G, T, D / 2) -> y, (G, N, T, D): x turned, or back for sign -1."""
    half = cos.shape[2]
    for g in range(x.shape[0]):
        for n in range(x.shape[1]):
            for t in range(x.shape[2]):
                a, b = x[g, n, t, :half], x[g, n, t, half:]
                c, d = y[g, n, t, :half], y[g, n, t, half:]
                for i in range(a.size):
                    c[i] = a[i] * cos[g, t, i] - b[i] * sin[g, t, i] * sign
                    d[i] = b[i] * cos[g, t, i] + a[i] * sin[g, t, i] * sign


def check_rotations(x, cos, sin):
    T, D = x.shape[-2:] if x.ndim > 1 else (0, 1)
    expected = (T, D // 2)
    if x.ndim == cos.ndim == 4:
        expected = (len(x), 1, *expected)
    if D % 2 or not cos.shape == sin.shape == expected:
        raise UsageError(
            f"rotary: x {x.shape}, cos {cos.shape} and sin {sin.shape} do not agree; expected "
            "(..., T, D) with an even D and twice (T, D / 2), or (B, H, T, D) and (B, 1, T, D / 2)"
        )
