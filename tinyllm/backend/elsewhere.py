"""Arrays that live elsewhere than where they are computed with: on the disk, or in memory beside a GPU.

On a CPU they are ordinary NumPy arrays, of a file that is mapped into memory: the system reads what is touched, and
once it is let go of, it takes none of this process's memory. On a GPU they are NumPy arrays in pinned memory, which the
GPU reads and writes by itself while it computes.
"""

import collections
import contextlib
import contextvars
import errno
import math
import mmap
import os
import tempfile
import threading
import weakref

import numpy as np

from tinyllm.backend.arrays import array_module, to_host

SEGMENT = 16 << 20  # bytes of a file that small arrays share
_kept_in = contextvars.ContextVar("kept in", default=None)


class Segment(mmap.mmap):
    """A mapped file without a name, which goes when the last of its arrays has gone, or the process."""

    disk = address = None  # that it is a part of, if it is; where it begins


class Place:
    """Where arrays are made. The room of one that has gone is given to the next of its size."""

    def __init__(self):
        self.lock, self.free = threading.Lock(), collections.defaultdict(list)  # size: rooms of that size

    def empty(self, shape, dtype):
        """An array in this place, with any numbers."""
        count, dtype = math.prod(shape), np.dtype(dtype)
        size = whole_pages(max(1, count * dtype.itemsize))
        with self.lock:
            buffer, start = self.free[size].pop() if self.free[size] else self.new_room(size)
        array = np.frombuffer(buffer, dtype, count, start)
        weakref.finalize(array, self.free[size].append, (buffer, start)).atexit = False
        return array.reshape(shape)

    def new_room(self, size):
        """(buffer, where in it the room begins) of so many bytes. No array: its views would outlive it."""
        raise NotImplementedError


class Pinned(Place):
    """Memory beside a GPU that the GPU itself reads and writes."""

    def new_room(self, size):
        import cupyx

        return memoryview(cupyx.empty_pinned(size, np.uint8)), 0


class Disk(Place):
    """A folder, in which nothing is left of the arrays when the process ends, however it ends.

    Raises OSError where the disk is full.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder, self.segment, self.used = folder, None, SEGMENT

    def new_room(self, size):
        if size >= SEGMENT:
            return self.new_segment(size), 0
        if self.used + size > SEGMENT:
            self.segment, self.used = self.new_segment(SEGMENT), 0
        self.used += size
        return self.segment, self.used - size

    def new_segment(self, size):
        try:
            with tempfile.TemporaryFile(dir=self.folder) as file:
                reserve(file, size)
                segment = Segment(file.fileno(), size)
        except OSError as error:
            error.filename = str(self.folder or tempfile.gettempdir())  # of a file without a name
            raise
        segment.disk, segment.address = self, np.frombuffer(segment, np.uint8).ctypes.data
        return segment


def mapped_file(path):
    """The bytes of a file, (N,) of uint8, that are read when they are looked at, and cannot be written to."""
    with open(path, "rb") as file:
        segment = Segment(file.fileno(), 0, access=mmap.ACCESS_READ)
    array = np.frombuffer(segment, np.uint8)
    segment.address = array.ctypes.data
    return array


def whole_pages(size):
    """So many bytes, and what is missing to the end of the last page."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


