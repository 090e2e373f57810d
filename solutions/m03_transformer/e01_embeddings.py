"""m03.e01 · Embeddings e posições em ondas

30 minutos · dificuldade 2 de 5 · precisa de: m01.e01, m01.e04
pode usar: numpy, tinyllm.tensor
na biblioteca: tinyllm.functional.embedding, tinyllm.functional.sinusoids

Por que importa: um modelo faz contas, e um token é só um número de série: o 305 não é maior nem
melhor que o 12. O embedding troca cada id por um vetor que se aprende. E como a atenção vê um saco
de tokens, sem ordem, soma-se a cada um algo que diz em que posição ele está: aqui, ondas de várias
frequências.

O que fazer: complete a operação, com o seu gradiente, e a função. A memória é medida: nada que se
crie pode ter V números por token. Quando estiverem certas, um BERT que lê a ordem em ondas treina
com elas:
`tinyllm train --model bert --positions sinusoidal --mine --steps 20 --out runs/minhas-ondas`.
"""

import numpy as np

from tinyllm.tensor import op


@op
def embedding(ids, weight):
    """(...) ids, (V, C) -> (..., C): a linha da tabela que cabe a cada id.

    Por exemplo, com a tabela [[1, 2], [3, 4], [5, 6]], os ids [2, 0, 2] dão [[5, 6], [1, 2], [5,
    6]].

    Para trás: a linha de cada id recebe a SOMA dos dy de todos os lugares em que ele aparece; a de
    um id que não aparece, 0. No exemplo, com dy = [[1, 1], [10, 10], [100, 100]], o gradiente da
    tabela é [[10, 10], [0, 0], [101, 101]]. Atenção: `dweight[ids] += dy` não soma o que se repete,
    porque o NumPy lê cada linha uma só vez; quem soma é `np.add.at(dweight, ids, dy)`. Os ids não
    têm gradiente: no lugar dele vai None.
    """

    # --- sua vez
    def backward(dy):
        dweight = np.zeros_like(weight)
        np.add.at(dweight, ids, dy)
        return None, dweight

    return weight[ids], backward
    # --- fim


def sinusoids(positions, channels, *, base=10000.0):
    """(T,) números -> (T, C) float32: a posição p escrita em C/2 ondas, da mais rápida à mais
    lenta. C é par.

    Os canais vêm em pares, 2i e 2i + 1, para i de 0 a C/2 - 1:

        y[p, 2i] = sen(p / base^(2i / C))          y[p, 2i + 1] = cos(p / base^(2i / C))

    Por exemplo, com C = 4 os divisores são 1 e 100, e a posição 3 é [sen 3, cos 3, sen 0,03, cos
    0,03], que vale [0,141, -0,990, 0,030, 1,000]. Faça as contas em float64 e só no fim passe a
    float32: com posições de milhares, um ângulo em float32 já erra na quinta casa.
    """
    # --- sua vez
    frequencies = base ** (-np.arange(0, channels, 2) / channels)
    angles = np.asarray(positions, np.float64)[:, None] * frequencies  # (T, C / 2)
    y = np.empty((len(angles), channels), np.float32)
    y[:, 0::2] = np.sin(angles)
    y[:, 1::2] = np.cos(angles)
    return y
    # --- fim
