"""m03.e08 · A máscara causal

40 minutos · dificuldade 3 de 5 · precisa de: m03.e05
pode usar: numpy, tinyllm.functional.activations, tinyllm.nn.layers, tinyllm.nn.module,
    tinyllm.tensor
na biblioteca: tinyllm.functional.masks.future, tinyllm.nn.attention.CausalSelfAttention
desfaz: tinyllm.functional.attention

Por que importa: um GPT aprende a prever o token seguinte em todas as posições de uma só leitura.
Isso só vale se nenhuma delas vê o que vem depois: quem vê a resposta a copia, acerta tudo no treino
e não sabe escrever nada. A máscara é o que impede, e é também o que permite escrever depressa: como
o passado nunca olha para a frente, o que já foi calculado dele não muda quando chega mais um token,
e pode ser guardado (o KV cache).

O que fazer: complete a máscara e a atenção que a usa. O tempo é medido: faça as contas com arrays
inteiros, sem laços número a número. Quando estiverem certas, um GPT treina e escreve com elas:
`tinyllm train --mine --steps 20 --out runs/minha-mascara`.
"""

import numpy as np

from tinyllm.functional.activations import softmax
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import Module
from tinyllm.tensor import where


def future(xp, queries, positions):
    """(T, S) de bool: True onde a posição é futuro, isto é, vem depois de quem pergunta.

    A máscara diz o contrário: como em m01.e07 e no curso inteiro, ela é True onde se vê. Aqui a
    máscara é `~future(…)`.

    queries é T, quantas perguntas há, e positions é S, quantas posições há para ver. As T perguntas
    são as ÚLTIMAS T das S posições: a linha t é a posição S - T + t do texto, e vê a si mesma e
    todas as anteriores. xp é a biblioteca dos arrays, aqui sempre o NumPy; escreva `xp.arange`, e a
    mesma função servirá numa GPU.

    Por exemplo, com T = 2 e S = 4, as perguntas são as posições 2 e 3:

        [[False, False, False, True ],
         [False, False, False, False]]
    """
    raise NotImplementedError("m03.e08")


def three_in_heads(qkv, heads):
    """(B, T, 3 C) -> três de (B, H, T, D): perguntas, chaves e valores, repartidos em cabeças. Já
    está escrita."""
    B, T, channels = qkv.shape
    # (3, B, H, T, D)
    parts = qkv.reshape(B, T, 3, heads, channels // (3 * heads)).transpose(2, 0, 3, 1, 4)
    return parts[0], parts[1], parts[2]


def side_by_side(x):
    """(B, H, T, D) -> (B, T, C): as cabeças de novo lado a lado. Já está escrita."""
    B, H, T, D = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * D)


class CausalSelfAttention(Module):
    """(B, T, C) -> (B, T, C): cada posição olha para si mesma e para as anteriores, em H cabeças.

    As camadas já estão criadas; escreva `__call__`:

    1. `self.qkv(x)` dá (B, T, 3 C), e `three_in_heads` faz disso as perguntas, as chaves e os
       valores.
    2. Se há um cache, `k, v = cache.append(k, v)` põe as chaves e os valores novos atrás dos que
       ele guarda e devolve TODOS, (B, H, S, D): as perguntas são só as do texto novo, mas olham
       para o texto inteiro. Sem cache, S = T.
    3. As pontuações q kᵀ / √D, (B, H, T, S). O k transposto é `k.transpose(0, 1, 3, 2)`.
    4. A máscara, `~future(…)`: onde ela é True fica a pontuação, e onde é False, -∞, ANTES da
       softmax: e^-∞ = 0, e os pesos que sobram somam 1. É o que faz `where(condição, a, b)`, que
       toma de a onde a condição vale e de b onde não.
    5. Os pesos vezes os valores, as cabeças lado a lado, e `self.out`.

    Por exemplo, com C = D = 1, pesos 1 e vieses 0, e x = [0, log 3]: a posição 0 só vê a si mesma e
    fica em 0. A 1 tem as pontuações 0 e (log 3)² = 1,207, que dão os pesos 0,23 e 0,77: fica em
    0,77 · log 3 = 0,846.
    """

    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads = heads
        self.qkv = Linear(width, 3 * width, rng=rng)
        self.out = Linear(width, width, rng=rng, std=out_std)

    def __call__(self, x, cache=None):
        raise NotImplementedError("m03.e08")
