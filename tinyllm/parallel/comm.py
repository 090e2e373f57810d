"""Ranks: trainings of one model, each with its share of every batch, that meet to exchange arrays.

A Comm is what a rank knows of the others. All of them call the same methods in the same order, with arrays of one
shape and type. Inside a rank, threads share the work (workers.py).
"""

import collections
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

from tinyllm.backend.arrays import array_module
from tinyllm.backend.threads import cores, single_threaded_blas
from tinyllm.errors import UsageError


class Comm:
    """Rank `rank` of `size`. A kind of Comm says how ranks `exchange`, `send`, `receive` and `split`."""

    rank, size = 0, 1

    @property
    def neighbours(self):
        """How many of the ranks are on this machine, this one too."""
        return self.size

    def cores(self):
        """How many cores there are for each rank, 1 at least."""
        return max(1, cores() // self.neighbours)

    def exchange(self, value, combine):
        """combine([the value of each rank, in order]). No value changes before all ranks have done so."""
        raise NotImplementedError

    def check_rank(self, rank):
        """Raise UsageError if there is no such rank."""
        if rank not in range(self.size):
            raise UsageError(f"there is no rank {rank}: the ranks are 0 to {self.size - 1}")

    def share_of(self, array):
        """How many rows of an array are the share of a rank. Raises UsageError if they are not equal shares."""
        if len(array) % self.size:
            raise UsageError(f"reduce_scatter: {len(array)} rows are not {self.size} equal shares; fill them up first")
        return len(array) // self.size

    def send(self, array, rank):
        """Give a copy of an array to another rank, which must `receive` it."""
        raise NotImplementedError

    def receive(self, rank):
        """The next array that another rank sent to this one."""
        raise NotImplementedError

    def split(self, color):
        """The Comm of the ranks that gave the same color, a whole number, in the order that they have here."""
        raise NotImplementedError

    def all_reduce(self, array):
        """(...) -> (...): the sum over all ranks, added in their order, so that every rank has the same."""
        return self.exchange(array, total)

    def reduce_scatter(self, array):
        """(size n, ...) -> (n, ...): of the sum over all ranks, the rows of this one."""
        rows = self.share_of(array)
        mine = slice(self.rank * rows, (self.rank + 1) * rows)
        return self.exchange(array, lambda arrays: total([one[mine] for one in arrays]))

    def all_gather(self, array):
        """(n, ...) -> (size n, ...): the rows of all ranks, in their order."""
        return self.exchange(array, lambda arrays: array_module(*arrays).concatenate(arrays))

    def broadcast(self, array, root=0):
        """(...) -> (...): the array of rank `root`."""
        self.check_rank(root)
        return self.exchange(array, lambda arrays: arrays[root].copy())

    def barrier(self):
        """Go on when all ranks have come here."""
        self.exchange(None, lambda values: None)


def total(arrays):
    """Several (...) -> (...): their sum, added in the order given."""
    first, *others = arrays
    if not others:
        return first.copy()
    if any(other.shape != first.shape for other in others):
        raise UsageError(f"ranks sum arrays of one shape, not of {', '.join(str(one.shape) for one in arrays)}")
    for other in others:
        first = first + other
    return first


class Alone(Comm):
    """The only rank."""

    def exchange(self, value, combine):
        return combine([value])

    def send(self, array, rank):
        raise UsageError(f"there is no rank {rank} to send to: this one is alone")

    def receive(self, rank):
        raise UsageError(f"there is no rank {rank} to receive from: this one is alone")

    def split(self, color):
        return self


ALONE = Alone()
current_comm = contextvars.ContextVar("current_comm", default=ALONE)  # of this process, if it is one of several


class LocalComm(Comm):
    """A rank that is a thread of this process, or several that call in turn; `run_ranks` makes them."""

    def __init__(self, rank, group):
        self.rank, self.size, self.group = rank, len(group.members), group

    def exchange(self, value, combine):
        self.group.values[self.rank] = value
        self.group.wait(self.rank)
        found = combine(self.group.values)
        self.group.wait(self.rank)
        return found

    def send(self, array, rank):
        self.check_rank(rank)
        self.group.post(self.rank, rank, array.copy())

    def receive(self, rank):
        self.check_rank(rank)
        return self.group.take(rank, self.rank)

    def split(self, color):
        colors = self.exchange(color, list)
        mine = [rank for rank, other in enumerate(colors) if other == color]
        made = Group(self.group.meeting, [self.group.members[rank] for rank in mine])
        return LocalComm(mine.index(self.rank), self.exchange(made, lambda groups: groups[mine[0]]))


class Meeting:
    """Where the ranks of a process meet. Who waits for a rank that has gone, or where all wait for one another, is told
    so, and does not wait for ever."""

    def __init__(self, size):
        self.size, self.changed, self.stuck = size, threading.Condition(), False
        self.threads, self.waiting = collections.defaultdict(set), {}  # those of each rank; those that wait, until when
        self.gone, self.error = [], None

    def wait_until(self, ready, rank, others):
        """A thread of `rank` goes on when it is ready. Raises UsageError if one of the others, which would have to do
        it, has gone, and if no thread is left that could do it."""
        me = threading.current_thread()

        def over():
            return ready() or not others.isdisjoint(self.gone)

        self.threads[rank].add(me)
        self.waiting[me] = over
        self.look()
        self.changed.wait_for(lambda: over() or self.stuck)
        del self.waiting[me]
        if not over():
            raise UsageError("all ranks wait for one another; every one must call the same methods in the same order")
        if not ready():
            first = next(rank for rank in self.gone if rank in others)
            raise UsageError(f"rank {first} has gone, and this one waits for it in vain")

    def look(self):
        """See whether all that is left of the ranks waits, and nothing of it can go on."""
        left = set(range(self.size)).difference(self.gone)
        threads = [{thread for thread in self.threads[rank] if thread.is_alive()} for rank in left]
        waits = all(of_one and of_one <= self.waiting.keys() for of_one in threads)
        if waits and not any(over() for over in self.waiting.values()):
            self.stuck = True
            self.changed.notify_all()

    def leave(self, rank, error=None):
        with self.changed:
            self.gone.append(rank)
            self.error = self.error or error
            self.look()
            self.changed.notify_all()


class Group:
    """Some ranks of a meeting, which exchange values and letters among themselves."""

    def __init__(self, meeting, members):
        self.meeting, self.members, self.values = meeting, members, [None] * len(members)
        self.arrived, self.round, self.mail = 0, 0, collections.defaultdict(collections.deque)

    def wait(self, rank):
        """Go on when all members have come."""
        with self.meeting.changed:
            this = self.round
            self.arrived += 1
            if self.arrived == len(self.members):
                self.arrived, self.round = 0, this + 1
                self.meeting.changed.notify_all()
            self.meeting.wait_until(lambda: self.round > this, self.members[rank], set(self.members))

    def post(self, source, target, array):
        with self.meeting.changed:
            self.mail[source, target].append(array)
            self.meeting.changed.notify_all()

    def take(self, source, target):
        with self.meeting.changed:
            letters = self.mail[source, target]
            self.meeting.wait_until(lambda: letters, self.members[target], {self.members[source]})
            return letters.popleft()


def run_ranks(size, work):
    """[work(comm) of each rank], all at once, in a thread each. Raises the first error that one of them raised."""
    if size < 1:
        raise UsageError(f"{size} ranks can do no work; take 1 or more")
    meeting = Meeting(size)
    everyone = Group(meeting, list(range(size)))

    def run(rank):
        try:
            found = work(LocalComm(rank, everyone))
        except BaseException as error:
            meeting.leave(rank, error)
            return None
        meeting.leave(rank)
        return found

    with single_threaded_blas(), ThreadPoolExecutor(size) as threads:
        running = [threads.submit(contextvars.copy_context().run, run, rank) for rank in range(size)]
        found = [one.result() for one in running]
    if meeting.error:
        raise meeting.error
    return found


def check_same(comm, names):
    """Raise UsageError unless all ranks have these names, in this order: those of the parameters that each learns."""
    for rank, others in enumerate(comm.exchange(names, list)):
        if others != names:
            name = next(iter(set(others) ^ set(names)), names[0])
            raise UsageError(f"ranks {comm.rank} and {rank} do not learn the same, as {name} shows; freeze it in all")
