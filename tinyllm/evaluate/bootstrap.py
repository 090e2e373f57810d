"""How far a figure is to be believed: its interval, by bootstrap, and whether two systems differ on the same examples.

`rows` are what a measure counts of each example, (N, K), and `score` makes figures of sums of rows, (..., K) -> (...):

    interval(bleu.score, bleu.rows(hypotheses, references), rng=np.random.default_rng(0))
    interval(mean, mean_rows(right), rng=np.random.default_rng(0))  # of `measure`, for one figure of each example

An interval tells what other examples of the same kind would have given, not what another training would have: for that
there is `crossed_interval`, of several trainings. Where every example says the same, as where all answers are right, it
has no width: they are too few to tell.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tinyllm.errors import UsageError

RESAMPLES = 2000
AT_ONCE = 1 << 20  # numbers that are drawn at once
TIE = 1e-9  # of a figure: so little is rounding


class Interval(NamedTuple):
    """A figure, and between which two values it lies with some confidence."""

    value: float
    low: float
    high: float


class Comparison(NamedTuple):
    """How much higher the figure of the first of two systems is, between which two values that lies with some
    confidence, and p: how probable so large a difference is, either way, between systems that are alike."""

    value: float
    low: float
    high: float
    p: float


def interval(score, rows, *, rng, confidence=0.95, resamples=RESAMPLES):
    """(N, K) rows of examples -> Interval of their figure (BCa; Efron 1987). Raises UsageError for less than 2 rows.

    The ends are quantiles of the figures of resampled examples: those of 2.5 and 97.5 %, but for two corrections. One
    is for a figure that resampling makes lower, or higher, more often than not; the other for one that spreads more
    where it is higher, or lower, which the figures without each one of the examples tell.
    """
    if len(rows) < 2:
        raise UsageError(f"{len(rows)} examples give no interval; give at least 2, better hundreds")
    whole = rows.sum(axis=0)
    value = score(whole)
    figures = score(resampled(rows, resamples, rng))
    ends = corrected(figures, value, score(whole - rows), confidence)
    return Interval(float(value), *np.quantile(figures, ends).tolist())


def resampled(rows, resamples, rng):
    """(N, K) -> (resamples, K): the sums of N of the rows, drawn with replacement (Efron 1979)."""
    N = len(rows)
    sums = []
    for count in blocks(resamples, N):
        drawn = rng.integers(N, size=(count, N)) + N * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * N).reshape(count, N)  # how often each row was drawn
        sums.append(times @ rows)
    return np.concatenate(sums)


def blocks(resamples, N):
    """How many resamples of N examples to draw at a time: their sum is `resamples`."""
    size = max(1, AT_ONCE // N)
    return [min(size, resamples - start) for start in range(0, resamples, size)]


def corrected(figures, value, without, confidence):
    """Figures of resamples, the figure, (N,) figures without each example -> (2,) which quantiles end the interval."""
    normal = NormalDist()
    rounding = TIE * np.abs(figures).max()
    below = (np.mean(figures < value - rounding) + np.mean(figures <= value + rounding)) / 2
    bias = normal.inv_cdf(np.clip(below, 0.5 / len(figures), 1 - 0.5 / len(figures)))
    influence = without.mean() - without
    spread = 6 * (influence**2).sum() ** 1.5
    skew = (influence**3).sum() / spread if spread > 0 else 0.0
    moved = [bias + normal.inv_cdf(share) for share in ((1 - confidence) / 2, (1 + confidence) / 2)]
    return [normal.cdf(bias + z / (1 - skew * z)) for z in moved]


def crossed_interval(figures, *, rng, confidence=0.95, resamples=RESAMPLES):
    """(S, N) figures of S trainings, each of a seed of its own, on the same N examples -> Interval of their mean.

    It tells what another training would have given on other examples: seeds and examples are drawn with replacement,
    each for itself (Owen 2007). Of S seeds S - 1 are drawn, for the mean of S would spread too little (Rao & Wu 1988);
    of one seed only the examples tell. Its ends are plain quantiles: of two or three seeds that differ much it still
    promises too much. Raises UsageError for less than 2 examples.
    """
    S, N = figures.shape
    if N < 2:
        raise UsageError(f"{N} examples give no interval; give at least 2, better hundreds")
    drawn = max(1, S - 1)
    of_seeds = rng.multinomial(drawn, np.full(S, 1 / S), size=resamples) / drawn
    means = []
    for some in np.split(of_seeds, np.cumsum(blocks(resamples, N))[:-1]):
        of_examples = rng.multinomial(N, np.full(N, 1 / N), size=len(some)) / N
        means.append(((some @ figures) * of_examples).sum(axis=1))
    ends = np.quantile(np.concatenate(means), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(figures.mean()), *ends.tolist())


def compare(score, rows, others, *, rng, confidence=0.95, resamples=RESAMPLES):
    """(N, K), (N, K): rows of two systems on the same examples -> Comparison. UsageError if they are not as many.

    Both are resampled with the same draws (Koehn 2004), so that what makes an example hard for both leaves the
    difference alone. For p, what the systems say of an example changes sides, by the toss of a coin for each example:
    the share of the tosses that make a difference as large (approximate randomisation; Riezler & Maxwell 2005).
    """
    if rows.shape != others.shape:
        raise UsageError(f"rows {rows.shape} and {others.shape} cannot be paired; give those of the same examples")
    K = rows.shape[1]

    def difference(totals):
        return score(totals[..., :K]) - score(totals[..., K:])

    pairs = np.concatenate([rows, others], axis=1)
    found = interval(difference, pairs, rng=rng, confidence=confidence, resamples=resamples)
    tossed = np.abs(difference(swapped(pairs, resamples, rng)))
    as_large = np.count_nonzero(tossed >= abs(found.value) * (1 - TIE))
    return Comparison(*found, (1 + as_large) / (1 + resamples))


def swapped(pairs, resamples, rng):
    """(N, 2K) -> (resamples, 2K): the sums when in about half of the rows, drawn anew, the two halves change sides."""
    other_way = np.roll(pairs, pairs.shape[1] // 2, axis=1)
    return pairs.sum(axis=0) + np.concatenate(
        [rng.integers(2, size=(count, len(pairs))) @ (other_way - pairs) for count in blocks(resamples, len(pairs))]
    )
