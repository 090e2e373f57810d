"""ZeRO: of the optimiser's state, the gradients and the weights each rank owns a share (Rajbhandari et al. 2020).

What data parallel holds once in every rank is cut: first the state (stage 1), then the gradients (2), then the weights
(3). The steps are those of data parallel to the last bit, for each number is summed and moved by the same rule; only
who holds it is another.
"""

import contextlib
from typing import NamedTuple

from tinyllm import tensor
from tinyllm.errors import UsageError
from tinyllm.memory.recompute import Recompute, recomputing, remembering
from tinyllm.nn.module import Weight
from tinyllm.optim.optimizer import Optimizer, check_state, matrices_decay
from tinyllm.parallel.data import DataParallel
from tinyllm.parallel.units import blocks_of


class ShardedState(DataParallel):
    """Stage 1: all ranks have the weights and the summed gradients; each moves those weights whose state it owns."""

    def __init__(self, model, comm):
        super().__init__(model, comm)
        self.weights = {}  # of each unit: (share,), those that this rank owns
        for unit in self.units.values():
            unit.place(unit.filled({p: p.data for p in unit.places}))
            self.weights[unit] = self.held(unit.of_rank(unit.row))

    def held(self, share):
        """The share of a row of weights -> what this rank holds of it."""
        return share

    def segments(self):
        """{name: Weight (n,)} of what this rank owns of each parameter, under its name. Not copies."""
        owned = {}
        for unit, share in self.weights.items():
            owned |= unit.owned_views(share)
        return {name: Weight(owned[p], requires_grad=True) for name, p in self.parameters.items() if p in owned}

    def reduced(self, unit, row):
        return unit.owned_views(unit.of_rank(self.comm.all_reduce(row)))

    def owned(self, grads):
        return {p: grads[p] for unit in self.units.values() for p in unit.places if p in grads}

    def moved(self):
        """The weights that this rank owns have changed: give them to the others."""
        for unit, share in self.weights.items():
            unit.row[...] = self.comm.all_gather(share)


class ShardedGradients(ShardedState):
    """Stage 2: of the gradients of a unit each rank keeps its share only, as soon as they are complete.

    With accumulation it keeps all of those of the earlier batches until the last, so that the sums are the same.
    """

    def reduced(self, unit, row):
        return unit.owned_views(self.comm.reduce_scatter(row))


class ShardedWeights(ShardedGradients):
    """Stage 3: of the weights too. Those of a block are gathered for its forward pass, let go, and gathered again for
    its backward pass, which repeats the forward one; the next block's come meanwhile. Those of the rest are gathered
    for the step. Between two steps the model has none, and only in a `whole` block can it be used.
    """

    def __init__(self, model, comm):
        super().__init__(remembering(model), comm)
        homes = {block: self.units[path] for path, block in blocks_of(model).items() if path in self.units}
        self.rest = self.units.get("")
        self.borrowed = [unit for path, unit in self.units.items() if path]
        recomputing(model, kind=lambda block: Sharded(block, homes[block], self) if block in homes else block)
        self.visits, self.agenda = None, None
        self.let_go()

    def held(self, share):
        return share.copy()

    def let_go(self):
        self.lent_to = dict.fromkeys(self.borrowed, 0)  # how many shares of a batch need the weights of a unit
        for unit in self.units.values():
            unit.take_away()

    def moved(self):
        """The others ask for them when they need them."""

    @contextlib.contextmanager
    def whole(self):
        for unit, share in self.weights.items():
            unit.place(self.comm.all_gather(share))
        try:
            yield
        finally:
            for unit, share in self.weights.items():
                share[...] = unit.of_rank(unit.row)
            self.let_go()

    # ------------------------------------------------------------------------------------------------------- a step

    def gradients(self, workers, loss, parts, **how):
        def told(*batch):
            try:
                return loss(*batch)
            except BaseException as error:
                self.agenda.stop(error)  # the other threads wait for it, each for its gradients or for weights
                raise

        return super().gradients(workers, told, parts, **how)

    @contextlib.contextmanager
    def exchange(self, parts):
        self.passes, self.visits = 0, [self.visits_of(number) for number in range(1, len(parts) + 1)]
        if self.rest:
            self.rest.place(self.comm.all_gather(self.weights[self.rest]))
        try:
            with super().exchange(parts) as ready:
                yield ready
        finally:
            self.agenda = None
            self.let_go()

    def visits_of(self, number):
        """The visits of a pass through the model: {(unit, whether on the way back): Visit}, in their order."""
        there = [(unit, False) for unit in self.borrowed]
        back = [(unit, True) for unit in reversed(self.borrowed)]
        return {where: Visit(where[0], number) for where in there + back}

    def events(self, parts):
        """Each visit's weights come when the one before it begins. On the last way back, the gradients of a block go
        when those weights have come."""
        found = []
        for visits in self.visits:
            before = None
            for (unit, back), visit in visits.items():
                found.append((self.due(visit, before), lambda visit=visit: self.gather(visit)))
                if back and before and visits is self.visits[-1] and before.unit is not unit:
                    found.append(self.reduction(before.unit))
                before = visit
        last = [self.borrowed[0]] if self.borrowed else []
        return found + [self.reduction(unit) for unit in (*last, *([self.rest] if self.rest else []))]

    def due(self, visit, before):
        """Whether it is time to gather the weights of a visit: the one before it has begun, or its pass is over."""
        return lambda: self.passes > visit.number or (self.passes == visit.number and (before is None or before.begun))

    def begin(self, shares):
        with self.agenda.changing():
            self.passes += 1
            for visit in self.visits[self.passes - 1].values():
                visit.shares = shares

    def gather(self, visit):
        """The event that the weights of a unit come."""
        self.comm.barrier()
        row = self.comm.all_gather(self.weights[visit.unit])
        with self.agenda.changing():
            visit.here = True
            if visit.shares:  # else none of this rank's rows goes through
                visit.unit.place(row)
                self.lent_to[visit.unit] += visit.shares

    @contextlib.contextmanager
    def lent(self, unit, *, back):
        """A block in which one share of a batch goes through a unit, there or back."""
        if self.agenda is None:
            if unit.row is None:
                raise UsageError(
                    "the weights are shared out among the ranks; use the model in a `whole` block of theirs"
                )
            yield
            return
        visit = self.visits[self.passes - 1][unit, back]
        with self.agenda.changing():
            visit.begun = True
        self.agenda.wait(lambda: visit.here)
        try:
            yield
        except BaseException as error:
            self.agenda.stop(error)
            raise
        with self.agenda.changing():
            self.lent_to[unit] -= 1
            if not self.lent_to[unit]:
                unit.take_away()


