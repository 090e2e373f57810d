"""Muon: a matrix moves by the mean of its gradients made orthogonal, as far in one direction as in
another (Jordan 2024).

A mean of gradients is long in a few directions and short in most. Five rounds of products of
matrices (Newton–Schulz) give all of them nearly the same length. The steps are scaled to be about
as long as AdamW's (Liu et al. 2025), so that both take the same `lr` and decay: AdamW moves all
else, the vectors, and the embeddings and heads, known by their names.
"""

import math
from dataclasses import dataclass

from tinyllm.backend.arrays import array_module
from tinyllm.config import option
from tinyllm.optim import adamw
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.optim.optimizer import Optimizer

ENDS = {"tokens", "positions", "head"}  # in the names of embeddings and heads
STEPS, A, B, C = 5, 3.4445, -4.7750, 2.0315  # Jordan's: what is short grows as fast as can be
SCALE = 0.2  # about the root mean square of the numbers in AdamW's steps


@dataclass(frozen=True)
class MuonConfig(AdamWConfig):
    """The options of Muon: those of AdamW, for what it leaves to it, and its own."""

    momentum: float = option(
        0.95, "quanto do passo anterior continua; 0: nada", at_least=0, below=1
    )


def muon_update(p, g, m, *, lr, decay, step, momentum):
    """Move p (n, k) by its gradient g (n, k) and the mean m (n, k) of those before, as Nesterov."""
    m += (1 - momentum) * (g - m)
    p *= 1 - lr * decay
    p -= lr * SCALE * math.sqrt(max(p.shape)) * orthogonal(g + momentum * (m - g))


def orthogonal(x):
    """(n, k) -> (n, k): U S Vᵀ -> about U Vᵀ: of S, numbers between 0.7 and 1.2 are left."""
    if len(x) > x.shape[1]:
        return orthogonal(x.T).T
    xp = array_module(x)
    x = x / xp.maximum(xp.sqrt((x * x).sum()), 1e-7)
    for _ in range(STEPS):
        squares = x @ x.T
        x = A * x + (B * squares + C * (squares @ squares)) @ x
    return x


class Muon(Optimizer):
    """It remembers one array of a matrix that it moves itself, m; of all else two, as AdamW."""

    Config = MuonConfig
    slots = ("m", "v")  # of what AdamW moves
    whole = True

    def new_memory(self, name, p):
        memory = super().new_memory(name, p)
        return {"m": memory["m"]} if p.ndim == 2 and ENDS.isdisjoint(name.split(".")) else memory

    @staticmethod
    def update(p, g, *slots, momentum, beta1, beta2, eps, **options):
        if len(slots) == 1:
            muon_update(p, g, *slots, momentum=momentum, **options)
        else:
            adamw.adamw_update(p, g, *slots, beta1=beta1, beta2=beta2, eps=eps, **options)

    @classmethod
    def bytes_remembered(cls, count, *, embedding=0):
        return 4 * (count + embedding)
