"""How much of an answer is what was to be said, word by word: ROUGE, exact match and token F1, in Portuguese.

Words keep their accents: 'avó' is not 'avô', and 'coração' is one word, of which the reference implementation of ROUGE
makes two, 'cora' and 'o'. All figures run from 0 to 1. Each example has one reference, or a list of several.
"""

import functools
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from tinyllm.evaluate.bleu import ngrams
from tinyllm.evaluate.measure import Mean, Measure, several

ARTICLES = frozenset(("a", "o", "as", "os", "um", "uma", "uns", "umas"))
WORD = re.compile(r"[^\W_]+")
ANSWERED = re.compile(r"(?:(?<!\w)-(?=\d))?[^\W_]+(?:(?<=\d)[.,](?=\d)[^\W_]+)*")  # and a number's sign and decimals


class Overlap(NamedTuple):
    """The share that is right of what was said; the share that was said of what was to be said; their harmonic mean."""

    precision: float
    recall: float
    f1: float


def overlap(right, said, expected):
    """How many are right, how many were said, how many were to be said -> Overlap, 0 if none is right."""
    precision, recall = right / max(said, 1), right / max(expected, 1)
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0)


def lowered(text):
    """A text in lower case, each letter one character with its accent, however it was encoded."""
    return unicodedata.normalize("NFC", text).lower()


def words(text):
    """The words and numbers of a text, in lower case."""
    return WORD.findall(lowered(text))


# --------------------------------------------------------------------------------------------------------------- ROUGE


def rouge_n(hypothesis, reference, n):
    """Two texts -> Overlap of their runs of n words (Lin 2004)."""
    said, expected = ngrams(words(hypothesis), n), ngrams(words(reference), n)
    return overlap((said & expected).total(), said.total(), expected.total())


def rouge_l(hypothesis, reference):
    """Two texts -> Overlap: right are the words of the longest row that both have, maybe with others in between."""
    said, expected = words(hypothesis), words(reference)
    return overlap(longest_common(said, expected), len(said), len(expected))


def longest_common(one, other):
    """Two sequences -> the length of the longest that is left of both if some items are left out."""
    row = [0] * (len(other) + 1)  # row[j]: that of what was read of `one` and of the first j of `other`
    for item in one:
        before, row = row, [0]
        for j, theirs in enumerate(other):
            row.append(before[j] + 1 if item == theirs else max(before[j + 1], row[j]))
    return row[-1]


class Rouge(Measure):
    """The mean over texts of the F1 of ROUGE-1, ROUGE-2 or ROUGE-L: `Rouge(1)`, `Rouge(2)`, `Rouge("L")`.

    Of several references the one with the best F1 counts.
    """

    def __init__(self, n):
        self.overlap = rouge_l if n == "L" else functools.partial(rouge_n, n=n)

    def counts(self, hypothesis, reference):
        """-> (4,): an Overlap, and a 1."""
        found = [self.overlap(hypothesis, text) for text in several(reference)]
        return *max(found, key=lambda each: each.f1), 1

    def score(self, totals):
        return totals[..., 2] / totals[..., 3]

    def means(self, totals):
        """(4,) sums of rows -> Overlap of the means."""
        return Overlap(*(totals[:3] / totals[3]).tolist())


# -------------------------------------------------------------------------------------------------------------- answers


def normalised(text):
    """A text -> what of it answers a question: its words without case, punctuation and articles, accents kept.

    An answer that is nothing but articles, such as the letter of an alternative, keeps them; one without a word stays.
    """
    found = ANSWERED.findall(lowered(text).replace("−", "-"))
    return [word for word in found if word not in ARTICLES] or found or text.split()


def exact_match(hypothesis, reference):
    """Whether two answers are the same, but for case, punctuation, articles and spaces (Rajpurkar et al. 2016)."""
    return normalised(hypothesis) == normalised(reference)


def token_f1(hypothesis, reference):
    """The F1 of the words of two answers, in any order; 1 for two empty ones."""
    said, expected = Counter(normalised(hypothesis)), Counter(normalised(reference))
    if not said and not expected:
        return 1.0
    return overlap((said & expected).total(), said.total(), expected.total()).f1


EXACT_MATCH, TOKEN_F1 = Mean(exact_match), Mean(token_f1)
