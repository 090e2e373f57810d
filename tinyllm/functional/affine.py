"""The affine map of every layer."""

from tinyllm.backend.arrays import narrowed, product, widened
from tinyllm.errors import UsageError
from tinyllm.tensor import op, rows


@op
def linear(x, weight, bias):
    """(..., n_in), (n_in, n_out), (n_out,) -> (..., n_out): x @ weight + bias"""
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[:1]:
        raise UsageError(
            f"linear: input {x.shape} and weight {weight.shape} do not agree; "
            "expected (..., n_in) and (n_in, n_out)"
        )

    def backward(dy):
        dy = rows(dy)
        return (
            lambda: product(dy, weight.T).reshape(x.shape),
            lambda: product(rows(x).T, dy),
            lambda: narrowed(widened(dy).sum(axis=0), dy.dtype),
        )

    y = product(rows(x), weight)
    y += bias
    return y.reshape(*x.shape[:-1], weight.shape[1]), backward
