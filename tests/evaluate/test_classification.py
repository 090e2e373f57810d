"""Figures of a confusion matrix, by hand, by definition, as scikit-learn's; a bag of words that knows no order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.evaluate.classification import (
    BagOfWords,
    OfConfusion,
    accuracy,
    confusion,
    f1,
    macro,
    matthews,
    precision,
    recall,
    weighted,
)

pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40)


def test_by_hand():
    table = confusion(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2]), 4)
    assert table.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert accuracy(table) == pytest.approx(4 / 6)
    np.testing.assert_allclose(precision(table), [1, 1 / 2, 1 / 2, 0])
    np.testing.assert_allclose(recall(table), [2 / 3, 1 / 2, 1, 0])
    np.testing.assert_allclose(f1(table), [4 / 5, 1 / 2, 2 / 3, 0])
    assert macro(f1, table) == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 4)
    assert weighted(f1, table) == pytest.approx((3 * 4 / 5 + 2 * 1 / 2 + 2 / 3) / 6)
    assert matthews(table) == pytest.approx((6 * 4 - 12) / np.sqrt((36 - 12) * (36 - 14)))


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
    one_hot = np.eye(3)[labels], np.eye(3)[guesses]
    spread = np.prod([np.sqrt(each.var(axis=0).sum()) for each in one_hot])
    covariance = np.mean((one_hot[0] * one_hot[1]).sum(axis=1)) - one_hot[0].mean(axis=0) @ one_hot[1].mean(axis=0)
    assert matthews(table) == pytest.approx(covariance / spread if spread > 0 else 0, abs=1e-12)


@given(found=pairs)
def test_a_figure_of_rows_is_that_of_the_table(found):
    guesses, labels = zip(*found, strict=True)
    table = confusion(labels, guesses, 3)
    for figure in (accuracy, matthews, lambda table: macro(recall, table)):
        measure = OfConfusion(figure, 3)
        assert measure(guesses, labels) == pytest.approx(figure(table), abs=1e-15)
        rows = measure.rows(guesses, labels)
        each = [figure(row.reshape(3, 3)) for row in rows]
        np.testing.assert_allclose(measure.score(rows), each, atol=1e-15)


def test_chance_and_one_label_have_no_correlation():
    assert matthews(np.array([[9, 3], [3, 1]])) == 0 == matthews(np.array([[5, 5], [0, 0]]))
    assert matthews(np.array([[5, 0], [0, 0]])) == 0
    large = np.diag([10**8, 10**9])  # whose fourth power no integer holds
    assert matthews(large) == pytest.approx(1) and matthews(large[::-1]) == pytest.approx(-1)


def test_nothing_to_measure():
    with pytest.raises(UsageError, match="nothing to measure"):
        accuracy(confusion(np.array([], int), np.array([], int), 2))
    for figure in (matthews, lambda table: weighted(f1, table)):
        with pytest.raises(UsageError, match="nothing to measure"):
            figure(np.zeros((2, 2)))
    with pytest.raises(UsageError, match="0 examples give no figure"):
        OfConfusion(accuracy, 2)([], [])


def test_a_number_that_no_label_has():
    for wrong in (-1, 3):
        with pytest.raises(UsageError, match=f"^{wrong} is none of 3 labels; number them from 0 to 2$"):
            confusion([0, wrong], [0, 0], 3)
        with pytest.raises(UsageError, match=f"{wrong} is none of 3 labels"):
            confusion([0, 0], [0, wrong], 3)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore::UserWarning")  # of a single label
@given(data=st.data(), count=st.integers(1, 6))
@settings(max_examples=200)
def test_figures_are_those_of_scikit_learn(data, count):
    from sklearn import metrics

    a_label = st.integers(0, data.draw(st.integers(0, count - 1)))  # the last ones may be absent
    found = data.draw(st.lists(st.tuples(a_label, a_label), min_size=1, max_size=50))
    labels, guesses = map(np.array, zip(*found, strict=True))
    table = confusion(labels, guesses, count)
    options = {"labels": range(count), "zero_division": 0}
    np.testing.assert_array_equal(table, metrics.confusion_matrix(labels, guesses, labels=range(count)))
    figures = {
        precision: metrics.precision_score,
        recall: metrics.recall_score,
        f1: metrics.f1_score,
    }
    for ours, theirs in figures.items():
        for value, average in [
            (ours(table), None),
            (accuracy(table), "micro"),
            (macro(ours, table), "macro"),
            (weighted(ours, table), "weighted"),
        ]:
            expected = theirs(labels, guesses, average=average, **options)
            np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12, err_msg=f"{ours.__name__} {average}")
    assert accuracy(table) == pytest.approx(metrics.accuracy_score(labels, guesses), rel=0, abs=1e-12)
    assert matthews(table) == pytest.approx(metrics.matthews_corrcoef(labels, guesses), rel=0, abs=1e-12)


def test_a_bag_learns_words_and_no_order():
    good, bad = ["bom", "ótimo", "lindo"], ["ruim", "feio", "péssimo"]
    texts = [f"O filme é {word}, {filler}." for word in good + bad for filler in ("sim", "enfim", "acho")]
    bag = BagOfWords(texts, np.repeat([1, 0], 9), 2)
    assert bag(["Que filme LINDO!", "péssimo, acho"]).tolist() == [1, 0]
    assert bag(["é bom não feio"]).tolist() == bag(["não bom é feio"]).tolist()
    assert bag(["nada do que se viu"]).shape == (1,)
