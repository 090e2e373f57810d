"""This machine as a plan sees it: how fast it multiplies matrices and moves bytes (Williams et al. 2009)."""

import time

import numpy as np

from tinyllm.backend.machine import physical_memory
from tinyllm.backend.threads import cores
from tinyllm.bench import gemm
from tinyllm.parallel.clusters import ETHERNET, Cluster
from tinyllm.parallel.workers import Workers

NUMBERS = 1 << 24  # of each array that is copied: more than fit in any cache
ROWS, NARROW = 1024, 128  # of the products of a small layer
TURNS = 8  # of which the fastest counts
UNKNOWN_MEMORY = 8 << 30  # where the system does not tell


def this_machine():
    """The Cluster of machines like this one, its processor measured, joined by a network of 1 Gb/s."""
    threads = cores()
    wide, narrow = gemm.flops(threads), narrow_flops(threads)
    # both are peak * width / (width + half width)
    half = max(0.0, (wide - narrow) / (narrow / NARROW - wide / gemm.SIZE))
    return Cluster(
        physical_memory() or UNKNOWN_MEMORY, wide * (1 + half / gemm.SIZE), bandwidth(threads),
        link=ETHERNET["network"], **ETHERNET, half_width=half, threads=threads, precision="float32",
        share_of_peak=1.0, share_of_bandwidth=1.0,
    )  # fmt: skip


def narrow_flops(threads):
    """Operations a second of the three products of a layer of NARROW inputs and four times as many outputs."""

    def multiply(arrays):
        x, weight, dy, y, dweight, dx = arrays
        np.matmul(x, weight, out=y)
        np.matmul(x.T, dy, out=dweight)
        np.matmul(dy, weight.T, out=dx)

    shapes = [(ROWS, NARROW), (NARROW, 4 * NARROW), (ROWS, 4 * NARROW)]
    shapes += [shapes[2], shapes[1], shapes[0]]
    arrays = [[np.full(shape, 1e-3, np.float32) for shape in shapes] for _ in range(threads)]
    return threads * 3 * 2 * ROWS * NARROW * 4 * NARROW / fastest(multiply, arrays)


def bandwidth(threads):
    """Bytes a second that copies of large arrays read and write."""
    pairs = [(np.ones(NUMBERS, np.float32), np.empty(NUMBERS, np.float32)) for _ in range(threads)]
    return threads * 2 * 4 * NUMBERS / fastest(lambda pair: np.copyto(pair[1], pair[0]), pairs)


def fastest(work, shares):
    """Seconds in which threads at once did each its share of the work, in the fastest of some turns."""
    times = []
    with Workers(len(shares)) as workers:
        for _ in range(TURNS):
            began = time.perf_counter()
            workers.map(work, shares)
            times.append(time.perf_counter() - began)
    return min(times)
