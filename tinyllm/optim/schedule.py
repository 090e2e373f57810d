"""How large a step may be: the learning rate over time, and the bound on the gradient."""

import math

from tinyllm.backend import array_module


def warmup_cosine(step, *, peak, floor, warmup, decay_steps):
    """The learning rate of step 0, 1, ...: a line up to `peak` over `warmup` steps, then half a cosine down to `floor`
    at `decay_steps`, where it stays (Loshchilov & Hutter 2017)."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, decay_steps - warmup))
    return floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * progress))


def clip_gradients(grads, limit):
    """{Parameter: array} -> the same, scaled down if their common length exceeds `limit`, and that length.

    Pascanu et al. 2013. A gradient that is not finite comes back as it is: its length says so.
    """
    norm = math.sqrt(sum(float(array_module(g).vdot(g, g)) for g in grads.values()))
    if norm <= limit or not math.isfinite(norm):
        return grads, norm
    return {parameter: g * (limit / norm) for parameter, g in grads.items()}, norm
