"""The ring: how ranks sum an array although each talks to its two neighbours alone (Patarasuk & Yuan 2009).

The array is cut into as many pieces as there are ranks. In the first round every piece travels around the ring and
gathers what each rank has of it; in the second the finished pieces travel around once more. A rank sends 2 (n - 1)
pieces of 1/n of the array: never more than twice the array, however many ranks there are.

              at first    after one round    after two
    rank 0     a b c           . ● .           ● ● ●
    rank 1     a b c           . . ●           ● ● ●        ● is summed over all ranks
    rank 2     a b c           ● . .           ● ● ●
"""

from tinyllm.parallel.workers import cut


def ring_all_reduce(comm, array):
    """(...) -> (...): the sum over all ranks, the same on every one. All give arrays of one shape and type."""
    total = array.copy()
    pieces = [total.reshape(-1)[first:end] for first, end in cut(total.size, comm.size)]
    ring_reduce_scatter(comm, pieces)
    ring_all_gather(comm, pieces)
    return total


def ring_reduce_scatter(comm, pieces):
    """The first round, in place: at its end, piece rank + 1 is summed. What comes from behind is added to ours, and
    sent on in the next step."""
    ahead, behind = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    for step in range(comm.size - 1):
        comm.send(pieces[(comm.rank - step) % comm.size], ahead)
        pieces[(comm.rank - step - 1) % comm.size] += comm.receive(behind)


def ring_all_gather(comm, pieces):
    """The second round, in place: it begins with piece rank + 1 finished, and ends with all of them."""
    ahead, behind = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    for step in range(comm.size - 1):
        comm.send(pieces[(comm.rank + 1 - step) % comm.size], ahead)
        pieces[(comm.rank - step) % comm.size][...] = comm.receive(behind)
