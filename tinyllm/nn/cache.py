"""What a model keeps of earlier positions, so that a new token costs one: keys, values, a state.

A cache has B rows, each of its own length: `lengths`, (B,). It grows by `append`; `truncate`
forgets what stands behind a length, `select` takes rows, as often as they are named, and `join`
puts the rows of another cache behind its own. Rows of different lengths are read together by
filling them up on the right: cut to what is real, they are as if each had been read alone.
"""

import numpy as np

from tinyllm.backend.arrays import array_module, beside
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor


class LayerCache:
    """The keys and values that one attention layer has seen. It knows nothing of the model.

    `starts` says where the next position of each row stands, or is None if all rows are equally
    long. What stands behind that is written over later, and no query from there on sees it.
    """

    def __init__(self):
        self.keys = self.values = None  # (B, H, room, D), filled up to the lengths
        self._keep(np.zeros(0, np.int64))

    def _keep(self, lengths):
        self.lengths, self.length = lengths, int(lengths.max(initial=0))  # of the longest row
        self.starts = lengths if (lengths != self.length).any() else None

    def append(self, k, v):
        """Two of (B, H, T, D) -> two of (B, H, S, D): the new ones behind all that came before."""
        (B, _, T, _), end = k.shape, self.length + k.shape[-2]
        if self.keys is None:
            self._keep(np.zeros(B, np.int64))
            self.keys, self.values = k.data[:, :, :0], v.data[:, :, :0]
        if end > self.keys.shape[-2]:  # to twice, so that each number is copied about once
            self.keys, self.values = (with_room(a, 2 * end) for a in (self.keys, self.values))
        new = slice(None), slice(None), slice(self.length, end)
        if self.starts is None:
            self.keys[new], self.values[new] = k.data, v.data
        else:
            rows, places = np.arange(B)[:, None], self.starts[:, None] + np.arange(T)
            new = beside(rows, self.keys), slice(None), beside(places, self.keys)  # (B, T, H, D)
            self.keys[new], self.values[new] = (a.data.swapaxes(1, 2) for a in (k, v))
            self.starts = self.lengths + T
        self.lengths, self.length = self.lengths + T, end
        return self.all()

    def all(self):
        """Two of (B, H, S, D): the keys and the values so far, as many as the longest row has."""
        return Tensor(self.keys[:, :, : self.length]), Tensor(self.values[:, :, : self.length])

    def last(self):
        """(B, H, 1, D): the value of the last position of each row; 0 of a row with none."""
        rows = np.arange(len(self.lengths))
        values = self.values[beside(rows, self.values), :, beside(self.lengths - 1, self.values)]
        read = beside(self.lengths > 0, values)
        return Tensor((values * read[:, None, None])[:, :, None])

    def truncate(self, lengths):
        """Forget what stands behind the lengths, (B,). Raises UsageError for more than there is."""
        self._keep(checked(lengths, np.zeros_like(self.lengths), self.lengths))

    def select(self, rows):
        """Keep these rows, in this order; one that is named twice goes on as two."""
        rows = np.asarray(rows, np.int64)
        self._keep(self.lengths[rows])
        self.keys, self.values = (a[beside(rows, a)] for a in (self.keys, self.values))

    def join(self, other):
        """Put the rows of another cache behind these."""
        self.keys, self.values = map(joined, (self.keys, self.values), (other.keys, other.values))
        self._keep(np.concatenate([self.lengths, other.lengths]))


class DecoderCache:
    """What a block of an encoder–decoder keeps: its own past, and the text that it writes about.

    Of row b of that text, the memory, the first memory_lengths[b] positions are real, or all.
    """

    def __init__(self, memory_lengths=None):
        self.own, self.memory, self.memory_lengths = LayerCache(), LayerCache(), memory_lengths

    lengths = property(lambda self: self.own.lengths)

    def truncate(self, lengths):
        """Forget what was written behind the lengths, (B,); what was read stays."""
        self.own.truncate(lengths)

    def select(self, rows):
        """Keep these rows, in this order; one that is named twice goes on as two."""
        self.own.select(rows)
        self.memory.select(rows)
        if self.memory_lengths is not None:
            self.memory_lengths = self.memory_lengths[np.asarray(rows, np.int64)]

    def join(self, other):
        """Put the rows of another cache behind these."""
        both = (self, other)
        real = [c.memory.lengths if c.memory_lengths is None else c.memory_lengths for c in both]
        self.own.join(other.own)
        self.memory.join(other.memory)
        self.memory_lengths = np.concatenate(real)


class StateCache:
    """The state in which one recurrent layer ended. However long the text, it takes the same room.

    The states of the last pass are kept, so that it can be cut within what it read last.
    """

    def __init__(self):
        self.state = None  # (B, M): where each row has ended
        self.passed = None  # (B, M) before the last pass, (B, T, M) after each of its positions
        self.lengths = self.began = np.zeros(0, np.int64)  # (B,): now, and before the last pass

    def append(self, states):
        """(B, T, M): the states after T more positions."""
        if self.state is None:
            self.lengths = np.zeros(len(states), np.int64)
            self.state = Tensor(array_module(states.data).zeros_like(states.data[:, 0]))
        self.passed, self.began = (self.state.data, states.data), self.lengths
        self.state, self.lengths = Tensor(states.data[:, -1]), self.lengths + states.shape[1]

    def truncate(self, lengths):
        """Go back to the lengths, (B,), at most to where the last pass began. Raises UsageError for
        less than that, and for more than there is."""
        lengths = checked(lengths, self.began, self.lengths)
        if (lengths < self.lengths).any():
            before, states = self.passed
            states = array_module(states).concatenate([before[:, None], states], axis=1)
            rows, places = np.arange(len(lengths)), lengths - self.began
            self.state = Tensor(states[beside(rows, states), beside(places, states)])
            self.lengths = lengths

    def select(self, rows):
        """Keep these rows, in this order; one that is named twice goes on as two."""
        rows = np.asarray(rows, np.int64)
        self.lengths, self.began = self.lengths[rows], self.began[rows]
        rows = beside(rows, self.state.data)
        self.state = Tensor(self.state.data[rows])
        self.passed = self.passed and tuple(part[rows] for part in self.passed)

    def join(self, other):
        """Put the rows of another cache behind these. Of neither can the last pass be cut then."""
        states = [cache.state.data for cache in (self, other)]
        self.state, self.passed = Tensor(array_module(*states).concatenate(states)), None
        self.lengths = self.began = np.concatenate([self.lengths, other.lengths])


def with_room(array, positions):
    """(B, H, S, D) -> (B, H, positions, D). What is new is zero: no weight may meet a NaN there."""
    B, H, S, D = array.shape
    grown = array_module(array).zeros((B, H, positions, D), array.dtype)
    grown[:, :, :S] = array
    return grown


def joined(one, other):
    """(B, H, S, D) and (B', H, S', D) -> (B + B', H, the larger of S and S', D)"""
    room = max(one.shape[2], other.shape[2])
    return array_module(one).concatenate([with_room(one, room), with_room(other, room)])


def checked(lengths, least, most):
    """(B,) of numbers -> (B,). Raises UsageError for less than the least or more than the most."""
    lengths = np.asarray(lengths, np.int64)
    if lengths.shape != most.shape or (lengths < least).any() or (lengths > most).any():
        raise UsageError(
            f"a cache with rows of {most.tolist()} positions cannot be cut to {lengths.tolist()}; "
            f"give each row a length of at least {least.tolist()}, and no more than it has"
        )
    return lengths
