"""Normalisation: keep the size of activations steady from layer to layer.

Half precision is computed in float32."""

import numpy as np

from tinyllm.backend.arrays import narrowed, widened
from tinyllm.backend.kernels import kernel
from tinyllm.errors import UsageError
from tinyllm.tensor import op, rows


def check_shapes(name, x, weight, bias):
    """Raise UsageError unless weight and bias have a number for each channel of x: a kernel does
    not look where it reads."""
    if not x.ndim or not x.shape[-1:] == weight.shape == bias.shape:
        shapes = f"weight {weight.shape} and bias {bias.shape}"
        raise UsageError(f"{name}: {shapes} do not fit x {x.shape}; expected (..., C) and (C,)")


def mean(x):
    """(..., C) -> (..., 1); 0 of no channels"""
    return x.sum(axis=-1, keepdims=True) / max(1, x.shape[-1])


@op
def layer_norm(x, weight, bias, *, eps=1e-5):
    """(..., C), (C,), (C,) -> (..., C): mean 0, variance 1 over C, scaled and shifted.

    Ba et al. 2016.
    """
    check_shapes("layer_norm", x, weight, bias)
    wide, dtype = widened(x), x.dtype
    apart = wide - mean(wide)
    rstd = (mean(apart * apart) + eps) ** -0.5
    normed = apart * rstd

    def backward(dy):
        dy = widened(dy)
        dn = dy * weight  # y = normed weight + bias; normed = (x - mean) rstd, which move with x
        dx = rstd * (dn - mean(dn) - normed * mean(dn * normed))
        return narrowed(dx, dtype), dy * normed, dy

    return narrowed(normed * weight + bias, dtype), backward


@layer_norm.compiled
def layer_norm_compiled(x, weight, bias, *, eps=1e-5):
    check_shapes("layer_norm", x, weight, bias)
    flat = rows(np.ascontiguousarray(x))
    y, mean, rstd = np.empty_like(flat), np.empty(len(flat), x.dtype), np.empty(len(flat), x.dtype)
    normalise_rows(flat, weight, bias, np.float32(eps), y, mean, rstd)

    def backward(dy):
        dx, dweight, dbias = np.empty_like(flat), np.zeros_like(weight), np.zeros_like(bias)
        dy = np.ascontiguousarray(dy).reshape(flat.shape)
        normalise_rows_backward(dy, flat, weight, mean, rstd, dx, dweight, dbias)
        return dx.reshape(x.shape), dweight, dbias

    return y.reshape(x.shape), backward


@kernel
def normalise_rows(x, weight, bias, eps, y, mean, rstd):
    """(n, C), (C,), (C,) -> y, (n, C), and for the way back mean, (n,), and rstd, (n,)"""
    rows, channels = x.shape
    for i in range(rows):
        total = np.float32(0.0)
        for j in range(channels):
            total += x[i, j]
        m = total / np.float32(channels)
        squares = np.float32(0.0)
        for j in range(channels):
            squares += (x[i, j] - m) * (x[i, j] - m)
        r = np.float32(1.0) / np.sqrt(squares / np.float32(channels) + eps)
        mean[i], rstd[i] = m, r
        for j in range(channels):
            y[i, j] = (x[i, j] - m) * r * weight[j] + bias[j]


@kernel
def normalise_rows_backward(dy, x, weight, mean, rstd, dx, dweight, dbias):
    """(n, C), (n, C), (C,), (n,), (n,) -> dx, (n, C), and, added to, dweight and dbias, (C,).

    Of y = normed weight + bias, normed = (x - mean) rstd: what dx loses is what moves the mean and
    what changes the length, which the forward takes away.
    """
    rows, channels = x.shape
    for i in range(rows):
        m, r = mean[i], rstd[i]
        sum_dn, sum_dn_normed = np.float32(0.0), np.float32(0.0)
        for j in range(channels):
            normed = (x[i, j] - m) * r
            dn = dy[i, j] * weight[j]
            sum_dn += dn
            sum_dn_normed += dn * normed
            dweight[j] += dy[i, j] * normed
            dbias[j] += dy[i, j]
        mean_dn, mean_dn_normed = (
            sum_dn / np.float32(channels),
            sum_dn_normed / np.float32(channels),
        )
        for j in range(channels):
            normed = (x[i, j] - m) * r
            dx[i, j] = r * (dy[i, j] * weight[j] - mean_dn - normed * mean_dn_normed)


@op
def rms_norm(x, weight, *, eps=1e-6):
    """(..., C), (C,) -> (..., C): x over its root mean square, scaled (Zhang & Sennrich 2019)."""
    check_shapes("rms_norm", x, weight, weight)
    wide, dtype = widened(x), x.dtype
    rrms = (mean(wide * wide) + eps) ** -0.5
    normed = wide * rrms

    def backward(dy):
        dy = widened(dy)
        dn = dy * weight  # y = normed weight; normed = x rrms, which moves with x
        dx = rrms * (dn - normed * mean(dn * normed))
        return narrowed(dx, dtype), dy * normed

    return narrowed(normed * weight, dtype), backward


@rms_norm.compiled
def rms_norm_compiled(x, weight, *, eps=1e-6):
    check_shapes("rms_norm", x, weight, weight)
    flat = rows(np.ascontiguousarray(x))
    y, rrms = np.empty_like(flat), np.empty(len(flat), x.dtype)
    scale_rows(flat, weight, np.float32(eps), y, rrms)

    def backward(dy):
        dx, dweight = np.empty_like(flat), np.zeros_like(weight)
        dy = np.ascontiguousarray(dy).reshape(flat.shape)
        scale_rows_backward(dy, flat, weight, rrms, dx, dweight)
        return dx.reshape(x.shape), dweight

    return y.reshape(x.shape), backward


@kernel
def scale_rows(x, weight, eps, y, rrms):
    """(n, C), (C,) -> y, (n, C), and for the way back rrms, (n,)"""
    rows, channels = x.shape
    for i in range(rows):
        squares = np.float32(0.0)
        for j in range(channels):
            squares += x[i, j] * x[i, j]
        r = np.float32(1.0) / np.sqrt(squares / np.float32(channels) + eps)
        rrms[i] = r
        for j in range(channels):
            y[i, j] = x[i, j] * r * weight[j]


@kernel
def scale_rows_backward(dy, x, weight, rrms, dx, dweight):
    """(n, C), (n, C), (C,), (n,) -> dx, (n, C), and, added to, dweight, (C,).

    Of y = x rrms weight, in which rrms = 1 / √(mean(x²) + eps) depends on every x of the row.
    """
    rows, channels = x.shape
    for i in range(rows):
        r = rrms[i]
        sum_dn_normed = np.float32(0.0)
        for j in range(channels):
            normed = x[i, j] * r
            sum_dn_normed += dy[i, j] * weight[j] * normed
            dweight[j] += dy[i, j] * normed
        mean_dn_normed = sum_dn_normed / np.float32(channels)
        for j in range(channels):
            dx[i, j] = r * (dy[i, j] * weight[j] - x[i, j] * r * mean_dn_normed)
