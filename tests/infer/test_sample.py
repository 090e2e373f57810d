"""Choosing a token: what each filter keeps, and that draws follow the probabilities."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinyllm.errors import UsageError
from tinyllm.infer import penalties, sample

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
    sample.Sampler(sample.SampleConfig(temperature=0.7, top_k=3, top_p=0.9))(x)
    assert np.array_equal(x, before)


@given(logits)
def test_temperature_zero_takes_the_most_probable(x):
    assert sample.Sampler(sample.SampleConfig(temperature=0))(x) == int(np.argmax(x))


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
        [choose(row) for row in rows] for choose in (sample.Sampler(sample.SampleConfig(seed=s)) for s in (4, 4, 5))
    ]
    assert choices[0] == choices[1] != choices[2]


@pytest.mark.parametrize(
    "wrong", [{"temperature": -0.1}, {"top_p": 0.0}, {"top_p": 1.1}, {"top_k": -1}, {"temperature": float("nan")}]
)
def test_limits(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        sample.SampleConfig(**wrong)


# ------------------------------------------------------------------------------------------------------------ the cuts

CUTS = {
    "top_k": st.integers(1, 40), "top_p": st.floats(0.01, 1), "min_p": st.floats(0, 1), "typical": st.floats(0.01, 1),
    "epsilon": st.floats(0, 0.99), "eta": st.floats(0.001, 0.99),
}  # fmt: skip
equal_ones = arrays(np.float32, st.integers(2, 30), elements=st.sampled_from([-np.inf, 0.0, 1.0, 3.0])).filter(
    lambda x: np.isfinite(x).any()
)


@pytest.mark.parametrize("name", CUTS)
@given(data=st.data())
def test_a_cut_leaves_something_as_it_is_and_cuts_no_more_when_it_comes_again(name, data):
    x = data.draw(st.one_of(logits, equal_ones))
    value, cut = data.draw(CUTS[name]), getattr(sample, name)
    found, before = cut(x, value), x.copy()
    kept = np.isfinite(found)
    assert kept.any() and np.array_equal(found[kept], x[kept]) and np.array_equal(x, before)
    if name in ("top_k", "min_p"):
        assert np.array_equal(cut(found, value), found)
    if name in ("top_k", "top_p"):  # of equal ones the lower id stays
        for level in set(x[kept].tolist()):
            equal = kept[x == level]
            assert not (np.diff(equal.astype(int)) > 0).any()


@given(logits)
def test_cuts_of_nothing_leave_all(x):
    for cut, value in ((sample.top_k, len(x)), (sample.min_p, 0), (sample.epsilon, 0), (sample.top_p, 1)):
        assert (
            np.isfinite(cut(x, value)).sum() >= len(x) - (cut is sample.top_p) * (sample.probabilities(x) < 1e-15).sum()
        )


def test_what_is_typical_need_not_be_the_most_likely():
    x = np.log(np.array([0.4, 0.3, 0.3]))  # the mean surprise, 1.09, is nearer to that of 0.3, 1.20, than to 0.92
    assert np.isfinite(sample.typical(x, 0.5)).tolist() == [False, True, True]


def test_eta_cuts_less_where_the_model_hesitates():
    flat, peak = np.zeros(100), np.log(np.array([0.97, *[0.03 / 99] * 99]))
    assert np.isfinite(sample.eta(flat, 0.02)).all() and np.isfinite(sample.eta(peak, 0.02)).sum() == 1


@pytest.mark.parametrize("target", [2.0, 4.0])
def test_mirostat_keeps_the_surprise_of_a_text_near_its_target(target):
    """A long one, of logits that are now flat, now not: the mean of what each draw of what was left surprised."""
    rng, config = np.random.default_rng(0), sample.SampleConfig(1.0, mirostat=target)
    choose = sample.Sampler(config)
    most, draws, surprises = 2 * target, np.random.default_rng(config.seed), []
    for _ in range(1500):
        x = rng.normal(size=300) * rng.uniform(0.5, 3)
        token = choose(x)
        chances = np.exp(x - np.log(np.exp(x).sum()))  # the same by the paper's letter
        order = np.argsort(-chances, kind="stable")
        left = order[: max(1, int((-np.log2(chances[order]) <= most).sum()))]
        share = np.where(np.isin(np.arange(300), left), chances, 0)
        drawn = int(np.searchsorted(np.cumsum(share), draws.random() * share.sum(), side="right"))
        assert token == drawn
        surprises.append(-np.log2(share[token] / share.sum()))
        most -= 0.1 * (surprises[-1] - target)
    assert np.mean(surprises[100:]) == pytest.approx(target, abs=0.1)


# ------------------------------------------------------------------------------------------------------- what was said


def test_penalties_count_what_was_written_and_repetition_what_was_read_too():
    x, ids = np.array([1.0, 2.0, -2.0, 3.0]), [1, 2, 2, 3, 3]
    assert penalties.presence_and_frequency(x, [2, 2, 3], 0.5, 0.25).tolist() == [1.0, 2.0, -3.0, 2.25]
    assert penalties.repetition(x, ids, 2).tolist() == [1.0, 1.0, -4.0, 1.5]
    config = sample.SampleConfig(1, top_p=1, presence_penalty=0.5, frequency_penalty=0.25)
    assert sample.Shaping(config)(x, ids, 2).tolist() == [-1.0, 0.0, -4.75, 0.0]  # less the largest


def test_no_run_of_tokens_comes_again():
    assert np.isinf(penalties.no_repeat(np.zeros(5), [1, 2, 3, 1, 2], 3)).tolist() == [False, False, False, True, False]
    assert np.isinf(penalties.no_repeat(np.zeros(5), [1, 2, 1, 3, 1], 2)).tolist() == [False, False, True, True, False]
    assert np.isinf(penalties.no_repeat(np.zeros(3), [0, 2], 1)).tolist() == [True, False, True]
    assert not np.isinf(penalties.no_repeat(np.zeros(3), [0], 2)).any()
    choose = sample.Sampler(sample.SampleConfig(0, no_repeat_ngram=2), [3])
    written = [3, *(choose(np.arange(4.0)) for _ in range(6))]
    assert len(set(itertools.pairwise(written))) == 6


def test_the_end_does_not_come_too_early_and_what_is_forbidden_never():
    x = np.array([9.0, 1.0, 5.0])
    choose = sample.Sampler(sample.SampleConfig(0, min_tokens=2), [0, 0, 0], stop_id=0)
    assert [choose(x) for _ in range(3)] == [2, 2, 0]
    choose = sample.Sampler(sample.SampleConfig(0), biases=(((0,), -np.inf), ((2, 2), -np.inf)))
    assert [choose(x) for _ in range(3)] == [2, 1, 2]
    with pytest.raises(UsageError, match="no token is left to choose"):
        sample.Sampler(sample.SampleConfig(), biases=tuple(((i,), -np.inf) for i in range(3)))(x)


def test_what_would_cut_twice_or_change_nothing_is_refused():
    for wrong in ({"top_k": 3}, {"top_p": 0.5}, {"min_p": 0.1}, {"typical_p": 0.9}, {"eta": 0.1}, {"temperature": 0.0}):
        with pytest.raises(UsageError, match=rf"mirostat=3\.0 cuts by itself, and {next(iter(wrong))}="):
            sample.SampleConfig(mirostat=3.0, **wrong)
    with pytest.raises(UsageError, match=r"mirostat_rate=0\.2 changes nothing without mirostat"):
        sample.SampleConfig(mirostat_rate=0.2)


def test_what_was_chosen_is_recorded_with_what_the_model_thought_of_it():
    x = np.log(np.array([0.5, 0.2, 0.3], np.float32))
    record = sample.Recorder(sample.Sampler(sample.SampleConfig(0, repetition_penalty=9)), 2)
    assert [record(x), record(x)] == [0, 2] and [row[0] for row in record.rows] == [0, 2]
    token, nats, others = record.rows[0]
    assert token == 0 and nats == pytest.approx(np.log(0.5)) and [i for i, _ in others] == [0, 2]
    assert [n for _, n in others] == pytest.approx(np.log([0.5, 0.3]))
