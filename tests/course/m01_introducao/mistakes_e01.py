"""Respostas erradas de m01.e01, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import LARGE, SLOW, Work

rng = np.random.default_rng(0)


def not_normalised(a, b):
    return a @ b.T


def lengths_of_columns(a, b):
    return (a @ b.T) / np.sqrt((a * a).sum()) / np.sqrt((b * b).sum())


def lengths_without_root(a, b):
    return (a @ b.T) / ((a * a).sum(axis=1, keepdims=True) * (b * b).sum(axis=1))


def lengths_of_a_alone(a, b):
    return (a @ b.T) / np.sqrt((a * a).sum(axis=1, keepdims=True))


def lengths_of_b_alone(a, b):
    return (a @ b.T) / np.sqrt((b * b).sum(axis=1))


def lengths_of_absolute_values(a, b):
    return (a @ b.T) / (np.abs(a).sum(axis=1, keepdims=True) * np.abs(b).sum(axis=1))


def rows_for_columns(a, b):
    lengths = np.sqrt((b * b).sum(axis=1, keepdims=True)) * np.sqrt((a * a).sum(axis=1))
    return (b @ a.T) / lengths


def mean_of_everything(x):
    return (x - x.mean()) / x.std()


def along_the_first_axis(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def variance_instead_of_deviation(x):
    return (x - x.mean(axis=-1, keepdims=True)) / x.var(axis=-1, keepdims=True)


def only_centred(x):
    return x - x.mean(axis=-1, keepdims=True)


def not_centred(x):
    return x / x.std(axis=-1, keepdims=True)


def apart_from_zero(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt((x * x).mean(axis=-1, keepdims=True))


def mean_of_distances(x):
    apart = x - x.mean(axis=-1, keepdims=True)
    return apart / np.abs(apart).mean(axis=-1, keepdims=True)


def divided_by_c_minus_1(x):
    return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True, ddof=1)


def epsilon_added(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)


def direction_taken_as_unit(x, direction):
    return (x @ direction)[..., np.newaxis] * direction


def only_the_length(x, direction):
    return (x @ direction) / np.sqrt(direction @ direction)


def amount_alone(x, direction):
    return (x @ direction) / (direction @ direction)


def divided_by_one_length(x, direction):
    return (x @ direction)[..., np.newaxis] / np.sqrt(direction @ direction) * direction


def divided_by_the_vector(x, direction):
    return (x @ direction / (x * x).sum(axis=-1))[..., np.newaxis] * direction


def products_not_summed(x, direction):
    return x * direction / (direction @ direction) * direction


def what_remains(x, direction):
    return x - ((x @ direction) / (direction @ direction))[..., np.newaxis] * direction


def pair_by_pair(a, b):
    return np.array([[u @ v / np.sqrt((u @ u) * (v @ v)) for v in b] for u in a])


def every_product_at_once(a, b):
    products = a[:, np.newaxis] * b  # (N, M, C)
    return products.sum(axis=-1) / np.sqrt((a * a).sum(axis=1)[:, np.newaxis] * (b * b).sum(axis=1))


def row_by_row(x):
    return np.array([(row - row.mean()) / row.std() for row in x.reshape(-1, x.shape[-1])]).reshape(x.shape)


MISTAKES = {
    "cosine_similarity": [
        (not_normalised, "faltou dividir pelos comprimentos; isto são os produtos internos"),
        (lengths_of_columns, "usou um só comprimento para a matriz inteira; cada LINHA tem o seu (axis=1)"),
        (lengths_without_root, "faltou a raiz: ‖u‖ é a raiz da soma dos quadrados"),
        (lengths_of_a_alone, "dividiu só pelos comprimentos das linhas de um dos dois arrays; são os de a e os de b"),
        (lengths_of_b_alone, "dividiu só pelos comprimentos das linhas de um dos dois arrays; são os de a e os de b"),
        (lengths_of_absolute_values, "somou valores absolutos; o comprimento é a raiz da soma dos QUADRADOS"),
        (rows_for_columns, "o resultado está transposto: as linhas são as de a, e as colunas, as linhas de b"),
    ],
    "standardise": [
        (mean_of_everything, "usou a média e o desvio do array inteiro; cada linha tem os seus (axis=-1)"),
        (along_the_first_axis, "calculou ao longo do primeiro eixo; é o último que conta (axis=-1)"),
        (variance_instead_of_deviation, "dividiu pela variância; o desvio-padrão é a raiz dela"),
        (divided_by_c_minus_1, "dividiu a soma dos quadrados por C - 1; aqui se divide por C"),
        (epsilon_added, "somou um epsilon à variância, como faz a layer norm; aqui não se soma nada"),
        (only_centred, "tirou a média, mas não dividiu pelo desvio-padrão"),
        (not_centred, "dividiu pelo desvio-padrão, mas não tirou a média"),
        (apart_from_zero, "elevou ao quadrado o próprio x; o desvio mede a distância até a média"),
        (mean_of_distances, "dividiu pela média das distâncias; o desvio-padrão é a raiz da média dos quadrados delas"),
    ],
    "project": [
        (direction_taken_as_unit, "supôs que a direção tem comprimento 1; faltou dividir por d·d"),
        (only_the_length, "devolveu só o comprimento da sombra; falta multiplicá-lo pela direção"),
        (what_remains, "devolveu o que sobra do vetor; a sombra é a outra parte"),
        (amount_alone, "devolveu só o número u·d / d·d; a sombra é esse número vezes d"),
        (divided_by_one_length, "dividiu por ‖d‖ uma vez só; d·d é ‖d‖ ao quadrado"),
        (divided_by_the_vector, "dividiu por u·u; embaixo vai d·d"),
        (products_not_summed, "multiplicou número a número sem somar; u·d é um número só por vetor"),
    ],
}

COSTLY = {
    "cosine_similarity": [(pair_by_pair, SLOW), (every_product_at_once, LARGE)],
    "standardise": [(row_by_row, SLOW)],
}

EQUIVALENT = {  # mutants of the solution that compute the same
    "lengths_b = np.sqrt((b * b).sum(axis=1, keepdims=True))  # (M, 1): True -> False": (
        "(M,) transposed is (M,), and stretches against (N, 1) as (1, M) does"
    ),
}

HINTS = [
    "cosine_similarity e project: escreva primeiro a forma de cada resultado intermediário num comentário: (N, 1), "
    "(N, M)… O broadcasting estica os "
    "eixos de tamanho 1; um eixo que falta é posto à esquerda.",
    "standardise: keepdims=True guarda, com tamanho 1, o eixo sobre o qual se somou: x - x.mean(axis=-1, "
    "keepdims=True) funciona "
    "para qualquer número de eixos.",
    "cosine_similarity: (a @ b.T) tem a forma (N, M); divida por comprimentos de formas (N, 1) e (1, M). "
    "project: (x @ direction) perde o último eixo; [..., np.newaxis] o devolve.",
]


def compared(size):
    return rng.normal(size=(size, 40)), rng.normal(size=(size // 2, 40))


def rows(size):
    return (rng.normal(size=(size, 12)),)


def shadows(size):
    return rng.normal(size=(size, 30)), rng.normal(size=30)


WORK = {
    "cosine_similarity": Work(compared, small=50, large=400, degree=2),
    "standardise": Work(rows, small=500, large=4000),
    "project": Work(shadows, small=500, large=4000),
}
