"""The graph: how each Tensor was made, and gradients as they add up, of parts and of the whole."""

import itertools
from typing import Any, NamedTuple

from tinyllm.backend.arrays import array_module, narrowed, widened
from tinyllm.backend.kernels import scatter_add
from tinyllm.errors import UsageError
from tinyllm.observe import told

_births = itertools.count()


class Node:
    """How a Tensor was made. In the graph it stands for the Tensor, whose array may be freed.

    `inputs` holds the Node of an input that an operation made, else the Tensor itself; of one that needs no gradient,
    None.
    """

    __slots__ = ("backward", "born", "inputs", "name", "options", "shape")

    def __init__(self, name, inputs, options, backward, shape):
        self.name, self.inputs, self.options = name, inputs, options
        self.backward, self.shape = backward, shape
        self.born = next(_births)

    def __reduce__(self):
        raise UsageError(
            f"a Tensor made by {self.name} is copied or pickled without its graph only: "
            "copy Tensor(x.data), or copy what it was made of and run the forward pass again"
        )

    def gradients(self, dy):
        """Yield (input, dx) for each input that needs a gradient, and free what was kept for this.

        dx is an array, larger than the input where broadcasting stretched that, or a Part. A second
        time is an error.
        """
        inputs, dxs = self.inputs, told(self.name, "backward", self.backward, dy)
        self.inputs, self.backward = (), _walked
        dxs = dxs if type(dxs) in (tuple, list) else (dxs,)
        if len(dxs) != len(inputs):
            raise UsageError(f"{self.name}: its backward gave {len(dxs)} gradients for {len(inputs)} inputs")
        for x, dx in zip(inputs, dxs, strict=True):
            needed = isinstance(x, Node) or getattr(x, "requires_grad", False)
            if dx is not None and needed:
                yield x, told(self.name, "backward", dx) if callable(dx) else dx


def _walked(dy):
    raise UsageError("backward() went through this Tensor before and freed its graph; run the forward pass again")


def last_uses(node):
    """{Node: the leaves whose gradient is complete when backward has gone through it}, of all that made a Node.

    The oldest Node that uses a leaf is the last to be gone through.
    """
    oldest, found, entered, ahead = {}, {}, {node}, [node]
    while ahead:
        node = ahead.pop()
        for x in node.inputs:
            if isinstance(x, Node):
                if x not in entered:
                    entered.add(x)
                    ahead.append(x)
            elif getattr(x, "requires_grad", False) and (x not in oldest or node.born < oldest[x].born):
                oldest[x] = node
    for leaf, last in oldest.items():
        found.setdefault(last, []).append(leaf)
    return found


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


def sum_to_shape(grad, shape):
    """Sum a gradient over the axes that broadcasting added or stretched: to its input's shape."""
    if grad.shape == shape:
        return grad
    wide = widened(grad)
    summed = wide.sum(axis=tuple(range(grad.ndim - len(shape)))) if grad.ndim > len(shape) else wide
    sizes = zip(shape, summed.shape, strict=False)
    stretched = tuple(i for i, (n, m) in enumerate(sizes) if n == 1 != m)
    return narrowed(summed.sum(axis=stretched, keepdims=True) if stretched else summed, grad.dtype)


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
