"""Products of matrices. BLAS copies a large one before it multiplies more than one row with it, which takes longer than
to read it once: a token of each of a few texts, and tokens that are guessed, have a product of their own."""

import numpy as np

from tinyllm.backend.arrays import narrowed, widened
from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.backend.threads import shared

FEW = 8  # rows: for more, BLAS is faster
LARGE = 1 << 20  # multiplications: for fewer, BLAS copies nothing
ALONE = 1 << 18  # numbers of the matrix: to share out fewer takes longer than to multiply by them


@TwinnedFunction
def product(a, b):
    """(..., n, k), (..., k, m) -> (..., n, m): a @ b, where two of half precision in memory are multiplied in float32:
    a CPU has units for that, and NumPy's own product of them takes a hundred times as long."""
    if type(a) is type(b) is np.ndarray and a.dtype.char == b.dtype.char == "e":
        return narrowed(widened(a) @ widened(b), a.dtype)
    return a @ b


@product.compiled
def product_compiled(a, b):
    if a.ndim != 2 or b.ndim != 2 or not (1 < len(a) <= FEW and len(a) * b.size > LARGE):
        return a @ b
    a, k, y = np.ascontiguousarray(a), len(b), np.zeros((len(a), b.shape[1]), np.float32)
    if b.flags.c_contiguous:
        shared(lambda some: add_rows(a, b, some.start, some.stop, y), b.shape[1], alone=ALONE // k)
    elif b.flags.f_contiguous:
        shared(lambda some: dot_rows(a, b.T[some], some.start, y), b.shape[1], alone=ALONE // k)
    else:
        return a @ b
    return y


@kernel
def add_rows(x, matrix, start, stop, y):
    """(n, k), (k, m) -> y, (n, m), columns start to stop: four rows of the matrix are added to four of y at once"""
    n, k, width = x.shape[0], x.shape[1], stop - start
    for i in range(0, k - 3, 4):
        w0, w1, w2, w3 = (
            matrix[i, start:stop], matrix[i + 1, start:stop], matrix[i + 2, start:stop], matrix[i + 3, start:stop]
        )  # fmt: skip
        for r in range(0, n - 3, 4):
            y0, y1, y2, y3 = y[r, start:stop], y[r + 1, start:stop], y[r + 2, start:stop], y[r + 3, start:stop]
            x0, x1, x2, x3 = x[r, i : i + 4], x[r + 1, i : i + 4], x[r + 2, i : i + 4], x[r + 3, i : i + 4]
            a0, a1, a2, a3 = x0[0], x0[1], x0[2], x0[3]
            b0, b1, b2, b3 = x1[0], x1[1], x1[2], x1[3]
            c0, c1, c2, c3 = x2[0], x2[1], x2[2], x2[3]
            d0, d1, d2, d3 = x3[0], x3[1], x3[2], x3[3]
            for j in range(width):
                v0, v1, v2, v3 = w0[j], w1[j], w2[j], w3[j]
                y0[j] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3
                y1[j] += b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3
                y2[j] += c0 * v0 + c1 * v1 + c2 * v2 + c3 * v3
                y3[j] += d0 * v0 + d1 * v1 + d2 * v2 + d3 * v3
        for r in range(n // 4 * 4, n):
            of_y, a0, a1, a2, a3 = y[r, start:stop], x[r, i], x[r, i + 1], x[r, i + 2], x[r, i + 3]
            for j in range(width):
                of_y[j] += a0 * w0[j] + a1 * w1[j] + a2 * w2[j] + a3 * w3[j]
    for i in range(k // 4 * 4, k):
        for r in range(n):
            of_y, of_matrix, a0 = y[r, start:stop], matrix[i, start:stop], x[r, i]
            for j in range(width):
                of_y[j] += a0 * of_matrix[j]


@kernel
def dot_rows(x, turned, start, y):
    """(n, k), (columns, k), the matrix turned, from column `start` on -> y, (n, m)"""
    for c in range(turned.shape[0]):
        row = turned[c]
        for r in range(x.shape[0]):
            of_x, total = x[r], np.float32(0)
            for i in range(row.size):
                total += of_x[i] * row[i]
            y[r, start + c] = total
