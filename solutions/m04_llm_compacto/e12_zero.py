"""m04.e12 · ZeRO: estados, gradientes e pesos repartidos

45 minutos · dificuldade 4 de 5 · precisa de: m04.e09
pode usar: numpy
na biblioteca: nenhuma peça, porque ali a repartição anda junto com a volta, camada por camada, e só
    em vários processos (tinyllm launch); leia-a em tinyllm/parallel/shard.py

Por que importa: no paralelismo de dados cada rank guarda tudo: os pesos, os gradientes e o estado
do AdamW, que sozinho é o dobro dos pesos. Com oito placas são oito cópias iguais. ZeRO guarda de
cada coisa uma cópia só, repartida, e um modelo que não cabia em nenhuma delas passa a caber em
todas.

O que fazer: complete as três funções. Aqui os parâmetros são um vetor de n números, e cada rank é
dono de uma PARTE de share = n / size deles, arredondado para cima: o rank r, dos que vão de r ·
share a (r + 1) · share. Os últimos podem passar do fim do vetor, que se completa com zeros.
"""

import numpy as np


def bytes_of_a_rank(numbers, size, stage):
    """inteiros -> (pesos, gradientes, estado): quantos bytes de cada coisa um rank guarda.

    São `numbers` parâmetros em float32, um gradiente para cada um, e o estado do AdamW, que são
    dois números por parâmetro (m e v). O estágio 0 é o paralelismo de dados, que guarda tudo; o 1
    reparte o estado; o 2, também os gradientes; o 3, também os pesos. O que se reparte ocupa share
    números de cada espécie, e o resto, `numbers`.

    Por exemplo, com 10 parâmetros e 4 ranks a parte é 3, e o estágio 2 dá (40, 12, 24).
    """
    # --- sua vez
    share = -(-numbers // size)
    weights = share if stage >= 3 else numbers
    gradients = share if stage >= 2 else numbers
    state = share if stage >= 1 else numbers
    return 4 * weights, 4 * gradients, 8 * state
    # --- fim


def zero_step(comm, weights, gradient, m, v, update):
    """Um passo do estágio 2, em todos os ranks ao mesmo tempo -> (pesos novos, m novo, v novo).

    `weights` (n,) são os pesos, os mesmos em todos; `gradient` (n,), o que este rank calculou com
    as suas linhas (já pesado: a SOMA de todos é o gradiente do lote); `m` e `v` (share,), o estado
    do AdamW, só dos números de que este rank é dono. `update(w, g, m, v)` move números: recebe
    quatro arrays (share,) e devolve w, m e v novos. O que ele faz a um número não depende dos
    outros, e é por isso que se pode repartir.

    `comm` tem rank, size e dois métodos:

        comm.reduce_scatter(array)    (size · share,) -> (share,): da SOMA de todos os ranks, a
                                      parte deste
        comm.all_gather(array)        (share,) -> (size · share,): as partes de todos, em ordem

    Some os gradientes, ficando só com a sua parte; mova a sua parte dos pesos; junte as de todos.
    Os zeros que completam o vetor não voltam: os pesos novos são (n,). Não mude os arrays que
    recebe; devolva outros.

    Por exemplo, com n = 3, dois ranks e `update` que faz w - g: a parte é 2; o rank 0 move os dois
    primeiros pesos, o rank 1 o último, e ambos devolvem os três.
    """
    # --- sua vez
    share = len(m)
    fill = share * comm.size - len(weights)
    summed = comm.reduce_scatter(np.pad(gradient, (0, fill)))
    mine = np.pad(weights, (0, fill))[comm.rank * share : (comm.rank + 1) * share]
    moved, m, v = update(mine, summed, m, v)
    return comm.all_gather(moved)[: len(weights)], m, v
    # --- fim


def forward_in_shares(comm, shares, shapes, x):
    """(B, C0) -> (B, CL): o caminho de ida do estágio 3, em que ninguém tem os pesos inteiros.

    Cada camada faz tanh(x @ W). Da camada k este rank só tem `shares[k]`, a sua parte de W achatada
    (e, no último rank, completada com zeros); `shapes[k]` é a forma (n_in, n_out) de W. Para cada
    camada, em ordem: junte as partes com `comm.all_gather`, tire o que sobra, dê a forma, calcule,
    e deixe W ir antes de juntar a próxima. O teste conta quantas camadas inteiras existem ao mesmo
    tempo: juntar todas antes de começar é o que o estágio 3 veio evitar.

    Por exemplo, com W de forma (3, 5) e dois ranks, a parte é 8; o `all_gather` dá 16 números, e só
    os 15 primeiros são W.
    """
    # --- sua vez
    for share, (n_in, n_out) in zip(shares, shapes, strict=True):
        whole = comm.all_gather(share)[: n_in * n_out].reshape(n_in, n_out)
        x = np.tanh(x @ whole)
    return x
    # --- fim
