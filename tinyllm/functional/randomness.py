"""Dropout, with random numbers that depend on where a number stands and not on who computes it.

Each draw is a hash of (seed, step, which dropout of the model, which number of the batch), so a run
gives the same masks however its batch is shared out among workers, and a run that is resumed goes
on with the masks it would have had.
"""

import contextlib
import contextvars
from typing import NamedTuple

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.backend.kernels import kernel
from tinyllm.errors import UsageError
from tinyllm.tensor import op


class NoisePlace(NamedTuple):
    """Where the noise has got to: `call` dropouts have drawn theirs."""

    seed: int
    step: int
    first_row: int
    call: int


_place = contextvars.ContextVar("noise_place", default=None)


def noise(seed, step, first_row=0):
    """A block inside which dropout drops; outside it lets everything pass.

    `first_row` is the place of this worker's first row in the whole batch.
    """
    return noise_from(NoisePlace(seed, step, first_row, call=0))


def noise_place():
    """The NoisePlace that the next dropout draws from; None where everything passes."""
    return _place.get()


@contextlib.contextmanager
def noise_from(place):
    """Inside this block dropout draws as it did from a `noise_place()` on: a part of a model that
    is run again drops what it dropped before. What follows goes on as if the block had not been."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


def pass_over(draws):
    """The next dropout draws as if so many had drawn before it: those of what runs elsewhere."""
    place = _place.get()
    if place is not None:
        _place.set(place._replace(call=place.call + draws))


def dropout(x, *, rate):
    """(B, ...) -> (B, ...): while training, each number is 0 with probability `rate`, else divided
    by 1 - rate.

    Srivastava et al. 2014.
    """
    place = _place.get()
    if place is None or rate == 0:
        return x
    _place.set(place._replace(call=place.call + 1))
    return drop(x, rate=rate, key=(place.seed, place.step, place.call), first_row=place.first_row)


@op
def drop(x, *, rate, key, first_row=0):
    """(B, ...) -> (B, ...): dropout with the mask that `key`, a tuple of numbers, and the place in
    the batch decide."""
    check_rate(rate)
    xp, per_row = array_module(x), x[:1].size
    kept = uniform(xp, key, first_row * per_row, x.size).reshape(x.shape) >= rate
    scaled = kept * x.dtype.type(1 / (1 - rate))
    return x * scaled, lambda dy: dy * scaled


@drop.compiled
def drop_compiled(x, *, rate, key, first_row=0):
    """The mask is not kept: backward draws it again."""
    check_rate(rate)
    numbers = (
        first_row * x[:1].size,
        *map(np.uint32, streams(key)),
        np.float32(rate),
        np.float32(1 / (1 - rate)),
    )

    def dropped(a):
        out = np.empty(a.shape, a.dtype)
        drop_loop(np.ascontiguousarray(a).reshape(-1), out.reshape(-1), *numbers)
        return out

    return dropped(x), dropped


@kernel
def drop_loop(x, y, start, stream, other, rate, scale):
    """(n,) -> y, (n,): each number of x is dropped or scaled, as its draw decides."""
    for i in range(x.size):
        bits = mix_kernel(np.uint32(mix_kernel(np.uint32(np.uint32(start + i) ^ stream)) ^ other))
        u = np.float32(np.uint32(bits >> np.uint32(8))) * np.float32(1 / (1 << 24))
        y[i] = x[i] * scale if u >= rate else np.float32(0.0) * x[i]


@kernel
def mix_kernel(x):
    """() -> (): `mix` of one uint32"""
    x = np.uint32(np.uint32(x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D))
    x = np.uint32(np.uint32(x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


def check_rate(rate):
    if not 0 <= rate < 1:
        raise UsageError(f"dropout rate {rate} is outside 0 <= rate < 1")


def uniform(xp, key, start, count):
    """(count,) of float32 in [0, 1): numbers start, start + 1, ... of the stream of `key`."""
    stream, other = streams(key)
    places = (xp.arange(count, dtype="uint64") + start).astype("uint32")
    bits = _mix(places ^ xp.uint32(stream)) ^ xp.uint32(other)
    return (_mix(bits) >> xp.uint32(8)).astype("float32") * (1 / (1 << 24))


def streams(key):
    """Two numbers of 32 bits for a key; with one alone, two streams could draw the same numbers in
    another order."""
    stream = 0
    for part in key:
        stream = _mix_number(stream ^ (part & 0xFFFFFFFF))
    return stream, _mix_number(stream + 0x9E3779B9 & 0xFFFFFFFF)


def _mix(x):
    """A bijection of uint32 in which every bit moves every other (lowbias32, Wellons 2018)."""
    x = (x ^ (x >> 16)) * 0x7FEB352D
    x = (x ^ (x >> 15)) * 0x846CA68B
    return x ^ (x >> 16)


def _mix_number(x):
    """`_mix` of a Python number."""
    x = (x ^ (x >> 16)) * 0x7FEB352D & 0xFFFFFFFF
    x = (x ^ (x >> 15)) * 0x846CA68B & 0xFFFFFFFF
    return x ^ (x >> 16)
