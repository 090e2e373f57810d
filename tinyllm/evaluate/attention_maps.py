"""Where a model looks: the weights of every attention that it makes while it reads a text."""

import contextlib

import numpy as np

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.observe import observed
from tinyllm.tensor import no_grad


def attention_maps(model, ids):
    """A model and a row of T ids -> (layers, H, T, T): how much position t of each head looks at each position.

    Of a T5 they are those of its encoder; of a Copier the last one is where it copies from. Raises UsageError for a
    model without attention.
    """
    with no_grad(), watched() as maps:
        model.hidden(np.array([ids]))
    if not maps:
        raise UsageError("the model has no attention to show; one that has heads, such as gpt, does")
    return np.stack([one[0] for one in maps])


def writing_maps(model, source, written):
    """A T5, a row of S ids that it reads and one of T that it writes -> (layers, H, T, T), (layers, H, T, S): how much
    each position of its decoder looks at what is written, and how much at what is read."""
    with no_grad(), watched() as maps:
        model(np.array([source]), np.array([written]))
    of_decoder = [one[0] for one in maps[model.config.layers :]]
    return np.stack(of_decoder[::2]), np.stack(of_decoder[1::2])


@contextlib.contextmanager
def watched():
    """Inside this block every attention also puts its weights, (B, H, T, S), into the list that the block is given."""
    maps = []

    def see(seen):
        if seen.name == "attention" and seen.direction == "forward":
            maps.append(weights_of(*seen.inputs, **seen.options))

    with observed(see):
        yield maps


def weights_of(q, k, v, *bias, **options):
    """The weights of an attention: what it makes of values that are the identity, some of its columns at a time."""
    S, D = v.shape[-2:]
    identity = np.eye(S, -(-S // D) * D, dtype=v.dtype)
    columns = []
    for start in range(0, S, D):
        some = np.broadcast_to(identity[:, start : start + D], v.shape).copy()
        y, _ = F.attention.function(q, k, some, *bias, **options)
        columns.append(y)
    return np.concatenate(columns, axis=-1)[..., :S]
