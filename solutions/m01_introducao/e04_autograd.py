"""m01.e04 · Autograd: a regra da cadeia num grafo

45 minutos · dificuldade 4 de 5 · precisa de: m01.e01, m01.e03
pode usar: numpy, tinyllm.tensor
na biblioteca: tinyllm.tensor.sum_to_shape, tinyllm.tensor.multiply, tinyllm.tensor.backward
desfaz: tinyllm.functional.attention

Por que importa: treinar é dar muitos passos pequenos morro abaixo, e quem diz para onde é o
gradiente. Ninguém o deriva à mão para milhões de parâmetros: cada operação sabe só a própria
derivada, e `backward` as encadeia, do fim para o começo. São vinte linhas, e por elas passa todo o
treino de todo modelo.

O que fazer: complete as três funções. O tempo e a memória são medidos: faça as contas com arrays
inteiros, sem laços número a número, e não guarde o gradiente que já foi usado. Quando estiverem
certas, um GPT treina com elas: `tinyllm train --mine --steps 50 --out runs/minhas-pecas`.

O que se sabe de um grafo: um Tensor que uma operação fez tem em `.node` o seu nó; uma folha (um
parâmetro, por exemplo) tem `.node` None e faz as vezes do próprio nó. Nós e folhas têm `.shape` e
`.born`, a ordem de nascimento: uma entrada é sempre mais velha do que a saída. `node.gradients(dy)`
recebe o gradiente da perda em relação à saída do nó e dá um par (fonte, dx) por entrada que precisa
de gradiente, sendo a fonte outro nó ou uma folha. Só se pode chamá-lo uma vez: ele solta o que a
operação guardou.
"""

import numpy as np

from tinyllm.tensor import Tensor, dense, op


def sum_to_shape(grad, shape):
    """array, forma -> array dessa forma: o gradiente de uma entrada que o broadcasting esticou.

    Se um número foi repetido em k lugares, o seu gradiente é a soma dos gradientes desses k
    lugares. Então somam-se os eixos que `grad` tem a mais, à esquerda, e os que têm tamanho 1 em
    `shape`, que ficam com tamanho 1. Por exemplo, [[1, 2, 3], [4, 5, 6]] na forma (3,) é [5, 7, 9];
    na forma (2, 1), [[6], [15]]; na forma (), 21.
    """
    # --- sua vez
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return grad.sum(axis=stretched, keepdims=True)
    # --- fim


@op
def multiply(a, b):
    """(...), (...) -> (...): a vezes b, número a número, com broadcasting.

    Devolva, como em toda operação, o valor e uma função que leva dy ao par (gradiente de a,
    gradiente de b). Pela regra da cadeia, cada um é dy vezes a derivada local: a de a·b em relação
    a a é b. Por exemplo, com a = 3, b = 5 e dy = 2, são 10 e 6. Não desfaça o broadcasting aqui:
    quem chama `sum_to_shape` é `backward`.
    """
    # --- sua vez
    return a * b, lambda dy: (dy * b, dy * a)
    # --- fim


def backward(loss, grad=None):
    """Tensor -> {folha: array}: o gradiente de loss em relação a cada folha que precisa de um, com
    a forma dela.

    Comece em `loss.node` (ou no próprio loss, se for uma folha) com `grad`; se ele não vier, loss é
    um só número, e se começa de 1. O que é usado duas vezes recebe um gradiente de cada uso, e
    eles se somam; some num array novo, que o que chegou pode ser também de outro. Só chame
    `gradients` de um nó quando o gradiente dele estiver inteiro: o mais novo dos que esperam já
    recebeu tudo. Não use recursão: o grafo pode ter milhares de nós em fila.

    Cada dx vem do tamanho da saída (use `sum_to_shape`), e o de uma operação como x[i] vem como um
    `Part`, só com o pedaço que não é 0: `dense(dx, fonte.shape)` faz dele o array inteiro e deixa
    os outros como são. Por exemplo, com a = 3 e b = 5, a·b + a tem gradientes {a: 6, b: 3}.
    """
    # --- sua vez
    leaves, nodes = {}, {}  # o gradiente, até aqui, de cada folha e de cada nó que espera

    def receive(source, dx):
        totals = leaves if isinstance(source, Tensor) else nodes
        dx = sum_to_shape(dense(dx, source.shape), source.shape)
        totals[source] = totals[source] + dx if source in totals else dx

    receive(loss.node or loss, np.ones_like(loss.data) if grad is None else grad)
    while nodes:
        youngest = max(nodes, key=lambda node: node.born)
        for source, dx in youngest.gradients(nodes.pop(youngest)):
            receive(source, dx)
    return leaves
    # --- fim
