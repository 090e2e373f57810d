"""Whether the backward of an operation is right: held against central differences, in float64.

The operation's result y is weighted by a random cotangent dy, which makes a number of it: sum(y * dy). How that number
changes when one number of an input moves a little to both sides is what the gradient must say at that place.
"""

from typing import NamedTuple

import numpy as np

from tinyllm import tensor
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor, no_grad

STEP = 1e-6  # by which a number is moved to each side
TOLERANCE, LITTLE = 1e-5, 0.1  # how far off a number may be, for each unit of its size plus a little
SINGLE = 1e-3  # the same of what is computed in float32


class Wrong(NamedTuple):
    """The first number of a gradient that is not what the differences give."""

    place: tuple
    found: float
    expected: float


class Verdict(NamedTuple):
    """Of one input: the largest relative error, the first Wrong number or None, and, if all are the same number of
    times what they should be, that number. Integers, and what is fixed, have no gradient and no error."""

    shape: tuple
    error: float | None = None
    wrong: Wrong | None = None
    factor: float | None = None


class Check(NamedTuple):
    """Of an operation: the Verdict of each input; the places of the inputs that it writes to, and whether its backward
    writes to dy; whether it gives the same for arrays that lie otherwise in memory; of which type its result is in
    float32, and whether that is nearly the same."""

    verdicts: list
    written: list
    dy_written: bool
    layouts_agree: bool
    type_of_single: str | None
    single_agrees: bool

    @property
    def right(self):
        """Whether there is nothing to mend."""
        wrong = any(verdict.wrong for verdict in self.verdicts) or self.written or self.dy_written
        return not wrong and self.layouts_agree and self.single_agrees and self.type_of_single == "float32"


def is_differentiable(array):
    return array.dtype.kind == "f"


def cotangent(y):
    """A random gradient to start from, of the shape and type of y."""
    return np.asarray(np.random.default_rng(7).normal(size=y.shape), dtype=y.dtype)


def differentiate(function, arrays, dy=None):
    """Call a function of Tensors and go back from its result: (value, [gradient or None of each input], dy)."""
    inputs = [Tensor(array, requires_grad=is_differentiable(array)) for array in arrays]
    y = function(*inputs)
    if not isinstance(y, Tensor):
        raise UsageError(
            f"it gives a {type(y).__name__} and no Tensor; put @op above it, or let it compute with Tensors"
        )
    dy = cotangent(y) if dy is None else dy
    grads = tensor.backward(y, dy)
    return y.data, [grads.get(x) for x in inputs], dy


def slope(function, arrays, which, direction, dy):
    """The derivative of sum(function(*arrays) * dy) along a direction of one input, by central differences."""
    ends = []
    for step in (+STEP, -STEP):
        moved = [array.copy() for array in arrays]
        moved[which] = moved[which] + step * direction
        with no_grad():
            ends.append(float((function(*map(Tensor, moved)).data * dy).sum()))
    return (ends[0] - ends[1]) / (2 * STEP)


def unit_directions(array):
    """Yield, for each number of an array, the direction in which it alone moves."""
    for place in np.ndindex(array.shape):
        direction = np.zeros(array.shape)
        direction[place] = 1.0
        yield direction


def by_differences(function, arrays, which, dy):
    """The gradient of sum(function(*arrays) * dy) by one input, number by number."""
    slopes = [slope(function, arrays, which, direction, dy) for direction in unit_directions(arrays[which])]
    return np.reshape(slopes, arrays[which].shape)


@np.errstate(all="ignore")
def check(function, arrays, *, fixed=()):
    """Check a function of Tensors at these arrays, those of floating point in float64. Those at the places `fixed` are
    meant to get no gradient; of all others, none is one of zeros.

    Raises UsageError if it gives another result each time, or none that is finite.
    """
    before = [array.copy() for array in arrays]
    y, grads, used = differentiate(function, arrays)
    dy = cotangent(y)
    written = [place for place, (array, copy) in enumerate(zip(arrays, before, strict=True)) if not same(array, copy)]
    if not np.isfinite(y).all():
        raise UsageError("the result holds NaN or infinity, of which there are no differences; try other numbers")
    again, _, _ = differentiate(function, [copy.copy() for copy in before])
    if not same(np.asarray(y), np.asarray(again)):
        raise UsageError(
            "the same inputs give another result each time, of which there are no differences; fix its seed"
        )
    verdicts = []
    for which, (array, grad) in enumerate(zip(before, grads, strict=True)):
        if not is_differentiable(array) or (which in fixed and grad is None):
            verdicts.append(Verdict(array.shape))
            continue
        expected = by_differences(function, before, which, dy)
        verdicts.append(verdict(np.zeros(array.shape) if grad is None else grad, expected))
    in_single = [copy.astype(np.float32) if is_differentiable(copy) else copy for copy in before]
    single, single_agrees = agrees(function, in_single, y, grads, dy.astype(np.float32), SINGLE)
    _, layouts_agree = agrees(function, [strided(copy) for copy in before], y, grads, dy, TOLERANCE)
    return Check(verdicts, written, not same(used, dy), layouts_agree, single, single_agrees)


def verdict(found, expected):
    """The Verdict of a gradient beside that of the differences."""
    errors = relative(found, expected)
    bad = np.argwhere(~(errors <= TOLERANCE))  # NaN is bad too
    worst = float(errors.max(initial=0.0))
    if not len(bad):
        return Verdict(expected.shape, worst)
    place = tuple(map(int, bad[0]))
    length = float((expected * expected).sum())
    factor = float((found * expected).sum()) / length if length else 0.0
    proportional = length and (relative(found, factor * expected) <= TOLERANCE).all()
    wrong = Wrong(place, float(found[place]), float(expected[place]))
    return Verdict(expected.shape, worst, wrong, factor if proportional else None)


@np.errstate(all="ignore")
def relative(found, expected):
    """How far each number is off, for each unit of the size of what it should be plus a little."""
    return np.abs(found - expected) / (np.abs(expected) + LITTLE)


def strided(array):
    """The same numbers, of which each stands beside another in memory."""
    return np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array


def agrees(function, arrays, y, grads, dy, tolerance):
    """(the type of what a function gives for other arrays or None, whether it and its gradients are nearly y and
    grads). What it raises is no agreement."""
    try:
        other, others, _ = differentiate(function, arrays, dy.copy())
    except Exception:
        return None, False
    pairs = [(other, y), *((a, b) for a, b in zip(others, grads, strict=True) if a is not None and b is not None)]
    return str(other.dtype), all(bool((relative(a, b) <= tolerance).all()) for a, b in pairs)


def same(a, b):
    """Whether two arrays hold the same numbers, bit by bit."""
    return a.shape == b.shape and a.tobytes() == b.tobytes()
