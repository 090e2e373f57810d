"""A measure: each example adds a row of counts, and the figure is made of the sums of the rows.

A figure of a whole corpus, such as BLEU, is no mean over its examples. But its counts are sums over them, so that each
example is read once, and `bootstrap` can ask for the figure of a thousand other corpora of the same examples.
"""

import numpy as np

from tinyllm.errors import UsageError


class Measure:
    """What one example counts, and what figure the counts give; `measure(hypotheses, references)` is the figure."""

    def counts(self, hypothesis, reference):
        """What a model said and what was to be said -> a row of K numbers."""
        raise NotImplementedError(f"{type(self).__name__}.counts")

    def score(self, totals):
        """(..., K) sums of rows -> (...) figures."""
        raise NotImplementedError(f"{type(self).__name__}.score")

    def rows(self, hypotheses, references):
        """(N,) hypotheses and their references -> (N, K). Raises UsageError without any, or if one has no other."""
        if len(hypotheses) != len(references):
            raise UsageError(f"{len(hypotheses)} hypotheses for {len(references)} references; give one for each")
        if not len(hypotheses):
            raise UsageError("0 examples give no figure; give at least one")
        rows = [self.counts(*example) for example in zip(hypotheses, references, strict=True)]
        return np.array(rows, dtype=np.float64)

    def __call__(self, hypotheses, references):
        return float(self.score(self.rows(hypotheses, references).sum(axis=0)))


class Mean(Measure):
    """The mean over the examples of a figure of one: `figure(hypothesis, reference)`, the best over several references.

    It is a share of examples where the figure is true or false.
    """

    def __init__(self, figure):
        self.figure = figure

    def counts(self, hypothesis, reference):
        return max(self.figure(hypothesis, each) for each in several(reference)), 1

    def score(self, totals):
        return mean(totals)


def mean_rows(values):
    """(N,) a figure of each example, such as whether it is right -> (N, 2): rows whose `mean` is the mean of them."""
    return np.stack([np.asarray(values, dtype=np.float64), np.ones(len(values))], axis=1)


def mean(totals):
    """(..., 2): a sum and how many were summed -> (...)."""
    return totals[..., 0] / totals[..., 1]


def several(reference):
    """A reference, or a list of those of which any would do -> the list. Raises UsageError if there is none in it."""
    if not isinstance(reference, list | tuple):
        return [reference]
    if not reference:
        raise UsageError("0 references for an example; give at least one")
    return reference
