"""m01.e01 · Álgebra linear com arrays

20 minutos · dificuldade 1 de 5 · precisa de: nada
pode usar: numpy
na biblioteca: nenhuma peça, porque são contas que a biblioteca inteira faz, uma linha em cada lugar

Por que importa: um modelo de linguagem guarda o que sabe em vetores e o usa com três gestos:
multiplicar matrizes, repetir um array ao longo de um eixo (broadcasting) e comparar direções. Quem
os faz sem laços escreve o resto do curso em poucas linhas, e o NumPy corre cem vezes mais depressa.

O que fazer: complete as três funções, sem nenhum `for`. Cada uma cabe em duas ou três linhas. O
tempo e a memória são medidos: nada que se crie pode ter N · M · C números. O resultado tem o tipo
da entrada: de float32 vem float32, de float64 vem float64.
"""

import numpy as np


def cosine_similarity(a, b):
    """(N, C), (M, C) -> (N, M): o cosseno do ângulo entre cada linha de a e cada linha de b.

    cos(u, v) = u·v / (‖u‖ ‖v‖), em que ‖u‖ é a raiz da soma dos quadrados. É assim que se pergunta
    quais palavras se parecem. Por exemplo, [3, 4] e [4, 3] dão 24 / (5 · 5) = 0,96; [1, 0] e [0, 2]
    dão 0.
    """
    # --- sua vez
    lengths_a = np.sqrt((a * a).sum(axis=1, keepdims=True))  # (N, 1)
    lengths_b = np.sqrt((b * b).sum(axis=1, keepdims=True))  # (M, 1)
    return (a @ b.T) / (lengths_a * lengths_b.T)
    # --- fim


def standardise(x):
    """(..., C) -> (..., C): cada linha menos a sua média e dividida pelo seu desvio-padrão.

    O desvio-padrão é a raiz da média dos quadrados das diferenças para a média (divide-se por C).
    Por exemplo, [1, 3] tem média 2 e desvio 1, e vira [-1, 1]. É o coração da layer norm, que soma
    à variância um número muito pequeno para nunca dividir por 0; aqui não se soma nada.
    """
    # --- sua vez
    apart = x - x.mean(axis=-1, keepdims=True)
    return apart / np.sqrt((apart * apart).mean(axis=-1, keepdims=True))
    # --- fim


def project(x, direction):
    """(..., C), (C,) -> (..., C): a sombra de cada vetor sobre a reta na direção dada.

    A sombra de u sobre d é (u·d / d·d) d. Por exemplo, a de [3, 4] sobre [2, 0] é [3, 0]: o
    comprimento de d não importa.
    """
    # --- sua vez
    amounts = (x @ direction) / (direction @ direction)  # (...)
    return amounts[..., np.newaxis] * direction
    # --- fim
