"""m06.e07 · Conjuntos de teste

55 minutos · dificuldade 4 de 5 · precisa de: m01.e01, m02.e05
pode usar: numpy, tinyllm.data.dedup
na biblioteca: tinyllm.evaluate.contamination.contamination, tinyllm.evaluate.bootstrap.resampled,
    tinyllm.evaluate.bootstrap.swapped

Por que importa: uma nota vale pelo teste que a deu. Se o modelo já leu o teste, ela mede memória;
se o teste tem cem textos, ela treme oito pontos para cada lado; e se dois modelos diferem em dois
pontos, ainda não se sabe se diferem. São três perguntas, e cada uma se responde com poucas linhas.

O que fazer: complete as três funções. As duas últimas estão por baixo de todos os intervalos e
todas as comparações da biblioteca (`interval` e `compare`, de tinyllm/evaluate/bootstrap.py):
dentro de um `with course.mine():` elas sorteiam com o seu código.
"""

from typing import NamedTuple

import numpy as np

from tinyllm.data.dedup import normalised

RUN = 13  # palavras
MOST = 0.8  # de um exemplo: foi copiado


class Contamination(NamedTuple):
    """O que `contamination` devolve, de cada um de N exemplos.

    shares (N,) float64: que parte das palavras está em trechos que um texto de treino também tem
    texts (N,) inteiros: o número de um desses textos de treino, aquele em que mais trechos do
        exemplo aparecem pela primeira vez (um que o exemplo repete conta tantas vezes quantas ele o
        tem; entre iguais, o menor número), ou -1
    runs, uma lista de N: o primeiro trecho do exemplo que aparece pela primeira vez nesse texto, as
        palavras separadas por um espaço, ou ""
    """

    shares: np.ndarray
    texts: np.ndarray
    runs: list[str]

    @property
    def flagged(self):
        """(N,): se há algum trecho."""
        return self.shares > 0

    @property
    def copied(self):
        """(N,): se a maior parte do exemplo foi lida."""
        return self.shares >= MOST


def contamination(examples, training, *, run=RUN):
    """lista de N textos de teste, textos de treino -> Contamination: quanto do teste foi lido.

    As palavras de um texto são as de `normalised`, sem maiúsculas nem pontuação. Um trecho são
    `run` palavras seguidas; um exemplo que tem menos é um trecho só, com todas as que tem; e um sem
    palavra nenhuma não tem trecho. Um trecho está contaminado se as mesmas palavras, na mesma
    ordem, estão seguidas em algum texto de treino, que se conta de 0.

    Uma palavra coberta por dois trechos contaminados conta uma vez só. `training` lê-se uma vez, do
    começo ao fim, e pode ser um gerador: não o percorra duas vezes. O tempo é medido: não procure
    cada trecho do teste em cada texto de treino; procure cada trecho do treino num dicionário.

    Por exemplo, com run = 3, o teste ["A gata dorme no sofá azul."] e o treino ["Um cão late.",
    "Ali a gata dorme no chão."] têm em comum “a gata dorme” e “gata dorme no”, que cobrem 4 das 6
    palavras: 0,667, o texto 1 e “a gata dorme”.
    """
    raise NotImplementedError("m06.e07")


def runs_of(words, length):
    """uma lista de palavras -> os seus trechos de tantas palavras, em ordem, cada um uma tupla."""
    if length:
        yield from zip(*(words[start:] for start in range(length)), strict=False)


def resampled(rows, resamples, rng):
    """(N, K), um número, um gerador -> (resamples, K): somas das linhas de testes reamostrados.

    Cada linha de `rows` é o que um exemplo conta, e a soma das N dá a nota do teste. Um teste
    reamostrado tem N exemplos, sorteados entre esses mesmos N COM reposição: uns aparecem duas
    vezes, outros nenhuma. Um exemplo entra com a linha inteira, e devolve-se a soma das linhas de
    cada reamostra.

    Sorteie cada reamostra com rng.integers(N, size=N), que são números de linhas, uma reamostra
    depois da outra (ou todas juntas, com size=(resamples, N), que dá os mesmos números).

    Por exemplo, se das linhas [[1, 1], [0, 1], [1, 1]] saem os números 2, 1, 1, a soma é [1, 3]: um
    certo de três.
    """
    raise NotImplementedError("m06.e07")


def swapped(pairs, resamples, rng):
    """(N, 2K), um número, um gerador -> (resamples, 2K): somas, depois de trocar modelos ao acaso.

    A linha de um exemplo traz as K contagens do modelo A e, ao lado, as K do modelo B. Se os dois
    são iguais, tanto faz qual disse o quê: numa reamostra joga-se uma moeda por EXEMPLO, e onde ela
    dá 1 as duas metades da linha trocam de lado. Devolva as somas das N linhas, trocadas ou não.

    Jogue as moedas de uma reamostra com rng.integers(2, size=N), uma reamostra depois da outra (ou
    todas juntas, com size=(resamples, N)): 1 é trocar.

    Por exemplo, com K = 1, as linhas [[1, 0], [1, 1], [0, 1], [1, 0]] e as moedas 1, 1, 0, 0 dão
    [0, 1] + [1, 1] + [0, 1] + [1, 0] = [2, 3].
    """
    raise NotImplementedError("m06.e07")
