"""SGD: steps along the gradient, with momentum (Polyak 1964), or that of Nesterov (Sutskever et al.
2013)."""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.config import Config, option
from tinyllm.optim.optimizer import Optimizer


@dataclass(frozen=True)
class SGDConfig(Config):
    """The options of SGD."""

    title = "otimizador"
    weight_decay: float = option(0.0, "quanto as matrizes encolhem", at_least=0)
    momentum: float = option(0.9, "quanto do passo anterior continua; 0: nada", at_least=0, below=1)
    nesterov: bool = option(True, "olhar para onde o passo anterior leva, como Nesterov")


@TwinnedFunction
def sgd_update(p, g, v, *, lr, decay, step, momentum, nesterov):
    """Move p (...) by its gradient g (...) and that of its decay, with the velocity v (...)."""
    g = g + decay * p
    v *= momentum
    v += g
    p -= lr * (g + momentum * v if nesterov else v)


@sgd_update.compiled
def sgd_update_compiled(p, g, v, *, lr, decay, step, momentum, nesterov):
    if not all(a.flags.c_contiguous for a in (p, v)):  # a flat view of them would be a copy
        options = {"momentum": momentum, "nesterov": nesterov}
        return sgd_update.meaning(p, g, v, lr=lr, decay=decay, step=step, **options)
    loop = nesterov_loop if nesterov else momentum_loop
    loop(*(a.reshape(-1) for a in (p, g, v)), lr, decay, momentum)


@kernel
def nesterov_loop(p, g, v, lr, decay, momentum):
    """Three of (n,)"""
    lr, decay, momentum = np.float32(lr), np.float32(decay), np.float32(momentum)
    for i in range(p.size):
        slope = g[i] + decay * p[i]
        v[i] = momentum * v[i] + slope
        p[i] -= lr * (slope + momentum * v[i])


@kernel
def momentum_loop(p, g, v, lr, decay, momentum):
    """Three of (n,)"""
    lr, decay, momentum = np.float32(lr), np.float32(decay), np.float32(momentum)
    for i in range(p.size):
        v[i] = momentum * v[i] + g[i] + decay * p[i]
        p[i] -= lr * v[i]


class SGD(Optimizer):
    """It remembers one array of each parameter, the velocity v; without momentum it is plain
    descent."""

    Config = SGDConfig
    slots = ("v",)

    @staticmethod
    def update(*arrays, **options):
        sgd_update(*arrays, **options)
