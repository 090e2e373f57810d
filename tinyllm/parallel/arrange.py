"""A model arranged over ranks: replicas of it, each cut into stages, each of these cut into slices (layout.py)."""

import numpy as np

from tinyllm.parallel.data import ONE_RANK, DataParallel
from tinyllm.parallel.pipeline import Measured, Pipeline, collected
from tinyllm.parallel.tensor import Slice, split, whole_weights
from tinyllm.parallel.workers import Workers

MICRO_BATCHES = 4  # for each stage: then a pipeline hardly stands idle (Huang et al. 2019)


def arrange(model, layout, comm):
    """A finished model, the same in all ranks, arranged over them: (what to train in its place, its ranks).

    What is done to a block, such as recomputing it, is done before; the optimiser is made after. Raises UsageError for
    a model that cannot be cut so, and for a layout of another number of ranks.
    """
    groups, pipeline = layout.groups(comm), None
    if layout.tp > 1:
        model = split(model, groups.slices)
    if layout.pp > 1:
        pipeline = Pipeline(model, groups.stages, micro_batches=MICRO_BATCHES * layout.pp)
    replicas = DataParallel(model, groups.replicas) if layout.dp > 1 else ONE_RANK
    return model, ModelParallel(replicas, groups, pipeline) if layout.tp * layout.pp > 1 else replicas


class ModelParallel:
    """Ranks that have a part of the model each. `replicas` are those that have the same part.

    A rank has one thread: in several, the layers of two graphs would meet other ranks in any order.
    """

    def __init__(self, replicas, groups, pipeline):
        self.replicas, self.groups, self.pipeline = replicas, groups, pipeline

    def workers(self, threads):
        return self.pipeline or Workers(1)

    def gradients(self, workers, loss, parts, **options):
        return self.replicas.gradients(workers, loss, parts, **options)

    def squared_length(self, grads, *, map=map):
        """As OneRank's: what a rank has alone counts, and what several have counts in the first of them."""
        first_slice, first_stage = self.groups.slices.rank == 0, self.groups.stages.rank == 0
        tied = set() if first_stage or self.pipeline is None else set(self.pipeline.tied)
        mine = {p: g for p, g in grads.items() if (first_slice or isinstance(p, Slice)) and p not in tied}
        squares = np.array(float(self.replicas.squared_length(mine, map=map)))
        for comm in (self.groups.slices, self.groups.stages):
            squares = comm.all_reduce(squares)
        return float(squares)

    def measured(self, model):
        """What to measure a model by, in all ranks at once."""
        return Measured(model, self.pipeline) if self.pipeline else model

    def weights(self, model):
        """{name: array} of all that is stored, whole, in rank 0: what the model stored before it was arranged."""
        return collected(self.groups.stages, whole_weights(model))
