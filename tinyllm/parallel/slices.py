"""Slices: the weights of a model that is cut, which know of which whole they are a share, and are put together again.

Whole arrays have the names that they had before the model was cut: a checkpoint does not tell how many ranks made it.
"""

from tinyllm.backend.arrays import array_module
from tinyllm.nn.module import Parameter, weights
from tinyllm.parallel.workers import cut


class Slice(Parameter):
    """This rank's share of a Parameter: of each of `parts` equal stretches of an axis, as many rows as another rank's.

    A qkv has three parts: a share of each keeps the queries of a head with its keys and values.
    """

    __slots__ = ("axis", "comm", "length", "parts")

    def __init__(self, weight, comm, *, axis, parts=1):
        super().__init__(weight.data)
        self.comm, self.axis, self.parts = comm, axis, parts
        self.length = weight.shape[axis]
        self.data, self.requires_grad = self.share(weight.data), weight.requires_grad

    def share(self, whole):
        """An array of the shape of the whole parameter -> this rank's share of it, a copy."""
        length = self.length // self.parts
        lo, hi = cut(length, self.comm.size)[self.comm.rank]
        apart = whole.reshape(*whole.shape[: self.axis], self.parts, length, *whole.shape[self.axis + 1 :])
        mine = apart[(slice(None),) * (self.axis + 1) + (slice(lo, hi),)]
        return mine.reshape(*whole.shape[: self.axis], -1, *whole.shape[self.axis + 1 :]).copy()

    def whole(self, share):
        """An array of the shape of this one -> the shares of all ranks, put together."""
        before, after = share.shape[: self.axis], share.shape[self.axis + 1 :]
        apart = share.reshape(*before, self.parts, share.shape[self.axis] // self.parts, *after)
        found = gathered(apart, self.comm, self.length // self.parts, axis=self.axis + 1)
        return found.reshape(*before, self.length, *after)

    def uncut(self):
        """The Parameter that it is a share of, as it is now."""
        whole = self.whole(self.data)
        weight = Parameter(whole)
        weight.data, weight.requires_grad = whole, self.requires_grad  # of whatever type it is
        return weight


def whole_weights(model):
    """{name: array} of all that is stored, whole, in every rank: what a model that was never cut would store."""
    return _of_slices(dict(model.named_weights()), weights(model), Slice.whole)


def own_weights(model, arrays):
    """{name: array} of whole arrays -> those that the model has, this rank's share of each that is cut."""
    return _of_slices(dict(model.named_weights()), arrays, Slice.share)


def whole_state(parameters, state):
    """The state of an optimiser of {name: Parameter} of a cut model -> the same, whole, in every rank."""
    return _of_slices(_by_slot(parameters, state), state, Slice.whole)


def own_state(parameters, state):
    """A whole state -> that of what an optimiser of {name: Parameter} has of it."""
    return _of_slices(_by_slot(parameters, state), state, Slice.share)


def _by_slot(parameters, state):
    """{"m.blocks.0...": Parameter} of a state; None for what is of none."""
    found = {name: parameters.get(name.partition(".")[2]) for name in state}
    return {name: p for name, p in found.items() if p is not None or name == "steps"}


def _of_slices(owners, arrays, change):
    """{name: array} of those that have an owner, changed where that is a Slice."""
    return {n: change(p, arrays[n]) if isinstance(p, Slice) else arrays[n] for n, p in owners.items() if n in arrays}


def gathered(array, comm, length, *, axis):
    """(..., n, ...) -> (..., length, ...): the shares of all ranks, along an axis. Some may be longer by 1."""
    xp, mine = array_module(array), array.swapaxes(0, axis)
    shares, longest = cut(length, comm.size), -(-length // comm.size)
    padded = xp.zeros((longest, *mine.shape[1:]), array.dtype)
    padded[: len(mine)] = mine
    rows = comm.all_gather(padded)
    parts = [rows[rank * longest : rank * longest + hi - lo] for rank, (lo, hi) in enumerate(shares)]
    return xp.ascontiguousarray(xp.concatenate(parts).swapaxes(0, axis))
