"""The tape: Tensors remember the operation that made them, and backward() walks it in reverse.

An operation is one function over plain arrays that returns its value and its backward:
`fn(*arrays, **options) -> (y, backward)`, where `backward(dy)` turns the gradient of the loss by y
into one gradient per input, in order. `@op` makes it a function of Tensors.
"""

import contextlib
import contextvars
import functools
import heapq
import inspect
import itertools
import math

import numpy as np

from tinyllm.backend.arrays import alike, array_module, narrowed, numbers, widened
from tinyllm.backend.kernels import TwinnedFunction
from tinyllm.backend.products import product
from tinyllm.errors import UsageError
from tinyllm.graph import Node, Part, Sum, dense, last_uses, sum_to_shape
from tinyllm.observe import told

recording = contextvars.ContextVar("recording", default=True)

# what Tensors of other libraries have, and where it is here
ELSEWHERE = {
    "backward": "backward(loss), which gives {leaf: gradient}",
    "grad": "what backward(loss) gives for it",
    "detach": "Tensor(x.data)",
    "numpy": "x.data",
    "view": "reshape",
    "permute": "transpose",
    "size": "shape, or x.data.size",
    **dict.fromkeys(("exp", "log", "tanh"), "the function of tinyllm.tensor"),
    **dict.fromkeys(("gelu", "relu", "silu", "softmax"), "the function of tinyllm.functional"),
}


class Tensor:
    """An array that remembers the operation that made it. Lists and numbers become float32.

    A copy is another leaf, with a gradient of its own.
    """

    __slots__ = ("data", "node", "requires_grad")
    __array_ufunc__ = None  # so that `array * tensor` asks Tensor.__rmul__

    def __init__(self, data, *, requires_grad=False):
        if type(data) is not np.ndarray:
            if isinstance(data, Tensor):
                raise UsageError(
                    "this is a Tensor already; use it, or Tensor(x.data) for one without its graph"
                )
            data = data if hasattr(data, "dtype") else numbers(data, np.float32)
        self.data = data
        self.requires_grad = requires_grad
        self.node = None

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)

    def __repr__(self):
        made_by = f", made by {self.node.name}" if self.node else ""
        return f"Tensor{self.shape} {self.dtype}{made_by}"

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None):
        if self.node:
            raise UsageError(
                f"NumPy would cut this Tensor, made by {self.node.name}, off from its graph: "
                "use an operation of tinyllm, or take x.data"
            )
        return np.asarray(self.data, dtype=dtype, copy=copy)

    def __getattr__(self, name):
        instead = f"; take {ELSEWHERE[name]}" if name in ELSEWHERE else ""
        raise AttributeError(f"a Tensor has no {name}{instead}", name=name, obj=self)

    def item(self):
        """The only number of a Tensor of size 1 (on a GPU this waits for it)."""
        return float(self.data.item())

    __float__ = item

    def __add__(self, other):
        return add(self, other)

    def __sub__(self, other):
        return subtract(self, other)

    def __rsub__(self, other):
        return subtract(other, self)

    def __mul__(self, other):
        return multiply(self, other)

    def __truediv__(self, other):
        return divide(self, other)

    def __rtruediv__(self, other):
        return divide(other, self)

    def __neg__(self):
        return multiply(self, -1.0)

    def __pow__(self, exponent):
        return power(self, exponent=exponent)

    def __matmul__(self, other):
        return matmul(self, other)

    def __rmatmul__(self, other):
        return matmul(other, self)

    def __getitem__(self, index):
        return take(self, index=index)

    __radd__ = __add__
    __rmul__ = __mul__

    def sum(self, axis=None, keepdims=False):
        return sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None, keepdims=False):
        return mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False):
        return max(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape):
        return reshape(self, shape=_unpacked(shape))

    def transpose(self, *axes):
        return transpose(self, axes=_unpacked(axes))

    T = property(lambda self: self.transpose())


def _unpacked(numbers):
    """What was given as several numbers or as one tuple or list of them."""
    return tuple(numbers[0]) if len(numbers) == 1 and np.ndim(numbers[0]) else numbers


# the kinds of dtype that inputs of these names keep: they say which, and not how much
STAY = {"ids": "iu", "codes": "iu", "targets": "iu", "condition": "iub", "bias": "b"}

PLAIN = {bool, int, float, type(None), tuple, slice, np.ndarray}  # the types of most options


