"""m01.e05 · Célula RNN e célula LSTM

30 minutos · dificuldade 3 de 5 · precisa de: m01.e01
pode usar: numpy, tinyllm.tensor
na biblioteca: tinyllm.functional.rnn_cell, tinyllm.functional.lstm_cell
desfaz: tinyllm.functional.rnn, tinyllm.functional.lstm

Por que importa: antes da atenção, era assim que uma rede lia: um token de cada vez, com um estado
que guarda o que já passou. O estado tem sempre o mesmo tamanho, e por isso estas redes escrevem sem
parar com pouca memória; o preço é que tudo o que veio antes tem de caber nele. O LSTM é a célula
que aprendeu a não esquecer.

O que fazer: complete as duas células. As entradas são Tensores, e as contas que você faz com eles
(+, *, @, fatias, `tanh`, `concatenate`) lembram-se do caminho: o gradiente vem de graça. Só estas
se lembram: `np.tanh` e `np.concatenate` não conhecem Tensores, e por elas o gradiente não volta.
`concatenate(a, b, axis=1)` recebe os Tensores um depois do outro, sem a lista que o NumPy pede. O x
já chega projetado (x @ W + b é feito de uma vez para o texto todo); o que falta é juntar a ele o
que o estado diz. A memória é medida: faça as contas do lote inteiro, e não linha a linha. Quando
estiverem certas, uma rede inteira treina com elas:
`tinyllm train --model lstm --mine --steps 20 --out runs/meu-lstm`.
"""

from tinyllm.tensor import concatenate, tanh


def sigmoid(x):
    """(...) -> (...): 1 / (1 + e^-x), entre 0 e 1; pela tanh, que nenhum número faz transbordar.
    Esta já vem pronta."""
    return 0.5 * tanh(0.5 * x) + 0.5


def rnn_cell(x, state, weight):
    """(B, M), (B, M), (M, M) -> (B, M): o estado seguinte, tanh(x + state @ weight).

    Cada linha é um texto do lote. Por exemplo, com M = 1, x = 1, estado 2 e peso 0,5, o estado
    seguinte é tanh(1 + 1) = 0,964.
    """
    raise NotImplementedError("m01.e05")


def lstm_cell(x, state, weight):
    """(B, 4 M), (B, 2 M), (M, 4 M) -> (B, 2 M): o estado seguinte: h, o que a célula mostra, e c, a
    memória.

    Num estado as primeiras M colunas são h e as outras M são c. As 4 M colunas de x + h @ weight
    são, nesta ordem, M de cada: i (entrar), f (guardar), g (a novidade) e o (mostrar). Três são
    portas, entre 0 e 1; a novidade vai de -1 a 1.

        c' = σ(f) · c + σ(i) · tanh(g)          h' = σ(o) · tanh(c')

    em que · é número a número. Devolva [h', c'] lado a lado. Por exemplo, com M = 1, x = [0, 0, 0,
    0], h = 0 e c = 2, cada porta vale 1/2 e a novidade 0: c' = 1 e h' = tanh(1) / 2 = 0,381.
    """
    raise NotImplementedError("m01.e05")
