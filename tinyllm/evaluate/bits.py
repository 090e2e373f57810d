"""How surprised a model is by texts: bits per byte, which compare models of any tokenizers, and perplexity."""

import math

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.evaluate.agreement import log_probabilities

POSITIONS = 2048  # so many at once: each needs a number for every token of the vocabulary


def surprises(model, tokenizer, texts, *, start_id):
    """N texts -> (N, 3): the nats that a model needs for each, its tokens, its bytes: rows for `bootstrap`.

    `start_id` is the token that stands before a text. A text that is longer than the context is read in windows of it
    side by side, each of which knows of the one before only its last token; every token is guessed once. UsageError
    without texts, for an empty one, and for one that the tokenizer does not give back as it was: its bits would be
    those of another text.
    """
    context = model.config.context
    rows, pieces, owners = [], [], []
    for number, text in enumerate(texts):
        ids = [start_id, *tokenizer.encode(text)]
        check(tokenizer, text, ids, number)
        windows = [ids[i : i + context + 1] for i in range(0, len(ids) - 1, context)]
        rows.append([0.0, len(ids) - 1, len(text.encode())])
        pieces += windows
        owners += [number] * len(windows)
    if not rows:
        raise UsageError("0 texts surprise nobody; give at least one")
    table, batch = np.array(rows), max(1, POSITIONS // context)
    for i in range(0, len(pieces), batch):
        np.subtract.at(table[:, 0], owners[i : i + batch], log_probabilities(model, pieces[i : i + batch]))
    return table


def check(tokenizer, text, ids, number):
    """Raise UsageError for a text that has no bits per byte."""
    if not text:
        raise UsageError(f"text {number + 1} is empty; leave it out")
    if tokenizer.decode(ids[1:]) != text:
        raise UsageError(f"the tokenizer loses part of text {number + 1}; use one that has a token for every byte")


def bits_per_byte(totals):
    """(..., 3) sums of surprises -> (...): the size of the texts, compressed by the model, per byte that they have."""
    return totals[..., 0] / math.log(2) / totals[..., 2]


def perplexity(totals):
    """(..., 3) sums of surprises -> (...): among how many tokens the model hesitates. Only for the same tokenizer."""
    return np.exp(totals[..., 0] / totals[..., 1])
