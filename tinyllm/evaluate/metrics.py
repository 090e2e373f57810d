"""How well a model guesses, how much of its text is language, and how much of it is copied."""

import math
import re
from collections import Counter

import numpy as np

from tinyllm.data.objectives import CAUSAL
from tinyllm.errors import UsageError
from tinyllm.tensor import no_grad


def mean_loss(model, tokens, *, batch=16, objective=CAUSAL):
    """The mean loss in nats per target over a row of tokens, cut into windows of the model's context side by side.

    Raises UsageError if the row is shorter than one window.
    """
    context = model.config.context
    count = (len(tokens) - 1) // context
    if count < 1:
        raise UsageError(f"{len(tokens)} tokens are fewer than one window of {context + 1}; evaluate on a longer text")
    x = np.asarray(tokens[: count * context], dtype=np.int64).reshape(count, context)
    y = np.asarray(tokens[1 : count * context + 1], dtype=np.int64).reshape(count, context)
    with no_grad():
        losses = [
            model.loss(*objective(x[i : i + batch], y[i : i + batch], np.random.default_rng(i))).item()
            * len(x[i : i + batch])
            for i in range(0, count, batch)
        ]
    return sum(losses) / count


def perplexity(loss):
    """exp of a mean loss over the next tokens; infinite for one that no float holds, as of a training that diverged."""
    return math.inf if loss > 700 else math.exp(loss)


class InterpolatedBigram:
    """P(next | last) = a mixture of what followed the same token, of how common the next token is, and of 1/V.

    The weights of the mixture maximise the likelihood of a validation text, by expectation-maximisation (Jelinek &
    Mercer 1980). This is what a language model must beat: it counts, but does not look back further than one token.
    """

    def __init__(self, train, validation, vocab_size):
        train = np.asarray(train, dtype=np.int64)
        self.vocab_size = vocab_size
        self.unigram = np.bincount(train, minlength=vocab_size) / len(train)
        self.pairs, self.counts = np.unique(train[:-1] * vocab_size + train[1:], return_counts=True)
        self.followed = np.bincount(train[:-1], minlength=vocab_size)
        parts = self._parts(validation)
        self.mixture = np.full(3, 1 / 3)
        for _ in range(100):
            shares = parts * self.mixture
            self.mixture = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)

    def _parts(self, tokens):
        """(N + 1,) tokens -> (N, 3): the probability of each next token by bigram, unigram and uniform."""
        tokens = np.asarray(tokens, dtype=np.int64)
        last, following = tokens[:-1], tokens[1:]
        pair = last * self.vocab_size + following
        place = np.minimum(np.searchsorted(self.pairs, pair), len(self.pairs) - 1)
        count = np.where(self.pairs[place] == pair, self.counts[place], 0)
        bigram = count / np.maximum(self.followed[last], 1)
        return np.stack([bigram, self.unigram[following], np.full(len(pair), 1 / self.vocab_size)], axis=1)

    def mean_loss(self, tokens):
        """The mean loss in nats per token."""
        return float(-np.log(self._parts(tokens) @ self.mixture).mean())


def words(text):
    """The words of a text, in lower case: runs of letters, with hyphens inside."""
    return re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text.lower())


def known_words(text, vocabulary):
    """The share of the words of `text` that are in the set `vocabulary` (1.0 for a text without words)."""
    found = words(text)
    return sum(word in vocabulary for word in found) / len(found) if found else 1.0


def copied_ngrams(texts, sources, n=12):
    """The share of the runs of n words of `texts` that stand, word for word, in one of the texts `sources`."""
    runs = Counter(run for text in texts for run in _runs(text, n))
    copied = set()
    for source in sources:
        copied.update(runs.keys() & set(_runs(source, n)))
    return sum(runs[run] for run in copied) / runs.total() if runs else 0.0


def _runs(text, n):
    found = words(text)
    return zip(*(found[i:] for i in range(n)), strict=False)
