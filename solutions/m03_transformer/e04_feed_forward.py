"""m03.e04 · GELU, SwiGLU e a feed-forward

40 minutos · dificuldade 3 de 5 · precisa de: m01.e04
pode usar: numpy, tinyllm.backend.arrays, tinyllm.nn.layers, tinyllm.nn.module, tinyllm.tensor
na biblioteca: tinyllm.functional.gelu, tinyllm.functional.swiglu, tinyllm.nn.layers.FeedForward

Por que importa: a atenção só mistura o que há nas posições; quem faz algo de novo com cada uma é a
feed-forward, uma rede pequena, a mesma em todas elas. Nela estão dois terços dos parâmetros de um
bloco. E o que a torna mais que um produto de matrizes é a ativação no meio: sem ela, duas camadas
seguidas valem por uma.

O que fazer: complete as duas operações, com os seus gradientes, e a camada. O tempo é medido: faça
as contas com arrays inteiros, sem laços número a número. Quando estiverem certas, um GPT treina com
a sua feed-forward, e um Llama com a sua SwiGLU:
`tinyllm train --mine --steps 20 --out runs/minhas-pecas`.
"""

import numpy as np

from tinyllm.backend.arrays import erf
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import Module
from tinyllm.tensor import op


@op
def gelu(x):
    """(...) -> (...): x · Φ(x), em que Φ(x) é a probabilidade de uma normal padrão ficar abaixo de
    x.

        Φ(x) = (1 + erf(x / √2)) / 2

    O NumPy não tem a função erf; a de `tinyllm.backend.arrays` a calcula para um array inteiro. Por
    exemplo, gelu(0) = 0, gelu(1) = 0,841, gelu(-1) = -0,159; longe de 0 é quase x, à direita, e
    quase 0, à esquerda.

    Para trás, pela regra do produto: dx = dy · (Φ(x) + x · φ(x)), em que φ(x) = e^(-x²/2) / √(2π) é
    a derivada de Φ.
    """
    # --- sua vez
    below = 0.5 * (1 + erf(x * 0.5**0.5))

    def backward(dy):
        return dy * (below + x * np.exp(-0.5 * x * x) / (2 * np.pi) ** 0.5)

    return x * below, backward
    # --- fim


@op
def swiglu(gate, x):
    """(...), (...) -> (...): silu(gate) · x, em que silu(g) = g · σ(g). Uma metade, a porta, diz
    quanto da outra passa.

    A sigmoide é σ(g) = (1 + tanh(g / 2)) / 2, que não transborda; o 1 / (1 + e^-g) dos livros dá o
    mesmo número, mas e^10000 não cabe num float. Por exemplo, com gate = log 3, σ é 3/4; com x = 2,
    o resultado é 1,5 log 3 = 1,648.

    Para trás: x recebe dy · silu(gate); a porta recebe dy · x · silu'(gate), em que silu'(g) =
    σ(g) (1 + g (1 - σ(g))). Devolva os dois, na ordem das entradas.
    """
    # --- sua vez
    open_ = 0.5 * (1 + np.tanh(0.5 * gate))

    def backward(dy):
        return dy * x * open_ * (1 + gate * (1 - open_)), dy * gate * open_

    return gate * open_ * x, backward
    # --- fim


class FeedForward(Module):
    """(..., C) -> (..., C): cada posição por si, de C canais a M, a GELU de cada um, e de volta a
    C.

    Escreva os dois métodos. `__init__(self, width, hidden, *, rng, out_std=None)` cria duas camadas
    lineares: `self.up`, de width a hidden, e depois `self.down`, de hidden a width, nesta ordem,
    para que a mesma semente dê os mesmos pesos que na biblioteca. Uma
    `Linear(n_in, n_out, rng=rng, std=…)` sorteia os seus pesos com esse desvio-padrão; a de baixo
    recebe `std=out_std`, que deixa o bloco começar discreto. `__call__(self, x)` recebe e devolve
    um Tensor: sobe, passa pela sua `gelu` e desce.

    Por exemplo, com C = M = 1, up de peso 2 e viés -1, e down de peso 3 e viés 0,5: x = 1 sobe a 1,
    a GELU dá 0,841, e desce a 3,024.
    """

    def __init__(self, width, hidden, *, rng, out_std=None):
        # --- sua vez
        self.up = Linear(width, hidden, rng=rng)
        self.down = Linear(hidden, width, rng=rng, std=out_std)

    def __call__(self, x):
        return self.down(gelu(self.up(x)))
        # --- fim
