"""m05.e07 · Corte de gradiente e NaN

50 minutos · dificuldade 3 de 5 · precisa de: m01.e04, m05.e05
pode usar: numpy
na biblioteca: tinyllm.optim.schedule.clip_gradients

Por que importa: um só lote ruim pode dar um gradiente mil vezes maior que os outros, e um só NaN,
uma vez nos pesos, está em todos eles no passo seguinte. Cortar o primeiro custa três linhas;
recusar o segundo, outras tantas; sem elas um treino de uma semana acaba na terça-feira.

O que fazer: complete as duas funções e a classe. Com a primeira os seus treinos já cortam com o seu
código: `tinyllm train --mine --steps 50 --out runs/corte`.
"""

import collections
import math

import numpy as np

IN_A_ROW = 10  # passos pulados: o treino acaba
WINDOW, LEAST = 64, 16  # quantas perdas se lembram; com menos que LEAST não se fala em salto
DEVIATIONS, SMALLEST = 8, 0.01


def clip_gradients(grads, limit, *, squares=None, map=map):
    """{parâmetro: array} -> (o mesmo com comprimento até `limit`, o comprimento que tinha).

    O comprimento é o do vetor que se teria pondo TODOS os números de todos os arrays em fila: a
    raiz da soma dos seus quadrados, um float do Python. Se passa de limit, cada array é
    multiplicado por limit / comprimento, e a direção do passo não muda; senão, os gradientes voltam
    como vieram. Por exemplo, {a: [3], b: [4]} tem comprimento 5; com limit = 1 vira {a: [0,6],
    b: [0,8]}.

    - Some em float64: o quadrado de 1e20 não cabe em float32, nem o de 300 em float16.
    - Se o comprimento não é finito, não há corte que salve: devolva os gradientes como vieram.
    - Os arrays que chegam não mudam, e os novos têm o dtype deles.

    Quando a biblioteca chama esta função ela dá `squares`, que soma os quadrados também dos outros
    processos: se não é None, a soma é squares(grads, map=map). De `map` você não precisa.
    """
    raise NotImplementedError("m05.e07")


class Guard:
    """Diz, de cada passo, se os pesos podem andar. Quem treina chama check antes de movê-los."""

    def __init__(self):
        self.recent = collections.deque(maxlen=WINDOW)  # as perdas dos últimos passos DADOS
        self.in_a_row = 0

    def check(self, loss, norm):
        """A perda e o comprimento do gradiente -> None, ou por que pular. Pergunte em ordem:

        1. a perda não é finita? "loss"
        2. o comprimento não é finito? "gradient"
        3. a perda saltou? "spike". Só se há ao menos LEAST perdas em `recent`: sejam m a mediana
           delas, e d a mediana das distâncias |perda - m|. Saltou se a perda fica ACIMA de
           m + DEVIATIONS · d. Quando a perda quase não muda, d seria um nada: use no lugar de d o
           maior entre d e SMALLEST · |m|.

        Um passo dado entra em recent, e in_a_row volta a 0; um pulado não entra, e in_a_row cresce.
        Se com ele chegou a IN_A_ROW seguidos, não devolva: levante um RuntimeError que diga o
        porquê, a perda e o comprimento.

        Por exemplo, depois de 20 perdas entre 2,9 e 3,1, em que m = 3 e d = 0,05, salta o que passa
        de 3,4. A mediana não se deixa levar por uma perda de 1000; a média, sim.
        """
        raise NotImplementedError("m05.e07")


def first_bad(steps, x):
    """Uma lista de pares (nome, função) e um array -> (nome, "fez" ou "recebeu") ou None.

    Cada função recebe o array que a anterior deu, e a primeira recebe x. Ache a PRIMEIRA função em
    cujo resultado há um NaN, ou um infinito positivo: "fez" se no que lhe deram não havia nenhum
    deles, "recebeu" se já havia. Chame cada função uma só vez, e nenhuma depois de achar.

    Um menos infinito não conta: as máscaras da atenção o usam de propósito. Nos resultados que não
    são de ponto flutuante não há o que procurar.

    Por exemplo, com x = [1 0] e as funções log, vezes 0 e soma: log dá [0 -inf], que se deixa
    passar, e 0 · (-inf) é NaN. A resposta é ("vezes 0", "fez").
    """
    raise NotImplementedError("m05.e07")


def has_bad(array):
    """Se há no array um NaN ou um infinito positivo."""
    return array.dtype.kind == "f" and bool((np.isnan(array) | (array == np.inf)).any())
