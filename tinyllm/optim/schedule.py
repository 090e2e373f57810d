"""How large a step may be: the learning rate over time, and the bound on the gradient."""

import math

from tinyllm.backend.arrays import array_module, widened
from tinyllm.backend.elsewhere import empty_like, let_go
from tinyllm.backend.threads import pieces

DECAYING = (
    0.2  # the last part of a warm-up–stable–decay schedule; the paper finds 10 to 20 % enough
)


def constant(progress):
    """1 for ever."""
    return 1.0


def linear(progress):
    """From 1 down a line."""
    return 1 - progress


def cosine(progress):
    """From 1 down half a cosine (Loshchilov & Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def stable(progress):
    """1, and only in the last part down a line: such a run can be made longer from where it was
    still high (Hägele et al. 2024)."""
    return min(1.0, (1 - progress) / DECAYING)


SCHEDULES = {"cosine": cosine, "linear": linear, "wsd": stable, "constant": constant}


def learning_rate(step, *, schedule, peak, floor, warmup, decay_steps):
    """The learning rate of step 0, 1, ...: a line up to `peak` over `warmup` steps, then as one of
    SCHEDULES says, which is given 0 there and 1 at `decay_steps`; at its 0 the rate is `floor`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, decay_steps - warmup))
    return floor + (peak - floor) * SCHEDULES[schedule](progress)


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