def op(meaning):
    """Turn `fn(*arrays, **options) -> (y, backward)` into a function of Tensors, recorded.

    `backward` may return thunks: a thunk runs only if its input needs a gradient, so frozen weights
    cost nothing. An operation with a parameter `needs` is told which inputs need one: for the
    others it keeps nothing.
    `@name.compiled` decorates the fast twin. Integers and truth values beside floating-point arrays
    become of their type, but for inputs of the names in STAY; so do lists and single numbers.
    """
    function = TwinnedFunction(meaning)
    name, parameters = meaning.__name__, inspect.signature(meaning).parameters
    asks = "needs" in parameters
    stay = [STAY.get(name, "") + "N" * (one.default is None) for name, one in parameters.items()]

    @functools.wraps(meaning)
    def apply(*inputs, **options):
        recorded = recording.get()
        arrays, needs, plain = [], [], True
        for x in inputs:
            if isinstance(x, Tensor):
                array, need = x.data, recorded and x.requires_grad
            else:
                array, need = x, False
            if type(array) is not np.ndarray or array.dtype.kind != "f" or not array.ndim:
                if plain and arrays and type(array) is float:
                    array = arrays[0].dtype.type(array)
                else:
                    plain = False
            arrays.append(array)
            needs.append(need)
        if options and not PLAIN.issuperset(map(type, options.values())):
            options = {name: _option(value) for name, value in options.items()}
        if not plain:
            arrays = alike(inputs, arrays, stay)
        chosen = function.choose(arrays)
        chosen = functools.partial(chosen, needs=needs) if asks else chosen
        result = told(name, "forward", chosen, *arrays, **options)
        if type(result) is not tuple or len(result) != 2:
            raise UsageError(f"{name} must return a pair (value, backward), got {type(result)}")
        y, backward = result
        out = Tensor(y)
        if True in needs:
            out.requires_grad = True
            sources = [x.node or x if need else None for x, need in zip(inputs, needs, strict=True)]
            out.node = Node(name, tuple(sources), options, backward, out.shape)
        return out

    apply.function = function
    apply.compiled = function.compiled
    return apply


def array_of(x):
    """The array of a Tensor, a list or a number; an array as it is. UsageError for others."""
    return x.data if isinstance(x, Tensor) else x if hasattr(x, "dtype") else numbers(x)


def _option(value):
    """An option as an operation reads it: a number of NumPy would make float64 of its result."""
    if isinstance(value, Tensor | list):
        return array_of(value)
    return value.item() if isinstance(value, np.generic) else value


@contextlib.contextmanager
def no_grad():
    """Inside this block operations are not recorded."""
    token = recording.set(False)
    try:
        yield
    finally:
        recording.reset(token)


def backward(loss, grad=None, *, ready=None):
    """Return {leaf: d(loss)/d(leaf)} for every leaf that requires it, freeing the graph.

    Two of the arrays may be one, or a view: they are there to be read. Inputs are born before
    outputs, so the youngest Node whose gradient is pending has got all of it: taking them by age
    needs no recursion, however long the graph is. `ready(leaf, array)` is given each gradient as
    soon as it is complete, on the way; what it was given is not returned.

    Raises UsageError if nothing was recorded, if the graph was walked before, or if `loss` is no
    scalar and `grad`, the gradient to start from, is not given or of another shape.
    """
    if not isinstance(loss, Tensor):
        raise UsageError(
            f"backward() goes back from a Tensor, and {type(loss).__name__} remembers no operation"
        )
    if not loss.requires_grad:
        raise UsageError("backward() of what was not recorded; does any input require a gradient?")
    if grad is None:
        if loss.data.size != 1:
            raise UsageError(
                f"backward() of shape {loss.shape} needs grad=..., a scalar needs none"
            )
        grad = array_module(loss.data).ones_like(loss.data)
    grad = array_of(grad).astype(loss.dtype, copy=False)
    if grad.shape != loss.shape:
        raise UsageError(f"backward() of shape {loss.shape} needs grad like it, got {grad.shape}")

    pending, youngest_first = {}, []

    def receive(source, dx, name):
        if not isinstance(dx, Part):
            given, dx = dx.shape, sum_to_shape(dx, source.shape)
            if dx.shape != source.shape:
                raise UsageError(
                    f"{name}: its backward gave a gradient of shape {given} "
                    f"for an input of shape {source.shape}"
                )
        if source in pending:
            pending[source].add(dx)
        else:
            pending[source] = Sum(dense(dx, source.shape), ours=isinstance(dx, Part))
            if isinstance(source, Node):  # a leaf is where the walk ends
                heapq.heappush(youngest_first, (-source.born, source))

    receive(loss.node or loss, grad, "backward")
    complete = last_uses(loss.node) if ready and loss.node else {}
    while youngest_first:
        _, node = heapq.heappop(youngest_first)
        for source, dx in node.gradients(pending.pop(node).array):
            receive(source, dx, node.name)
        for leaf in complete.get(node, ()):
            if leaf in pending:
                ready(leaf, pending.pop(leaf).array)
    return {leaf: total.array for leaf, total in pending.items()}


def rows(x):
    """(..., C) -> (N, C)"""
    return x.reshape(-1 if x.size else math.prod(x.shape[:-1]), x.shape[-1])


# --------------------------------------------------------------------------------------- arithmetic


@op
def add(a, b):
    """(...), (...) -> (...)"""
    return a + b, lambda dy: (dy, dy)


@op
def subtract(a, b):
    """(...), (...) -> (...)"""
    return a - b, lambda dy: (dy, lambda: -dy)


