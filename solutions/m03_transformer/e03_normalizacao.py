"""m03.e03 · Normalização: layer norm e RMS norm

45 minutos · dificuldade 4 de 5 · precisa de: m01.e01, m01.e04
pode usar: numpy, tinyllm.tensor
na biblioteca: tinyllm.functional.layer_norm, tinyllm.functional.rms_norm

Por que importa: cada bloco soma algo ao que recebe, e doze blocos depois os números poderiam estar
dez vezes maiores, ou cem. A normalização põe cada vetor de novo na mesma escala, e por isso redes
fundas treinam. O gradiente dela é o que mais se erra no Transformer: mexer num canal mexe na média,
e com ela em todos os outros.

O que fazer: complete as duas operações, com os seus gradientes. Quando estiverem certas, um Llama
(que usa a RMS norm) e um GPT (que usa a layer norm) treinam com elas:
`tinyllm train --model llama --mine --steps 20 --out runs/meu-llama`.

A conta que serve às duas: seja n o vetor normalizado, antes do peso, e dn = dy · weight o gradiente
que chega a ele. O que chega a x é dn dividido pela escala, menos a parte de dn que a normalização
apaga. Se ela tira a média, empurrar todos os canais juntos não muda nada; se ela divide pelo
tamanho, esticar o vetor não muda nada. Essas duas direções saem de dn.
"""

import numpy as np

from tinyllm.tensor import op


@op
def layer_norm(x, weight, bias, *, eps=1e-5):
    """(..., C), (C,), (C,) -> (..., C): média 0 e variância 1 nos C canais de cada vetor; vezes
    weight, mais bias.

        n = (x - média) / √(variância + eps)          y = n · weight + bias

    A média e a variância são de cada vetor, sobre o último eixo; a variância divide por C, e não
    por C - 1. Por exemplo, com x = [1, 3, 5, 7], média 4 e variância 5, n é [-1,342, -0,447, 0,447,
    1,342].

    Para trás, com dn = dy · weight e as médias sobre o último eixo:

        dx = (dn - média(dn) - n · média(dn · n)) / √(variância + eps)

    O gradiente de weight é dy · n e o de bias é dy, um para cada vetor: quem os soma até a forma
    (C,) é `backward`, a função de m01.e04. Devolva três gradientes, na ordem das entradas.
    """
    # --- sua vez
    mean = x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    normed = (x - mean) * scale

    def backward(dy):
        dn = dy * weight
        dx = scale * (
            dn
            - dn.mean(axis=-1, keepdims=True)
            - normed * (dn * normed).mean(axis=-1, keepdims=True)
        )
        return dx, dy * normed, dy

    return normed * weight + bias, backward
    # --- fim


@op
def rms_norm(x, weight, *, eps=1e-6):
    """(..., C), (C,) -> (..., C): cada vetor dividido pela raiz da média dos seus quadrados, vezes
    weight.

        n = x / √(média(x²) + eps)          y = n · weight

    É a layer norm sem tirar a média e sem viés: mais barata, e na prática serve tão bem. Por
    exemplo, com x = [1, 3, 5, 7], a média dos quadrados é 21 e n é [0,218, 0,655, 1,091, 1,528].

    Para trás, com dn = dy · weight, só uma direção sai, a do próprio vetor:

        dx = (dn - n · média(dn · n)) / √(média(x²) + eps)

    O gradiente de weight é dy · n.
    """
    # --- sua vez
    scale = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    normed = x * scale

    def backward(dy):
        dn = dy * weight
        return scale * (dn - normed * (dn * normed).mean(axis=-1, keepdims=True)), dy * normed

    return normed * weight, backward
    # --- fim
