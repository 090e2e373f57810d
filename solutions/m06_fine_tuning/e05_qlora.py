"""m06.e05 · QLoRA

50 minutos · dificuldade 4 de 5 · precisa de: m01.e01, m04.e05
pode usar: numpy, statistics, tinyllm.optim.adamw8bit
na biblioteca: tinyllm.compress.nf4.encode, tinyllm.compress.nf4.encode_scale

Por que importa: com a LoRA, o que mais ocupa memória são os pesos que ninguém muda. Guardados em
quatro bits, cabem em quase oito vezes menos, e um modelo de bilhões de parâmetros adapta-se numa
placa comum. O truque está em escolher bem quais são os 16 números, e em não gastar com as escalas
o que se poupou nos pesos (Dettmers e outros, 2023).

O que fazer: complete as três funções. O tempo e a memória são medidos: faça as contas com arrays
inteiros, sem laços número a número. As duas últimas são as da biblioteca, e com elas um modelo seu
passa inteiro para NF4: `tinyllm compress runs/meu-gpt --method nf4 --out runs/meu-gpt-nf4 --mine`.
"""

from statistics import NormalDist

import numpy as np

from tinyllm.optim.adamw8bit import decode as decode_fractions
from tinyllm.optim.adamw8bit import in_blocks, limits

BLOCK = 64  # pesos com uma mesma escala


def normal_values():
    """-> (16,) float32, em ordem crescente: os números que os 16 códigos representam.

    São quantis de uma normal de média 0 e desvio 1, divididos pelo maior deles. Seja
    p = 1 - (1/30 + 1/32) / 2, e `NormalDist().inv_cdf(q)` o quantil q, o número abaixo do qual está
    a parte q da normal:

        8 positivos   os quantis de 8 probabilidades igualmente espaçadas, de p até quase 1/2
        o zero        exatamente 0
        7 negativos   menos os quantis de 7 probabilidades igualmente espaçadas, de p até quase 1/2

    "Até quase" quer dizer que 1/2, cujo quantil é o 0, seria a seguinte: são as 9 probabilidades de
    p a 1/2, nos positivos, e as 8, nos negativos, sem a última. Assim o 0 não aparece duas vezes, e
    há um código a mais de um lado.

    O primeiro é -1, o oitavo é 0, o último é 1; o nono, o menor positivo, é 0,0796.
    """
    # --- sua vez
    last = 1 - (1 / 30 + 1 / 32) / 2
    above, below = (
        [NormalDist().inv_cdf(q) for q in np.linspace(last, 0.5, count)[:-1]] for count in (9, 8)
    )
    values = np.array([*(-x for x in below), 0.0, *reversed(above)])
    return (values / values.max()).astype(np.float32)
    # --- fim


VALUES = np.array(  # o que normal_values deve dar; as outras funções usam esta tabela
    [
        *(-1.0, -0.69619280, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0),
        *(0.07958030, 0.16093020, 0.24611230, 0.33791524, 0.44070983, 0.56261700, 0.72295684, 1.0),
    ],
    np.float32,
)


def encode(matrix):
    """(m, n) float32 -> (m, ⌈n / 2⌉) uint8, (m, ⌈n / 64⌉) float32: os códigos, dois por byte, e a
    escala de cada bloco.

    Cada linha se reparte em blocos de BLOCK números seguidos; o último pode ser menor. A escala de
    um bloco é o seu maior valor ABSOLUTO, e o código de um número é o índice, de 0 a 15, do valor
    de VALUES mais perto de número / escala. Num bloco todo 0 a escala é 0, e os códigos são 7, o do
    zero: divida por 1 no lugar de 0.

    Dois códigos seguidos vão num byte: o primeiro nos quatro bits ALTOS, o segundo nos baixos. Se n
    é ímpar, os quatro bits baixos do último byte são 7.

    `np.searchsorted(limites, x)` diz quantos dos limites, em ordem crescente, são menores que cada
    x; e os limites entre valores vizinhos estão no meio do caminho.

    Por exemplo, de [[0,5  -2  0]] a escala é 2; 0,25, -1 e 0 têm os códigos 10, 0 e 7; e os bytes
    são 10 · 16 + 0 = 160 e 7 · 16 + 7 = 119.
    """
    # --- sua vez
    m, n = matrix.shape
    blocks = np.pad(matrix, ((0, 0), (0, -n % BLOCK))).reshape(m, -1, BLOCK)
    scale = np.abs(blocks).max(axis=2)
    fractions = blocks / np.where(scale > 0, scale, 1)[:, :, None]
    codes = np.searchsorted((VALUES[:-1] + VALUES[1:]) / 2, fractions).astype(np.uint8)
    codes = codes.reshape(m, -1)[:, : n + n % 2]
    return codes[:, ::2] << 4 | codes[:, 1::2], scale
    # --- fim


def decode(codes, scale, n):
    """(m, ⌈n / 2⌉) uint8, (m, ⌈n / 64⌉) -> (m, n) float32: o caminho de volta. Já está escrito."""
    values = VALUES[np.stack([codes >> 4, codes & 15], axis=2)].reshape(len(codes), -1)[:, :n]
    return values * np.repeat(scale, BLOCK, axis=1)[:, :n]


def fraction_codes(fractions):
    """(…) de -1 a 1 -> (…) uint8: qual das 256 frações do AdamW de 8 bits está mais perto de cada
    um. Já está escrita. A fração do código 0 é a menor, quase -1, e a do 255 é 1; a biblioteca dos
    autores as compara em 65.535 passos, e esta também."""
    steps = np.floor((fractions + 1) * np.float32(32767.5) + np.float32(0.5)) / np.float32(32767.5)
    return np.searchsorted(limits(signed=True), steps - 1).astype(np.uint8)


def encode_scale(scale):
    """(…) float32 -> (…) uint8, (⌈size / 256⌉,) float32, (1,) float32: a segunda quantização, a das
    escalas.

    Escalas são positivas e parecidas: primeiro tira-se a MÉDIA de todas. O que sobra, na ordem em
    que está na memória, linha por linha, reparte-se em blocos de 256: `in_blocks(x)` devolve
    (blocos, 256), com o último completado com 0. De cada bloco guarda-se o ALCANCE, o maior valor
    absoluto; e de cada número, o código de número / alcance, que `fraction_codes` dá.

    Devolva os códigos, com a forma de scale (um para cada escala, sem os do enchimento), os
    alcances e a média, um array de um só número. Onde o alcance é 0 todas as escalas são iguais, e
    os códigos são 0: passe -1 a fraction_codes no lugar de 0 / 0. Tudo em float32, mas tire a média
    em float64, que não se cansa com muitas parcelas.

    Por exemplo, de [[1  2] [3  6]] a média é 3, sobram [-2  -1  0  3], o alcance é 3, e os códigos
    são os das frações -2/3, -1/3, 0 e 1.
    """
    # --- sua vez
    mean = scale.mean(dtype=np.float64).astype(np.float32).reshape(1)
    blocks = in_blocks(scale - mean)
    span = np.abs(blocks).max(axis=1)
    fractions = blocks / np.where(span > 0, span, 1)[:, None]
    codes = fraction_codes(np.where(span[:, None] > 0, fractions, -1))
    return codes.reshape(-1)[: scale.size].reshape(scale.shape), span, mean
    # --- fim


def decode_scale(codes, span, mean):
    """(…) uint8, (blocos,), (1,) -> (…) float32: o caminho de volta. Já está escrito."""
    return decode_fractions(codes, span, signed=True) + mean
