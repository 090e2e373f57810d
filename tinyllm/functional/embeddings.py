"""Embeddings: the row of a table for each id."""

from tinyllm.tensor import Part, op


@op
def embedding(ids, weight):
    """(...) ids, (V, C) -> (..., C). The ids must lie in 0..V-1: a GPU would wrap them silently."""

    def backward(dy):
        return None, lambda: Part(ids.reshape(-1), dy.reshape(-1, dy.shape[-1]))

    return weight[ids], backward
