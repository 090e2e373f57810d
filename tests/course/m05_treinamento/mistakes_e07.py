"""Respostas erradas de m05.e07, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import collections
import math
from collections import namedtuple

import numpy as np

from tinyllm.course.measure import Work

rng = np.random.default_rng(0)

# what a learner reads
Clipped = namedtuple("Clipped", "gradientes comprimento")
Guarded = namedtuple("Guarded", "respostas perdas_lembradas pulados_em_seguida")
Searched = namedtuple("Searched", "resposta funcoes_chamadas")


def clipped(piece, grads, limit):
    return Clipped(*piece(grads, limit))


def clipped_by_ranks(piece, grads, limit, rest):
    """As a rank is asked for it, if the others' squares sum to `rest`."""

    def squares(grads, *, map):
        return rest + sum(float(np.vdot(g, g)) for g in grads.values())

    return Clipped(*piece(grads, limit, squares=squares, map=map))


def guarded(piece, steps):
    """What a guard says of steps, (loss, norm) each, until it ends the training, and what it then remembers."""
    guard, found = piece(), []
    for loss, norm in steps:
        try:
            found.append(guard.check(loss, norm))
        except NotImplementedError:  # which is a RuntimeError too, and says that the exercise is still to be done
            raise
        except RuntimeError:
            return Guarded([*found, "RuntimeError"], [], 10)
    return Guarded(found, list(guard.recent), guard.in_a_row)


FUNCTIONS = {
    "log": np.log, "exp": np.exp, "raiz": np.sqrt, "vezes 0": lambda x: x * 0, "1/x": lambda x: 1 / x,
    "menos 5": lambda x: x - 5, "soma": lambda x: x.sum(keepdims=True), "sem negativos": lambda x: np.maximum(x, 0),
    "onde positivo": lambda x: np.where(x > 0, x, 0.0), "sinais": lambda x: (x > 0).astype(np.int64),
    "vezes 1e300": lambda x: x * 1e300,
}  # fmt: skip


def searched(piece, names, x):
    called = []

    def noted(name):
        def function(x):
            called.append(name)
            return FUNCTIONS[name](x)

        return function

    with np.errstate(all="ignore"):
        return Searched(piece([(name, noted(name)) for name in names], x), called)


# ------------------------------------------------------------------------------------------------------ clip_gradients


def cut(grads, limit, squares, map, *, length=None, over=None, always=False, told=None, blind=False, wide=np.float64,
        small=0.0, turn=float):  # fmt: skip
    if squares:
        norm = math.sqrt(squares(grads, map=map))
    elif length:
        norm = length(grads)
    else:
        norm = math.sqrt(sum(float(np.square(g.astype(wide)).sum()) for g in grads.values()))
    said = told(norm, limit) if told else norm
    if not (math.isfinite(norm) or blind) or (norm <= limit and not always):
        return grads, said
    factor = turn(limit / (norm + small)) if norm else 1.0
    return {p: over(g, limit, factor) if over else g * factor for p, g in grads.items()}, said


def each_alone(grads, limit, *, squares=None, map=map):
    def alone(g, limit, factor):
        own = math.sqrt(float(np.square(g, dtype=np.float64).sum()))
        return g * (limit / own) if own > limit else g

    return cut(grads, limit, squares, map, over=alone)


def number_by_number(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, over=lambda g, limit, factor: np.clip(g, -limit, limit))


def always_scaled(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, always=True)


def without_the_root(grads, limit, *, squares=None, map=map):
    def squared(grads):
        return float(sum(np.square(g, dtype=np.float64).sum() for g in grads.values()))

    return cut(grads, limit, squares, map, length=squared)


def of_absolute_values(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map,
               length=lambda grads: float(sum(np.abs(g, dtype=np.float64).sum() for g in grads.values())))  # fmt: skip


def of_the_largest(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, length=lambda grads: max(float(np.abs(g).max()) for g in grads.values()))


def of_lengths_summed(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, length=lambda grads: sum(
        math.sqrt(float(np.square(g, dtype=np.float64).sum())) for g in grads.values()
    ))  # fmt: skip


