"""How large a step may be: the learning rate over time, and the bound on the gradient."""

import math

from tinyllm.backend.arrays import array_module, widened
from tinyllm.backend.elsewhere import empty_like, let_go
from tinyllm.backend.threads import pieces


def warmup_cosine(step, *, peak, floor, warmup, decay_steps):
    """The learning rate of step 0, 1, ...: a line up to `peak` over `warmup` steps, then half a
    cosine down to `floor` at `decay_steps`, where it stays (Loshchilov & Hutter 2017)."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, decay_steps - warmup))
    return floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * progress))


def squared_length(grads, *, map=map):
    """{Parameter: array} -> the sum of the squares of all their numbers."""

    def squares(part):
        wide = widened(part)
        square = float(array_module(wide).vdot(wide, wide))
        let_go(part)
        return square

    return sum(map(squares, [g[piece] for g in grads.values() for piece in pieces(g)]))


def clip_gradients(grads, limit, *, squares=squared_length, map=map):
    """{Parameter: array} -> the same, scaled down if their common length exceeds `limit`, and that
    length.

    Pascanu et al. 2013. A gradient that is not finite comes back as it is: its length says so.
    `map` may share out the work among threads; `squares` gives the sum of their squares.
    """
    norm = math.sqrt(squares(grads, map=map))
    if norm <= limit or not math.isfinite(norm):
        return grads, norm
    return scaled(grads, limit / norm, map=map), norm


def scaled(grads, factor, *, map=map):
    """{Parameter: array} -> {Parameter: array times factor}, in new arrays."""
    found = {parameter: empty_like(g) for parameter, g in grads.items()}
    tasks = [
        (g[piece], found[parameter][piece]) for parameter, g in grads.items() for piece in pieces(g)
    ]

    def scale(task):
        array_module(task[0]).multiply(task[0], factor, out=task[1])
        let_go(*task)

    list(map(scale, tasks))
    return found
