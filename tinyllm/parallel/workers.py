"""Workers: a thread per core, each with its share of the batch over the same weights.

NumPy and our kernels release Python's lock while they compute, and each worker's matrix products use one thread, so two
cores do two shares at once. The gradients are summed in the order of the shares: a result depends on how many workers
there are, never on which was faster.
"""

import contextvars
import functools
import itertools
import operator
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.backend.arrays import array_module
from tinyllm.backend.elsewhere import empty_like, let_go
from tinyllm.backend.threads import pieces, single_threaded_blas
from tinyllm.observe import told


def rows(first, *others):
    """What a batch weighs if each of its rows counts as much as another."""
    return len(first)


def cut(count, parts):
    """The (first, end) of so many nearly equal shares of `count` rows."""
    return list(itertools.pairwise(count * i // parts for i in range(parts + 1)))


class Workers:
    """So many threads, this one among them, that share what there is to do. Use it in a `with` block."""

    def __init__(self, count):
        self.count = self.parts = count  # of the threads, and of the shares of a batch

    def __enter__(self):
        self.pool = ThreadPoolExecutor(self.count - 1) if self.count > 1 else None
        self.blas = single_threaded_blas()
        self.blas.__enter__()
        return self

    def __exit__(self, *error):
        if self.pool:
            self.pool.shutdown()
        self.blas.__exit__(*error)

    def map(self, function, items):
        """[function(item) for item in items], each item done by the first worker that is free."""
        items, lock = list(items), threading.Lock()
        results, places = [None] * len(items), iter(range(len(items)))

        def work():
            while True:
                with lock:
                    place = next(places, None)
                if place is None:
                    return
                results[place] = function(items[place])

        helpers = range(min(self.count, len(items)) - 1)
        others = [self.pool.submit(contextvars.copy_context().run, work) for _ in helpers]
        try:
            work()
        finally:
            with lock:
                list(places)  # after an error no more is handed out; what has begun is waited for
            wait(others)
        for other in others:
            other.result()
        return results

    def shares(self, batch, weigh, total):
        """[(first row, arrays, weight)] of a batch in nearly equal shares, but for those that weigh nothing."""
        cuts = [(lo, [array[lo:hi] for array in batch]) for lo, hi in cut(len(batch[0]), self.parts) if lo < hi]
        shares = ((lo, some, float(weigh(*some) / total)) for lo, some in cuts)
        return [share for share in shares if share[-1] != 0]

    def gradients(self, loss, batch, *, weigh=rows, total=None, seed=0, step=0, first_row=0, ready=None):
        """The loss of a batch and {Parameter: gradient}, as if one worker had seen all of it.

        A batch is a tuple of arrays with B rows each, and a share is some of these rows. The loss of a batch must be
        the mean of the losses of its shares, each by its weight; a share of weight 0 is passed over. The rows may be
        part of a larger batch: `first_row` is their place in it and `total` its weight. `seed` and `step` decide what
        dropout drops. The loss comes as an array of one number, still on its device. `ready(parameter, array)` is given
        each gradient as soon as all shares have it, in one of their threads; what it was given is not returned.
        """
        shares = self.shares(batch, weigh, weigh(*batch) if total is None else total)
        found, lock = [{} for _ in shares], threading.Lock()

        def complete(of_share, parameter, array):
            with lock:
                of_share[parameter] = array
                if not all(parameter in other for other in found):
                    return
                arrays = [other.pop(parameter) for other in found]
            ready(parameter, functools.reduce(operator.add, arrays))

        def mean_of(task):
            (lo, some, weight), of_share = task
            told = {"ready": functools.partial(complete, of_share)} if ready else {}  # which a learner's may not know
            with F.noise(seed, step, first_row + lo):
                mean = loss(*some)
                start = array_module(mean.data).asarray(weight, dtype=mean.dtype)
                of_share.update(tensor.backward(mean, start, **told))
            return mean.data * weight

        means = self.map(mean_of, zip(shares, found, strict=True))
        return sum(means, np.float32(0)), self.sum_gradients(found)

    def sum_gradients(self, shares):
        """Several {Parameter: array} -> {Parameter: the sum}, in new arrays, added in the order given."""
        parameters = dict.fromkeys(itertools.chain.from_iterable(shares))
        arrays = {p: [share[p] for share in shares if p in share] for p in parameters}
        sums = {p: empty_like(of_p[0]) for p, of_p in arrays.items() if len(of_p) > 1}

        def add(task):
            total, (first, second, *more) = task
            array_module(total).add(first, second, out=total)
            for part in more:
                total += part
            let_go(total, first, second, *more)

        tasks = [
            (total[piece], [array[piece] for array in arrays[p]])
            for p, total in sums.items()
            for piece in pieces(total)
        ]
        told("sum_gradients", "update", self.map, add, tasks)
        return {p: sums.get(p, of_p[0]) for p, of_p in arrays.items()}
