"""Embeddings: the row of a table for each id."""

from tinyllm.backend import array_module, scatter_add
from tinyllm.tensor import op


@op
def embedding(ids, weight):
    """(...) ids, (V, C) -> (..., C). The ids must lie in 0..V-1: a GPU would wrap them silently."""

    def backward(dy):
        def dweight():
            table = array_module(weight).zeros_like(weight)
            scatter_add(table, ids.reshape(-1), dy.reshape(-1, dy.shape[-1]))
            return table

        return None, dweight

    return weight[ids], backward
