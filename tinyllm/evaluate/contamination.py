"""How much of a test set stands in the texts that a model was trained on: runs of words that both have.

An example that shares a run of 13 words with a training text is contaminated (Brown et al. 2020); how much of it is,
the share of its words in such runs, tells a quotation in it from one that was copied whole (Touvron et al. 2023). An
example of fewer words is a single run. Case, punctuation and spaces do not count.

The runs of the test set are kept as hashes of 64 bits, and the training texts are read one by one: the memory is that
of the test set and of the largest text, however many there are. Two runs that differ have the same hash once in 10**19.
"""

from typing import NamedTuple

import numpy as np

from tinyllm.data import dedup
from tinyllm.errors import UsageError

RUN = 13  # words
MOST = 0.8  # of an example: what is copied
CHUNK = 1 << 16  # words of a training text looked up at once


class Contamination(NamedTuple):
    """Of each of N examples: the share of its words in runs that stand in a training text too; the number of the text,
    counted from 0, in which most of these runs are first met, or -1; the words of the first run met there, or none."""

    shares: np.ndarray
    texts: np.ndarray
    runs: list[str]

    @property
    def flagged(self):
        """(N,) whether there is such a run. Texts of one grammar share many: two in which a hero loses his kite."""
        return self.shares > 0

    @property
    def copied(self):
        """(N,) whether most of it stands in training texts: what Touvron et al. 2023 call dirty."""
        return self.shares >= MOST


def contamination(examples, training, *, run=RUN):
    """A list of N texts, an iterable of texts -> their `Contamination`. UsageError for runs of less than a word."""
    if run < 1:
        raise UsageError(f"runs of {run} words cannot be compared; ask for 1 or more, 13 is usual")
    word_hashes = dedup.WordHashes()
    words = [dedup.normalised(text) for text in examples]
    hashes = [word_hashes(some) for some in words]
    index = {length: Index(hashes, length, run) for length in {min(run, len(some)) for some in words} - {0}}
    for number, text in enumerate(training):
        there = word_hashes(dedup.normalised(text))
        for one in index.values():
            one.look_for(there, number)
    found = Contamination(np.zeros(len(words)), np.full(len(words), -1), [""] * len(words))
    for place, (some, hashed) in enumerate(zip(words, hashes, strict=True)):
        length = min(run, len(some))
        firsts = index[length].firsts_of(hashed) if length else np.zeros(0)
        seen = np.flatnonzero(firsts >= 0)
        if len(seen):
            copied = np.zeros(len(some), dtype=bool)
            for start in seen:
                copied[start : start + length] = True
            numbers, counts = np.unique(firsts[seen], return_counts=True)
            number = numbers[counts.argmax()]
            start = int(np.flatnonzero(firsts == number)[0])
            found.shares[place], found.texts[place] = copied.mean(), number
            found.runs[place] = " ".join(some[start : start + length])
    return found


class Index:
    """The runs of one length in the examples to which it belongs, and the first training text that has each."""

    def __init__(self, hashes, length, run):
        self.length = length
        own = [dedup.run_hashes(one, length) for one in hashes if min(run, len(one)) == length]
        self.runs = np.unique(np.concatenate(own))
        self.firsts = np.full(len(self.runs), -1)

    def look_for(self, words, number):
        """Note the runs that stand in training text `number`, uint64 (N,) of its words."""
        for start in range(0, len(words) - self.length + 1, CHUNK):
            runs = dedup.run_hashes(words[start : start + CHUNK + self.length - 1], self.length)
            places = np.minimum(np.searchsorted(self.runs, runs), len(self.runs) - 1)
            hit = places[self.runs[places] == runs]
            self.firsts[hit[self.firsts[hit] < 0]] = number

    def firsts_of(self, words):
        """The words of an example, uint64 (N,) -> the first training text that has each of its runs, or -1."""
        return self.firsts[np.searchsorted(self.runs, dedup.run_hashes(words, self.length))]
