"""m01.e07 · Máscaras e objetivos: GPT, BERT e T5

35 minutos · dificuldade 3 de 5 · precisa de: m01.e06
pode usar: numpy
na biblioteca: nenhuma peça, porque lá a máscara é feita dentro da atenção, e
    tinyllm/data/objectives.py sorteia o que
    se esconde para um lote inteiro de uma vez

Por que importa: os três são o mesmo Transformer. O que os separa cabe em duas perguntas: o que cada
posição pode ver, e o que o modelo tem de prever. Das respostas vem para que cada um serve:
escrever, entender, ou transformar um texto em outro.

O que fazer: complete as três funções, que fazem de um texto um exemplo de treino de cada família.
Nada aqui é sorteado: o acaso chega pronto, nos argumentos, e por isso cada resposta é exata. O
tempo é medido: faça as contas com arrays inteiros, sem laços número a número.
"""

import numpy as np

IGNORED = -100  # no lugar de um alvo: aqui não há nada a prever, e a perda pula a posição


def causal_example(ids):
    """(N,) ids -> (T,) entradas, (T,) alvos, (T, T) bool, com T = N - 1: um exemplo para o GPT.

    O alvo de cada posição é o token seguinte; o último token do texto só serve de alvo, e o
    primeiro, só de entrada. Na linha i e coluna j da máscara está se a posição i vê a posição j: o
    GPT vê a si mesmo e o que veio antes. Por exemplo, [7, 8, 9] dá as entradas [7, 8], os alvos [8,
    9] e a máscara [[True, False], [True, True]].
    """
    raise NotImplementedError("m01.e07")


def masked_example(ids, chosen, draws, random_ids, mask_id):
    """(T,) ids, (T,) bool, (T,) em [0, 1), (T,) ids, id -> (T,) entradas, (T,) alvos, (T, T) bool:
    um para o BERT.

    O BERT vê o texto inteiro, dos dois lados, e adivinha os tokens escolhidos: o alvo é o token
    original onde `chosen` é True, e IGNORED nas outras posições. Das escolhidas, as de draws < 0,8
    viram mask_id na entrada; as de 0,8 <= draws < 0,9, o token de random_ids; as outras ficam como
    estão, para que o modelo nunca possa confiar no que lê. As não escolhidas não mudam. Por
    exemplo, [7, 8] com chosen [True, False] e draws [0,5, 0,1] dá as entradas [mask_id, 8], os
    alvos [7, IGNORED] e uma máscara toda True. (Devlin et al. 2018)
    """
    raise NotImplementedError("m01.e07")


def span_corruption(ids, spans, sentinels):
    """(N,) ids, pares (começo, fim), ids -> array das entradas, array dos alvos: um exemplo para o
    T5.

    Cada trecho ids[começo:fim] é trocado na entrada por uma sentinela, a primeira de `sentinels`
    para o primeiro trecho, e assim por diante. O alvo traz só o que foi tirado: cada sentinela
    seguida do seu trecho, e no fim a sentinela seguinte, que diz que acabou. Os trechos vêm em
    ordem e não se tocam; há mais sentinelas do que trechos. Por exemplo, [1, 2, 3, 4, 5] com os
    trechos (1, 3) e (4, 5) e as sentinelas [90, 91, 92] dá as entradas [1, 90, 4, 91] e os alvos
    [90, 2, 3, 91, 5, 92]. (Raffel et al. 2019)
    """
    raise NotImplementedError("m01.e07")
