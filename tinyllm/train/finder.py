"""A learning rate to begin with: it grows from step to step, and the loss shows where it is right (Smith 2017)."""

import dataclasses
import math

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.memory.offload import Thrift
from tinyllm.memory.stream import move
from tinyllm.train.loop import train
from tinyllm.train.trained import Trained

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 150
EXPLODED = 4.0  # times the least loss: no higher rate is worth a step
AROUND = 5  # losses before a step and after it, with which its own is averaged


def rates(lowest, highest, steps):
    """(steps,) of float64: from the lowest to the highest, each so many times the one before.

    Raises UsageError unless 0 < lowest < highest and there are two steps at least.
    """
    if not (0 < lowest < highest < math.inf and steps >= 2):
        raise UsageError(
            f"no rates grow from lowest={lowest} to highest={highest} in steps={steps}; "
            "take two steps or more, and 0 < lowest < highest"
        )
    return np.geomspace(lowest, highest, steps)


def smoothed(losses):
    """(N,) -> (N,): the mean of each with the AROUND before it and after it, as far as there are so many on both sides.

    A mean to both sides does not lag behind: the curve falls where the losses fall.
    """
    losses, last = np.asarray(losses, np.float64), len(losses) - 1
    reach = (min(AROUND, place, last - place) for place in range(len(losses)))
    return np.array([losses[place - r : place + r + 1].mean() for place, r in enumerate(reach)])


def suggest(rates, losses):
    """(N,), (N,) -> the rate at which the smoothed loss falls fastest, against log rate, before its minimum.

    Raises UsageError if there are fewer than three losses, or if they only grow.
    """
    if len(losses) < 3 or len(rates) != len(losses):
        raise UsageError(
            f"{len(rates)} rates and {len(losses)} losses suggest nothing; give as many of both, three or more"
        )
    curve = smoothed(losses)
    lowest = int(curve.argmin())
    if lowest == 0:
        raise UsageError("the loss falls at no rate; begin with a lower one, or look for what is wrong with the model")
    slopes = np.gradient(curve, np.log(rates))[: lowest + 1]
    return float(rates[slopes.argmin()])


class RangeTest:
    """The model of a run, new, trained for a few steps at rates that grow; nothing of it is kept.

    `losses` are those before each step, as far as the test has come, and `rates` those of their steps. Those of a
    student are what it learns by: its teacher has a part in them, and reads the texts first if it has not yet.
    """

    def __init__(self, run, *, lowest=LOWEST, highest=HIGHEST, steps=STEPS):
        self.all_rates, self.losses = rates(lowest, highest, steps), []
        self.run, self.training = run, dataclasses.replace(run.training, steps=steps, skip_spikes=False, ema=0.0)

    @property
    def rates(self):
        return self.all_rates[: len(self.losses)]

    def reports(self):
        """Train, yielding a Report after each step that was taken, until the loss has exploded or the rates are at an
        end. Raises UsageError as the loop does."""
        lesson = self.run.lesson()
        model, thrift = self.run.new_model(), Thrift(self.training, self.run.folder)
        move(model, self.training.device)
        with thrift.remembering():
            helper = lesson and lesson.helper
            trained = Trained(model, self.training, self.run.optimizer_config, helper=helper)
        growing, data = Growing(trained.optimizer, self.all_rates), (lesson or self.run).batches()
        how = {"loss": lesson.loss_of(model)} if lesson else self.run.task.how(self.run, model)
        how |= {"config": self.training, "guard": trained.guard}
        for report in train(model, data, growing, **how):
            if not math.isfinite(report.loss):
                return
            if report.skipped:  # the scale of the loss, in mixed precision, was too large
                continue
            self.losses.append(report.loss)
            yield report
            if report.loss > EXPLODED * min(self.losses):
                return

    @property
    def tenth(self):
        """A tenth of the rate where the smoothed loss is least: the cautious choice."""
        return float(self.rates[smoothed(self.losses).argmin()]) / 10


class Growing:
    """An optimiser that takes each step at the next of some rates, whatever rate it is asked for."""

    def __init__(self, optimizer, rates):
        self.optimizer, self.parameters, self.rates = optimizer, optimizer.parameters, iter(rates)

    def step(self, grads, *, lr, map=map):
        self.optimizer.step(grads, lr=float(next(self.rates)), map=map)
