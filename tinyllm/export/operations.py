"""Every operation of the tape in the plain operators of ONNX, opset 18: one function each, by the same name.

A function is given the graph, and the names of values in it; it adds nodes and returns the name of the result.
"""

import builtins
import itertools
import math
from typing import NamedTuple

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.export.trace import Constant, Name, Size, Unknown

HIDDEN = float(np.finfo(np.float32).min)  # added to a score; with -inf a query that sees nothing would be NaN
OPERATIONS = {}


def operation(function):
    """Let a function stand for the operation of its name."""
    OPERATIONS[function.__name__] = function
    return function


class Node(NamedTuple):
    """An operator of ONNX: on which values, what they become, and how."""

    operator: str
    inputs: list
    outputs: list
    attributes: dict


class Body(NamedTuple):
    """The graph of one turn of a loop. It sees the values of the graph around it too."""

    nodes: list
    inputs: list
    outputs: list


class Graph:
    """The nodes, and the arrays that they begin with."""

    def __init__(self, trace):
        self.nodes, self.arrays, self.shapes = [], {}, {}
        self.trace, self.values, self.made, self.count = trace, {}, {}, itertools.count()
        for name in trace.inputs:
            self.values[name] = str(name)
        for step in trace.steps:
            self.take_step(step)
        for name, output in trace.outputs.items():
            self.add("Identity", self.values[output], output=name)

    def take_step(self, step):
        """Add the nodes of a step. Raises UsageError for an operation that has none here."""
        if step.operation not in OPERATIONS:
            raise UsageError(f"there is no ONNX for the operation {step.operation}; it has none of {list(OPERATIONS)}")
        inputs, options = self.value(step.inputs), self.value(step.options)
        if any(isinstance(x, Unknown) for x in inputs):
            raise UsageError(f"{step.operation} reads an array that was computed without the tape: {inputs}")
        made = OPERATIONS[step.operation](self, *inputs, **options)
        self.values[step.output], self.shapes[made] = made, self.trace.shapes[step.output]

    def value(self, item):
        """An input or an option of a step, with the name of a value in the place of every Name and Constant."""
        if isinstance(item, Constant):
            return self.constant(item.array)
        if isinstance(item, Name):
            if item not in self.values:  # a weight that nobody needed before
                self.values[item] = str(item)
                self.arrays[str(item)] = self.trace.arrays[item]
            self.shapes.setdefault(self.values[item], self.trace.shapes[item])
            return self.values[item]
        if isinstance(item, dict):
            return {name: self.value(each) for name, each in item.items()}
        return tuple(map(self.value, item)) if type(item) is tuple else item

    def shape(self, value):
        """The shape of what a step has made or an input is, of numbers and Sizes."""
        return self.shapes[value]

    def add(self, operator, *inputs, output=None, **attributes):
        """Add a node with one result, and return its name. Numbers and lists among the inputs are constants."""
        inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        output = output or f"{operator}_{next(self.count)}"
        self.nodes.append(Node(operator, inputs, [output], attributes))
        return output

    def scan(self, x, state, step):
        """(B, T, X), (B, S) -> (B, T, S): the states after step(x of a position, state), position by position."""
        number, outside, self.nodes = next(self.count), self.nodes, []
        inputs = [f"state_{number}", f"x_{number}"]
        after = step(inputs[1], inputs[0])
        body = Body(self.nodes, inputs, [after, self.add("Identity", after)])
        outputs, self.nodes = [f"last_state_{number}", f"states_{number}"], outside
        axes = {"num_scan_inputs": 1, "scan_input_axes": [1], "scan_output_axes": [1]}
        self.nodes.append(Node("Scan", [state, x], outputs, {"body": body, **axes}))
        return outputs[1]

    def constant(self, array):
        """The name of an array. Whole numbers are int64, as sizes and axes are, and others float32."""
        array = np.asarray(array)
        array = array.astype({"f": np.float32, "i": np.int64}.get(array.dtype.kind, array.dtype))
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self.made:
            self.made[key] = f"constant_{len(self.arrays)}"
            self.arrays[self.made[key]] = array
        return self.made[key]

    def once(self, make):
        """What make(graph) returned when it was first called: many steps share it."""
        if make not in self.made:
            self.made[make] = make(self)
        return self.made[make]

    def size(self, value, axis):
        """(): the length of an axis, when the graph runs."""
        return self.add("Gather", self.add("Shape", value), axis)


def length(graph, number):
    """A number of a slice or a shape, as (1,)."""
    if isinstance(number, Size):
        if number != "sequence_length":
            raise UsageError(f"no graph is written yet that cuts at the {number}")
        return graph.add("Unsqueeze", graph.size("input_ids", 1), [0])
    return [number]


