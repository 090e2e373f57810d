"""Duplicates: MinHash estimates the Jaccard similarity, the index finds what is near, and nothing else is dropped."""

import functools
import itertools
import random
import subprocess
import sys

import numpy as np
import pytest

from tinyllm.data import corpora
from tinyllm.data.dedup import (
    PERMUTATIONS,
    DedupReport,
    MinHash,
    NearIndex,
    dedup,
    normalised,
    rows_per_band,
    text_hash,
)
from tinyllm.errors import UsageError


@functools.cache
def shingles(text):
    words = normalised(text)
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def jaccard(a, b):
    a, b = shingles(a), shingles(b)
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def altered(text, share, chance):
    """The text with about that share of its words replaced."""
    return " ".join(f"novo{chance.randrange(10**6)}" if chance.random() < share else word for word in text.split())


@pytest.fixture(scope="module")
def stories():
    return list(corpora.CORPORA["contos"](120, split="train", seed=3))


@pytest.fixture(scope="module")
def family(stories):
    """Stories, and versions of each that drift away from it."""
    chance = random.Random(0)
    return [altered(story, share, chance) for story in stories[:30] for share in (0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.5)]


def test_signatures_agree_as_often_as_the_texts_are_similar(family):
    signature = MinHash(seed=1)
    signatures = [signature(text) for text in family]
    errors = [
        (signatures[a] == signatures[b]).mean() - jaccard(family[a], family[b])
        for start in range(0, len(family), 7)
        for a, b in itertools.combinations(range(start, start + 7), 2)
    ]
    assert abs(np.mean(errors)) < 0.01 and np.std(errors) < 0.05 and np.abs(errors).max() < 0.2


def test_shingles_are_the_runs_of_three_words():
    minhash = MinHash()
    a = "o rato roeu a roupa do rei de roma e o rato roeu a roupa"
    assert len(set(minhash.shingles(a).tolist())) == len(shingles(a)) == 10
    assert minhash.shingles("O Rato, roeu! A").tolist() == minhash.shingles("o rato roeu a").tolist()
    assert minhash.shingles("a b c").tolist() != minhash.shingles("c b a").tolist()
    for short in ("", "...", "um", "um dois"):
        assert len(minhash.shingles(short)) == 1


def test_the_same_signature_in_every_process_and_another_for_another_seed():
    code = "from tinyllm.data.dedup import MinHash; print(MinHash(seed=5)('o rato roeu a roupa').tolist())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(MinHash(seed=5)("o rato roeu a roupa").tolist())
    assert (MinHash(seed=5)("o rato") != MinHash(seed=6)("o rato")).any()


def test_a_long_text_in_chunks_is_the_least_over_all(stories, monkeypatch):
    text = "\n".join(stories)
    whole = MinHash()(text)
    monkeypatch.setattr("tinyllm.data.dedup.CHUNK", 100)
    assert (MinHash()(text) == whole).all()


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95])
def test_bands_find_what_is_at_the_threshold(threshold):
    rows = rows_per_band(threshold)
    bands = PERMUTATIONS // rows
    assert 1 - (1 - threshold**rows) ** bands >= 0.99
    found = sum(
        (np.random.default_rng(n).random((bands, rows)) < threshold).all(axis=1).any() for n in range(300)
    )  # fmt: skip
    assert found >= 290


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_dedup_against_every_pair(family, threshold):
    """Beside the threshold, where the estimate may fall on either side, it decides as the exact similarity does."""
    report = DedupReport()
    kept = list(dedup(family, threshold=threshold, report=report))
    assert report.read == len(family) and report.kept == len(kept) == report.read - report.equal - report.near
    for a, b in itertools.combinations(kept, 2):
        assert jaccard(a, b) < threshold + 0.12
    dropped = [text for text in family if text not in set(kept)]
    assert dropped
    for text in dropped:
        assert max(jaccard(text, other) for other in kept) > threshold - 0.12


def test_equal_texts_and_distinct_ones(stories):
    report = DedupReport()
    again = [story.upper().replace(".", " .") for story in stories]
    assert list(dedup([*stories, *again, *stories], threshold=0.8, report=report)) == stories
    assert (report.equal, report.near) == (2 * len(stories), 0)
    assert text_hash("Olá, mundo!") == text_hash("olá mundo") != text_hash("ola mundo")


def test_the_index_grows_and_gives_numbers_in_order():
    index = NearIndex(threshold=0.9)
    for n in range(2500):
        assert index.add(index.signature(f"texto número {n % 1250} entre muitos outros textos")) == n
    assert index.near(index.signature("texto número 7 entre muitos outros textos")) == [7, 1257]
    assert index.near(index.signature("outra coisa que nada tem com isso")) == []


@pytest.mark.parametrize("threshold", [0, -1, 1.1, float("nan")])
def test_a_threshold_out_of_range(threshold):
    with pytest.raises(UsageError, match="must be above 0 and at most 1"):
        list(dedup(["a"], threshold=threshold, report=DedupReport()))
