"""m04.e08 · Streaming de camadas

55 minutos · dificuldade 4 de 5 · precisa de: m01.e04, m04.e06, m04.e07
pode usar: numpy, concurrent.futures, tinyllm.tensor
na biblioteca: nenhuma peça, porque nela os pesos voltam ao mesmo lugar do bloco, que pode ser de
    qualquer modelo, e a GPU os traz sem threads (tinyllm/memory/stream.py)

Por que importa: um bloco só precisa dos seus pesos enquanto roda. Quem os traz do disco um a um, e
os esquece logo depois, roda e treina um modelo maior que a memória da máquina, com os mesmos
resultados. O preço é a viagem; e ela se esconde, se os pesos do próximo bloco já estão a caminho
enquanto este calcula.

O que fazer: complete as três funções. Um modelo aqui são camadas numeradas de 0 em diante:
`load(i)` traz do disco o peso da camada i, um array, e function(x, peso) é o que a camada faz com
Tensores.
"""

from concurrent.futures import ThreadPoolExecutor

from tinyllm.tensor import Tensor, backward, no_grad


def ahead(load, numbers):
    """Um gerador: dá load(i) para cada i de `numbers`, em ordem, com o próximo SEMPRE a caminho.

    Enquanto quem chamou trabalha com um peso, outra thread já traz o seguinte, e só ele: na memória
    ficam dois pesos, e não o modelo; um futuro que se guarda também guarda o peso que deu. Num
    `ThreadPoolExecutor(1)`, `executor.submit(load, i)` devolve logo um futuro, e a conta corre na
    outra thread; `futuro.result()` espera por ela e dá o que ela deu. Espere pelo peso de agora,
    mande buscar o próximo, e só então dê o de agora com `yield`.

    `numbers` é uma sequência, que pode ser vazia; cada peso se busca uma vez só. Por exemplo, com
    numbers = [2, 1, 0], quando o de 2 é dado a thread já busca o de 1, e o de 0 ainda não.
    """
    # --- sua vez
    with ThreadPoolExecutor(1) as executor:
        coming = [executor.submit(load, number) for number in numbers[:1]]
        for following in numbers[1:]:
            weight = coming.pop().result()
            coming.append(executor.submit(load, following))
            yield weight
        for last in coming:
            yield last.result()
    # --- fim


def forward(x, load, layers, function):
    """(…), e as camadas -> o array que sai da última, e a lista das `layers` entradas.

    x é um array. A ida não guarda nada do que as camadas calculam no meio (`with no_grad():`), nem
    nenhum peso: só o que ENTROU em cada camada, um array por camada, em ordem, como num checkpoint
    por camada (m04.e06). Traga os pesos com `ahead`, de 0 a layers - 1.
    """
    # --- sua vez
    entries = []
    for weight in ahead(load, range(layers)):
        entries.append(x)
        with no_grad():
            x = function(Tensor(x), Tensor(weight)).data
    return x, entries
    # --- fim


def backward_through(dy, entries, load, store, function):
    """O gradiente do que saiu, e as entradas da ida -> o gradiente do que entrou na primeira
    camada.

    Da última camada para a primeira: traga o peso (com `ahead`, que também anda para trás), faça
    folhas novas da entrada e do peso, com requires_grad=True, rode a camada outra vez, e
    `backward(saída, dy)` dá o dicionário {folha: gradiente}. O gradiente do peso vai para o disco,
    com store(i, gradiente), e não fica na memória; o da entrada é o dy da camada anterior.

    Cada entrada serve uma vez: tire-a da lista com `entries.pop()`, e a memória se esvazia pelo
    caminho. No fim `entries` está vazia.
    """
    # --- sua vez
    numbers = range(len(entries))[::-1]
    for number, weight in zip(numbers, ahead(load, numbers), strict=True):
        leaves = Tensor(entries.pop(), requires_grad=True), Tensor(weight, requires_grad=True)
        gradients = backward(function(*leaves), dy)
        dy, of_weight = (gradients[leaf] for leaf in leaves)
        store(number, of_weight)
    return dy
    # --- fim
