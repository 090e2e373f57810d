"""Tensor parallelism: the matrices of every block are cut among the ranks (Shoeybi et al. 2019, Megatron-LM).

The first matrix of a layer is cut by columns, the last one by rows, so that between them each rank works alone on its
heads or hidden channels. A layer costs two sums over the ranks: forward of what leaves it, backward of what entered it.
The vocabulary is cut too: no rank has all of the logits. All that is not cut, and the noise of dropout, is the same in
every rank.
"""

from typing import NamedTuple

from tinyllm import functional as F
from tinyllm.backend.arrays import array_module, beside
from tinyllm.errors import UsageError
from tinyllm.nn import attention, layers
from tinyllm.nn.module import Around, Parameter, replace_modules, weights
from tinyllm.parallel.workers import cut
from tinyllm.tensor import array_of, op

# --------------------------------------------------------------------------- what ranks do where a cut begins, and ends


@op
def enter(x, *, comm):
    """(...) -> (...): the same. Each rank has a part of its gradient; backward sums them (the f of the paper)."""
    return x, comm.all_reduce


@op
def leave(x, *, comm):
    """(...) -> (...): the sum over all ranks, whose gradient every rank has (the g of the paper)."""
    return comm.all_reduce(x), lambda dy: dy


@op
def gather(x, *, comm, length):
    """(..., n) -> (..., length): the shares of all ranks, side by side along the last axis."""
    lo, hi = cut(length, comm.size)[comm.rank]
    return gathered(x, comm, length, axis=x.ndim - 1), lambda dy: dy[..., lo:hi]


