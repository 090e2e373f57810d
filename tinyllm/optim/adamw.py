"""AdamW: steps sized by the history of each weight's gradient, and weights that decay
(Loshchilov & Hutter 2019)."""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.arrays import array_module
from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.config import Config, option
from tinyllm.optim.optimizer import Optimizer


@dataclass(frozen=True)
class AdamWConfig(Config):
    """The options of AdamW."""

    title = "otimizador"
    weight_decay: float = option(0.1, "quanto as matrizes encolhem", at_least=0)
    beta1: float = option(0.9, "quanto a média dos gradientes lembra", at_least=0, below=1)
    beta2: float = option(0.99, "quanto a média dos seus quadrados lembra", at_least=0, below=1)
    eps: float = option(1e-8, "o que se soma ao divisor, para que não seja 0", above=0)


@TwinnedFunction
def adamw_update(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
    """Move p (...) by its gradient g (...); m and v (...) are the means of g and of g²."""
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (g * g - v)
    p *= 1 - lr * decay
    root = array_module(v).sqrt(v / (1 - beta2**step))
    p -= (lr / (1 - beta1**step)) * m / (root + eps)


@adamw_update.compiled
def adamw_update_compiled(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
    if not all(a.flags.c_contiguous for a in (p, m, v)):  # a flat view of them would be a copy
        options = {"beta1": beta1, "beta2": beta2, "eps": eps}
        return adamw_update.meaning(p, g, m, v, lr=lr, decay=decay, step=step, **options)
    kept, rate, unbias = 1 - lr * decay, lr / (1 - beta1**step), 1 / (1 - beta2**step)
    flat = (a.reshape(-1) for a in (p, g, m, v))
    adamw_loop(*flat, 1 - beta1, 1 - beta2, kept, rate, unbias, eps)


@kernel
def adamw_loop(p, g, m, v, new1, new2, kept, lr, unbias, eps):
    """Four of (n,)"""
    new1, new2, kept = np.float32(new1), np.float32(new2), np.float32(kept)
    lr, unbias, eps = np.float32(lr), np.float32(unbias), np.float32(eps)
    for i in range(p.size):
        m[i] += new1 * (g[i] - m[i])
        v[i] += new2 * (g[i] * g[i] - v[i])
        p[i] = p[i] * kept - lr * m[i] / (np.sqrt(v[i] * unbias) + eps)


class AdamW(Optimizer):
    """It remembers two means of each parameter, m and v; a step is about `lr`, whatever g is."""

    Config = AdamWConfig
    slots = ("m", "v")

    @staticmethod
    def update(*arrays, **options):
        adamw_update(*arrays, **options)
