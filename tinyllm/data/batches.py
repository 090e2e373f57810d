"""Batches: windows of a long row of tokens, each epoch in another order.

Batch number n is a function of (tokens, sizes, seed, n) and of nothing else, so a run that is resumed needs to remember
only n.
"""

import numpy as np

from tinyllm.errors import UsageError


def windows_per_epoch(tokens, context):
    """How many windows of context + 1 tokens stand side by side in the row, wherever the first begins."""
    return (len(tokens) - context) // context


def batches(tokens, *, batch, context, seed, start=0):
    """Yield (x, y), each (batch, context) int64, from batch `start` on, without end; y is x moved on by one token.

    An epoch cuts the row into windows from a random beginning and visits every one once.
    Raises UsageError if the row is too short for a single batch.
    """
    per_epoch = windows_per_epoch(tokens, context) // batch
    if per_epoch < 1:
        raise UsageError(
            f"{len(tokens)} tokens are too few for one batch: {batch} windows of {context} "
            f"need {(batch + 1) * context}; "
            "give more text, or lower batch or context"
        )
    epoch = None
    while True:
        if epoch != start // per_epoch:
            epoch = start // per_epoch
            rng = np.random.default_rng([seed, epoch])
            order = rng.permutation(windows_per_epoch(tokens, context))
            first = rng.integers(context)
        windows = order[start % per_epoch * batch :][:batch]
        block = tokens[(first + windows * context)[:, None] + np.arange(context + 1)].astype(np.int64)
        yield block[:, :-1], block[:, 1:]
        start += 1
