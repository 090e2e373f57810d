"""The reviews: balanced, with a known noise, clear to who reads and not to who counts words."""

import itertools
import re
import zlib
from functools import cache

import numpy as np
import pytest

from tinyllm.data.corpora import resenhas
from tinyllm.data.corpora.resenhas import lexicon
from tinyllm.data.corpora.resenhas.arguments import ARGUMENTS, VERDICTS

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


# ---- counting words is not reading -----------------------------------------------------------------------------------


def counts(texts, order):
    """Texts -> (N, width): which words, or which words and pairs of neighbours, stand in each (hashed)."""
    width = 1 << (11 if order == 1 else 13)
    rows = np.zeros((len(texts), width), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        words = WORD.findall(text.lower())
        for run in itertools.chain(*(zip(*(words[i:] for i in range(n))) for n in range(1, order + 1))):  # noqa: B905
            row[zlib.crc32(" ".join(run).encode()) % width] += 1
    return rows


def logistic_accuracy(order, reviews=2500, penalty=1e-3, steps=150):
    """The test accuracy of a logistic regression over counts, trained by Adam (Kingma & Ba 2015)."""
    (x, y), (x_test, y_test) = (
        (counts(texts, order), np.array([label == "positiva" for label in labels], dtype=np.float32))
        for texts, labels in (
            zip(*resenhas.labelled(reviews), strict=True),
            zip(*resenhas.labelled(1000, split="test"), strict=True),
        )
    )
    weight, mean, square = np.zeros((3, x.shape[1]), dtype=np.float32)
    for step in range(1, steps + 1):
        gradient = x.T @ (1 / (1 + np.exp(-x @ weight)) - y) / len(y) + penalty * weight
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        weight -= 0.05 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return float(np.mean((x_test @ weight > 0) == y_test))


@cache
def bag_of_words():
    return logistic_accuracy(order=1)


def test_a_bag_of_words_stays_under_85_percent():
    assert 0.6 < bag_of_words() < 0.85


@pytest.mark.slow
def test_a_bag_of_words_stays_under_85_percent_however_much_it_reads():
    assert 0.75 < logistic_accuracy(order=1, reviews=20_000, penalty=1e-4) < 0.85


@pytest.mark.slow
def test_who_sees_the_order_of_words_does_better():
    """Pairs of neighbours tell much of it: "mas o", "nada de". What is left over is the noise, and long reach."""
    assert bag_of_words() + 0.05 < logistic_accuracy(order=2) < 1 - resenhas.LABEL_NOISE
