"""m01.e06 · Atenção e auto-atenção

30 minutos · dificuldade 3 de 5 · precisa de: m01.e01, m01.e03
pode usar: numpy
na biblioteca: nenhuma peça, porque a de lá faz o mesmo para um lote inteiro e várias cabeças,
    assunto do módulo 3

Por que importa: é a ideia de que o Transformer é feito, e nasceu antes dele. Em vez de carregar o
passado num estado que se apaga aos poucos, cada posição olha para as outras, decide quais importam
e faz uma média delas, com pesos que ela mesma escolheu.

O que fazer: complete as três funções. A segunda pode chamar a primeira, e a terceira, a segunda. Um
`for` sobre as posições é bem-vindo.
"""

import numpy as np


def attention_weights(query, keys):
    """(D,), (S, D) -> (S,): quanto a posição que pergunta olha para cada uma das S posições; os
    pesos somam 1.

    softmax das pontuações q·k_s / √D, com a maior delas subtraída antes de exponenciar. Por
    exemplo, com D = 4, q = [2, 0, 0, 0] e chaves [1, 0, 0, 0] e [-1, 0, 0, 0], as pontuações são 1
    e -1, e os pesos 0,881 e 0,119.
    """
    # --- sua vez
    scores = keys @ query / np.sqrt(len(query))
    e = np.exp(scores - scores.max())
    return e / e.sum()
    # --- fim


def attend(query, keys, values):
    """(D,), (S, D), (S, E) -> (E,): a média dos valores, pesada por `attention_weights`."""
    # --- sua vez
    return attention_weights(query, keys) @ values
    # --- fim


def causal_self_attention(x, w_query, w_key, w_value):
    """(T, C), (C, D), (C, D), (C, E) -> (T, E): cada posição olha para si mesma e para as
    anteriores, nunca adiante.

    As perguntas, chaves e valores são x @ w_query, x @ w_key e x @ w_value: três projeções do mesmo
    texto, daí o nome de auto-atenção. A primeira posição só vê a si mesma, e devolve o próprio
    valor.
    """
    # --- sua vez
    queries, keys, values = x @ w_query, x @ w_key, x @ w_value
    return np.stack([attend(queries[t], keys[: t + 1], values[: t + 1]) for t in range(len(x))])
    # --- fim
