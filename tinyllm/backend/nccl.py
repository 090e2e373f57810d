"""NCCL: the only file that knows CuPy's door to it, by which GPUs exchange arrays without the help of a processor."""

from tinyllm.errors import UsageError

NAMES = {f"{kind}{size}": f"{word}{8 * size}" for kind, word, sizes in (
    ("i", "INT", (1, 4, 8)), ("u", "UINT", (1, 4, 8)), ("f", "FLOAT", (2, 4, 8))) for size in sizes}  # fmt: skip


def gpus():
    """How many GPUs this machine has that NCCL can use."""
    from cupy.cuda import nccl, runtime

    return runtime.getDeviceCount() if nccl.available else 0


def new_identity():
    """A list of whole numbers by which the ranks of a new Link find one another: one of them makes it for all."""
    from cupy.cuda import nccl

    return list(nccl.get_unique_id())


class Link:
    """This rank's door to the GPUs of the others, on GPU number `gpu` of this machine. All ranks open it at once.

    It is used in a `with` block of its `device`, for each thread of Python has a GPU of its own that it is on.
    """

    def __init__(self, identity, rank, size, gpu):
        from cupy.cuda import Device, nccl

        self.nccl, self.device = nccl, Device(gpu)
        self.device.use()
        self.communicator = nccl.NcclCommunicator(size, tuple(identity), rank)

    def kind(self, array):
        """The number by which NCCL knows the type of an array. Raises UsageError for one that it does not."""
        name = NAMES.get(array.dtype.str[1:])
        if name is None:
            raise UsageError(f"GPUs exchange no arrays of {array.dtype}; turn the array into one of float32 or int32")
        return getattr(self.nccl, f"NCCL_{name}")

    def all_reduce(self, array, out):
        """Sum contiguous arrays (...) of all ranks into `out`."""
        how = self.kind(array), self.nccl.NCCL_SUM, stream()
        self.communicator.allReduce(pointer(array), pointer(out), array.size, *how)

    def reduce_scatter(self, array, out):
        """Sum contiguous arrays of all ranks, of which `out` is this one's share."""
        how = self.kind(array), self.nccl.NCCL_SUM, stream()
        self.communicator.reduceScatter(pointer(array), pointer(out), out.size, *how)

    def all_gather(self, array, out):
        """Put contiguous arrays of all ranks, of one size, behind one another into `out`."""
        self.communicator.allGather(pointer(array), pointer(out), array.size, self.kind(array), stream())

    def broadcast(self, array, root):
        """Fill a contiguous array with that of rank `root`."""
        self.communicator.broadcast(pointer(array), pointer(array), array.size, self.kind(array), root, stream())


def pointer(array):
    return array.data.ptr


def stream():
    """The stream that this thread computes on: what is exchanged waits for what was computed, and the other way."""
    from cupy.cuda import get_current_stream

    return get_current_stream().ptr
