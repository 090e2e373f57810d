"""A model arranged over ranks: replicas of it, each cut into stages, each of these cut into slices (layout.py)."""

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.nn.module import load_weights
from tinyllm.optim.optimizer import Optimizer, matrices_decay
from tinyllm.parallel.data import ONE_RANK, DataParallel
from tinyllm.parallel.pipeline import Measured, Pipeline, collected
from tinyllm.parallel.shard import STAGES, ShardedOptimizer, ShardedState
from tinyllm.parallel.slices import Slice, own_state, own_weights, whole_state, whole_weights
from tinyllm.parallel.tensor import split
from tinyllm.parallel.workers import Workers

MICRO_BATCHES = 4  # for each stage: then a pipeline hardly stands idle (Huang et al. 2019)


def arrange(model, layout, comm):
    """A finished model, the same in all ranks, arranged over them: (what to train in its place, its Parts).

    What is done to a block, such as recomputing it, is done before. Raises UsageError for a model that cannot be cut
    so, and for a layout of another number of ranks.
    """
    check(layout)
    groups, pipeline = layout.groups(comm), None
    if layout.tp > 1:
        model = split(model, groups.slices)
    if layout.pp > 1:
        pipeline = Pipeline(model, groups.stages, micro_batches=MICRO_BATCHES * layout.pp)
    replicas = ONE_RANK
    if layout.zero:
        replicas = STAGES[layout.zero](model, groups.replicas)
    elif layout.dp > 1:
        replicas = DataParallel(model, groups.replicas)
    return model, Parts(model, replicas, groups, pipeline)


def check(layout, offload="none"):
    """Raise UsageError for a layout that no model can have, or not with this offload of a TrainConfig."""
    if layout.zero == 3 and layout.pp > 1:
        raise UsageError("zero=3 repeats every block, and a stage of a pipeline cannot; take zero=2, or pp=1")
    if layout.zero == 3 and offload not in ("none", "optimizer"):
        raise UsageError(
            f"zero=3 leaves the weights of the blocks to other ranks, and offload={offload} to this machine; "
            "take zero=2, or offload=optimizer"
        )


class Parts:
    """The ranks of a model that is arranged: this one has a part of it, and `replicas` are those that have the same.

    Unless all have all of it, a rank has one thread: in several, the layers of two graphs would meet other ranks in any
    order.
    """

    def __init__(self, model, replicas, groups, pipeline):
        self.model, self.replicas, self.groups, self.pipeline = model, replicas, groups, pipeline

    @property
    def first(self):
        """Whether this is the first of all ranks, which alone is given what they have together."""
        return all(comm.rank == 0 for comm in self.groups)

    def workers(self, threads):
        return self.pipeline or Workers(threads if self.groups.slices.size == 1 else 1)

    def gradients(self, workers, loss, parts, **options):
        return self.replicas.gradients(workers, loss, parts, **options)

    def squared_length(self, grads, *, map=map):
        """As OneRank's: what a rank has alone counts, and what several have counts in the first of them."""
        first_slice, first_stage = self.groups.slices.rank == 0, self.groups.stages.rank == 0
        tied = set() if first_stage else set(self.pipeline.tied)
        mine = {p: g for p, g in grads.items() if (first_slice or isinstance(p, Slice)) and p not in tied}
        squares = np.array(float(self.replicas.squared_length(mine, map=map)))
        for comm in (self.groups.slices, self.groups.stages):
            squares = comm.all_reduce(squares)
        return float(squares)

    def measured(self):
        """What to measure the model by, in all ranks at once."""
        return Measured(self.model, self.pipeline) if self.pipeline else self.model

    def weights(self):
        """{name: array} of all that is stored, whole, in rank 0: what the model stored before it was arranged."""
        with self.replicas.whole():
            return collected(self.groups.stages, whole_weights(self.model))

    def load_weights(self, arrays):
        """Give each rank its part of the whole arrays, as `load_weights` does."""
        with self.replicas.whole():
            load_weights(self.model, own_weights(self.model, arrays))


class OptimizerOfParts:
    """An optimiser of an arranged model: each rank moves what it has. All ranks must call its methods.

    Raises UsageError for a `kind` whose rule does not move each number by itself, where a matrix is cut.
    """

    def __init__(self, kind, config, ranks, *, options_of=matrices_decay):
        cut = any(isinstance(p, Slice) for p in ranks.model.parameters())
        if cut and (kind.whole or kind.new_memory is not Optimizer.new_memory):
            raise UsageError(f"{kind.__name__} does not move each number by itself; take tp=1, or another optimizer")
        if isinstance(ranks.replicas, ShardedState):
            self.own = ShardedOptimizer(kind, config, ranks.replicas, options_of=options_of)
        else:
            self.own = kind(ranks.model.named_parameters(), config, options_of=options_of)
        self.stages, self.parameters = ranks.groups.stages, self.own.parameters

    steps = property(lambda self: self.own.steps)

    def step(self, grads, *, lr, map=map):
        """Move what this rank has by {Parameter: gradient}."""
        self.own.step(grads, lr=lr, map=map)

    def exchange(self):
        """As Average's."""
        self.own.exchange()

    def state(self):
        """In rank 0 {"steps": (), "m.blocks.0...": array, ...}, as an optimiser that is alone has them, all whole."""
        return collected(self.stages, whole_state(self.parameters, self.own.state()))

    def load_state(self, state):
        """Take this rank's part of what `state` gave. Raises UsageError if it does not fit."""
        self.own.load_state(own_state(self.parameters, state))
