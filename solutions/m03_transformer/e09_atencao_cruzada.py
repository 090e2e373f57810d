"""m03.e09 · Atenção cruzada

35 minutos · dificuldade 3 de 5 · precisa de: m03.e05
pode usar: numpy, tinyllm.functional.activations, tinyllm.nn.layers, tinyllm.nn.module,
    tinyllm.tensor
na biblioteca: tinyllm.nn.attention.CrossAttention

Por que importa: para traduzir, resumir ou responder há dois textos, o que se lê e o que se escreve,
e um tem de olhar para o outro. A atenção cruzada é a mesma conta da auto-atenção, com uma
diferença: quem pergunta é um texto, e quem responde, com as chaves e os valores, é o outro. Foi
assim que a atenção nasceu, em 2014, para traduzir. E nada exige que o outro texto seja um texto: os
modelos que descrevem fotografias olham, do mesmo modo, para pedaços da imagem.

O que fazer: escreva a camada. Quando estiver certa, um T5 treina com ela:
`tinyllm train --model t5 --mine --steps 20 --out runs/minha-cruzada`.
"""

import numpy as np

from tinyllm.functional.activations import softmax
from tinyllm.nn.layers import Projection
from tinyllm.nn.module import Module
from tinyllm.tensor import where


def in_heads(x, heads):
    """(B, T, C) -> (B, H, T, D): os canais em cabeças, como em m03.e05. Já está escrita."""
    B, T, C = x.shape
    return x.reshape(B, T, heads, C // heads).transpose(0, 2, 1, 3)


def side_by_side(x):
    """(B, H, T, D) -> (B, T, C): as cabeças de novo lado a lado. Já está escrita."""
    B, H, T, D = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * D)


class CrossAttention(Module):
    """(B, T, C), (B, S, C) -> (B, T, C): cada posição de x olha para todas as de outro texto,
    `memory`.

    Escreva os dois métodos. `__init__(self, width, heads, *, rng, out_std=None, scale=None)` guarda
    `self.heads` e `self.scale` e cria três camadas `Projection(n_in, n_out, rng=rng, std=…)`, que
    são x @ peso, sem viés, nesta ordem, para que a mesma semente dê os mesmos pesos que na
    biblioteca:

        self.query        de width a width        as perguntas, feitas de x
        self.key_value    de width a 2 * width    da memória, as chaves (a primeira metade) e os
                                                  valores
        self.out          de width a width        a saída, com std=out_std

    `__call__(self, x, memory, lengths=None, cache=None)`, com H cabeças de D canais:

    - As pontuações: q kᵀ, (B, H, T, S), vezes `self.scale`, se não for None; senão, vezes 1 / √D,
      como sempre. (O T5 usa scale=1.0.) Não há máscara do futuro: a memória já está escrita
      inteira.
    - `lengths`, (B,), de 1 a S: da linha b da memória só as primeiras lengths[b] posições são
      texto, e as outras, preenchimento, que ninguém pode ver: -∞ antes da softmax.
    - `cache`: a memória é a mesma em todos os passos de uma geração; as suas chaves e valores se
      calculam uma vez só. Enquanto `cache.length` é 0, calcule-os e entregue-os a
      `cache.append(k, v)`; depois, são os de `cache.all()`, um par (k, v), e nem se olha para
      `memory`.

    Por exemplo, com C = D = 1 e todos os pesos 1: x = [1] e a memória [0, log 3] dão as pontuações
    0 e 1,099, os pesos 0,25 e 0,75, e o resultado 0,75 · log 3 = 0,824.
    """

    def __init__(self, width, heads, *, rng, out_std=None, scale=None):
        # --- sua vez
        self.heads, self.scale = heads, scale
        self.query = Projection(width, width, rng=rng)
        self.key_value = Projection(width, 2 * width, rng=rng)
        self.out = Projection(width, width, rng=rng, std=out_std)

    def __call__(self, x, memory, lengths=None, cache=None):
        q = in_heads(self.query(x), self.heads)
        if cache is not None and cache.length:
            k, v = cache.all()
        else:
            both = self.key_value(memory)
            width = memory.shape[-1]
            k, v = in_heads(both[..., :width], self.heads), in_heads(both[..., width:], self.heads)
            if cache is not None:
                cache.append(k, v)
        scores = (
            q
            @ k.transpose(0, 1, 3, 2)
            * (q.shape[-1] ** -0.5 if self.scale is None else self.scale)
        )
        if lengths is not None:
            real = np.arange(k.shape[2]) < lengths[:, None, None, None]  # (B, 1, 1, S)
            scores = where(real, scores, -np.inf)
        return self.out(side_by_side(softmax(scores) @ v))
        # --- fim
