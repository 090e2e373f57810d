"""Models in outline: their arrays have a shape and no numbers, so the largest is built in no time.

Inside `with in_outline() as rng:` a model made with that `rng` has all of its weights, and none of
their numbers. A model made with `Blanks()` has arrays to read numbers into.
"""

import contextlib
import contextvars
import math

import numpy as np

from tinyllm.errors import UsageError

_in_outline = contextvars.ContextVar("in outline", default=False)


class Outline:
    """An array of which there is only the shape: what is written into it is lost."""

    dtype = np.dtype(np.float32)

    def __init__(self, shape):
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)

    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: math.prod(self.shape))

    def __len__(self):
        return self.shape[0]

    def same(self, *others, **options):
        """Itself, whatever is done to its numbers."""
        return self

    astype = __add__ = __radd__ = __sub__ = __mul__ = __rmul__ = __truediv__ = same

    def __getitem__(self, index):
        """Rows that an outline of ids names; of any other index, itself."""
        return Outline((*index.shape, *self.shape[1:])) if isinstance(index, Outline) else self

    def __setitem__(self, index, value):
        """There is nothing to change."""

    def __array__(self, *arguments, **options):
        """Raises UsageError: NumPy would look for the numbers for ever."""
        raise UsageError(
            "a model in outline has shapes and no numbers; draw each array whole, in one call"
        )


class OutlineDraws:
    """A random generator: what is drawn from any of its distributions is an Outline. Its size comes
    by its name or, as in NumPy, last."""

    def __getattr__(self, distribution):
        return lambda *parameters, size=None, **more: Outline(
            parameters[-1] if size is None else size
        )


class Blanks:
    """A random generator that draws zeros, which take no memory before they are written over."""

    def __getattr__(self, distribution):
        return lambda *parameters, size=None, **more: np.zeros(
            parameters[-1] if size is None else size, np.float32
        )


@contextlib.contextmanager
def in_outline():
    """Inside this block `zeros` and `ones` are outlines, as is all that the block's rng draws."""
    token = _in_outline.set(True)
    try:
        yield OutlineDraws()
    finally:
        _in_outline.reset(token)


def zeros(*shape):
    """An array of zeros, for a weight to begin with."""
    return Outline(shape) if _in_outline.get() else np.zeros(shape, np.float32)


def ones(*shape):
    """An array of ones, for a weight to begin with."""
    return Outline(shape) if _in_outline.get() else np.ones(shape, np.float32)
