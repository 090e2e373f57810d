"""Recomputation: a block keeps only what it was given, and is run again when its gradients are
needed (Chen et al. 2016, "gradient checkpointing").

It trades time for memory: a third more at most, for a backward pass costs two forward ones. The
second run drops what the first one dropped, so the gradients are the same to the last bit.
"""

import contextlib
import threading
import time
from collections import Counter

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.backend.arrays import beside
from tinyllm.backend.elsewhere import copy_to, fetch
from tinyllm.graph import Node
from tinyllm.nn.module import Around, replace_modules
from tinyllm.observe import told
from tinyllm.tensor import Tensor, no_grad


class Recompute(Around):
    """(B, T, C), … -> (B, T, C): its inner, that keeps nothing from its forward to its backward but
    what it is given.

    Where nothing is recorded, or with a cache, which must not be written to twice, it is just its
    inner. A kind whose weights are elsewhere says how they are `borrowed`; one whose gradients are
    wanted elsewhere says by whom, `learned`, and how they are `taken_home`. The input that is kept
    goes to a Place, if one is given. `seconds` says what it costs, over all threads.
    """

    def __init__(self, inner, *, away=None):
        super().__init__(inner)
        self.away, self.seconds, self.lock = away, Counter(), threading.Lock()

    @contextlib.contextmanager
    def timed(self, what):
        """Count the time of this block as one of "again", what is computed a second time, and
        "moved", arrays that come and go."""
        began = time.perf_counter()
        yield
        with self.lock:
            self.seconds[what] += time.perf_counter() - began

    @contextlib.contextmanager
    def borrowed(self):
        """A block in which the module to run has its weights here. Several threads may be in it."""
        yield self.inner

    def learned(self):
        """The Parameters that get a gradient."""
        return self.inner.parameters()

    def taken_home(self, grads):
        """{Parameter of the module that ran: array} -> {Parameter of `learned`: array}"""
        return grads

    def __call__(self, *inputs, **options):
        place, values = F.noise_place(), [*inputs, *options.values()]
        sources = [one for one in values if isinstance(one, Tensor)] + self.learned()
        again = tensor.recording.get() and all(map(can_be_given_again, values))
        if not (again and any(one.requires_grad for one in sources)):
            with self.borrowed() as inner:
                return inner(*inputs, **options)
        with no_grad(), self.borrowed() as inner:
            out = told("recompute", "forward", lambda: inner(*inputs, **options))
        kept = Kept(inputs, options, place)
        if self.away:
            with self.timed("moved"):
                kept.put_away(self.away)
        out.requires_grad = True
        nodes = tuple(one.node or one for one in sources)
        out.node = Node("recompute", nodes, {}, self.backward_of(kept), out.shape)
        return out

    def backward_of(self, kept):
        """The way back through what was forgotten: dy -> the gradients of the tensors that were
        given, and of `learned()`."""

        def backward(dy):
            leaves = kept.leaves()
            if self.away:
                with self.timed("moved"):
                    kept.bring_beside(dy)
            with recorded(), F.noise_from(kept.place), self.borrowed() as inner:
                with self.timed("again"):
                    y = inner(*kept.inputs, **kept.options)
                grads = tensor.backward(y, dy)
            given = [grads.pop(leaf, None) for leaf in leaves]
            home = self.taken_home(grads)
            return *given, *(home.get(parameter) for parameter in self.learned())

        return backward


class Kept:
    """What a call is repeated with: its inputs, as leaves of a graph to come, and the place of its
    noise."""

    def __init__(self, inputs, options, place):
        self.inputs = [as_leaf(value) for value in inputs]
        self.options = {name: as_leaf(value) for name, value in options.items()}
        self.place = place

    def leaves(self):
        values = (*self.inputs, *self.options.values())
        return [value for value in values if isinstance(value, Tensor)]

    def put_away(self, place):
        """Keep what enters the block, the first of the leaves, in a Place: others are shared, and
        kept by other blocks too."""
        for first in self.leaves()[:1]:
            first.data = copy_to(place, first.data)

    def bring_beside(self, dy):
        """Have it where the gradient is."""
        for first in self.leaves()[:1]:
            fetch(first.data)
            first.data = beside(first.data, dy)


def as_leaf(value):
    """A Tensor without its graph, that gets a gradient if it got one; anything else as it is."""
    if not isinstance(value, Tensor):
        return value
    return Tensor(value.data, requires_grad=value.requires_grad)


def can_be_given_again(value):
    """Whether a module does the same if it is given this once more: a cache has grown by then."""
    return value is None or isinstance(value, Tensor | bool | int | float) or hasattr(value, "dtype")


@contextlib.contextmanager
def recorded():
    """Inside this block operations are recorded, whatever is done around it."""
    token = tensor.recording.set(True)
    try:
        yield
    finally:
        tensor.recording.reset(token)


def recomputing(model, every=1, kind=Recompute):
    """Put a Recompute around every n-th block of all that is walked in a model; return the model."""
    for blocks in rows_of_blocks(remembering(model)):
        blocks[::every] = map(kind, blocks[::every])
    return model


def rows_of_blocks(model):
    """The lists of blocks of all that is walked in a model: two, of an encoder and its decoder."""
    return [module.blocks for _, module in model.named_modules() if "blocks" in vars(module)]


def remembering(model):
    """The inverse: every block keeps what its gradients need."""
    return replace_modules(model, lambda path, module: module.inner if isinstance(module, Recompute) else module)
