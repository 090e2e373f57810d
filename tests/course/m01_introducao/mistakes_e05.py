"""Respostas erradas de m01.e05, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import LARGE, Work
from tinyllm.tensor import Tensor, backward, concatenate, tanh

rng = np.random.default_rng(0)


def every_gradient(cell, x, state, weight, dy):
    """The next state, and the gradients by x, state and weight: the way to call a cell."""
    inputs = [Tensor(array, requires_grad=True) for array in (x, state, weight)]
    y = cell(*inputs)
    gradients = backward(y, dy)
    return (y.data, *(gradients.get(one) for one in inputs))


def squashed(x):
    return 0.5 * tanh(0.5 * x) + 0.5


def without_tanh(x, state, weight):
    return x + state @ weight


def sigmoid_for_tanh(x, state, weight):
    return squashed(x + state @ weight)


def tanh_of_the_state_alone(x, state, weight):
    return x + tanh(state @ weight)


def weight_on_x(x, state, weight):
    return tanh(x @ weight + state)


def weight_turned(x, state, weight):
    return tanh(x + state @ weight.transpose(1, 0))


def lstm_of(x, state, weight, *, order="ifgo", novelty=tanh, shown=tanh, result="hc"):
    """An LSTM cell whose parts can be wrong one at a time."""
    M = weight.shape[0]
    h, c = state[:, :M], state[:, M:]
    sums = x + h @ weight
    part = {name: sums[:, n * M : (n + 1) * M] for n, name in enumerate(order)}
    c = squashed(part["f"]) * c + squashed(part["i"]) * novelty(part["g"])
    both = {"h": squashed(part["o"]) * shown(c), "c": c}
    return concatenate(*(both[name] for name in result), axis=1)


def output_before_novelty(x, state, weight):
    return lstm_of(x, state, weight, order="ifog")


def enter_and_keep_exchanged(x, state, weight):
    return lstm_of(x, state, weight, order="figo")


def novelty_as_a_gate(x, state, weight):
    return lstm_of(x, state, weight, novelty=squashed)


def memory_shown_as_it_is(x, state, weight):
    return lstm_of(x, state, weight, shown=lambda c: c)


def memory_first(x, state, weight):
    return lstm_of(x, state, weight, result="ch")


def state_read_backwards(x, state, weight):
    M = weight.shape[0]
    return lstm_of(x, concatenate(state[:, M:], state[:, :M], axis=1), weight)


def row_by_row(x, state, weight):
    rows = [lstm_of(x[b : b + 1], state[b : b + 1], weight) for b in range(x.shape[0])]
    return concatenate(*rows, axis=0)


MISTAKES = {
    "rnn_cell": [
        (without_tanh, "falta a tanh: sem ela o estado pode crescer sem limite"),
        (sigmoid_for_tanh, "usou a sigmoide; o estado do RNN passa pela tanh, entre -1 e 1"),
        (tanh_of_the_state_alone, "a tanh é da soma inteira, do x também"),
        (weight_on_x, "o peso multiplicou x; x já vem projetado, e é o ESTADO que passa pelo peso"),
        (weight_turned, "o peso está transposto: é state @ weight"),
    ],
    "lstm_cell": [
        (output_before_novelty, "trocou a novidade com a porta de mostrar; a ordem é i, f, g, o"),
        (enter_and_keep_exchanged, "trocou as portas de entrar e de guardar; a ordem é i, f, g, o"),
        (novelty_as_a_gate, "a novidade passou pela sigmoide; ela não é uma porta, e vai de -1 a 1 (tanh)"),
        (memory_shown_as_it_is, "mostrou a memória como está; h' = σ(o) · tanh(c')"),
        (memory_first, "devolveu [c', h']; h' vem primeiro"),
        (state_read_backwards, "leu o estado trocado: as primeiras M colunas são h, as outras são c"),
    ],
}

COSTLY = {"lstm_cell": [(row_by_row, LARGE)]}

HINTS = [
    "rnn_cell é uma linha: o produto do estado com o peso, somado a x, e a tanh de tudo.",
    "lstm_cell: com M = weight.shape[0], state[:, :M] é h e state[:, M:] é c. Faça uma vez sums = x + h @ weight, e "
    "tire dela as quatro partes: sums[:, :M], sums[:, M : 2 * M], sums[:, 2 * M : 3 * M] e sums[:, 3 * M :].",
    "As portas i, f e o passam por sigmoid; g passa por tanh. Depois c = sigmoid(f) * c + sigmoid(i) * tanh(g), e o "
    "resultado é concatenate(sigmoid(o) * tanh(c), c, axis=1).",
]


def step(gates, parts):
    """What makes the inputs of a cell of 8 channels, for so many texts."""

    def make(size):
        shapes = (size, gates * 8), (size, parts * 8), (8, gates * 8), (size, parts * 8)
        return tuple(rng.normal(size=shape) for shape in shapes)

    return make


WORK = {
    "rnn_cell": Work(step(1, 1), small=100, large=800, through=every_gradient),
    "lstm_cell": Work(step(4, 2), small=100, large=800, through=every_gradient),
}
