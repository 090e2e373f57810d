"""What a model keeps of earlier positions, so that a new token costs one position: the KV cache, or a state."""

from tinyllm.backend import array_module
from tinyllm.tensor import Tensor


class LayerCache:
    """The keys and values that one attention layer has seen. It knows nothing of the model."""

    def __init__(self):
        self.keys = self.values = None  # (B, H, room, D), of which the first `length` positions are filled
        self.length = 0

    def append(self, k, v):
        """Two of (B, H, T, D) -> two of (B, H, S, D): the new ones behind all that came before."""
        start, end = self.length, self.length + k.shape[-2]
        if self.keys is None or end > self.keys.shape[-2]:
            self.keys, self.values = (
                self._grown(old, new.data, end) for old, new in ((self.keys, k), (self.values, v))
            )
        self.keys[:, :, start:end], self.values[:, :, start:end] = k.data, v.data
        self.length = end
        return self.all()

    def all(self):
        """Two of (B, H, S, D): the keys and the values so far."""
        return Tensor(self.keys[:, :, : self.length]), Tensor(self.values[:, :, : self.length])

    def _grown(self, old, new, end):
        """Room for twice `end` positions, so that appending one by one copies each number about once."""
        B, H, _, D = new.shape
        room = array_module(new).empty((B, H, 2 * end, D), dtype=new.dtype)
        if old is not None:
            room[:, :, : self.length] = old[:, :, : self.length]
        return room


class DecoderCache:
    """What a block of an encoder–decoder keeps: its own past, and the keys and values of the text it writes about."""

    def __init__(self):
        self.own, self.memory = LayerCache(), LayerCache()


class StateCache:
    """The state in which one recurrent layer ended. However long the text, it takes the same room."""

    def __init__(self):
        self.state = None  # the layer's own beginning
