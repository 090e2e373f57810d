"""Respostas erradas de m06.e05, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from statistics import NormalDist

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.optim.adamw8bit import limits

rng = np.random.default_rng(0)
LAST = 1 - (1 / 30 + 1 / 32) / 2
BLOCK = 64

# ------------------------------------------------------------------------------------------------------- normal_values


def quantiles(*, above=9, below=8, last=LAST, cut=True, zero=True, scaled=True, end=0.5, quantile=None):
    """The right values, but for what is said."""
    of = quantile or NormalDist().inv_cdf
    sides = [[of(q) for q in np.linspace(last, end, count)[: -1 if cut else None]] for count in (above, below)]
    values = np.array([*(-x for x in sides[1]), *([0.0] if zero else []), *sides[0][::-1]])
    return (values / (values.max() if scaled else 1)).astype(np.float32)


def evenly_spaced():
    return np.linspace(-1, 1, 16, dtype=np.float32)


def not_divided():
    return quantiles(scaled=False)


def more_below():
    return quantiles(above=8, below=9)


def without_zero():
    return quantiles(below=9, zero=False)


def zero_again():
    return quantiles(above=8, below=7, cut=False)


def from_the_least_to_the_most():
    values = quantiles()
    return values[np.argsort(np.abs(values), kind="stable")]


def negatives_first_near_zero():
    values = quantiles()
    return np.concatenate([values[:7][::-1], values[7:]])


def positives_last_near_zero():
    values = quantiles()
    return np.concatenate([values[:8], values[8:][::-1]])


def to_99_percent():
    return quantiles(last=0.99)


def of_the_density():
    return quantiles(quantile=lambda q: NormalDist().pdf(NormalDist().inv_cdf(q)))


def in_64_bits():
    return quantiles().astype(np.float64)


# -------------------------------------------------------------------------------------------------------------- encode

TABLE = quantiles()


def coded(matrix, *, each=None, size=np.abs, swapped=False, table=TABLE, last=7, at=0.5, padded=0.0, kind=np.uint8,
          block=BLOCK, packed=True):  # fmt: skip
    """The right codes, but for what is said."""
    m, n = matrix.shape
    blocks = np.pad(matrix, ((0, 0), (0, -n % block)), constant_values=padded).reshape(m, -1, block)
    scale = size(blocks).max(axis=2)
    scale = scale if each is None else each(scale)
    fractions = blocks / np.where(scale != 0, scale, 1)[:, :, None]
    halves = table[:-1] + np.float32(at) * (table[1:] - table[:-1])
    codes = np.searchsorted(halves, fractions).astype(np.uint8).reshape(m, -1)[:, :n]
    codes = np.pad(codes, ((0, 0), (0, n % 2)), constant_values=last)
    if not packed:
        return codes[:, :n], scale
    first, second = (codes[:, 1::2], codes[:, ::2]) if swapped else (codes[:, ::2], codes[:, 1::2])
    return (first << 4 | second).astype(kind), scale


def second_in_the_upper_half(matrix):
    return coded(matrix, swapped=True)


def one_a_byte(matrix):
    return coded(matrix, packed=False)


def far_halves_together(matrix):
    codes, scale = coded(matrix, packed=False)
    codes = np.pad(codes, ((0, 0), (0, codes.shape[1] % 2)), constant_values=7)
    half = codes.shape[1] // 2
    return codes[:, :half] << 4 | codes[:, half:], scale


def last_one_left_out(matrix):
    codes, scale = coded(matrix)
    return codes[:, : matrix.shape[1] // 2], scale


def not_divided_by_it(matrix):
    codes, _ = coded(matrix, each=np.ones_like)
    return codes, coded(matrix)[1]


def one_scale_a_row(matrix):
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    return coded(matrix, each=lambda scale: np.repeat(largest, scale.shape[1], axis=1))


def one_scale_for_all(matrix):
    return coded(matrix, each=lambda scale: np.full_like(scale, scale.max()))


def with_its_sign(matrix):
    return coded(matrix, size=lambda blocks: blocks)


def rounded_down(matrix):
    return coded(matrix, at=1.0)


def rounded_up(matrix):
    return coded(matrix, at=0.0)


def whole_steps(matrix):
    return coded(matrix, table=np.linspace(-1, 1, 16, dtype=np.float32))


def blocks_of_columns(matrix):
    m, n = matrix.shape
    blocks = np.pad(matrix.reshape(-1), (0, -matrix.size % BLOCK))
    codes, scale = coded(blocks[None])
    return codes[0, : -(-m * n // 2)], scale[0]


def last_half_is_zero(matrix):
    return coded(matrix, last=0)


def deviation_for_scale(matrix):
    m, n = matrix.shape
    blocks = np.pad(matrix, ((0, 0), (0, -n % BLOCK))).reshape(m, -1, BLOCK)
    return coded(matrix, each=lambda scale: blocks.std(axis=2))


def in_whole_numbers(matrix):
    return coded(matrix, kind=np.int64)


# -------------------------------------------------------------------------------------------------------- encode_scale


def nearest(fractions):
    steps = np.floor((fractions + 1) * np.float32(32767.5) + np.float32(0.5)) / np.float32(32767.5)
    return np.searchsorted(limits(signed=True), steps - 1).astype(np.uint8)


def scales_coded(scale, *, mean=None, of_blocks=None, kept=True, block=256, equal=-1.0, code=nearest, wrap=None,
                 order="C"):  # fmt: skip
    """The right codes of scales, but for what is said."""
    mean = scale.mean(dtype=np.float64) if mean is None else mean(scale)
    mean = np.float32(mean).reshape(1)
    rest = (scale - mean).reshape(-1, order=order)
    blocks = np.pad(rest, (0, -rest.size % block)).reshape(-1, block)
    span = np.abs(blocks).max(axis=1) if of_blocks is None else of_blocks(blocks)
    fractions = blocks / np.where(span > 0, span, 1)[:, None]
    codes = code(np.where(span[:, None] > 0, fractions, np.float32(equal)))
    codes = codes.reshape(-1)[: scale.size].reshape(scale.shape, order=order) if kept else codes
    return codes, span, mean if wrap is None else wrap(mean)


def mean_not_taken_off(scale):
    return scales_coded(scale, mean=lambda scale: 0.0)


def mean_told_and_not_taken_off(scale):
    codes, span, _ = mean_not_taken_off(scale)
    return codes, span, scales_coded(scale)[2]


def least_taken_off(scale):
    return scales_coded(scale, mean=lambda scale: scale.min())


def mean_of_each_row(scale):
    means = scale.mean(axis=-1, keepdims=True)
    codes, span, _ = scales_coded(scale - means, mean=lambda rest: 0.0)
    return codes, span, means


def median_taken_off(scale):
    return scales_coded(scale, mean=lambda scale: np.median(scale))


def filling_kept(scale):
    return scales_coded(scale, kept=False)


def one_span_for_all(scale):
    return scales_coded(scale, of_blocks=lambda blocks: np.full(len(blocks), np.abs(blocks).max()))


def span_with_its_sign(scale):
    return scales_coded(scale, of_blocks=lambda blocks: blocks.max(axis=1))


def span_of_both_ends(scale):
    return scales_coded(scale, of_blocks=lambda blocks: blocks.max(axis=1) - blocks.min(axis=1))


def blocks_of_64(scale):
    return scales_coded(scale, block=64)


def code_of_zero(scale):
    return scales_coded(scale, equal=0.0)


def nothing_by_nothing(scale):
    return scales_coded(scale, equal=np.nan)


def evenly_coded(scale):
    return scales_coded(scale, code=lambda fractions: np.rint((fractions + 1) * 127.5).astype(np.uint8))


def mean_as_a_number(scale):
    return scales_coded(scale, wrap=lambda mean: mean[0])


def column_by_column(scale):
    return scales_coded(scale, order="F")


MISTAKES = {
    "normal_values": [
        (evenly_spaced, "os 16 estão igualmente espaçados; são quantis de uma normal, mais juntos perto do 0"),
        (not_divided, "faltou dividir pelo maior, para que o último seja 1"),
        (more_below, "os 8 são os positivos, e os 7, os negativos"),
        (without_zero, "faltou o 0, que deve ter um código"),
        (zero_again, "1/2 também entrou, e o quantil dele é o 0, que já está lá"),
        (from_the_least_to_the_most, "a ordem é a dos números, do -1 ao 1, e não a dos seus tamanhos"),
        (negatives_first_near_zero, "os negativos estão do maior ao menor; a ordem é crescente"),
        (positives_last_near_zero, "os positivos estão do maior ao menor; a ordem é crescente"),
        (to_99_percent, "a primeira probabilidade é p = 1 - (1/30 + 1/32) / 2"),
        (of_the_density, "usou a altura da curva; é o quantil, inv_cdf"),
        (in_64_bits, "os valores são float64; converta para np.float32"),
    ],
    "encode": [
        (second_in_the_upper_half, "o primeiro código de cada byte vai nos bits altos, e o segundo, nos baixos"),
        (one_a_byte, "há um código por byte; são dois"),
        (far_halves_together, "juntou a primeira metade da linha com a segunda; são códigos SEGUIDOS num byte"),
        (last_one_left_out, "com n ímpar, o último código também tem um byte, e são ⌈n / 2⌉"),
        (not_divided_by_it, "não dividiu pela escala: o código é o do valor mais perto de número / escala"),
        (one_scale_a_row, "uma só escala por linha; cada bloco de 64 tem a sua"),
        (one_scale_for_all, "uma só escala para a matriz inteira; cada bloco de 64 tem a sua"),
        (with_its_sign, "tomou o maior número do bloco; é o maior valor ABSOLUTO"),
        (rounded_down, "tomou o valor de baixo; é o mais PERTO, com os limites no meio do caminho"),
        (rounded_up, "tomou o valor de cima; é o mais PERTO, com os limites no meio do caminho"),
        (whole_steps, "usou 16 valores igualmente espaçados; são os de VALUES"),
        (blocks_of_columns, "os blocos passaram de uma linha à outra; cada linha tem os seus"),
        (last_half_is_zero, "com n ímpar, a metade que sobra é 7, o código do zero"),
        (deviation_for_scale, "a escala é o maior valor absoluto do bloco, e não o desvio"),
        (in_whole_numbers, "cada byte ocupa 8; converta para np.uint8"),
    ],
    "encode_scale": [
        (mean_not_taken_off, "faltou tirar a média: as escalas são todas positivas, e metade dos códigos se perde"),
        (mean_told_and_not_taken_off, "a média está certa, mas não foi tirada: o que se codifica é scale - média"),
        (least_taken_off, "tirou a menor das escalas; é a média"),
        (mean_of_each_row, "tirou a média de cada linha; é uma só, a de TODAS as escalas"),
        (median_taken_off, "tirou a mediana; é a média"),
        (filling_kept, "os códigos do enchimento ficaram; é um para cada escala, com a forma de scale"),
        (one_span_for_all, "um só alcance para todas; cada bloco de 256 tem o seu"),
        (span_with_its_sign, "o alcance é o maior valor ABSOLUTO do bloco"),
        (span_of_both_ends, "o alcance é o maior valor absoluto, e não a distância entre o maior e o menor"),
        (blocks_of_64, "os blocos das escalas são de 256, e não de 64"),
        (code_of_zero, "com todas as escalas iguais os códigos são 0: passe -1 a fraction_codes"),
        (nothing_by_nothing, "0 / 0 deu NaN: onde o alcance é 0, passe -1 a fraction_codes"),
        (evenly_coded, "os 256 códigos não são igualmente espaçados; use fraction_codes"),
        (mean_as_a_number, "a média é um número solto; devolva um array de um só, com reshape(1)"),
        (column_by_column, "percorreu as escalas por colunas; a ordem é a da memória, linha por linha"),
    ],
}  # fmt: skip

EQUIVALENT = {  # mutants of the solution that compute the same
    "fractions = blocks / np.where(scale > 0, scale, 1)[:, :, None]: 1 -> 2": "0 divided by anything is 0",
    "fractions = blocks / np.where(span > 0, span, 1)[:, None]: 1 -> 2": "0 divided by anything is 0",
    "codes = fraction_codes(np.where(span[:, None] > 0, fractions, -1)): 1 -> 2": "all below the first limit is 0",
    **dict.fromkeys((
        "blocks = np.pad(matrix, ((0, 0), (0, -n % BLOCK))).reshape(m, -1, BLOCK): 1 -> 2",
        "codes = codes.reshape(m, -1)[:, : n + n % 2]: 1 -> 2",
        "return codes.reshape(-1)[: scale.size].reshape(scale.shape), span, mean: 1 -> 2",
    ), "of a length below 0 NumPy finds the right one"),
}  # fmt: skip

HINTS = [
    "normal_values: np.linspace(p, 0.5, 9)[:-1] são as 8 probabilidades dos positivos. encode: complete cada linha com "
    "zeros (np.pad) até um múltiplo de 64, e reshape(m, -1, 64) põe cada bloco num eixo. encode_scale: é o mesmo, "
    "depois de tirar a média, e in_blocks já reparte.",
    "encode: os limites são (VALUES[:-1] + VALUES[1:]) / 2; um zero do enchimento tem o código 7, o que serve ao n "
    "ímpar: guarde os primeiros n + n % 2 códigos. Com codes em uint8, codes[:, ::2] são os primeiros de cada par, e "
    "<< 4 os leva aos bits altos.",
    "normal_values: de p a 1/2 os quantis descem, e os positivos devem subir: inverta-os. encode_scale: "
    "np.where(span > 0, span, 1)[:, None] evita 0 / 0; codes.reshape(-1)[: scale.size].reshape(scale.shape) joga fora "
    "o enchimento; scale.mean(dtype=np.float64).astype(np.float32).reshape(1) é a média.",
]


def nothing(size):
    return ()


def matrix(size):
    return (rng.normal(size=(size, 320)).astype(np.float32),)


def many_scales(size):
    return (2 + rng.normal(size=(size, 64)).astype(np.float32),)


WORK = {
    "normal_values": Work(nothing, small=1, large=2),
    "encode": Work(matrix, small=30, large=400),
    "encode_scale": Work(many_scales, small=30, large=400),
}
