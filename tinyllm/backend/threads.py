"""Threads: how many cores there are, work that they share, and matrix products that use one each."""

import collections
import concurrent.futures
import contextvars
import functools
import itertools
import math
import os


def cores():
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_threads(function, items, *, workers):
    """Iterable -> generator of function(item), in order. It takes and works on at most `workers` items at a time."""
    items, running = iter(items), collections.deque()
    with concurrent.futures.ThreadPoolExecutor(workers) as threads:
        while True:
            for item in itertools.islice(items, workers - len(running)):
                running.append(threads.submit(contextvars.copy_context().run, function, item))
            if not running:
                return
            yield running.popleft().result()


@functools.cache
def helpers():
    """The threads that work beside one that has something to share."""
    return concurrent.futures.ThreadPoolExecutor(max(1, cores() - 1))


def shared(work, count, *, alone):
    """work(slice) for all of `count` items, in as many parts as there are cores, of at least `alone` items each."""
    parts = max(1, min(cores(), count // max(1, alone)))
    first, *others = (slice(count * i // parts, count * (i + 1) // parts) for i in range(parts))
    running = [helpers().submit(work, other) for other in others]
    work(first)
    for one in running:
        one.result()


def pieces(array, numbers=1 << 18, *, block=1):
    """Indices that cut an array along its first axis into pieces of about so many numbers, for workers to share.

    They cut no block of so many numbers that follow each other.
    """
    if array.size <= numbers:
        return [...]
    rows = max(1, numbers * len(array) // array.size)
    rows += -rows % (block // math.gcd(block, array.size // len(array)))
    return [slice(start, start + rows) for start in range(0, len(array), rows)]


@functools.cache
def blas_libraries():
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


def single_threaded_blas():
    """A context in which matrix products use one thread: the caller has a worker per core already."""
    return blas_libraries().limit(limits=1, user_api="blas")