@op
def multiply(a, b, *, needs=(True, True)):
    """(...), (...) -> (...)"""
    for_a, for_b = b if needs[0] else None, a if needs[1] else None
    return a * b, lambda dy: (lambda: dy * for_a, lambda: dy * for_b)


@op
def divide(a, b, *, needs=(True, True)):
    """(...), (...) -> (...)"""
    y = a / b
    for_b = y if needs[1] else None
    return y, lambda dy: (lambda: dy / b, lambda: -dy * for_b / b)


@op
def power(x, *, exponent):
    """(...) -> (...): x to the power of a constant"""
    if not isinstance(exponent, int | float):
        raise UsageError(f"power takes a number as its exponent, got {type(exponent).__name__}")
    return x**exponent, lambda dy: dy * (exponent * x ** (exponent - 1) if exponent else 0.0)


@op
def exp(x):
    """(...) -> (...)"""
    y = array_module(x).exp(x)
    return y, lambda dy: dy * y


@op
def log(x):
    """(...) -> (...): the natural logarithm"""
    return array_module(x).log(x), lambda dy: dy / x


@op
def tanh(x):
    """(...) -> (...)"""
    y = array_module(x).tanh(x)
    return y, lambda dy: dy * (1 - y * y)


@op
def matmul(a, b, *, needs=(True, True)):
    """(..., n, k) @ (..., k, m) -> (..., n, m)"""
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise UsageError(
            f"matmul of {a.shape} and {b.shape}: both need two axes, "
            f"and {a.shape[-1:]} must meet its equal"
        )
    for_a, for_b, shape = b if needs[0] else None, a if needs[1] else None, a.shape
    if b.ndim > 2:
        return product(a, b), lambda dy: (
            lambda: product(dy, for_a.swapaxes(-1, -2)),
            lambda: product(for_b.swapaxes(-1, -2), dy),
        )
    return product(rows(a), b).reshape(*shape[:-1], b.shape[-1]), lambda dy: (
        lambda: product(rows(dy), for_a.T).reshape(shape),
        lambda: product(rows(for_b).T, rows(dy)),
    )


# ---------------------------------------------------------------------------- reductions and shapes


def _stretch(y, x, axis, keepdims):
    """Give a reduced array back the axes it lost, so that it broadcasts against x."""
    return y if axis is None or keepdims else array_module(x).expand_dims(y, axis)


@op
def sum(x, *, axis=None, keepdims=False):
    """(...) -> (...) without the axes summed over (all by default)"""

    def backward(dy):
        return array_module(x).broadcast_to(_stretch(dy, x, axis, keepdims), x.shape)

    return narrowed(widened(x).sum(axis=axis, keepdims=keepdims), x.dtype), backward


@op
def mean(x, *, axis=None, keepdims=False):
    """(...) -> (...) without the axes averaged over (all by default)"""
    y = x.mean(axis=axis, keepdims=keepdims)

    def backward(dy):
        share = y.size / x.size if x.size else 0.0
        return array_module(x).broadcast_to(_stretch(dy, x, axis, keepdims) * share, x.shape)

    return y, backward


@op
def max(x, *, axis=None, keepdims=False):
    """(...) -> (...) without the axes searched (all by default); equal maxima share the gradient"""
    y = x.max(axis=axis, keepdims=keepdims)

    def backward(dy):
        winners = x == _stretch(y, x, axis, keepdims)
        count = winners.sum(axis=axis, keepdims=True, dtype=x.dtype)
        return winners * (_stretch(dy, x, axis, keepdims) / count)

    return y, backward


@op
def reshape(x, *, shape):
    """(...) -> shape, in the same order"""
    return x.reshape(shape), lambda dy, before=x.shape: dy.reshape(before)


@op
def transpose(x, *, axes):
    """(...) -> (...) with axis i of the result being axis axes[i] of x; by default, all turned"""
    axes = axes or range(x.ndim)[::-1]
    if sorted(axis % (x.ndim or 1) for axis in axes) != list(range(x.ndim)):
        raise UsageError(f"transpose of {x.shape} needs each of its axes once, got {tuple(axes)}")
    back = sorted(range(len(axes)), key=lambda i: axes[i] % x.ndim)
    return x.transpose(axes), lambda dy: dy.transpose(back)


@op
def take(x, *, index):
    """x[index]; a position taken several times receives the sum of its gradients"""
    return x[index], lambda dy: Part(index, dy)


@op
def concatenate(*parts, axis):
    """(..., n, ...), (..., m, ...) -> (..., n + m, ...)"""
    xp = array_module(*parts)
    y = xp.concatenate(parts, axis=axis)
    ends = list(itertools.accumulate(part.shape[axis] for part in parts))
    return y, lambda dy: tuple(xp.split(dy, ends[:-1], axis=axis))


@op
def where(condition, a, b):
    """(...), (...), (...) -> (...): a where the condition holds, else b"""
    holds = condition != 0
    y = array_module(condition, a, b).where(holds, a, b)
    return y, lambda dy: (None, lambda: dy * holds, lambda: dy * ~holds)
