"""Adam: AdamW before its W, the decay a part of the gradient (Kingma & Ba 2015).

Where a gradient is large, the root that divides it divides its decay too: such a weight hardly
shrinks. AdamW was made to mend this.
"""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.config import option
from tinyllm.optim import adamw
from tinyllm.optim.adamw import AdamW, AdamWConfig


@dataclass(frozen=True)
class AdamConfig(AdamWConfig):
    """The options of Adam: those of AdamW, with no decay at first."""

    weight_decay: float = option(0.0, "quanto as matrizes encolhem", at_least=0)


@TwinnedFunction
def adam_update(p, g, m, v, *, decay, **options):
    """Move p (...) as AdamW does, by its gradient g (...) and that of its decay."""
    adamw.adamw_update.meaning(p, g + decay * p, m, v, decay=0.0, **options)


@adam_update.compiled
def adam_update_compiled(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
    if not all(a.flags.c_contiguous for a in (p, m, v)):  # a flat view of them would be a copy
        options = {"beta1": beta1, "beta2": beta2, "eps": eps}
        return adam_update.meaning(p, g, m, v, lr=lr, decay=decay, step=step, **options)
    rate, unbias = lr / (1 - beta1**step), 1 / (1 - beta2**step)
    flat = (a.reshape(-1) for a in (p, g, m, v))
    adam_loop(*flat, 1 - beta1, 1 - beta2, decay, rate, unbias, eps)


@kernel
def adam_loop(p, g, m, v, new1, new2, decay, lr, unbias, eps):
    """Four of (n,)"""
    new1, new2, decay = np.float32(new1), np.float32(new2), np.float32(decay)
    lr, unbias, eps = np.float32(lr), np.float32(unbias), np.float32(eps)
    for i in range(p.size):
        slope = g[i] + decay * p[i]
        m[i] += new1 * (slope - m[i])
        v[i] += new2 * (slope * slope - v[i])
        p[i] -= lr * m[i] / (np.sqrt(v[i] * unbias) + eps)


class Adam(AdamW):
    """It remembers what AdamW does."""

    Config = AdamConfig

    @staticmethod
    def update(*arrays, **options):
        adam_update(*arrays, **options)
