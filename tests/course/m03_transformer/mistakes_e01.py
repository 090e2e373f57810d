"""Respostas erradas de m03.e01, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.judge import ThereAndBack
from tinyllm.course.measure import LARGE, Work
from tinyllm.tensor import Tensor, backward, op

rng = np.random.default_rng(0)


def looked_up(piece, ids, weight, dy):
    """The rows and the gradient by the table: the way to call an embedding."""
    weight = Tensor(weight, requires_grad=True)
    y = piece(ids, weight)
    return ThereAndBack(y.data, backward(y, dy).get(weight))


@op
def the_last_one_stays(ids, weight):
    def back(dy):
        dweight = np.zeros_like(weight)
        dweight[ids] += dy
        return None, dweight

    return weight[ids], back


@op
def averaged(ids, weight):
    def back(dy):
        dweight, counts = np.zeros_like(weight), np.zeros(len(weight), int)
        np.add.at(dweight, ids, dy)
        np.add.at(counts, ids, 1)
        return None, dweight / np.maximum(counts, 1)[:, None].astype(dweight.dtype)

    return weight[ids], back


@op
def gradients_exchanged(ids, weight):
    def back(dy):
        dweight = np.zeros_like(weight)
        np.add.at(dweight, ids, dy)
        return dweight, None

    return weight[ids], back


@op
def without_dy(ids, weight):
    def back(dy):
        dweight = np.zeros_like(weight)
        np.add.at(dweight, ids, 1)
        return None, dweight

    return weight[ids], back


@op
def one_row_below(ids, weight):
    def back(dy):
        dweight = np.zeros_like(weight)
        np.add.at(dweight, ids - 1, dy)
        return None, dweight

    return weight[ids - 1], back


@op
def gradient_as_it_comes(ids, weight):
    return weight[ids], lambda dy: (None, dy)


@op
def scaled(ids, weight):
    size = weight.dtype.type(weight.shape[1] ** 0.5)

    def back(dy):
        dweight = np.zeros_like(weight)
        np.add.at(dweight, ids, size * dy)
        return None, dweight

    return size * weight[ids], back


@op
def by_a_product(ids, weight):
    chosen = np.eye(len(weight), dtype=weight.dtype)[ids]

    def back(dy):
        return None, chosen.reshape(-1, len(weight)).T @ dy.reshape(-1, weight.shape[1])

    return chosen @ weight, back


def waves(positions, channels, base=10000.0, *, exponent=None, begin=0.0, sine=np.sin, cosine=np.cos):
    """Positions as waves, of which one thing at a time can be wrong."""
    exponent = -np.arange(0, channels, 2) / channels if exponent is None else exponent
    angles = (np.asarray(positions, np.float64)[:, None] + begin) * base**exponent
    y = np.stack([sine(angles), cosine(angles)], axis=-1)
    return y.reshape(len(angles), channels).astype(np.float32)


def side_by_side(positions, channels, *, base=10000.0):
    y = waves(positions, channels, base)
    return np.concatenate([y[:, 0::2], y[:, 1::2]], axis=1)


def cosine_first(positions, channels, *, base=10000.0):
    return waves(positions, channels, base, sine=np.cos, cosine=np.sin)


def half_of_the_exponent(positions, channels, *, base=10000.0):
    return waves(positions, channels, base, exponent=-np.arange(channels // 2) / channels)


def ever_faster(positions, channels, *, base=10000.0):
    return waves(positions, channels, base, exponent=np.arange(0, channels, 2) / channels)


def one_channel_pair_fewer(positions, channels, *, base=10000.0):
    return waves(positions, channels, base, exponent=-np.arange(channels // 2) / max(1, channels // 2 - 1))


def sines_alone(positions, channels, *, base=10000.0):
    return waves(positions, channels, base, cosine=np.sin)


def one_for_each_channel(positions, channels, *, base=10000.0):
    channel = np.arange(channels)
    angles = np.asarray(positions, np.float64)[:, None] / base ** (channel / channels)
    return np.where(channel % 2, np.cos(angles), np.sin(angles)).astype(np.float32)


def turns_for_angles(positions, channels, *, base=10000.0):
    return waves(np.asarray(positions) * 2 * np.pi, channels, base)


def counted_from_one(positions, channels, *, base=10000.0):
    return waves(positions, channels, base, begin=1.0)


def all_from_zero(positions, channels, *, base=10000.0):
    return waves(np.arange(len(positions)), channels, base)


MISTAKES = {
    "embedding": [
        (
            the_last_one_stays,
            "de um id que se repete ficou só o último dy; o gradiente da linha é a SOMA de todos",
        ),
        (averaged, "tirou a média dos dy de um id que se repete; é a soma"),
        (gradients_exchanged, "os gradientes vão na ordem das entradas: None para os ids, depois o da tabela"),
        (without_dy, "o gradiente só conta quantas vezes cada id aparece; some os dy, não 1"),
        (scaled, "multiplicou por √C, como o artigo de 2017 faz fora do embedding; aqui a linha sai como está"),
        (one_row_below, "leu a linha anterior à de cada id; o id 0 é a primeira"),
        (gradient_as_it_comes, "o gradiente da tabela saiu com a forma de dy; cada dy se soma à linha do seu id"),
    ],
    "sinusoids": [
        (side_by_side, "pôs todos os senos e depois todos os cossenos; eles se alternam, canal sim, canal não"),
        (cosine_first, "seno e cosseno estão trocados: o canal par é o seno"),
        (half_of_the_exponent, "o expoente é 2i / C; aqui ficou i / C, e as ondas são rápidas demais"),
        (ever_faster, "as frequências crescem; p é DIVIDIDO por base^(2i / C)"),
        (counted_from_one, "somou 1 às posições; use as que chegaram, e a 0 é [0, 1, 0, 1, …]"),
        (all_from_zero, "contou 0, 1, 2, …; use as posições que chegaram, que podem começar em outro lugar"),
        (one_channel_pair_fewer, "dividiu i por C/2 - 1; o expoente é 2i / C"),
        (sines_alone, "só há senos; os canais ímpares são cossenos"),
        (turns_for_angles, "multiplicou por 2π; o ângulo é p / base^(2i / C), já em radianos"),
        (one_for_each_channel, "cada canal ganhou uma frequência; o seno e o cosseno de um par têm a mesma"),
    ],
}

COSTLY = {"embedding": [(by_a_product, LARGE)]}

HINTS = [
    "embedding: uma tabela indexada por um array de ids dá, uma linha por id, tenha ids a forma que tiver: "
    "weight[ids].",
    "backward de embedding: comece de np.zeros_like(weight), some com np.add.at(dweight, ids, dy) e devolva o par "
    "(None, dweight).",
    "sinusoids: os ângulos de todas as posições e frequências são um produto esticado, (T, 1) * (C/2,). Crie o "
    "resultado com np.empty((T, C), np.float32) e preencha y[:, 0::2] com os senos e y[:, 1::2] com os cossenos.",
]


def texts(size):
    weight = rng.normal(size=(2000, 32)).astype(np.float32)
    return rng.integers(2000, size=(size, 16)), weight, rng.normal(size=(size, 16, 32)).astype(np.float32)


def many_positions(size):
    return np.arange(size), 64


WORK = {
    "embedding": Work(texts, small=10, large=80, through=looked_up, limit=None),
    "sinusoids": Work(many_positions, small=25, large=200, limit=None),
}
