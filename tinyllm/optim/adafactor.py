"""Adafactor: of the squares of a matrix's gradients only the means of its rows and of its columns
are remembered (Shazeer & Stern 2018).

A weight is divided by the root of what its row and its column say of it. A step is as long as `lr`
says, as a share of the weights' own size, so `lr` is larger than that of AdamW.
"""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.backend.elsewhere import zeros_like
from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.config import Config, option
from tinyllm.optim.optimizer import Optimizer

TINY = 1e-30  # the paper's ε₁, added to each square
SMALLEST = 1e-3  # its ε₂: weights that are all smaller move as if they were so large
LONGEST = 1.0  # its d: a step whose numbers have a larger root mean square is made shorter


@dataclass(frozen=True)
class AdafactorConfig(Config):
    """The options of Adafactor."""

    title = "otimizador"
    weight_decay: float = option(0.0, "quanto as matrizes encolhem", at_least=0)
    growth: float = option(
        0.8,
        "com que pressa a memória dos quadrados se alonga: no passo t entra t elevado a menos isto",
        above=0,
        at_most=1,
    )


@TwinnedFunction
def adafactor_update(p, g, *means, lr, decay, step, growth):
    """Move p (..., n, m) by its gradient g (..., n, m). There are the means of g² in rows
    (..., n, 1) and in columns (..., 1, m); of a vector or a number, that of each g² alone."""
    if not p.size:
        return
    xp, new, squares = array_module(p), step**-growth, g * g + TINY
    if p.ndim < 2:
        (square,) = means
        square += new * (squares - square)
        u = g / xp.sqrt(square)
    else:
        row, column = means
        row += new * (squares.mean(axis=-1, keepdims=True) - row)
        column += new * (squares.mean(axis=-2, keepdims=True) - column)
        u = g / xp.sqrt(row / row.mean(axis=-2, keepdims=True)) / xp.sqrt(column)
    size = xp.maximum(SMALLEST, root_mean_square(p)) / xp.maximum(1, root_mean_square(u) / LONGEST)
    p *= 1 - lr * decay
    p -= lr * size * u


def root_mean_square(x):
    """(...) -> ()"""
    return array_module(x).sqrt((x * x).mean())


@adafactor_update.compiled
def adafactor_update_compiled(p, g, *means, lr, decay, step, growth):
    if p.ndim != 2 or not p.size:
        return adafactor_update.meaning(p, g, *means, lr=lr, decay=decay, step=step, growth=growth)
    rows, columns = np.empty(len(p), np.float32), np.zeros(p.shape[1], np.float32)
    of_p = sum_squares(p, g, rows, columns)
    row, column = means
    new = step**-growth
    row += new * (rows[:, None] / np.float32(p.shape[1]) + TINY - row)
    column += new * (columns / np.float32(len(p)) + TINY - column)
    by_row, by_column = 1 / np.sqrt(row[:, 0] / row.mean()), 1 / np.sqrt(column[0])
    of_u = length_of_step(g, by_row, by_column)
    size = max(SMALLEST, (of_p / p.size) ** 0.5) / max(1, (of_u / p.size) ** 0.5 / LONGEST)
    take_step(p, g, by_row, by_column, lr * size, 1 - lr * decay)


@kernel
def sum_squares(p, g, rows, columns):
    """Two of (n, m): write the sums of g² in each row (n,), add those in each column (m,), and
    return that of all p²."""
    total = 0.0
    for i in range(len(p)):
        ours, grads = p[i], g[i]
        of_p = of_g = np.float32(0)
        for j in range(ours.size):
            square = grads[j] * grads[j]
            columns[j] += square
            of_g += square
            of_p += ours[j] * ours[j]
        rows[i] = of_g
        total += of_p
    return total


@kernel
def length_of_step(g, by_row, by_column):
    """(n, m), (n,), (m,) -> the sum of the squares of all three together"""
    total = 0.0
    for i in range(len(g)):
        grads, of_row = g[i], np.float32(0)
        for j in range(grads.size):
            u = grads[j] * by_row[i] * by_column[j]
            of_row += u * u
        total += of_row
    return total


@kernel
def take_step(p, g, by_row, by_column, lr, kept):
    """Two of (n, m), (n,), (m,)"""
    kept = np.float32(kept)
    for i in range(len(p)):
        ours, grads, rate = p[i], g[i], np.float32(lr * by_row[i])
        for j in range(ours.size):
            ours[j] = ours[j] * kept - rate * by_column[j] * grads[j]


class Adafactor(Optimizer):
    """It remembers a row and a column of each matrix: of a large one less than a hundredth of what
    AdamW does."""

    Config = AdafactorConfig
    slots = ("v",)  # of a vector
    whole = True
    update = adafactor_update

    def new_memory(self, name, p):
        if p.ndim < 2:
            return super().new_memory(name, p)
        return {
            "rows": zeros_like(p, shape=(*p.shape[:-1], 1)),
            "columns": zeros_like(p, shape=(*p.shape[:-2], 1, p.shape[-1])),
        }

    @classmethod
    def bytes_remembered(cls, count, *, embedding=0):
        """About: a matrix of 200 by 200 has 400 rows and columns, a hundredth of its numbers."""
        return 4 * count // 100
