"""The split: without leakage, the same for a text whatever stands around it, and in the shares that were asked for."""

import itertools
import random

import pytest
from data.test_dedup import altered, jaccard

from tinyllm.data import corpora
from tinyllm.data.split import SPLITS, SplitReport, split, split_of
from tinyllm.errors import UsageError


def parts(texts, *, held_out=0.2, threshold=0.5, group=None):
    report = SplitReport()
    found = list(split(((group, text) for text in texts), held_out=held_out, threshold=threshold, report=report))
    assert report.read == len(texts) == report.leaks + report.kept.total()
    return found, report


@pytest.fixture(scope="module")
def texts():
    chance = random.Random(1)
    stories = list(corpora.CORPORA["contos"](80, split="train", seed=7))
    versions = [altered(story, share, chance) for story in stories for share in (0, 0.02, 0.05, 0.1)]
    chance.shuffle(versions)
    return versions


def test_no_text_is_near_to_one_of_another_part(texts):
    found, report = parts(texts)
    assert all(report.kept[name] for name in SPLITS)
    for (a, first), (b, second) in itertools.combinations(found, 2):
        assert a == b or jaccard(first, second) < 0.5 + 0.12


def test_more_texts_move_none(texts):
    before, _ = parts(texts[:150])
    after, _ = parts(texts)
    assert after[: len(before)] == before


def test_a_text_near_to_two_parts_is_dropped():
    chance = random.Random(3)
    names = [f"palavra{n}" for n in range(4000)]
    left, right = next(
        (a, b)
        for a, b in ((" ".join(chance.sample(names, 60)), " ".join(chance.sample(names, 60))) for _ in range(100))
        if {name for name, _ in parts([a, b])[0]} == {"train", "test"}
    )
    found, report = parts([left, right, f"{left} {right}"], threshold=0.3)
    assert [text for _, text in found] == [left, right] and report.leaks == 1


def test_the_shares():
    counts = dict.fromkeys(SPLITS, 0)
    for n in range(20_000):
        counts[split_of(f"texto {n}".encode(), held_out=0.05)] += 1
    assert all(900 < counts[name] < 1100 for name in ("validation", "test"))


def test_texts_of_a_group_stay_together():
    """But one that is near to a text of another part, which was there first, is dropped."""
    texts = list(corpora.CORPORA["contos"](30, split="train", seed=9))
    places = {name: split_of(name.encode(), held_out=0.3) for name in (f"livro{n}.txt" for n in range(20))}
    (one, where), (other, _) = next(
        pair for pair in itertools.combinations(places.items(), 2) if pair[0][1] != pair[1][1]
    )
    grouped = [(one, text) for text in texts] + [(other, text) for text in texts]
    report = SplitReport()
    found = list(split(grouped, held_out=0.3, threshold=0.5, report=report))
    assert {name for name, _ in found} == {where} and report.leaks == 30


@pytest.mark.parametrize("held_out", [0, 0.5, -1, float("nan")])
def test_a_share_out_of_range(held_out):
    with pytest.raises(UsageError, match="must be above 0 and below"):
        split_of(b"a", held_out=held_out)
