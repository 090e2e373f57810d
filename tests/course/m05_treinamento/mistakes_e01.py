"""Respostas erradas de m05.e01, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import math
from collections import namedtuple

import numpy as np

from tinyllm.course.measure import Work

AROUND = 5
Searched = namedtuple("Searched", "taxa passos_gastos medidas_feitas")  # what a learner reads


def test_of(seed, size=60):
    """The rates and losses of a range test: a descent, a rise that explodes, noise and an accident in between."""
    draw = np.random.default_rng(seed)
    tested = np.geomspace(1e-5, 1.0, size)
    middle, height = draw.uniform(0.3, 0.6), draw.uniform(2, 4)
    x = np.linspace(0, 1, size)
    losses = 5 - height / (1 + np.exp(-(x - middle) * 15)) + 20 * np.maximum(0, x - middle - 0.25) ** 2
    losses += 0.15 * draw.normal(size=size)
    losses[-6:] += np.array([0.0, 9.0, 9.0, 9.0, 0.0, 0.0])  # it falls again, steeply, after its minimum
    return tested, losses


def of_several(piece, tests):
    """What is suggested for each of several range tests."""
    return [float(piece(tested, losses)) for tested, losses in tests]


def searched(piece, rates, steps, best, crossed=False):
    """A search among trainings that are best at a rate: what it found and spent, and what it looked at. With `crossed`,
    slow ones overtake fast ones; those with a rate above 1 diverge."""
    looked = set()

    def loss_of(rate, steps):
        looked.add((int(steps), float(rate)))
        if rate > 1:
            return math.nan
        way = abs(math.log(rate / best))
        return way + 3 / (1 + rate * steps) if crossed else 1 + way

    found, spent = piece(list(rates), loss_of, steps)
    return Searched(float(found), spent, sorted(looked))


# --------------------------------------------------------------------------------------------------------------- rates


def equally_apart(lowest, highest, steps):
    return np.linspace(lowest, highest, steps)


def without_the_last(lowest, highest, steps):
    return np.geomspace(lowest, highest, steps, endpoint=False)


def downwards(lowest, highest, steps):
    return np.geomspace(highest, lowest, steps)


def one_more(lowest, highest, steps):
    return np.geomspace(lowest, highest, steps + 1)


def exponents(lowest, highest, steps):
    return np.linspace(np.log10(lowest), np.log10(highest), steps)


def powers_of_e(lowest, highest, steps):
    return np.exp(np.linspace(np.log10(lowest), np.log10(highest), steps))


# ------------------------------------------------------------------------------------------------------------- suggest


def means(losses, around=AROUND):
    last = len(losses) - 1
    reach = [min(around, place, last - place) for place in range(len(losses))]
    return np.array([np.mean(losses[i - r : i + r + 1]) for i, r in enumerate(reach)])


def at(tested, losses, *, curve=means, against=np.log, until=True, choose=np.argmin):
    smooth = curve(losses)
    slopes = np.gradient(smooth, against(tested))
    return float(tested[choose(slopes[: smooth.argmin() + 1] if until else slopes)])


def at_the_minimum(rates, losses):
    return float(rates[means(losses).argmin()])


def tenth_of_the_minimum(rates, losses):
    return float(rates[means(losses).argmin()]) / 10


def not_smoothed(rates, losses):
    return at(rates, losses, curve=np.asarray)


def against_the_rate(rates, losses):
    return at(rates, losses, against=np.asarray)


def after_the_minimum_too(rates, losses):
    return at(rates, losses, until=False)


def steepest_rise(rates, losses):
    return at(rates, losses, choose=np.argmax)


def place_of_it(rates, losses):
    return float(np.gradient(means(losses), np.log(rates))[: means(losses).argmin() + 1].argmin())


def of_those_before(rates, losses):
    return at(rates, losses, curve=lambda x: np.array([np.mean(x[max(0, i - 10) : i + 1]) for i in range(len(x))]))


def without_places(rates, losses):
    return at(rates, losses, against=lambda tested: np.arange(len(tested)))


def zeros_beyond_the_ends(rates, losses):
    return at(rates, losses, curve=lambda x: np.convolve(np.pad(x, AROUND), np.ones(2 * AROUND + 1), "valid"))


def other_windows_at_the_ends(rates, losses):
    def curve(x):
        return np.array([np.mean(x[max(0, i - AROUND) : i + AROUND + 1]) for i in range(len(x))])

    return at(rates, losses, curve=curve)


# ------------------------------------------------------------------------------------------------------------- halving


def search(rates, loss_of, steps, *, kept=lambda n: (n + 1) // 2, grown=2, rounds=None, key=None, cost=None):
    """The right search, but for what is said."""
    alive, done, spent, turn = list(rates), 0, 0, 0
    while len(alive) > 1:
        losses = {rate: loss_of(rate, steps) for rate in alive}
        spent += cost(alive, steps, done) if cost else len(alive) * (steps - done)
        alive.sort(key=lambda rate: (key or worst_if_nan)(losses[rate]))
        turn += 1
        alive = alive[: 1 if turn == rounds else kept(len(alive))]
        done, steps = steps, grown * steps
    return alive[0], spent


def worst_if_nan(loss):
    return math.inf if math.isnan(loss) else loss


def whole_steps_again(rates, loss_of, steps):
    return search(rates, loss_of, steps, cost=lambda alive, steps, done: len(alive) * steps)


def of_one_alone(rates, loss_of, steps):
    return search(rates, loss_of, steps, cost=lambda alive, steps, done: steps - done)


def diverged_wins(rates, loss_of, steps):
    return search(rates, loss_of, steps, key=lambda loss: -math.inf if math.isnan(loss) else loss)


def nan_as_it_is(rates, loss_of, steps):
    return search(rates, loss_of, steps, key=float)


def steps_first(rates, loss_of, steps):
    return search(rates, loss_of, steps)[::-1]


def worse_half(rates, loss_of, steps):
    return search(rates, loss_of, steps, key=lambda loss: -worst_if_nan(loss))


def smaller_half(rates, loss_of, steps):
    return search(rates, loss_of, steps, kept=lambda n: n // 2)


def always_the_same_steps(rates, loss_of, steps):
    return search(rates, loss_of, steps, grown=1, cost=lambda alive, steps, done: len(alive) * steps)


def after_one_round(rates, loss_of, steps):
    return search(rates, loss_of, steps, rounds=1)


def one_by_one(rates, loss_of, steps):
    return search(rates, loss_of, steps, kept=lambda n: n - 1)


def the_loss_of_it(rates, loss_of, steps):
    best, spent = search(rates, loss_of, steps)
    return loss_of(best, steps), spent


MISTAKES = {
    "rates": [
        (equally_apart, "as taxas estão igualmente espaçadas; é o FATOR de uma para a outra que é sempre o mesmo"),
        (without_the_last, "a última taxa deveria ser highest"),
        (downwards, "vão da maior para a menor; é ao contrário"),
        (one_more, "veio uma taxa a mais: são steps, com as duas pontas"),
        (exponents, "isto são os expoentes; falta elevar 10 a eles"),
        (powers_of_e, "o logaritmo é na base 10 e a potência é de e: use a mesma base nos dois"),
    ],
    "suggest": [
        (at_the_minimum, "é a taxa do mínimo: ali a perda já parou de descer, e é grande demais"),
        (tenth_of_the_minimum, "é um décimo da taxa do mínimo, outra regra; pede-se a da descida mais rápida"),
        (not_smoothed, "não alisou as perdas: o que se vê é o ruído"),
        (against_the_rate, "a inclinação é em relação ao LOGARITMO da taxa; com a taxa as pequenas ganham sempre"),
        (after_the_minimum_too, "procurou também depois do mínimo, onde a perda já explodiu e cai por acaso"),
        (steepest_rise, "é onde a perda SOBE mais depressa; a descida é a inclinação mais negativa"),
        (place_of_it, "devolveu a posição no array; pede-se a taxa dali"),
        (without_places, "np.gradient contou as posições de 1 em 1; dê-lhe np.log(rates) no segundo argumento"),
        (zeros_beyond_the_ends, "perto das pontas a média contou zeros, que não são perdas; use menos delas, dos dois "
                                "lados"),
        (other_windows_at_the_ends, "perto das pontas usou mais perdas de um lado do que do outro; são tantas de um "
                                    "lado como do outro"),
        (of_those_before, "a média é só das perdas anteriores, e atrasa a curva; é das dos dois lados"),
    ],
    "halving": [
        (whole_steps_again, "contou de novo os passos já dados; quem passa continua de onde estava"),
        (of_one_alone, "contou os passos de um candidato só; numa rodada são os de todos os que restam"),
        (diverged_wins, "um treino que divergiu ganhou: NaN é pior do que qualquer número"),
        (nan_as_it_is, "NaN não se ordena, porque toda comparação com ele é falsa; troque-o por math.inf"),
        (steps_first, "trocou a ordem: devolve-se a taxa, e depois os passos"),
        (worse_half, "ficou com a metade de perdas maiores"),
        (smaller_half, "de um número ímpar passa a metade arredondada para cima"),
        (always_the_same_steps, "a cada rodada os passos dobram"),
        (after_one_round, "escolheu depois da primeira rodada, em que os lentos ainda não mostraram o que valem"),
        (one_by_one, "saiu um por rodada; sai a metade"),
        (the_loss_of_it, "devolveu a perda; pede-se a taxa"),
    ],
}  # fmt: skip

EQUIVALENT = {  # mutants of the solution that do the same
    "return float(rates[slopes.argmin()]): float(rates[slopes.argmin()]) -> (rates[slopes.argmin()])":
        "a number of NumPy is a number",
}  # fmt: skip

HINTS = [
    "rates: há no NumPy uma função que faz exatamente isto; à mão, são as potências de 10 de expoentes igualmente "
    "espaçados entre log10(lowest) e log10(highest). halving: um laço enquanto resta mais de uma; dentro dele, medir, "
    "somar o gasto, ordenar, cortar, dobrar.",
    "suggest: a média em torno do lugar i é np.mean(losses[i - r : i + r + 1]), com r = min(AROUND, i, N - 1 - i). "
    "np.gradient(curva, np.log(rates)) dá todas as inclinações; corte-as em curva.argmin() + 1. halving: cada rodada "
    "gasta (quantas restam) · (passos desta - passos da anterior).",
    "rates: np.geomspace. suggest: rates[inclinações[: curva.argmin() + 1].argmin()]. halving: ordene com uma chave "
    "que dê math.inf onde math.isnan(perda), e fique com as primeiras (len + 1) // 2.",
]


def some_rates(size):
    return 1e-6, 1.0, size


def a_test(size):
    return test_of(0, size)


def some_candidates(size):
    return np.geomspace(1e-4, 0.9, size).tolist(), 10, 0.01


WORK = {
    "rates": Work(some_rates, small=100, large=10_000, limit=None),
    "suggest": Work(a_test, small=50, large=1000, limit=None),
    "halving": Work(some_candidates, small=10, large=500, through=searched, limit=None),
}
