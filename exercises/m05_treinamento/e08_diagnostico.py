"""m05.e08 · Diagnóstico de um treino

45 minutos · dificuldade 3 de 5 · precisa de: m05.e05, m05.e06, m05.e07
pode usar: numpy
na biblioteca: nenhuma peça, porque ela desenha os sinais (tinyllm report) e deixa o juízo a quem os
    lê; o que ela mede está em tinyllm/train/statistics.py

Por que importa: um treino que vai mal quase sempre termina sem erro. O que se tem é um registro, e
quem sabe lê-lo acha em um minuto o que a tentativa e erro não acha em uma semana. A regra é uma só:
primeiro o sinal que só uma doença dá, e por último os que todas dão.

O que fazer: complete as duas funções. O registro de um treino é um `Log`.
"""

from typing import NamedTuple

import numpy as np


class Log(NamedTuple):
    """O que se anotou de S passos. Um passo conta-se de 1: loss[0] é do passo 1.

    loss (S,): a perda de cada lote, antes do passo
    norm (S,): o comprimento do gradiente com que o otimizador andou
    alone (S,): o comprimento do gradiente deste lote, calculado à parte
    update (S,): o comprimento do que o passo somou aos pesos, dividido pelo comprimento deles
    dead (S,): que fração dos neurônios deu 0 em todas as linhas do lote
    largest (S,): o maior número, em módulo, que apareceu na ida e na volta
    weights (S + 1,): o comprimento dos pesos; weights[0] no começo, weights[s] depois do passo s
    validation (M,): a perda de validação depois dos passos every, 2 · every, … M · every
    every: de quantos em quantos passos se validou
    """

    loss: np.ndarray
    norm: np.ndarray
    alone: np.ndarray
    update: np.ndarray
    dead: np.ndarray
    largest: np.ndarray
    weights: np.ndarray
    validation: np.ndarray
    every: int


FINE = "nada de errado"
OVERFLOW = "um número não coube em float16"
NOT_CLEARED = "os gradientes dos passos anteriores não foram esquecidos"
HIGH = "a taxa de aprendizado é alta demais"
DEAD = "os neurônios morreram"
DECAY = "o decaimento encolhe os pesos"
LOW = "a taxa de aprendizado é baixa demais"
LEAK = "o modelo vê a resposta"
OVERFIT = "o modelo decorou o treino"
LARGEST_FLOAT16 = 65504.0


def smoothed(losses, keep):
    """(S,) -> (S,): a curva que se desenha por cima da perda, que treme de lote para lote.

    A média começa em 0, e cada perda a move um pouco: média = keep · média + (1 - keep) · perda.
    Como começou em 0, depois de t perdas ela pesou só 1 - keep^t; o que se desenha é
    média / (1 - keep^t). Uma perda que não é finita não entra na média e não conta em t: ali a
    curva repete o valor anterior, e é NaN enquanto não houve nenhum.

    Por exemplo, com keep = 0,5, das perdas [4 2 NaN 2] saem [4  2,6667  2,6667  2,2857].
    """
    raise NotImplementedError("m05.e08")


def diagnose(log):
    """um Log -> (a causa, o passo): um dos textos acima, e desde quando se vê.

    Pergunte nesta ordem, e pare na primeira resposta. “Quase sempre” é em mais de metade.

    1. Alguma perda não é finita? Se, até o passo dela, largest já tinha passado de LARGEST_FLOAT16
       (ou era NaN), OVERFLOW, no primeiro passo em que isso aconteceu; senão HIGH, no dela.
    2. norm é quase sempre maior que o dobro de alone? NOT_CLEARED, no primeiro passo em que é.
    3. Alguma perda é maior que 1,5 vez a do passo 1? É pior do que não saber nada: HIGH, no
       primeiro passo em que é. (Ela também mata neurônios: por isso se pergunta antes.)
    4. No último passo dead é ao menos 0,5? DEAD, no primeiro passo em que é ao menos 0,5.
    5. Os pesos acabam com menos da metade do comprimento que tinham? DECAY, no primeiro passo
       depois do qual era menos da metade.
    6. update é quase sempre menor que 0,0001? LOW, no primeiro passo em que é.
    7. A última validação é menor que 0,1? Nenhuma língua é tão previsível: LEAK, no passo da
       primeira que foi.
    8. A última validação é mais que 1,1 vez a menor? OVERFIT, no passo da menor: é desse o
       checkpoint a guardar.
    9. Nenhum deles: (FINE, None).

    Um passo é um int do Python. Cuidado: todos se contam de 1, e as posições de um array, de 0.
    """
    raise NotImplementedError("m05.e08")


def first(sign):
    """(n,) bool -> o número, contado de 1, do primeiro verdadeiro."""
    return int(np.argmax(sign)) + 1
