"""Respostas erradas de m03.e03, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.tensor import Tensor, backward, op

rng = np.random.default_rng(0)


# what each norm gives, and its gradients: a learner reads these names
LayerNormed = namedtuple("LayerNormed", "valor gradiente_de_x gradiente_de_weight gradiente_de_bias")
RMSNormed = namedtuple("RMSNormed", "valor gradiente_de_x gradiente_de_weight")


def every_gradient(piece, dy, *inputs, **options):
    """The value and the gradient by every input: the way to call either of the two."""
    inputs = [Tensor(array, requires_grad=True) for array in inputs]
    y = piece(*inputs, **options)
    gradients = backward(y, dy)
    names = LayerNormed if len(inputs) == 3 else RMSNormed
    return names(y.data, *(gradients.get(one) for one in inputs))


def mean(x, axis=-1):
    return x.mean(axis=axis, keepdims=True)


def back_to_x(dn, normed, scale):
    return scale * (dn - mean(dn) - normed * mean(dn * normed))


def normal(x, weight, bias, *, eps, axis=-1, ddof=0, way=back_to_x):
    """A layer norm of which one thing at a time can be wrong."""
    scale = 1 / np.sqrt(x.var(axis=axis, keepdims=True, ddof=ddof) + eps)
    normed = (x - mean(x, axis)) * scale
    return normed * weight + bias, lambda dy: (way(dy * weight, normed, scale), dy * normed, dy)


@op
def along_the_positions(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, axis=0)


@op
def everything_together(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, axis=None)


@op
def divided_by_one_less(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, ddof=1 if x.shape[-1] > 1 else 0)


@op
def eps_outside(x, weight, bias, *, eps=1e-5):
    scale = 1 / (x.std(axis=-1, keepdims=True) + eps)
    normed = (x - mean(x)) * scale
    return normed * weight + bias, lambda dy: (back_to_x(dy * weight, normed, scale), dy * normed, dy)


@op
def only_scaled_back(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, way=lambda dn, normed, scale: scale * dn)


@op
def variance_taken_for_constant(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, way=lambda dn, normed, scale: scale * (dn - mean(dn)))


def scaled(x, weight, *, eps, axis=-1, way=lambda dn, normed, scale: scale * (dn - normed * mean(dn * normed))):
    """An RMS norm of which one thing at a time can be wrong."""
    scale = 1 / np.sqrt(mean(x * x, axis) + eps)
    normed = x * scale
    return normed * weight, lambda dy: (way(dy * weight, normed, scale), dy * normed)


@op
def centred(x, weight, *, eps=1e-6):
    scale = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    normed = (x - mean(x)) * scale
    return normed * weight, lambda dy: (back_to_x(dy * weight, normed, scale), dy * normed)


@op
def by_the_sum(x, weight, *, eps=1e-6):
    scale = 1 / np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)
    normed = x * scale
    return normed * weight, lambda dy: (
        scale * (dy * weight - normed * (dy * weight * normed).sum(axis=-1, keepdims=True)),
        dy * normed,
    )


@op
def rms_along_the_positions(x, weight, *, eps=1e-6):
    return scaled(x, weight, eps=eps, axis=0)


@op
def scale_taken_for_constant(x, weight, *, eps=1e-6):
    return scaled(x, weight, eps=eps, way=lambda dn, normed, scale: scale * dn)


@op
def weight_forgotten_on_the_way_back(x, weight, *, eps=1e-6):
    y, back = scaled(x, np.ones_like(weight), eps=eps)
    return y * weight, back


MISTAKES = {
    "layer_norm": [
        (
            along_the_positions,
            "normalizou ao longo do primeiro eixo; a média de cada vetor é dos seus C canais (axis=-1)",
        ),
        (everything_together, "uma só média para o array inteiro; cada vetor tem a sua (axis=-1, keepdims=True)"),
        (divided_by_one_less, "a variância divide por C, e não por C - 1 (ddof=0, o padrão do NumPy)"),
        (eps_outside, "eps vai dentro da raiz, somado à variância"),
        (only_scaled_back, "o gradiente tratou média e variância como constantes; elas dependem de todos os canais"),
        (variance_taken_for_constant, "falta a parte da variância no gradiente: - n · média(dn · n)"),
    ],
    "rms_norm": [
        (centred, "tirou a média, como a layer norm; aqui só se divide"),
        (by_the_sum, "dividiu pela raiz da SOMA dos quadrados; é a da média"),
        (rms_along_the_positions, "a média dos quadrados é de cada vetor, nos C canais (axis=-1)"),
        (scale_taken_for_constant, "o gradiente tratou a escala como constante; falta - n · média(dn · n)"),
        (weight_forgotten_on_the_way_back, "o gradiente de x não passou por weight: dn é dy · weight"),
    ],
}

HINTS = [
    "Tudo é sobre o último eixo, com keepdims=True, para que a média (..., 1) combine com x (..., C). Guarde a escala, "
    "1 / np.sqrt(… + eps), e o vetor normalizado: `backward` precisa dos dois.",
    "Em backward, escreva dn = dy * weight e depois a fórmula, tal como está: cada média dela é .mean(axis=-1, "
    "keepdims=True). O vetor n da fórmula é o normalizado, sem weight nem bias.",
    "layer_norm: dx = escala * (dn - média(dn) - n * média(dn * n)); devolva dx, dy * n, dy. rms_norm: a mesma coisa "
    "sem média(dn); devolva dx, dy * n.",
]


def vectors_and_weights(size):
    return rng.normal(size=(size, 64)), rng.normal(size=(size, 64)), rng.normal(size=64), rng.normal(size=64)


def vectors_and_weight(size):
    return vectors_and_weights(size)[:3]


WORK = {
    "layer_norm": Work(vectors_and_weights, small=200, large=1600, through=every_gradient, limit=None),
    "rms_norm": Work(vectors_and_weight, small=200, large=1600, through=every_gradient, limit=None),
}
