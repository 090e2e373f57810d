"""The objectives: what a window of text becomes, undone again; the counts that make every row weigh alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.batches import batches
from tinyllm.data.objectives import CAUSAL, END, Causal, Masked, SpanCorruption, padded

KINDS = (Causal, Masked, SpanCorruption)
contexts = st.integers(1, 70)


def made(kind, context, *, rows=5, seed=0, ends=0.1):
    """(the objective, ids of its special tokens, windows of text and what follows): some of the tokens are ends."""
    special_ids = list(range(len(kind.specials(context))))
    rng = np.random.default_rng(seed)
    block = rng.integers(len(special_ids), len(special_ids) + 50, size=(rows, context + 1))
    block[rng.random(block.shape) < ends] = 0
    return kind(context, len(special_ids) + 50, special_ids), special_ids, block[:, :-1], block[:, 1:]


def test_the_next_token():
    x, y = CAUSAL(np.array([[5, 6, 7]]), np.array([[6, 7, 8]]), None)
    assert x.tolist() == [[5, 6, 7]] and y.tolist() == [[6, 7, 8]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_special_tokens_begin_with_the_end_and_are_different(kind):
    for context in (1, 16, 128, 300):
        specials = kind.specials(context)
        assert specials[0] == END and len(set(specials)) == len(specials)


@pytest.mark.parametrize("kind", KINDS)
@given(context=contexts, seed=st.integers(0, 99))
def test_a_batch_depends_on_the_draw_alone_and_leaves_the_windows_as_they_were(kind, context, seed):
    objective, _, x, y = made(kind, context)
    before = x.copy()
    first, again = (objective(x, y, np.random.default_rng(seed)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    np.testing.assert_array_equal(x, before)
    assert all(len(array) == len(x) for array in first)


@given(context=contexts, seed=st.integers(0, 99))
def test_masked_tokens_can_be_put_back(context, seed):
    objective, _, x, y = made(Masked, context)
    hidden, places, targets = objective(x, y, np.random.default_rng(seed))
    assert places.shape == targets.shape == (len(x), max(1, round(0.15 * context)))
    assert (np.diff(places, axis=1) > 0).all()  # in order, none twice
    np.put_along_axis(hidden, places, targets, axis=1)
    np.testing.assert_array_equal(hidden, x)


def test_of_the_places_80_percent_bear_the_mask_10_another_token_10_their_own():
    objective, (_, mask_id), x, y = made(Masked, 128, rows=2000)
    hidden, places, targets = objective(x, y, np.random.default_rng(1))
    shown = np.take_along_axis(hidden, places, axis=1)
    own = (shown == targets).mean()
    assert (shown == mask_id).mean() == pytest.approx(0.8, abs=0.01)
    assert own == pytest.approx(0.1 + 0.1 / 50, abs=0.01)  # the drawn token may be its own
    others = shown[(shown != mask_id) & (shown != targets)]
    assert others.min() == 2 and others.max() == 51  # no special token, every other one


def test_the_end_of_a_text_is_hidden_only_where_there_is_nothing_else():
    objective, _, x, y = made(Masked, 20, rows=200, ends=0.8)
    _, _, targets = objective(x, y, np.random.default_rng(1))
    ordinary = (x != 0).sum(axis=1)
    np.testing.assert_array_equal((targets != 0).sum(axis=1), np.minimum(ordinary, 3))


@given(context=contexts, seed=st.integers(0, 99))
def test_what_fills_the_gaps_gives_the_text_again(context, seed):
    objective, (end_id, *marks), x, y = made(SpanCorruption, context)
    source, target = objective(x, y, np.random.default_rng(seed))
    assert source.shape[1] + target.shape[1] == context + 2 * len(marks) + 1
    for text, row, written in zip(x, source, target, strict=True):
        assert written[-1] == end_id
        cuts = np.flatnonzero(np.isin(written, marks))
        assert written[cuts].tolist() == marks  # each once, in order
        filled = dict(zip(marks, np.split(written[:-1], cuts[1:]), strict=True))
        assert all(len(span) > 1 for span in filled.values())  # none is empty
        whole = [token for mark in row for token in (filled[mark][1:] if mark in filled else [mark])]
        assert whole == text.tolist()


@pytest.mark.parametrize(("context", "gone", "gaps"), [(1, 1, 1), (16, 2, 1), (64, 10, 3), (128, 19, 6), (512, 77, 26)])
def test_fifteen_percent_are_missing_in_gaps_of_three_tokens(context, gone, gaps):
    objective, (_, *marks), x, y = made(SpanCorruption, context)
    source, target = objective(x, y, np.random.default_rng(0))
    assert len(marks) == gaps
    assert source.shape == (5, context - gone + gaps) and target.shape == (5, gone + gaps + 1)


def test_a_gap_stands_anywhere_and_of_any_length():
    objective, (_, *marks), x, y = made(SpanCorruption, 64, rows=3000, ends=0)
    source, target = objective(x, y, np.random.default_rng(0))
    firsts = (source == marks[0]).argmax(axis=1)
    assert firsts.min() == 0 and (source[:, -1] == marks[-1]).any()
    cuts = np.nonzero(np.isin(target, [0, *marks]))[1].reshape(len(target), -1)  # where each mark stands, and the end
    assert set((np.diff(cuts, axis=1) - 1).reshape(-1).tolist()) == set(range(1, 9))  # 10 tokens in 3 gaps


@pytest.mark.parametrize("kind", KINDS)
def test_batch_number_n_is_a_function_of_n(kind):
    objective, _, x, _ = made(kind, 16, rows=40)
    options = {"batch": 3, "context": 16, "seed": 5, "objective": objective}
    row = x.reshape(-1)
    whole, later = batches(row, **options), batches(row, start=17, **options)
    for number in range(25):
        batch = next(whole)
        if number >= 17:
            assert all(np.array_equal(a, b) for a, b in zip(batch, next(later), strict=True))


@pytest.mark.parametrize("kind", (Masked, SpanCorruption))
def test_another_epoch_hides_other_tokens(kind):
    """The row is a window or two long: what is hidden of it must be drawn anew each time."""
    objective, _, x, _ = made(kind, 64, rows=3, ends=0)
    stream = batches(x.reshape(-1), batch=1, context=64, seed=0, objective=objective)
    assert len({b"".join(array.tobytes() for array in next(stream)) for _ in range(20)}) == 20


def test_padded():
    ids, lengths = padded([[4, 5, 6], [7], [8, 9]], 0)
    assert ids.tolist() == [[4, 5, 6], [7, 0, 0], [8, 9, 0]] and lengths.tolist() == [3, 1, 2]
    assert ids.dtype == np.int64
