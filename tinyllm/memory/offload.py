"""Offloading: what a training keeps elsewhere than in the memory that computes, and what that saves.

On a CPU it is kept in files, of the run's folder; where a GPU computes, in the memory beside it.
"""

import functools
import os
from collections import Counter

from tinyllm.backend.elsewhere import Disk, Pinned, kept_in
from tinyllm.memory.recompute import Recompute, recomputing, rows_of_blocks
from tinyllm.memory.stream import streaming

PARTS = {  # by the names of the option, what is kept elsewhere
    "none": (),
    "optimizer": ("optimizer",),
    "activations": ("activations",),
    "weights": ("weights",),
    "all": ("optimizer", "activations", "weights"),
}


def recomputed(recompute, offload):
    """Every how many blocks one is recomputed; 0: none is. What is streamed, or kept elsewhere, is recomputed."""
    return 1 if {"activations", "weights"} & set(PARTS[offload]) else recompute


class Thrift:
    """How a training saves memory: a TrainConfig says what of it, and the folder is where files are made."""

    def __init__(self, training, folder):
        self.parts, self.every = PARTS[training.offload], recomputed(training.recompute, training.offload)
        writable = os.access(folder, os.W_OK)
        self.on_gpu = training.device == "gpu"
        self.place = Pinned() if self.on_gpu else Disk(folder if writable else None)

    def kept(self, part):
        """The Place of a part, or None: it stays in memory."""
        return self.place if part in self.parts else None

    def building(self):
        """A block in which a model is built, for `around`."""
        return kept_in(None if self.on_gpu else self.kept("weights"))

    def around(self, model):
        """The same model, with its blocks streamed or recomputed."""
        away = self.kept("activations")
        if "weights" in self.parts:
            return streaming(model, self.place, away=away)
        return recomputing(model, self.every, functools.partial(Recompute, away=away)) if self.every else model

    def remembering(self):
        """A block in which an optimiser is made."""
        return kept_in(self.kept("optimizer"))


def seconds(model):
    """What saving memory has cost, in seconds of a thread: {"again": computing a second time, "moved": fetching}."""
    blocks = (block for blocks in rows_of_blocks(model) for block in blocks)
    return sum((block.seconds for block in blocks if isinstance(block, Recompute)), Counter())
