"""Data parallel: each rank its rows of every batch, and the gradients of all ranks summed while backward goes on.

A step asks three things of its ranks: the gradients, how long they are, and that the optimiser moves the weights. What
follows OneRank here and in other files gives another answer to some of them.
"""

import contextlib
import threading

import numpy as np

from tinyllm.backend.arrays import to_host
from tinyllm.errors import UsageError
from tinyllm.observe import told
from tinyllm.optim import schedule
from tinyllm.parallel.agenda import Agenda
from tinyllm.parallel.comm import ALONE, check_same, total
from tinyllm.parallel.units import units_of
from tinyllm.parallel.workers import Workers, cut, rows


class OneRank:
    """The only rank: its gradients are those of the step."""

    comm = ALONE

    def workers(self, threads):
        """Who computes the gradients of this rank, if it has so many threads."""
        return Workers(threads)

    def gradients(self, workers, loss, parts, *, seed, step, weigh=rows):
        """The mean loss and {Parameter: gradient} of several batches and of all ranks, as if they were one."""
        whole, first_row, means, earlier = sum(weigh(*batch) for batch in parts), 0, [], {}
        if not whole > 0:
            raise UsageError(f"all that step {step + 1} sees weighs {whole}; leave out what has nothing to teach")
        with self.exchange(parts) as ready:

            def complete(parameter, array):
                before = earlier.pop(parameter, None)
                ready(parameter, array if before is None else before + array)

            for number, batch in enumerate(parts, start=1):
                if len({len(array) for array in batch}) > 1:
                    shapes = ", ".join(str(np.shape(array)) for array in batch)
                    raise UsageError(f"the arrays of a batch have one row each for the same example, not {shapes}")
                lo, hi = cut(len(batch[0]), self.comm.size)[self.comm.rank]
                mine, place = (
                    [array[lo:hi] for array in batch],
                    {"seed": seed, "step": step, "first_row": first_row + lo},
                )
                last = complete if ready and number == len(parts) else None
                self.begin(len(workers.shares(mine, weigh, whole)))
                mean, more = workers.gradients(loss, mine, weigh=weigh, total=whole, ready=last, **place)
                means.append(to_host(mean))
                earlier, first_row = workers.sum_gradients([earlier, more]), first_row + len(batch[0])
            grads = told("sum_gradients", "update", self.meet, earlier)
        mean = 0.0
        for of_batch in self.sums_of(np.array(means)):
            mean += float(of_batch)
        return mean, grads

    def sums_of(self, means):
        """(n,) -> (n,): the sum over all ranks, in the widest type of any, as workers add them: who has no rows does
        not know it."""
        told = self.comm.all_gather(np.array([[*means, means.itemsize]], np.float64))
        return total(list(told[:, :-1].astype(f"f{told[:, -1].max():.0f}")))

    @contextlib.contextmanager
    def exchange(self, parts):
        """A block in which the gradients of some batches are computed. It is given what to call with each one that is
        complete, or None if nobody waits for it."""
        yield None

    def begin(self, shares):
        """The next of these batches is about to be gone through, in so many shares."""

    def meet(self, grads):
        """{Parameter: gradient} of this rank, but for what was told to be complete -> that of all ranks."""
        return grads

    def squared_length(self, grads, *, map=map):
        """{Parameter: gradient}, as `gradients` gives them -> the sum of the squares of all their numbers."""
        return schedule.squared_length(grads, map=map)

    @contextlib.contextmanager
    def whole(self):
        """A block in which the model has all of its weights, to be read, to be loaded, or to compute with."""
        yield


ONE_RANK = OneRank()


class DataParallel(OneRank):
    """A rank as any other. When all gradients of a unit are there, their sum over the ranks begins: on a thread of its
    own, the last block first, as backward completes them (Li et al. 2020).

    Each number is summed in the order of the ranks. With accumulation only the sum of all batches is exchanged. The
    squares of the gradients too are added in the order of the ranks, of which each gives those of the numbers it owns.
    """

    def __init__(self, model, comm):
        self.comm, self.parameters = comm, dict(model.named_parameters())
        check_same(comm, list(self.parameters))
        self.units = units_of(model, comm)
        self.unit_of = {p: unit for unit in self.units.values() for p in unit.places}
        self.numbers = {p: number for number, p in enumerate(self.parameters.values())}

    @contextlib.contextmanager
    def exchange(self, parts):
        self.sums, self.rows = {}, {unit: Row(unit) for unit in self.units.values()}
        self.known = np.zeros(len(self.parameters), np.int64)  # how many ranks have a gradient of each
        with Agenda(self.events(parts)) as self.agenda:
            yield self.receive

    def events(self, parts):
        """What the ranks exchange during the backward pass."""
        return [self.reduction(unit) for unit in reversed(self.units.values())]

    def reduction(self, unit):
        """The event that a unit's gradients are summed over the ranks."""

        def happen():
            self.comm.barrier()
            self.sums |= self.reduced(unit, self.rows.pop(unit).taken())

        return self.rows[unit].is_full, happen

    def reduced(self, unit, row):
        """The gradient of a unit in this rank -> {Parameter: what this rank needs of the sum over all}"""
        return unit.views(self.comm.all_reduce(row))

    def receive(self, parameter, gradient):
        """Take a gradient that is complete in this rank."""
        row = self.rows[self.unit_of[parameter]]
        row.put(parameter, gradient)
        with self.agenda.changing():
            row.lacking.remove(parameter)
            self.known[self.numbers[parameter]] = 1

    def meet(self, grads):
        for parameter, gradient in grads.items():
            self.receive(parameter, gradient)
        self.agenda.finish()
        known, sums, self.sums = self.comm.all_reduce(self.known), self.sums, {}
        return {p: sums[p] for p, number in self.numbers.items() if known[number] and p in sums}

    def squared_length(self, grads, *, map=map):
        mine = np.array([float(schedule.squared_length(self.owned(grads), map=map))])
        return sum(self.comm.all_gather(mine).tolist())

    def owned(self, grads):
        """{Parameter: gradient} -> {Parameter: (n,), the numbers of it that this rank owns}"""
        cuts = {p: place for unit in self.units.values() for p, place in unit.owned().items()}
        return {p: grads[p].reshape(-1)[lo:hi] for p, (lo, hi) in cuts.items() if p in grads}


class Row:
    """The gradient of a unit while it fills up, in one step."""

    def __init__(self, unit):
        self.unit, self.lacking, self.numbers, self.lock = unit, set(unit.places), None, threading.Lock()

    def put(self, parameter, gradient):
        with self.lock:
            if self.numbers is None:
                self.numbers = self.unit.new_row()
        self.numbers[self.unit.places[parameter]] = gradient.reshape(-1)

    def is_full(self):
        return not self.lacking

    def taken(self):
        """The whole row, with zeros for what this rank has no gradient of. It is kept no longer."""
        row, self.numbers = self.unit.new_row() if self.numbers is None else self.numbers, None
        for parameter in self.lacking:
            row[self.unit.places[parameter]] = 0
        return row
