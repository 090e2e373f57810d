"""Ranks that are processes, on one machine or on several: MPI carries what they exchange.

Arrays go by MPI's own collective calls, from memory to memory; one on a GPU is copied to memory and back. Everything
else is JSON. Nothing is pickled: a message can hold no more than numbers. A rank that waits for one that has gone is
ended by who started them all (launch.py), for MPI itself would let it wait for ever.
"""

import json
import math
import threading
import time

import numpy as np

from tinyllm.backend.arrays import array_module, beside, narrowed, to_device, to_host, widened
from tinyllm.backend.mpi import load_mpi
from tinyllm.errors import UsageError
from tinyllm.parallel.comm import Comm

HEADER, NUMBERS = 1, 2  # the two messages that an array is sent in
PATIENCE = 0.001  # seconds between two looks whether all have come


class MPIComm(Comm):
    """A rank that is a process. Without a communicator of mpi4py it is one of all that were started together.

    The sums of all ranks are MPI's: all ranks have the same, in an order that MPI chooses. Half precision, which MPI
    does not know, is summed in float32.
    """

    def __init__(self, communicator=None, here=None):
        self.mpi = load_mpi()
        self.communicator = self.mpi.COMM_WORLD if communicator is None else communicator
        self.here = here or self.communicator.Split_type(self.mpi.COMM_TYPE_SHARED)  # who is on this machine
        self.rank, self.size = self.communicator.rank, self.communicator.size

    neighbours = property(lambda self: self.here.size)

    def split(self, color):
        return MPIComm(self.communicator.Split(color, self.rank), self.here)

    def exchange(self, value, combine):
        """The value must be JSON's: numbers, texts, lists and the like."""
        mine = np.frombuffer(json.dumps(value).encode(), np.uint8)
        return combine([json.loads(text.tobytes()) for text in np.split(*self.gathered(mine))])

    def all_reduce(self, array):
        mine = summand(array)
        total = np.empty_like(mine)
        self.communicator.Allreduce(mine, total)
        return beside(narrowed(total, array.dtype), array)

    def reduce_scatter(self, array):
        mine = summand(array)
        total = np.empty((self.share_of(mine), *mine.shape[1:]), mine.dtype)
        self.communicator.Reduce_scatter_block(mine, total)
        return beside(narrowed(total, array.dtype), array)

    def all_gather(self, array):
        return beside(self.gathered(contiguous(array))[0], array)

    def gathered(self, mine):
        """(n, ...) of each rank -> (the sum of n, ...), and the places between the rows of one rank and the next."""
        rows = np.empty(self.size, np.int64)
        self.communicator.Allgather(np.array([len(mine)]), rows)
        found, ends = np.empty((rows.sum(), *mine.shape[1:]), mine.dtype), rows.cumsum()
        of_row = math.prod(mine.shape[1:]) * mine.itemsize
        places = (rows * of_row, (ends - rows) * of_row)
        self.communicator.Allgatherv([as_bytes(mine), self.mpi.BYTE], [as_bytes(found), places, self.mpi.BYTE])
        return found, ends[:-1]

    def broadcast(self, array, root=0):
        self.check_rank(root)
        found = contiguous(array).copy()
        self.communicator.Bcast([as_bytes(found), self.mpi.BYTE], root)
        return beside(found, array)

    def send(self, array, rank):
        """It does not wait for the other."""
        self.check_rank(rank)
        copy = contiguous(array).copy()
        about = {"shape": copy.shape, "dtype": copy.dtype.str, "device": device_of(array)}
        for tag, letter in ((HEADER, np.frombuffer(json.dumps(about).encode(), np.uint8)), (NUMBERS, as_bytes(copy))):
            OUTBOX.keep(self.communicator.Isend([letter, self.mpi.BYTE], rank, tag), letter)

    def receive(self, rank):
        self.check_rank(rank)
        about = self.mpi.Status()
        self.communicator.Probe(rank, HEADER, about)
        letter = np.empty(about.Get_count(self.mpi.BYTE), np.uint8)
        self.communicator.Recv([letter, self.mpi.BYTE], rank, HEADER)
        header = json.loads(letter.tobytes())
        array = np.empty(header["shape"], header["dtype"])
        self.communicator.Recv([as_bytes(array), self.mpi.BYTE], rank, NUMBERS)
        return to_device(array, header["device"])

    def barrier(self):
        """It sleeps between two looks: ranks may wait long for one that prepares, and leave it their cores."""
        all_here = self.communicator.Ibarrier()
        while not all_here.Test():
            time.sleep(PATIENCE)

    def finish(self):
        """Leave MPI, all ranks at once, when all letters have arrived."""
        self.barrier()
        OUTBOX.wait()
        self.mpi.Finalize()


class Outbox:
    """What is on its way: MPI reads the memory of a letter until it has arrived, when its Comm may have gone."""

    def __init__(self):
        self.letters, self.lock = [], threading.Lock()

    def keep(self, request, letter):
        """Keep a letter until its request is fulfilled."""
        with self.lock:
            self.letters = [(sent, kept) for sent, kept in self.letters if not sent.Test()]
            self.letters.append((request, letter))

    def wait(self):
        """Return when every letter has arrived."""
        for request, _ in self.letters:
            request.Wait()


OUTBOX = Outbox()  # of this process


def contiguous(array):
    """(...) -> (...): in memory, in one piece."""
    return np.asarray(to_host(array), order="C")


def as_bytes(array):
    """An array in one piece -> its bytes, (n,), the same memory."""
    return array.reshape(-1).view(np.uint8)


def summand(array):
    """(...) -> (...): contiguous, in a type that MPI sums. Raises UsageError for what are no numbers."""
    if array.dtype.kind not in "fiu":
        raise UsageError(f"ranks sum numbers, not {array.dtype}; turn the array into one, as with astype(int)")
    return widened(contiguous(array))


def device_of(array):
    """Where an array lives: "cpu" or "gpu"."""
    return "cpu" if array_module(array) is np else "gpu"
