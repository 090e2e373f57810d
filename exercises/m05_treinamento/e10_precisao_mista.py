"""m05.e10 · Precisão mista

50 minutos · dificuldade 3 de 5 · precisa de: m01.e01, m01.e04
pode usar: numpy
na biblioteca: tinyllm.train.precision.LossScale

Por que importa: em 16 bits um número ocupa a metade, e as GPUs multiplicam-no várias vezes mais
depressa. Mas o float16 acaba em 65.504 e, perto de 1, não vê nada menor que um milésimo: quem
troca só o dtype vê a perda virar NaN ou parar de descer. Três cuidados pequenos bastam para que o
treino seja o mesmo, e são os deste exercício.

O que fazer: complete as três peças. A segunda é a da biblioteca, e com ela um treino inteiro passa
pela sua escala: `tinyllm train --precision float16 --steps 50 --mine --out runs/metades`.
"""

import math

import numpy as np

FIRST_SCALE, GOOD_STEPS = 2.0**16, 2000


def decode_half(bits):
    """(…) uint16 -> (…) float32: os números que os 16 bits de um float16 representam.

    Do bit mais alto ao mais baixo há um sinal s (1 bit), um expoente E (5 bits) e uma fração f (10
    bits), todos inteiros sem sinal:

        E de 1 a 30    (-1)^s · 2^(E - 15) · (1 + f / 1024)    os números normais
        E = 0          (-1)^s · 2^(-14) · f / 1024             o zero e os subnormais
        E = 31         (-1)^s · ∞ se f = 0; se não, NaN

    `bits >> k` joga fora os k bits mais baixos, e `bits & (2**k - 1)` fica só com eles. Cuidado: o
    que se tira de bits ainda é uint16, que não tem negativos; e o NumPy não eleva o inteiro 2 a um
    expoente negativo, mas eleva 2.0.

    Por exemplo, 0x3C00 = 0 01111 0000000000 é 2⁰ · 1 = 1; o seguinte, 0x3C01, é 1 + 1/1024; 0xC200
    = 1 10000 1000000000 é -2¹ · 1,5 = -3; 0x0001, o menor acima de zero, é 2^(-24).
    """
    raise NotImplementedError("m05.e10")


class LossScale:
    """Por quanto se multiplica a perda: uma potência de dois, que se acha sozinha.

    Escreva quatro métodos: o que falta em `__init__` e, logo depois dele, `scaled`, `take` e
    `halve`, inteiros. Os outros três já estão escritos.

    `__init__(self)` começa com `self.value = FIRST_SCALE`, a escala, e `self.good = 0`, quantos
    passos bons seguidos ela já deu.

    `scaled(self, loss)` recebe a função da perda e devolve outra função: a que recebe o mesmo que
    ela, qualquer que seja o número de argumentos, e devolve a perda vezes self.value.

    `take(self)`: mais um passo foi bom. Quando são GOOD_STEPS seguidos, a escala DOBRA, e a
    contagem recomeça do 0.

    `halve(self)`: um gradiente transbordou. A escala cai à METADE, mas nunca abaixo de 1, e a
    contagem recomeça do 0. Devolve True se a escala caiu, isto é, se era maior que 1; False se já
    não há para onde cair.

    Por exemplo, com GOOD_STEPS = 3 e a escala em 8, os passos bom, bom, ruim, bom, bom, bom deixam
    a escala em 8, 8, 4, 4, 4, 8.
    """

    def __init__(self):
        raise NotImplementedError("m05.e10")

    def clip_gradients(self, grads, limit, *, squares, map=map):
        """{peso: float16} da perda escalada -> ({peso: float32} sem a escala, o comprimento).

        Já está escrito. Tirar a escala e cortar o gradiente (m05.e07) é uma multiplicação só, e em
        float32. Com um comprimento que não é finito os gradientes voltam como estão: o passo não
        se dará.
        """
        norm = math.sqrt(squares(grads, map=map)) / self.value
        if not math.isfinite(norm):
            return grads, norm
        factor = np.float32(min(1.0, limit / norm if norm else 1.0) / self.value)
        return {weight: g.astype(np.float32) * factor for weight, g in grads.items()}, norm

    def state(self):
        """O que um checkpoint guarda dela. Já está escrito."""
        return {"scale": self.value, "good": self.good}

    def load_state(self, state):
        """Continua de onde `state` estava. Já está escrito."""
        self.value, self.good = state["scale"], state["good"]


def mixed_step(masters, gradients, scale, *, lr):
    """{nome: float32}, {nome: float16}, uma escala -> (mestres, cópias): um passo de SGD.

    O modelo calcula com CÓPIAS dos pesos em float16; quem aprende são os MESTRES, em float32.
    `gradients` tem, com os mesmos nomes e formas, o gradiente em float16 da perda multiplicada por
    `scale.value` (um número).

    Se TODOS os números de todos os gradientes são finitos, cada mestre anda: w - lr · g, em que g é
    o gradiente levado a float32 e, SÓ ENTÃO, dividido pela escala. Depois, `scale.take()`. Se algum
    é infinito ou NaN, o passo se perde inteiro: nenhum mestre anda, e chama-se `scale.halve()`.

    Devolva um par de dicionários: os mestres, em float32, e as cópias deles em float16. Não mude os
    arrays que recebe.

    Por exemplo, com o mestre 1, o gradiente 0,5, a escala 1024 e lr = 0,1, o passo é 0,1 · 0,5 /
    1024 = 0,00005: o mestre vai a 0,99995, e a cópia continua 1, porque o float16 anterior a 1 é
    0,9995. No sexto passo igual a esse, a cópia também anda.
    """
    raise NotImplementedError("m05.e10")
