"""m01.e05: the cell of an RNN and that of an LSTM, with the gradient by everything they read."""

import numpy as np
import pytest

from tinyllm.course.judge import shapes
from tinyllm.tensor import Tensor

rng = np.random.default_rng(0)
PARTS = {"rnn_cell": (1, 1), "lstm_cell": (4, 2)}  # how many times M: the columns of x, those of the state
each_cell = pytest.mark.parametrize("name", PARTS)

# computed once with PyTorch 2.13: torch.nn.RNNCell and torch.nn.LSTMCell, whose input projection is the identity
WEIGHT = np.array([[0.3, -0.7, 0.1, 0.9, -0.4, 0.6, -1.1, 0.2], [0.8, 0.05, -0.5, -0.2, 1.2, -0.9, 0.35, -0.65]])
STORED = {
    "rnn_cell": (
        [[0.5, -1.0]], [[0.2, -0.6]], WEIGHT[:, :2], [[1.0, -2.0]],
        [[0.0798297691, -0.8242721703]],
        [[0.9936272080, -0.6411507784]],
        [[0.7468937073, 0.7628442275]],
        [[0.1987254416, -0.1282301557], [-0.5961763248, 0.3846904670]],
    ),
    "lstm_cell": (
        [[0.5, -1.0, 2.0, 0.25, -0.75, 1.5, -0.3, 1.0]], [[0.2, -0.6, 1.5, -2.0]], WEIGHT, [[1.0, -2.0, 0.5, 3.0]],
        [[0.2314412232, -0.6269235531, 0.8906211969, -1.0376337919]],
        [[-0.1506426264, 0.4154493055, 0.0807170502, -1.0952506972, 0.0566664962, 0.0289664733, 0.1561777577,
          0.2421162265]],
        [[-1.4423202269, 0.0181666160, 0.6013783095, 1.4967986368]],
    ),
}  # fmt: skip


def inputs(name, rows, channels, dtype=np.float64):
    """x, state, weight and dy of a cell."""
    gates, parts = PARTS[name]
    M = channels
    sizes = (rows, gates * M), (rows, parts * M), (M, gates * M), (rows, parts * M)
    return [rng.normal(size=size).astype(dtype) for size in sizes]


def same(judge, name, *arguments, case):
    return judge.same(name, *arguments, through=judge.support.every_gradient, case=case)


@each_cell
@pytest.mark.parametrize(("rows", "channels"), [(2, 3), (5, 4), (4, 7), (3, 1)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_step_and_its_gradients(judge, name, rows, channels, dtype):
    x, state, weight, dy = inputs(name, rows, channels, dtype)
    case = f"x {shapes(x)}, state {state.shape}, weight {weight.shape}"
    same(judge, name, x, state, weight, dy, case=case)


def test_examples_by_hand(judge):
    y, *_ = same(judge, "rnn_cell", *(np.array([[a]]) for a in (1.0, 2.0, 0.5, 1.0)), case="o exemplo, M = 1")
    judge.that(np.allclose(y, 0.96402758), "rnn_cell", "o exemplo, M = 1", "deveria dar tanh(2) = 0,964")
    zeros, state = np.zeros((1, 4)), np.array([[0.0, 2.0]])
    y, *_ = same(judge, "lstm_cell", zeros, state, zeros, np.ones((1, 2)), case="o exemplo, M = 1")
    judge.that(np.allclose(y, [[0.38079708, 1.0]]), "lstm_cell", "o exemplo, M = 1", "deveria dar [0,381, 1]")


@each_cell
def test_values_computed_elsewhere(judge, name):
    x, state, weight, dy, *stored = map(np.array, STORED[name])
    found = same(judge, name, x, state, weight, dy, case="valores guardados, M = 2")
    agree = all(np.allclose(f, s) for f, s in zip(found, stored, strict=False))
    judge.that(agree, name, "valores guardados, M = 2", "difere do PyTorch")


@each_cell
def test_the_gradients_are_the_slope(judge, name):
    *arguments, dy = inputs(name, 2, 3)
    _, *gradients = same(judge, name, *arguments, dy, case="duas linhas, M = 3")
    cell, eps = getattr(judge.answer, name), 1e-6
    for which, what in enumerate(("x", "state", "weight")):
        direction = rng.normal(size=arguments[which].shape)
        ends = []
        for sign in (+1, -1):
            moved = list(arguments)
            moved[which] = moved[which] + sign * eps * direction
            ends.append((cell(*map(Tensor, moved)).data * dy).sum())
        slope, found = (ends[0] - ends[1]) / (2 * eps), (gradients[which] * direction).sum()
        judge.that(abs(slope - found) < 1e-6 * max(1, abs(slope)), name, f"o gradiente de {what}, diferenças centrais",
                   f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


@each_cell
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_numbers(judge, name, dtype):
    x, state, weight, dy = inputs(name, 4, 3, dtype)
    x = np.resize(np.array([1e4, -1e4, 0.5, -1e4, 1e4], dtype), x.shape)
    same(judge, name, x, state, weight, dy, case="x de até ±10000")


@each_cell
def test_arrays_that_are_not_contiguous(judge, name):
    x, state, weight, dy = inputs(name, 5, 3)
    turned = (x[::-1], np.asfortranarray(state), np.repeat(weight, 2, axis=1)[:, ::2], dy)
    same(judge, name, *turned, case="arrays que não são contíguos")


def test_a_memory_behind_closed_gates_stays_whole(judge):
    M = 3
    _, state, weight, dy = inputs("lstm_cell", 5, M)
    x = np.repeat(np.array([[-1e4, 1e4, 0.7, -1e4]]), M, axis=1).repeat(5, axis=0)  # nothing enters, all is kept
    y, _, dstate, _ = same(judge, "lstm_cell", x, state, weight, dy, case="nada entra, tudo se guarda, nada se mostra")
    judge.that(np.array_equal(y[:, M:], state[:, M:]), "lstm_cell", "nada entra, tudo se guarda",
               "a memória deveria sair como entrou")  # fmt: skip
    judge.that(np.array_equal(dstate[:, M:], dy[:, M:]), "lstm_cell", "nada entra, tudo se guarda",
               "o gradiente da memória deveria passar inteiro")  # fmt: skip


@each_cell
def test_time_and_memory(judge, name):
    judge.fast(name)
