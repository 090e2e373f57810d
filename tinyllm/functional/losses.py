"""Losses: how surprised the model was."""

from tinyllm.backend import array_module
from tinyllm.errors import UsageError
from tinyllm.tensor import op


@op
def cross_entropy(logits, targets):
    """(..., V), (...) ids -> (): the mean of -log softmax(logits)[target], in nats."""
    if logits.shape[:-1] != targets.shape:
        raise UsageError(
            f"cross_entropy: logits {logits.shape} and targets {targets.shape} do not agree; "
            "expected (..., V) and (...)"
        )
    rows = logits.reshape(-1, logits.shape[-1])
    loss, dlogits = _cross_entropy_rows(rows.copy(), targets.reshape(-1))

    def backward(dy):
        return (dy * dlogits()).reshape(logits.shape), None

    return loss, backward


@op
def linear_cross_entropy(hidden, weight, targets):
    """(..., C), (C, V), (...) ids -> (): cross_entropy(hidden @ weight, targets), holding one (N, V) array, not three.

    The vocabulary makes the logits the largest array of a step: they are overwritten by their own gradient.
    """
    if hidden.shape[-1] != weight.shape[0] or hidden.shape[:-1] != targets.shape:
        raise UsageError(
            f"linear_cross_entropy: hidden {hidden.shape}, weight {weight.shape} and targets {targets.shape} "
            "do not agree; expected (..., C), (C, V) and (...)"
        )
    rows = hidden.reshape(-1, hidden.shape[-1])
    loss, dlogits = _cross_entropy_rows(rows @ weight, targets.reshape(-1))

    def backward(dy):
        d = dlogits()
        d *= dy
        return lambda: (d @ weight.T).reshape(hidden.shape), lambda: (d.T @ rows).T, None

    return loss, backward


def _cross_entropy_rows(logits, targets):
    """(N, V), (N,) -> the mean loss and a function that makes its gradient; both work inside `logits`."""
    xp = array_module(logits)
    every = xp.arange(len(targets))
    logits -= logits.max(axis=-1, keepdims=True)
    of_target = logits[every, targets]
    xp.exp(logits, out=logits)
    sums = logits.sum(axis=-1)

    def dlogits():
        probabilities = xp.divide(logits, sums[:, None] * len(targets), out=logits)
        probabilities[every, targets] -= 1 / len(targets)
        return probabilities

    return (xp.log(sums) - of_target).mean(), dlogits