def a_root_mean_square(grads, limit, *, squares=None, map=map):
    def mean(grads):
        total = sum(float(np.square(g, dtype=np.float64).sum()) for g in grads.values())
        return math.sqrt(total / sum(g.size for g in grads.values()))

    return cut(grads, limit, squares, map, length=mean)


def length_after(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, told=lambda norm, limit: min(norm, limit))


def in_the_same_dtype(grads, limit, *, squares=None, map=map):
    with np.errstate(over="ignore"):
        total = sum(float(np.square(g).sum()) for g in grads.values())
    return cut(grads, limit, squares, map, length=lambda grads: math.sqrt(total))


def cut_by_infinity(grads, limit, *, squares=None, map=map):
    with np.errstate(invalid="ignore"):
        return cut(grads, limit, squares, map, blind=True)


def as_in_pytorch(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, small=1e-6)


def to_64_bits(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, turn=np.float64)


def to_length_1(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares, map, over=lambda g, limit, factor: g * (factor / limit))


def squares_for_length(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, squares and (lambda grads, *, map: squares(grads, map=map) ** 2), map)


def squares_ignored(grads, limit, *, squares=None, map=map):
    return cut(grads, limit, None, map)


# --------------------------------------------------------------------------------------------------------------- Guard


class Watching:
    """A guard of which a mistake changes one thing."""

    window, least, floor, end = 64, 16, 0.01, 10
    middle = spread = staticmethod(np.median)
    keeps_skipped = counts_all = both_sides = absolute = gradient_first = ignores_nan = starts_again = False

    def __init__(self):
        self.recent = collections.deque(maxlen=self.window)
        self.in_a_row = 0

    def check(self, loss, norm):
        why = self.why(loss, norm)
        if why is None or self.keeps_skipped:
            self.recent.append(loss)
        if why is None:
            self.in_a_row = self.in_a_row if self.counts_all else 0
            return None
        self.in_a_row += 1
        if self.in_a_row == self.end:
            raise RuntimeError(why)
        if self.starts_again:
            self.recent.clear()
        return why

    def why(self, loss, norm):
        finite = {"loss": not (math.isinf(loss) if self.ignores_nan else not math.isfinite(loss)),
                  "gradient": math.isfinite(norm)}  # fmt: skip
        for name in sorted(finite, reverse=not self.gradient_first):
            if not finite[name]:
                return name
        return "spike" if self.is_spike(loss) else None

    def is_spike(self, loss):
        if len(self.recent) < self.least or not self.recent:
            return False
        middle = self.middle(self.recent)
        distance = self.distance(middle)
        return (abs(loss - middle) if self.both_sides else loss - middle) > 8 * distance

    def distance(self, middle):
        found = self.spread(np.abs(np.array(self.recent) - middle))
        return max(found, self.floor if self.absolute else self.floor * abs(middle))


class MeanForMedian(Watching):
    middle = staticmethod(np.mean)


class MeanDistance(Watching):
    spread = staticmethod(np.mean)


class BothSides(Watching):
    both_sides = True


class SkippedRemembered(Watching):
    keeps_skipped = True


class NeverReset(Watching):
    counts_all = True


class OneLate(Watching):
    end = 11


class NeverEnds(Watching):
    end = 0


class GradientFirst(Watching):
    gradient_first = True


class NanPasses(Watching):
    ignores_nan = True


class FromTheFirst(Watching):
    least = 1


class OneTooMany(Watching):
    least = 17


class NoFloor(Watching):
    floor = 0


class SignedDistances(Watching):
    def distance(self, middle):
        return self.floor * abs(middle)


class FloorAlone(Watching):
    absolute = True


class Unbounded(Watching):
    window = None


class WithoutDeviations(Watching):
    def distance(self, middle):
        return super().distance(middle) / 8


class NoSpikes(Watching):
    def is_spike(self, loss):
        return False


# ----------------------------------------------------------------------------------------------------------- first_bad


def bad(array, *, negative=False, inf=True, nan=True, every=False):
    if array.dtype.kind != "f":
        return False
    found = np.zeros(array.shape, bool)
    found |= np.isnan(array) if nan else False
    found |= (np.isinf(array) if negative else array == np.inf) if inf else False
    return bool(found.all() if every else found.any())