def reserve(file, size):
    """Give a file its size, and its room on the disk: a full disk is told now, and not where it is written to."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # this file system has no such call
            raise
    for start in range(0, size, SEGMENT):
        file.write(bytes(min(SEGMENT, size - start)))
    file.flush()


@contextlib.contextmanager
def kept_in(place):
    """Inside this block new weights, and what an optimiser remembers, are made in a Place; None is memory."""
    token = _kept_in.set(place)
    try:
        yield
    finally:
        _kept_in.reset(token)


def placed(array):
    """A copy of a NumPy array where new ones are to be kept; anything else as it is."""
    place = _kept_in.get()
    if place is None or type(array) is not np.ndarray:
        return array
    return copy_to(place, array)


def copy_to(place, array):
    """A copy of an array in a Place, let go of."""
    copy = place.empty(array.shape, array.dtype)
    if array_module(array) is np:
        copy[...] = array
    else:
        array.get(out=copy)
    let_go(copy)
    return copy


def segment_of(array):
    """The Segment that an array is a part of, or None."""
    while type(array) is np.ndarray:
        array = array.base
    array = array.obj if type(array) is memoryview else array
    return array if isinstance(array, Segment) else None


def zeros_like(array, dtype=None, shape=None):
    """Zeros of the type and the shape of an array, or of others, where new ones are to be kept, or beside the array."""
    place, dtype, shape = _kept_in.get(), dtype or array.dtype, array.shape if shape is None else shape
    if place is None:
        return array_module(array).zeros(shape, dtype)
    zeros = place.empty(shape, dtype)
    zeros[...] = 0
    let_go(zeros)
    return zeros


def empty_like(array):
    """Another array like this one, where it is, with any numbers."""
    segment = segment_of(array)
    place = (segment and segment.disk) or array_module(array)
    return place.empty(array.shape, array.dtype)


@contextlib.contextmanager
def brought_together(p, g, *slots):
    """A block in which a parameter and its gradient are where the slots are: those that are kept beside a GPU are
    updated there, and the parameter is copied back (Ren et al. 2021, ZeRO-Offload). Then all are let go of."""
    apart = bool(slots) and array_module(p) is not array_module(*slots)
    here = [to_host(p), to_host(g)] if apart else [p, g]
    yield (*here, *slots)
    if apart:
        p.set(here[0])
    let_go(p, g, *slots)


def let_go(*arrays):
    """Take no memory for these arrays until they are touched again, if they are on a disk."""
    for array in arrays:
        advise(array, "MADV_DONTNEED")


def is_in(place, array):
    """Whether an array is part of a file of a Disk. Of Pinned memory nobody knows."""
    segment = segment_of(array)
    return segment is not None and segment.disk is place


class OnTheWay:
    """Arrays that are being brought to the device that computes: from the disk into memory, or from memory to a GPU."""

    def __init__(self, arrays, device):
        self.copies, self.arrived = arrays, None
        if device == "gpu":
            self.copy_to_gpu(arrays)
        else:
            fetch_ahead(*arrays)

    def copy_to_gpu(self, arrays):
        """On a stream of their own, beside what the GPU computes: but not before what it was asked for until now, which
        may still read what was in their place."""
        import cupy

        stream = cupy.cuda.Stream(non_blocking=True)
        stream.wait_event(cupy.cuda.get_current_stream().record())
        self.copies = [cupy.empty(array.shape, array.dtype) for array in arrays]
        for copy, array in zip(self.copies, arrays, strict=True):
            copy.set(array, stream)
        self.arrived = stream.record()

    def arrays(self):
        """The arrays, all there."""
        self.wait()
        fetch(*self.copies)
        return self.copies

    def wait(self):
        """Let the GPU begin with nothing that it is asked for from here on before they are there. Who wants them no
        longer waits too: their room will be another's."""
        if self.arrived:
            import cupy

            cupy.cuda.get_current_stream().wait_event(self.arrived)


def fetch(*arrays):
    """Have these arrays in memory, if they are on a disk: a byte of each page is looked at."""
    for array in arrays:
        if segment_of(array) is not None:
            array.reshape(-1).view(np.uint8)[:: mmap.PAGESIZE].max(initial=0)


def fetch_ahead(*arrays):
    """Begin to read these arrays, if they are on a disk and not in memory."""
    for array in arrays:
        advise(array, "MADV_WILLNEED")


def advise(array, advice):
    segment = segment_of(array)
    if segment is None or not hasattr(mmap, advice):
        return
    low, high = np.lib.array_utils.byte_bounds(array)
    start = (low - segment.address) // mmap.PAGESIZE * mmap.PAGESIZE
    segment.madvise(getattr(mmap, advice), start, whole_pages(high - segment.address) - start)
