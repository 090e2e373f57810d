"""Observers: whoever wants to know what is computed is told of it, without putting anything in its place."""

import contextlib
import contextvars
import threading
import time
from typing import Any, NamedTuple

from tinyllm.backend.arrays import wait_for_gpu

_observers = contextvars.ContextVar("observers", default=())
_within = threading.local()  # its `seconds` are those of the operations inside the one that runs


class Seen(NamedTuple):
    """What has run: the name of an operation, its direction ("forward", "backward", or "update" for what is done to all
    weights at once), the seconds it took, the arrays and the options it was called with, and what it returned."""

    name: str
    direction: str
    seconds: float
    inputs: tuple
    options: dict
    output: Any
    function: Any


@contextlib.contextmanager
def observed(see):
    """Inside this block see(Seen) is called after every operation, in this thread and in those it shares work with.

    Who observes around the block goes on seeing too. It may compute with arrays, but call no operation.
    """
    token = _observers.set((*_observers.get(), see))
    try:
        yield
    finally:
        _observers.reset(token)


def told(name, direction, function, /, *inputs, **options):
    """function(*inputs, **options), of which the observers are told, if there are any."""
    observers = _observers.get()
    if not observers:
        return function(*inputs, **options)
    outer, _within.seconds = getattr(_within, "seconds", 0.0), 0.0
    began = time.perf_counter()
    output = function(*inputs, **options)
    wait_for_gpu()
    seconds = time.perf_counter() - began
    seen = Seen(name, direction, seconds - _within.seconds, inputs, options, output, function)
    _within.seconds = outer + seconds
    for see in observers:
        see(seen)
    return output
