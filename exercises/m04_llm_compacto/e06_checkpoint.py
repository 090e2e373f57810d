"""m04.e06 · Gradient checkpointing

50 minutos · dificuldade 4 de 5 · precisa de: m01.e04, m04.e02
pode usar: numpy, tinyllm.functional, tinyllm.tensor
na biblioteca: nenhuma peça, porque a dela embrulha um bloco inteiro e serve também de base à que
    busca os pesos no disco (tinyllm/memory/recompute.py); a sua é o que há no meio dela

Por que importa: o que mais ocupa memória num treino são as ativações, guardadas na ida para a
volta. Quem guarda só algumas e calcula as outras de novo treina, na mesma máquina, modelos várias
vezes mais fundos, e paga um terço a mais em contas. Os gradientes são os mesmos, até o último bit.

O que fazer: complete as três funções. A segunda usa a primeira.
"""

import tinyllm.functional as F
from tinyllm.tensor import Tensor, backward, no_grad, op


@op
def checkpoint(x, *weights, function):
    """(…), pesos -> (…): o mesmo que function(x, *weights), mas da ida só se guardam as ENTRADAS.

    Numa operação, x e weights são arrays, e `function` quer Tensores e devolve um. Na ida, chame-a
    dentro de `with no_grad():`, com Tensor(x) e os pesos também feitos Tensores: nada do que ela
    calcula no meio fica guardado. O valor são os números do resultado, em `.data`.

    Na volta chega dy, um array da forma do resultado. Faça folhas novas, `Tensor(array,
    requires_grad=True)`, de x e de cada peso; chame `function` outra vez com elas, agora lembrando;
    e `backward(resultado, dy)` dá o dicionário {folha: gradiente}. Devolva uma lista de gradientes,
    na ordem das entradas; o de uma folha que não está no dicionário é None.

    Se há dropout em function, a segunda vez tem de apagar o que a primeira apagou.
    `F.noise_place()` diz em que ponto está o sorteio, e dentro de `with F.noise_from(lugar):` ele
    recomeça dali. Anote o lugar ANTES da primeira chamada.

    Devolva o par (valor, volta), como em toda operação (m01.e04).
    """
    raise NotImplementedError("m04.e06")


def in_segments(x, steps, every):
    """Um Tensor x e as camadas -> o Tensor que sai da última, com um checkpoint a cada `every`.

    `steps` é uma lista de pares (função, peso): a camada i faz x = função(x, peso), com Tensores.
    Cada `every` camadas seguidas são um SEGMENTO, e o último pode ser menor. De um segmento só se
    guarda o que entrou nele: chame `checkpoint(x, *pesos, function=…)` com os pesos das suas
    camadas e uma função que as percorre, em ordem.

    Por exemplo, com cinco camadas e every = 2 os segmentos são 0 1, 2 3 e 4. Na volta repete-se
    primeiro a camada 4, depois 2 e 3, e por fim 0 e 1. Cuidado: a função que você dá é chamada na
    volta, muito depois de o laço ter acabado.
    """
    raise NotImplementedError("m04.e06")


def peak_numbers(layers, every, inside, entry):
    """Quatro inteiros -> quantos números estão guardados no pior momento da volta.

    São `layers` camadas, em segmentos de `every`, e o último pode ser menor. O que entra num
    segmento são `entry` números, guardados até que ele tenha sido repetido e percorrido na volta;
    uma camada que se repete guarda `inside` números, e os de todas as camadas de um segmento estão
    guardados ao mesmo tempo. A volta começa pelo último segmento: com ele estão guardadas as
    entradas de todos; com o anterior, as de todos menos uma; e assim por diante. Vale o pior dos
    momentos.

    Por exemplo, sete camadas, every = 3, inside = 10, entry = 1: o último segmento, de uma camada,
    chega a 3 · 1 + 1 · 10 = 13; o do meio, a 2 + 30 = 32; o primeiro, a 31. A resposta é 32.
    """
    raise NotImplementedError("m04.e06")
