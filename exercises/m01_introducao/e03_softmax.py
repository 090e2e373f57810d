"""m01.e03 · Softmax e entropia cruzada estáveis

40 minutos · dificuldade 3 de 5 · precisa de: m01.e01
pode usar: numpy, tinyllm.tensor
na biblioteca: tinyllm.functional.softmax, tinyllm.functional.cross_entropy
desfaz: tinyllm.functional.attention, tinyllm.functional.linear_cross_entropy

Por que importa: um modelo termina com V números quaisquer, os logits, um por token. A softmax faz
deles probabilidades, e a entropia cruzada diz o quanto o token certo surpreendeu. São as últimas
contas de todo modelo de linguagem, e as primeiras por onde o gradiente volta. Como exp(1000) não
cabe num float, escritas como no livro elas quebram.

O que fazer: complete as três operações. Uma operação da biblioteca é uma função de arrays que
devolve o valor e `backward`, a função que leva dy (o gradiente da perda em relação ao valor) ao
gradiente em relação a cada entrada.

Dentro de uma operação só há arrays. Por fora, o `@op` faz dela uma função que devolve um Tensor;
por isso uma operação não pode chamar outra: a sua própria `softmax`, chamada dentro de
`cross_entropy`, devolveria um Tensor, e o NumPy não faz contas com ele. A parte que as três repetem
cabe numa função comum, sem `@op`.
"""

import numpy as np

from tinyllm.tensor import op


@op
def softmax(x):
    """(..., V) -> (..., V): e^x_i / Σ_j e^x_j ao longo do último eixo.

    Subtrair o maior x de cada linha não muda o resultado, e assim nenhum expoente passa de 0. Por
    exemplo, [0, log 3] dá [1/4, 3/4], e [1000, 1000 + log 3] também. Para trás: dx = y (dy - Σ_j
    dy_j y_j).
    """
    raise NotImplementedError("m01.e03")


@op
def log_softmax(x):
    """(..., V) -> (..., V): log softmax(x), sem passar pela softmax, que daria log 0.

    É x_i - log Σ_j e^x_j, com o maior x de cada linha subtraído antes. Por exemplo, [0, log 3] dá
    [log 1/4, log 3/4] = [-1,386, -0,288]; [0, 1000] dá [-1000, 0], embora a primeira probabilidade
    seja pequena demais para um float. Para trás: dx = dy - softmax(x) Σ_j dy_j.
    """
    raise NotImplementedError("m01.e03")


@op
def cross_entropy(logits, targets):
    """(N, V), (N,) ids -> (): a média de -log softmax(logits)[token certo], em nats.

    -log softmax(x)_i = log(Σ_j e^x_j) - x_i; com o maior x subtraído antes, nada transborda nem
    vira log 0. Por exemplo, logits [0, log 3] e token certo 1 dão -log(3/4) = 0,288. Para trás:
    dlogits = dy (softmax(logits) - u) / N, em que u tem 1 no token certo e 0 nos outros; os ids não
    têm gradiente, e no lugar dele vai None.
    """
    raise NotImplementedError("m01.e03")
