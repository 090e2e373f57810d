"""How long a piece takes and how much memory: an answer beside the solution, never beside a compiled routine."""

import contextlib
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

from tinyllm.backend.threads import single_threaded_blas
from tinyllm.say import decimal

SLOW, LARGE = "lento", "memória demais"
LIMIT = 15  # times what the solution takes, in time: far from what right answers take, and from what wastes
GROWTH = 3  # times the growth of the solution, or of a plain loop
MEMORY = 8  # times what the solution and its arguments hold
SPARE_BYTES, SPARE_SECONDS = 1 << 20, 1e-3  # nobody's concern
TRIES = 3  # times that an answer must be found slow
TURNS, PATIENCE = 5, 1.0  # turns of each, or seconds of the clock below, whichever is over first
SHORTEST = 1e-3  # seconds; what takes less is done several times
# a busy machine makes a piece wait, but takes no more of a processor's time; on Windows that ticks too seldom
CLOCK = time.perf_counter if sys.platform == "win32" else time.process_time


def call(piece, *arguments):
    return piece(*arguments)


class Work(NamedTuple):
    """What a piece is measured on: make(size) gives the arguments, and `through` is the way to call the piece.

    An answer may not grow much faster than the solution, or than size ** degree, as a plain loop does. Nor may it take
    more than `limit` times the solution: None where the statement asks for no speed, and a plain loop is right.
    """

    make: Callable
    small: int
    large: int
    through: Callable = call
    degree: int = 1
    limit: int | None = LIMIT


class Trouble(NamedTuple):
    state: str
    what: str


def trouble(work, answer, solution):
    """A Trouble, told with both figures, if the answer takes far more than the solution or grows faster; else None.

    A long time may be the machine's doing: only what is seen TRIES times counts.
    """
    mine, theirs = (peak_bytes(work, piece, work.large) for piece in (answer, solution))
    if mine > MEMORY * theirs + SPARE_BYTES:
        return Trouble(LARGE, f"a sua versão chega a {amount(mine)}; a solução, a {amount(theirs)} "
                              f"(o limite é {MEMORY} vezes)")  # fmt: skip
    for _ in range(TRIES):
        found = slowness(work, answer, solution)
        if not found:
            return None
    return found


def slowness(work, answer, solution):
    """The Trouble with the answer's time, seen once, or None."""
    mine, theirs = seconds(work, work.large, answer, solution)
    if work.limit and mine > work.limit * theirs + SPARE_SECONDS:
        return Trouble(SLOW, f"a sua versão leva {duration(mine)}; a solução, {duration(theirs)} "
                             f"(o limite é {work.limit} vezes)")  # fmt: skip
    if mine > 2 * theirs + SPARE_SECONDS:
        mine_small, theirs_small = seconds(work, work.small, answer, solution)
        if mine / mine_small > GROWTH * max(theirs / theirs_small, (work.large / work.small) ** work.degree):
            return Trouble(SLOW, f"do tamanho {work.small} para {work.large}, a sua versão passou de "
                                 f"{duration(mine_small)} para {duration(mine)}; a solução, de "
                                 f"{duration(theirs_small)} para {duration(theirs)}")  # fmt: skip
    return None


def seconds(work, size, *pieces):
    """The shortest time of each piece on work of this size, the pieces taking turns: other work of the machine can
    only lengthen a turn."""
    arguments = work.make(size)
    began = CLOCK()
    with single_threaded_blas(), without_garbage():  # else those who wait for one another count too
        once = [timed(work, piece, arguments, 1) for piece in pieces]
        times = [max(1, round(SHORTEST / max(t, 1e-7))) for t in once]
        turns = []
        while len(turns) < TURNS and CLOCK() - began < PATIENCE:
            turns.append([timed(work, piece, arguments, n) for piece, n in zip(pieces, times, strict=True)])
    return [min(of_piece) for of_piece in zip(*(turns or [once]), strict=True)]


@contextlib.contextmanager
def without_garbage():
    """Python collects none in this block, which would fall on the one whose turn it is."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def timed(work, piece, arguments, times):
    began = CLOCK()
    for _ in range(times):
        work.through(piece, *arguments)
    return (CLOCK() - began) / times


def peak_bytes(work, piece, size):
    """The most memory in use while a piece works, its arguments included, as tracemalloc counts it."""
    tracemalloc.start()
    try:
        work.through(piece, *work.make(size))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def duration(seconds):
    """Seconds as text: 31 µs, 2,50 ms, 1,20 s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{decimal(seconds / size)} {unit}"
    return f"{decimal(1e6 * seconds, 0 if seconds >= 1e-5 else 1)} µs"


def amount(count):
    """Bytes as text: 812 B, 12 kB, 1,56 MB."""
    if count >= 2**20:
        return f"{decimal(count / 2**20)} MB"
    return f"{count >> 10} kB" if count >= 2**10 else f"{count} B"
