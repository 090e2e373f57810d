"""What all measures share: rows that are summed, several references, one line for what cannot be measured."""

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.evaluate.measure import Mean, mean, mean_rows, several


def test_a_mean_is_the_mean_of_the_best_over_the_references():
    nearness = Mean(lambda said, expected: -abs(said - expected))
    assert nearness([1, 5, 9], [1, [3, 4, 9], (9, 0)]) == -1 / 3
    np.testing.assert_array_equal(nearness.rows([1, 5], [1, [3, 4, 9]]), [[0, 1], [-1, 1]])
    np.testing.assert_array_equal(nearness.score(np.array([[-2.0, 4], [3, 3]])), [-0.5, 1])


def test_figures_of_examples_are_rows_too():
    rows = mean_rows(np.array([True, False, True, True]))
    assert rows.tolist() == [[1, 1], [0, 1], [1, 1], [1, 1]] and mean(rows.sum(axis=0)) == 3 / 4
    assert mean_rows([]).shape == (0, 2)


def test_a_reference_is_one_or_several():
    assert several("um") == ["um"] and several(["um", "dois"]) == ["um", "dois"]
    with pytest.raises(UsageError, match="0 references for an example; give at least one"):
        several([])


def test_what_cannot_be_measured_is_told_in_one_line():
    equal = Mean(lambda said, expected: said == expected)
    with pytest.raises(UsageError, match=r"^0 examples give no figure; give at least one$"):
        equal([], [])
    with pytest.raises(UsageError, match=r"^2 hypotheses for 1 references; give one for each$"):
        equal(["a", "b"], ["a"])
