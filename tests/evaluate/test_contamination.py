"""Contamination: what is planted is found, as much of it as there is; equal to a search by hand; in little memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.dedup import normalised
from tinyllm.errors import UsageError
from tinyllm.evaluate import contamination as module
from tinyllm.evaluate.contamination import contamination

WORDS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"]


def test_what_was_planted_is_found():
    test = " ".join(WORDS)
    training = ["Nada aqui.", f"Antes de tudo: {test.upper().replace(' ', ', ')}! E depois.", test]
    found = contamination(["uma frase que ninguém leu", test, "x " * 7 + test], training)
    assert found.flagged.tolist() == [False, True, True]
    np.testing.assert_allclose(found.shares, [0, 1, 20 / 27])
    assert found.texts.tolist() == [-1, 1, 1] and found.runs == ["", " ".join(WORDS[:13]), " ".join(WORDS[:13])]


def test_a_run_must_be_whole():
    test = " ".join(WORDS)
    assert contamination([test], [" ".join(WORDS[:12]), " ".join(WORDS[8:])]).shares.tolist() == [0]
    assert contamination([test], [" ".join(WORDS[2:15])]).shares.tolist() == [13 / 20]
    assert contamination([test], [" ".join(WORDS[:12])], run=12).shares.tolist() == [12 / 20]


def test_short_examples_are_single_runs_and_empty_ones_none():
    found = contamination(["O rei dormiu.", "O rei", "…", ""], ["E disse: «o REI dormiu»", "o réi"])
    assert found.shares.tolist() == [1, 1, 0, 0] and found.texts.tolist() == [0, 0, -1, -1]
    assert found.runs[:2] == ["o rei dormiu", "o rei"]
    assert contamination([], ["um texto"]).shares.shape == (0,)
    with pytest.raises(UsageError, match="runs of 0 words"):
        contamination(["a"], ["a"], run=0)


texts = st.lists(st.lists(st.sampled_from("abc"), max_size=12).map(" ".join), max_size=6)


@given(examples=texts, training=texts, run=st.integers(1, 5), chunk=st.integers(1, 4))
def test_it_is_the_search_by_hand(examples, training, run, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        found = contamination(examples, iter(training), run=run)
    for place, example in enumerate(examples):
        words = normalised(example)
        length = min(run, len(words))
        copied, first = set(), -1
        for number, text in enumerate(training):
            there = normalised(text)
            parts = {tuple(there[i : i + length]) for i in range(len(there) - length + 1)} if length else set()
            hits = [i for i in range(len(words) - length + 1) if tuple(words[i : i + length]) in parts]
            first = number if hits and first < 0 else first
            copied.update(i + step for i in hits for step in range(length))
        assert found.shares[place] == pytest.approx(len(copied) / max(1, len(words)))
        assert found.texts[place] == first


def test_more_training_texts_take_no_more_memory():
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"palavra{i}" for i in range(300)])

    def peak(count):
        training = (" ".join(rng.choice(vocabulary, 100)) for _ in range(count))
        tracemalloc.start()
        contamination(["uma frase de teste"] * 50, training)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(5)
    assert peak(80) < peak(8) + 50_000
