"""m05.e03 · A agenda da taxa de aprendizado

30 minutos · dificuldade 2 de 5 · precisa de: nada
pode usar: numpy
na biblioteca: tinyllm.optim.schedule.learning_rate

Por que importa: a taxa que serve no meio de um treino é grande demais para o primeiro passo, quando
as médias do otimizador ainda são de um gradiente só, e para os últimos, quando os pesos só
oscilam em volta de onde deviam parar. Uma linha que sobe e uma curva que desce são a técnica mais
barata que existe: custam três contas por passo.

O que fazer: complete as três funções. As duas primeiras são formas de descer; a última junta-as ao
aquecimento, e é a que `tinyllm train --mine` chama a cada passo.
"""

import math

DECAYING = 0.2  # a parte final em que a agenda "wsd" desce


def constant(progress):
    """Nunca desce: 1 em qualquer ponto."""
    return 1.0


def linear(progress):
    """Desce em linha reta, de 1 a 0."""
    return 1 - progress


def cosine(progress):
    """Um número de 0 a 1 -> um número de 1 a 0: desce como a metade de um cosseno.

    Vale 1 no começo (progress = 0) e 0 no fim (progress = 1). Entre os dois segue o cosseno de meia
    volta, que parte devagar, desce depressa no meio e chega devagar; ele próprio vai de 1 a -1, e é
    preciso trazê-lo para entre 1 e 0.

    Por exemplo, na metade do caminho dá 0,5, e num terço, onde o ângulo é de 60 graus, 0,75.
    """
    # --- sua vez
    return 0.5 * (1 + math.cos(math.pi * progress))
    # --- fim


def stable(progress):
    """Um número de 0 a 1 -> um número de 1 a 0: espera, e só no fim desce.

    Vale 1 enquanto falta mais do que a parte DECAYING do caminho; nela desce em linha reta, sem
    salto, até 0 em progress = 1. É a agenda que se chama WSD: warm-up, stable, decay.

    Por exemplo, com DECAYING = 0,2: em 0,5 e em 0,8 dá 1; em 0,9, na metade da descida, 0,5.
    """
    # --- sua vez
    return min(1.0, (1 - progress) / DECAYING)
    # --- fim


SCHEDULES = {"cosine": cosine, "linear": linear, "wsd": stable, "constant": constant}


def learning_rate(step, *, schedule, peak, floor, warmup, decay_steps):
    """O número de um passo (0, 1, 2, …) -> a taxa de aprendizado desse passo.

    - Aquecimento: nos `warmup` primeiros passos ela sobe em linha reta, em partes iguais, e o
      ÚLTIMO deles já tem a taxa `peak`. O passo 0 não tem taxa 0: não aprenderia nada.
    - Descida: dali em diante a forma é SCHEDULES[schedule], que recebe o progresso, 0 no passo
      `warmup` e 1 no passo `decay_steps`; onde a forma vale 1 a taxa é `peak`, onde vale 0 é
      `floor`, e entre os dois fica na mesma proporção.
    - Depois de `decay_steps` o progresso fica em 1. Se `decay_steps` não é maior do que
      `warmup`, conte como se a descida tivesse um passo: não divida por 0.

    Por exemplo, com warmup = 4, peak = 8, floor = 2, decay_steps = 8 e a agenda "linear": os passos
    0 a 3 têm as taxas 2, 4, 6, 8; o passo 4 tem 8, o 6 tem 5, e do 8 em diante todos têm 2.
    """
    # --- sua vez
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, decay_steps - warmup))
    return floor + (peak - floor) * SCHEDULES[schedule](progress)
    # --- fim
