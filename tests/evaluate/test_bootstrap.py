"""Intervals that hold what they promise, over many samples of a known population; paired comparisons."""

import itertools

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.evaluate import bootstrap
from tinyllm.evaluate.bits import bits_per_byte
from tinyllm.evaluate.bleu import Bleu
from tinyllm.evaluate.bootstrap import compare, corrected, interval, resampled
from tinyllm.evaluate.classification import OfConfusion, f1, macro
from tinyllm.evaluate.measure import mean, mean_rows


def mean_interval(values, **options):
    return interval(mean, mean_rows(values), rng=np.random.default_rng(0), **options)


# ----------------------------------------------------------------------------------------------------------- intervals


def test_each_resample_has_as_many_rows_drawn_with_replacement():
    times = resampled(np.eye(50), 4000, np.random.default_rng(0))  # how often each was drawn
    assert times.shape == (4000, 50) and set(times.sum(axis=1)) == {50}
    np.testing.assert_allclose(times.mean(axis=0), 1, atol=0.08)
    np.testing.assert_allclose(times.var(axis=0), 49 / 50, atol=0.15)
    assert len(np.unique(times, axis=0)) == 4000


def test_drawn_in_parts_they_are_as_many(monkeypatch):
    monkeypatch.setattr(bootstrap, "AT_ONCE", 100)
    assert resampled(np.eye(30), 10, np.random.default_rng(0)).sum() == 300
    assert len(resampled(np.eye(101), 3, np.random.default_rng(0))) == 3


def test_the_interval_of_a_mean_is_nearly_that_of_the_normal_curve():
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = mean_interval(values)
    assert found.value == pytest.approx(values.mean())
    around = 1.96 * values.std() / 20
    assert (found.low, found.high) == pytest.approx((values.mean() - around, values.mean() + around), abs=0.04)
    narrower = mean_interval(values, confidence=0.5)
    assert (narrower.high - narrower.low) / (found.high - found.low) == pytest.approx(0.674 / 1.96, abs=0.03)
    assert mean_interval(values) == found != interval(mean, mean_rows(values), rng=np.random.default_rng(2))


def test_an_interval_leans_to_where_the_figure_may_err_more():
    skewed = mean_interval(np.random.default_rng(0).lognormal(0, 1.5, 60))
    assert skewed.high - skewed.value > 1.3 * (skewed.value - skewed.low)


def test_examples_that_all_say_the_same_give_no_width():
    assert mean_interval([1] * 20) == (1, 1, 1)


@pytest.mark.parametrize("way", [0, 1])
def test_figures_that_only_rounding_tells_apart_are_the_same(way):
    """That of all examples may be computed by other routines than those of many resamples at once."""

    def rounded(sums):
        found = mean(sums)
        return found if found.ndim else np.nextafter(found, way)

    right = [1] * 7 + [0] * 13
    found = interval(rounded, mean_rows(right), rng=np.random.default_rng(0))
    assert found == pytest.approx(mean_interval(right), abs=1e-9)


def trainings(rng, *, of_seeds, of_examples, shape=(5, 60)):
    """(S, N) figures: 0, what each training and each example adds to all of its own, and what each of both adds."""
    S, N = shape
    return of_seeds * rng.normal(size=(S, 1)) + of_examples * rng.normal(size=N) + 0.3 * rng.normal(size=(S, N))


def test_the_interval_over_seeds_and_examples_is_as_wide_as_what_varies():
    rng = np.random.default_rng(0)
    examples, seeds = trainings(rng, of_seeds=0, of_examples=2), trainings(rng, of_seeds=2, of_examples=0)
    of_examples, of_seeds = (bootstrap.crossed_interval(one, rng=np.random.default_rng(0)) for one in (examples, seeds))
    assert of_examples.value == pytest.approx(examples.mean()) and of_examples.low < of_examples.value
    plain = mean_interval(examples.mean(axis=0))
    assert (of_examples.low, of_examples.high) == pytest.approx((plain.low, plain.high), abs=0.15)
    error = seeds.mean(axis=1).std(ddof=1) / np.sqrt(5)
    assert of_seeds.high - of_seeds.low == pytest.approx(2 * 1.96 * error, rel=0.15)
    alone = bootstrap.crossed_interval(examples[:1], rng=np.random.default_rng(0))
    plain = mean_interval(examples[0])
    assert (alone.low, alone.high) == pytest.approx((plain.low, plain.high), abs=0.15)


