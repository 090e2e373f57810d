"""m04.e04 · O GPT completo

60 minutos · dificuldade 4 de 5 · precisa de: m03.e01, m03.e03, m03.e04, m03.e08, m03.e10
pode usar: numpy, tinyllm.functional, tinyllm.nn, tinyllm.tensor
na biblioteca: tinyllm.models.gpt.Block, tinyllm.models.gpt.GPT

Por que importa: é o modelo inteiro. As camadas são as do módulo 3; aqui elas viram um GPT que se
treina, que escreve com um cache e cujos pesos se salvam e se abrem como os de qualquer outro. Tudo
o que vem depois neste curso se faz a um modelo montado assim.

O que fazer: complete as três peças. Quando estiverem certas, o GPT que treina é o seu:
`tinyllm train --mine --steps 50 --out runs/meu-gpt`.
"""

import numpy as np

import tinyllm.functional as F
from tinyllm.nn import attention, layers
from tinyllm.nn.cache import LayerCache
from tinyllm.nn.module import Module
from tinyllm.tensor import no_grad


class Block(Module):
    """(B, T, C) -> (B, T, C): a atenção mistura as posições, a feed-forward trabalha em cada uma.

    Escreva os dois métodos. `__init__(self, config, *, rng)` cria, nesta ordem, com C =
    config.width:

        self.norm1         layers.LayerNorm(C)
        self.attention     attention.CausalSelfAttention(C, config.heads, rng=rng, out_std=…)
        self.norm2         layers.LayerNorm(C)
        self.feed_forward  layers.FeedForward(C, 4 * C, rng=rng, out_std=…)
        self.dropout       layers.Dropout(config.dropout)

    O out_std da atenção é layers.out_std(C, 2 * config.layers), e o da feed-forward, a metade dele
    (os seus 4 C canais ocultos são quatro vezes mais termos). Escreva `layers.` e `attention.` por
    extenso: assim as suas outras peças entram no lugar delas.

    `__call__(self, x, cache=None)` normaliza ANTES de cada parte (pre-norm), e soma ao x que
    entrou o que ela dá, depois do dropout:

        x = x + dropout(attention(norm1(x), cache))
        x = x + dropout(feed_forward(norm2(x)))
    """

    def __init__(self, config, *, rng):
        raise NotImplementedError("m04.e04")


class GPT(Module):
    """(B, T) ids -> (B, T, V) logits do próximo token em cada posição.

    Escreva os sete métodos. `__init__(self, config, *, rng)` guarda config em `self.config` e
    config.context em `self.longest` (o maior texto que ele pode ter lido), e cria, nesta ordem:

        self.tokens     layers.Embedding(config.vocab_size, C, rng=rng, std=0.1)
        self.positions  layers.Embedding(config.context, C, rng=rng, std=0.03)
        self.dropout    layers.Dropout(config.dropout)
        self.blocks     uma lista de config.layers blocos, da sua `Block`
        self.norm       layers.LayerNorm(C), com o peso multiplicado por 0,3: `self.norm.weight.data
                        *= 0.3`. Com logits pequenos, no começo todos os tokens são quase igualmente
                        prováveis, e a primeira perda é log V

    `begin(self, ids, caches=None)` dá o fluxo na entrada do primeiro bloco, (B, T, C), e uma tupla
    vazia, `()`: o GPT nada mais dá aos blocos. Os ids passam antes por `layers.token_rows(ids)`,
    que faz um array do que vier em listas. As posições são as linhas `layers.places(ids,
    self.config, caches and caches[0])` de `self.positions.weight`: sem cache, de 0 a T - 1; com
    ele, as que vêm depois do que já foi lido. A soma das duas passa pelo dropout.

    `end(self, x)` é a norma do fim. `hidden(self, ids, caches=None)` vai de begin a end pelos
    blocos, cada um com o seu cache, se os há: (B, T, C). `head(self)` é a tabela dos tokens
    TRANSPOSTA, (C, V), com `.transpose(1, 0)`: os pesos são os mesmos (amarrados). `__call__(self,
    ids, caches=None)` dá os logits, hidden @ head. `loss(self, ids, targets, weights=None)` é a
    entropia cruzada média, por `F.linear_cross_entropy(hidden, head, targets, weights=weights)`.
    """

    def new_caches(self):
        """Um cache vazio para cada bloco. Já está escrito."""
        return [LayerCache() for _ in self.blocks]

    def __init__(self, config, *, rng):
        raise NotImplementedError("m04.e04")


def write_on(model, ids, count):
    """Um GPT e (B, T) ids -> (B, count) ids que os continuam: a cada passo, o mais provável.

    Com o cache, cada token se lê UMA vez: o modelo lê primeiro os T ids de uma só vez, e depois,
    a cada passo, só o que acabou de escrever. `caches = model.new_caches()` faz um cache vazio
    para cada bloco; `model(ids, caches)` lê os ids novos, guarda neles as chaves e os valores, e dá
    os logits, um Tensor (B, n, V), dos n ids que recebeu. O que interessa é a ÚLTIMA posição. O
    último token escrito não precisa ser lido. Suponha que T + count cabem no contexto, e que count
    é pelo menos 1.

    Dentro de `with no_grad():` nada se guarda para o caminho de volta. Na biblioteca,
    `tinyllm/infer/generate.py` faz o mesmo, com sorteio e com um fim para cada texto.
    """
    raise NotImplementedError("m04.e04")
