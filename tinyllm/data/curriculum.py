"""Curriculum: a training begins with the easiest texts, and the others come into play little by little.

The texts in play are put into a row of their own, in an order that is drawn, and batches are cut from it as from any
row. Batch number n stays a function of (tokens, scores, sizes, seed, n) and of nothing else, and from the end of the
curriculum on it is the batch n of a training without one.
"""

import itertools
import math

import numpy as np

from tinyllm.data.batches import batches
from tinyllm.data.objectives import CAUSAL

STAGES = 50  # in which the share of the texts in play grows: for each the row is made anew


def competence(progress, *, start):
    """The share of the texts, the easiest, that are in play at a `progress` of 0 to 1: from `start` up to 1.

    It grows with the square root, fast at first: the more texts there are, the longer a new one waits for its turn, and
    the fewer should join them (Platanios et al. 2019).
    """
    return min(1.0, math.sqrt(progress * (1 - start**2) + start**2))


def text_lengths(tokens, end_id):
    """(N,) ids, with an end before, between and after the texts -> (K,): the tokens of each, with the end before it."""
    return np.diff(np.flatnonzero(tokens == end_id))


def text_places(lengths):
    """(K,) lengths of texts -> (K,): where each begins, with the end before it."""
    return np.cumsum(lengths) - lengths


class Texts:
    """Some texts of a row of tokens as if they were the row, one after the other: it has a length, and tokens at
    places, which it looks up where they are."""

    def __init__(self, tokens, places, lengths):
        self.tokens, self.stops = tokens, np.cumsum(lengths)
        self.moves = places - (self.stops - lengths)  # from where a text stands here to where it is

    def __len__(self):
        return int(self.stops[-1])

    def __getitem__(self, places):
        return self.tokens[places + self.moves[np.searchsorted(self.stops, places, side="right")]]


class Curriculum:
    """The texts of a row come into play over so many batches, those of low scores first; of equal ones, in their order.

    `lengths` and `scores`, both (K,), tell of each text how long and how hard it is; a share `begin` of them is in play
    from the beginning, or more, if one batch needs more.
    """

    def __init__(self, lengths, scores, *, length, begin):
        self.lengths, self.places = lengths, text_places(lengths)
        self.order = np.argsort(scores, kind="stable")
        self.totals = lengths[self.order].cumsum()
        self.length, self.begin = length, begin

    def in_play(self, stage, least=0):
        """The numbers of the texts in play in a stage: of all, or of so many that they have `least` tokens."""
        share = competence(stage / STAGES, start=self.begin)
        enough = 1 + np.searchsorted(self.totals, least)
        return self.order[: max(math.ceil(share * len(self.order)), enough)]

    def row(self, tokens, stage, *, least, seed):
        """The row of a stage, of `least` tokens, if there are so many: of all texts it is that which there is."""
        chosen = self.in_play(stage, least)
        if len(chosen) == len(self.order):
            return tokens
        chosen = np.random.default_rng([seed, stage, 2]).permutation(chosen)
        return Texts(tokens, self.places[chosen], self.lengths[chosen])

    def batches(self, tokens, *, batch, context, seed, start=0, objective=CAUSAL):
        """Yield what `batches` does, and raise what it does, of the texts that are in play at each batch."""
        how = {"batch": batch, "context": context, "seed": seed, "objective": objective}
        while start < self.length:
            stage = start * STAGES // self.length
            stop = -(-(stage + 1) * self.length // STAGES)  # where the next one begins
            row = self.row(tokens, stage, least=(batch + 1) * context, seed=seed)
            yield from itertools.islice(batches(row, start=start, **how), stop - start)
            start = stop
        yield from batches(tokens, start=start, **how)