# ----------------------------------------------------------------------------------------- arithmetic, and what is read


@operation
def add(graph, a, b):
    return graph.add("Add", a, b)


@operation
def multiply(graph, a, b):
    return graph.add("Mul", a, b)


@operation
def matmul(graph, a, b):
    return graph.add("MatMul", a, b)


@operation
def linear(graph, x, weight, bias):
    return graph.add("Add", graph.add("MatMul", x, weight), bias)


@operation
def sum(graph, x, *, axis, keepdims=False):
    return graph.add("ReduceSum", x, [axis], keepdims=int(keepdims))


@operation
def transpose(graph, x, *, axes):
    axes = axes or range(len(graph.shape(x)))[::-1]
    return graph.add("Transpose", x, perm=list(axes))


@operation
def concatenate(graph, *parts, axis):
    return graph.add("Concat", *parts, axis=axis)


@operation
def embedding(graph, ids, weight):
    return graph.add("Gather", weight, ids)


@operation
def take(graph, x, *, index):
    if isinstance(index, str):  # the rows that an array names
        return graph.add("Gather", x, index)
    if type(index) is tuple and all(isinstance(part, str) for part in index):  # one number of each is a place
        places = [graph.add("Unsqueeze", part, [1]) for part in index]
        return graph.add("GatherND", x, graph.add("Concat", *places, axis=1))
    index, axis, axes = index if type(index) is tuple else (index,), 0, len(graph.shape(x))
    for part in index:
        if part is None:
            x = graph.add("Unsqueeze", x, [axis])
        elif part is Ellipsis:
            axis += axes - builtins.sum(other not in (None, Ellipsis) for other in index)
            continue
        elif isinstance(part, int):
            x = graph.add("Gather", x, part, axis=axis)
            continue
        elif not isinstance(part, slice) or part.step is not None:
            raise UsageError(f"there is no ONNX for take with the index {index}")
        elif part != slice(None):
            start, end = (default if n is None else n for n, default in ((part.start, 0), (part.stop, 2**62)))
            x = graph.add("Slice", x, length(graph, start), length(graph, end), [axis])
        axis += 1
    return x


# --------------------------------------------------------------------------------------------------- norms, activations


@operation
def layer_norm(graph, x, weight, bias, *, eps=1e-5):
    return graph.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=eps)


