"""m06.e03 · LoRA

50 minutos · dificuldade 3 de 5 · precisa de: m01.e04, m04.e03
pode usar: numpy, tinyllm.nn.layers, tinyllm.nn.module, tinyllm.tensor
na biblioteca: tinyllm.finetune.lora.LowRank

Por que importa: para adaptar um modelo a uma tarefa não é preciso mexer em todos os seus pesos. Ao
lado de cada matriz congelada aprende-se um produto de duas matrizes finas, com menos de um
centésimo dos números; no fim ele se soma à matriz, e o modelo fica tão rápido quanto era. É assim
que quase todo modelo grande é adaptado hoje.

O que fazer: complete as três peças. A memória é medida: nunca forme a matriz a @ b antes de
`merge`. A segunda é a da biblioteca, e um modelo inteiro se adapta com as suas matrizes: `tinyllm
finetune runs/quickstart --task instruct --method lora --mine --out runs/minha-lora`. A primeira e a
terceira têm lá o mesmo nome, em tinyllm/finetune/lora.py: ali uma só operação soma as matrizes de
todas as partes, e há ainda um dropout.
"""

import numpy as np

from tinyllm.nn.layers import initial_weight
from tinyllm.nn.module import Around, Module, Parameter, freeze
from tinyllm.tensor import op, rows


@op
def add_low_rank(y, x, a, b, *, scale, columns):
    """(…, n_out), (…, n_in), (n_in, r), (r, n) -> (…, n_out): y e, somado a n das suas colunas, o
    que duas matrizes finas fazem de x.

    `columns` é um slice que diz que n colunas de y são essas, ao longo do último eixo. Nelas o
    resultado é y[…, columns] + scale · x a b; nas outras, y. Não mude y: devolva outro array.

    É uma operação, como as de m01.e03: recebe arrays e devolve o valor e a volta. backward(dy)
    recebe o gradiente do resultado e devolve QUATRO, na ordem: o de y, o de x, o de a e o de b,
    cada um com a forma do que é. Derive-os (a lição o faz com você). x pode ter quantos eixos
    quiser antes do último: `rows(x)`, que já está importada, os junta num só, (N, n_in).

    Por exemplo, com y = [[1 2 3]], x = [[1 1]], a = [[1] [2]], b = [[1 10]], scale = 0,5 e
    columns = slice(1, 3): x a = 3, x a b = [[3 30]], e o resultado é [[1  3,5  18]].
    """
    raise NotImplementedError("m06.e03")


class LowRank(Module):
    """As duas matrizes finas que se aprendem ao lado de algumas colunas de uma camada.

    Escreva `__init__(self, n_in, columns, rank, *, rng)`. Ele guarda três atributos: `self.a`,
    (n_in, rank), um Parameter com os números de `initial_weight(n_in, rank, rng=rng)`, os de
    qualquer camada nova; `self.b`, um Parameter de `rank` linhas, com uma coluna para cada uma das
    que `columns` toma, e que no começo é toda 0; e `self.columns = columns`. `columns` é um slice
    de que os dois extremos são dados, `columns.start` e `columns.stop`.

    Por exemplo, com n_in = 4, columns = slice(8, 14) e rank = 2, a é (4, 2) e b é (2, 6).
    """

    def __init__(self, n_in, columns, rank, *, rng):
        raise NotImplementedError("m06.e03")


class LoRA(Around):
    """(…, n_in) -> (…, n_out): uma camada linear congelada e, ao lado, o que se aprende.

    `inner` é a camada: tem o peso `inner.weight`, (n_in, n_out), e `inner(x)` a calcula. `parts` é
    {nome: columns}, com um slice para cada parte a adaptar: em m03.e05 uma só camada faz perguntas,
    chaves e valores, e o costume é adaptar duas dessas três partes. `config` tem `rank`, `alpha` e
    `rslora`. Escreva o que falta de `__init__`, e os outros três métodos.

    `__init__` congela todos os pesos de inner (`freeze(inner)` faz isso), cria `self.parts`, um
    dicionário com os mesmos nomes e um LowRank para cada um, com o posto config.rank e o rng, na
    ordem de parts; e guarda `self.scale`: alpha / rank ou, se config.rslora for verdadeiro,
    alpha / √rank.

    `__call__(x)`: inner(x), e somado a ele (`add_low_rank`) o que cada parte faz de x. Fundida, a
    camada é só inner(x): o resto já está no peso dela.

    `merge()`: funde. Soma scale · a b, de cada parte, às colunas dela em `inner.weight.data`, no
    próprio array, e põe `self.merged` em True. Se já estava fundida, não faz nada.

    `unmerge()`: o caminho de volta, com self.merged em False. Se não estava fundida, não faz nada.

    `weight.data` é o array de um peso. Por exemplo, com alpha = 16 e rank = 4 a escala é 4; com
    rslora, 8. Recém-criada, a camada dá exatamente o que inner dá.
    """

    def __init__(self, inner, parts, config, *, rng):
        super().__init__(inner)
        self.merged = False
        raise NotImplementedError("m06.e03")
