"""Respostas erradas de m01.e05, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import itertools

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


def tanh_of_x_alone(x, state, weight):
    return tanh(x) + state @ weight


def tanh_of_each(x, state, weight):
    return tanh(x) + tanh(state @ weight)


def without_the_weight(x, state, weight):
    return tanh(x + state)


def without_the_state(x, state, weight):
    return tanh(x)


def without_x(x, state, weight):
    return tanh(state @ weight)


def weight_on_x(x, state, weight):
    return tanh(x @ weight + state)


def weight_turned(x, state, weight):
    return tanh(x + state @ weight.transpose(1, 0))


def as_it_is(x):
    return x


def always_open(x):
    return 0.0 * x + 1.0


def lstm_of(x, state, weight, *, order="ifgo", read="hc", result="hc", old=False, axis=1, shown=tanh, **bent):
    """An LSTM cell whose parts can be wrong one at a time; `bent` says what bends i, f, g and o."""
    M = weight.shape[0]
    before = {name: state[:, n * M : (n + 1) * M] for n, name in enumerate(read)}
    sums = x + before["h"] @ weight
    bent = {"i": squashed, "f": squashed, "g": tanh, "o": squashed, **bent}
    part = {name: bent[name](sums[:, n * M : (n + 1) * M]) for n, name in enumerate(order)}
    following = part["f"] * before["c"] + part["i"] * part["g"]
    both = {"h": part["o"] * shown(before["c"] if old else following), "c": following}
    return concatenate(*(both[name] for name in result), axis=axis)


def in_order(order):
    """The cell that takes its four parts in another order. Its name is the expression that makes it."""

    def cell(x, state, weight):
        return lstm_of(x, state, weight, order=order)

    cell.__name__ = f"in_order({order!r})"
    return cell


def novelty_as_a_gate(x, state, weight):
    return lstm_of(x, state, weight, g=squashed)


def novelty_as_it_comes(x, state, weight):
    return lstm_of(x, state, weight, g=as_it_is)


def tanh_of_leave(x, state, weight):
    return lstm_of(x, state, weight, o=tanh)


def tanh_of_enter(x, state, weight):
    return lstm_of(x, state, weight, i=tanh)


def tanh_of_keep(x, state, weight):
    return lstm_of(x, state, weight, f=tanh)


def tanh_of_every_gate(x, state, weight):
    return lstm_of(x, state, weight, i=tanh, f=tanh, o=tanh)


def gates_as_they_come(x, state, weight):
    return lstm_of(x, state, weight, i=as_it_is, f=as_it_is, o=as_it_is)


def without_enter(x, state, weight):
    return lstm_of(x, state, weight, i=always_open)


def without_keep(x, state, weight):
    return lstm_of(x, state, weight, f=always_open)


def without_leave(x, state, weight):
    return lstm_of(x, state, weight, o=always_open)


def tanh_of_what_leaves(x, state, weight):
    M = weight.shape[0]
    i, f, g, o = ((x + state[:, :M] @ weight)[:, n * M : (n + 1) * M] for n in range(4))
    c = squashed(f) * state[:, M:] + squashed(i) * tanh(g)
    return concatenate(tanh(squashed(o) * c), c, axis=1)


def keep_for_both(x, state, weight):
    M = weight.shape[0]
    _, f, g, o = ((x + state[:, :M] @ weight)[:, n * M : (n + 1) * M] for n in range(4))
    c = squashed(f) * state[:, M:] + (1.0 - squashed(f)) * tanh(g)
    return concatenate(squashed(o) * tanh(c), c, axis=1)


def memory_read_first(x, state, weight):
    return lstm_of(x, state, weight, read="ch")


def memory_first_in_and_out(x, state, weight):
    return lstm_of(x, state, weight, read="ch", result="ch")


def shown_alone(x, state, weight):
    return lstm_of(x, state, weight, result="h")


def one_below_the_other(x, state, weight):
    return lstm_of(x, state, weight, axis=0)


def memory_shown_as_it_is(x, state, weight):
    return lstm_of(x, state, weight, shown=lambda c: c)


def memory_first(x, state, weight):
    return lstm_of(x, state, weight, result="ch")


def old_memory_shown(x, state, weight):
    return lstm_of(x, state, weight, old=True)


def row_by_row(x, state, weight):
    rows = [lstm_of(x[b : b + 1], state[b : b + 1], weight) for b in range(x.shape[0])]
    return concatenate(*rows, axis=0)


ANOTHER_ORDER = "leu as portas em outra ordem; nas 4 M colunas elas vêm na ordem i, f, g, o"
ONE_IS_TANH = "uma porta passou pela tanh; i, f e o passam pela sigmoide, e só a novidade, g, pela tanh"

MISTAKES = {
    "rnn_cell": [
        (without_tanh, "falta a tanh: sem ela o estado pode crescer sem limite"),
        (sigmoid_for_tanh, "usou a sigmoide; o estado do RNN passa pela tanh, entre -1 e 1"),
        (tanh_of_the_state_alone, "a tanh é da soma inteira, x + state @ weight, e não de uma parte dela"),
        (weight_on_x, "o peso multiplicou x; x já vem projetado, e é o ESTADO que passa pelo peso"),
        (weight_turned, "o peso está transposto: é state @ weight"),
        (tanh_of_x_alone, "a tanh é da soma inteira, x + state @ weight, e não de uma parte dela"),
        (tanh_of_each, "a tanh é da soma inteira, x + state @ weight, e não de uma parte dela"),
        (without_the_weight, "o estado entrou na soma sem passar pelo peso: é state @ weight"),
        (without_the_state, "o estado anterior ficou de fora: assim a célula não lembra de nada"),
        (without_x, "x ficou de fora: assim a célula não lê nada"),
    ],
    "lstm_cell": [
        *(
            (in_order(order), ANOTHER_ORDER)
            for order in map("".join, itertools.permutations("ifgo"))
            if order != "ifgo"
        ),
        (novelty_as_a_gate, "a novidade passou pela sigmoide; ela não é uma porta, e vai de -1 a 1 (tanh)"),
        (memory_shown_as_it_is, "mostrou a memória como está; h' = σ(o) · tanh(c')"),
        (memory_first, "devolveu [c', h']; h' vem primeiro"),
        (old_memory_shown, "mostrou a memória antiga, c; h' vem da nova: σ(o) · tanh(c')"),
        (novelty_as_it_comes, "a novidade, g, entrou como veio; ela passa pela tanh"),
        (tanh_of_leave, ONE_IS_TANH),
        (tanh_of_enter, ONE_IS_TANH),
        (tanh_of_keep, ONE_IS_TANH),
        (tanh_of_every_gate, "as portas passaram pela tanh; i, f e o passam pela sigmoide, entre 0 e 1"),
        (gates_as_they_come, "as portas entraram como vieram; i, f e o passam pela sigmoide, entre 0 e 1"),
        (without_enter, "a porta i ficou de fora: c' = σ(f) · c + σ(i) · tanh(g)"),
        (without_keep, "a porta f ficou de fora: c' = σ(f) · c + σ(i) · tanh(g)"),
        (without_leave, "a porta o ficou de fora: h' = σ(o) · tanh(c')"),
        (memory_read_first, "leu o estado ao contrário: as primeiras M colunas são h, e as outras, c"),
        (memory_first_in_and_out, "leu o estado ao contrário: as primeiras M colunas são h, e as outras, c"),
        (shown_alone, "devolveu só h'; o resultado é [h', c'], lado a lado"),
        (one_below_the_other, "pôs h' e c' um debaixo do outro; eles vão lado a lado (axis=1)"),
        (tanh_of_what_leaves, "a tanh é só de c'; a porta o multiplica depois dela"),
        (keep_for_both, "usou 1 - σ(f) no lugar de σ(i), como numa GRU; aqui cada porta é uma"),
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
