"""Products with a matrix of codes of 4 bits, of which a table tells what each stands for: NF4, or even steps.

It is decoded part by part, and never all of it is there in float32.
"""

import numpy as np

from tinyllm.backend.arrays import array_module, beside, narrowed, widened
from tinyllm.backend.kernels import TwinnedFunction, kernel, lean_kernel
from tinyllm.backend.products import product
from tinyllm.backend.threads import shared
from tinyllm.backend.vectors import look_up
from tinyllm.errors import UsageError
from tinyllm.tensor import op, rows

VALUES = np.array(  # what a code of NF4 stands for: Dettmers et al. 2023, appendix E
    [
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635),
        *(-0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725),
        *(0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ],
    np.float32,
)
BLOCK = 64  # weights with one scale
PART = 512  # rows or columns of the matrix that are in float32 at once: a whole number of blocks
FEW = 8  # rows of x: for more, BLAS is faster
ALONE = 1 << 18  # weights: to share out fewer takes longer than to multiply by them


@TwinnedFunction
def decode(codes, scale, n, values=VALUES):
    """(rows, ⌈n / 2⌉) uint8, (rows, ⌈n / 64⌉), (16,) -> (rows, n) of float32"""
    xp = array_module(codes)
    parts = beside(values, codes)[xp.stack([codes >> 4, codes & 15], axis=2)]
    return parts.reshape(len(codes), -1)[:, :n] * xp.repeat(scale, BLOCK, axis=1)[:, :n]


@decode.compiled
def decode_compiled(codes, scale, n, values=VALUES):
    y = np.empty((len(codes), n), np.float32)
    decode_rows(np.ascontiguousarray(codes), np.ascontiguousarray(scale), values, y)
    return y


@kernel
def decode_rows(codes, scale, values, y):
    """(rows, ⌈n / 2⌉), (rows, blocks), (16,) -> y, (rows, n)"""
    for r in range(codes.shape[0]):
        decode_row(codes[r], scale[r], values, y[r])


@lean_kernel
def decode_row(codes, scale, values, y):
    """(⌈n / 2⌉,), (blocks,), (16,) -> y, (n,)"""
    whole = y.size // BLOCK
    look_up(codes[: whole * BLOCK // 2], scale[:whole], values, y[: whole * BLOCK])
    for i in range(whole * BLOCK, y.size):
        y[i] = values[codes[i // 2] >> (0 if i % 2 else 4) & 15] * scale[whole]


@op
def nibble_linear(x, codes, scale, bias=None, *, values=VALUES):
    """(..., n_in), (n_out, ⌈n_in / 2⌉) uint8, (n_out, ⌈n_in / 64⌉), (n_out,) -> (..., n_out): x times the matrix
    that the codes stand for, by the 16 `values`, turned, + bias"""
    check(x, codes)
    flat, n_in = rows(x), x.shape[-1]
    y = array_module(x).empty((len(flat), len(codes)), x.dtype)
    for start in range(0, len(codes), PART):
        some = slice(start, start + PART)
        y[:, some] = product(flat, decode(codes[some], scale[some], n_in, values).T)
    return finished(x, codes, scale, bias, values, y)


@nibble_linear.compiled
def nibble_linear_compiled(x, codes, scale, bias=None, *, values=VALUES):
    flat, n_in = np.ascontiguousarray(rows(x)), x.shape[-1]
    if len(flat) > FEW:
        return nibble_linear.function.meaning(x, codes, scale, bias, values=values)
    check(x, codes)
    y = np.empty((len(flat), len(codes)), np.float32)
    shared(
        lambda some: multiply_rows(codes[some], scale[some], values, flat, np.empty(n_in, np.float32), y[:, some]),
        len(codes), alone=ALONE // max(1, n_in),
    )  # fmt: skip
    return finished(x, codes, scale, bias, values, y)


def check(x, codes):
    """Raise UsageError for an x that has not as many channels as a row of codes."""
    if -(-x.shape[-1] // 2) != codes.shape[1]:
        raise UsageError(
            f"nibble_linear: input {x.shape} and codes {codes.shape} do not agree; expected (..., n_in) and "
            "(n_out, n_in / 2), two codes a byte"
        )


def finished(x, codes, scale, bias, values, y):
    """y, (N, n_out) -> it in the shape of x, with the bias; and the way back. Codes are not learned; what goes into
    the product, and the bias, may be."""
    shape, n_in = x.shape, x.shape[-1]
    if bias is not None:
        y += bias

    def back_to_x(dy):
        dx = array_module(dy).empty((len(dy), n_in), dy.dtype)
        for start in range(0, n_in, PART):
            end = min(start + PART, n_in)
            of_codes, of_scale = slice(start // 2, (end + 1) // 2), slice(start // BLOCK, -(-end // BLOCK))
            dx[:, start:end] = product(dy, decode(codes[:, of_codes], scale[:, of_scale], end - start, values))
        return dx.reshape(shape)

    def backward(dy):
        dy = rows(dy)
        return (
            lambda: back_to_x(dy),
            None,
            None,
            *([] if bias is None else [lambda: narrowed(widened(dy).sum(axis=0), dy.dtype)]),
        )

    return y.reshape(*shape[:-1], len(codes)), backward


@kernel
def multiply_rows(codes, scale, values, x, row, y):
    """(n_out, ⌈n / 2⌉), (n_out, blocks), (16,), (N, n) -> y, (N, n_out). Into `row`, (n,), a row is decoded"""
    for r in range(codes.shape[0]):
        decode_row(codes[r], scale[r], values, row)
        for i in range(x.shape[0]):
            of_x, total = x[i], np.float32(0)
            for k in range(row.size):
                total += row[k] * of_x[k]
            y[i, r] = total
