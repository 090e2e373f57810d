"""`tinyllm bench bpe`: what it measures, and that the text it measures on is what it says."""

import json
import re
from collections import Counter

import pytest

from tinyllm.bench import bpe
from tinyllm.bench.portuguese import make_text
from tinyllm.show.bench import bench_bpe


@pytest.mark.long
def test_the_text_is_always_the_same_and_as_uneven_as_words_are():
    text = "".join(make_text(2))
    assert text == "".join(make_text(2)) and 2_000_000 <= len(text.encode()) < 3_200_000
    counts = [count for _, count in Counter(re.findall(r"\w+", text.lower())).most_common()]
    assert len(counts) > 50_000
    assert 6 < counts[9] / counts[99] < 14 and 6 < counts[99] / counts[999] < 14


def test_what_is_the_same():
    assert bpe.same(["a", "b", "c"], ["a", "b", "d"]) == 2
    assert bpe.same(["a", "b"], ["a", "b"]) == 2
    assert bpe.same("x", "x") is True and bpe.same("x", "y") is False


@pytest.mark.long
def test_an_object_for_each_case(capsys):
    bench_bpe(list(bpe.CASES), against="none", megabytes=1, workers=2, races=1, as_json=True)
    *cases, one_word = map(json.loads, capsys.readouterr().out.splitlines())
    assert [found["case"] for found in cases] == list(bpe.CASES)
    for found in cases:
        assert found["ours"]["median"] > 0 and found["peer"] is None and found["ratio"] is None
        assert found["peak_bytes"].keys() == {"ours", "peer"} and found["megabytes_per_second"]["ours"] > 0
    assert set(one_word["seconds"]) == set(bpe.LETTERS) and max(one_word["seconds"].values()) < 60


@pytest.mark.oracle
@pytest.mark.parametrize(("against", "merges"), [("tokenizers", bpe.MERGES), ("tiktoken", None), ("rustbpe", 1)])
def test_the_other_side_makes_the_same(capsys, against, merges):
    pytest.importorskip(against)
    bench_bpe(list(bpe.CASES), against=against, megabytes=1, workers=2, races=1, as_json=True)
    *cases, _ = map(json.loads, capsys.readouterr().out.splitlines())
    for found in cases:
        if found["case"] == "train-8k":
            assert found["against"] == "none" if merges is None else found["same"] >= merges
        elif found["against"] != "none":
            assert found["same"] is True
        if found["against"] != "none":
            assert found["ratio"]["median"] > 0