def gathered(array, comm, length, *, axis):
    """(..., n, ...) -> (..., length, ...): the shares of all ranks, along an axis. Some may be longer by 1."""
    xp, mine = array_module(array), array.swapaxes(0, axis)
    shares, longest = cut(length, comm.size), -(-length // comm.size)
    padded = xp.zeros((longest, *mine.shape[1:]), array.dtype)
    padded[: len(mine)] = mine
    rows = comm.all_gather(padded)
    parts = [rows[rank * longest : rank * longest + hi - lo] for rank, (lo, hi) in enumerate(shares)]
    return xp.ascontiguousarray(xp.concatenate(parts).swapaxes(0, axis))


# ------------------------------------------------------------------------------------------------- weights that are cut


class Slice(Parameter):
    """This rank's share of a Parameter: of each of `parts` equal stretches of an axis, as many rows as another rank's.

    A qkv has three parts: a share of each keeps the queries of a head with its keys and values.
    """

    __slots__ = ("axis", "comm", "length", "parts")

    def __init__(self, weight, comm, *, axis, parts=1):
        super().__init__(weight.data)
        self.comm, self.axis, self.parts = comm, axis, parts
        self.length = weight.shape[axis]
        self.data, self.requires_grad = self.share(weight.data), weight.requires_grad

    def share(self, whole):
        """An array of the shape of the whole parameter -> this rank's share of it, a copy."""
        length = self.length // self.parts
        lo, hi = cut(length, self.comm.size)[self.comm.rank]
        apart = whole.reshape(*whole.shape[: self.axis], self.parts, length, *whole.shape[self.axis + 1 :])
        mine = apart[(slice(None),) * (self.axis + 1) + (slice(lo, hi),)]
        return mine.reshape(*whole.shape[: self.axis], -1, *whole.shape[self.axis + 1 :]).copy()

    def whole(self, share):
        """An array of the shape of this one -> the shares of all ranks, put together."""
        before, after = share.shape[: self.axis], share.shape[self.axis + 1 :]
        apart = share.reshape(*before, self.parts, share.shape[self.axis] // self.parts, *after)
        found = gathered(apart, self.comm, self.length // self.parts, axis=self.axis + 1)
        return found.reshape(*before, self.length, *after)

    def uncut(self):
        """The Parameter that it is a share of, as it is now."""
        whole = self.whole(self.data)
        weight = Parameter(whole)
        weight.data, weight.requires_grad = whole, self.requires_grad  # of whatever type it is
        return weight


def whole_weights(model):
    """{name: array} of all that is stored, whole, in every rank: what a model that was never cut would store."""
    return _of_slices(dict(model.named_weights()), weights(model), Slice.whole)


def own_weights(model, arrays):
    """{name: array} of whole arrays -> those that the model has, this rank's share of each that is cut."""
    return _of_slices(dict(model.named_weights()), arrays, Slice.share)


def whole_state(parameters, state):
    """The state of an optimiser of {name: Parameter} of a cut model -> the same, whole, in every rank."""
    return _of_slices(_by_slot(parameters, state), state, Slice.whole)


def own_state(parameters, state):
    """A whole state -> that of what an optimiser of {name: Parameter} has of it."""
    return _of_slices(_by_slot(parameters, state), state, Slice.share)


def _by_slot(parameters, state):
    """{"m.blocks.0...": Parameter} of a state; None for what is of none."""
    found = {name: parameters.get(name.partition(".")[2]) for name in state}
    return {name: p for name, p in found.items() if p is not None or name == "steps"}


def _of_slices(owners, arrays, change):
    """{name: array} of those that have an owner, changed where that is a Slice."""
    return {n: change(p, arrays[n]) if isinstance(p, Slice) else arrays[n] for n, p in owners.items() if n in arrays}


# -------------------------------------------------------------------------------------------------- layers that are cut


class Region(Around):
    """A layer cut among the ranks. The first `entering` of its inputs are whole, and so is what leaves it."""

    def __init__(self, inner, comm, rule):
        super().__init__(inner)
        self.comm, self.rule = comm, rule

    def __call__(self, *inputs, **options):
        first = self.rule.entering
        return self.inner(*(enter(x, comm=self.comm) for x in inputs[:first]), *inputs[first:], **options)


class Rows(Around):
    """(..., n_in / ranks) -> (..., n_out): a Linear or Projection of which each rank has some rows."""

    def __init__(self, inner, comm):
        super().__init__(inner)
        self.comm = comm

    def __call__(self, x):
        y = leave(x @ self.inner.weight, comm=self.comm)
        return y + self.inner.bias if isinstance(self.inner, layers.Linear) else y  # once, and not in every rank


class VocabularyRows(Around):
    """(...) ids -> (..., C): an Embedding of which each rank has some rows."""

    def __init__(self, inner, comm):
        super().__init__(inner)
        self.comm, self.count = comm, len(inner.weight)
        inner.weight = Slice(inner.weight, comm, axis=0)

    weight = property(lambda self: self.inner.weight)  # the head is tied to it

    def __call__(self, ids):
        ids, table = array_of(ids), self.weight
        F.embeddings.check_ids(ids, self.count)
        xp, (lo, hi) = array_module(table.data), cut(self.count, self.comm.size)[self.comm.rank]
        ids = beside(ids, table.data)
        here = (lo <= ids) & (ids < hi)
        return leave(F.embedding(xp.where(here, ids - lo, 0), table) * here[..., None], comm=self.comm)


class VocabularyParallel(Around):
    """A decoder of which each rank has some rows of the vocabulary: (B, T) ids -> (B, T, V) logits, as it was."""

    def __init__(self, inner, comm):
        super().__init__(inner)
        self.comm, self.vocabulary = comm, len(inner.tokens.weight)
        inner.tokens = VocabularyRows(inner.tokens, comm)

    config, longest = property(lambda self: self.inner.config), property(lambda self: self.inner.longest)

    def new_caches(self):
        return self.inner.new_caches()

    def hidden(self, ids, caches=None):
        """(B, T) -> (B, T, C)"""
        return self.inner.hidden(ids, caches)

    def __call__(self, ids, caches=None):
        logits = enter(self.hidden(ids, caches), comm=self.comm) @ self.inner.head()
        return gather(logits, comm=self.comm, length=self.vocabulary)

    def loss(self, ids, targets, weights=None):
        """(B, T) ids, (B, T) of what comes next, (B, T) weights -> (): cross-entropy in nats."""
        hidden, head = enter(self.hidden(ids), comm=self.comm), self.inner.head()
        options = {"vocabulary": self.vocabulary, "comm": self.comm, "weights": weights}
        return vocabulary_cross_entropy(hidden, head, targets, **options)


@op
def vocabulary_cross_entropy(hidden, weight, targets, *, vocabulary, comm, weights=None, needs=(True, True, False)):
    """(..., C), (C, n), (...) ids -> (): linear_cross_entropy with a head of which this rank has n columns.

    The gradient of hidden is this rank's part of it. Of each position a rank tells the others its largest logit, the
    sum of its exponentials and the target's logit: three numbers, and not the logits.
    """
    lo, hi = cut(vocabulary, comm.size)[comm.rank]
    ids, weights, total = F.losses.positions(hidden, targets, weights, vocabulary)

    def surprise(logits, ids):
        """(m, n), (m,) ids -> (m,) of -log softmax(logits)[id]; over the logits, their gradient."""
        xp = array_module(logits)
        every, here = xp.arange(len(ids)), (lo <= ids) & (ids < hi)
        mine = xp.where(here, ids - lo, 0)
        of_target, top = xp.where(here, logits[every, mine], 0), logits.max(axis=-1)
        logits -= top[:, None]
        xp.exp(logits, out=logits)
        told = comm.all_gather(xp.stack([top, logits.sum(axis=-1), of_target])[None])  # (ranks, 3, m)
        tops, sums, of_targets = told[:, 0], told[:, 1], told[:, 2]
        highest = tops.max(axis=0)
        whole = (sums * xp.exp(tops - highest)).sum(axis=0)
        logits *= (xp.exp(top - highest) / whole)[:, None]
        logits[every, mine] -= here
        return xp.log(whole) + highest - of_targets.sum(axis=0)

    widest = -(-vocabulary // comm.size)  # as many positions at a time in every rank
    how = {"needs": needs, "surprise": surprise, "widest": widest}
    return F.losses.in_pieces(hidden, weight, ids, weights, total, **how)


# -------------------------------------------------------------------------------------------------- models that are cut


class Rule(NamedTuple):
    """How a layer is cut: its numbers of heads; the parts of what is cut by columns; what is cut by rows; how many of
    its inputs enter."""

    heads: tuple
    columns: dict
    rows: str
    entering: int = 1


def rule_of(layer):
    """The Rule of a layer, None if it is not cut."""
    fused, two = Rule(("heads",), {"qkv": 3}, "out"), {"query": 1, "key_value": 2}
    rules = {
        attention.CausalSelfAttention: fused,
        attention.SelfAttention: fused,
        attention.RelativeSelfAttention: fused,
        attention.GroupedQueryAttention: Rule(("heads", "kv_heads"), two, "out"),
        attention.CrossAttention: Rule(("heads",), two, "out", entering=2),
        layers.FeedForward: Rule((), {"up": 1}, "down"),
        layers.GatedFeedForward: Rule((), {"gate": 1, "up": 1}, "down"),
    }
    return next((rule for kind, rule in rules.items() if isinstance(layer, kind)), None)


def split(model, comm):
    """Cut a finished model, the same in all ranks, among them; returns what to use in its place.

    Attention is cut by heads, a feed-forward by hidden channels, and of a decoder with a tied head the vocabulary. The
    names of the weights stay. What is done in several threads of a rank, each with a graph of its own, must not meet
    other ranks: train with one worker. Raises UsageError, and cuts nothing, for what cannot be cut.
    """
    size, found = comm.size, []

    def check(path, module):
        if rule := rule_of(module):
            found.append(path)
            for name in (*rule.columns, rule.rows):
                if not isinstance(vars(module).get(name), layers.Linear | layers.Projection):
                    raise UsageError(f"{path}.{name} is no plain linear layer; cut the model first, then change it")
            sizes = {name: getattr(module, name) for name in rule.heads}
            for name, count in (sizes or {"hidden channels": len(getattr(module, rule.rows).weight)}).items():
                if count % size:
                    raise UsageError(
                        f"{path}: {count} {name} are not a multiple of {size} ranks; take tp={best(count)}"
                    )
        return module

    def best(count):
        return max(ranks for ranks in range(1, size) if count % ranks == 0)

    def change(path, module):
        if isinstance(module, attention.RelativePositions):  # of each head one column
            module.weight = Slice(module.weight, comm, axis=1)
        rule = rule_of(module)
        if rule is None:
            return module
        for name in rule.heads:
            setattr(module, name, getattr(module, name) // size)
        for name, parts in rule.columns.items():
            for weight_name, weight in vars(getattr(module, name)).items():
                setattr(getattr(module, name), weight_name, Slice(weight, comm, axis=weight.ndim - 1, parts=parts))
        last = getattr(module, rule.rows)
        last.weight = Slice(last.weight, comm, axis=0)
        setattr(module, rule.rows, Rows(last, comm))
        return Region(module, comm, rule)

    replace_modules(model, check)
    if not found:
        raise UsageError(f"a {type(model).__name__} has no layer that can be cut; take tp=1, and dp={size}")
    tied = hasattr(model, "head") and isinstance(vars(model).get("tokens"), layers.Embedding)
    if tied and len(model.tokens.weight) < size:
        raise UsageError(f"a vocabulary of {len(model.tokens.weight)} cannot be cut among {size} ranks; take fewer")
    model = replace_modules(model, change)
    return VocabularyParallel(model, comm) if tied else model


def whole(model):
    """The inverse of `split`: the model with all its weights, in every rank."""

    def change(path, module):
        for name, weight in list(vars(module).items()):
            if isinstance(weight, Slice):
                setattr(module, name, weight.uncut())
        if isinstance(module, Region):
            for name in module.rule.heads:
                setattr(module.inner, name, getattr(module.inner, name) * module.comm.size)
        return module.inner if isinstance(module, Region | Rows | VocabularyRows | VocabularyParallel) else module

    return replace_modules(model, change)
