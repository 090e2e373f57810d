"""Mixed precision: the model computes in float16, and weights in float32 beside it are what learns (Micikevicius et al.
2018, Mixed Precision Training).

Float16 takes half the memory, and GPUs multiply it faster, but it ends at 65,504 and is 0 below 6e-8: a step is often
too small for it, hence the float32 weights; many gradients are too, hence the loss is scaled up before the backward
pass. The scale finds itself: it doubles after so many good steps, and halves when a gradient overflows, whose step is
skipped. Losses, norms, softmax and sums are computed in float32 by the operations themselves.
"""

import contextlib
import math

import numpy as np

from tinyllm.backend.arrays import array_module, widened
from tinyllm.backend.threads import pieces
from tinyllm.errors import UsageError
from tinyllm.nn.module import Parameter
from tinyllm.optim import catalog, schedule

FIRST_SCALE, GOOD_STEPS = 2.0**16, 2000  # as PyTorch's GradScaler


def check(training, ranks):
    """Raise UsageError for what cannot be trained in float16, by so many ranks."""
    if training.precision == "float32":
        return
    if ranks > 1:
        raise UsageError(f"precision=float16 is for one process, not {ranks}; leave it out, or train without launch")
    if training.offload != "none":
        raise UsageError(f"precision=float16 and offload={training.offload} do not go together; leave out one of them")


class LossScale:
    """What the loss is multiplied by, a power of two: so no digit is lost on the way there and back."""

    def __init__(self):
        self.value, self.good = FIRST_SCALE, 0

    def scaled(self, loss):
        """The loss function, of arrays of a batch, times the scale."""
        return lambda *batch: loss(*batch) * self.value

    def clip_gradients(self, grads, limit, *, squares=schedule.squared_length, map=map):
        """As schedule's, for gradients of the scaled loss: they come back in float32, and without the scale. Those that
        are finite are taken out of the mapping one by one, for both would need much room."""
        norm = math.sqrt(squares(grads, map=map)) / self.value
        if not math.isfinite(norm):
            return grads, norm
        factor = min(1.0, limit / norm if norm else 1.0) / self.value
        return {p: scaled(grads.pop(p), factor, map=map) for p in list(grads)}, norm

    def take(self):
        """A step was taken."""
        self.good += 1
        if self.good == GOOD_STEPS:
            self.value, self.good = 2 * self.value, 0

    def halve(self):
        """A gradient overflowed. Returns whether there is a smaller scale, with which the next one may not."""
        smaller = self.value > 1
        self.value, self.good = max(1.0, self.value / 2), 0
        return smaller

    def state(self):
        return {"scale": self.value, "good": self.good}

    def load_state(self, state):
        self.value, self.good = state["scale"], state["good"]


def scaled(gradient, factor, *, map=map):
    """(...) -> (...): the gradient in float32, times the factor."""
    xp = array_module(gradient)
    found = xp.empty(gradient.shape, widened(gradient[:0]).dtype)
    list(map(lambda piece: xp.multiply(widened(gradient[piece]), factor, out=found[piece]), pieces(gradient)))
    return found


class MasterWeights:
    """What a model learns, in float32; the model itself is left with copies in float16, and with all that it does not
    learn in float16. They are stored, and moved, under the names of the model's own."""

    def __init__(self, model):
        self.halves = dict(model.named_parameters())
        self.masters = {name: Parameter(parameter.data) for name, parameter in self.halves.items()}
        of_model = [weight for _, weight in model.named_weights() if isinstance(weight, Parameter)]
        self.frozen = [weight for weight in of_model if not weight.requires_grad]
        for weight in of_model:
            weight.data = weight.data.astype(np.float16)

    def named_weights(self):
        yield from self.masters.items()

    named_parameters = named_weights

    def round(self, *, map=map):
        """Give the model its weights anew."""

        def copy(task):
            half, master = task
            with np.errstate(over="ignore"):  # what overflows here the next loss shows
                half[...] = master.astype(half.dtype)

        both = [(self.halves[name].data, master.data) for name, master in self.masters.items()]
        list(map(copy, [(half[piece], master[piece]) for half, master in both for piece in pieces(master)]))

    @contextlib.contextmanager
    def in_place(self):
        """A block in which the model has float32 weights, as whoever uses the trained model will."""
        halves = [(weight, weight.data) for weight in (*self.halves.values(), *self.frozen)]
        for weight in self.frozen:
            weight.data = weight.data.astype(np.float32)
        for name, weight in self.halves.items():
            weight.data = self.masters[name].data
        try:
            yield
        finally:
            for weight, half in halves:
                weight.data = half


class MixedOptimizer:
    """An optimiser, of a configuration, that moves MasterWeights by the gradients of the model's halves."""

    def __init__(self, config, masters, **groups):
        self.masters, self.own = masters, catalog.new_optimizer(config, masters.named_parameters(), **groups)
        self.parameters = {name: masters.halves[name] for name in self.own.parameters}

    steps = property(lambda self: self.own.steps)

    def step(self, grads, *, lr, map=map):
        """Move the float32 weights by {Parameter of the model: gradient in float32}, and round them."""
        own = self.own.parameters
        self.own.step({own[name]: grads[p] for name, p in self.parameters.items() if p in grads}, lr=lr, map=map)
        self.masters.round(map=map)

    def state(self):
        return self.own.state()

    def load_state(self, state):
        self.own.load_state(state)
