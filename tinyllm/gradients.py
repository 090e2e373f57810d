"""Gradients as backward() adds them up: of a part of an array, and of all of it."""

from typing import Any, NamedTuple

from tinyllm.backend import array_module, scatter_add


class Part(NamedTuple):
    """The gradient of x[index], for a backward to return: it is 0 everywhere else.

    It is added in place, so that taking T steps of x one by one costs T and not T².
    """

    index: Any
    values: Any

    def add_to(self, array):
        """Add it, in place, to an array of the shape of x."""
        if _is_basic(self.index):  # no position can be taken twice
            array[self.index] += self.values
        else:
            scatter_add(array, self.index, self.values)


def dense(dx, shape):
    """The whole array of a Part, 0 where it says nothing, for an input of this shape.

    Any other dx comes back as it is.
    """
    if not isinstance(dx, Part):
        return dx
    array = array_module(dx.values).zeros(shape, dx.values.dtype)
    dx.add_to(array)
    return array


class Sum:
    """The gradient of a leaf or of a Node so far.

    The first array that comes may belong to others; a sum does not.
    """

    __slots__ = ("array", "ours")

    def __init__(self, array, *, ours):
        self.array, self.ours = array, ours

    def add(self, dx):
        if isinstance(dx, Part):
            self.array, self.ours = self.array if self.ours else self.array.copy(), True
            dx.add_to(self.array)
        elif self.ours:
            self.array += dx
        else:
            self.array, self.ours = self.array + dx, True


def _is_basic(index):
    """Whether an index is made of numbers, slices, ... and None only."""
    basic = (int, slice, type(...), type(None))
    return all(isinstance(i, basic) for i in (index if isinstance(index, tuple) else (index,)))
