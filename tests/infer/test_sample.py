"""Choosing a token: what each filter keeps, and that draws follow the probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinyllm.errors import UsageError
from tinyllm.infer import sample

logits = arrays(np.float32, st.integers(2, 30), elements=st.floats(-20, 20, width=32))


@given(logits, st.integers(1, 40))
def test_top_k_keeps_the_k_largest(x, k):
    kept = np.isfinite(sample.top_k(x, k))
    assert kept.sum() == min(k, len(x))
    assert x[kept].min() >= x[~kept].max(initial=-np.inf)


@given(logits, st.floats(0.01, 1))
def test_top_p_keeps_the_fewest_that_reach_p(x, p):
    kept = np.isfinite(sample.top_p(x, p))
    share = sample.probabilities(x)
    assert kept.any() and x[kept].min() >= x[~kept].max(initial=-np.inf)
    assert share[kept].sum() >= p - 1e-9
    without_last = share[kept].sum() - share[kept].min()
    assert without_last < p + 1e-9


@given(logits)
def test_filters_do_not_change_their_input(x):
    before = x.copy()
    sample.sampler(sample.SampleConfig(temperature=0.7, top_k=3, top_p=0.9))(x)
    assert np.array_equal(x, before)


@given(logits)
def test_temperature_zero_takes_the_most_probable(x):
    assert sample.sampler(sample.SampleConfig(temperature=0))(x) == int(np.argmax(x))


@pytest.mark.parametrize("t", [1e-30, 1e-6, 1e30])
def test_extreme_temperatures_give_probabilities(t):
    share = sample.probabilities(sample.temperature(np.float32([0.0, 3.0, 1.0]), t))
    assert np.isfinite(share).all() and share.sum() == pytest.approx(1) and share[1] == share.max()


def test_temperature_sharpens_and_flattens():
    x = np.array([0.0, 1.0, 3.0])
    sharp, plain, flat = (sample.probabilities(sample.temperature(x, t)).max() for t in (0.5, 1.0, 2.0))
    assert sharp > plain > flat
    assert np.allclose(sample.probabilities(x), np.exp(x) / np.exp(x).sum())


def test_draws_follow_the_probabilities():
    x = np.log(np.array([0.5, 0.3, 0.2, 1e-30]))
    rng = np.random.default_rng(0)
    counts = np.bincount([sample.draw(x, rng) for _ in range(4000)], minlength=4) / 4000
    assert np.abs(counts - [0.5, 0.3, 0.2, 0]).max() < 0.03


def test_what_was_cut_is_never_drawn():
    x = np.array([-np.inf, 0.0, -np.inf, 0.0])
    rng = np.random.default_rng(0)
    assert {sample.draw(x, rng) for _ in range(200)} == {1, 3}


def test_the_same_seed_gives_the_same_choices():
    rows = np.random.default_rng(0).normal(size=(50, 20))
    choices = [
        [choose(row) for row in rows] for choose in (sample.sampler(sample.SampleConfig(seed=s)) for s in (4, 4, 5))
    ]
    assert choices[0] == choices[1] != choices[2]


@pytest.mark.parametrize(
    "wrong", [{"temperature": -0.1}, {"top_p": 0.0}, {"top_p": 1.1}, {"top_k": -1}, {"temperature": float("nan")}]
)
def test_limits(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        sample.SampleConfig(**wrong)