def sought(steps, x, *, is_bad=bad, last=False, told=None, all_of_them=False, look=True):
    given, answer = is_bad(x) if look else False, None
    for name, function in steps:
        x = function(x)
        now = is_bad(x)
        if now and (last or answer is None):
            answer = told(name, given) if told else (name, "recebeu" if given and not last else "fez")
            if not (last or all_of_them):
                return answer
        given = now if all_of_them or last else False
    return answer


def negative_infinity_too(steps, x):
    return sought(steps, x, is_bad=lambda array: bad(array, negative=True))


def nan_alone(steps, x):
    return sought(steps, x, is_bad=lambda array: bad(array, inf=False))


def infinity_alone(steps, x):
    return sought(steps, x, is_bad=lambda array: bad(array, nan=False))


def bad_everywhere(steps, x):
    return sought(steps, x, is_bad=lambda array: bad(array, every=True))


def the_last(steps, x):
    return sought(steps, x, last=True)


def always_made(steps, x):
    return sought(steps, x, look=False)


def of_x_alone(steps, x):
    return sought(steps, x, told=lambda name, given: (name, "recebeu" if bad(x) else "fez"))


def not_passed_on(steps, x):
    return sought([(name, lambda _, function=function: function(x)) for name, function in steps], x)


def name_alone(steps, x):
    return sought(steps, x, told=lambda name, given: name)


def all_called(steps, x):
    return sought(steps, x, all_of_them=True)


def found_in_x(steps, x):
    return (steps[0][0], "recebeu") if bad(x) and steps else sought(steps, x)


MISTAKES = {
    "clip_gradients": [
        (each_alone, "cortou cada array pelo seu próprio comprimento, e a direção do passo mudou; o comprimento é o de "
                     "todos juntos"),
        (number_by_number, "cortou número por número, e a direção mudou; multiplique todos pelo mesmo fator"),
        (always_scaled, "esticou um gradiente que já era curto; só se corta o que passa de limit"),
        (without_the_root, "faltou a raiz: isto é a soma dos quadrados"),
        (of_absolute_values, "somou valores absolutos; o comprimento é a raiz da soma dos QUADRADOS"),
        (of_the_largest, "isto é o maior número; o comprimento é a raiz da soma dos quadrados de todos"),
        (of_lengths_summed, "somou os comprimentos dos arrays; somam-se os quadrados, e uma só raiz no fim"),
        (a_root_mean_square, "dividiu pelo número de valores; o comprimento é a raiz da SOMA, sem média"),
        (length_after, "devolveu o comprimento de depois do corte; é o de antes, que diz se algo vai mal"),
        (in_the_same_dtype, "os quadrados não couberam no dtype do gradiente; some em float64"),
        (cut_by_infinity, "dividiu por um comprimento que não é finito; devolva os gradientes como vieram"),
        (as_in_pytorch, "somou 1e-6 ao comprimento, como o PyTorch; aqui não"),
        (to_64_bits, "o fator é um np.float64, que leva o gradiente a float64; use um float do Python"),
        (to_length_1, "os gradientes ficaram com comprimento 1; é com limit: multiplique por limit / comprimento"),
        (squares_for_length, "squares dá a SOMA dos quadrados; falta a raiz dela"),
        (squares_ignored, "não usou `squares`, que veio: nele estão também os quadrados dos outros processos"),
    ],
    "Guard": [
        (MeanForMedian, "tomou a média das perdas no lugar da mediana: uma só perda enorme a leva consigo"),
        (MeanDistance, "tomou a média das distâncias no lugar da mediana"),
        (BothSides, "uma perda que cai muito não é salto; só o que fica ACIMA"),
        (SkippedRemembered, "a perda de um passo pulado entrou em recent; só as dos passos dados"),
        (NeverReset, "um passo dado não zerou a conta; são os pulados SEGUIDOS"),
        (OneLate, "acabou um passo tarde; é no décimo pulado em seguida"),
        (NeverEnds, "não acabou no décimo passo pulado em seguida; todos contam, e nele levanta-se um RuntimeError"),
        (GradientFirst, "perguntou primeiro pelo gradiente; se os dois não são finitos, a resposta é a perda"),
        (NanPasses, "um NaN na perda passou; math.isfinite vê os infinitos e o NaN"),
        (FromTheFirst, "falou em salto com menos de LEAST perdas lembradas"),
        (OneTooMany, "com LEAST perdas lembradas já se fala em salto: ao menos, e não mais que"),
        (NoFloor, "sem SMALLEST · |m|, uma perda que quase não muda salta por um nada"),
        (SignedDistances, "faltou o valor absoluto: as distâncias com sinal têm mediana 0"),
        (FloorAlone, "o menor d é SMALLEST VEZES |m|, e não SMALLEST"),
        (Unbounded, "lembrou-se de mais de WINDOW perdas; recent já é feita para esquecer as mais velhas"),
        (WithoutDeviations, "o salto começa DEVIATIONS distâncias acima da mediana, e não uma"),
        (NoSpikes, "não viu o salto da perda: com m e d MEDIANAS, salta o que passa de m + DEVIATIONS · d"),
    ],
    "first_bad": [
        (negative_infinity_too, "um menos infinito não conta: as máscaras o usam de propósito"),
        (nan_alone, "procurou só NaN; um infinito positivo também conta"),
        (infinity_alone, "procurou só infinitos; um NaN também conta, e não é igual a nada: np.isnan"),
        (bad_everywhere, "basta um NaN no array, e não que todos o sejam: any, e não all"),
        (the_last, "isto é a última função; o NaN passa adiante, e a culpada é a primeira"),
        (always_made, "não olhou o que deram à primeira função: se x já traz um NaN, ela o recebeu"),
        (of_x_alone, "olhou só o que deram à primeira função; conta o que deram à que se achou"),
        (not_passed_on, "deu x a todas as funções; cada uma recebe o que a anterior deu"),
        (name_alone, "falta dizer se a função o fez ou recebeu: um par"),
        (all_called, "chamou funções depois de achar; pare ali"),
        (found_in_x, "x traz um NaN, mas isso só importa se ele sobrevive: olhe o RESULTADO de cada função"),
    ],
}  # fmt: skip

