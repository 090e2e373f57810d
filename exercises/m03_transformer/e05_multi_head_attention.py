"""m03.e05 · Atenção multi-cabeça

50 minutos · dificuldade 4 de 5 · precisa de: m01.e03, m01.e04, m01.e06
pode usar: numpy, tinyllm.functional.activations, tinyllm.nn.layers, tinyllm.nn.module,
    tinyllm.tensor
na biblioteca: tinyllm.functional.split_heads, tinyllm.functional.merge_heads,
    tinyllm.nn.attention.SelfAttention

Por que importa: uma atenção faz uma média, e uma média só responde a uma pergunta. Numa frase, cada
palavra tem várias: de quem se fala, o que veio antes, o que concorda com o quê. Com os canais
repartidos entre cabeças, cada cabeça faz a sua pergunta e traz a sua resposta, pelo mesmo preço de
uma atenção só.

O que fazer: complete as duas operações, com os seus gradientes, e a camada. O tempo é medido: faça
as contas com arrays inteiros, sem laços número a número. Quando estiverem certas, um BERT treina
com a sua atenção: `tinyllm train --model bert --mine --steps 20 --out runs/meu-bert`.
"""

import numpy as np

from tinyllm.functional.activations import softmax
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import Module
from tinyllm.tensor import op, where


@op
def split_heads(x, *, heads, part=0, parts=1):
    """(B, T, parts · C) -> (B, H, T, D): os canais de uma das partes, repartidos entre H cabeças de
    D = C / H canais.

    Uma só camada linear pode fazer perguntas, chaves e valores: os seus 3 C canais são três partes
    de C, lado a lado, e `part=1, parts=3` pede a segunda. Dentro da parte, a cabeça 0 leva os D
    primeiros canais, a cabeça 1 os D seguintes. Por exemplo, com uma posição, x = [[[1, 2, 3, 4]]]
    e heads=2, o resultado é [[[[1, 2]], [[3, 4]]]]; já com heads=1, part=1, parts=2, é [[[[3,
    4]]]].

    Para trás: cada canal da parte recebe o gradiente que o seu lugar tem em dy, e os canais das
    outras partes recebem zero. dx tem a forma de x.
    """
    raise NotImplementedError("m03.e05")


@op
def merge_heads(x):
    """(B, H, T, D) -> (B, T, C): as cabeças de cada posição outra vez lado a lado, C = H · D.
    Desfaz `split_heads`.

    Por exemplo, com uma posição e duas cabeças, [[[[1, 2]], [[3, 4]]]] volta a ser [[[1, 2, 3,
    4]]]. Para trás, dy se reparte como x estava repartido.
    """
    raise NotImplementedError("m03.e05")


class SelfAttention(Module):
    """(B, T, C) -> (B, T, C): cada posição olha para todas, antes e depois dela, mas não para o
    preenchimento.

    Escreva os dois métodos. `__init__(self, width, heads, *, rng, out_std=None)` guarda
    `self.heads` e cria duas camadas lineares: `self.qkv`, de width a 3 · width, e depois
    `self.out`, de width a width, com `std=out_std`, nesta ordem, para que a mesma semente dê os
    mesmos pesos que na biblioteca.

    `__call__(self, x, lengths=None)` recebe e devolve um Tensor. As três partes de self.qkv(x) são,
    na ordem, as perguntas q, as chaves k e os valores v, (B, H, T, D) cada uma, pela sua
    `split_heads`; em cada cabeça a atenção é

        softmax(q kᵀ / √D) v          softmax das pontuações, sobre as chaves

    e as cabeças, pela sua `merge_heads`, passam por self.out. Num Tensor, os dois últimos eixos de
    k se trocam com `k.transpose(0, 1, 3, 2)`.

    `lengths`, se vier, é um array (B,) de inteiros, de 1 a T: da linha b, as posições de lengths[b]
    em diante são preenchimento, e ninguém olha para elas: o seu peso é 0. As posições de
    preenchimento também olham para as de verdade; do que sai nelas ninguém faz uso.
    `where(condição, a, b)` é o np.where dos Tensores.

    Por exemplo, com C = H = 2 (D = 1), todas as matrizes sendo a identidade e x = [[1, 0], [0, 1]]:
    a primeira cabeça só vê o canal 0. Nele a posição 0 tem a pergunta 1, e as chaves são 1 e 0: os
    pesos são 0,731 e 0,269, e ela recebe 0,731; a posição 1, cuja pergunta é 0, dá meio a cada uma
    e recebe 0,5. Com a segunda cabeça, que só vê o canal 1, o resultado é [[0,731, 0,5], [0,5,
    0,731]].
    """

    def __init__(self, width, heads, *, rng, out_std=None):
        raise NotImplementedError("m03.e05")
