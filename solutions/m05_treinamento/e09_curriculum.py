"""m05.e09 · Curriculum: do fácil ao difícil

40 minutos · dificuldade 3 de 5 · precisa de: m01.e01, m01.e02
pode usar: numpy
na biblioteca: tinyllm.data.curriculum.competence

Por que importa: uma criança não aprende a ler pelo Dom Casmurro. Um modelo aprende melhor se
começar pelas frases fáceis? É uma ideia antiga, barata de tentar, e que às vezes ajuda. Para a
tentar é preciso dizer o que é fácil, em que ritmo entra o resto, e sortear só do que já entrou, de
modo que um treino retomado sorteie o mesmo.

O que fazer: complete as três funções. A terceira usa a segunda, que é a da biblioteca: com ela um
treino segue o seu ritmo:
`tinyllm train --curriculum length --steps 50 --mine --out runs/curriculo`.
"""

import math

import numpy as np


def rarity(texts, vocab_size):
    """K textos, cada um um array (n,) de ids -> (K,) float64: quanto é difícil cada texto.

    A dificuldade de um texto é a SOMA, sobre os seus tokens, de -log p(token), com p(token) a parte
    que esse token é de todos os tokens de todos os textos, e o logaritmo natural. É a surpresa de
    quem só sabe com que frequência cada token aparece: textos longos e textos de tokens raros são
    difíceis. Um texto vazio tem a dificuldade 0. Há pelo menos um token ao todo, e um id de 0 a
    vocab_size - 1 pode não aparecer em texto nenhum.

    Por exemplo, em [0 0] e [0 1] o token 0 são 3/4 de todos, e o 1 é 1/4: as dificuldades são 2 ·
    0,288 = 0,575 e 0,288 + 1,386 = 1,674.
    """
    # --- sua vez
    counts = np.bincount(np.concatenate(texts), minlength=vocab_size)
    surprise = -np.log(np.maximum(counts, 1) / counts.sum())
    return np.array([surprise[text].sum() for text in texts])
    # --- fim


def competence(progress, *, start):
    """números -> número de start a 1: que parte dos textos, a mais fácil, já está em jogo.

    `progress` diz quanto do curriculum já passou: 0 no começo, 1 no fim, e mais que 1 depois dele.
    O QUADRADO da competência cresce em linha reta, de start², em 0, a 1, em 1; daí em diante ela
    fica em 1. Assim cada texto que entra tem o mesmo tempo que os outros para ser aprendido (a
    conta está na lição).

    Por exemplo, com start = 0,1 ela é 0,1 em 0; 0,505 em 0,2475; 0,711 em 0,5; e 1 em 1.
    """
    # --- sua vez
    return min(1.0, math.sqrt(progress * (1 - start**2) + start**2))
    # --- fim


def draw(scores, step, *, steps, start, batch, seed):
    """(K,) dificuldades -> (batch,) inteiros, um array: os números dos textos que o passo lê.

    O curriculum dura `steps` passos, e o progresso é step / steps. Estão em jogo os ⌈c · K⌉ textos
    de menor dificuldade (arredondado para cima), com c a competência, que vem da sua `competence`.
    Entre textos igualmente difíceis, primeiro o de menor número.

    Sorteie com np.random.default_rng([seed, step]).integers(n, size=batch), em que n é quantos
    estão em jogo: são lugares na lista deles, do mais fácil ao mais difícil, e podem repetir-se.
    Devolva os números que esses textos têm em `scores`.

    Quem retoma um treino no passo 700 sorteia o mesmo que quem veio do 0, porque nada aqui depende
    do que foi sorteado antes.

    Por exemplo, com as dificuldades [9 2 7 4] e c = 0,5 estão em jogo os textos 1 e 3, nesta ordem.
    """
    # --- sua vez
    order = np.argsort(scores, kind="stable")
    count = math.ceil(competence(step / steps, start=start) * len(scores))
    return order[np.random.default_rng([seed, step]).integers(count, size=batch)]
    # --- fim
