"""m04.e10 · Linear por colunas e por linhas

45 minutos · dificuldade 4 de 5 · precisa de: m01.e04, m03.e04, m04.e09
pode usar: numpy, tinyllm.functional, tinyllm.tensor
na biblioteca: nenhuma peça, porque ali elas só correm em vários processos (tinyllm launch); leia-as
    em tinyllm/parallel/tensor.py

Por que importa: quando nem uma camada cabe numa placa, ou quando uma placa sozinha é lenta demais,
cortam-se as próprias matrizes. Cortada do jeito certo, uma camada de duas matrizes pede uma única
soma entre os ranks na ida e outra na volta (Megatron-LM, Shoeybi e outros, 2019).

O que fazer: complete as três peças. Elas rodam ao mesmo tempo em todos os ranks, e de `comm` só
precisam de `comm.all_reduce(array)`, a soma dos arrays de todos, a mesma em cada um. As duas
primeiras são operações: recebem e devolvem arrays, e a volta que dão recebe e devolve gradientes.
"""

import tinyllm.functional as F
from tinyllm.tensor import op


@op
def enter(x, *, comm):
    """(...) -> (...): onde a parte repartida começa.

    Na ida não faz nada: todos os ranks têm o mesmo x, e cada um o usa. Na volta, cada rank só sabe
    que parte do gradiente de x passou pelas SUAS colunas; o gradiente inteiro é a soma de todas.

    Devolve (valor, backward), e backward(dy) devolve dx. Por exemplo, com dois ranks e dy = 3 num e
    4 no outro, dx = 7 nos dois.
    """
    # --- sua vez
    return x, comm.all_reduce
    # --- fim


@op
def leave(x, *, comm):
    """(...) -> (...): onde a parte repartida acaba.

    Na ida, cada rank tem uma parcela da saída, e todos saem com a SOMA delas. Na volta, dy já é o
    mesmo em todos, e como y = x0 + x1 + … a derivada de y em relação à parcela de cada um é 1.

    Devolve (valor, backward), e backward(dy) devolve dx. Por exemplo, com dois ranks e x = 3 num e
    4 no outro, os dois saem com 7; se dy = 5, dx = 5 nos dois.
    """
    # --- sua vez
    return comm.all_reduce(x), lambda dy: dy
    # --- fim


def feed_forward(x, up, up_bias, down, down_bias, *, comm):
    """(B, T, C) -> (B, T, C): a feed-forward do módulo 3, repartida entre os ranks.

    Inteira, ela é gelu(x @ up + up_bias) @ down + down_bias. Aqui cada rank tem M/size dos M canais
    ocultos: `up` (C, M/size) são as suas COLUNAS, `up_bias` (M/size,) os vieses delas, e `down`
    (M/size, C) as suas LINHAS. `down_bias` (C,) está inteiro em todos. Todos são Tensores.

    A GELU trabalha em cada canal por si, e por isso pode ficar entre os dois cortes sem que ninguém
    troque nada. Use `enter(x, comm=comm)` uma vez e `leave` uma vez, chamado do mesmo modo;
    `F.gelu(h)` é a GELU. Cuidado com o down_bias: ele se soma uma vez só, e não uma por rank.

    O resultado, e o gradiente de x, são os da feed-forward inteira; o gradiente de cada parte é a
    mesma parte do gradiente inteiro.
    """
    # --- sua vez
    hidden = F.gelu(enter(x, comm=comm) @ up + up_bias)  # (B, T, M/size)
    return leave(hidden @ down, comm=comm) + down_bias
    # --- fim
