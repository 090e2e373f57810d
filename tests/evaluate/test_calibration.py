"""Calibration: by hand, by scikit-learn's reliability curve, and what is no distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.evaluate.calibration import BRIER, Calibration

SHARES = st.integers(0, 20).map(lambda twentieths: twentieths / 20) | st.floats(0, 1)  # on the ends of bins, or not
BINARY = st.lists(st.tuples(SHARES, st.integers(0, 1)), min_size=1, max_size=30)


def rows_of(shares):
    shares = np.array(shares)
    return np.stack([1 - shares, shares], axis=1)


def test_by_hand():
    chances = [[0.75, 0.25], [0.2, 0.8], [0.6, 0.4], [0.0, 1.0]]
    calibration = Calibration(bins=4)
    totals = calibration.rows(chances, [0, 0, 0, 1]).sum(axis=0)
    points = calibration.points(totals)
    np.testing.assert_allclose(points.confidence, [(0.75 + 0.6) / 2, (0.8 + 1) / 2])  # 0.75 ends its bin
    assert points.accuracy.tolist() == [1.0, 0.5] and points.texts.tolist() == [2, 2]
    assert calibration(chances, [0, 0, 0, 1]) == pytest.approx((abs(1 - 0.675) + abs(0.5 - 0.9)) / 2)
    assert BRIER(chances, [0, 0, 0, 1]) == pytest.approx((2 * 0.25**2 + 2 * 0.8**2 + 2 * 0.4**2 + 0) / 4)


def test_who_is_as_right_as_confident_is_calibrated():
    chances = [[0.75, 0.25, 0.0]] * 4
    assert Calibration()(chances, [0, 0, 0, 1]) == pytest.approx(0, abs=1e-15)
    assert Calibration()(chances, [1, 1, 1, 1]) == pytest.approx(0.75)
    assert BRIER(chances[:1], [2]) == pytest.approx(0.75**2 + 0.25**2 + 1)


@given(found=BINARY, bins=st.integers(1, 20))
def test_by_its_definition(found, bins):
    chances = rows_of([share for share, _ in found])
    labels = np.array([label for _, label in found])
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    expected = 0
    for low, high in zip(np.linspace(0, 1, bins + 1)[:-1], np.linspace(0, 1, bins + 1)[1:], strict=True):
        inside = (confidence > low) & (confidence <= high)
        expected += abs(np.sum(right[inside]) - np.sum(confidence[inside])) / len(found)
    assert Calibration(bins=bins)(chances, labels) == pytest.approx(expected, abs=1e-12)


def test_what_is_no_distribution():
    for chances, said in [
        ([0.5, 0.6], "probabilities from 0.5 that sum to 1.1; give some from 0 that sum to 1"),
        ([-0.5, 1.5], "probabilities from -0.5 that sum to 1;"),
        ([np.nan, 1.0], "probabilities from nan that sum to nan;"),
        ([], "probabilities from inf that sum to 0;"),
    ]:
        for measure in (Calibration(), BRIER):
            with pytest.raises(UsageError, match=f"^{said}"):
                measure([chances], [0])
    for label in (-1, 2):
        with pytest.raises(UsageError, match=f"^{label} is none of 2 labels; number them from 0 to 1$"):
            Calibration()([[0.5, 0.5]], [label])
    with pytest.raises(UsageError, match="0 examples give no figure"):
        Calibration()([], [])


@pytest.mark.oracle
@given(found=BINARY, bins=st.integers(1, 20))
@settings(max_examples=200)
def test_the_points_are_those_of_scikit_learn(found, bins):
    from sklearn.calibration import calibration_curve

    chances = rows_of([share for share, _ in found])
    labels = np.array([label for _, label in found])
    confidence, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    accuracies, confidences = calibration_curve(right, confidence, n_bins=bins, strategy="uniform", pos_label=True)
    calibration = Calibration(bins=bins)
    points = calibration.points(calibration.rows(chances, labels).sum(axis=0))
    np.testing.assert_allclose(points.accuracy, accuracies, rtol=0, atol=1e-12)
    np.testing.assert_allclose(points.confidence, confidences, rtol=0, atol=1e-12)
    expected = np.abs(accuracies - confidences) @ points.texts / len(found)
    assert calibration(chances, labels) == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.oracle
@given(labels=st.lists(st.integers(0, 3), min_size=1, max_size=30), seed=st.integers(0, 1000))
def test_the_brier_score_is_that_of_scikit_learn(labels, seed):
    from sklearn.metrics import brier_score_loss

    chances = np.random.default_rng(seed).dirichlet(np.ones(4), len(labels))
    expected = brier_score_loss(labels, chances, labels=range(4), scale_by_half=False)
    assert BRIER(chances, labels) == pytest.approx(expected, rel=0, abs=1e-12)
