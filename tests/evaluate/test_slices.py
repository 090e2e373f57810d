"""Parts of a test set: grouped, by length, and the worst of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.evaluate.slices import Slice, by_length, grouped, worst


def test_grouped():
    found = grouped(["b", "a", "b"], [1, 2, 3])
    assert list(found) == ["b", "a"] and found["b"].tolist() == [1, 3] and found["a"].tolist() == [2]
    with pytest.raises(UsageError, match="2 keys do not fit 3 values"):
        grouped("ab", [1, 2, 3])


@given(lengths=st.lists(st.integers(0, 50), min_size=1, max_size=60), parts=st.integers(1, 6))
def test_by_length(lengths, parts):
    names = by_length([" ".join(["a"] * length) for length in lengths], parts=parts)
    assert len(set(names)) <= parts
    for length, name in zip(lengths, names, strict=True):
        low, _, high = name.removesuffix(" palavras").partition("–")
        assert int(low) <= length <= int(high or low)
    order = np.argsort(lengths, kind="stable")
    first = [int(names[i].split("–")[0].split(" ")[0]) for i in order]
    assert first == sorted(first)  # no part lies within another


def test_equal_lengths_make_one_part():
    assert by_length(["a b", "c d"]) == ["2 palavras", "2 palavras"]


def test_the_worst_come_first_and_small_ones_do_not_count():
    values = np.array([1, 1, 1, 0, 1, 0, 0, 1, 0.0])
    cuts = {"label": list("aaabbbccc"), "one": list("xxxxxxxxy")}
    assert worst(values, cuts, minimum=3) == [Slice("label", "b", 3, 1 / 3), Slice("label", "c", 3, 1 / 3)]
    assert worst(values, cuts, minimum=1)[0] == Slice("one", "y", 1, 0.0)
    assert worst(values, cuts, minimum=3, count=1) == [Slice("label", "b", 3, 1 / 3)]
    assert worst(np.ones(9), cuts, minimum=1) == []
