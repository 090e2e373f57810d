"""Activations: ReLU, GELU, SiLU, SwiGLU and softmax."""

import math

import numpy as np

from tinyllm.backend.arrays import array_module, erf, narrowed, widened
from tinyllm.backend.kernels import exp32, kernel
from tinyllm.tensor import op


@op
def relu(x):
    """(...) -> (...): x where it is above 0, else 0."""
    above = x > 0
    return x * above, lambda dy: dy * above


@op
def gelu(x):
    """(...) -> (...): x P(N(0, 1) < x), exactly, not the tanh approximation
    (Hendrycks & Gimpel 2016)."""
    below = 0.5 * (1 + erf(x * math.sqrt(0.5)))

    def backward(dy):
        density = array_module(x).exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
        return dy * (below + x * density)  # y = x Φ(x), and the slope of Φ is the density

    return x * below, backward


@gelu.compiled
def gelu_compiled(x):
    y, slope = np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype)
    gelu_and_slope(np.ascontiguousarray(x).reshape(-1), y.reshape(-1), slope.reshape(-1))

    def backward(dy):
        return dy * slope

    return y, backward


@kernel
def gelu_and_slope(x, y, slope):
    """(n,) -> two of (n,): GELU and its slope from one exp(-x²/2); erf to 1.5e-7 (Abramowitz &
    Stegun 7.1.26)."""
    for i in range(x.size):
        z = np.abs(x[i]) * np.float32(0.70710678)
        t = np.float32(1.0) / (np.float32(1.0) + np.float32(0.3275911) * z)
        bell = exp32(-z * z)
        p = np.float32(1.061405429)
        p = p * t - np.float32(1.453152027)
        p = p * t + np.float32(1.421413741)
        p = p * t - np.float32(0.284496736)
        p = p * t + np.float32(0.254829592)
        above = np.float32(0.5) * p * t * bell  # P(N(0, 1) > |x|)
        below = above if x[i] < np.float32(0.0) else np.float32(1.0) - above
        y[i] = x[i] * below
        slope[i] = below + x[i] * bell * np.float32(0.39894228)


@op
def silu(x):
    """(...) -> (...): x σ(x) (Hendrycks & Gimpel 2016; Swish, Ramachandran et al. 2017)."""
    open_ = 1 / (1 + array_module(x).exp(-x))
    return x * open_, lambda dy: dy * open_ * (1 + x * (1 - open_))


@op
def swiglu(gate, x):
    """(...), (...) -> (...): gate σ(gate) x, half of a layer opens the other (Shazeer 2020)."""
    open_ = 1 / (1 + array_module(gate).exp(-gate))

    def backward(dy):  # y = gate σ(gate) x, and the slope of σ is σ (1 - σ)
        return lambda: dy * x * open_ * (1 + gate * (1 - open_)), lambda: dy * gate * open_

    return gate * open_ * x, backward


@swiglu.compiled
def swiglu_compiled(gate, x):
    if gate.shape != x.shape:
        return swiglu.function.meaning(gate, x)
    y, gate = np.empty(x.shape, x.dtype), np.ascontiguousarray(gate)
    shape, x = x.shape, np.ascontiguousarray(x)  # which has one axis at least
    swiglu_loop(gate.reshape(-1), x.reshape(-1), y.reshape(-1))

    def backward(dy):
        dgate, dx = np.empty(shape, x.dtype), np.empty(shape, x.dtype)
        flat = (a.reshape(-1) for a in (np.ascontiguousarray(dy), gate, x, dgate, dx))
        swiglu_backward_loop(*flat)
        return dgate, dx

    return y, backward


@kernel
def swiglu_loop(gate, x, y):
    """(n,), (n,) -> y, (n,)"""
    for i in range(x.size):
        y[i] = gate[i] / (np.float32(1.0) + exp32(-gate[i])) * x[i]


@kernel
def swiglu_backward_loop(dy, gate, x, dgate, dx):
    """(n,), (n,), (n,) -> dgate, (n,), and dx, (n,), of y = gate σ(gate) x"""
    for i in range(x.size):
        g = gate[i]
        open_ = np.float32(1.0) / (np.float32(1.0) + exp32(-g))
        dgate[i] = dy[i] * x[i] * open_ * (np.float32(1.0) + g * (np.float32(1.0) - open_))
        dx[i] = dy[i] * g * open_


@op
def softmax(x, *, axis=-1):
    """(..., V) -> (..., V): positive and summing to 1 along the last axis, or another."""
    # where many are summed, half precision would lose the small ones
    wide, dtype = widened(x), x.dtype
    y = array_module(x).exp(wide - wide.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)

    def backward(dy):
        dy = widened(dy)  # y = e^x / Σ e^x: what one gains, all together lose
        return narrowed(y * (dy - (dy * y).sum(axis=axis, keepdims=True)), dtype)

    return narrowed(y, dtype), backward
