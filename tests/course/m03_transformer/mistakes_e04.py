"""Respostas erradas de m03.e04, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.backend.arrays import erf
from tinyllm.course.judge import there_and_back
from tinyllm.course.measure import SLOW, Work
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward, op

rng = np.random.default_rng(0)


# what SwiGLU and the layer give, and their gradients: a learner reads these names
Gated = namedtuple("Gated", "valor gradiente_da_porta gradiente_de_x")
Layer = namedtuple("Layer", "nomes_dos_pesos valor gradiente_de_x gradientes_dos_pesos")


def both_gradients(piece, dy, gate, x):
    """The value of a gated operation and its gradients: the way to call it."""
    gate, x = Tensor(gate, requires_grad=True), Tensor(x, requires_grad=True)
    y = piece(gate, x)
    gradients = backward(y, dy)
    return Gated(y.data, gradients.get(gate), gradients.get(x))


def built(piece, hidden, seed, x, dy, out_std=None):
    """A layer made from a seed and run in the type of x, there and back."""
    layer = piece(x.shape[-1], hidden, rng=np.random.default_rng(seed), out_std=out_std)
    map_parameters(layer, lambda array: array.astype(x.dtype))
    x = Tensor(x, requires_grad=True)
    y = layer(x)
    gradients, named = backward(y, dy), dict(layer.named_parameters())
    return Layer(tuple(named), y.data, gradients.get(x), tuple(gradients.get(weight) for weight in named.values()))


def below(x):
    return 0.5 * (1 + erf(x * 0.5**0.5))


def bell(x):
    return np.exp(-0.5 * x * x) / (2 * np.pi) ** 0.5


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


@op
def relu(x):
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


@op
def silu(x):
    return x * sigmoid(x), lambda dy: dy * sigmoid(x) * (1 + x * (1 - sigmoid(x)))


@op
def approximated(x):
    t = np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x * x * x))
    slope = (1 - t * t) * (2 / np.pi) ** 0.5 * (1 + 3 * 0.044715 * x * x)
    return 0.5 * x * (1 + t), lambda dy: dy * 0.5 * (1 + t + x * slope)


@op
def approximated_by_a_sigmoid(x):
    open_ = sigmoid(1.702 * x)
    return x * open_, lambda dy: dy * (open_ + 1.702 * x * open_ * (1 - open_))


@op
def not_divided_by_the_root_of_two(x):
    wide = 0.5 * (1 + erf(x))
    return x * wide, lambda dy: dy * (wide + x * np.exp(-x * x) / np.pi**0.5)


@op
def not_halved(x):
    return x * 2 * below(x), lambda dy: dy * 2 * (below(x) + x * bell(x))


@op
def probability_alone(x):
    return below(x), lambda dy: dy * bell(x)


@op
def bell_not_divided(x):
    return x * below(x), lambda dy: dy * (below(x) + x * np.exp(-0.5 * x * x))


@op
def bell_without_x(x):
    return x * below(x), lambda dy: dy * (below(x) + bell(x))


@op
def probability_taken_for_constant(x):
    return x * below(x), lambda dy: dy * below(x)


@op
def without_dy(x):
    return x * below(x), lambda dy: below(x) + x * bell(x)


@op
def number_by_number(x):
    y = np.array([number * below(np.array([number]))[0] for number in x.reshape(-1)], x.dtype).reshape(x.shape)
    return y, lambda dy: dy * (below(x) + x * bell(x))


@op
def the_other_one_is_the_gate(gate, x):
    open_ = sigmoid(x)
    return x * open_ * gate, lambda dy: (dy * x * open_, dy * gate * open_ * (1 + x * (1 - open_)))


@op
def only_the_sigmoid(gate, x):
    open_ = sigmoid(gate)
    return open_ * x, lambda dy: (dy * x * open_ * (1 - open_), dy * open_)


@op
def gate_of_gelu(gate, x):
    return gate * below(gate) * x, lambda dy: (dy * x * (below(gate) + gate * bell(gate)), dy * gate * below(gate))


@op
def gradients_exchanged(gate, x):
    open_ = sigmoid(gate)
    return gate * open_ * x, lambda dy: (dy * gate * open_, dy * x * open_ * (1 + gate * (1 - open_)))


@op
def opening_taken_for_constant(gate, x):
    open_ = sigmoid(gate)
    return gate * open_ * x, lambda dy: (dy * x * open_, dy * gate * open_)


@op
def gate_alone(gate, x):
    open_ = sigmoid(gate)
    return gate * open_ * np.ones_like(x), lambda dy: (dy * open_ * (1 + gate * (1 - open_)), None)


@op
def gate_without_dy(gate, x):
    open_ = sigmoid(gate)
    return gate * open_ * x, lambda dy: (x * open_ * (1 + gate * (1 - open_)), gate * open_ * np.ones_like(x))


@op
def gate_not_times_x(gate, x):
    open_ = sigmoid(gate)
    return gate * open_ * x, lambda dy: (dy * open_ * (1 + gate * (1 - open_)), dy * gate * open_)


@op
def x_by_the_sigmoid(gate, x):
    open_ = sigmoid(gate)
    return gate * open_ * x, lambda dy: (dy * x * open_ * (1 + gate * (1 - open_)), dy * open_)


@op
def overflowing(gate, x):
    with np.errstate(all="ignore"):
        e = np.exp(gate)
        open_ = e / (1 + e)
    return gate * open_ * x, lambda dy: (dy * x * open_ * (1 + gate * (1 - open_)), dy * gate * open_)


@op
def bent(x):
    return x * below(x), lambda dy: dy * (below(x) + x * bell(x))


class Straight(Module):
    def __init__(self, width, hidden, *, rng, out_std=None):
        self.up = Linear(width, hidden, rng=rng)
        self.down = Linear(hidden, width, rng=rng, std=out_std)

    def __call__(self, x):
        return self.down(self.up(x))


class BentBefore(Straight):
    def __call__(self, x):
        return self.down(self.up(bent(x)))


class BentTwice(Straight):
    def __call__(self, x):
        return bent(self.down(bent(self.up(x))))


class AddedToItself(Straight):
    def __call__(self, x):
        return x + self.down(bent(self.up(x)))


class AlwaysAsLarge(Straight):
    def __init__(self, width, hidden, *, rng, out_std=None):
        super().__init__(width, hidden, rng=rng)

    def __call__(self, x):
        return self.down(bent(self.up(x)))


class BothAsSmall(Straight):
    def __init__(self, width, hidden, *, rng, out_std=None):
        self.up = Linear(width, hidden, rng=rng, std=out_std)
        self.down = Linear(hidden, width, rng=rng, std=out_std)

    def __call__(self, x):
        return self.down(bent(self.up(x)))


class TheOtherAsSmall(BothAsSmall):
    def __init__(self, width, hidden, *, rng, out_std=None):
        self.up = Linear(width, hidden, rng=rng, std=out_std)
        self.down = Linear(hidden, width, rng=rng)


class BentAtTheEnd(Straight):
    def __call__(self, x):
        return bent(self.down(self.up(x)))


class BentByReLU(Straight):
    def __call__(self, x):
        return self.down(relu(self.up(x)))


class DownFirst(Module):
    def __init__(self, width, hidden, *, rng, out_std=None):
        self.down = Linear(hidden, width, rng=rng, std=out_std)
        self.up = Linear(width, hidden, rng=rng)

    def __call__(self, x):
        return self.down(bent(self.up(x)))


MISTAKES = {
    "gelu": [
        (relu, "isto é a ReLU, que corta em 0; a GELU dobra suavemente"),
        (silu, "isto é a SiLU, x · σ(x); aqui é Φ, a da normal, e não a sigmoide"),
        (approximated, "isto é uma aproximação da GELU; aqui pede-se a exata, com erf"),
        (approximated_by_a_sigmoid, "isto é uma aproximação da GELU; aqui pede-se a exata, com erf"),
        (not_divided_by_the_root_of_two, "faltou dividir x por √2 dentro de erf"),
        (probability_taken_for_constant, "falta a outra metade da regra do produto no gradiente: x · φ(x)"),
        (without_dy, "o gradiente não usa dy; pela regra da cadeia, multiplique por ele"),
        (not_halved, "faltou dividir por 2: Φ(x) é (1 + erf(x / √2)) / 2"),
        (probability_alone, "isto é Φ(x); falta multiplicar por x"),
        (bell_not_divided, "no gradiente, φ(x) ficou sem o divisor √(2π)"),
        (bell_without_x, "no gradiente, φ(x) ficou sem o fator x: é Φ(x) + x · φ(x)"),
    ],
    "swiglu": [
        (the_other_one_is_the_gate, "a porta e x estão trocados: a SiLU é da porta, que vem primeiro"),
        (only_the_sigmoid, "isto é σ(gate) · x; falta o próprio gate: silu(g) é g · σ(g)"),
        (gate_of_gelu, "a porta passou pela GELU; aqui é a SiLU, g · σ(g)"),
        (gradients_exchanged, "os gradientes estão trocados: primeiro o da porta, depois o de x"),
        (opening_taken_for_constant, "o gradiente da porta tratou σ(gate) como constante; ela também muda com gate"),
        (overflowing, "exp transbordou; escreva σ(g) como (1 + tanh(g / 2)) / 2"),
        (gate_alone, "isto é silu(gate); falta multiplicar por x"),
        (gate_without_dy, "os gradientes não usam dy; pela regra da cadeia, multiplique por ele"),
        (gate_not_times_x, "no gradiente da porta faltou o fator x: dy · x · silu'(gate)"),
        (x_by_the_sigmoid, "o gradiente de x é dy · silu(gate); aqui ficou dy · σ(gate)"),
    ],
    "FeedForward": [
        (Straight, "falta a ativação: duas camadas lineares seguidas valem por uma só"),
        (BentBefore, "a GELU vem depois de subir, e não antes"),
        (BentTwice, "há uma GELU a mais: o que desce sai como está"),
        (AddedToItself, "somou x ao resultado; quem faz essa soma é o bloco"),
        (AlwaysAsLarge, "out_std ficou de fora; é o std da camada que desce"),
        (DownFirst, "criou a camada que desce antes da que sobe; com a mesma semente, os pesos saem outros"),
        (BothAsSmall, "out_std foi para a camada que sobe; é o std só da que desce"),
        (TheOtherAsSmall, "out_std foi para a camada que sobe; é o std só da que desce"),
        (BentAtTheEnd, "a GELU ficou no fim; ela vem entre subir e descer"),
        (BentByReLU, "a ativação é a ReLU; aqui é a GELU"),
    ],
}

COSTLY = {"gelu": [(number_by_number, SLOW)]}

HINTS = [
    "gelu: guarde Φ numa variável, que o valor e o gradiente a usam: 0.5 * (1 + erf(x / 2**0.5)). O dx é dy vezes a "
    "derivada de x · Φ(x), pela regra do produto.",
    "swiglu: com s = 0.5 * (1 + np.tanh(0.5 * gate)), o valor é gate * s * x. `backward` devolve um par: o da porta, "
    "dy * x * s * (1 + gate * (1 - s)), e o de x, dy * gate * s.",
    "FeedForward: em __init__, self.up = Linear(width, hidden, rng=rng) e self.down = Linear(hidden, width, rng=rng, "
    "std=out_std). __call__ é uma linha, de dentro para fora: up, gelu, down.",
]


def numbers(size):
    return rng.normal(size=(size, 256)), rng.normal(size=(size, 256))


def three(size):
    return *numbers(size), rng.normal(size=(size, 256))


def vectors(size):
    return 512, 0, rng.normal(size=(size, 16)), rng.normal(size=(size, 16))


WORK = {
    "gelu": Work(numbers, small=4, large=32, through=there_and_back),
    "swiglu": Work(three, small=100, large=800, through=both_gradients),
    "FeedForward": Work(vectors, small=100, large=800, through=built),
}
