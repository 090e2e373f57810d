"""Batches: every window once an epoch, targets one token on, and batch n a function of n alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.batches import batches, windows_per_epoch
from tinyllm.errors import UsageError


def take(n, *arguments, **options):
    return list(itertools.islice(batches(*arguments, **options), n))


@given(length=st.integers(20, 200), batch=st.integers(1, 3), context=st.integers(2, 5), seed=st.integers(0, 9))
def test_an_epoch_visits_each_window_once_and_targets_are_one_token_on(length, batch, context, seed):
    tokens = np.arange(length, dtype=np.uint16)
    per_epoch = windows_per_epoch(tokens, context) // batch
    epoch = take(per_epoch, tokens, batch=batch, context=context, seed=seed)
    for x, y in epoch:
        assert x.shape == y.shape == (batch, context) and x.dtype == np.int64
        assert (y == x + 1).all() and (x[:, 1:] == y[:, :-1]).all()
    starts = [x[row, 0] for x, _ in epoch for row in range(batch)]
    assert len(set(starts)) == len(starts)
    assert len({s % context for s in starts}) == 1


@pytest.mark.parametrize("length", range(10, 31))
def test_every_token_but_the_first_is_a_target_in_some_epoch(length):
    tokens, found = np.arange(length), set()
    per_epoch = windows_per_epoch(tokens, 5)
    for epoch in range(100):
        for _, y in take(per_epoch, tokens, batch=1, context=5, seed=3, start=epoch * per_epoch):
            found.update(y.ravel().tolist())
    assert found == set(range(1, length))


@given(start=st.integers(0, 40))
def test_starting_at_batch_n_is_the_same_as_drawing_up_to_it(start):
    tokens = np.random.default_rng(0).integers(0, 100, 60)
    options = {"batch": 2, "context": 7, "seed": 5}
    expected = take(start + 3, tokens, **options)[start:]
    for (x, y), (a, b) in zip(take(3, tokens, start=start, **options), expected, strict=True):
        assert (x == a).all() and (y == b).all()


def test_epochs_and_seeds_differ():
    tokens = np.arange(1000)
    first, second = (take(1, tokens, batch=4, context=8, seed=0, start=s)[0][0] for s in (0, 124 // 4))
    other = take(1, tokens, batch=4, context=8, seed=1)[0][0]
    assert not (first == second).all() and not (first == other).all()


def test_too_few_tokens():
    with pytest.raises(UsageError, match=r"29 tokens are too few for one batch: 2 windows of 10 need 30"):
        take(1, np.arange(29), batch=2, context=10, seed=0)
    assert len(take(1, np.arange(30), batch=2, context=10, seed=0)) == 1
