"""m06.e06 · Métricas

60 minutos · dificuldade 3 de 5 · precisa de: m01.e01, m01.e02
pode usar: numpy, re, unicodedata, tinyllm.evaluate.bleu, tinyllm.evaluate.measure
na biblioteca: tinyllm.evaluate.classification.f1, tinyllm.evaluate.bleu.Bleu,
    tinyllm.evaluate.overlap.rouge_l

Por que importa: a perda diz quanto o modelo se surpreende; quem o usa quer saber se ele acerta. Uma
métrica é uma resposta em um número, e cada uma esconde alguma coisa: a acurácia, as classes raras;
o BLEU, o que se disse com outras palavras; e um ROUGE feito para o inglês, as letras com acento.
Quem já escreveu a conta sabe o que ela não vê.

O que fazer: complete as duas funções e a classe. Com as três, a biblioteca mede com o seu código,
dentro de um `with course.mine():`.
"""

import re
import unicodedata
from collections import Counter
from typing import NamedTuple

import numpy as np

from tinyllm.evaluate.bleu import ngrams, words_13a
from tinyllm.evaluate.measure import Measure, several

LONGEST = 4  # palavras: o BLEU conta trechos de 1 a 4


class Overlap(NamedTuple):
    """O que `rouge_l` devolve: três números de 0 a 1."""

    precision: float
    recall: float
    f1: float


def f1(table):
    """(…, L, L) -> (…, L): a F1 de cada uma de L classes, de 0 a 1.

    `table` é uma matriz de confusão, ou várias, nos eixos da frente: table[i, j] diz quantos textos
    da classe i o modelo pôs na classe j. Da classe c:

        precisão      dos textos que ele pôs em c, que parte é de c
        revocação     dos textos de c, que parte ele pôs em c

    e a F1 é a média harmônica das duas, 2 · p · r / (p + r), que se simplifica (a lição faz a
    conta). Uma classe de que ele nada acertou tem F1 igual a 0, mesmo que não haja textos dela e
    que ele nunca a tenha dito.

    Por exemplo, de [[2, 1, 0], [0, 1, 1], [0, 0, 1]] as três são [4/5  1/2  2/3].
    """
    raise NotImplementedError("m06.e06")


class Bleu(Measure):
    """O BLEU de um corpus, de 0 a 100: `Bleu()(textos, referências)`.

    Escreva os dois métodos: `counts`, que está começado, e, logo depois dele, `score`, inteiro.
    `counts(self, hypothesis, reference)` conta o que há num texto, e devolve uma lista de 10
    números:

        [palavras do texto, palavras da referência,
         trechos certos de 1, de 2, de 3 e de 4 palavras,
         todos os trechos do texto, de 1, de 2, de 3 e de 4 palavras]

    As palavras são as de `words_13a`, e `ngrams(palavras, n)` conta os trechos de n em um Counter.
    Um trecho dito k vezes está certo no máximo tantas vezes quantas aparece na referência. Esta
    pode ser uma lista, em que qualquer uma serve (`several` dá sempre a lista): um trecho vale
    então tantas vezes quantas aparece naquela em que MAIS aparece, e as palavras da referência são
    as da que tem o comprimento mais próximo do do texto; de duas igualmente próximas, a mais curta.

    `score(self, totals)` recebe (…, 10), somas de linhas dessas sobre todos os textos, e devolve
    (…), as notas:

        100 · min(1, exp(1 - palavras da referência / palavras do texto)) · (p₁ p₂ p₃ p₄)^(1/4)

    em que pₙ é a fração certa dos trechos de n palavras, 0 se não há trecho nenhum. Do primeiro
    comprimento sem nenhum certo conta-se como certo meio trecho; do segundo, um quarto; do
    terceiro, um oitavo. Se de nenhum comprimento há um certo, a nota é 0.

    Por exemplo, de “o gato preto dorme no sofá”, com a referência “o gato dorme no sofá”, a linha é
    [6, 5,  5, 3, 1, 0,  6, 5, 4, 3], e a nota, 100 · (5/6 · 3/5 · 1/4 · ½/3)^(1/4) = 37,99.
    """

    def counts(self, hypothesis, reference):
        raise NotImplementedError("m06.e06")


def rouge_l(hypothesis, reference):
    """dois textos -> Overlap: a ROUGE-L, precisão, revocação e F1.

    As palavras de um texto são as sequências de letras e algarismos (uma letra com acento é uma
    letra; `_` não), em minúsculas, com cada acento dentro da sua letra (NFC). Estão certas as da
    MAIOR subsequência comum: a lista mais longa que se pode tirar dos dois textos, na ordem, mesmo
    que haja outras palavras entre elas. A precisão divide-a pelas palavras do texto; a revocação,
    pelas da referência; e sem nenhuma certa as três são 0.

    Para achar o comprimento dela seja T[i][j] o das i primeiras palavras de um texto e das j
    primeiras do outro. Se a última de cada lado é a mesma, ela pode ficar: 1 + T[i-1][j-1]. Senão
    uma das duas sobra: o maior de T[i-1][j] e T[i][j-1].

    Por exemplo, de “A avó fez pão, não bolo!” e “a avó não fez bolo” a maior tem 4 palavras (a,
    avó, fez, bolo): 4/6, 4/5 e 0,727.
    """
    raise NotImplementedError("m06.e06")
