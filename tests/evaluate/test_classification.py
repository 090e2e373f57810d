"""Accuracy, F1 and the confusion matrix, by hand and by their definitions; and a bag of words that knows no order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.evaluate.classification import BagOfWords, accuracy, confusion, f1

pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)


def test_by_hand():
    table = confusion(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2]), 4)
    assert table.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert accuracy(table) == pytest.approx(4 / 6)
    np.testing.assert_allclose(f1(table), [4 / 5, 1 / 2, 2 / 3, 0])


@given(found=pairs)
def test_by_their_definitions(found):
    labels, guesses = map(np.array, zip(*found, strict=True))
    table = confusion(labels, guesses, 3)
    assert accuracy(table) == pytest.approx(np.mean(labels == guesses))
    for label, value in enumerate(f1(table)):
        right = np.sum((labels == label) & (guesses == label))
        precision = right / max(1, np.sum(guesses == label))
        recall = right / max(1, np.sum(labels == label))
        assert value == pytest.approx(2 * precision * recall / (precision + recall) if right else 0)


def test_nothing_to_measure():
    with pytest.raises(UsageError, match="nothing to measure"):
        accuracy(confusion(np.array([], int), np.array([], int), 2))


def test_a_bag_learns_words_and_no_order():
    good, bad = ["bom", "ótimo", "lindo"], ["ruim", "feio", "péssimo"]
    texts = [f"O filme é {word}, {filler}." for word in good + bad for filler in ("sim", "enfim", "acho")]
    bag = BagOfWords(texts, np.repeat([1, 0], 9), 2)
    assert bag(["Que filme LINDO!", "péssimo, acho"]).tolist() == [1, 0]
    assert bag(["é bom não feio"]).tolist() == bag(["não bom é feio"]).tolist()
    assert bag(["nada do que se viu"]).shape == (1,)
