"""Contamination: what is planted is found, as much of it as there is; equal to a search by hand; in little memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.corpora import contos
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
    assert found.copied.tolist() == [False, True, False]
    assert found.texts.tolist() == [-1, 1, 1] and found.runs == ["", " ".join(WORDS[:13]), " ".join(WORDS[:13])]


def test_stories_of_another_split_share_runs_and_those_read_are_copied():
    read, others = list(contos.stories(60)), list(contos.stories(10, split="test"))
    found = contamination([*read[:10], *others], read)
    assert found.copied.tolist() == [True] * 10 + [False] * 10
    assert found.texts[:10].tolist() == list(range(10)) and found.flagged[10:].any()


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
        runs = [tuple(words[i : i + length]) for i in range(len(words) - length + 1)] if length else []
        firsts = [next((n for n, text in enumerate(training) if holds(normalised(text), one)), -1) for one in runs]
        copied = {start + step for start, first in enumerate(firsts) if first >= 0 for step in range(length)}
        assert found.shares[place] == pytest.approx(len(copied) / max(1, len(words)))
        met = [first for first in firsts if first >= 0]
        most = min(met, key=lambda first: (-met.count(first), first), default=-1)
        assert found.texts[place] == most
        assert found.runs[place] == (" ".join(runs[firsts.index(most)]) if met else "")


def holds(words, run):
    return any(tuple(words[i : i + len(run)]) == run for i in range(len(words) - len(run) + 1))


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
