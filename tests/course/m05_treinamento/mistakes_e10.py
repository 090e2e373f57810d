"""Respostas erradas de m05.e10, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import math
from collections import namedtuple

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.errors import UsageError

rng = np.random.default_rng(0)

# ---------------------------------------------------------------------------------------------------------- decode_half


def decoded(bits, *, bias=15, hidden=1.0, least=1, parts=1024, top=31, of=lambda fraction: fraction != 0, signed=True,
            low=10, high=31, mask=None):  # fmt: skip
    """The numbers, but for what is said."""
    wide = bits.astype(np.int64)
    exponent, fraction = wide >> low & high, (wide & (2**low - 1 if mask is None else mask)) / parts
    with np.errstate(over="ignore"):
        value = np.where(exponent == 0, fraction, hidden + fraction) * 2.0 ** (np.maximum(exponent, least) - bias)
        value = np.where(exponent == top, np.where(of(fraction), np.nan, np.inf), value)
        return (value * np.where(signed & wide >> 15 == 1, -1, 1)).astype(np.float32)


def without_sign(bits):
    return decoded(bits, signed=False)


def bias_of_16(bits):
    return decoded(bits, bias=16)


def bias_forgotten(bits):
    return decoded(bits, bias=0)


def without_the_hidden_one(bits):
    return decoded(bits, hidden=0.0)


def subnormals_as_the_others(bits):
    exponent = bits >> 10 & 31
    normal = (1 + (bits & 1023) / 1024) * 2.0**-15 * np.where(bits >> 15, -1, 1)
    return np.where(exponent == 0, normal, decoded(bits)).astype(np.float32)


def subnormals_too_small(bits):
    return decoded(bits, least=0)


def subnormals_as_zero(bits):
    return np.where(bits >> 10 & 31, decoded(bits), np.float32(0))


def of_1023(bits):
    return decoded(bits, parts=1023)


def no_infinity(bits):
    return decoded(bits, top=32)


def no_nan(bits):
    return decoded(bits, of=lambda fraction: fraction < 0)


def all_nan(bits):
    return decoded(bits, of=lambda fraction: fraction >= 0)


def four_bits_of_exponent(bits):
    return decoded(bits, high=15)


def exponent_with_the_sign(bits):
    return decoded(bits, high=63)


def one_bit_for_the_fraction(bits):
    return decoded(bits, mask=1024)


def infinity_without_sign(bits):
    value = decoded(bits)
    return np.where(np.isinf(value), np.float32(np.inf), value)


def as_bfloat16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def wrapped_around(bits):
    exponent, fraction = bits >> 10 & 31, (bits & 1023) / 1024
    with np.errstate(all="ignore"):
        normal = 2.0 ** (exponent - 15).astype(float) * (1 + fraction) * np.where(bits >> 15, -1, 1)
        return np.where((exponent == 0) | (exponent == 31), decoded(bits), normal).astype(np.float32)


def the_bits_as_they_are(bits):
    return bits.astype(np.float32)


# ------------------------------------------------------------------------------------------------------------ LossScale

FIRST_SCALE, GOOD_STEPS = 2.0**16, 2000
Told = namedtuple("Told", "começo resultado_de_halve histórico resultado_de_scaled")  # a learner reads "no começo"
Now = namedtuple("Now", "valor_da_escala número_de_passos_bons")


def followed(piece, scale, good, steps, *batch):
    """What a scale says after each of several steps, bom or ruim, begun with so many good ones."""
    made = piece()
    began = Now(made.value, made.good)
    made.load_state({"scale": scale, "good": good})
    answers, scales = [], []
    for step in steps:
        if step == "bom":
            made.take()
        else:
            answers.append(made.halve())
        scales.append(Now(made.value, made.good))
    return Told(began, answers, scales, made.scaled(lambda *arrays: sum(arrays))(*batch))


class RightScale:
    """The right scale, which the wrong ones change."""

    first, least, often = FIRST_SCALE, 1.0, GOOD_STEPS

    def __init__(self):
        self.value, self.good = self.first, 0

    def scaled(self, loss):
        return lambda *batch: loss(*batch) * self.value

    def take(self):
        self.good += 1
        if self.good == self.often:
            self.value, self.good = 2 * self.value, 0

    def halve(self):
        smaller = self.value > self.least
        self.value, self.good = max(self.least, self.value / 2), 0
        return smaller

    def clip_gradients(self, grads, limit, *, squares, map=map):
        norm = math.sqrt(squares(grads, map=map)) / self.value
        if not math.isfinite(norm):
            return grads, norm
        factor = np.float32(min(1.0, limit / norm if norm else 1.0) / self.value)
        return {weight: g.astype(np.float32) * factor for weight, g in grads.items()}, norm

    def state(self):
        return {"scale": self.value, "good": self.good}

    def load_state(self, state):
        self.value, self.good = state["scale"], state["good"]


class BegunAtOne(RightScale):
    first = 1.0


class NeverDoubled(RightScale):
    often = math.inf


class DoubledEachStep(RightScale):
    def take(self):
        self.value, self.good = 2 * self.value, 0


class AStepLate(RightScale):
    def take(self):
        if self.good == GOOD_STEPS:
            self.value, self.good = 2 * self.value, 0
        else:
            self.good += 1


class CountGoesOn(RightScale):
    def take(self):
        self.good += 1
        if self.good >= GOOD_STEPS:
            self.value = 2 * self.value


class CountOfAll(RightScale):
    def halve(self):
        good = self.good
        answer = super().halve()
        self.good = good
        return answer


class BelowOne(RightScale):
    least = 0.0

    def halve(self):
        smaller = self.value > 1
        super().halve()
        return smaller


class NoAnswer(RightScale):
    def halve(self):
        super().halve()


class OfTheNewScale(RightScale):
    def halve(self):
        super().halve()
        return self.value > 1


class AlwaysTrue(RightScale):
    def halve(self):
        super().halve()
        return True


class DoubledWhenItOverflows(RightScale):
    def halve(self):
        answer = self.value > 1
        self.value, self.good = 2 * self.value, 0
        return answer


class Divided(RightScale):
    def scaled(self, loss):
        return lambda *batch: loss(*batch) / self.value


class BatchMultiplied(RightScale):
    def scaled(self, loss):
        return lambda *batch: loss(*(self.value * array for array in batch[:1]), *batch[1:])


class NothingMultiplied(RightScale):
    def scaled(self, loss):
        return loss


class OneArgument(RightScale):
    def scaled(self, loss):
        return lambda *batch: loss(batch[0]) * self.value


class TwoArguments(RightScale):
    def scaled(self, loss):
        return lambda *batch: loss(*batch[:2]) * self.value


class NothingReturned(RightScale):
    def scaled(self, loss):
        return lambda *batch: None


class NotCounted(RightScale):
    def take(self):
        if self.good + 1 == GOOD_STEPS:
            self.value, self.good = 2 * self.value, 0


class OnlyCountedAgain(RightScale):
    def take(self):
        self.good = (self.good + 1) % GOOD_STEPS


# ----------------------------------------------------------------------------------------------------------- mixed_step

Stepped = namedtuple("Stepped", "dicionário_de_mestres dicionário_de_cópias histórico_da_escala")


class Scale:
    """A scale that doubles after every good step, and falls to an eighth after a bad one: so each call is seen."""

    def __init__(self, value):
        self.value = value

    def take(self):
        self.value = 2 * self.value

    def halve(self):
        self.value = self.value / 8


def stepped(piece, masters, steps, value, lr):
    """The masters and the copies after several steps, and the scale after each."""
    scale, values = Scale(value), []
    for gradients in steps:
        found = piece(masters, gradients, scale, lr=lr)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise UsageError("mixed_step devolve um par: os mestres e as cópias")
        masters, copies = found
        values.append(scale.value)
    return Stepped(masters, copies, values)


def finite(gradients, *, test=np.isfinite):
    return all(test(g).all() for g in gradients.values())


def rounded(arrays):
    with np.errstate(over="ignore"):
        return {name: array.astype(np.float16) for name, array in arrays.items()}


def moved(masters, gradients, scale, lr, *, good=None, each=lambda g, value: g.astype(np.float32) / np.float32(value),
          step=lambda w, lr, g: w - np.float32(lr) * g, taken=True, halved=True, first=False, old=False):  # fmt: skip
    """A step in which something may be otherwise."""
    good = finite(gradients) if good is None else good
    if good and first:
        scale.take()
    new = masters
    if good:
        with np.errstate(all="ignore"):
            new = {name: step(w, lr, each(gradients[name], scale.value)) for name, w in masters.items()}
    if good and taken and not first:
        scale.take()
    if not good and halved:
        scale.halve()
    return new, rounded(masters if old else new)


def copies_that_learn(masters, gradients, scale, *, lr):
    found, copies = moved(masters, gradients, scale, lr, step=lambda w, lr, g: (
        w.astype(np.float16) - np.float16(lr) * g.astype(np.float16)).astype(np.float32))  # fmt: skip
    return found, copies


def masters_of_halves(masters, gradients, scale, *, lr):
    _, copies = moved(masters, gradients, scale, lr)
    return copies, copies


def divided_in_halves(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, each=lambda g, value: (g / np.float16(value)).astype(np.float32))


def scale_left_in(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, each=lambda g, value: g.astype(np.float32))


def multiplied_again(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, each=lambda g, value: g.astype(np.float32) * np.float32(value))


def moved_by_what_overflowed(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, good=True)


def only_infinity(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, good=finite(gradients, test=lambda g: ~np.isinf(g)))


def only_nan(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, good=finite(gradients, test=lambda g: ~np.isnan(g)))


def the_first_alone(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, good=finite(dict(list(gradients.items())[:1])))


def the_others_move(masters, gradients, scale, *, lr):
    alone = {name: finite({name: g}) for name, g in gradients.items()}
    found, _ = moved(masters, gradients, Scale(scale.value), lr, good=True)
    found = {name: found[name] if alone[name] else w for name, w in masters.items()}
    if all(alone.values()):
        scale.take()
    else:
        scale.halve()
    return found, rounded(found)


def zero_for_what_overflowed(masters, gradients, scale, *, lr):
    good = finite(gradients)
    found, copies = moved(masters, {name: np.where(np.isfinite(g), g, np.float16(0)) for name, g in gradients.items()},
                          Scale(scale.value), lr, good=True)  # fmt: skip
    if good:
        scale.take()
    else:
        scale.halve()
    return found, copies


def halve_forgotten(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, halved=False)


def take_forgotten(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, taken=False)


def taken_too_soon(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, first=True)


def taken_always(masters, gradients, scale, *, lr):
    good, found = finite(gradients), moved(masters, gradients, scale, lr)
    if not good:
        scale.take()
    return found


def rate_times_halves(masters, gradients, scale, *, lr):
    value = scale.value
    return moved(masters, gradients, scale, lr, each=lambda g, _: g, step=lambda w, lr, g: w - lr * g / value)


def finite_in_sum(masters, gradients, scale, *, lr):
    with np.errstate(over="ignore"):
        good = finite(gradients, test=lambda g: np.isfinite(g.sum()))
    return moved(masters, gradients, scale, lr, good=good)


def taken_for_each_weight(masters, gradients, scale, *, lr):
    if not finite(gradients):
        return moved(masters, gradients, scale, lr)
    found = {}
    for name, w in masters.items():
        found |= moved({name: w}, {name: gradients[name]}, scale, lr)[0]
    return found, rounded(found)


def halved_by_hand(masters, gradients, scale, *, lr):
    found = moved(masters, gradients, scale, lr, halved=False)
    if not finite(gradients):
        scale.value /= 2
    return found


def old_copies(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, lr, old=True)


def uphill(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, -lr)


def without_the_rate(masters, gradients, scale, *, lr):
    return moved(masters, gradients, scale, 1.0)


MISTAKES = {
    "decode_half": [
        (without_sign, "o sinal se perdeu: o bit mais alto, bits >> 15, é 1 nos negativos"),
        (bias_of_16, "tirou 16 do expoente; são 15"),
        (bias_forgotten, "faltou tirar 15 do expoente: 2^(E - 15)"),
        (without_the_hidden_one, "faltou o 1 que não se escreve: nos normais é 1 + f / 1024"),
        (subnormals_as_the_others, "com E = 0 não há o 1 que não se escreve, e o expoente é -14"),
        (subnormals_too_small, "os subnormais têm o expoente -14, o mesmo de E = 1, e não -15"),
        (subnormals_as_zero, "com E = 0 só é zero o que tem f = 0; os outros são os subnormais"),
        (of_1023, "dividiu a fração por 1023; com 10 bits, são 1024 partes"),
        (no_infinity, "E = 31 não é um expoente como os outros: é infinito, se f = 0, ou NaN"),
        (no_nan, "com E = 31 só é infinito o que tem f = 0; os outros são NaN"),
        (all_nan, "com E = 31 e f = 0 o número é infinito, e não NaN"),
        (four_bits_of_exponent, "leu só 4 bits do expoente; são 5: (bits >> 10) & 31"),
        (exponent_with_the_sign, "o bit do sinal ficou no expoente, que só tem 5 bits: (bits >> 10) & 31"),
        (one_bit_for_the_fraction, "a fração são os 10 bits mais baixos, bits & 1023; com & 1024 fica um só, e do "
                                   "expoente"),
        (infinity_without_sign, "o infinito também tem sinal: o fator (-1)^s é de todos"),
        (as_bfloat16, "isto é o bfloat16, com 8 bits de expoente e 7 de fração; o float16 tem 5 e 10"),
        (wrapped_around, "E - 15 foi feito em uint16, que não tem negativos, e deu a volta; passe E a int antes"),
        (the_bits_as_they_are, "converteu os bits como se fossem um inteiro; eles são sinal, expoente e fração"),
    ],
    "LossScale": [
        (BegunAtOne, "a escala começa em FIRST_SCALE"),
        (NeverDoubled, "a escala nunca dobra; take a dobra a cada GOOD_STEPS passos bons seguidos"),
        (DoubledEachStep, "dobrou a cada passo bom; são GOOD_STEPS seguidos"),
        (AStepLate, "dobrou um passo tarde: é no próprio passo em que se completam GOOD_STEPS"),
        (CountGoesOn, "depois de dobrar, a contagem recomeça do 0; assim dobra em todos os seguintes"),
        (CountOfAll, "um passo ruim zera a contagem: os bons têm de ser seguidos"),
        (BelowOne, "a escala caiu abaixo de 1; aí ela só faria sumir os gradientes"),
        (NoAnswer, "halve não devolveu nada; devolva se a escala caiu"),
        (OfTheNewScale, "respondeu se a escala NOVA passa de 1; o que se pergunta é se a de antes passava"),
        (AlwaysTrue, "respondeu sempre True; com a escala já em 1 não há para onde cair"),
        (DoubledWhenItOverflows, "halve dobrou a escala; quando um gradiente transborda, ela cai à metade"),
        (Divided, "scaled dividiu pela escala; a perda se multiplica"),
        (BatchMultiplied, "multiplicou o que entra na perda; é o que sai dela que se multiplica"),
        (NothingMultiplied, "scaled devolveu a própria perda, sem a escala"),
        (OneArgument, "a função devolvida passou adiante só o primeiro argumento; são todos, com *batch"),
        (TwoArguments, "a função devolvida passou adiante só os dois primeiros argumentos; são todos, com *batch"),
        (NothingReturned, "a função que scaled devolve não devolve nada; falta um return dentro dela?"),
        (NotCounted, "take não contou o passo: a contagem fica em self.good"),
        (OnlyCountedAgain, "a contagem recomeçou, mas a escala não dobrou; ela fica em self.value"),
    ],
    "mixed_step": [
        (copies_that_learn, "quem andou foram as cópias em float16, onde um passo pequeno se perde no arredondamento; "
                            "quem anda é o mestre"),
        (masters_of_halves, "os mestres saíram em float16; eles ficam em float32, e só as cópias se arredondam"),
        (divided_in_halves, "dividiu pela escala ainda em float16, onde os pequenos viram 0; leve antes a float32"),
        (scale_left_in, "faltou dividir o gradiente pela escala"),
        (multiplied_again, "multiplicou pela escala; o gradiente já vem multiplicado, e é para dividir"),
        (moved_by_what_overflowed, "moveu os mestres com um gradiente que não é finito; olhe todos, com np.isfinite"),
        (only_infinity, "moveu os mestres com um gradiente que não é finito; olhe todos, com np.isfinite"),
        (only_nan, "moveu os mestres com um gradiente que não é finito; olhe todos, com np.isfinite"),
        (the_first_alone, "moveu os mestres com um gradiente que não é finito; olhe todos, com np.isfinite"),
        (the_others_move, "um só gradiente transbordou, e os outros pesos andaram; o passo se perde inteiro"),
        (zero_for_what_overflowed, "pôs 0 no lugar do que transbordou e deu o passo; ele se perde inteiro"),
        (halve_forgotten, "o passo se perdeu, mas a escala ficou como estava: scale.halve()"),
        (take_forgotten, "o passo foi bom, e a escala não ficou sabendo: scale.take()"),
        (taken_too_soon, "chamou scale.take() antes de dividir, e a escala já podia ser outra"),
        (taken_always, "chamou scale.take() também no passo que se perdeu"),
        (rate_times_halves, "multiplicou por lr ainda em float16, que arredonda; leve antes o gradiente a float32"),
        (finite_in_sum, "somou antes de perguntar, e a soma de números finitos pode passar de 65.504; pergunte de cada "
                        "um: np.isfinite(g).all()"),
        (taken_for_each_weight, "chamou scale.take() uma vez por peso; é uma por passo"),
        (halved_by_hand, "mudou scale.value à mão; quem o muda é scale.halve()"),
        (old_copies, "as cópias são dos mestres de antes do passo; o modelo precisa dos novos"),
        (uphill, "somou o gradiente; o passo é contra ele"),
        (without_the_rate, "faltou multiplicar por lr"),
    ],
}  # fmt: skip

NORMAL = "normal = np.where(exponent == 0, fraction, 1 + fraction) * 2.0 ** (np.maximum(exponent, 1) - 15)"
HALVED = "self.value, self.good = max(1.0, self.value / 2), 0"
EQUIVALENT = {  # mutants of the solution that compute the same
    f"{NORMAL}: np.maximum(exponent, 1) -> np.maximum(1, exponent)": "the larger of two, in any order",
    f"{HALVED}: max(1.0, self.value / 2) -> max(self.value / 2, 1.0)": "the larger of two, in any order",
}

HINTS = [
    "decode_half: s = bits >> 15; E = (bits >> 10) & 31, passado a int; f = bits & 1023. np.where escolhe, número a "
    "número, entre as três linhas da tabela. LossScale: scaled devolve uma função de dentro, que recebe *batch. "
    "mixed_step: pergunte primeiro se todos os gradientes são finitos; só depois mexa nos mestres.",
    "decode_half: 2.0 ** (E - 15) * (1 + f / 1024) para os normais; onde E == 0, f / 1024 * 2.0**-14; onde E == 31, "
    "np.inf ou np.nan. LossScale: em take, some 1 a self.good, e compare com GOOD_STEPS; em halve, guarde "
    "numa variável se self.value > 1 ANTES de mudá-la. mixed_step: g.astype(np.float32) / scale.value.",
    "LossScale: max(1.0, self.value / 2) não deixa cair abaixo de 1; def scaled(self, loss): return lambda *batch: "
    "loss(*batch) * self.value. mixed_step: all(np.isfinite(g).all() for g in gradients.values()) diz se o passo vale; "
    "no fim, {name: w.astype(np.float16) for name, w in masters.items()} são as cópias, tenha ele valido ou não.",
]


def patterns(size):
    return (rng.integers(1 << 16, size=(size, 100)).astype(np.uint16),)


def many_steps(size):
    return 2.0**10, 0, ["bom"] * size, np.float32(1.5), np.float32(2.5)


def weights(size):
    shapes = {"W": (size, 30), "b": (30,)}
    masters = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    steps = [{name: rng.normal(size=shape).astype(np.float16) for name, shape in shapes.items()} for _ in range(2)]
    return masters, steps, 1024.0, 0.1


WORK = {
    "decode_half": Work(patterns, small=30, large=600, limit=60),
    "LossScale": Work(many_steps, small=100, large=3000, through=followed, limit=None),
    "mixed_step": Work(weights, small=100, large=2000, through=stepped),
}
