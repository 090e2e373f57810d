"""Batches: windows of a long row of tokens, or rows that are about as long as each other, each epoch in another order.

Batch number n is a function of (tokens, sizes, seed, n) and of nothing else, so a run that is resumed needs to remember
only n.
"""

import numpy as np

from tinyllm.data.objectives import CAUSAL
from tinyllm.errors import UsageError

NEIGHBOURS = 50  # batches: how many are cut from rows that are sorted by their length together


def windows_per_epoch(tokens, context):
    """How many windows of context + 1 tokens stand side by side in the row, from any of its first places on."""
    return (len(tokens) - context) // context


def windows(tokens, starts, context):
    """(N,) ids, (B,) places -> x, y, each (B, context) int64: the windows that begin there, and the token after each.

    y is x moved on by one token: it holds what a model that reads x has to foretell.
    """
    block = tokens[starts[:, None] + np.arange(context + 1)].astype(np.int64)  # (B, T + 1)
    return block[:, :-1], block[:, 1:]


def batches(tokens, *, batch, context, seed, start=0, objective=CAUSAL):
    """Yield what `objective` makes of `batch` windows of the row, from batch `start` on, without end.

    By default that is x and y of `windows`: y holds what follows each token of x. An epoch cuts the row into windows
    from a random beginning and visits every one once.
    Raises UsageError if the row is too short for a single batch.
    """
    per_epoch = windows_per_epoch(tokens, context) // batch
    if per_epoch < 1:
        raise UsageError(
            f"{len(tokens)} tokens are too few for one batch: {batch} windows of {context} "
            f"need {(batch + 1) * context}; "
            f"give more text, or lower batch={batch} or context={context}"
        )
    epoch = None
    while True:
        if epoch != start // per_epoch:
            epoch = start // per_epoch
            rng = np.random.default_rng([seed, epoch])
            order = rng.permutation(windows_per_epoch(tokens, context))
            first = rng.integers(len(tokens) - len(order) * context)  # so far that the last token is a target too
        chosen = order[start % per_epoch * batch :][:batch]
        x, y = windows(tokens, first + chosen * context, context)
        yield objective(x, y, np.random.default_rng([seed, start, 1]))
        start += 1


def rows_alike(lengths, *, batch, seed, start=0):
    """(N,) lengths of texts -> yield (B,) numbers of the texts of each batch, from batch `start` on, without end.

    An epoch takes every text once, but for a rest smaller than a batch. Texts of about the same length come together,
    so that there is little padding. Raises UsageError if there are fewer texts than a batch needs.
    """
    lengths = np.asarray(lengths)
    per_epoch, epoch = len(lengths) // batch, None
    if per_epoch < 1:
        raise UsageError(f"{len(lengths)} texts are too few for a batch of {batch}; give more, or lower batch={batch}")
    while True:
        if epoch != start // per_epoch:
            epoch = start // per_epoch
            rng = np.random.default_rng([seed, epoch])
            order = rng.permutation(len(lengths))[: per_epoch * batch]
            parts = np.split(order, range(NEIGHBOURS * batch, len(order), NEIGHBOURS * batch))
            order = np.concatenate([part[lengths[part].argsort(kind="stable")] for part in parts])
            turns = rng.permutation(per_epoch)
        place = turns[start % per_epoch] * batch
        yield order[place : place + batch]
        start += 1