@pytest.mark.long
@pytest.mark.parametrize("spreads", [(0, 1), (0.1, 1), (0.3, 1)], ids=str)
def test_the_interval_over_seeds_and_examples_holds_zero_as_often_as_it_says(spreads):
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        figures = trainings(rng, of_seeds=spreads[0], of_examples=spreads[1])
        found = bootstrap.crossed_interval(figures, rng=rng, resamples=400)
        held += found.low <= 0 <= found.high
    assert 0.86 < held / 400 < 0.985


def test_too_few_examples():
    with pytest.raises(UsageError, match=r"^1 examples give no interval"):
        bootstrap.crossed_interval(np.ones((5, 1)), rng=np.random.default_rng(0))
    for count in (0, 1):
        with pytest.raises(UsageError, match=f"^{count} examples give no interval; give at least 2, better hundreds$"):
            mean_interval([1] * count)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(5))
def test_the_ends_are_those_of_scipy(seed):
    from scipy import stats

    rng = np.random.default_rng(seed)
    values = rng.lognormal(0, 1, 40)
    plain = stats.bootstrap((values,), np.mean, n_resamples=999, method="percentile", rng=rng)
    for confidence in (0.9, 0.95, 0.999):
        theirs = stats.bootstrap(
            (values,), np.mean, n_resamples=0, bootstrap_result=plain, method="BCa", confidence_level=confidence
        ).confidence_interval
        rows = mean_rows(values)
        figures, whole = plain.bootstrap_distribution, rows.sum(axis=0)
        ends = corrected(figures, np.mean(values), mean(whole - rows), confidence)
        np.testing.assert_allclose(np.quantile(figures, ends), theirs, rtol=1e-10)


# ------------------------------------------------------------------------------------------------------------ coverage


def population_of_answers(rng):
    return mean, mean_rows(rng.random(20_000) < 0.8)


def population_of_texts(rng):
    """Long texts cost more bits, and some are much harder than others."""
    size = rng.integers(50, 500, 20_000)
    return bits_per_byte, np.stack([size * rng.gamma(4, 0.2, len(size)), size / 3, size], axis=1)


def population_of_labels(rng):
    labels = rng.choice(3, 20_000, p=[0.6, 0.3, 0.1])
    guesses = np.where(rng.random(len(labels)) < 0.7, labels, rng.integers(3, size=len(labels)))
    measure = OfConfusion(lambda table: macro(f1, table), 3)
    return measure.score, np.eye(9)[labels * 3 + guesses]


def population_of_translations(rng, count=3000):
    """Of sentences of 5 to 20 words, each word wrong by a chance that is another in each sentence."""
    words = np.array(
        [
            "o",
            "a",
            "um",
            "uma",
            "gato",
            "gata",
            "rato",
            "casa",
            "rua",
            "mar",
            "viu",
            "vê",
            "quer",
            "tem",
            "foi",
            "não",
            "é",
            "e",
            "com",
            "de",
            "em",
            "já",
            "lá",
            "aqui",
            "bom",
            "boa",
        ]
    )
    references = [rng.choice(words, rng.integers(5, 20)) for _ in range(count)]
    hypotheses = [np.where(rng.random(len(text)) < rng.beta(2, 5), rng.choice(words), text) for text in references]
    measure = Bleu()
    return measure.score, measure.rows([" ".join(text) for text in hypotheses], [" ".join(text) for text in references])


POPULATIONS = [population_of_answers, population_of_texts, population_of_labels, population_of_translations]


def coverage(population, simulations, *, examples=200):
    """In what share of so many samples of a population its figure lies within the interval of the sample."""
    rng = np.random.default_rng(0)
    score, rows = population(rng)
    true = score(rows.sum(axis=0))
    found = [
        interval(score, rows[rng.integers(len(rows), size=examples)], rng=rng, resamples=1000)
        for _ in range(simulations)
    ]
    return np.mean([each.low <= true <= each.high for each in found])