EQUIVALENT = {  # mutants of the solution that do the same
    "if norm <= limit or not math.isfinite(norm):: norm <= limit -> (norm < limit)": "um vetor vezes 1 é ele mesmo",
    "if loss > middle + DEVIATIONS * max(distance, SMALLEST * abs(middle)):: max(distance, SMALLEST * abs(middle)) -> "
    "max(SMALLEST * abs(middle), distance)": "o maior dos dois é o mesmo",
    "distance = np.median(np.abs(np.array(self.recent) - middle)): np.array(self.recent) -> (self.recent)": "middle é "
    "um np.float64, que ao subtrair faz do deque um array",
}

HINTS = [
    "clip_gradients: três passos: a soma dos quadrados de todos os arrays, a raiz, e um dicionário novo em que cada "
    "array vem vezes limit / comprimento. Guard: uma variável why, que começa em None, e três perguntas; só no fim se "
    "mexe em recent e em in_a_row. first_bad: um laço que guarda se o que vai ser dado já traz um NaN.",
    "clip_gradients: np.square(g, dtype=np.float64).sum() soma os quadrados em float64; math.sqrt dá um float do "
    "Python. Guard: np.median aceita o deque; as distâncias são np.abs(np.array(self.recent) - middle). "
    "first_bad: has_bad, já escrita no arquivo, diz de um array.",
    "Guard: if not math.isfinite(loss): … elif not math.isfinite(norm): … elif len(self.recent) >= LEAST: o limite é "
    "middle + DEVIATIONS * max(distance, SMALLEST * abs(middle)). first_bad: given = has_bad(x) antes do laço; dentro, "
    "x = function(x), e if has_bad(x): return name, 'recebeu' if given else 'fez'; senão, given = False.",
]


def gradients(size):
    return {number: rng.normal(size=(100, 50)) for number in range(size)}, 1.0


def losses(size):
    return ([(3 + 0.1 * loss, 1.0) for loss in rng.normal(size=size)],)


def functions(size):
    return ["menos 5", "onde positivo"] * size, np.ones(5)


WORK = {
    "clip_gradients": Work(gradients, small=3, large=40, through=clipped),
    "Guard": Work(losses, small=50, large=400, through=guarded, limit=None),
    "first_bad": Work(functions, small=30, large=1000, through=searched, limit=None),
}
