"""`tinyllm bench nf4`: a product with a matrix of NF4 codes, and the way back to x, beside the same in float32.

A case is a layer of a GPT-2 of 124M: a batch of training that goes into its feed-forward network and out of it, and one
token that is generated, which only goes forward.
"""

import os

import numpy as np

from tinyllm import tensor
from tinyllm.backend.machine import keep_freed_memory
from tinyllm.backend.threads import cores
from tinyllm.bench.kernels import WARM_UP, time_calls
from tinyllm.bench.race import race, result
from tinyllm.compress.nf4 import NF4Projection
from tinyllm.nn import layers
from tinyllm.nn.module import freeze
from tinyllm.tensor import Tensor

CASES = {"up": (1024, 768, 3072), "down": (1024, 3072, 768), "up-512": (512, 768, 3072), "token": (1, 768, 3072)}
PEERS = {"float32": "float32", "none": None}  # what --against names: how the other side works


def work(case, how):
    """A function without arguments that multiplies (rows, n_in) by (n_in, n_out) and, if it is a batch, goes back."""
    rows, n_in, n_out = CASES[case]
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((rows, n_in), np.float32), requires_grad=rows > 1)
    dy = np.ones((rows, n_out), np.float32)
    layer = layers.Projection(n_in, n_out, rng=rng)
    freeze(layer)
    multiply = NF4Projection(layer) if how == "nf4" else layer
    return (lambda: tensor.backward(multiply(x), dy)) if rows > 1 else lambda: multiply(x)


class Product:
    """A side: `step()` gives the seconds of its work by so many threads."""

    def __init__(self, case, how, workers):
        keep_freed_memory()
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:workers])
        self.call = work(case, how)

    def step(self):
        return time_calls(self.call)


make = Product


def bench(case, *, against, workers=0, races=3, steps=10):
    """Race one case. Returns what `race.result` does: the ratio is the share of the speed of float32."""
    options = {"case": case, "workers": min(workers or cores(), cores())}
    peer = PEERS[against] and ("tinyllm.bench.nf4", {**options, "how": PEERS[against]})
    ours = ("tinyllm.bench.nf4", {**options, "how": "nf4"})
    runs, peaks = race(ours, peer, races=races, steps=steps, warm_up=WARM_UP)
    return result(case, runs, peak_bytes=peaks, against=against, workers=options["workers"])
