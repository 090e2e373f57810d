"""A strict stand-in for the NCCL of CuPy: what ranks that are threads give it goes from memory to memory, by addresses.

It has the names of cupy.cuda and cupy.cuda.nccl that the library uses, with their parameters in the same order (CuPy
13.6 and 14.2), refuses a type that NCCL lacks and a call outside the GPU of its communicator, and holds that all ranks
call the same with the same count and type.
"""

import collections
import ctypes
import sys
import threading
import types

import numpy as np

TYPES = {0: "i1", 1: "u1", 2: "i4", 3: "u4", 4: "i8", 5: "u8", 6: "f2", 7: "f4", 8: "f8"}  # ncclDataType_t
NAMES = ("INT8", "UINT8", "INT32", "UINT32", "INT64", "UINT64", "FLOAT16", "FLOAT32", "FLOAT64")
current = threading.local()


class Device:
    def __init__(self, device=None):
        self.id = device

    def use(self):
        current.gpu = self.id

    def __enter__(self):
        self.before, current.gpu = getattr(current, "gpu", 0), self.id
        return self

    def __exit__(self, *error):
        current.gpu = self.before


class Meeting:
    """Where the communicators of one identity meet."""

    def __init__(self, size):
        self.barrier, self.calls = threading.Barrier(size, timeout=20), [None] * size


class NcclCommunicator:
    meetings, lock = {}, threading.Lock()

    def __init__(self, ndev, commId, rank):
        assert isinstance(commId, tuple) and len(commId) == 128 and 0 <= rank < ndev
        with self.lock:
            self.meeting = self.meetings.setdefault(commId, Meeting(ndev))
        self.ndev, self.rank, self.gpu = ndev, rank, current.gpu

    def exchange(self, name, sent, *same):
        """The arrays of all ranks, once all have called the same."""
        assert current.gpu == self.gpu, "it is called on another GPU than it was made on"
        self.meeting.calls[self.rank] = (name, same, sent.copy())
        self.meeting.barrier.wait()
        names, options, arrays = zip(*self.meeting.calls, strict=True)
        assert len(set(names)) == 1 and len(set(options)) == 1, self.meeting.calls
        self.meeting.barrier.wait()
        return arrays

    def allReduce(self, sendbuf, recvbuf, count, datatype, op, stream):
        arrays = self.exchange("allReduce", at(sendbuf, count, datatype), count, datatype, op)
        at(recvbuf, count, datatype)[:] = summed(arrays)

    def reduceScatter(self, sendbuf, recvbuf, recvcount, datatype, op, stream):
        sent = at(sendbuf, recvcount * self.ndev, datatype)
        total = summed(self.exchange("reduceScatter", sent, recvcount, datatype, op))
        at(recvbuf, recvcount, datatype)[:] = total[self.rank * recvcount : (self.rank + 1) * recvcount]

    def allGather(self, sendbuf, recvbuf, count, datatype, stream):
        arrays = self.exchange("allGather", at(sendbuf, count, datatype), count, datatype)
        at(recvbuf, count * self.ndev, datatype)[:] = np.concatenate(arrays)

    def broadcast(self, sendbuf, recvbuf, count, datatype, root, stream):
        arrays = self.exchange("broadcast", at(sendbuf, count, datatype), count, datatype, root)
        at(recvbuf, count, datatype)[:] = arrays[root]


def at(pointer, count, datatype):
    """The numbers that lie at an address."""
    dtype = np.dtype(TYPES[datatype])
    memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(pointer)
    return np.frombuffer(memory, dtype)


def summed(arrays):
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total


identities = collections.deque(maxlen=1)


def get_unique_id():
    """128 whole numbers, some of them negative, as those of CuPy."""
    identities.append((identities[-1] if identities else 0) + 1)
    return (-identities[-1], *range(127))


def install(monkeypatch, cupy, *, gpus):
    """Give the stand-in for CuPy a machine with so many GPUs."""
    nccl = types.ModuleType("cupy.cuda.nccl")
    numbers = {f"NCCL_{name}": number for number, name in enumerate(NAMES)}
    vars(nccl).update(
        numbers, NCCL_SUM=0, available=True, NcclCommunicator=NcclCommunicator, get_unique_id=get_unique_id
    )
    cuda = types.ModuleType("cupy.cuda")
    vars(cuda).update(vars(cupy.cuda), nccl=nccl, Device=Device)
    cuda.runtime = types.SimpleNamespace(**vars(cupy.cuda.runtime), getDeviceCount=lambda: gpus)
    cuda.get_current_stream = lambda: types.SimpleNamespace(ptr=0)
    monkeypatch.setattr(cupy, "cuda", cuda)
    monkeypatch.setitem(sys.modules, "cupy.cuda", cuda)
    monkeypatch.setitem(sys.modules, "cupy.cuda.nccl", nccl)
