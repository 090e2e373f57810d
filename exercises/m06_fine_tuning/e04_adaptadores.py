"""m06.e04 · Adaptadores e prompt tuning

40 minutos · dificuldade 3 de 5 · precisa de: m01.e04, m03.e01, m03.e04
pode usar: numpy, tinyllm.finetune.method, tinyllm.functional, tinyllm.nn.layers,
    tinyllm.nn.module, tinyllm.tensor
na biblioteca: tinyllm.finetune.bottleneck.Adapter, tinyllm.finetune.prompt.VirtualTokens

Por que importa: a LoRA aprende ao lado das matrizes. Há dois outros lugares: DEPOIS de cada parte
de um bloco, uma rede pequena que corrige o que ela diz; e ANTES do texto, alguns tokens inventados,
cujos embeddings são tudo o que se aprende. Os dois deixam o modelo como é, e com os três se
entende o que muda de um método a outro: onde, quanto, e o que custa depois.

O que fazer: complete as duas camadas. `Added`, de onde elas vêm, guarda em `self.inner` a parte do
modelo que está dentro, e dá aos pesos novos os nomes com que o que se aprendeu vai para o disco.
Com as duas certas, um modelo inteiro se adapta com a primeira: `tinyllm finetune runs/quickstart
--task instruct --method adapter --mine --out runs/meus-adaptadores`; com `--method prompt`, com a
segunda.
"""

import numpy as np

import tinyllm.functional as F
from tinyllm.finetune.method import Added
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import Parameter
from tinyllm.tensor import concatenate


class Adapter(Added):
    """(B, T, C), … -> (B, T, C): uma parte de um bloco e, somado ao que ela dá, o que um gargalo
    faz disso.

    Escreva o resto de `__init__` e `__call__`. `__init__(self, inner, width, hidden, *, rng)` cria
    duas camadas lineares, nesta ordem, para que a mesma semente dê os mesmos pesos que na
    biblioteca: `self.down`, de width a hidden, e `self.up`, de hidden a width. Uma camada se cria
    com `Linear(n_in, n_out, rng=rng)`. O PESO de up começa todo em 0, e assim o modelo começa como
    era; os vieses já começam em 0.

    `__call__(self, *inputs, **options)` chama a parte de dentro com tudo o que recebeu, e do que
    ela dá, y (B, T, C), faz

        y + up(gelu(down(y)))

    `F.gelu(h)` é a GELU, e `camada.weight.data` o array de um peso. Recém-criado, o adaptador dá
    exatamente o que inner dá.

    Por exemplo, com C = 64 e hidden = 8, aprendem-se 64 · 8 + 8 + 8 · 64 + 64 = 1.096 números.
    """

    def __init__(self, inner, width, hidden, *, rng):
        super().__init__(inner)
        raise NotImplementedError("m06.e04")


class VirtualTokens(Added):
    """(B, T) ids -> (B, T, C): uma tabela de embeddings e, atrás das suas V linhas, outras n, que
    se aprendem.

    `inner` é a tabela: inner(ids) dá os embeddings, (B, T, C), e `inner.weight` é o peso dela,
    (V, C). `prompt` é um array (n, C), com que as linhas novas começam. Escreva o resto de
    `__init__`, que guarda prompt em `self.prompt`, como um Parameter; e `__call__`.

    `__call__(self, ids)` recebe um array de inteiros. Ou TODAS as linhas de ids começam com os n
    tokens virtuais, V, V + 1, …, V + n - 1, nesta ordem, e têm texto depois deles: o resultado são
    as n linhas de self.prompt, iguais em todo o lote, e depois os embeddings do texto. Ou NENHUMA
    tem tokens virtuais (o modelo também escreve, e o prompt já foi lido): é só inner(ids).

    Devolve um Tensor, e por ele o gradiente chega a self.prompt: cada linha dela está em todos os
    textos do lote, e recebe a SOMA do que vem de cada um. `F.embedding(ids, peso)` lê linhas de um
    peso, `concatenate(x, y, axis=1)` junta dois Tensores, e os dois sabem voltar.

    Por exemplo, com V = 5 e n = 2, ids [[5 6 3 0]] dá as duas linhas do prompt e as linhas 3 e 0 da
    tabela; [[3 0]] dá só estas.
    """

    weight = property(lambda self: self.inner.weight)  # a última camada do modelo usa a mesma

    def __init__(self, inner, prompt):
        super().__init__(inner)
        raise NotImplementedError("m06.e04")
