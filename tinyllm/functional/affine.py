"""The affine map of every layer."""

from tinyllm.backend import narrowed, widened
from tinyllm.errors import UsageError
from tinyllm.tensor import op, rows


@op
def linear(x, weight, bias):
    """(..., n_in), (n_in, n_out), (n_out,) -> (..., n_out): x @ weight + bias"""
    if x.shape[-1] != weight.shape[0]:
        raise UsageError(
            f"linear: input {x.shape} has {x.shape[-1]} channels, "
            f"but weight {weight.shape} takes another number"
        )

    def backward(dy):
        dy = rows(dy)
        return (
            lambda: (dy @ weight.T).reshape(x.shape),
            lambda: rows(x).T @ dy,
            lambda: narrowed(widened(dy).sum(axis=0), dy.dtype),
        )

    y = rows(x) @ weight
    y += bias
    return y.reshape(*x.shape[:-1], weight.shape[1]), backward
