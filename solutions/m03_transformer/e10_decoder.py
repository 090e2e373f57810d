"""m03.e10 · O decoder

50 minutos · dificuldade 4 de 5 · precisa de: m03.e03, m03.e07, m03.e08, m03.e09
pode usar: numpy, tinyllm.nn, tinyllm.tensor
na biblioteca: tinyllm.models.t5.shift_right, tinyllm.models.t5.DecoderBlock

Por que importa: é a montagem. Com a atenção causal, a cruzada e a feed-forward faz-se o bloco que
escreve; com um encoder que lê e alguns desses blocos faz-se o Transformer de 2017, e o T5. Falta
ensiná-lo, o que pede um cuidado com o que o decoder recebe, e falta fazê-lo escrever, um token de
cada vez.

O que fazer: complete as três peças. O último teste junta tudo: treina um T5 minúsculo, com o seu
bloco, a ler quatro letras e escrevê-las de trás para a frente. Quando passar, treine um de verdade:
`tinyllm train --model t5 --mine --steps 20 --out runs/meu-t5`.
"""

import numpy as np

from tinyllm.nn import attention, layers
from tinyllm.nn.module import Module
from tinyllm.tensor import no_grad


def shift_right(targets, start_id):
    """(B, T) ids a escrever -> (B, T) ids que o decoder já leu quando escreve cada um deles.

    Antes do primeiro ele não leu nada, e recebe o token de início; antes do segundo leu o primeiro,
    e assim por diante: o último não é lido por ninguém. Por exemplo, com start_id = 0, [[7, 3, 5]]
    dá [[0, 7, 3]].

    Sem isso a máscara causal não bastaria: a posição t vê a si mesma, e ali estaria o token que ela
    tem de adivinhar.
    """
    # --- sua vez
    inputs = np.full_like(targets, start_id)
    inputs[:, 1:] = targets[:, :-1]
    return inputs
    # --- fim


def out_std(config):
    """O desvio-padrão com que começam as saídas de um bloco, para que no início ele mal se note. Já
    está escrita."""
    return 0.1 * (2 * (config.layers + config.decoder_layers) * config.width) ** -0.5


class DecoderBlock(Module):
    """(B, T, C), (B, S, C) -> (B, T, C): olha para o que já escreveu, olha para o que o encoder
    leu, e pensa.

    Escreva os dois métodos. `__init__(self, config, *, rng)` cria as partes, com estes nomes e
    nesta ordem; a largura C é config.width, e as três com saída recebem `out_std=out_std(config)`,
    que já está escrita:

        self.norm1           layers.RMSNorm(C)
        self.attention       attention.RelativeSelfAttention(C, config.heads, rng=rng, out_std=…)
        self.norm2           layers.RMSNorm(C)
        self.cross_attention attention.CrossAttention(C, config.heads, rng=rng, out_std=…,
                                                      scale=1.0)
        self.norm3           layers.RMSNorm(C)
        self.feed_forward    layers.GatedFeedForward(C, config.hidden, rng=rng, out_std=…)
        self.dropout         layers.Dropout(config.dropout)

    Escreva `attention.` e `layers.` por extenso, como aqui: assim as suas outras peças entram no
    lugar delas.

    `__call__(self, x, bias, memory, lengths=None, cache=None)` faz três vezes a mesma coisa:
    normaliza x, passa-o por uma das partes, passa o resultado pelo dropout e o SOMA a x. As partes,
    na ordem:

        self.attention(…, bias, causal=True, cache=…)    o que já foi escrito; bias, o viés, vem das
                                                         distâncias (ver a lição)
        self.cross_attention(…, memory, lengths, …)      o que o encoder leu; o último argumento é
                                                         o cache
        self.feed_forward(…)

    Só x é normalizado: a memória já vem normalizada do encoder. Se há um `cache`, ele tem duas
    partes: `cache.own` é o da auto-atenção, e `cache.memory` o da cruzada. Sem ele, as duas recebem
    None.
    """

    def __init__(self, config, *, rng):
        # --- sua vez
        width, std = config.width, out_std(config)
        self.norm1 = layers.RMSNorm(width)
        self.attention = attention.RelativeSelfAttention(width, config.heads, rng=rng, out_std=std)
        self.norm2 = layers.RMSNorm(width)
        self.cross_attention = attention.CrossAttention(
            width, config.heads, rng=rng, out_std=std, scale=1.0
        )
        self.norm3 = layers.RMSNorm(width)
        self.feed_forward = layers.GatedFeedForward(width, config.hidden, rng=rng, out_std=std)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, bias, memory, lengths=None, cache=None):
        own, of_memory = (cache.own, cache.memory) if cache else (None, None)
        x = x + self.dropout(self.attention(self.norm1(x), bias, causal=True, cache=own))
        x = x + self.dropout(self.cross_attention(self.norm2(x), memory, lengths, of_memory))
        return x + self.dropout(self.feed_forward(self.norm3(x)))
        # --- fim


def write(model, source, *, start_id, length):
    """Um T5 e (B, S) ids a ler -> (B, length) ids que ele escreve: a cada passo, o mais provável
    (busca gulosa).

    `writer = model.answering(source)` lê a origem, uma vez só; depois, `writer(written)` recebe os
    ids escritos até aqui, (B, n), e dá os logits do próximo em cada posição: um Tensor (B, n, V),
    cujos números estão em `.data`. Comece com uma coluna de start_id, que serve só para começar e
    não faz parte do resultado; a cada passo, o que interessa são os logits da ÚLTIMA posição, e o
    id de maior logit vai para o fim da linha. Dentro de `with no_grad():` nada se guarda para o
    caminho de volta.

    A biblioteca faz o mesmo em `tinyllm/infer/generate.py`, com cache, com sorteio e com um fim
    para cada linha.
    """
    # --- sua vez
    written = np.full((len(source), 1), start_id)
    with no_grad():
        writer = model.answering(source)
        for _ in range(length):
            likeliest = writer(written).data[:, -1].argmax(axis=-1)
            written = np.concatenate([written, likeliest[:, None]], axis=1)
    return written[:, 1:]
    # --- fim
