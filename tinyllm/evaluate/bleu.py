"""BLEU and chrF: how many of the runs of words, or of characters, of a translation stand in a reference too.

Both run from 0 to 100, as they are published. Each example has one reference, or a list of several.
"""

import re
import string
from collections import Counter

import numpy as np

from tinyllm.evaluate.measure import Measure, several

ENTITIES = {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}
APART = (  # what NIST's mteval-v13a does to a text, in order: spaces around each sign of ASCII but ' - . ,
    (re.compile(r"([!-&(-+/:-@\[-`{-~])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # and around . and , if they do not stand between digits
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # and around the hyphen after a digit
)


def words_13a(text):
    """The words and signs of a text, as BLEU is published with: the tokenization 13a of sacrebleu (Post 2018)."""
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in ENTITIES.items():
        text = text.replace(entity, character)
    text = f" {text} "
    for pattern, replacement in APART:
        text = pattern.sub(replacement, text)
    return text.split()


def ngrams(items, n):
    """A sequence -> Counter of its runs of n."""
    return Counter(zip(*(items[start:] for start in range(n)), strict=False))


class Bleu(Measure):
    """The geometric mean of the precisions of runs of 1 to 4 words, times a penalty for what is too short.

    A run counts as often as it stands in the reference where it stands most often (Papineni et al. 2002). Of the runs
    of a length of which none is right, one half is said to be, then one quarter, and so on, as mteval-v13a does
    (smoothing `exp`; Chen & Cherry 2014); where none of any length is right the figure is 0.
    """

    orders = 4

    def counts(self, hypothesis, reference):
        """-> (2 + 8,): words; words of the reference that is nearest in length; right runs; runs, each by length."""
        said, references = words_13a(hypothesis), [words_13a(text) for text in several(reference)]
        nearest = min((len(words) for words in references), key=lambda length: (abs(length - len(said)), length))
        right, runs = [], []
        for n in range(1, self.orders + 1):
            found, allowed = ngrams(said, n), Counter()
            for words in references:
                allowed |= ngrams(words, n)
            right.append((found & allowed).total())
            runs.append(found.total())
        return [len(said), nearest, *right, *runs]

    def score(self, totals):
        said, nearest = totals[..., 0], totals[..., 1]
        right, runs = np.split(totals[..., 2:], 2, axis=-1)
        missed = right == 0
        smoothed = np.where(missed, 0.5 ** missed.cumsum(axis=-1), right)
        precisions = np.where(runs > 0, smoothed / np.maximum(runs, 1), 0)
        with np.errstate(divide="ignore"):
            mean = np.exp(np.log(precisions).mean(axis=-1))  # 0 if no text has so many words
        penalty = np.exp(np.minimum(0, 1 - nearest / np.maximum(said, 1)))
        return np.where(missed.all(axis=-1), 0, 100 * penalty * mean)


class Chrf(Measure):
    """chrF: the F-measure, recall weighing twice as much, of runs of 1 to 6 characters, spaces left out (Popović 2015).

    With `words=2` runs of 1 and 2 words count as well: chrF++ (Popović 2017). Precision and recall are means over the
    lengths of which both texts have runs. Of several references the one with the best figure counts.
    """

    characters = 6
    beta = 2

    def __init__(self, *, words=0):
        self.words = words

    def counts(self, hypothesis, reference):
        """-> (3 x lengths,): runs of the hypothesis; of the reference; of both: each by length."""
        said = self.runs(hypothesis)
        rows = [self.shared(said, self.runs(text)) for text in several(reference)]
        return max(rows, key=self.score)  # the first of equals

    def runs(self, text):
        """A list of Counters: its runs of 1 to 6 characters, then those of words."""
        letters, words = "".join(text.split()), signs_apart(text)
        return [ngrams(letters, n) for n in range(1, self.characters + 1)] + [
            ngrams(words, n) for n in range(1, self.words + 1)
        ]

    def shared(self, said, expected):
        # What has no run of a length to be compared with does not count there.
        lengths = [mine.total() if theirs else 0 for mine, theirs in zip(said, expected, strict=True)]
        both = [(mine & theirs).total() for mine, theirs in zip(said, expected, strict=True)]
        return np.array([*lengths, *(theirs.total() for theirs in expected), *both], dtype=np.float64)

    def score(self, totals):
        said, expected, both = np.split(totals, 3, axis=-1)
        counted = (said > 0) & (expected > 0)
        lengths = np.maximum(counted.sum(axis=-1), 1)
        precision = np.where(counted, both / np.maximum(said, 1), 0).sum(axis=-1) / lengths
        recall = np.where(counted, both / np.maximum(expected, 1), 0).sum(axis=-1) / lengths
        weighed = self.beta**2 * precision + recall
        some = weighed > 0
        return np.where(some, 100 * (1 + self.beta**2) * precision * recall / np.where(some, weighed, 1), 0)


def signs_apart(text):
    """The words of a text, the last sign of each, or else its first, standing alone: as chrF++ is published with."""
    found = []
    for word in text.split():
        if len(word) > 1 and word[-1] in string.punctuation:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in string.punctuation:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found
