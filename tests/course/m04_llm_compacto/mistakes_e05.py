"""Respostas erradas de m04.e05, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import Work

rng = np.random.default_rng(0)


def coded(weight, group=0, *, steps=127, rounded=np.rint, kind=np.int8, turned=False, each=lambda scale: scale):
    """The right codes, but for what is said."""
    if turned:
        codes, scale = coded(weight.T, group)
        return codes.T.copy(), scale.T.copy()
    m, n = weight.shape
    group = group or n
    parts = np.pad(weight, ((0, 0), (0, -n % group))).reshape(m, -1, group)
    scale = each(np.abs(parts).max(axis=2) / np.float32(steps)).astype(np.float32)
    codes = rounded(parts / np.where(scale > 0, scale, 1)[:, :, None])
    return codes.reshape(m, -1)[:, :n].astype(kind), scale


def of_the_whole_matrix(weight, group=0):
    return coded(weight, group, each=lambda scale: np.full_like(scale, scale.max()))


def cut_off(weight, group=0):
    return coded(weight, group, rounded=np.trunc)


def rounded_down(weight, group=0):
    return coded(weight, group, rounded=np.floor)


def to_128(weight, group=0):
    return coded(weight, group, steps=128, rounded=lambda steps: np.clip(np.rint(steps), -128, 127))


def to_255(weight, group=0):
    return coded(weight, group, steps=255)


def of_columns(weight, group=0):
    return coded(weight, group, turned=True)


def group_ignored(weight, group=0):
    return coded(weight)


def with_its_sign(weight, group=0):
    m, n = weight.shape
    group = group or n
    parts = np.pad(weight, ((0, 0), (0, -n % group))).reshape(m, -1, group)
    scale = (parts.max(axis=2) / 127).astype(np.float32)
    codes = np.clip(np.rint(parts / np.where(scale > 0, scale, 1)[:, :, None]), -127, 127)
    return codes.reshape(m, -1)[:, :n].astype(np.int8), scale


def without_signs(weight, group=0):
    return coded(np.abs(weight), group)


def last_group_left_out(weight, group=0):
    codes, scale = coded(weight, group)
    whole = weight.shape[1] // group if group else 1
    codes[:, whole * group if group else None :] = 0
    return codes, scale[:, :whole]


def in_64_bits(weight, group=0):
    return coded(weight, group, kind=np.int64)


def inverse_of_the_step(weight, group=0):
    codes, scale = coded(weight, group)
    return codes, np.float32(1) / np.where(scale > 0, scale, 1)


def steps_forgotten(codes, scale, group=0):
    return codes.astype(np.float32)


def divided(codes, scale, group=0):
    return codes / np.where(scale > 0, scale, 1)[:, :1].astype(np.float32)


def first_step(codes, scale, group=0):
    return codes * scale[:, :1]


def last_step(codes, scale, group=0):
    return codes * scale[:, -1:]


def steps_of_the_first_row(codes, scale, group=0):
    return codes * np.repeat(scale[:1], group or codes.shape[1], axis=1)[:, : codes.shape[1]]


def steps_in_turn(codes, scale, group=0):
    n = codes.shape[1]
    return codes * np.tile(scale, n)[:, :n]


def largest_step(codes, scale, group=0):
    return codes * scale.max()


def of_127(codes, scale, group=0):
    n = codes.shape[1]
    return codes / np.float32(127) * np.repeat(scale, group or n, axis=1)[:, :n]


def multiplied(x, codes, scale, *, kind=np.int32, of_x=True, of_matrix=True, alone=True):
    whole, unit = coded(x) if alone else coded(x.reshape(1, -1))
    sums = whole.reshape(x.shape).astype(kind) @ codes.astype(kind).T
    return (sums * (unit if of_x else 1) * (scale.T if of_matrix else 1)).astype(np.float32)


def in_8_bits(x, codes, scale):
    return multiplied(x, codes, scale, kind=np.int8)


def in_16_bits(x, codes, scale):
    return multiplied(x, codes, scale, kind=np.int16)


def step_of_x_forgotten(x, codes, scale):
    return multiplied(x, codes, scale, of_x=False)


def step_of_the_matrix_forgotten(x, codes, scale):
    return multiplied(x, codes, scale, of_matrix=False)


def one_step_for_all_of_x(x, codes, scale):
    return multiplied(x, codes, scale, alone=False)


def steps_divided(x, codes, scale):
    whole, unit = coded(x)
    return (whole.astype(np.int32) @ codes.astype(np.int32).T / unit / scale.T).astype(np.float32)


def x_as_it_is(x, codes, scale):
    return (x @ codes.T.astype(np.float32) * scale.T).astype(np.float32)


def x_cut_to_integers(x, codes, scale):
    return (np.trunc(np.clip(x, -127, 127)) @ codes.T.astype(np.float32) * scale.T).astype(np.float32)


MISTAKES = {
    "encode": [
        (of_the_whole_matrix, "uma só escala para a matriz inteira; cada linha (ou grupo) tem a sua"),
        (cut_off, "cortou as casas depois da vírgula; arredonde para o inteiro mais perto, com np.rint"),
        (rounded_down, "arredondou sempre para baixo; é para o inteiro mais perto, com np.rint"),
        (to_128, "dividiu por 128; o maior código é 127, e -128 não se usa"),
        (to_255, "dividiu por 255; de zero ao maior são 127 passos, de cada lado"),
        (of_columns, "tomou o maior de cada coluna; a escala é de cada linha"),
        (group_ignored, "ignorou group: cada `group` números seguidos têm a sua escala"),
        (with_its_sign, "tomou o maior número; é o maior valor ABSOLUTO, e o mais negativo também conta"),
        (without_signs, "os códigos perderam o sinal; o valor absoluto é só para achar o passo"),
        (
            last_group_left_out,
            "o último grupo, menor que os outros, ficou de fora: são ceil(n / group) passos por linha",
        ),
        (in_64_bits, "cada código ocupa 8 bytes; converta para np.int8"),
        (inverse_of_the_step, "isto é quantos passos há em 1; a escala é quanto VALE um passo"),
    ],
    "decode": [
        (steps_forgotten, "faltou multiplicar pelo passo"),
        (divided, "dividiu pelo passo; é multiplicar"),
        (first_step, "usou em toda a linha o passo do primeiro grupo"),
        (last_step, "usou em toda a linha o passo do último grupo"),
        (steps_of_the_first_row, "usou em todas as linhas os passos da primeira; falta um axis=1?"),
        (steps_in_turn, "alternou os passos número a número; cada um vale para `group` números SEGUIDOS"),
        (largest_step, "usou o maior dos passos em toda a matriz"),
        (of_127, "dividiu por 127 outra vez; o passo já é o máximo dividido por 127"),
    ],
    "product": [
        (in_8_bits, "multiplicou em 8 bits, e os produtos transbordaram; passe os dois lados para np.int32"),
        (in_16_bits, "somou em 16 bits, e as somas transbordaram; passe os dois lados para np.int32"),
        (step_of_x_forgotten, "faltou o passo de cada linha de x"),
        (step_of_the_matrix_forgotten, "faltou o passo de cada linha da matriz"),
        (steps_divided, "dividiu pelos passos; é multiplicar"),
        (one_step_for_all_of_x, "x inteiro com uma só escala; cada linha de x tem a sua"),
        (x_as_it_is, "x ficou em ponto flutuante; aqui ele também vira códigos, com encode"),
        (x_cut_to_integers, "cortou x para inteiros; é encode que escolhe o passo de cada linha"),
    ],
}

EQUIVALENT = {  # mutants of the solution that compute the same
    "steps = np.repeat(np.where(scale > 0, scale, 1), group, axis=1)[:, :n]: 1 -> 2": "0 divided by anything is 0",
}

HINTS = [
    "encode: com group = 0, scale = np.abs(weight).max(axis=1, keepdims=True) / 127, e códigos = np.rint(weight / "
    "scale). decode desfaz: códigos vezes passo. product: encode(x), e os dois lados em np.int32 antes do @.",
    "encode com grupos: o maior de cada grupo, um grupo por vez num laço, ou todos com "
    "np.maximum.reduceat(np.abs(weight), np.arange(0, n, group), axis=1). np.repeat(scale, group, axis=1)[:, :n] põe o "
    "passo de cada número no seu lugar, e é o que decode usa. Onde scale é 0, divida por 1: np.where(scale > 0, "
    "scale, 1).",
    "product: whole, unit = encode(x); sums = whole.astype(np.int32) @ codes.astype(np.int32).T, (N, m); unit é (N, 1) "
    "e scale.T é (1, m). int32 vezes float32 dá float64 no NumPy: converta o resultado com .astype(np.float32).",
]


def matrix(size):
    return rng.normal(size=(size, 1000)).astype(np.float32), 256


def codes_of_matrix(size):
    return (*coded(*matrix(size)), 256)


def both(size):
    return (rng.normal(size=(40, 300)).astype(np.float32), *coded(rng.normal(size=(size, 300)).astype(np.float32)))


WORK = {
    "encode": Work(matrix, small=30, large=600, limit=30),
    "decode": Work(codes_of_matrix, small=30, large=600),
    "product": Work(both, small=20, large=200),
}
