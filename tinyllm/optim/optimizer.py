"""What optimisers share: a rule for one array is applied to every parameter, beside what it
remembers of each."""

import dataclasses
import re

import numpy as np

from tinyllm.backend.arrays import beside
from tinyllm.backend.elsewhere import brought_together, let_go, zeros_like
from tinyllm.backend.threads import pieces
from tinyllm.errors import UsageError


def matrices_decay(name, parameter):
    """The options of the rule that differ for a parameter: vectors (biases, norms) do not decay."""
    return {} if parameter.ndim >= 2 else {"decay": 0.0}


def by_layer(named_parameters, decay):
    """The same, and the rate of each block `decay` times that of the block above it, as fine-tuning
    likes it (Howard & Ruder 2018). What stands before all blocks is below them, and what stands
    after one is above it; the highest has the whole rate. To be given a whole model."""
    heights, blocks = {}, set()
    for name, _ in named_parameters:
        block = re.match(r"(.*\b)?blocks\.\d+\.", name)
        blocks |= {block[0]} if block else set()
        heights[name] = len(blocks) + (1 if blocks and not block else 0)
    top = max(heights.values(), default=0)
    return lambda name, parameter: (
        matrices_decay(name, parameter) | {"rate": decay ** (top - heights[name])}
    )


def learned(named_parameters):
    """{name: Parameter} of the pairs whose parameter is not frozen. Raises UsageError for a name or
    a parameter that comes twice, and for what is no such pair."""
    pairs = list(named_parameters) if hasattr(named_parameters, "__iter__") else [None]
    if not all(isinstance(pair, tuple) and isinstance(pair[0], str) for pair in pairs):
        raise UsageError(
            "an optimiser takes pairs of name and Parameter, as model.named_parameters() gives them"
        )
    names, parameters = {}, {}
    for name, parameter in pairs:
        if name in parameters:
            raise UsageError(
                f"two parameters are named {name}; put something before the names of each model: "
                '[("teacher." + name, p) for name, p in teacher.named_parameters()]'
            )
        if parameter in names:
            raise UsageError(f"{names[parameter]} and {name} are one parameter; give it once")
        names[parameter], parameters[name] = name, parameter
    return {name: parameter for name, parameter in pairs if parameter.requires_grad}


class Optimizer:
    """Move parameters by their gradients. A kind of optimiser says its rule and what this needs:

    `update(p, g, *slots, lr, decay, step, …)` changes p and the slots in place, given the gradient
    g and the number of this step, from 1; the options that follow are the other fields of its
    `Config`. Where an exercise may replace the rule, it is a method that looks it up when it runs.
    `slots` names the arrays, of the shape of p and 0 at first, that the rule remembers.
    A rule with `whole = True` is given each matrix whole, never in parts. One that remembers arrays
    of other shapes or types has its own `new_memory`, `parts` and `bytes_remembered`.

    `named_parameters`: pairs of name and Parameter; a frozen one is left alone.
    `options_of(name, parameter)` gives {option: value} of what differs for a parameter; its `rate`
    multiplies `lr`. `steps` counts the steps taken. Raises UsageError for a name or a parameter
    that comes twice.
    """

    Config = None
    slots = ()
    whole = False

    def __init__(self, named_parameters, config=None, *, options_of=matrices_decay):
        config = config or self.Config()
        if not isinstance(config, self.Config):
            mine, given = self.Config.__name__, type(config).__name__
            raise UsageError(f"{type(self).__name__} takes the options of {mine}, got {given}")
        options = dataclasses.asdict(config)
        options["decay"] = options.pop("weight_decay")
        self.config, self.steps = config, 0
        self.parameters = learned(named_parameters)
        self.options = {name: options | options_of(name, p) for name, p in self.parameters.items()}
        self.rates = {name: own.pop("rate", 1.0) for name, own in self.options.items()}
        self.memory = {name: self.new_memory(name, p.data) for name, p in self.parameters.items()}

    def new_memory(self, name, p):
        """{slot: array} of what is remembered of a parameter's array, before the first step."""
        return {slot: zeros_like(p) for slot in self.slots}

    def parts(self, p, g, *slots):
        """Yield the same arrays in parts, each of which can be updated on its own."""
        for piece in [...] if self.whole else pieces(p):
            yield [a[piece] for a in (p, g, *slots)]

    @classmethod
    def bytes_remembered(cls, count, *, embedding=0):
        """The bytes that so many float32 numbers, those of a model, leave to be remembered; so many
        of them are those of its embedding."""
        return 4 * len(cls.slots) * count

    def step(self, grads, *, lr, map=map):
        """Move every parameter that has a gradient in {Parameter: array}, in place, at the rate
        `lr`. `map` may share out the work: its pieces are independent. Raises UsageError for a
        gradient of another shape, and moves nothing."""
        for name, p in self.parameters.items():
            if p in grads and grads[p].shape != p.shape:
                raise UsageError(f"{name} is {p.shape}, but its gradient is {grads[p].shape}")
        self.steps += 1

        def update(task):
            name, arrays = task
            with brought_together(*arrays) as here:
                self.update(*here, lr=lr * self.rates[name], step=self.steps, **self.options[name])

        list(map(update, [
            (name, arrays)
            for name, p in self.parameters.items() if p in grads
            for arrays in self.parts(p.data, grads[p], *self.memory[name].values())
        ]))  # fmt: skip

    def state(self):
        """{"steps": (), "m.blocks.0...": array, ...}: their number, and the arrays, not copies."""
        arrays = {
            f"{slot}.{name}": a
            for name, of_parameter in self.memory.items()
            for slot, a in of_parameter.items()
        }
        return {"steps": np.array(self.steps), **arrays}

    def load_state(self, arrays):
        """Copy arrays made by `state` into this optimiser. Raises UsageError if they do not fit."""
        mine = self.state()
        check_state(arrays, {name: array.shape for name, array in mine.items()})
        for name, array in arrays.items():
            mine[name][...] = beside(array, mine[name])
            let_go(mine[name], array)
        self.steps = int(arrays["steps"])


def check_state(arrays, shapes):
    """Raise UsageError unless {name: array} are of exactly these {name: shape}."""
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise UsageError(
            "the optimiser's state does not fit this model's parameters; "
            "was it saved by another model, or by another kind of optimiser?"
        )
