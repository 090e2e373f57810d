"""m05.e06 · Acumulação de gradientes

40 minutos · dificuldade 3 de 5 · precisa de: m01.e04, m05.e05
pode usar: numpy, tinyllm.tensor
na biblioteca: nenhuma peça, porque a dela soma de uma vez lotes, threads e processos
    (tinyllm/parallel/workers.py); a sua é a conta que há em todas essas somas

Por que importa: o lote que ensina bem quase nunca cabe na memória. Acumular é dar o mesmo passo com
pedaços dele, um de cada vez. Fazer a média das médias dos pedaços parece o mesmo e não é: por
anos foi assim em bibliotecas que todos usam, e só aparecia como um modelo um pouco pior.

O que fazer: complete as duas funções. A memória é medida: enquanto um pedaço calcula, dos
anteriores só resta a soma dos gradientes.
"""

import numpy as np

from tinyllm.tensor import backward


def cut(ids, targets, rows):
    """(B, T) ids, (B, T) alvos -> uma lista de pares (ids, alvos), de até `rows` linhas cada um.

    Os textos de um lote têm comprimentos diferentes, e os mais curtos são completados até T. Onde
    não há o que aprender o alvo é -1: no fim dos curtos e, às vezes, também no meio ou no começo.

    Cada par tem `rows` linhas seguidas, o último talvez menos, e só as colunas até a ÚLTIMA em que
    alguma das suas linhas tem alvo: o que vem depois só gastaria contas. As colunas do meio ficam
    todas. Um pedaço sem alvo nenhum não entra na lista.

    Por exemplo, os alvos [[5 7 -1 -1] [6 -1 -1 -1] [8 -1 9 -1]] com rows = 2 dão um par de 2 linhas
    e 2 colunas, com os alvos [[5 7] [6 -1]], e um de 1 linha e 3 colunas, com [[8 -1 9]].
    """
    raise NotImplementedError("m05.e06")


def accumulate(loss, weigh, parts):
    """Uma perda, o que pesa cada pedaço, e uma lista de pedaços -> (float, {parâmetro: array}): a
    perda e os gradientes que o lote INTEIRO teria.

    `loss(*pedaço)` é um Tensor, a média ponderada do pedaço; `weigh(*pedaço)`, a soma dos pesos que
    essa média dividiu (se todos pesam 1, é o número de alvos que contam). Se o lote são os pedaços
    k, com médias L_k e pesos W_k,

        L = (W_1 L_1 + W_2 L_2 + …) / (W_1 + W_2 + …)

    e a derivada de uma soma é a soma das derivadas, cada uma com a mesma fração. Por exemplo, um
    pedaço de peso 3 e perda 2 e um de peso 1 e perda 6 dão 3; a média das médias daria 4.

    - Um pedaço que pesa 0 não tem média: passe por ele SEM chamar loss. Algum pesa mais que 0.
    - Um parâmetro pode faltar no dicionário de um pedaço, se este não passou por ele. O resultado
      tem todos os que apareceram em algum.
    - Os gradientes ficam com o dtype que tinham. No NumPy um float32 vezes um np.float64 é float64;
      vezes um float do Python continua float32.
    - Dois dos arrays que backward devolve podem ser o mesmo. Leia-os, mas não os mude no lugar.
    """
    raise NotImplementedError("m05.e06")
