"""`tinyllm bench kernels`: each compiled twin beside its meaning in NumPy, or beside PyTorch, on one core.

The sizes are those of one worker's share of `gpt-s`. An operation goes forward and back.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.backend.kernels import without_numba
from tinyllm.backend.machine import keep_freed_memory
from tinyllm.backend.threads import single_threaded_blas
from tinyllm.bench.race import middle_peaks, result, sides
from tinyllm.optim.adafactor import Adafactor, adafactor_update
from tinyllm.optim.adam import adam_update
from tinyllm.optim.adamw import adamw_update
from tinyllm.optim.adamw8bit import AdamW8bit, adamw8bit_update
from tinyllm.optim.lion import lion_update
from tinyllm.optim.muon import muon_update
from tinyllm.optim.sgd import sgd_update
from tinyllm.tensor import Tensor

B, H, T, D, C, V = 4, 4, 256, 64, 256, 4096
PEERS = {  # what --against names: the module and the options of the other side
    "numpy": ("tinyllm.bench.kernels", {"compiled": False}),
    "torch": ("tinyllm.bench.torch_kernels", {}),
    "none": None,
}
WARM_UP, AT_LEAST = 3, 0.02  # turns that are not timed; the seconds of calls in a turn


class Kernel(NamedTuple):
    """An operation and the shapes of its inputs: floats, or ids for a shape that a limit follows, (shape, limit)."""

    op: Callable
    shapes: list
    options: dict = {}  # noqa: RUF012 (nobody writes to it)


ADAMW = {"lr": 1e-4, "decay": 0.1, "step": 10, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8}
SGD = {"lr": 1e-4, "decay": 0.1, "step": 10, "momentum": 0.9, "nesterov": True}
ADAFACTOR = {"lr": 1e-2, "decay": 0.1, "step": 10, "growth": 0.8}
MUON = {"lr": 1e-4, "decay": 0.1, "step": 10, "momentum": 0.95}
LION = {"lr": 1e-4, "decay": 0.1, "step": 10, "beta1": 0.9, "beta2": 0.99}
COS, SIN = F.rotations(np.arange(T), D)
KERNELS = {
    "gelu": Kernel(F.gelu, [(B, T, 4 * C)]),
    "swiglu": Kernel(F.swiglu, [(B, T, 4 * C), (B, T, 4 * C)]),
    "layer_norm": Kernel(F.layer_norm, [(B, T, C), (C,), (C,)]),
    "rms_norm": Kernel(F.rms_norm, [(B, T, C), (C,)]),
    "rotary": Kernel(F.rotary, [(B, H, T, D)], {"cos": COS, "sin": SIN}),
    "dropout": Kernel(F.dropout, [(B, T, C)], {"rate": 0.1}),
    "attention": Kernel(F.attention, [(B, H, T, D)] * 3, {"causal": True}),
    "attention-1024": Kernel(F.attention, [(1, H, 4 * T, D)] * 3, {"causal": True}),
    "embedding": Kernel(F.embedding, [((B, T), V), (V, C)]),
    "cross_entropy": Kernel(F.cross_entropy, [(B * T, V), ((B * T,), V)]),
    "linear_cross_entropy": Kernel(F.linear_cross_entropy, [(B * T, C), (C, V), ((B * T,), V)]),
    "distillation": Kernel(F.distillation, [(B * T, V), (B * T, V)], {"temperature": 2.0}),
    "linear_distillation": Kernel(
        F.linear_distillation,
        [(B * T, C), (C, V), ((B * T,), V), ((B * T, 32), V), (B * T, 33)],
        {"temperature": 2.0, "mixture": 0.5},
    ),
    "adamw": Kernel(adamw_update, [(V, C)] * 4, ADAMW),
    "adamw8bit": Kernel(adamw8bit_update, [(V, C)] * 2, ADAMW),
    "adam": Kernel(adam_update, [(V, C)] * 4, ADAMW),
    "lion": Kernel(lion_update, [(V, C)] * 3, LION),
    "adafactor": Kernel(adafactor_update, [(V, C)] * 2, ADAFACTOR),
    "muon": Kernel(muon_update, [(C, 4 * C)] * 3, MUON),
    "sgd": Kernel(sgd_update, [(V, C)] * 3, SGD),
    "sgd-momentum": Kernel(sgd_update, [(V, C)] * 3, {**SGD, "nesterov": False}),
}
RULES = (adam_update, adamw_update, lion_update, muon_update, sgd_update)
REMEMBERING = {adamw8bit_update: AdamW8bit, adafactor_update: Adafactor}  # arrays of other shapes or types


def make_arrays(kernel):
    """The inputs of a kernel: normal numbers, and evenly drawn ids."""
    rng = np.random.default_rng(0)
    return [
        rng.integers(shape[1], size=shape[0]) if isinstance(shape[0], tuple)
        else rng.normal(size=shape).astype(np.float32)
        for shape in kernel.shapes
    ]  # fmt: skip


class KernelSide:
    """Our side, compiled or not: `step()` gives the seconds of one call."""

    def __init__(self, name, compiled=True):
        keep_freed_memory()
        self.compiled = compiled
        self.call = self.prepare(KERNELS[name])

    def prepare(self, kernel):
        arrays = make_arrays(kernel)
        if kernel.op in REMEMBERING:
            arrays += REMEMBERING[kernel.op]([]).new_memory("", arrays[0]).values()
            return lambda: kernel.op(*arrays, **kernel.options)
        if kernel.op in RULES:
            arrays[-1] = np.abs(arrays[-1])  # a mean of squares is not negative
            return lambda: kernel.op(*arrays, **kernel.options)
        inputs = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        dy = np.ones_like(kernel.op(*inputs, **kernel.options).data)
        return lambda: tensor.backward(kernel.op(*inputs, **kernel.options), dy)

    def step(self):
        with single_threaded_blas(), F.noise(seed=0, step=0), nullcontext() if self.compiled else without_numba():
            return time_calls(self.call)


make = KernelSide


def time_calls(call):
    """The mean seconds of as many calls as take a while."""
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < AT_LEAST:
        call()
        count += 1
    return passed / count


def bench(name, *, against, races=3, steps=10):
    """Race one kernel. Returns what `race.result` does."""
    peer = PEERS[against] and (PEERS[against][0], {"name": name, **PEERS[against][1]})
    runs, peaks = [], []
    for _ in range(races):
        with sides(("tinyllm.bench.kernels", {"name": name}), peer) as both:
            there = [side for side in both if side]
            rounds = [[side.step() for side in there] for _ in range(WARM_UP + steps)][WARM_UP:]
            peaks.append([side.peak_bytes() for side in there])
        runs.append([[pair[i] for pair in rounds] if i < len(there) else [] for i in range(2)])
    return result(name, runs, peak_bytes=middle_peaks(peaks), against=against)