@pytest.mark.long
@pytest.mark.parametrize("population", POPULATIONS[:3])
def test_about_95_of_100_intervals_hold_the_truth(population):
    assert 0.91 <= coverage(population, 300) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize("population", POPULATIONS)
def test_of_a_thousand_intervals_93_to_97_percent_hold_the_truth(population):
    assert 0.93 <= coverage(population, 1000) <= 0.97


# --------------------------------------------------------------------------------------------------------- comparisons


def compared(ours, theirs, *, seed=0, **options):
    return compare(mean, mean_rows(ours), mean_rows(theirs), rng=np.random.default_rng(seed), **options)


def test_who_is_right_wherever_the_other_is_and_more_often_is_better():
    theirs = np.arange(100) < 60
    ours = np.arange(100) < 72
    found = compared(ours, theirs)
    assert found.value == pytest.approx(0.12) and 0 < found.low < 0.12 < found.high < 0.25
    assert found.p < 0.003  # 2 of the 2^12 ways in which 12 coins may fall
    assert mean_interval(ours).low < mean_interval(theirs).high  # which the two intervals do not tell
    back = compared(theirs, ours)
    assert (back.value, back.p) == (-found.value, found.p) and back.high < 0
    unpaired = compared(ours, np.random.default_rng(0).permutation(theirs))
    assert unpaired.low < 0 < unpaired.high and unpaired.p > 0.05


def test_systems_that_say_the_same_do_not_differ():
    right = np.arange(50) % 3 > 0
    assert compared(right, right) == (0, 0, 0, 1)
    assert compared(right, right[::-1]).p > 0.5


def test_p_is_the_share_of_all_ways_to_change_sides():
    rng = np.random.default_rng(5)
    ours, theirs = rng.normal(1, 1, 9), rng.normal(0, 1, 9)
    differences = ours - theirs
    ways = [abs(np.dot(signs, differences)) for signs in itertools.product([1, -1], repeat=9)]
    exact = np.mean(np.array(ways) >= abs(differences.sum()) - 1e-12)
    found = compared(ours, theirs, resamples=20_000)
    assert 0.02 < exact < 0.5 and found.p == pytest.approx(exact, abs=0.006)


def test_p_of_a_figure_that_is_no_mean():
    """BLEU of 8 sentences: every way to change sides, the rows summed and then scored."""
    score, rows = population_of_translations(np.random.default_rng(0), 16)
    ours, theirs = rows[:8], rows[8:]
    value = abs(score(ours.sum(axis=0)) - score(theirs.sum(axis=0)))
    ways = []
    for sides in itertools.product([False, True], repeat=8):
        keep = np.array(sides)[:, None]
        one, other = np.where(keep, ours, theirs), np.where(keep, theirs, ours)
        ways.append(abs(score(one.sum(axis=0)) - score(other.sum(axis=0))))
    found = compare(score, ours, theirs, rng=np.random.default_rng(1), resamples=10_000)
    assert found.p == pytest.approx(np.mean(np.array(ways) >= value - 1e-9), abs=0.015)


def test_rows_that_are_not_paired():
    with pytest.raises(UsageError, match=r"^rows \(3, 2\) and \(2, 2\) cannot be paired; give those of the same"):
        compared([1, 0, 1], [1, 0])


@pytest.mark.long
def test_p_is_uniform_between_systems_that_are_alike():
    """Both find the same examples hard, and neither is better."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(500):
        hard = rng.gamma(2, 1, 60)
        ours, theirs = (rng.normal(hard, 0.3 + hard / 4) for _ in range(2))
        found.append(compared(ours, theirs, seed=seed, resamples=400).p)
    expected = (np.arange(500) + 0.5) / 500
    assert np.abs(np.sort(found) - expected).max() < 1.36 / np.sqrt(500)  # Kolmogorov and Smirnov's bound, for 5 %
    assert 0.03 <= np.mean(np.array(found) <= 0.05) <= 0.07
