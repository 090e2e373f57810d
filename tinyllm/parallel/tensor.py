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
from tinyllm.nn.module import Around, Parameter, replace_modules
from tinyllm.parallel.slices import Slice, gathered
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
        self.comm, self.count = comm, inner.weight.length

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
        self.comm, self.vocabulary = comm, inner.tokens.weight.length
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


def cuts_of(model):
    """{Weight: (axis, parts)} of all that is cut in a model, which may be in outline."""
    cuts = {}
    for _, module in model.named_modules():
        if isinstance(module, attention.RelativePositions):  # of each head one column
            cuts[module.weight] = 1, 1
        if rule := rule_of(module):
            for name, parts in rule.columns.items():
                cuts.update({w: (w.ndim - 1, parts) for _, w in getattr(module, name).named_weights()})
            cuts[getattr(module, rule.rows).weight] = 0, 1
    return cuts | ({model.tokens.weight: (0, 1)} if has_own_vocabulary(model) else {})


def has_own_vocabulary(model):
    """Whether a model is a decoder whose head is its embedding of the tokens."""
    return hasattr(model, "head") and isinstance(vars(model).get("tokens"), layers.Embedding)


def split(model, comm):
    """Cut a finished model, the same in all ranks, among them; returns what to use in its place.

    Attention is cut by heads, a feed-forward by hidden channels, and of a decoder with a tied head the vocabulary. The
    names of the weights stay. What is done in several threads of a rank, each with a graph of its own, must not meet
    other ranks: train with one worker. Raises UsageError, and cuts nothing, for what cannot be cut.
    """
    check(model, comm.size)
    cuts = cuts_of(model)

    def change(path, module):
        for name, weight in vars(module).items():
            if isinstance(weight, Parameter) and weight in cuts:
                axis, parts = cuts[weight]
                setattr(module, name, Slice(weight, comm, axis=axis, parts=parts))
        rule = rule_of(module)
        if rule is None:
            return module
        for name in rule.heads:
            setattr(module, name, getattr(module, name) // comm.size)
        setattr(module, rule.rows, Rows(getattr(module, rule.rows), comm))
        return Region(module, comm, rule)

    model = replace_modules(model, change)
    return VocabularyParallel(model, comm) if has_own_vocabulary(model) else model


def check(model, size):
    """Raise UsageError unless a model can be cut among so many ranks."""
    found = False
    for path, module in model.named_modules():
        if rule := rule_of(module):
            found = True
            for name in (*rule.columns, rule.rows):
                if not isinstance(vars(module).get(name), layers.Linear | layers.Projection):
                    raise UsageError(f"{path}.{name} is no plain linear layer; cut the model first, then change it")
            sizes = {name: getattr(module, name) for name in rule.heads}
            for name, count in (sizes or {"hidden channels": len(getattr(module, rule.rows).weight)}).items():
                if count % size:
                    best = max(ranks for ranks in range(1, size) if count % ranks == 0)
                    raise UsageError(f"{path}: {count} {name} are not a multiple of {size} ranks; take tp={best}")
    if not found:
        raise UsageError(f"a {type(model).__name__} has no layer that can be cut; take tp=1, and dp={size}")
    if has_own_vocabulary(model) and len(model.tokens.weight) < size:
        raise UsageError(f"a vocabulary of {len(model.tokens.weight)} cannot be cut among {size} ranks; take fewer")


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
