"""m04.e07 · Offload: o otimizador no disco

45 minutos · dificuldade 3 de 5 · precisa de: m01.e01, m04.e02
pode usar: numpy
na biblioteca: nenhuma peça, porque nela o otimizador não sabe onde moram as suas médias: quem
    decide é quem cria os arrays (tinyllm/backend/elsewhere.py), e os mesmos passos servem

Por que importa: o AdamW lembra de dois números por peso, e só os usa uma vez por passo. Guardados
no disco (ou, com uma GPU, na RAM ao lado dela), deixam livre metade da memória de um treino sem
ativações, ao preço de os trazer e levar a cada passo. Quanto isso custa depende de quantas contas
há para fazer enquanto eles viajam.

O que fazer: complete as três funções. O resultado de um passo é o mesmo, até o último bit.
"""

import numpy as np


def zeros_on_disk(path, shape):
    """Um caminho e uma forma -> um array float32 de zeros, que mora no arquivo desse caminho.

    Use np.memmap: um array como os outros, mas cujos números são os bytes de um arquivo. O sistema
    lê do disco o que se toca, escreve o que se muda, e tira da memória quando ela falta. Com
    mode="w+" o arquivo é criado (ou esvaziado), e os seus bytes são 0. Quem abrir o arquivo depois
    tem de encontrar nele o que se escreveu no array.

    Por exemplo, com a forma (3, 5) o arquivo tem 60 bytes.
    """
    # --- sua vez
    return np.memmap(path, np.float32, mode="w+", shape=shape)
    # --- fim


def adamw_step(weight, grad, m, v, step, lr, *, rows, beta1=0.9, beta2=0.99, eps=1e-8, decay=0.1):
    """(n, k) quatro vezes: um passo do AdamW, que muda weight, m e v NO LUGAR; não devolve nada.

    m e v moram no disco, e as contas são feitas na memória, com pouco de cada vez: para cada `rows`
    linhas (as últimas podem ser menos), copie as de m e de v para arrays comuns, com np.array(…),
    faça as contas, e escreva as três de volta, com `[…] =`. `step` conta de 1 em diante.

        m ← m + (1 - beta1) (g - m)              a média dos gradientes
        v ← v + (1 - beta2) (g² - v)             e a dos seus quadrados
        w ← w (1 - lr · decay)                   o peso encolhe, e anda:
        w ← w - lr · m̂ / (√v̂ + eps)             com m̂ = m / (1 - beta1^step)
                                                e v̂ = v / (1 - beta2^step)

    Por exemplo, no primeiro passo, com m e v zero, m̂ = g e v̂ = g²: o peso anda cerca de lr,
    contra o sinal do gradiente. A memória é medida: copiar m e v inteiros de uma vez é demais.
    """
    # --- sua vez
    for start in range(0, len(weight), rows):
        part = slice(start, start + rows)
        g, mean, square = grad[part], np.array(m[part]), np.array(v[part])
        mean += (1 - beta1) * (g - mean)
        square += (1 - beta2) * (g * g - square)
        weight[part] *= 1 - lr * decay
        root = np.sqrt(square / (1 - beta2**step)) + eps
        weight[part] -= lr / (1 - beta1**step) * mean / root
        m[part], v[part] = mean, square
    # --- fim


def slowdown(parameters, tokens, speed, bandwidth, ahead=False):
    """Números -> quantas vezes mais demora um passo com m e v no disco do que sem isso.

    As contas de um passo são 6 · parameters · tokens FLOPs (m04.e02), e a máquina faz `speed` por
    segundo. Offload lê m e v do disco e os escreve de volta, em float32: 16 bytes por parâmetro, a
    `bandwidth` bytes por segundo. Se primeiro se faz uma coisa e depois a outra, os tempos se
    somam. Com `ahead`, uma thread traz e leva enquanto a outra calcula, e conta só o mais demorado
    dos dois.

    Por exemplo, com 10⁶ parâmetros, 1.000 tokens, 6 · 10⁹ FLOP/s e 16 · 10⁶ bytes/s, cada uma das
    duas coisas leva 1 segundo: a resposta é 2, e com ahead, 1.
    """
    # --- sua vez
    compute = 6 * parameters * tokens / speed
    moving = 16 * parameters / bandwidth
    return (max(compute, moving) if ahead else compute + moving) / compute
    # --- fim
