"""Layer streaming: the weights of a block are here only while it runs, so that a model may be larger
than the memory (as ZeRO-Offload does with the optimiser, Ren et al. 2021).

Their home is a disk or, where a GPU computes, the memory beside it. While one block runs the weights
of the next are on their way: forward from the first to the last, backward from the last to the first.
"""

import contextlib
import functools

from tinyllm import tensor
from tinyllm.backend.arrays import to_device
from tinyllm.backend.elsewhere import OnTheWay, copy_to, is_in, let_go
from tinyllm.memory.recompute import Recompute, recomputing, rows_of_blocks


class Streamed(Recompute):
    """(B, T, C), … -> (B, T, C): a block whose weights, and their gradients, live in a Place."""

    def __init__(self, inner, *, home, away=None):
        super().__init__(inner, away=away)
        self.home, self.device, self.users = home, "cpu", 0
        self.row, self.number = Row([self]), 0  # which of the blocks of a walk it is
        self.at_home = self.coming = None
        for _, weight in inner.named_weights():
            if not is_in(home, weight.data):
                weight.data = copy_to(home, weight.data)

    @contextlib.contextmanager
    def borrowed(self):
        """Several threads use the same copies, which go when the last of them has done."""
        with self.timed("moved"):
            self.enter()
            self.send_for_next(-1 if tensor.recording.get() else 1)  # only backward is recorded
        try:
            yield self.inner
        finally:
            with self.timed("moved"):
                self.leave()

    def enter(self):
        with self.lock:
            self.users += 1
            if self.users == 1:
                weights = self.weights()
                self.at_home = [weight.data for weight in weights]
                coming, self.coming = self.coming or OnTheWay(self.at_home, self.device), None
                for weight, array in zip(weights, coming.arrays(), strict=True):
                    weight.data = array

    def send_for_next(self, direction):
        """Begin to fetch the weights of the block that comes next."""
        if self.number == 0 and direction == 1:
            for other in self.row.blocks[1:]:
                other.forget()  # what a walk that was broken off has sent for may be old
        number = self.number + direction
        if number in range(len(self.row.blocks)):
            self.row.blocks[number].come()

    def come(self):
        with self.lock:
            if not self.users and self.coming is None:
                self.coming = OnTheWay([weight.data for weight in self.weights()], self.device)

    def forget(self):
        with self.lock:
            if self.coming:
                self.coming.wait()
            self.coming = None

    def leave(self):
        with self.lock:
            self.users -= 1
            if not self.users:
                for weight, array in zip(self.weights(), self.at_home, strict=True):
                    weight.data = array
                let_go(*self.at_home)

    def weights(self):
        return [weight for _, weight in self.inner.named_weights()]

    def taken_home(self, grads):
        """The gradients of a backward pass, where the weights live."""
        with self.timed("moved"):
            return {parameter: copy_to(self.home, grad) for parameter, grad in grads.items()}


class Row:
    """The blocks of a walk, in order. As no list, it is not looked into for weights."""

    def __init__(self, blocks):
        self.blocks = blocks


def streaming(model, home, *, away=None):
    """Let the weights of every block live in a Place; return the model. `remembering` is the inverse, and leaves them
    there."""
    recomputing(model, kind=functools.partial(Streamed, home=home, away=away))
    for blocks in rows_of_blocks(model):
        row = Row(list(blocks))  # whatever stands in their places later
        for number, block in enumerate(blocks):
            block.row, block.number = row, number
    return model


def move(model, device):
    """Bring every weight to a device, "cpu" or "gpu", but those that are streamed: they come there block by block."""
    streamed = [block for blocks in rows_of_blocks(model) for block in blocks if isinstance(block, Streamed)]
    at_home = {weight for block in streamed for weight in block.weights()}
    for block in streamed:
        block.device = device
    for _, weight in model.named_weights():
        if weight not in at_home:
            weight.data = to_device(weight.data, device)
