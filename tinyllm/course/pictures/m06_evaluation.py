"""The pictures of module 6: section 6.3, calibration, paired comparisons and bias."""

import numpy as np

from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, RED
from tinyllm.evaluate import bootstrap
from tinyllm.evaluate.calibration import Calibration
from tinyllm.evaluate.measure import mean, mean_rows
from tinyllm.plot import INK, SOFT
from tinyllm.say import thousands

# --------------------------------------------------------------------------------------------------------- calibration


def calibration(figure):
    """Two reliability curves, and what the error of a model without any is said to be, by the number of bins."""
    curves, errors = figure.subplots(1, 2, width_ratios=(1, 1.25))
    rng = np.random.default_rng(0)
    curves.plot([0.5, 1], [0.5, 1], color=SOFT, linewidth=1.2, linestyle="--", label="o ideal")
    for name, color, heat in (("confiante demais", RED, 2.2), ("com a temperatura ajustada", BLUE, 1.0)):
        odds = 1.3 * rng.normal(size=4000)
        labels = (rng.random(4000) < 1 / (1 + np.exp(-odds))).astype(int)
        high = 1 / (1 + np.exp(-heat * odds))
        measure = Calibration(bins=20)
        found = measure.points(measure.rows(np.stack([1 - high, high], axis=1), labels).sum(axis=0))
        curves.plot(found.confidence, found.accuracy, "o-", color=color, linewidth=1.6, markersize=4.5, label=name)
    curves.set(title="calibração", xlabel="confiança do modelo", ylabel="parte que acertou", xlim=(0.48, 1.02),
               ylim=(0.45, 1.02))  # fmt: skip
    for set_ticks in (curves.set_xticks, curves.set_yticks):
        set_ticks((0.5, 0.75, 1), ("0,5", "0,75", "1"))
    curves.legend(frameon=False, fontsize=9, loc="upper left")

    counts = np.array([2, 5, 10, 15, 30, 60, 100])
    for N, color in ((200, ORANGE), (1000, GREEN), (5000, BLUE)):
        found = [np.mean([said_of_nothing(N, bins, rng) for _ in range(40)]) for bins in counts]
        errors.plot(counts, 100 * np.array(found), "o", color=color, markersize=5, label=f"{thousands(N)} textos")
        errors.plot(counts, 100 * expected_of_nothing(N, counts), color=color, linewidth=1.4)
    errors.set(title="ECE de um modelo perfeitamente calibrado, em %", xlabel="número de faixas", ylim=(0, 22),
               yticks=(0, 5, 10, 15, 20))  # fmt: skip
    errors.legend(frameon=False, fontsize=9, loc="upper left", title="linhas: a conta da lição")


def said_of_nothing(N, bins, rng):
    """The ECE of N texts of which each is right with just the probability that the model gives it."""
    confidence = rng.uniform(0.5, 1, size=N)
    right = rng.random(N) < confidence
    rows = np.zeros((3, bins))
    place = np.minimum((2 * (confidence - 0.5) * bins).astype(int), bins - 1)
    for row, values in zip(rows, (np.ones(N), confidence, right), strict=True):
        np.add.at(row, place, values)
    return np.abs(rows[2] - rows[1]).sum() / N


def expected_of_nothing(N, bins):
    """What the lesson derives, with confidences spread from 0.5 to 1: the mean of √(c (1 - c)) is 0.393."""
    return np.sqrt(2 / np.pi) * 0.393 * np.sqrt(bins / N)


# -------------------------------------------------------------------------------------------------- paired comparisons


