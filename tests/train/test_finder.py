"""The range test: the rates grow as they should, the steepest place of a known curve is found, and nothing is kept."""

import dataclasses
import math

import numpy as np
import pytest
from commands.workshop import state
from hypothesis import given
from hypothesis import strategies as st
from train.test_overfit import made

from tinyllm.errors import UsageError
from tinyllm.optim.sgd import SGDConfig
from tinyllm.train import finder
from tinyllm.train.finder import RangeTest, smoothed, suggest


@given(st.floats(1e-9, 1), st.floats(1.01, 1e6), st.integers(2, 300))
def test_each_rate_is_so_many_times_the_one_before(lowest, ratio, steps):
    found = finder.rates(lowest, lowest * ratio, steps)
    assert found.shape == (steps,) and found.dtype == np.float64
    assert (found[0], found[-1]) == pytest.approx((lowest, lowest * ratio))
    np.testing.assert_allclose(found[1:] / found[:-1], ratio ** (1 / (steps - 1)), rtol=1e-6)


@pytest.mark.parametrize(
    "wrong", [(0, 1, 9), (-1, 1, 9), (1, 1, 9), (2, 1, 9), (1, math.inf, 9), (1, 2, 1), (math.nan, 1, 9)]
)
def test_rates_that_do_not_grow_are_refused(wrong):
    with pytest.raises(UsageError, match="no rates grow from"):
        finder.rates(*wrong)


@given(st.integers(1, 60), st.floats(-5, 5), st.floats(-1, 1))
def test_a_straight_line_stays_where_it_is(count, start, slope):
    line = start + slope * np.arange(count)
    np.testing.assert_allclose(smoothed(line), line, atol=1e-9)


def falling(rates, *, steepest, width=0.5):
    """A loss that falls by 4 nats around one rate, and grows again above a hundred times it."""
    x = np.log10(rates / steepest)
    return 7 - 4 / (1 + np.exp(-x / width * 4)) + np.maximum(0, x - 2) ** 2 * 30


@given(st.floats(-4.5, -1.5), st.integers(0, 2**32 - 1))
def test_the_steepest_place_is_found_through_noise(exponent, seed):
    rates = finder.rates(1e-6, 1e2, 200)
    losses = falling(rates, steepest=10**exponent) + np.random.default_rng(seed).normal(0, 0.05, 200)
    assert abs(np.log10(suggest(rates, losses)) - exponent) < 0.3


@given(st.lists(st.floats(0.1, 9), min_size=3, max_size=40))
def test_what_is_suggested_stands_before_the_minimum(losses):
    rates = finder.rates(1e-3, 1, len(losses))
    lowest = smoothed(losses).argmin()
    if lowest == 0:
        with pytest.raises(UsageError, match="falls at no rate"):
            suggest(rates, losses)
    else:
        assert rates[0] <= suggest(rates, losses) <= rates[lowest]


@pytest.mark.parametrize(("rates", "losses"), [([0.1, 0.2], [2, 1]), ([0.1, 0.2, 0.3], [2, 1]), ([], [])])
def test_too_little_suggests_nothing(rates, losses):
    with pytest.raises(UsageError, match="suggest nothing"):
        suggest(rates, losses)


def test_it_trains_at_these_rates_and_keeps_nothing(tmp_path, monkeypatch):
    run, taken = made(tmp_path / "run", warmup=40, schedule="linear"), []
    before, update = state(tmp_path), finder.Trained

    def spied(*arguments, **options):
        trained = update(*arguments, **options)
        step = trained.optimizer.step
        trained.optimizer.step = lambda grads, *, lr, map=map: (taken.append(lr), step(grads, lr=lr, map=map))
        return trained

    monkeypatch.setattr(finder, "Trained", spied)
    test = RangeTest(run, lowest=1e-4, highest=0.1, steps=12)
    assert [report.step for report in test.reports()] == list(range(1, 13))
    assert taken == test.rates.tolist() == finder.rates(1e-4, 0.1, 12).tolist()
    assert test.losses[-1] < test.losses[0] and suggest(test.rates, test.losses) <= 0.1
    assert state(tmp_path) == before and not run.checkpoints.exists()
    again = RangeTest(run, lowest=1e-4, highest=0.1, steps=12)
    list(again.reports())
    assert again.losses == test.losses  # a model of its own, and the same batches


def test_it_ends_where_the_loss_explodes(tmp_path):
    run = made(tmp_path / "run", clip=1e9)
    run.optimizer_config = SGDConfig()
    test = RangeTest(run, lowest=1e-2, highest=1e9, steps=40)
    list(test.reports())
    assert 3 <= len(test.losses) < 35 and len(test.rates) == len(test.losses)
    assert max(test.losses[:-1]) <= finder.EXPLODED * min(test.losses)


@pytest.mark.long
def test_in_mixed_precision_too(tmp_path):
    run = made(tmp_path / "run")
    run.training = dataclasses.replace(run.training, precision="float16")
    test = RangeTest(run, lowest=1e-4, highest=0.1, steps=8)
    list(test.reports())
    assert len(test.losses) >= 3 and np.isfinite(test.losses).all()
