"""m04.e05 · int8 por canal

45 minutos · dificuldade 3 de 5 · precisa de: m01.e01, m04.e02
pode usar: numpy
na biblioteca: tinyllm.compress.int8.encode

Por que importa: escrever um texto é esperar que os pesos cheguem da memória, e um modelo que não
cabe nem começa. Um peso em 1 byte em vez de 4 chega quatro vezes mais depressa e cabe num quarto do
lugar; quanto se perde é uma conta, que está na lição.

O que fazer: complete as três funções. A primeira é a da biblioteca, e com ela um modelo seu vira
int8: `tinyllm compress runs/meu-gpt --out runs/meu-gpt-int8 --mine`.
"""

import numpy as np


def encode(weight, group=0):
    """(m, n) float32 -> (m, n) int8, (m, grupos) float32: os códigos, e quanto vale um passo.

    Cada linha é um CANAL de saída, com a sua escala: o maior valor absoluto da linha fica a 127
    passos do zero. O passo é esse máximo dividido por 127, em float32, e o código é o número
    inteiro de passos mais perto, com np.rint: weight ≈ código · passo. O código -128 não se usa.

    Com `group` maior que 0, cada `group` números seguidos de uma linha têm a sua própria escala, e
    o último grupo pode ser menor: são ceil(n / group) escalas por linha. Com 0, uma só. Onde todos
    os números são 0, o passo é 0 e os códigos são 0; não divida por ele.

    Por exemplo, [0,5  -1,27  0,02] tem o passo 0,01 e os códigos [50  -127  2]; com group = 2, os
    passos 0,01 e 0,02/127, e os códigos [50  -127  127].

    Os códigos têm de ser np.int8: é deles que vem a economia. Os passos são float32 mesmo que
    weight seja float64.
    """
    # --- sua vez
    n = weight.shape[1]
    group = group or n
    largest = np.maximum.reduceat(np.abs(weight), np.arange(0, n, group), axis=1)
    scale = (largest / 127).astype(np.float32)
    steps = np.repeat(np.where(scale > 0, scale, 1), group, axis=1)[:, :n]
    return np.rint(weight / steps).astype(np.int8), scale
    # --- fim


def decode(codes, scale, group=0):
    """(m, n) int8, (m, grupos) float32 -> (m, n) float32: os números que os códigos representam.

    Cada código vezes a escala do seu grupo; o `group` é o de encode. Por exemplo, os códigos [50
    -127  127] com os passos [0,01  0,02/127] e group = 2 são [0,5  -1,27  0,02].
    """
    # --- sua vez
    n = codes.shape[1]
    return codes * np.repeat(scale, group or n, axis=1)[:, :n]
    # --- fim


def product(x, codes, scale):
    """(N, n) float32, (m, n) int8, (m, 1) float32 -> (N, m) float32: x vezes a matriz dos códigos,
    transposta, com contas de INTEIROS.

    Cada linha de x também vira códigos e um passo, com `encode` (o group é 0 nos dois lados). Se x
    ≈ a · código de x e w ≈ b · código de w, com a e b constantes ao longo da soma, elas saem dela:

        y = Σ x w ≈ a b Σ (código de x) (código de w)

    A soma é de inteiros, e exata. Mas dois números de 8 bits multiplicados não cabem em 8 bits, nem
    a soma deles em 16: antes do produto, passe os dois lados para np.int32. O resultado é float32;
    no NumPy, int32 vezes float32 dá float64, e é preciso converter.

    Por exemplo, x = [1  -1] tem o passo 1/127 e os códigos [127  -127]; com os códigos [100  27] e
    o passo 0,02, y = 0,02/127 · (12700 - 3429) = 1,46.
    """
    # --- sua vez
    whole, unit = encode(x)
    sums = whole.astype(np.int32) @ codes.astype(np.int32).T
    return (sums * unit * scale.T).astype(np.float32)
    # --- fim
