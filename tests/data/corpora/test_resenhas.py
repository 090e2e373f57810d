"""The reviews: balanced, with a known noise, clear to who reads and not to who counts words."""

import itertools
import re
from functools import cache

import numpy as np
import pytest

from tinyllm.data.corpora import resenhas
from tinyllm.data.corpora.resenhas import lexicon
from tinyllm.data.corpora.resenhas.arguments import ARGUMENTS, VERDICTS
from tinyllm.evaluate.classification import BagOfWords

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@cache
def reviews(count=10_000):
    return [resenhas.review(index) for index in range(count)]


def test_classes_are_balanced_pair_by_pair():
    sentiments = [review.sentiment for review in reviews()]
    for first, second in zip(sentiments[::2], sentiments[1::2], strict=True):
        assert {first, second} == set(resenhas.LABELS)


def test_the_noise_is_what_is_documented():
    wrong = np.mean([review.label != review.sentiment for review in reviews()])
    assert abs(wrong - resenhas.LABEL_NOISE) < 4 * np.sqrt(0.03 * 0.97 / 10_000)


def test_labelled_gives_the_texts_with_their_labels():
    pairs = list(resenhas.labelled(50, split="test", seed=3))
    assert [text for text, _ in pairs] == list(resenhas.reviews(50, split="test", seed=3))
    assert pairs[7] == (resenhas.review(7, split="test", seed=3).text, resenhas.review(7, split="test", seed=3).label)


def test_every_argument_is_made_in_every_split():
    for plots in resenhas.PLOTS.values():
        assert {name for plot in plots for name in plot} == set(ARGUMENTS)
    pairs = [plot for plots in resenhas.PLOTS.values() for plot in plots]
    assert len(pairs) == len(set(pairs)) == len(ARGUMENTS) * (len(ARGUMENTS) - 1) // 2


def test_a_review_differs_from_its_opposite():
    """Each wording says something else for the other sentiment: by a choice, or by the reasons that it gives."""
    for wording in itertools.chain(*ARGUMENTS.values(), VERDICTS):
        assert resenhas.EITHER.search(wording) or re.search(r"\{(?:pro|con|fact|con_detail)", wording), wording


def test_what_is_said_agrees_with_its_aspect():
    """An adjective that ends in -o, -a, -os or -as follows the article of the noun it stands by."""
    for domain in lexicon.DOMAINS.values():
        for row in domain["aspects"]:
            article = row.split()[0]
            for quality in re.split(r", | \| ", row.partition(": ")[2]):
                ending = re.search(r"[oa]s?$", quality)
                assert not ending or ending[0] == article, (row, quality)
                assert quality.endswith("s") == article.endswith("s") or quality == "simples", (row, quality)


@pytest.mark.long
def test_verbs_agree_with_their_aspect():
    text = " ".join(resenhas.reviews(6000)).lower()
    verbs = [("pode", "podem"), ("é", "são"), ("está", "estão"), ("não tem", "não têm"), ("não conta", "não contam")]
    for domain in lexicon.DOMAINS.values():
        for row in domain["aspects"]:
            aspect = row.partition(":")[0]
            for one, several in verbs:
                wrong = one if aspect.split()[0] in ("os", "as") else several
                assert not re.search(rf"(?<!\w){aspect} {wrong} ", text), (aspect, wrong)


# ---- counting words is not reading -----------------------------------------------------------------------------------


def labelled(count, split="train"):
    """(texts, numbers of their labels)"""
    texts, labels = zip(*resenhas.labelled(count, split=split), strict=True)
    return texts, np.array([resenhas.LABELS.index(label) for label in labels])


def pairs_of_neighbours(text):
    """A text in which each pair of words that stand together is one word, behind the words themselves."""
    words = WORD.findall(text.lower())
    return " ".join([*words, *("-".join(pair) for pair in itertools.pairwise(words))])


def accuracy_of_a_bag(reviews, prepare=lambda text: text, **options):
    """On 1000 test reviews, having learned from so many."""
    (x, y), (x_test, y_test) = labelled(reviews), labelled(1000, "test")
    bag = BagOfWords([prepare(text) for text in x], y, 2, **options)
    return float(np.mean(bag([prepare(text) for text in x_test]) == y_test))


@cache
def bag_of_words():
    return accuracy_of_a_bag(2500)


@pytest.mark.long
def test_a_bag_of_words_stays_under_85_percent():
    assert 0.6 < bag_of_words() < 0.85


@pytest.mark.slow
def test_a_bag_of_words_stays_under_85_percent_however_much_it_reads():
    assert 0.75 < accuracy_of_a_bag(20_000) < 0.85


@pytest.mark.slow
def test_who_sees_the_order_of_words_does_better():
    """Pairs of neighbours tell much of it: "mas o", "nada de". What is left over is the noise, and long reach."""
    assert bag_of_words() + 0.05 < accuracy_of_a_bag(2500, pairs_of_neighbours, size=8000) < 1 - resenhas.LABEL_NOISE
