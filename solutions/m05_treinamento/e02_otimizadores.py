"""m05.e02 · SGD, Adam, AdamW

50 minutos · dificuldade 3 de 5 · precisa de: m01.e01
pode usar: numpy
na biblioteca: tinyllm.optim.sgd.sgd_update, tinyllm.optim.adam.adam_update,
    tinyllm.optim.adamw.adamw_update

Por que importa: entre o gradiente e o peso há uma regra de poucas linhas, e é ela que decide se um
Transformer aprende em mil passos ou em dez mil. As três deste exercício são a história do assunto,
e a última treina quase todos os modelos de linguagem que existem.

O que fazer: complete as três regras. Cada uma recebe os pesos p de um parâmetro, o seu gradiente g
e o que se lembra dele, e muda p e as lembranças NO LUGAR (`p -= …`, e não `p = p - …`); g é de quem
chama, e não muda. Com elas certas, `tinyllm train --optimizer sgd --mine` treina com a sua.
"""

import numpy as np


def sgd_update(p, g, v, *, lr, decay, step, momentum, nesterov):
    """(...) três vezes: um passo da descida com momento, no lugar; não devolve nada.

    - O decay faz parte do gradiente: ao g soma-se decay · p, e é essa soma que se usa no resto.
    - A velocidade v, que começa em 0, fica com a parte `momentum` do que era e ganha o gradiente
      INTEIRO.
    - O peso anda contra a velocidade nova, `lr` vezes ela. Com `nesterov` anda contra gradiente +
      momentum · velocidade nova.

    O número do passo, `step`, não serve para nada aqui: está lá porque todas as regras o recebem.
    O tempo é medido: faça contas com os arrays inteiros.

    Por exemplo, com p = 1, g = 0,5, v = 0,2, lr = 0,1, decay = 0 e momentum = 0,9, a velocidade
    passa a 0,18 + 0,5 = 0,68, e o peso a 0,932; com nesterov, a 1 - 0,1 · (0,5 + 0,612) = 0,8888.
    """
    # --- sua vez
    g = g + decay * p
    v *= momentum
    v += g
    p -= lr * (g + momentum * v if nesterov else v)
    # --- fim


def adam_update(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
    """(...) quatro vezes: um passo do Adam, no lugar; não devolve nada.

    - Também aqui o decay faz parte do gradiente: g + decay · p.
    - m é a média dos gradientes: anda a parte 1 - beta1 da distância que a separa do gradiente. v é
      a média dos quadrados: o mesmo, com beta2 e o quadrado do gradiente.
    - As duas começam em 0, e por isso as primeiras são pequenas demais. A lição deriva por quanto
      dividir cada uma; `step` conta de 1 em diante. Quem guarda são m e v, sem a correção.
    - O peso anda contra m corrigida, dividida pela raiz de v corrigida mais `eps` (que fica fora da
      raiz), `lr` vezes isso.

    O tempo é medido: faça contas com os arrays inteiros.

    Por exemplo, no primeiro passo, com m = v = 0, p = 1, g = 0,5, lr = 0,1, decay = 0, beta1 = 0,9
    e beta2 = 0,99, m passa a 0,05 e v a 0,0025; corrigidas são 0,5 e 0,25, e p anda 0,1: é 0,9.
    """
    # --- sua vez
    g = g + decay * p
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (g * g - v)
    root = np.sqrt(v / (1 - beta2**step)) + eps
    p -= lr / (1 - beta1**step) * m / root
    # --- fim


def adamw_update(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
    """(...) quatro vezes: um passo do AdamW, no lugar; não devolve nada.

    É o Adam com uma diferença: o decay não passa pelas médias. Antes de andar, o peso encolhe por
    si, na proporção lr · decay; e o gradiente das médias é só g.

    O tempo é medido: faça contas com os arrays inteiros.

    Por exemplo, com os números do exemplo do Adam e decay = 0,2, o peso encolhe para 0,98 e depois
    anda 0,1: é 0,88. O Adam com o mesmo decay tem g = 0,7, e nesse passo anda 0,1 como sem ele.
    """
    # --- sua vez
    p *= 1 - lr * decay
    adam_update(p, g, m, v, lr=lr, decay=0.0, step=step, beta1=beta1, beta2=beta2, eps=eps)
    # --- fim
