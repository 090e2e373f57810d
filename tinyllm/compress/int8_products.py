"""Products with a matrix of int8 codes."""

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.backend.kernels import kernel, lean_kernel
from tinyllm.backend.threads import shared
from tinyllm.backend.vectors import AT_ONCE, one_row, several_rows
from tinyllm.tensor import op, rows

FEW = 64  # rows of x: more are multiplied faster by BLAS, block by block of the matrix in float32
BLOCK = 512  # rows of the matrix
ALONE = 1 << 20  # products: to share out fewer takes longer than to make them


def decode(codes, scale, group):
    """(..., n) int8, (..., groups) -> (..., n) of float32"""
    if scale.shape[-1] > 1:
        scale = array_module(scale).repeat(scale, group, axis=-1)[..., : codes.shape[-1]]
    return codes * scale


@op
def int8_linear(x, codes, scale, bias=None, *, group):
    """(..., n_in), (n_out, n_in) int8, (n_out, groups), (n_out,) -> (..., n_out): x times the matrix
    that the codes stand for, turned, + bias"""
    y = rows(x) @ decode(codes, scale, group).T
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], len(codes)), backward_of(x.shape, codes, scale, bias, group)


def backward_of(shape, codes, scale, bias, group):
    """Codes are not learned; what goes into the product, and the bias, may be."""

    def backward(dy):
        dx = lambda: (rows(dy) @ decode(codes, scale, group)).reshape(shape)  # noqa: E731
        return dx, None, None, *([] if bias is None else [lambda: rows(dy).sum(axis=0)])

    return backward


@int8_linear.compiled
def int8_linear_compiled(x, codes, scale, bias=None, *, group):
    flat = np.ascontiguousarray(rows(x))
    y = np.empty((len(flat), len(codes)), np.float32)
    width = codes.shape[1]
    if len(flat) > FEW:
        for start in range(0, len(codes), BLOCK):
            some = slice(start, start + BLOCK)
            part = np.empty((len(codes[some]), width), np.float32)
            decode_rows(codes[some], scale[some], group or width, part)
            np.matmul(flat, part.T, out=y[:, some])
    else:
        whole = np.empty(flat.shape, np.int16), np.empty(len(flat), np.float32)
        length = group if scale.shape[1] > 1 else width // 64 * 64
        to_whole_numbers(flat, group or width, *whole)
        shared(
            lambda some: multiply_rows(
                codes[some], scale[some], length, *whole, np.empty(AT_ONCE, np.float32), y[:, some]
            ),
            len(codes), alone=ALONE // max(1, width * len(flat)),
        )  # fmt: skip
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], len(codes)), backward_of(x.shape, codes, scale, bias, group)


@kernel
def decode_rows(codes, scale, group, y):
    """(rows, n), (rows, groups) -> y, (rows, n)"""
    for r in range(codes.shape[0]):
        for g in range(scale.shape[1]):
            here = slice(g * group, (g + 1) * group)
            part, of_y, step = codes[r, here], y[r, here], scale[r, g]
            for i in range(part.size):
                of_y[i] = np.float32(part[i]) * step


@kernel
def to_whole_numbers(x, group, whole, unit):
    """(rows, n) -> whole, (rows, n), and unit, (rows,): x is about whole times unit. The numbers are
    as large as the sum of the products of a group of them has room for: 127 each, in 32 bits."""
    most = np.float32(min(32767, (2**31 - 1) // (127 * max(1, min(group, x.shape[1])))))
    for r in range(x.shape[0]):
        of_x, bits, to = x[r], x[r].view(np.int32), whole[r]
        largest = np.int32(0)
        for i in range(bits.size):
            largest = max(largest, bits[i] & np.int32(0x7FFFFFFF))
        top = np.int32(largest).view(np.float32)  # NaN, if there is one
        unit[r] = top / most
        per_unit = most / top if top > 0 else np.float32(0)
        for i in range(of_x.size):
            to[i] = np.int16(np.rint(of_x[i] * per_unit))


@lean_kernel
def multiply_rows(codes, scale, length, whole, unit, sums, y):
    """(n_out, n), (n_out, groups), (rows, n), (rows,) -> y, (rows, n_out). Vectors take the groups
    that have `length` numbers, or of a row without groups what they can; the rest comes after."""
    groups = min(codes.shape[1] // length, scale.shape[1]) if length > 0 else 0
    start = 0
    while start < codes.shape[0]:
        end = start + AT_ONCE if start + AT_ONCE <= codes.shape[0] else start + 1
        some, steps = codes[start:end], scale[start:end]
        for i in range(whole.shape[0]):
            x = whole[i]
            if end - start == AT_ONCE:
                several_rows(some, x, steps, groups, length, sums)
            else:
                one_row(some, x, steps, groups, length, sums)
            for r in range(end - start):
                rest = np.int32(0)
                for k in range(groups * length, x.size):
                    rest += np.int32(np.int32(some[r, k]) * np.int32(x[k]))
                last = steps[r, steps.shape[1] - 1]
                y[i, start + r] = (sums[r] + np.float32(rest) * last) * unit[i]
        start = end
