"""Pipeline parallelism: each rank is a stage that has some blocks of the model, and micro-batches pass from stage to
stage (Huang et al. 2019).

Every stage runs the model's own loss. In the place of the blocks that it lacks nothing happens; where its first block
stands, the stream comes in from the stage before; behind its last block it leaves. Who runs when is the schedule's
affair (schedule.py).
"""

import numpy as np

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.backend.arrays import array_module, to_host
from tinyllm.errors import UsageError
from tinyllm.graph import Sum
from tinyllm.models import catalog
from tinyllm.nn.module import Around, Module, Weight, replace_modules
from tinyllm.observe import observed
from tinyllm.parallel.schedule import FORWARD, one_forward_one_backward
from tinyllm.parallel.workers import Workers, cut, rows
from tinyllm.tensor import Tensor, no_grad

# ----------------------------------------------------------------------------------------------------- a model in parts


class Elsewhere(Module):
    """(B, T, C) -> (B, T, C): in the place of a block of another stage, which draws so many times for dropout."""

    def __init__(self, draws):
        self.draws = draws

    def __call__(self, x, *others):
        F.pass_over(self.draws)
        return x


class Unread(Around):
    """(B, T) ids -> (B, T, C): zeros, in the place of an Embedding that the first stage has read for all of them."""

    weight = property(lambda self: self.inner.weight)  # the head of the last stage is tied to it

    def __call__(self, ids):
        weight = self.weight.data
        return Tensor(array_module(weight).zeros((*np.shape(ids), weight.shape[1]), weight.dtype))


class Arriving(Around):
    """The first block of a stage: it is given what has arrived from the stage before, and not x."""

    arrived = None

    def __call__(self, x, *others):
        return self.inner(self.arrived, *others)


class Leaving(Around):
    """The last block of a stage: what it gives is for the next stage, and the walk ends there."""

    def __call__(self, x, *others):
        raise Left(self.inner(x, *others))


class Left(Exception):
    """The stream has left this stage."""

    def __init__(self, x):
        super().__init__("the stream has left this stage; Pipeline.gradients sends it on")
        self.x = x


def walked(model):
    """The module inside a model, or itself, that has blocks to walk through. UsageError if there is not one."""
    found = [m for _, m in model.named_modules() if hasattr(type(m), "begin") and "blocks" in vars(m)]
    if len(found) != 1:
        raise UsageError(f"a {type(model).__name__} is no single row of blocks, to be cut into stages; take pp=1")
    return found[0]


