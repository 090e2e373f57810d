"""How fast this machine multiplies matrices: the measure of all that is said of its speed."""

import time

import numpy as np

from tinyllm.backend.threads import map_in_threads, single_threaded_blas

SIZE = 1000  # rows, columns and depth of each product
AT_ONCE, TURNS = 4, 8  # products in a turn, of which the fastest counts


def flops(threads):
    """The most floating-point operations a second of plain float32 products, in several threads at once."""

    def multiply(matrices):
        a, b, product = matrices
        for _ in range(AT_ONCE):
            np.matmul(a, b, out=product)

    matrices = [[np.full((SIZE, SIZE), 1e-3, np.float32) for _ in range(3)] for _ in range(threads)]
    times = []
    with single_threaded_blas():
        for _ in range(TURNS):
            began = time.perf_counter()
            list(map_in_threads(multiply, matrices, workers=threads))
            times.append(time.perf_counter() - began)
    return threads * AT_ONCE * 2 * SIZE**3 / min(times)