def paired(figure):
    """The figures of two systems in resampled tests, and their difference, paired and not."""
    alone, apart = figure.subplots(1, 2)
    rng = np.random.default_rng(0)
    place = np.arange(300)
    a, b = place < 246, (place < 230) | ((place >= 246) & (place < 250))  # 16 that only A knows, 4 that only B does
    pairs = np.concatenate([mean_rows(a), mean_rows(b)], axis=1)
    together = bootstrap.resampled(pairs, 20_000, rng)
    of_a, of_b = 100 * mean(together[:, :2]), 100 * mean(together[:, 2:])
    of_others = 100 * mean(bootstrap.resampled(pairs[:, 2:], 20_000, rng))
    steps = np.arange(-9, 101, 1 / 3) - 1 / 6  # a point is three texts of 300
    for axes, found, color, label in (
        (alone, of_a, BLUE, "A"),
        (alone, of_b, ORANGE, "B"),
        (apart, of_a - of_others, SOFT, "em testes diferentes"),
        (apart, of_a - of_b, GREEN, "nos mesmos exemplos"),
    ):
        shares, edges = np.histogram(found, steps)
        axes.stairs(100 * shares / len(found), edges, color=color, fill=True, alpha=0.55, label=label)
    apart.axvline(0, color=INK, linewidth=1.2)
    alone.set(title="a nota de cada modelo, em %", xlim=(70, 90), ylabel="% das reamostras",
              xticks=(70, 75, 80, 85, 90))  # fmt: skip
    apart.set(title="a diferença, em pontos", xlim=(-8, 16))
    for axes in (alone, apart):
        axes.legend(frameon=False, fontsize=9, loc="upper right")


# ---------------------------------------------------------------------------------------------------------------- bias

KINDS = {"gênero": (0.4, 0.5), "nome": (1.6, 0.0), "região": (0.0, 0.0), "idade": (-0.7, 0.0)}  # frequency; a bias
PEOPLE = 60  # couples of each kind


def biases(figure):
    """What a model with a bias put into it finds of counterfactual pairs: the gaps by tone, and what is left of them
    when that of blame is taken from that of praise."""
    gaps, favours = figure.subplots(1, 2, width_ratios=(1.3, 1))
    rng = np.random.default_rng(4)
    for place, (frequency, bias) in enumerate(KINDS.values()):
        of_couple = frequency + 0.9 * rng.normal(size=PEOPLE)  # which praise and blame have in common
        tones = [of_couple + sign * bias / 2 + 0.4 * rng.normal(size=PEOPLE) for sign in (1, -1)]
        for values, color, label, at in zip(tones, (BLUE, ORANGE), ("elogio", "crítica"), (-0.16, 0.16), strict=True):
            spread = place + at + 0.09 * rng.uniform(-1, 1, size=PEOPLE)
            gaps.plot(spread, values, ".", color=color, alpha=0.25, markersize=4)
            with_interval(gaps, place + at, values, color, label if not place else None)
        with_interval(favours, place, tones[0] - tones[1], GREEN, None)
    for axes in (gaps, favours):
        axes.axhline(0, color=SOFT, linewidth=1.2, linestyle="--")
        axes.set_xticks(range(len(KINDS)), KINDS)
        axes.set_xlim(-0.5, len(KINDS) - 0.5)
    gaps.set(title="quanto a frase do primeiro é mais provável, em nats", ylim=(-3.4, 4.4))
    gaps.set_yticks((-2, 0, 2, 4), ("−2", "0", "2", "4"))
    favours.set(title="elogio menos crítica", ylim=(-0.5, 1.0))
    favours.set_yticks((-0.5, 0, 0.5, 1), ("−0,5", "0", "0,5", "1"))
    gaps.legend(frameon=False, fontsize=9, loc="upper right")


def with_interval(axes, at, values, color, label):
    found = bootstrap.interval(mean, mean_rows(values), rng=np.random.default_rng(0))
    axes.errorbar([at], [found.value], [[found.value - found.low], [found.high - found.value]], fmt="o", color=color,
                  markersize=6, linewidth=2.2, capsize=5, label=label)  # fmt: skip


PICTURES = {
    "calibracao": (calibration, 10.5, 3.8),
    "emparelhar": (paired, 10.5, 3.6),
    "vies": (biases, 10.5, 3.8),
}
