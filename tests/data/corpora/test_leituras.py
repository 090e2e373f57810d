"""The primer and the readings: which sentences are whose, what they are made of, the same text everywhere."""

import itertools
import re
from functools import cache

import pytest

from tinyllm.data.corpora import CORPORA, cartilha, concordancia, contos, leituras
from tinyllm.data.corpora.drawing import SPLITS
from tinyllm.errors import UsageError

WORD = re.compile(r"\w+")


@cache
def sentences(split):
    return frozenset(line for page in cartilha.pages(300, split=split) for line in page.split("\n")[1:])


def test_no_sentence_of_a_page_is_of_another_split_or_of_a_pair():
    owned = [frozenset(pair.right for pair in concordancia.pairs(3800)), *map(sentences, SPLITS)]
    for one, other in itertools.combinations(owned, 2):
        assert not one & other
    assert all(len(own) > 1000 for own in owned)


def test_every_construction_comes_up_and_only_right_sentences():
    wrong = {pair.wrong for pair in concordancia.pairs(3800)}
    assert not wrong & sentences("train")
    pages = list(cartilha.pages(200))
    assert all(len(page.split("\n")) == 11 and cartilha.is_page(page) for page in pages)
    assert not any(map(cartilha.is_page, contos.stories(50)))
    starts = {line.split()[0] for page in pages for line in page.split("\n")[1:]}
    assert {"O", "A", "Os", "As", "Eu", "Nós", "De", "Logo"} <= starts


def test_all_words_of_the_pairs_are_words_of_the_pages():
    known = {word for page in cartilha.pages(1000) for word in WORD.findall(page.lower())}
    asked = [word for pair in concordancia.pairs(1900) for word in WORD.findall(pair.right.lower())]
    assert sum(word in known for word in asked) >= 0.99 * len(asked)


def test_six_stories_and_then_a_page():
    texts = list(leituras.texts(14, split="test", seed=3))
    assert texts[6] == cartilha.page(0, split="test", seed=3) and texts[13] == cartilha.page(1, split="test", seed=3)
    stories = [text for number, text in enumerate(texts) if number % 7 != 6]
    assert stories == list(contos.stories(12, split="test", seed=3))


@pytest.mark.parametrize("name", ["cartilha", "leituras"])
def test_a_text_depends_only_on_seed_split_and_index(name):
    make = CORPORA[name]
    assert list(make(9)) == list(make(20))[:9]
    assert list(make(9, seed=1)) != list(make(9)) != list(make(9, split="test"))
    assert next(make(10**12)) == next(make(1))
    for count, split in ((-1, "train"), (1, "dev")):
        with pytest.raises(UsageError, match="-1 texts" if count < 0 else "dev"):
            make(count, split=split)