@operation
def rms_norm(graph, x, weight, *, eps=1e-6):
    mean_square = graph.add("ReduceMean", graph.add("Mul", x, x), [-1], keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", mean_square, eps))
    return graph.add("Mul", graph.add("Div", x, root), weight)


@operation
def gelu(graph, x):
    erf = graph.add("Erf", graph.add("Mul", x, math.sqrt(0.5)))
    return graph.add("Mul", x, graph.add("Mul", graph.add("Add", erf, 1.0), 0.5))


@operation
def swiglu(graph, gate, x):
    return graph.add("Mul", graph.add("Mul", gate, graph.add("Sigmoid", gate)), x)


# ------------------------------------------------------------------------------------------------------------ attention


@operation
def split_heads(graph, x, *, heads, part=0, parts=1):
    channels = graph.shape(x)[-1] // parts
    if parts > 1:
        x = graph.add("Slice", x, [part * channels], [(part + 1) * channels], [2])
    x = graph.add("Reshape", x, [0, 0, heads, channels // heads])  # 0: as it is
    return graph.add("Transpose", x, perm=[0, 2, 1, 3])


@operation
def merge_heads(graph, x):
    _, heads, _, channels = graph.shape(x)
    return graph.add("Reshape", graph.add("Transpose", x, perm=[0, 2, 1, 3]), [0, 0, heads * channels])


@operation
def repeat_heads(graph, x, *, times):
    _, heads, _, channels = graph.shape(x)
    x = graph.add("Expand", graph.add("Unsqueeze", x, [2]), [1, 1, times, 1, 1])
    return graph.add("Reshape", x, [0, heads * times, -1, channels])


@operation
def rotary(graph, x, *, cos, sin):
    if isinstance(cos, Unknown):
        raise UsageError(f"rotary turns by angles that were computed without the tape: {cos}")
    half = graph.shape(x)[-1] // 2
    a, b = (graph.add("Slice", x, [start], [start + half], [-1]) for start in (0, half))
    left = graph.add("Sub", graph.add("Mul", a, cos), graph.add("Mul", b, sin))
    right = graph.add("Add", graph.add("Mul", b, cos), graph.add("Mul", a, sin))
    return graph.add("Concat", left, right, axis=-1)


@operation
def attention(graph, q, k, v, bias=None, *, causal=False, starts=None, lengths=None, scale=None):
    """Who sees whom is told by the attention_mask, where the library has starts and lengths."""
    scale = graph.shape(q)[-1] ** -0.5 if scale is None else scale
    scores = graph.add("Mul", graph.add("MatMul", q, graph.add("Transpose", k, perm=[0, 1, 3, 2])), scale)
    if bias is not None:
        scores = graph.add("Add", scores, bias)
    scores = graph.add("Add", scores, graph.once(hides_future if causal else hides_padding))
    return graph.add("MatMul", graph.add("Softmax", scores, axis=-1), v)


def is_real(graph):
    """(B, 1, 1, S) of bool: what is no padding, of the text that is read or that the encoder has read."""
    masks = [name for name in graph.trace.inputs if name.endswith("attention_mask")]
    return graph.add("Unsqueeze", graph.add("Cast", masks[0], to=9), [1, 2])  # 9: bool


def hides_padding(graph):
    """(B, 1, 1, S): what is added to the scores."""
    return graph.add("Where", graph.once(is_real), 0.0, HIDDEN)


def hides_future(graph):
    """(B or 1, 1, T, S): what is added to the scores of the last T of S positions."""
    slots, places = graph.once(slots_and_places)
    seen = graph.add("LessOrEqual", slots, places)  # (T, S)
    if "attention_mask" in graph.trace.inputs:
        seen = graph.add("And", graph.once(is_real), seen)
    return graph.add("Where", seen, 0.0, HIDDEN)


def slots_and_places(graph):
    """(S,), (T, 1): the numbers of all positions, and those of the last T, which are read now."""
    read, kept = graph.size("input_ids", 1), "past_key_values.0.decoder.key"
    if "attention_mask" in graph.trace.inputs:
        total = graph.size("attention_mask", 1)
    else:
        total = graph.add("Add", graph.size(kept, 2), read) if kept in graph.trace.inputs else read
    places = graph.add("Range", graph.add("Sub", total, read), total, 1)
    return graph.add("Range", 0, total, 1), graph.add("Unsqueeze", places, [1])


# ----------------------------------------------------------------------------------------------------------- recurrence


@operation
def rnn(graph, x, state, weight):
    def step(x, state):
        return graph.add("Tanh", graph.add("Add", x, graph.add("MatMul", state, weight)))

    return graph.scan(x, state, step)


@operation
def lstm(graph, x, state, weight):
    M = graph.shape(state)[-1] // 2

    def part(value, i):
        return graph.add("Slice", value, [i * M], [(i + 1) * M], [1])

    def step(x, state):
        h, c = part(state, 0), part(state, 1)
        sums = graph.add("Add", x, graph.add("MatMul", h, weight))
        enter, keep, leave = (graph.add("Sigmoid", part(sums, i)) for i in (0, 1, 3))
        candidate = graph.add("Tanh", part(sums, 2))
        c = graph.add("Add", graph.add("Mul", keep, c), graph.add("Mul", enter, candidate))
        return graph.add("Concat", graph.add("Mul", leave, graph.add("Tanh", c)), c, axis=1)

    return graph.scan(x, state, step)


# --------------------------------------------------------------------------------- what models compute without the tape


@operation
def row_numbers(graph):
    """(B,): 0, 1, 2, …"""
    return graph.add("Range", 0, graph.size("input_ids", 0), 1)


@operation
def last_places(graph):
    """(B,): where the last token of each row is, of rows filled up on the right."""
    return graph.add("Sub", graph.add("ReduceSum", "attention_mask", [1], keepdims=0), 1)


@operation
def shares_of_real(graph):
    """(B, T, 1): what each real token counts in the mean of its row."""
    real = graph.add("Cast", "attention_mask", to=1)  # 1: float32
    shares = graph.add("Div", real, graph.add("ReduceSum", real, [1], keepdims=1))
    return graph.add("Unsqueeze", shares, [2])


@operation
def zeros(graph, *, width):
    """(B, S): the state in which a recurrent layer begins."""
    rows = graph.add("Unsqueeze", graph.size("input_ids", 0), [0])
    return graph.add("Expand", 0.0, graph.add("Concat", rows, [width], axis=0))


@operation
def distances(graph, table, *, furthest):
    """(1, T, S): the bucket of how far apart two positions are, of a table for -furthest to furthest."""
    apart = graph.add("Clip", graph.add("Sub", *graph.once(slots_and_places)), -furthest, furthest)
    return graph.add("Unsqueeze", graph.add("Gather", table, graph.add("Add", apart, furthest)), [0])
