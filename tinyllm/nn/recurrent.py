"""Recurrent layers: one position after the other, with a state that carries what came before."""

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module
from tinyllm.nn import layers
from tinyllm.nn.module import Module, Parameter
from tinyllm.tensor import Tensor


class RNN(Module):
    """(B, T, C), (B, M) -> (B, T, M), (B, T, M): the output at each position; the state is the
    same.

    Elman 1990. Without a state it begins with zeros.
    """

    def __init__(self, width, hidden, *, rng):
        self.input = layers.Linear(width, hidden, rng=rng)
        self.weight = Parameter(rng.normal(scale=hidden**-0.5, size=(hidden, hidden)))

    def __call__(self, x, state=None):
        x = self.input(x)  # (B, T, M)
        if state is None:
            state = zeros(x, len(self.weight))
        if x.shape[1] == 1:
            state = F.rnn_cell(x[:, 0], state, self.weight)
            states = state.reshape(x.shape[0], 1, -1)
        else:
            states = F.rnn(x, state, self.weight)  # (B, T, M)
        return states, states


class LSTM(Module):
    """(B, T, C), (B, 2 M) -> (B, T, M), (B, T, 2 M): the output at each position, and the state.

    Hochreiter & Schmidhuber 1997. Without a state it begins with zeros. The forget gate begins
    nearly open, with a bias of 1, so that from the first step on there is something to remember
    (Gers et al. 2000, Jozefowicz et al. 2015).
    """

    def __init__(self, width, hidden, *, rng):
        self.input = layers.Linear(width, 4 * hidden, rng=rng)
        self.input.bias.data[hidden : 2 * hidden] = 1.0
        self.weight = Parameter(rng.normal(scale=hidden**-0.5, size=(hidden, 4 * hidden)))

    def __call__(self, x, state=None):
        x, M = self.input(x), len(self.weight)  # (B, T, 4 M)
        if state is None:
            state = zeros(x, 2 * M)
        if x.shape[1] == 1:
            state = F.lstm_cell(x[:, 0], state, self.weight)
            states = state.reshape(x.shape[0], 1, 2 * M)
        else:
            states = F.lstm(x, state, self.weight)  # (B, T, 2 M)
        return states[..., :M], states


def zeros(x, width):
    """(B, width) of zeros, where x is."""
    return Tensor(array_module(x.data).zeros((x.shape[0], width), x.dtype))