class Visit:
    """All shares of a batch go through a unit, there or back: for this its weights come once."""

    def __init__(self, unit, number):
        self.unit, self.number = unit, number  # of the pass, from 1
        self.shares, self.begun, self.here = 0, False, False


class Sharded(Recompute):
    """(B, T, C), … -> (B, T, C): a block whose weights come from all ranks while it computes."""

    def __init__(self, inner, unit, ranks):
        super().__init__(inner)
        self.unit, self.ranks = unit, ranks

    @contextlib.contextmanager
    def borrowed(self):
        with self.ranks.lent(self.unit, back=tensor.recording.get()):
            yield self.inner


# ------------------------------------------------------------------------------------------------------- the optimiser


class ShardedOptimizer:
    """An optimiser of which each rank has the part that moves what it owns. All ranks must call its methods.

    `kind` is any whose rule moves each number by itself. Raises UsageError for another.
    """

    def __init__(self, kind, config, ranks, *, options_of=matrices_decay):
        if kind.whole or kind.new_memory is not Optimizer.new_memory:
            raise UsageError(
                f"{kind.__name__} does not move each number by itself, and ranks would own parts of its arrays; "
                "take zero=0, or another optimizer"
            )
        self.ranks, self.parameters = ranks, ranks.parameters
        self.mine = kind(
            ranks.segments().items(), config, options_of=lambda name, _: options_of(name, self.parameters[name])
        )

    steps = property(lambda self: self.mine.steps)

    def step(self, grads, *, lr, map=map):
        """Move what this rank owns by {Parameter: gradient of what it owns}, and give it to the others."""
        segments = ((self.parameters[name], segment) for name, segment in self.mine.parameters.items())
        self.mine.step({segment: grads[p] for p, segment in segments if p in grads}, lr=lr, map=map)
        self.ranks.moved()

    def exchange(self):
        """As Average's, of which this rank has the part of what it owns."""
        self.mine.exchange()
        self.ranks.moved()

    def state(self):
        """{"steps": (), "m.blocks.0...": array, ...}: in the first rank as an optimiser that is alone has them, all
        whole; the others keep none of the arrays."""
        mine, found = self.mine.state(), {}
        for slot in self.mine.slots:
            for unit in self.ranks.units.values():
                owned = unit.owned()
                here = [mine[f"{slot}.{name}"] for name, p in unit.parameters.items() if p in owned]
                views = unit.views(self.ranks.comm.all_gather(unit.share_of(here)))
                if self.ranks.comm.rank == 0:
                    found |= {f"{slot}.{name}": views[p] for name, p in unit.parameters.items()}
        return {"steps": mine["steps"], **found}

    def load_state(self, arrays):
        """Take this rank's part of arrays made by `state`. Raises UsageError if they do not fit."""
        names = {f"{slot}.{name}": p for slot in self.mine.slots for name, p in self.parameters.items()}
        check_state(arrays, {"steps": (), **{name: p.shape for name, p in names.items()}})
        owned = {p: place for unit in self.ranks.units.values() for p, place in unit.owned().items()}
        mine = {name: arrays[name].reshape(-1)[slice(*owned[p])] for name, p in names.items() if p in owned}
        self.mine.load_state({"steps": arrays["steps"], **mine})


STAGES = {1: ShardedState, 2: ShardedGradients, 3: ShardedWeights}


# --------------------------------------------------------------------------------------------------- what each rank has


class Owned(NamedTuple):
    """What a rank has of a model between two steps, in bytes; the gradients, until the optimiser has used them."""

    weights: int
    gradients: int
    optimiser: int


def owned_bytes(numbers, rank, size, *, stage, slots=2, itemsize=4):
    """The Owned of a rank under a stage, 0 being data parallel, of units of so many `numbers` each.

    With Ψ numbers in all, N ranks and the 12 bytes a number that AdamW takes beside the weights, this is about 16 Ψ
    bytes without ZeRO, 8 Ψ + 8 Ψ / N under stage 1, 4 Ψ + 12 Ψ / N under 2 and 16 Ψ / N under 3. It is exact: a unit
    of n numbers is filled up to N · ceil(n / N), and nothing is remembered of what fills it up.
    """
    weights = gradients = optimiser = 0
    for n in numbers:
        share = -(-n // size)
        weights += share if stage == 3 else share * size if stage else n
        gradients += share if stage >= 2 else share * size
        optimiser += slots * (min(max(n - rank * share, 0), share) if stage else n)
    return Owned(weights * itemsize, gradients * itemsize, optimiser * itemsize)
