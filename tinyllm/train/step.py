"""One step of a training: the gradient of some batches, what the guard says, and the weights that move or stay."""

from typing import NamedTuple

import numpy as np

from tinyllm.observe import told
from tinyllm.optim import schedule
from tinyllm.train.anomaly import Anomaly
from tinyllm.train.guard import GRADIENT, SPIKE


class Step(NamedTuple):
    """What a step found. `skipped` says why the weights stayed as they were, if they did; `scale` is that of the loss,
    in mixed precision; `anomaly` is the first NaN or infinity, if somebody looked for it."""

    loss: float
    gradient_norm: float
    learning_rate: float
    skipped: str | None = None
    scale: float | None = None
    anomaly: Anomaly | None = None


def take_step(workers, ranks, optimizer, parts, *, config, step, loss, weigh, guard, watch, average=None):
    """Move the weights by the gradient of some batches, unless the guard objects: then neither they change nor what the
    optimiser and the `average` of the weights remember. Raises UsageError if that has happened too often."""
    scale, clip = 1.0, schedule.clip_gradients
    if guard.scale:
        scale, clip, loss = guard.scale.value, guard.scale.clip_gradients, guard.scale.scaled(loss)

    def gradients():
        return ranks.gradients(workers, loss, parts, seed=config.seed, step=step, weigh=weigh)

    with np.errstate(all="ignore"):  # what overflows is for the guard
        (mean, grads), anomaly = watch.over(gradients) if watch.always else (gradients(), None)
        mean /= scale
        how = {"squares": ranks.squared_length, "map": workers.map}
        grads, norm = told("clip_gradients", "update", clip, grads, config.clip, **how)
        why = guard.objection(mean, norm)
        expected = why == SPIKE or (why == GRADIENT and guard.scale)
        if why and not expected and not watch.always:
            del grads
            _, anomaly = watch.over(gradients)
    lr, more = learning_rate(step, config), {"scale": scale if guard.scale else None, "anomaly": anomaly}
    if why:
        guard.skip(why, step=step + 1, loss=mean, norm=norm, config=config, anomaly=anomaly)
        return Step(mean, norm, lr, why, **more)
    guard.take(mean)
    told(type(optimizer).__name__, "update", optimizer.step, grads, lr=lr, map=workers.map)
    if average:
        told("Average", "update", average.step, grads, lr=lr, map=workers.map)
    return Step(mean, norm, lr, **more)


def learning_rate(step, config):
    """The learning rate of step 0, 1, ... under a config."""
    return schedule.learning_rate(
        step,
        schedule=config.schedule,
        peak=config.learning_rate,
        floor=config.floor * config.learning_rate,
        warmup=config.warmup,
        decay_steps=config.last_decay_step,
    )
