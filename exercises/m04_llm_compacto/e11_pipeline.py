"""m04.e11 · Pipeline: a agenda dos estágios

50 minutos · dificuldade 4 de 5 · precisa de: m04.e04
pode usar: typing
na biblioteca: nenhuma peça, porque quem treina em estágios são vários processos (tinyllm launch), e
    quem desenha a agenda (tinyllm plan) não treina nada; as de lá têm o mesmo nome, em
    tinyllm/parallel/schedule.py

Por que importa: a maneira mais natural de repartir um modelo é por blocos: os primeiros numa placa,
os seguintes em outra. Mas cada placa espera pela anterior, e na volta pela seguinte. Cortar o lote
em microlotes as mantém ocupadas; em que ORDEM cada uma os faz decide quanto tempo fica parada e
quanta memória pede.

O que fazer: complete as três funções. Aqui nada se calcula de verdade: uma agenda é só dados, a
lista dos passos que cada estágio dá, em ordem.
"""

from typing import NamedTuple

FORWARD, BACKWARD = "forward", "backward"


class Step(NamedTuple):
    """O que um estágio faz: a ida ou a volta de um microlote. Os números começam em 0."""

    stage: int
    way: str
    micro_batch: int


def needed(step, stages):
    """O passo de OUTRO estágio que tem de acabar antes deste, ou None. Já está escrita.

    Na ida, o mesmo microlote vem do estágio anterior; na volta, do seguinte. A volta do último
    estágio vem logo depois da sua própria ida, que a ordem da agenda já põe antes.
    """
    other = step.stage + (-1 if step.way == FORWARD else 1)
    return Step(other, step.way, step.micro_batch) if 0 <= other < stages else None


def one_forward_one_backward(stages, micro_batches):
    """inteiros -> [[Step, …] de cada estágio]: a agenda 1F1B (Narayanan e outros, 2021).

    Cada estágio faz primeiro algumas idas, e depois, enquanto houver, uma volta e uma ida, uma
    volta e uma ida …; no fim, só as voltas que faltam. As idas são em ordem, as voltas também. As
    idas do começo são as que cabem antes que a primeira volta chegue: stages no estágio 0, uma a
    menos em cada um dos seguintes, uma só no último; mas nunca mais do que os microlotes que há.

    Por exemplo, com 2 estágios e 3 microlotes (→ é a ida, ← a volta):

        estágio 0   →0 →1 ←0 →2 ←1 ←2
        estágio 1   →0 ←0 →1 ←1 →2 ←2
    """
    raise NotImplementedError("m04.e11")


def bubble(schedule, *, forward=1, backward=2):
    """uma agenda -> que fração do tempo os estágios passam parados: a bolha.

    Uma ida leva `forward`, uma volta `backward`, e o que se manda chega na hora. Um estágio faz um
    passo de cada vez, na ordem da sua lista, e começa cada um assim que pode: quando acabou o seu
    anterior E acabou o passo `needed(step, stages)` do outro estágio, se houver. O tempo todo vai
    de 0 ao fim do último passo de todos; de stages vezes esse tempo, a bolha é a fração em que
    ninguém trabalha.

    Vale para qualquer agenda em que sempre alguém pode seguir, e não só para a 1F1B. Os passos de
    um estágio podem precisar dos de outro que vem antes ou depois dele na lista: percorra os
    estágios quantas vezes for preciso.

    Por exemplo, a agenda acima, de 2 estágios, leva 12 em vez de 9: cada um trabalha 9, a bolha é 1
    - 18/24 = 0,25.
    """
    raise NotImplementedError("m04.e11")


def held(schedule):
    """uma agenda -> [o máximo de microlotes cujas ativações cada estágio guarda ao mesmo tempo].

    As ativações de um microlote guardam-se da sua ida até a sua volta.

    Por exemplo, a agenda acima guarda [2, 1]; e se o estágio 0 fizesse todas as idas antes da
    primeira volta, guardaria 3.
    """
    raise NotImplementedError("m04.e11")
