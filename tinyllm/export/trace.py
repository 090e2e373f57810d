"""What a model computes, as a list of steps with names: the tape is listened to while the model reads.

A pass has numbers where a graph has sizes that may change. So the model reads twice, in batches of two sizes: what is
the same both times is a constant, and what differs is the size that had those two values.
"""

from typing import Any, NamedTuple

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.observe import observed
from tinyllm.tensor import array_of, no_grad


class Sizes(NamedTuple):
    """Those of a pass: rows, positions read, positions read before, and of an encoder's text."""

    batch: int
    sequence: int
    past: int
    memory: int


PASSES = Sizes(2, 3, 5, 6), Sizes(4, 2, 7, 10)  # no two sizes, nor the sum of two, have the same two values
NAMES = ("batch_size", "sequence_length", "past_sequence_length", "encoder_sequence_length")
PAIRS = {**dict(zip(zip(*PASSES, strict=True), NAMES, strict=True)), (8, 9): "past_sequence_length + sequence_length"}


class Name(str):
    """What an array is called: an input, a weight, or what a step has made."""


class Size(str):
    """A size that may be another in the next batch; one of the names in PAIRS."""


class Constant(NamedTuple):
    """An array that is the same in every pass."""

    array: Any


class Unknown(NamedTuple):
    """Something that was computed outside of the tape. Who needs it cannot be exported."""

    shapes: tuple


class Step(NamedTuple):
    """An operation of the tape: on what, how, and what its result is called."""

    operation: str
    inputs: tuple
    options: dict
    output: Name


class Trace(NamedTuple):
    """The steps of a pass in their order, no more than its outputs need."""

    steps: list
    inputs: dict  # {name: dtype}
    outputs: dict  # {name of an output: the Name of what it is}
    arrays: dict  # {Name: array} of the weights, and of the tables that the model looks things up in
    shapes: dict  # {Name: its shape, of numbers and Sizes}


class Tape:
    """Listens to one pass, and gives every array a name."""

    def __init__(self, model):
        self.steps, self.inputs, self.arrays, self.shapes = [], {}, {}, {}
        self.names, self.kept, self.known = {}, [], []  # by identity; what must live as long; what is told by value
        for name, weight in model.named_weights():
            self.arrays[self.call(weight.data, name)] = weight.data
        self.tables = list(self._tables(model))

    def _tables(self, model):
        """The arrays of a model that are no weights, as the turns of every position."""
        for path, module in model.named_modules():
            for attribute, value in vars(module).items():
                for i, array in enumerate(value if isinstance(value, tuple) else (value,)):
                    if isinstance(array, np.ndarray):
                        name = self.call(array, f"{path}.{attribute}.{i}".lstrip("."))
                        self.arrays[name] = array
                        yield array

    def call(self, array, name):
        """Name an array."""
        self.names[id(array)] = name = Name(name)
        self.kept.append(array)  # whose identity no other may take
        self.shapes[name] = array.shape
        return name

    def input(self, name, array):
        """The array, as an input of the model. It is told by its values as well: the model may make its own copy."""
        self.inputs[self.call(array, name)] = array.dtype
        self.known.append(array)
        return array

    def knows(self, tensor):
        """What the model may have computed without the tape, and where it is told by its values."""
        self.known.append(tensor.data)

    def computes(self, array, operation, *tables, **options):
        """What the model may compute without the tape, as an operation of the graph that needs no more than this."""
        for i, table in enumerate(tables):
            self.arrays[self.call(table, f"{operation}.{i}")] = table
        inputs = tuple(self.named(table) for table in tables)
        self.steps.append(Step(operation, inputs, options, self.call(array, operation)))
        self.known.append(array)

    def see(self, seen):
        """Take down one operation."""
        if seen.direction == "forward":
            inputs = tuple(self.named(x) for x in seen.inputs)
            options = {name: self.named(value) for name, value in seen.options.items()}
            output = self.call(seen.output[0], f"{seen.name}_{len(self.steps)}")
            self.steps.append(Step(seen.name, inputs, options, output))

    def named(self, value):
        """An input or an option with a Name or a Constant in the place of every array."""
        if isinstance(value, tuple):
            return tuple(map(self.named, value))
        if isinstance(value, slice):
            return slice(*map(self.named, (value.start, value.stop, value.step)))
        if not hasattr(value, "dtype"):
            return value
        if id(value) in self.names:
            return self.names[id(value)]
        for array in self.known:
            if array.shape == value.shape and array.dtype.kind == value.dtype.kind and (array == value).all():
                return self.names[id(array)]
        return Constant(value)


def trace(model, read):
    """The Trace of `read(model, tape, sizes)`, which gives {name: Tensor} of the outputs.

    Raises UsageError for a model that goes other ways with another batch.
    """
    tapes = []
    for sizes in PASSES:
        tape = Tape(model)
        with observed(tape.see), no_grad():
            outputs = read(model, tape, sizes)
        tapes.append((tape, {name: tape.names[id(array_of(output))] for name, output in outputs.items()}))
    (one, outputs), (two, others) = tapes
    ways = [[(step.operation, step.output) for step in tape.steps] for tape in (one, two)]
    if ways[0] != ways[1] or outputs != others:
        raise UsageError(f"a {type(model).__name__} computes otherwise for another batch, and has no one graph")
    steps = needed(map(in_general, one.steps, two.steps), set(outputs.values()))
    shapes = {name: in_general(shape, two.shapes[name]) for name, shape in one.shapes.items()}
    return Trace(steps, one.inputs, outputs, one.arrays, shapes)


def in_general(one, two):
    """What two passes have in the same place -> what stands there whatever the batch."""
    if isinstance(one, Constant) and isinstance(two, Constant):
        same = one.array.shape == two.array.shape and (one.array == two.array).all()
        return one if same else Unknown((one.array.shape, two.array.shape))
    if isinstance(one, Step):
        return Step(*map(in_general, one, two))
    if isinstance(one, dict):
        return {name: in_general(value, two[name]) for name, value in one.items()}
    if type(one) is type(two) is tuple and len(one) == len(two):
        return tuple(map(in_general, one, two))
    if isinstance(one, slice) and isinstance(two, slice):
        return slice(*(in_general(getattr(one, end), getattr(two, end)) for end in ("start", "stop", "step")))
    if type(one) is type(two) and one == two:
        return one
    return Size(PAIRS[one, two]) if type(one) is type(two) is int and (one, two) in PAIRS else Unknown((one, two))


def needed(steps, names):
    """Those of the steps that something of these names is made by."""
    kept, names = [], set(names)
    for step in reversed(list(steps)):
        if step.output in names:
            kept.append(step)
            names.update(names_in((step.inputs, tuple(step.options.values()))))
    return kept[::-1]


def names_in(value):
    """Every Name in a tuple and in the tuples in it."""
    if isinstance(value, Name):
        yield value
    elif type(value) is tuple:
        for item in value:
            yield from names_in(item)
