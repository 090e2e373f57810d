"""The curriculum: only the easiest texts, then all of them, and batch n a function of n alone."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinyllm.data.batches import batches
from tinyllm.data.curriculum import STAGES, Curriculum, Texts, competence, text_lengths, text_places
from tinyllm.errors import UsageError

SIZES = {"batch": 2, "context": 3, "seed": 5}
lists_of_lengths = st.lists(st.integers(1, 12), min_size=1, max_size=20)


def row_of(lengths):
    """A row whose ids tell of which text they are: all those of text i are i + 1, but its end, 0."""
    return np.concatenate([[0], *([number + 1] * (length - 1) + [0] for number, length in enumerate(lengths))])


def take(n, iterator):
    return list(itertools.islice(iterator, n))


def equal(some, others):
    return len(some) == len(others) and all(
        np.array_equal(a, b) for one, other in zip(some, others, strict=True) for a, b in zip(one, other, strict=True)
    )


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1))
def test_competence_grows_from_the_start_to_1_and_its_square_evenly(progress, later, start):
    here, there = (competence(at, start=start) for at in sorted((progress, later)))
    assert start - 1e-9 <= here <= there <= 1
    assert competence(progress, start=start) ** 2 == pytest.approx(start**2 + progress * (1 - start**2))


def test_competence_at_its_ends_and_beyond():
    assert [competence(at, start=0.1) for at in (0, 1, 2)] == [pytest.approx(0.1), 1, 1]
    assert competence(0.25, start=0) == 0.5


@given(lists_of_lengths)
def test_the_lengths_and_places_of_texts_are_found_by_the_ends(lengths):
    tokens = row_of(lengths)
    assert text_lengths(tokens, 0).tolist() == lengths
    for number, (place, length) in enumerate(zip(text_places(np.array(lengths)), lengths, strict=True)):
        assert tokens[place : place + length].tolist() == [0] + [number + 1] * (length - 1)


@given(lists_of_lengths, st.integers(0, 2**32 - 1))
def test_some_texts_of_a_row_are_read_as_if_they_were_the_row(lengths, seed):
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, 2**16, 1 + sum(lengths)).astype(np.uint16)
    chosen = rng.permutation(len(lengths))[: rng.integers(1, len(lengths) + 1)]
    places, lengths = text_places(np.array(lengths))[chosen], np.array(lengths)[chosen]
    expected = np.concatenate([tokens[place : place + length] for place, length in zip(places, lengths, strict=True)])
    row = Texts(tokens, places, lengths)
    assert len(row) == len(expected)
    some = rng.integers(0, len(row), (3, 4))
    assert np.array_equal(row[some], expected[some]) and row[some].dtype == np.uint16


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.floats(0.01, 1), st.integers(0, 60))
def test_the_texts_in_play_are_the_easiest_and_only_become_more(scores, begin, least):
    lengths = np.arange(len(scores)) % 4 + 1
    course = Curriculum(lengths, np.array(scores), length=9, begin=begin)
    in_order = sorted(range(len(scores)), key=lambda number: (scores[number], number))
    before = 0
    for stage in range(STAGES + 1):
        chosen = course.in_play(stage, least)
        assert chosen.tolist() == in_order[: len(chosen)] and len(chosen) >= max(1, before)
        assert len(chosen) >= competence(stage / STAGES, start=begin) * len(scores)
        assert lengths[chosen].sum() >= min(least, lengths.sum())
        before = len(chosen)
    assert before == len(scores)


@given(
    st.lists(st.integers(2, 12), min_size=4, max_size=20),
    st.floats(0.01, 0.9),
    st.integers(0, 9),
    st.sampled_from([0, 20]),
)
def test_every_text_in_play_is_drawn_and_none_out_of_play_is(lengths, begin, seed, stage):
    lengths, scores = np.array(lengths), np.random.default_rng(seed).random(len(lengths))
    tokens, how = row_of(lengths), SIZES | {"batch": 1, "seed": seed}
    assume(len(tokens) >= 12)
    long = 400  # batches, so that a stage has several epochs
    course = Curriculum(lengths, scores, length=STAGES * long, begin=begin)
    drawn = set()
    for arrays in take(long, course.batches(tokens, start=stage * long, **how)):
        drawn.update(*(array.ravel().tolist() for array in arrays))
    in_play = course.in_play(stage, 6)
    assert drawn - {0} == {number + 1 for number in in_play}


@given(st.lists(st.integers(1, 12), min_size=12, max_size=20), st.floats(0.01, 1), st.integers(0, 9))
def test_a_place_is_followed_by_the_next_one_or_the_end_of_a_text_by_the_beginning_of_another(lengths, begin, seed):
    lengths = np.array(lengths)
    places, begins = np.arange(1 + lengths.sum()), text_places(lengths)
    assume(len(places) >= 9)
    course = Curriculum(lengths, lengths, length=30, begin=begin)
    for x, y in take(40, course.batches(places, **SIZES | {"seed": seed})):
        assert x.max() < places[-1], "nothing follows the last place"
        ends = np.isin(x + 1, [*begins, places[-1]])
        assert ((y == x + 1) | (ends & np.isin(y, begins))).all()


@given(st.integers(0, 70), st.integers(0, 60), st.integers(0, 9))
def test_starting_at_batch_n_is_the_same_as_drawing_up_to_it(start, length, seed):
    lengths = np.random.default_rng(seed).integers(1, 9, 40)
    course, tokens = Curriculum(lengths, lengths, length=length, begin=0.1), row_of(lengths)
    expected = take(start + 3, course.batches(tokens, **SIZES))[start:]
    assert equal(take(3, course.batches(tokens, start=start, **SIZES)), expected)


@given(st.integers(0, 200), st.floats(0.01, 1))
def test_after_its_end_a_curriculum_is_a_training_without_one(length, begin):
    lengths = np.arange(40) % 7 + 1
    tokens = row_of(lengths)
    course = Curriculum(lengths, lengths, length=length, begin=begin)
    after = take(4, course.batches(tokens, start=length, **SIZES))
    assert equal(after, take(4, batches(tokens, start=length, **SIZES)))


def test_a_curriculum_of_all_texts_from_the_beginning_is_none():
    lengths = np.arange(40) % 7 + 1
    tokens = row_of(lengths)
    course = Curriculum(lengths, lengths, length=30, begin=1.0)
    assert equal(take(40, course.batches(tokens, **SIZES)), take(40, batches(tokens, **SIZES)))


def test_each_stage_has_another_order_and_each_seed_others():
    lengths = np.full(400, 5)
    tokens, course = row_of(lengths), Curriculum(lengths, lengths, length=500, begin=0.2)
    rows = [course.row(tokens, stage, least=0, seed=seed)[np.arange(40)] for stage, seed in ((0, 0), (1, 0), (0, 1))]
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(rows, 2))


@pytest.mark.parametrize("lengths", [[200], [100, 1], [1] * 100], ids=["one giant", "one and none", "a hundred empty"])
def test_texts_of_any_lengths_give_windows(lengths):
    lengths = np.array(lengths)
    course = Curriculum(lengths, lengths, length=10, begin=0.01)
    for x, y in take(12, course.batches(row_of(lengths), **SIZES)):
        assert x.shape == y.shape == (2, 3)


def test_too_few_tokens_for_a_batch_are_told_as_without_a_curriculum():
    lengths = np.array([2, 2, 2])
    course = Curriculum(lengths, lengths, length=10, begin=0.1)
    with pytest.raises(UsageError, match="7 tokens are too few for one batch: 2 windows of 3 need 9"):
        next(course.batches(row_of(lengths), **SIZES))
