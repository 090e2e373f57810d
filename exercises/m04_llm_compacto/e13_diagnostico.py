"""m04.e13 · Diagnóstico: o que há com este treino?

40 minutos · dificuldade 3 de 5 · precisa de: m04.e09
pode usar: numpy
na biblioteca: nenhuma peça, porque ela impede estes enganos em vez de os descobrir depois: os pesos
    saem de uma só semente, as linhas repartem-se num lugar só, e quem soma é um Comm

Por que importa: um treino em vários ranks com um engano quase nunca para. A perda desce, um pouco
pior do que devia, e só semanas depois alguém desconfia. O engano está escrito no registro, se se
souber o que comparar; e quase tudo o que lá parece errado é consequência, e não causa.

O que fazer: complete as duas funções. O registro de um treino em paralelo de dados (m04.e09), em
que cada passo reparte o lote entre os ranks, soma os gradientes e move os pesos, é um `Log`.
"""

from typing import NamedTuple

import numpy as np


class Log(NamedTuple):
    """O que cada rank anotou em cada passo. Uma norma é a raiz da soma dos quadrados.

    rows (passos, ranks, n): os números das linhas que o rank leu
    own (passos, ranks): a norma do gradiente das suas linhas, ANTES de trocar com os outros
    gradients (passos, ranks): a norma do gradiente com que moveu os pesos, DEPOIS de trocar
    weights (passos + 1, ranks): a norma dos seus pesos antes de cada passo, e depois do último
    alone (passos,): a norma do gradiente que um rank só, com os pesos do rank 0, teria do lote
    """

    rows: np.ndarray
    own: np.ndarray
    gradients: np.ndarray
    weights: np.ndarray
    alone: np.ndarray


FINE = "nada de errado"
START = "os ranks não começaram com os mesmos pesos"
ROWS = "dois ranks leem as mesmas linhas"
EXCHANGE = "os ranks não moveram os pesos com o mesmo gradiente"
UPDATE = "o mesmo gradiente moveu os pesos de modos diferentes"
SCALE = "o gradiente de todos não tem o tamanho que devia"


def first_apart(numbers):
    """(passos, ranks) -> (passo, rank) do primeiro número que difere do do rank 0, ou None.

    O primeiro é o do menor passo e, nesse passo, o do menor rank. Somas feitas em outra ordem
    diferem nos últimos bits, e isso não conta: dois números são iguais se a sua distância é no
    máximo 0,00001 (1e-5) vezes o tamanho do número do rank 0. Um treino que diverge anota infinitos
    e NaN: dois infinitos de mesmo sinal são iguais, e dois NaN também; um NaN só de um lado difere.

    Por exemplo, de [[1, 1, 1], [2, 2, 3], [5, 4, 5]] a resposta é (1, 2): o do passo 2 vem depois.
    """
    raise NotImplementedError("m04.e13")


def diagnose(log):
    """um Log -> a causa: um dos seis textos acima.

    Pergunte nesta ordem, e pare na primeira resposta:

    1. Os pesos já eram diferentes antes do passo 0? START.
    2. Em algum passo, uma mesma linha foi lida por dois ranks? ROWS.
    3. Os gradientes trocados diferem, ou os pesos? Só é causa o que veio PRIMEIRO. O passo s move
       os pesos de weights[s] a weights[s + 1]. Se o passo que separou os pesos, ou um anterior, já
       tinha gradientes diferentes, EXCHANGE; se até ele os gradientes eram iguais, UPDATE.
    4. O gradiente trocado difere do de um rank só (alone) em mais de um milésimo (1e-3) deste, em
       algum passo? SCALE.
    5. Nenhum deles: FINE.

    Cuidado com `own`: os ranks leem linhas diferentes, e antes da troca os gradientes TÊM de ser
    diferentes.
    """
    raise NotImplementedError("m04.e13")
