"""m03.e02 · Posições rotativas (RoPE)

35 minutos · dificuldade 3 de 5 · precisa de: m01.e04, m03.e01
pode usar: numpy, tinyllm.tensor
na biblioteca: tinyllm.functional.rotations, tinyllm.functional.rotary

Por que importa: numa frase, o que conta é quase sempre a distância entre duas palavras, e não o
lugar de cada uma no texto. As posições rotativas giram a pergunta e a chave da atenção, cada uma
pelo ângulo da sua posição; no produto entre as duas, só resta a diferença dos ângulos, isto é, a
distância. É assim que o Llama, o Mistral e quase todos os modelos de hoje sabem a ordem.

O que fazer: complete a função e a operação, com o seu gradiente. Quando estiverem certas, um Llama
treina com elas: `tinyllm train --model llama --mine --steps 20 --out runs/meu-llama`.
"""

import numpy as np

from tinyllm.tensor import op


def rotations(positions, channels, *, base=10000.0):
    """(T,) números -> dois arrays (T, D/2) float32: o cosseno e o seno do ângulo de cada posição e
    de cada par.

    Uma cabeça tem D canais (D é par), que formam D/2 pares. A posição p gira o par i, de 0 a D/2 -
    1, do ângulo

        p / base^(2i / D)

    Por exemplo, com D = 4 os divisores são 1 e 100; na posição 3 os ângulos são 3 e 0,03, e os
    cossenos [-0,990, 1,000], os senos [0,141, 0,030]. Faça as contas em float64 e só no fim passe a
    float32.
    """
    raise NotImplementedError("m03.e02")


@op
def rotary(x, *, cos, sin):
    """(..., T, D) -> (..., T, D): cada par de canais de cada posição, girado do seu ângulo. cos,
    sin: (T, D/2).

    O par i são os canais i e i + D/2: o primeiro vem da primeira metade, o segundo da segunda. De
    (a, b) ele passa a

        (a cos - b sen,  b cos + a sen)

    Por exemplo, com D = 2, x = [[3, 1]] e um ângulo de 90 graus (cosseno 0, seno 1), o resultado é
    [[-1, 3]].

    Para trás: um giro se desfaz girando ao contrário, e o gradiente volta assim. dx é dy girado do
    mesmo ângulo com o sinal trocado. Os dois arrays vão como opções (`cos=`, `sin=`), não têm
    gradiente, e `backward` devolve só dx.
    """
    raise NotImplementedError("m03.e02")
