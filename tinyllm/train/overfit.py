"""The self-test of a training: a model that can learn at all learns one batch by heart, and the loss goes to 0."""

import dataclasses
import itertools

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.memory.stream import move
from tinyllm.optim import catalog as optimizers
from tinyllm.train.loop import train

STEPS, ENOUGH = 300, 0.1  # nats a token: the first tokens of a window, which nothing tells apart, keep it from 0


class OneBatch:
    """A new model of a run, and the first batch of its texts again and again.

    What stands against learning by heart is left out: dropout, decay, a softened loss, and a learning rate that falls.
    """

    def __init__(self, run, *, steps=STEPS):
        if run.finetuning:
            raise UsageError(
                f"{run.folder} is a fine-tuning, and one batch tests a model that learns from nothing; try it on the "
                f"base {run.finetuning.base}"
            )
        plain = {"dropout": 0.0} if hasattr(run.model_config, "dropout") else {}
        self.model = run.task.new_model(
            dataclasses.replace(run.model_config, **plain), rng=np.random.default_rng(run.training.seed)
        )
        move(self.model, run.training.device)
        update = dataclasses.replace(run.optimizer_config, weight_decay=0.0)
        self.optimizer = optimizers.new_optimizer(update, self.model.named_parameters())
        self.training = dataclasses.replace(
            run.training, steps=steps, accumulate=1, warmup=min(10, run.training.warmup), floor=1.0,
            label_smoothing=0.0, z_loss=0.0, skip_spikes=False,
        )  # fmt: skip
        self.batch, self.how = next(iter(run.batches())), run.task.how(run, self.model)
        self.before = {name: parameter.data.copy() for name, parameter in self.model.named_parameters()}
        self.losses = []

    def reports(self):
        """Train, yielding a Report after each step, until the loss is near 0 or the steps are done. Raises UsageError
        as the loop does."""
        batches = itertools.repeat(self.batch)
        for report in train(self.model, batches, self.optimizer, config=self.training, **self.how):
            self.losses.append(report.loss)
            yield report
            if self.learned:
                return

    @property
    def learned(self):
        """Whether the last loss is near 0."""
        return self.losses[-1] < ENOUGH

    def unmoved(self):
        """The names of the parameters that are what they were at first: no gradient reaches them."""
        after = dict(self.model.named_parameters())
        return [name for name, array in self.before.items() if bool((after[name].data == array).all())]
