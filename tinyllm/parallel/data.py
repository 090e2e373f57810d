"""Data parallelism on one machine: a thread per core, each with its share of the batch over the same weights.

NumPy and our kernels release Python's lock while they compute, and each worker's matrix products use one thread, so two
cores do two shares at once. The gradients are summed in the order of the workers: a result depends on how many there
are, never on which was faster.
"""

import contextvars
import itertools
from concurrent.futures import ThreadPoolExecutor

from tinyllm import functional as F
from tinyllm.backend import array_module, single_threaded_blas
from tinyllm.tensor import backward


class DataParallel:
    """`gradients(loss, x, y)` shared among `workers` threads. Use it in a `with` block."""

    def __init__(self, workers):
        self.workers = workers

    def __enter__(self):
        self.pool = ThreadPoolExecutor(self.workers - 1) if self.workers > 1 else None
        self.blas = single_threaded_blas()
        self.blas.__enter__()
        return self

    def __exit__(self, *error):
        self.blas.__exit__(*error)
        if self.pool:
            self.pool.shutdown()

    def gradients(self, loss, x, y, *, seed=0, step=0, first_row=0, rows=None):
        """The loss of x and y (arrays of B rows) and {Parameter: gradient}, as if one worker had seen the whole batch.

        `rows` is the size of the batch of which these rows, from `first_row`, are a part (all of it by default), `seed`
        and `step` decide what dropout drops. The loss comes as an array of one number, still on its device.
        """
        rows = len(x) if rows is None else rows

        def share(lo, hi):
            with F.noise(seed, step, first_row + lo):
                mean = loss(x[lo:hi], y[lo:hi])
                weight = (hi - lo) / rows
                grads = backward(mean, array_module(mean.data).asarray(weight, dtype=mean.dtype))
            return mean.data * weight, grads

        bounds = [len(x) * i // self.workers for i in range(self.workers + 1)]
        shares = [(lo, hi) for lo, hi in itertools.pairwise(bounds) if lo < hi]
        others = [self.pool.submit(contextvars.copy_context().run, share, *s) for s in shares[1:]]
        results = [share(*shares[0]), *(other.result() for other in others)]
        total, grads = results[0]
        for part, more in results[1:]:
            total, grads = total + part, add_gradients(grads, more)
        return total, grads


def add_gradients(a, b):
    """Two of {Parameter: array} -> their sum, in new arrays."""
    return {p: a[p] + b[p] if p in a and p in b else (a if p in a else b)[p] for p in {**a, **b}}
