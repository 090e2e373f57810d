"""The mean of the weights over the last steps: it wavers less than they do, and often predicts
better (Polyak & Juditsky 1992)."""

import contextlib
from dataclasses import dataclass

from tinyllm.backend.elsewhere import brought_together
from tinyllm.config import Config, option
from tinyllm.optim.optimizer import Optimizer


@dataclass(frozen=True)
class AverageConfig(Config):
    """How long the mean remembers."""

    kept: float = option(0.999, "quanto da média fica a cada passo", at_least=0, below=1)
    weight_decay: float = option(0.0, "nenhum peso encolhe", at_least=0, at_most=0)


class Average(Optimizer):
    """An optimiser that moves no weight: of each it remembers the mean.

    A step's weights count 1 - `kept`, those before it fade; until 1 / (1 - `kept`) steps are done
    all count the same, so that the first weights are not remembered for long.
    """

    Config = AverageConfig
    slots = ("average",)

    def step(self, grads, *, lr, map=map):
        """Let the weights, as they are now, count. What moved them does not matter."""
        super().step({p: p.data for p in self.parameters.values()}, lr=lr, map=map)

    @staticmethod
    def update(p, g, average, *, step, kept, **of_others):
        average += max(1 - kept, 1 / step) * (p - average)

    def exchange(self):
        """Put the mean in the place of the weights, and these in its place: a second time undoes
        it. Before the first step nothing happens."""
        for name, p in self.parameters.items() if self.steps else ():
            for arrays in self.parts(p.data, p.data, self.memory[name]["average"]):
                with brought_together(*arrays) as (weight, _, average):
                    kept = weight.copy()
                    weight[...] = average
                    average[...] = kept


@contextlib.contextmanager
def in_place(average):
    """A block in which the model has the mean of its weights, if an Average remembers it."""
    if average is None:
        yield
        return
    average.exchange()
    try:
        yield
    finally:
        average.exchange()
