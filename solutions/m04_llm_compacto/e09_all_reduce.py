"""m04.e09 · All-reduce em anel e paralelismo de dados

50 minutos · dificuldade 3 de 5 · precisa de: m01.e04
pode usar: numpy
na biblioteca: nenhuma peça, porque entre processos quem soma é o MPI ou a NCCL; o anel da
    biblioteca, para ler e comparar, está em tinyllm/parallel/ring.py

Por que importa: é o modo mais simples de treinar em várias máquinas. Cada uma tem o modelo inteiro
e uma parte do lote, e a cada passo elas somam os gradientes. Se cada uma mandasse os seus a uma
só, essa receberia n - 1 vezes o modelo; em anel, cada uma manda menos de duas vezes, por mais que
sejam.

O que fazer: complete as duas funções. Elas rodam ao mesmo tempo em todos os ranks; um rank é um dos
processos que treinam juntos (nos testes, uma thread). O que ele sabe dos outros é `comm`:

    comm.rank, comm.size        o seu número, de 0 a size - 1, e quantos são
    comm.send(array, rank)      manda uma cópia de um array a outro, e não espera
    comm.receive(rank)          o próximo array que outro lhe mandou; se ainda não veio, espera

Num anel só se manda ao vizinho da frente, (rank + 1) % size, e só se recebe do de trás, (rank - 1)
% size. Quem espera por um array que ninguém manda é avisado.
"""

import numpy as np


def ring_all_reduce(comm, array):
    """(...) -> (...): a soma dos arrays de todos os ranks, a mesma em cada um.

    Os arrays têm todos a mesma forma e o mesmo tipo; o resultado também. Corte uma CÓPIA do array,
    achatada, em size pedaços quase iguais (`np.array_split` corta o que não se divide por size).
    Depois, duas voltas de size - 1 passos. O pedaço k é o de número k % size.

    Primeira volta, somar: no passo s = 0, 1, … mande o pedaço rank - s, e some o que chegar ao SEU
    pedaço rank - s - 1. É esse que você manda no passo seguinte: cada pedaço anda pelo anel e junta
    o que cada rank tem dele. No fim, o seu pedaço rank + 1 está completo.

    Segunda volta, distribuir: no passo s mande o pedaço rank + 1 - s, que já está completo, e ponha
    o que chegar NO LUGAR do pedaço rank - s.

    Cada rank manda 2 (size - 1) pedaços, e não mais: nos testes se conta o que passa. Por exemplo,
    com três ranks que têm [1, 2, 3], [10, 20, 30] e [100, 200, 300], os três ficam com [111, 222,
    333], e cada um mandou quatro pedaços de um número.
    """
    # --- sua vez
    total = array.copy().reshape(-1)
    pieces = np.array_split(total, comm.size)
    ahead, behind = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    for step in range(comm.size - 1):
        comm.send(pieces[(comm.rank - step) % comm.size], ahead)
        pieces[(comm.rank - step - 1) % comm.size] += comm.receive(behind)
    for step in range(comm.size - 1):
        comm.send(pieces[(comm.rank + 1 - step) % comm.size], ahead)
        pieces[(comm.rank - step) % comm.size][...] = comm.receive(behind)
    return total.reshape(array.shape)
    # --- fim


def data_parallel(comm, gradients, x, y):
    """(B, ...), (B, ...) -> {nome: array}: os gradientes médios do lote inteiro, em todos os ranks.

    `gradients(x, y)` dá {nome: gradiente da perda MÉDIA das linhas que recebeu}, com os nomes na
    mesma ordem em todos os ranks. Todos os ranks recebem o lote inteiro, x e y, mas cada um calcula
    só a sua parte: o rank r fica com as linhas de r·B // size, inclusive, a (r + 1)·B // size,
    exclusive. Suponha que B é pelo menos size: todos têm alguma linha.

    A média do lote NÃO é a média das médias quando as partes são desiguais: a de cada rank vale
    pelas linhas que ele leu, n / B. Some com o seu `ring_all_reduce`, um gradiente de cada vez.

    Por exemplo, com B = 5 e dois ranks, o primeiro lê 2 linhas e o segundo 3; se a média de um
    gradiente deu 10 no primeiro e 20 no segundo, o resultado é 10 · 2/5 + 20 · 3/5 = 16.
    """
    # --- sua vez
    first, end = (len(x) * rank // comm.size for rank in (comm.rank, comm.rank + 1))
    weight = (end - first) / len(x)
    mine = gradients(x[first:end], y[first:end])
    return {name: ring_all_reduce(comm, gradient * weight) for name, gradient in mine.items()}
    # --- fim
