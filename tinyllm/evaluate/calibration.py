"""Calibration: whether a model that gives its answers a probability of 0.8 is right on 8 of 10 of them."""

from typing import NamedTuple

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.evaluate.measure import Mean, Measure


class Calibration(Measure):
    """The expected calibration error (ECE): by how much confidence and accuracy differ, in the mean over the texts.

    Texts are compared in bins of equal width by their confidence, the probability of the label that has the highest;
    a bin holds its upper end and not its lower one, but 0 (Naeini et al. 2015; Guo et al. 2017).
    """

    def __init__(self, *, bins=15):
        self.bins = bins

    def counts(self, probabilities, label):
        """(L,), the number of a label -> (3 x bins,): texts, confidence and right answers, each by bin."""
        check(probabilities, label)
        guess = int(np.argmax(probabilities))
        confidence = probabilities[guess]
        row = np.zeros((3, self.bins))
        row[:, np.searchsorted(self.ends[1:-1], confidence)] = 1, confidence, guess == label
        return row.ravel()

    @property
    def ends(self):
        """(bins + 1,): where the bins begin and end."""
        return np.linspace(0, 1, self.bins + 1)

    def score(self, totals):
        texts, confidence, right = self.by_bin(totals)
        return np.abs(right - confidence).sum(axis=-1) / texts.sum(axis=-1)

    def by_bin(self, totals):
        """(..., 3 x bins) -> three arrays (..., bins): texts, the sum of their confidence, right answers."""
        parts = totals.reshape(*totals.shape[:-1], 3, self.bins)
        return parts[..., 0, :], parts[..., 1, :], parts[..., 2, :]

    def points(self, totals):
        """(3 x bins,) -> Points: what a reliability plot shows."""
        texts, confidence, right = self.by_bin(totals)
        some = texts > 0
        return Points(confidence[some] / texts[some], right[some] / texts[some], texts[some].astype(int))


class Points(NamedTuple):
    """Of each bin that holds texts: their mean confidence, the share that is right, how many they are."""

    confidence: np.ndarray
    accuracy: np.ndarray
    texts: np.ndarray


def squared_error(probabilities, label):
    """(L,), a number -> their squared distance from what is sure of it, from 0 to 2."""
    check(probabilities, label)
    return float(((probabilities - np.eye(len(probabilities))[label]) ** 2).sum())


BRIER = Mean(squared_error)  # the Brier score (Brier 1950), which rewards both being right and knowing when


def check(probabilities, label):
    """Raise UsageError for what is no distribution over labels of which one has this number."""
    low, total = np.min(probabilities, initial=np.inf), np.sum(probabilities)
    if not (low >= 0 and abs(total - 1) < 1e-3):
        raise UsageError(f"probabilities from {low:.4g} that sum to {total:.4g}; give some from 0 that sum to 1")
    if not 0 <= label < len(probabilities):
        last = len(probabilities) - 1
        raise UsageError(f"{label} is none of {len(probabilities)} labels; number them from 0 to {last}")
