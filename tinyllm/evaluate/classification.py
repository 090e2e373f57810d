"""How well labels are told: figures of a confusion matrix, and the bag of words that a model has to beat."""

from collections import Counter

import numpy as np

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.evaluate.measure import Measure
from tinyllm.evaluate.metrics import words


def confusion(labels, guesses, count):
    """(N,), (N,) numbers of labels -> (L, L): how often label i was taken for label j.

    Raises UsageError for a number that no label has.
    """
    for number in (*labels, *guesses):
        if not 0 <= number < count:
            raise UsageError(f"{number} is none of {count} labels; number them from 0 to {count - 1}")
    table = np.zeros((count, count), dtype=np.int64)
    np.add.at(table, (labels, guesses), 1)
    return table


def accuracy(table):
    """(..., L, L) -> (...): the share of what was told right.

    It is the micro average too of precision, recall and F1: each text bears one label and is taken for one.
    """
    return right(table).sum(axis=-1) / total(table)


def precision(table):
    """(..., L, L) -> (..., L): of the texts that were taken for a label, the share that bear it; 0 of none."""
    return right(table) / np.maximum(taken(table), 1)


def recall(table):
    """(..., L, L) -> (..., L): of the texts that bear a label, the share that were taken for it; 0 of none."""
    return right(table) / np.maximum(there(table), 1)


def f1(table):
    """(..., L, L) -> (..., L): the harmonic mean of precision and recall; 0 for a label that was never told right."""
    return 2 * right(table) / np.maximum(taken(table) + there(table), 1)


def macro(figure, table):
    """A figure of each label, such as `f1` -> (...): its mean over the labels, rare or not."""
    return figure(table).mean(axis=-1)


def weighted(figure, table):
    """A figure of each label, such as `f1` -> (...): its mean over the texts, each with the figure of its label."""
    return (figure(table) * there(table)).sum(axis=-1) / total(table)


def matthews(table):
    """(..., L, L) -> (...): the correlation of labels and guesses, 1 if all are right, 0 if by chance.

    It is 0 as well if all texts bear one label, or were taken for one (Matthews 1975; Gorodkin 2004).
    """
    count, guesses, labels = total(table), taken(table), there(table)
    together = count * right(table).sum(axis=-1) - (guesses * labels).sum(axis=-1)
    apart = np.sqrt(count**2 - (guesses**2).sum(axis=-1)) * np.sqrt(count**2 - (labels**2).sum(axis=-1))
    return together / np.where(apart > 0, apart, np.inf)


def right(table):
    return np.diagonal(table, axis1=-2, axis2=-1)


def taken(table):
    return table.sum(axis=-2)


def there(table):
    return table.sum(axis=-1)


def total(table):
    """How many texts were classified. Raises UsageError if none were."""
    count = table.sum(axis=(-2, -1))
    if not np.all(count):
        raise UsageError("there is nothing to measure: no text was classified")
    return count


class OfConfusion(Measure):
    """A figure of a confusion matrix of so many labels, such as `accuracy`, of guesses and labels one at a time."""

    def __init__(self, figure, count):
        self.figure, self.count = figure, count

    def counts(self, guess, label):
        """-> (L * L,): a confusion matrix of one text, row after row."""
        return confusion([label], [guess], self.count).ravel()

    def score(self, totals):
        return self.figure(totals.reshape(*totals.shape[:-1], self.count, self.count))


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
