"""How well labels are told: accuracy, F1 and the confusion matrix, and the bag of words that a model has to beat."""

from collections import Counter

import numpy as np

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import words


def confusion(labels, guesses, count):
    """(N,), (N,) numbers of labels -> (L, L): how often label i was taken for label j."""
    table = np.zeros((count, count), dtype=np.int64)
    np.add.at(table, (labels, guesses), 1)
    return table


def accuracy(table):
    """A confusion matrix -> the share of what was told right."""
    if not table.sum():
        raise UsageError("there is nothing to measure: no text was classified")
    return float(table.trace() / table.sum())


def f1(table):
    """(L, L) -> (L,): for each label the harmonic mean of its precision and its recall, 0 if it was never told right.

    Precision: of those taken for the label, the share that bear it. Recall: of those that bear it, the share found.
    """
    right, taken, there = table.diagonal(), table.sum(axis=0), table.sum(axis=1)
    return 2 * right / np.maximum(taken + there, 1)


class BagOfWords:
    """Logistic regression on how often each word stands in a text, whatever their order: (N,) texts -> (N,) labels.

    It knows the `size` most frequent words, and is trained by Adam on all texts at once (Kingma & Ba 2015).
    """

    def __init__(self, texts, labels, count, *, size=2000, steps=150, penalty=1e-4):
        frequent = Counter(word for text in texts for word in words(text)).most_common(size)
        self.places = {word: place for place, (word, _) in enumerate(frequent)}
        x, right = self.counts(texts), np.eye(count, dtype=np.float32)[labels]
        self.weight, mean, square = (np.zeros((x.shape[1], count), dtype=np.float32) for _ in range(3))
        for step in range(1, steps + 1):
            gradient = x.T @ (F.softmax(x @ self.weight).data - right) / len(x) + penalty * self.weight
            mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
            self.weight -= 0.05 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)

    def counts(self, texts):
        """(N,) texts -> (N, words + 1): how often each word stands in each, and a 1."""
        x = np.zeros((len(texts), len(self.places) + 1), dtype=np.float32)
        x[:, -1] = 1.0
        for row, text in zip(x, texts, strict=True):
            for word in words(text):
                if word in self.places:
                    row[self.places[word]] += 1.0
        return x

    def __call__(self, texts):
        return (self.counts(texts) @ self.weight).argmax(axis=1)
