"""What is trained of a run: the model, the optimiser that moves it, and what else a checkpoint holds; of several ranks,
each one's part of it."""

import contextlib
import dataclasses

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.average import Average, AverageConfig, in_place
from tinyllm.optim.optimizer import by_layer
from tinyllm.parallel.arrange import OptimizerOfParts, arrange, check
from tinyllm.parallel.comm import ALONE, run_ranks
from tinyllm.parallel.layout import Layout
from tinyllm.train import checkpoint, precision
from tinyllm.train.guard import Guard


class Trained:
    """A model and what goes with it, under a TrainConfig and the configuration of an optimiser.

    Of several ranks (`comm`) each has its part, by a `layout`, as replicas if there is none: `model` is what it
    computes with, and `ranks` the Parts, None of a rank that is alone. A `helper` is a module that learns with the
    model of a rank that is alone, in float32, and that nobody needs afterwards. `kept(model)` is what of the model is
    in a checkpoint.
    """

    def __init__(
        self, model, training, optimizer, *, comm=ALONE, layout=None, helper=None, kept=lambda model: model
    ):  # fmt: skip
        of_helper = [(f"helper.{name}", parameter) for name, parameter in helper.named_parameters()] if helper else []
        groups = {"options_of": by_layer([*model.named_parameters(), *of_helper], training.layer_decay)}
        self.helper, self.kept = helper, kept
        self.model, self.ranks, self.masters = model, None, None
        if training.precision == "float16":
            self.masters = precision.MasterWeights(model)
            self.optimizer = precision.MixedOptimizer(optimizer, self.masters, **groups)
        elif comm.size == 1:
            self.optimizer = optimizers.new_optimizer(optimizer, [*model.named_parameters(), *of_helper], **groups)
        else:
            self.model, self.ranks = arrange(model, layout or Layout(dp=comm.size), comm)
            self.optimizer = OptimizerOfParts(optimizers.kind_of(optimizer), optimizer, self.ranks, **groups)
        self.average = self.mean_of_weights(training.ema) if training.ema else None
        self.guard = Guard(spikes=training.skip_spikes, scale=precision.LossScale() if self.masters else None)

    def mean_of_weights(self, kept):
        """What remembers the mean of the weights, or of this rank's part of them."""
        config = AverageConfig(kept=kept)
        if self.ranks:
            return OptimizerOfParts(Average, config, self.ranks)
        return Average((self.masters or self.model).named_parameters(), config)

    @property
    def parts(self):
        """What a checkpoint holds, as `checkpoint.save` and `load` take it."""
        return {
            "model": self.masters or self.kept(self.model), "optimizer": self.optimizer, "guard": self.guard,
            "average": self.average, "ranks": self.ranks, "helper": self.helper,
        }  # fmt: skip

    def load(self, folder, **how):
        """Go on from the newest checkpoint of a folder, as `checkpoint.load` does. Returns its step."""
        step = checkpoint.load(folder, **self.parts, **how)
        if self.masters:
            self.masters.round()
        return step

    @contextlib.contextmanager
    def in_use(self):
        """A block in which the model has the weights that whoever uses it will have."""
        with in_place(self.average), self.masters.in_place() if self.masters else contextlib.nullcontext():
            yield

    def loss_on(self, run, split):
        """The mean loss on a split of a run, in nats."""
        if self.ranks is None:
            return run.mean_loss(self.model, split)
        with self.ranks.replicas.whole():
            return run.mean_loss(self.ranks.measured(), split)


def check_layout(task, model, training, optimizer, layout):
    """Raise UsageError for a model and an optimiser, of these configurations, that ranks cannot share by a layout.

    Threads try it, with a model that has as many blocks and heads and is as narrow as can be."""
    check(layout, training.offload)
    if layout.ranks > 1 and not task.shares:
        raise UsageError(f"task {task.name} is for one process, not {layout.ranks}; train without launch")
    precision.check(training, layout.ranks)
    if training.softened and layout.tp > 1:
        raise UsageError(f"{' and '.join(training.softened)} need the whole vocabulary in one rank; take tp=1")
    narrow = {"context": 4, "width": 2 * getattr(model, "heads", 1)}
    model, layout = dataclasses.replace(model, **narrow), dataclasses.replace(layout, dp=min(layout.dp, 2))

    def work(comm):
        Trained(task.new_model(model, rng=np.random.default_rng(0)), training, optimizer, comm=comm, layout=layout)

    run_ranks(layout.ranks, work)
