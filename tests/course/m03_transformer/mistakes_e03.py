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


def normal(x, weight, bias, *, eps, axis=-1, ddof=0, root=np.sqrt, centre=mean, way=back_to_x):
    """A layer norm of which one thing at a time can be wrong."""
    scale = 1 / root(x.var(axis=axis, keepdims=True, ddof=ddof) + eps)
    normed = (x - centre(x, axis)) * scale
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
def eps_forgotten(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=0)


@op
def divided_by_the_variance(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, root=lambda variance: variance)


@op
def not_centred(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, centre=lambda x, axis: 0)


@op
def bias_forgotten(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, np.zeros_like(bias), eps=eps)


@op
def without_the_weight_back(x, weight, bias, *, eps=1e-5):
    y, back = normal(x, np.ones_like(weight), np.zeros_like(bias), eps=eps)
    return y * weight + bias, back


@op
def not_divided_back(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, way=lambda dn, normed, scale: back_to_x(dn, normed, 1))


@op
def mean_taken_for_constant(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, way=lambda dn, normed, scale: scale * (dn - normed * mean(dn * normed)))


def back_to_x_summed(dn, normed, scale):
    return scale * (dn - mean(dn) - normed * (dn * normed).sum(axis=-1, keepdims=True))


@op
def sum_in_the_gradient(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, way=back_to_x_summed)


@op
def only_scaled_back(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, way=lambda dn, normed, scale: scale * dn)


@op
def variance_taken_for_constant(x, weight, bias, *, eps=1e-5):
    return normal(x, weight, bias, eps=eps, way=lambda dn, normed, scale: scale * (dn - mean(dn)))


def scaled(
    x, weight, *, eps, axis=-1, root=np.sqrt, way=lambda dn, normed, scale: scale * (dn - normed * mean(dn * normed))
):
    """An RMS norm of which one thing at a time can be wrong."""
    scale = 1 / root(mean(x * x, axis) + eps)
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
def rms_eps_forgotten(x, weight, *, eps=1e-6):
    return scaled(x, weight, eps=0)


@op
def rms_eps_outside(x, weight, *, eps=1e-6):
    return scaled(x, weight, eps=0, root=lambda square: np.sqrt(square) + eps)


@op
def divided_by_the_mean_square(x, weight, *, eps=1e-6):
    return scaled(x, weight, eps=eps, root=lambda square: square)


@op
def rms_not_divided_back(x, weight, *, eps=1e-6):
    return scaled(x, weight, eps=eps, way=lambda dn, normed, scale: dn - normed * mean(dn * normed))


@op
def rms_centred_back(x, weight, *, eps=1e-6):
    return scaled(x, weight, eps=eps, way=back_to_x)


@op
def rms_sum_in_the_gradient(x, weight, *, eps=1e-6):
    return scaled(
        x, weight, eps=eps, way=lambda dn, normed, scale: back_to_x_summed(dn, normed, scale) + scale * mean(dn)
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
        (eps_forgotten, "eps ficou de fora; um vetor de números iguais tem variância 0"),
        (divided_by_the_variance, "dividiu pela variância; é pela raiz dela"),
        (not_centred, "não tirou a média de x"),
        (bias_forgotten, "bias ficou de fora; y é n · weight + bias"),
        (without_the_weight_back, "o gradiente de x não passou por weight: dn é dy · weight"),
        (not_divided_back, "faltou dividir o gradiente de x pela escala, √(variância + eps)"),
        (mean_taken_for_constant, "falta a parte da média no gradiente: - média(dn)"),
        (sum_in_the_gradient, "no gradiente, somou dn · n; é a média"),
    ],
    "rms_norm": [
        (centred, "tirou a média, como a layer norm; aqui só se divide"),
        (by_the_sum, "dividiu pela raiz da SOMA dos quadrados; é a da média"),
        (rms_along_the_positions, "a média dos quadrados é de cada vetor, nos C canais (axis=-1)"),
        (scale_taken_for_constant, "o gradiente tratou a escala como constante; falta - n · média(dn · n)"),
        (weight_forgotten_on_the_way_back, "o gradiente de x não passou por weight: dn é dy · weight"),
        (rms_eps_forgotten, "eps ficou de fora; o vetor zero dividiria por 0"),
        (rms_eps_outside, "eps vai dentro da raiz, somado à média dos quadrados"),
        (divided_by_the_mean_square, "dividiu pela média dos quadrados; é pela raiz dela"),
        (rms_not_divided_back, "faltou dividir o gradiente de x pela escala, √(média(x²) + eps)"),
        (rms_centred_back, "o gradiente tirou a média de dn, como o da layer norm; aqui nenhuma média sai de x"),
        (rms_sum_in_the_gradient, "no gradiente, somou dn · n; é a média"),
    ],
}

HINTS = [
    "layer_norm e rms_norm: tudo é sobre o último eixo, com keepdims=True, para que a média (..., 1) combine com x "
    "(..., C). Guarde a escala, "
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
    "layer_norm": Work(vectors_and_weights, small=50, large=400, through=every_gradient, limit=None),
    "rms_norm": Work(vectors_and_weight, small=50, large=400, through=every_gradient, limit=None),
}
