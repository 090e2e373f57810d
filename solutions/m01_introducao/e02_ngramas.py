"""m01.e02 · Bigramas, suavização e perplexidade

30 minutos · dificuldade 2 de 5 · precisa de: m01.e01
pode usar: numpy
na biblioteca: nenhuma peça, porque a de lá (tinyllm.evaluate.metrics.InterpolatedBigram) mistura
    bigramas e unigramas

Por que importa: prever o próximo token contando pares já é um modelo de linguagem, o mais simples
que há. Tudo o que vem depois, do RNN ao GPT, se mede contra ele, com a mesma régua: a perplexidade,
isto é, entre quantos tokens igualmente prováveis o modelo hesita, em média.

O que fazer: complete as três funções. Os textos já vêm como ids, números de 0 a V - 1. O tempo e a
memória são medidos: percorra o texto uma vez só, e não crie arrays de N · V números.
"""

import numpy as np


def count_bigrams(ids, vocab_size):
    """(N,) ids -> (V, V) de float64: na linha i e coluna j, quantas vezes o id j veio logo depois
    do id i.

    Por exemplo, [0, 1, 0, 1, 1] com V = 2 tem os pares 01, 10, 01 e 11: [[0, 2], [1, 1]]. Um laço
    sobre os pares serve.
    """
    # --- sua vez
    counts = np.zeros((vocab_size, vocab_size))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    return counts
    # --- fim


def smoothed_probabilities(counts, k):
    """(V, V) contagens -> (V, V): a probabilidade de cada id depois de cada id, com k somado a toda
    contagem.

    P(j | i) = (c_ij + k) / (Σ_j c_ij + k V). Sem suavização (k = 0), um par nunca visto teria
    probabilidade 0 e a perplexidade seria infinita. Por exemplo, [[0, 2], [1, 1]] com k = 1 dá
    [[1/4, 3/4], [1/2, 1/2]].
    """
    # --- sua vez
    counts = counts + k
    return counts / counts.sum(axis=1, keepdims=True)
    # --- fim


def perplexity(probabilities, ids):
    """(V, V), (N,) ids -> número: exp da média de -log P(próximo | atual), sobre os N - 1 pares do
    texto.

    Quem dá a cada par a probabilidade 1/8 tem perplexidade 8. Some logaritmos: o produto de mil
    probabilidades some abaixo do menor número que um float guarda.
    """
    # --- sua vez
    surprise = -np.log(probabilities[ids[:-1], ids[1:]])
    return np.exp(surprise.mean())
    # --- fim
