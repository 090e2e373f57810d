"""m06.e08 · Viés, robustez e um veredito

60 minutos · dificuldade 4 de 5 · precisa de: m01.e01, m06.e07
pode usar: numpy, re
na biblioteca: tinyllm.evaluate.bias.gaps

Por que importa: uma nota é uma média, e uma média não diz para quem. O modelo que acerta 90 % pode
errar o dobro com um grupo, mudar de ideia se “o médico” vira “a médica”, ou desabar sem os acentos
que metade das pessoas não digita. E quase toda frase do tipo “A é melhor que B” esconde uma
pergunta que não se fez.

O que fazer: complete as três funções. A primeira é a da biblioteca. As outras não entram nela: o
ruído dela é escolhido quando o Python a carrega, e o juízo ela deixa a quem lê a tabela.
"""

import math
import re
from typing import NamedTuple

import numpy as np


def gaps(score, pairs):
    """uma função, lista de N pares -> (N,) float64: quanto o modelo prefere o primeiro de cada par.

    Cada par tem `first` e `second`, a mesma frase sobre duas pessoas que só diferem em um grupo. A
    função `score` recebe uma lista de frases e devolve (n,) logaritmos de probabilidades, na mesma
    ordem. A lacuna de um par é o logaritmo do primeiro menos o do segundo: acima de 0, o modelo
    acha mais provável a frase do primeiro.

    Chame `score` uma vez só, com todas as frases: um modelo lê muitas juntas muito mais depressa do
    que uma por uma. Ela pode devolver uma lista, ou float32; a conta se faz em float64. Os pares
    são pelo menos um.

    Por exemplo, se score dá [-2, -3, -5, -1] às frases de dois pares, o primeiro par e depois o
    segundo, as lacunas são [1, -4].
    """
    # --- sua vez
    found = np.asarray(score([one for pair in pairs for one in (pair.first, pair.second)]), float)
    return found[::2] - found[1::2]
    # --- fim


def at_places(pattern, change):
    """uma expressão regular, uma função -> uma função noise(text, level, draw): um tipo de ruído.

    noise percorre o texto da esquerda para a direita e, em cada trecho em que `pattern` casa,
    sorteia com draw.random() DOIS números de 0 a 1, sempre os dois, mexa ou não: o primeiro, a
    sorte, decide se o trecho muda; o segundo, a escolha, decide em quê. Se a sorte é menor que
    level, o trecho dá lugar a change(trecho, escolha); senão fica como está. O resto do texto não
    muda.

    Com level = 0 nada muda, e com level = 1 tudo o que casa. E como os sorteios de um trecho não
    dependem do nível, o que muda num nível muda, e do mesmo modo, em todos os maiores: a curva da
    nota contra o ruído compara sempre os mesmos textos, cada vez mais estragados.

    Por exemplo, com pattern = "[áé]", uma change que tira o acento, o texto “é já” e os sorteios
    0,7 · 0,1 · 0,2 · 0,9, level = 0,5 dá “é ja”, e level = 0,8, “e ja”.
    """
    # --- sua vez
    pattern = re.compile(pattern)

    def noise(text, level, draw):
        def replaced(match):
            chance, choice = draw.random(), draw.random()
            return change(match[0], choice) if chance < level else match[0]

        return pattern.sub(replaced, text)

    return noise
    # --- fim


class Study(NamedTuple):
    """O que se sabe de dois modelos, A e B, medidos nos mesmos N exemplos.

    a (N,), b (N,): se cada modelo acertou o exemplo
    read (N,): se o exemplo estava nos textos de treino de algum deles
    groups (N,): o número do grupo de quem o exemplo fala, de 0 em diante
    seeds_a, seeds_b: as notas de cada modelo em treinos de outras sementes, pelo menos duas de cada
    tried: quantas comparações se fizeram ao todo, contando esta
    chosen_on_test: se o modelo A foi escolhido, entre outros, pela nota neste mesmo teste
    """

    a: np.ndarray
    b: np.ndarray
    read: np.ndarray
    groups: np.ndarray
    seeds_a: np.ndarray
    seeds_b: np.ndarray
    tried: int
    chosen_on_test: bool


CHOSEN = "não se sabe: A foi escolhido por este teste"
FEW = "não se sabe: restam poucos exemplos que os modelos não leram"
CHANCE = "não se sabe: a diferença pode ser acaso"
SEED = "não se sabe: outra semente dá uma diferença igual"
WORSE = "não: B é melhor"
PARTLY = "na média sim, mas em um grupo A é pior"
BETTER = "sim, A é melhor"
LEAST = 30  # exemplos
LEVEL = 0.05


def coin_tails(heads, tails):
    """Quão provável é, com uma moeda honesta jogada heads + tails vezes, uma divisão pelo menos tão
    desigual, para qualquer dos lados; 1 sem nenhuma jogada. É o p do teste dos sinais."""
    count = int(heads + tails)  # em um int64 do NumPy 2**count não caberia
    less = sum(math.comb(count, k) for k in range(min(heads, tails) + 1))
    return min(1.0, 2 * less / 2**count)


def verdict(study):
    """um Study -> (a resposta, p): “A é melhor que B”, é?, e o p em que ela se apoia.

    Pergunte nesta ordem, e pare na primeira resposta; p é None nas duas primeiras. De um conjunto
    de exemplos, o p é coin_tails(em quantos só A acerta, em quantos só B acerta): onde os dois
    acertam, ou os dois erram, não há o que comparar.

    1. A foi escolhido por este teste? CHOSEN.
    2. Deixe de fora os exemplos lidos no treino. Restam menos que LEAST? FEW.
    3. O p dos que restam, vezes o número de comparações feitas (mas no máximo 1; é este o p que se
       devolve daqui em diante), não é menor que LEVEL? CHANCE.
    4. Os exemplos em que só B acerta são mais que aqueles em que só A acerta? WORSE.
    5. A média das sementes de A, menos a das de B, não passa de DUAS vezes o erro padrão dessa
       diferença? SEED. (Também se é negativa.) O erro padrão é √(s²_A / n_A + s²_B / n_B), com s² a
       variância que divide por n - 1.
    6. Em algum grupo, entre os que ainda têm ao menos LEAST exemplos, B acerta sozinho mais vezes
       que A, e o p do grupo, vezes o número desses grupos, é menor que LEVEL? PARTLY.
    7. Nenhum deles: BETTER.
    """
    # --- sua vez
    if study.chosen_on_test:
        return CHOSEN, None
    kept = ~study.read
    if kept.sum() < LEAST:
        return FEW, None
    only_a, only_b = study.a & ~study.b & kept, study.b & ~study.a & kept
    p = min(1.0, study.tried * coin_tails(only_a.sum(), only_b.sum()))
    if p >= LEVEL:
        return CHANCE, p
    if only_b.sum() > only_a.sum():
        return WORSE, p
    seeds = study.seeds_a, study.seeds_b
    error = math.sqrt(sum(np.var(some, ddof=1) / len(some) for some in seeds))
    if np.mean(study.seeds_a) - np.mean(study.seeds_b) <= 2 * error:
        return SEED, p
    counts = np.bincount(study.groups[kept])
    large = np.flatnonzero(counts >= LEAST)
    for group in large:
        here = study.groups == group
        of_a, of_b = (only_a & here).sum(), (only_b & here).sum()
        if of_b > of_a and len(large) * coin_tails(of_a, of_b) < LEVEL:
            return PARTLY, p
    return BETTER, p
    # --- fim
