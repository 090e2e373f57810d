"""Rotary positions: turn each pair of channels by an angle that grows with the position (Su et al. 2021)."""

import math

import numpy as np

from tinyllm.backend import array_module, kernel
from tinyllm.errors import UsageError
from tinyllm.tensor import op


def rotations(positions, channels, *, base=10000.0):
    """(T,) of numbers -> two of (T, D / 2) in float32: cosine and sine of the angle of each position and pair."""
    if channels % 2:
        raise UsageError(f"rotary positions turn pairs of channels, but a head has {channels} of them")
    frequencies = base ** (-np.arange(0, channels, 2) / channels)
    angles = np.asarray(positions, np.float64)[:, None] * frequencies
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


@op
def rotary(x, *, cos, sin):
    """(..., T, D) -> (..., T, D): i and i + D / 2 are a pair of channels. cos, sin: see `rotations`."""
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
        y, flat = np.empty(x.shape, x.dtype), (math.prod(x.shape[:-2]), *x.shape[-2:])
        rotary_loop(np.ascontiguousarray(x).reshape(flat), cos, sin, sign, y.reshape(flat))
        return y

    return turn(x, np.float32(1.0)), lambda dy: turn(dy, np.float32(-1.0))


@kernel
def rotary_loop(x, cos, sin, sign, y):
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            a, b = x[n, t, : cos.shape[1]], x[n, t, cos.shape[1] :]
            c, d = y[n, t, : cos.shape[1]], y[n, t, cos.shape[1] :]
            for i in range(a.size):
                c[i] = a[i] * cos[t, i] - b[i] * sin[t, i] * sign
                d[i] = b[i] * cos[t, i] + a[i] * sin[t, i] * sign


def check_rotations(x, cos, sin):
    expected = (*x.shape[-2:-1], x.shape[-1] // 2)
    if x.shape[-1] % 2 or not cos.shape == sin.shape == expected:
        raise UsageError(
            f"rotary: x {x.shape}, cos {cos.shape} and sin {sin.shape} do not agree; expected (..., T, D) with an even "
            "D and twice (T, D / 2)"
        )
