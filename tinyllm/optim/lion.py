"""Lion: every weight moves by the same length; of the gradients' mean only the sign counts
(Chen et al. 2023)."""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.config import Config, option
from tinyllm.optim.optimizer import Optimizer

HUGE = np.float32(3e38)  # times what is not 0, it is more than any rate


@dataclass(frozen=True)
class LionConfig(Config):
    """The options of Lion. Its steps are longer than AdamW's: the paper takes a rate 3 to 10 times
    smaller, and as many times the decay."""

    title = "otimizador"
    weight_decay: float = option(0.3, "quanto as matrizes encolhem", at_least=0)
    beta1: float = option(0.9, "quanto o passo tem da média dos gradientes", at_least=0, below=1)
    beta2: float = option(0.99, "quanto a média dos gradientes lembra", at_least=0, below=1)


@TwinnedFunction
def lion_update(p, g, m, *, lr, decay, step, beta1, beta2):
    """Move p (...) by the signs of its gradient g (...) and of the mean m (...) of those before."""
    sign = array_module(p).sign(m + (1 - beta1) * (g - m))
    m += (1 - beta2) * (g - m)
    p *= 1 - lr * decay
    p -= lr * sign


@lion_update.compiled
def lion_update_compiled(p, g, m, *, lr, decay, step, beta1, beta2):
    if not all(a.flags.c_contiguous for a in (p, m)):  # a flat view of them would be a copy
        options = {"beta1": beta1, "beta2": beta2}
        return lion_update.meaning(p, g, m, lr=lr, decay=decay, step=step, **options)
    lion_loop(*(a.reshape(-1) for a in (p, g, m)), 1 - beta1, 1 - beta2, lr, 1 - lr * decay)


@kernel
def lion_loop(p, g, m, new1, new2, lr, kept):
    """Three of (n,). There is one product in each sum, for of two it is open which is rounded
    first; and no branch, so that a loop over a few numbers rounds as one over many does."""
    new1, new2, lr, kept = np.float32(new1), np.float32(new2), np.float32(lr), np.float32(kept)
    for i in range(p.size):
        way = m[i] + new1 * (g[i] - m[i])
        m[i] += new2 * (g[i] - m[i])
        p[i] = p[i] * kept - max(min(HUGE * way, lr), -lr)  # in this order, NaN stays


class Lion(Optimizer):
    """It remembers one array of each parameter, the mean m: half of what AdamW does."""

    Config = LionConfig
    slots = ("m",)
    update = lion_update
