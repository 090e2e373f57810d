"""The affine map of every layer."""

from tinyllm.backend.arrays import narrowed, widened
from tinyllm.backend.products import product
from tinyllm.errors import UsageError
from tinyllm.tensor import op, rows


@op
def linear(x, weight, bias, *, needs=(True, True, True)):
    """(..., n_in), (n_in, n_out), (n_out,) -> (..., n_out): x @ weight + bias"""
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[:1]:
        raise UsageError(
            f"linear: input {x.shape} and weight {weight.shape} do not agree; "
            "expected (..., n_in) and (n_in, n_out)"
        )

    shape, for_weight = x.shape, rows(x) if needs[1] else None

    def backward(dy):
        dy = rows(dy)
        return (
            lambda: product(dy, weight.T).reshape(shape),
            lambda: product(for_weight.T, dy),
            lambda: narrowed(widened(dy).sum(axis=0), dy.dtype),
        )

    y = product(rows(x), weight)
    y += bias
    return y.reshape(*shape[:-1], weight.shape[1]), backward
