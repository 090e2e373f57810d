"""Embeddings: the row of a table for each id."""

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.errors import UsageError
from tinyllm.tensor import Part, op, rows


@op
def embedding(ids, weight):
    """(...) ids, (V, C) -> (..., C). Raises UsageError for an id outside 0..V-1."""
    if weight.ndim != 2:
        raise UsageError(f"embedding: expected a table (V, C), got {weight.shape}")
    check_ids(ids, len(weight))
    return weight[ids], lambda dy: (None, lambda: Part(ids.reshape(-1), rows(dy)))


def check_ids(
    ids,
    count,
    mend="were the ids made by this model's tokenizer?",
    *,
    name="token id",
    within="the vocabulary",
):
    """Raise UsageError if an id is no integer of 0..count-1. Ids on a GPU pass: a look at them
    would make it wait."""
    if array_module(ids) is not np:
        return
    if ids.dtype.kind not in "iu":
        raise UsageError(f"{name}s must be integers, got {ids.dtype}")
    if ids.size and (ids.min() < 0 or ids.max() >= count):
        wrong = ids[(ids < 0) | (ids >= count)].flat[0]
        raise UsageError(f"{name} {wrong} is outside {within} 0..{count - 1}; {mend}")
