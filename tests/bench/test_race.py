"""The race: two processes that take turns, and what their times are taken for."""

import sys

import pytest

from tinyllm.bench.race import Side, middle_peaks, result, sides, spread
from tinyllm.errors import UsageError

COUNTER = """
import os
import sys
class Counter:
    def __init__(self, start): self.count = start
    def step(self, by=1):
        print("a library that talks")
        os.write(1, b"even below Python")
        print("x" * 100_000, file=sys.stderr)
        self.count += by
        return {"seconds": 0.0, "count": self.count}
    def fail(self): raise ValueError("the machine is on fire")
make = Counter
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "counter_of_the_test.py").write_text(COUNTER)
    monkeypatch.syspath_prepend(tmp_path)
    return "counter_of_the_test"


def test_sides_keep_their_state_and_answer_only_what_they_were_asked(module):
    with sides((module, {"start": 0}), (module, {"start": 10}), None) as (one, other, none):
        assert none is None
        assert [side.take_turn()["count"] for _ in range(2) for side in (one, other)] == [1, 11, 2, 12]
        assert one.step(5)["count"] == 7
        assert one.peak_bytes() > 1 << 20 or sys.platform not in ("linux", "darwin")
    assert one.process.poll() is not None and other.process.poll() is not None


def test_a_side_that_fails_is_told_with_its_last_word(module):
    with sides((module, {"start": 0})) as (side,), pytest.raises(UsageError, match=r"fail: ValueError: .*on fire"):
        side.fail()


def test_a_side_that_cannot_start_is_told(module):
    side = Side("no_such_module_of_the_test")
    with pytest.raises(UsageError, match="ended during step: ModuleNotFoundError"):
        side.step()
    side.end()


def test_an_error_ends_both_sides(module):
    with pytest.raises(ZeroDivisionError), sides((module, {"start": 0}), (module, {"start": 0})) as started:
        raise ZeroDivisionError
    assert all(side.process.poll() is not None for side in started)


def test_a_ratio_above_1_means_that_ours_is_faster():
    found = result("case", [([1.0, 1.0, 2.0], [2.0, 3.0, 8.0]), ([1.0], [5.0])], more="said")
    assert found["ratio"] == {"min": 3.0, "median": 4.0, "max": 5.0}  # of the medians 3 and 5
    assert found["ours"] == {"min": 1.0, "median": 1.0, "max": 2.0}
    assert found["peer"] == {"min": 2.0, "median": 4.0, "max": 8.0}
    assert found["case"] == "case" and found["more"] == "said"


def test_a_module_in_the_current_folder_hides_none_of_the_library(module, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "random.py").write_text("raise SystemExit('the wrong module')")
    monkeypatch.chdir(tmp_path / "here")
    with sides((module, {"start": 0})) as (side,):
        assert side.step()["count"] == 1


def test_a_system_that_does_not_tell_its_peaks():
    assert middle_peaks([[5, 9], [7, 8], [6, 1]]) == {"ours": 6, "peer": 8}
    assert middle_peaks([[5], [7]]) == {"ours": 6, "peer": None}
    assert middle_peaks([[None, None], [None, None]]) == {"ours": None, "peer": None}


def test_without_a_peer_there_is_no_ratio():
    found = result("case", [([1.0], [])])
    assert found["ratio"] is found["peer"] is None and spread([]) is None
