"""GPTQ (Frantar et al. 2023): codes that are chosen one after another, each correcting what those before did wrong.

A layer gives W x. To round one column of W changes the output by that column's error times its channel; the columns
that are not rounded yet are moved so that, over the texts seen, the output changes as little as it can. How far each
must move is told by the inverse of H = Σ x xᵀ.
"""

import numpy as np

COLUMNS = 128  # that correct one another one by one; the others wait for all of these (as in the paper)


def damped(gram, damping):
    """(n, n) -> (n, n): H that can be inverted: its diagonal is larger by a share of its mean, and a channel in which
    nothing came has 1 there."""
    H, diagonal = gram.astype(np.float64), gram.diagonal()
    return H + np.diag(np.where(diagonal > 0, damping * diagonal.mean(), 1))


def corrections(H):
    """(n, n) -> (n, n), upper triangular: row j, divided by its entry j, is how far the columns from j on move for an
    error of 1 in column j, when all before j are rounded. It is the Cholesky factor of the inverse of H."""
    return np.linalg.cholesky(np.linalg.inv(H)).T


def gptq(matrix, gram, step, *, group, least, most, damping=0.01):
    """(n_out, n_in), (n_in, n_in), (n_out, groups) -> (n_out, n_in) int8: the codes, from `least` to `most`.

    Each `group` of weights of a row has its step. The channels in which the most came are rounded first, while there
    are many to correct them.
    """
    n_out, n = matrix.shape
    order = np.argsort(-gram.diagonal(), kind="stable")
    U = corrections(damped(gram, damping)[np.ix_(order, order)])
    W = matrix.T[order].astype(np.float64)
    steps = step.T[order // group].astype(np.float64)
    steps[steps == 0] = 1
    codes = np.empty((n, n_out), np.int8)
    for start in range(0, n, COLUMNS):
        end = min(start + COLUMNS, n)
        errors = np.empty((end - start, n_out))
        for j in range(start, end):
            code = np.clip(np.rint(W[j] / steps[j]), least, most)
            error = (W[j] - code * steps[j]) / U[j, j]
            W[j + 1 : end] -= U[j, j + 1 : end, None] * error
            errors[j - start], codes[order[j]] = error, code
        W[end:] -= U[start:end, end:].T @ errors
    return np.ascontiguousarray(codes.T)