class Pipeline(Workers):
    """This rank's stage of a finished model, the same in all ranks, and how its gradients come about.

    Of the model only what this stage needs is left, under its own names: the first stage has what comes before the
    blocks, the last one what comes after them, and both the embedding of the tokens, to which the head is tied. Its one
    thread gives every batch to the stages in `micro_batches` nearly equal parts. Raises UsageError for a model that
    cannot be cut into as many stages.
    """

    def __init__(self, model, comm, *, micro_batches, schedule=one_forward_one_backward):
        super().__init__(count=1)
        self.comm, self.parts, self.schedule = comm, micro_batches, schedule
        self.first, self.last = comm.rank == 0, comm.rank == comm.size - 1
        self.ends = comm.split(int(self.first or self.last))  # those that hold the embedding of the tokens
        walk = walked(model)
        if comm.size > len(walk.blocks):
            raise UsageError(
                f"{len(walk.blocks)} blocks are not {comm.size} stages; take pp={len(walk.blocks)} or less"
            )
        lo, hi = cut(len(walk.blocks), comm.size)[comm.rank]
        draws, first_weights = dry_run(walk)
        tied = [weight for _, weight in walk.tokens.named_weights()] if comm.size > 1 else []
        self.tied = [weight for weight in tied if self.first or self.last]
        self.door = None
        if not self.first:
            if not (self.last and catalog.architecture_of(model.config).rereads):
                walk.tokens = Unread(walk.tokens)
            walk.blocks[lo] = self.door = Arriving(walk.blocks[lo])
        if not self.last:
            walk.blocks[hi - 1] = Leaving(walk.blocks[hi - 1])
        mine = set(self.tied).union(*(block_weights(block) for block in walk.blocks[lo:hi]))
        of_blocks = set().union(*map(block_weights, walk.blocks))
        for number in (*range(lo), *range(hi, len(walk.blocks))):
            walk.blocks[number] = Elsewhere(draws[number])

        def kept(weight):
            if weight in of_blocks or weight in tied:
                return weight in mine
            return self.first if weight in first_weights else self.last

        replace_modules(model, lambda path, module: without(module, kept))
        self.walk, self.blocks = walk, list(walk.blocks)

    def gradients(self, loss, batch, *, weigh=rows, total=None, seed=0, step=0, first_row=0, ready=None):
        """The loss of a batch, the same in every stage, and {Parameter: gradient} of this one: see Workers.gradients.

        What both ends have of the tied embedding is summed; with the same gradient it stays the same in both. Nothing
        is told to be `ready`: no gradient is complete before the last micro-batch has come back.
        """
        if self.walk.blocks != self.blocks:
            raise UsageError(
                "the blocks are not those that were cut into stages; change them before, as by recomputing"
            )
        shares = self.shares(batch, weigh, weigh(*batch) if total is None else total)
        running, mean, sums = {}, np.float32(0), {}
        for _, way, number in self.schedule(self.comm.size, len(shares))[self.comm.rank]:
            lo, some, weight = shares[number]
            if way == FORWARD:
                with F.noise(seed, step, first_row + lo):
                    running[number] = self.forward(loss, some)
            else:
                arrived, out = running.pop(number)
                if self.last:
                    mean = mean + out.data * weight
                for parameter, gradient in self.backward(arrived, out, weight).items():
                    if parameter in sums:
                        sums[parameter].add(gradient)
                    else:
                        sums[parameter] = Sum(gradient, ours=False)
        grads = {parameter: of_all.array for parameter, of_all in sums.items()}
        return self.told_by_last(np.asarray(to_host(mean))), grads | self.sum_of_ends(grads)

    def forward(self, loss, batch):
        """(what has arrived, what leaves or, in the last stage, the loss)"""
        if self.door:
            self.door.arrived = Tensor(self.comm.receive(self.comm.rank - 1), requires_grad=True)
        arrived = self.door and self.door.arrived
        try:
            return arrived, loss(*batch)
        except Left as left:
            self.comm.send(left.x.data, self.comm.rank + 1)
            return arrived, left.x

    def backward(self, arrived, out, weight):
        """{Parameter: gradient} of a micro-batch, of which the stage before gets that of what it has sent."""
        if self.last:
            dy = array_module(out.data).asarray(weight, dtype=out.dtype)
        else:
            dy = self.comm.receive(self.comm.rank + 1)
        grads = tensor.backward(out, dy) if out.requires_grad else {}  # of a stage that is frozen, nothing
        if self.door:
            self.comm.send(grads.pop(arrived), self.comm.rank - 1)
        return grads

    def told_by_last(self, array):
        """(...) -> (...): the array of the last stage, in every stage."""
        if not self.last:
            return self.comm.receive(self.comm.size - 1)
        for rank in range(self.comm.size - 1):
            self.comm.send(array, rank)
        return array

    def sum_of_ends(self, grads):
        """{Parameter: gradient} of the tied embedding, of both ends."""
        tied = [weight for weight in self.tied if weight.requires_grad]
        return {w: self.ends.all_reduce(grads.get(w, array_module(w.data).zeros_like(w.data))) for w in tied}


class Measured(Around):
    """A stage, to be measured as if it were the whole model: what comes of it is the same in every stage, and nothing
    of it is recorded."""

    def __init__(self, inner, pipeline):
        super().__init__(inner)
        self.pipeline = pipeline

    config = property(lambda self: self.inner.config)

    def __call__(self, *inputs):
        return self.through(self.inner, inputs)

    def loss(self, *batch):
        """(B, ...) arrays -> (): the mean loss."""
        return self.through(self.inner.loss, batch)

    def through(self, function, inputs):
        """What a function of the model gives, when all stages have been gone through."""
        with no_grad():
            _, out = self.pipeline.forward(function, inputs)
        return Tensor(self.pipeline.told_by_last(out.data))


def dry_run(walk):
    """([how often each block draws for dropout], the weights that are used before the blocks)."""
    draws, used = [], set()
    with no_grad(), F.noise(seed=0, step=0):
        with observed(lambda seen: used.update(map(id, seen.inputs))):
            x, shared = walk.begin(np.zeros((1, 1), np.int64))
        for block in walk.blocks:
            before = F.noise_place().call
            x = block(x, *shared)
            draws.append(F.noise_place().call - before)
    return draws, {weight for _, weight in walk.named_weights() if id(weight.data) in used}


def block_weights(block):
    """The set of the weights of a block."""
    return {weight for _, weight in block.named_weights()}


def without(module, kept):
    """The module, with zeros that take no room, and are no weights, in the place of its own that are not kept."""
    for name, weight in vars(module).items():
        if isinstance(weight, Weight) and not kept(weight):
            xp = array_module(weight.data)
            setattr(module, name, Tensor(xp.broadcast_to(xp.zeros((), weight.dtype), weight.shape)))
    return module


def collected(comm, arrays):
    """{name: array} of each stage -> those of all stages, in the first one; the others get none."""
    names, found = comm.exchange(list(arrays), list), {}
    for rank in range(1, comm.size):
        for name in names[rank]:
            if comm.rank == rank:
                comm.send(arrays[name], 0)
            elif comm.rank == 0:
                found[name] = comm.receive(rank)
    comm.barrier()  # a process that ends, or computes for long, would leave the rest of a letter unsent
    return arrays | {name: array for name, array in found.items() if name not in arrays} if comm.rank == 0 else {}
