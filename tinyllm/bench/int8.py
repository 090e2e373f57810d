"""`tinyllm bench int8`: what a token costs a model in int8, beside the mere reading of as many bytes.

A case is the matrices that a token is multiplied by, one after the other. The peer reads their codes and adds them up,
which is as fast as memory is read; or it multiplies by the same matrices in float32.
"""

import os

import numpy as np

from tinyllm.backend.kernels import kernel
from tinyllm.backend.threads import cores, shared
from tinyllm.bench.kernels import WARM_UP, time_calls
from tinyllm.bench.race import race, result
from tinyllm.compress.int8_products import int8_linear


def of_gpt(layers, width, vocabulary):
    """The (n_out, n_in) of a GPT's matrices."""
    C = width
    return [(3 * C, C), (C, C), (4 * C, C), (C, 4 * C)] * layers + [(vocabulary, C)]


CASES = {
    "gpt-124m": of_gpt(12, 768, 50257),
    "gpt-30m": of_gpt(6, 512, 21000),
    "head": [(50257, 768)],
}
PEERS = {"bandwidth": "read", "float32": "float32", "none": None}  # what --against names: how the other side works


class Token:
    """A side: `step()` gives the seconds of a token, by so many threads."""

    def __init__(self, case, how, group, workers):
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:workers])
        self.call = getattr(self, how)(CASES[case], group, np.random.default_rng(0))

    def int8(self, shapes, group, rng):
        codes = [rng.integers(-127, 128, shape, np.int8) for shape in shapes]
        scales = [np.ones((n_out, -(-n_in // (group or n_in))), np.float32) for n_out, n_in in shapes]
        xs = [rng.standard_normal((1, n_in), np.float32) for _, n_in in shapes]
        return lambda: [int8_linear(*arrays, group=group) for arrays in zip(xs, codes, scales, strict=True)]

    def read(self, shapes, group, rng):
        codes = [np.ones(n_out * n_in // 8, np.int64) for n_out, n_in in shapes]
        return lambda: [shared(lambda some, a=a: add_up(a[some]), len(a), alone=1 << 17) for a in codes]

    def float32(self, shapes, group, rng):
        matrices = [[rng.standard_normal(size, np.float32) for size in ((1, shape[1]), shape)] for shape in shapes]
        return lambda: [x @ matrix.T for x, matrix in matrices]

    def step(self):
        return time_calls(self.call)


make = Token


@kernel
def add_up(numbers):
    """The sum of (n,) int64."""
    total = np.int64(0)
    for i in range(numbers.size):
        total += numbers[i]
    return total


def bench(case, *, against, group=0, workers=0, races=3, steps=10):
    """Race one case. Returns what `race.result` does, with the bytes of the codes that a second reads."""
    options = {"case": case, "group": group, "workers": min(workers or cores(), cores())}
    peer = PEERS[against] and ("tinyllm.bench.int8", {**options, "how": PEERS[against]})
    ours = ("tinyllm.bench.int8", {**options, "how": "int8"})
    runs, peaks = race(ours, peer, races=races, steps=steps, warm_up=WARM_UP)
    found = result(case, runs, peak_bytes=peaks, against=against, workers=options["workers"])
    read = sum(n_out * n_in for n_out, n_in in CASES[case])
    return found | {"group": group, "bytes_per_second": read / found["ours"]["median"]}
