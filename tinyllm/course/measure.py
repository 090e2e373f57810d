"""How long a piece takes and how much memory: an answer beside the solution, never beside a compiled routine."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

from tinyllm.console import decimal

SLOW, LARGE = "lento", "memória demais"
LIMIT = 8  # times what the solution takes
SPARE = 1 << 20  # bytes that are nobody's concern
TURNS, PATIENCE = 5, 2.0  # turns of each, or seconds, whichever is over first
SHORTEST = 1e-3  # seconds; what takes less is done several times


def call(piece, *arguments):
    return piece(*arguments)


class Work(NamedTuple):
    """What a piece is measured on: make(size) gives the arguments, and time and memory should grow alike from `small`
    to `large`. `through` is the way to call the piece."""

    make: Callable
    small: int
    large: int
    through: Callable = call


class Trouble(NamedTuple):
    state: str
    what: str


def trouble(work, answer, solution):
    """A Trouble, told with both figures, if the answer takes far more than the solution or grows faster; else None."""
    mine, theirs = (peak_bytes(work, piece, work.large) for piece in (answer, solution))
    if mine > LIMIT * theirs + SPARE:
        return Trouble(LARGE, f"a sua versão chega a {megabytes(mine)}; a solução, a {megabytes(theirs)} "
                              f"(o limite é {LIMIT} vezes)")  # fmt: skip
    mine, theirs = seconds(work, work.large, answer, solution)
    if mine > LIMIT * theirs:
        return Trouble(SLOW, f"a sua versão leva {milliseconds(mine)}; a solução, {milliseconds(theirs)} "
                             f"(o limite é {LIMIT} vezes)")  # fmt: skip
    if mine > 2 * theirs:
        mine_small, theirs_small = seconds(work, work.small, answer, solution)
        if mine / theirs > 3 * mine_small / theirs_small:
            return Trouble(SLOW, f"do tamanho {work.small} para {work.large}, a sua versão passou de "
                                 f"{milliseconds(mine_small)} para {milliseconds(mine)}; a solução, de "
                                 f"{milliseconds(theirs_small)} para {milliseconds(theirs)}")  # fmt: skip
    return None


def seconds(work, size, *pieces):
    """The median time of each piece on work of this size, the pieces taking turns."""
    arguments = work.make(size)
    began = time.perf_counter()
    once = [timed(work, piece, arguments, 1) for piece in pieces]
    times = [max(1, round(SHORTEST / max(t, 1e-7))) for t in once]
    turns = [once]
    for _ in range(TURNS):
        turns.append([timed(work, piece, arguments, n) for piece, n in zip(pieces, times, strict=True)])
        if time.perf_counter() - began > PATIENCE:
            break
    return [statistics.median(of_piece) for of_piece in zip(*turns[1:], strict=True)]


def timed(work, piece, arguments, times):
    began = time.perf_counter()
    for _ in range(times):
        work.through(piece, *arguments)
    return (time.perf_counter() - began) / times


def peak_bytes(work, piece, size):
    """The most memory in use while a piece works, beyond its arguments, as tracemalloc counts it."""
    arguments = work.make(size)
    tracemalloc.start()
    try:
        work.through(piece, *arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def milliseconds(time):
    """Seconds as text: 0,25 ms."""
    return f"{decimal(1e3 * time, 3 if time < 1e-4 else 2 if time < 0.1 else 0)} ms"


def megabytes(count):
    """Bytes as text, with decimals: 0,12 MB."""
    return f"{decimal(count / 2**20)} MB"
