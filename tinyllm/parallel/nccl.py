"""Ranks with a GPU each: their arrays go from GPU to GPU by NCCL, all else the way that the ranks had before.

That way, a Comm of processes, is needed to begin with: by it the ranks tell one another how to meet. It also carries
letters from one rank to another, which are few and small beside the sums of gradients, and arrays that are in memory.
"""

import numpy as np

from tinyllm.backend.arrays import array_module, narrowed, widened
from tinyllm.backend.nccl import Link, gpus, new_identity
from tinyllm.parallel.comm import Comm


def on_gpus(comm):
    """The Comm of ranks whose arrays are on GPUs: NCCL's where each has one of its own, else as it was."""
    enough = comm.size > 1 and comm.exchange(gpus() >= comm.here.size, all)
    return NcclComm(comm) if enough else comm


class NcclComm(Comm):
    """A rank with a GPU, that of its number among the ranks of this machine. All ranks make it at once."""

    def __init__(self, others):
        self.others, self.rank, self.size = others, others.rank, others.size
        identity = others.exchange(new_identity() if self.rank == 0 else None, lambda found: found[0])
        self.link = Link(identity, self.rank, self.size, others.here.rank)

    def cores(self):
        return self.others.cores()

    def split(self, color):
        return NcclComm(self.others.split(color))

    def exchange(self, value, combine):
        return self.others.exchange(value, combine)

    def send(self, array, rank):
        self.others.send(array, rank)

    def receive(self, rank):
        return self.others.receive(rank)

    def barrier(self):
        self.others.barrier()

    def all_reduce(self, array):
        if array_module(array) is np:
            return self.others.all_reduce(array)
        with self.link.device:
            mine = contiguous(widened(array))
            out = array_module(array).empty_like(mine)
            self.link.all_reduce(mine, out)
            return narrowed(out, array.dtype)

    def reduce_scatter(self, array):
        if array_module(array) is np:
            return self.others.reduce_scatter(array)
        with self.link.device:
            mine = contiguous(widened(array))
            out = array_module(array).empty((self.share_of(array), *array.shape[1:]), mine.dtype)
            self.link.reduce_scatter(mine, out)
            return narrowed(out, array.dtype)

    def all_gather(self, array):
        """Rows are filled up to as many as the rank with most has, for NCCL gathers equal shares."""
        if array_module(array) is np:
            return self.others.all_gather(array)
        xp, rows = array_module(array), self.others.exchange(len(array), list)
        with self.link.device:
            mine = xp.zeros((max(rows), *array.shape[1:]), array.dtype)
            mine[: len(array)] = array
            out = xp.empty((self.size, *mine.shape), array.dtype)
            self.link.all_gather(mine, out)
            return xp.concatenate([out[rank, :count] for rank, count in enumerate(rows)])

    def broadcast(self, array, root=0):
        if array_module(array) is np:
            return self.others.broadcast(array, root)
        self.check_rank(root)
        with self.link.device:
            out = contiguous(array).copy()
            self.link.broadcast(out, root)
            return out


def contiguous(array):
    """(...) -> (...): in one piece."""
    return array_module(array).ascontiguousarray(array).reshape(array.shape)
