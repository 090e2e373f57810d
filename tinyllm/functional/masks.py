"""What nobody sees: the future of a causal text, and what only fills a row up.

A mask says the contrary, who sees whom: it is `~future(…)`, `~padding(…)`, True where one sees.
"""

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.errors import UsageError


def future(xp, queries, positions):
    """(T, S) of bool: True where position s comes after query t: it is the future of t.

    The T queries are the last T of the S positions. `xp` is the library of the arrays, NumPy or
    CuPy.
    """
    return xp.arange(positions) > xp.arange(positions - queries, positions)[:, None]


def future_of_rows(xp, starts, queries, positions):
    """(B,) -> (B, T, S) of bool: `future`, where the queries of row b begin at starts[b]."""
    places = xp.asarray(starts)[:, None] + xp.arange(queries)  # (B, T)
    return xp.arange(positions) > places[:, :, None]


def padding(xp, lengths, positions):
    """(B,) lengths -> (B, S) of bool: True where a row has no more tokens."""
    return xp.arange(positions) >= xp.asarray(lengths)[:, None]


def as_bias(bias, dtype):
    """A mask that is true where a position may be seen -> what hides the others when it is added to
    the scores; a bias of numbers, or None, as it is."""
    if bias is None or bias.dtype.kind != "b":
        return bias
    xp = array_module(bias)
    hiding = xp.zeros(bias.shape, dtype)
    xp.copyto(hiding, -xp.inf, where=~bias)
    return hiding


def check_lengths(lengths, rows, positions):
    """Raise UsageError unless there is one length of 1..S for each row. On a GPU a look at them
    would make it wait."""
    if lengths.shape != (rows,):
        raise UsageError(f"lengths {lengths.shape} are not one for each of {rows} rows")
    if (
        array_module(lengths) is np
        and lengths.size
        and not 1 <= lengths.min() <= lengths.max() <= positions
    ):
        raise UsageError(
            f"lengths of {lengths.min()} to {lengths.max()} tokens, "
            f"but a row has 1 to {positions}; is a text empty?"
        )


def check_starts(starts, rows, last):
    """Raise UsageError unless there is one start of 0..last for each row (GPU: not looked at)."""
    if starts.shape != (rows,):
        raise UsageError(f"starts {starts.shape} are not one for each of {rows} rows")
    if array_module(starts) is np and starts.size and not 0 <= starts.min() <= starts.max() <= last:
        raise UsageError(f"starts of {starts.min()} to {starts.max()} are not within 0 to {last}")
