"""Ranks that are processes exchange what ranks that are threads exchange: the same calls, on a real MPI and here."""

import threading

import numpy as np
import pytest
from parallel.on_mpi import as_json, needs_mpi, run_on_mpi

from tinyllm.errors import UsageError
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.mpi import MPIComm

DTYPES = ("f4", "f8", "f2", "i8", "i4", "i2", "i1", "u1", "u4")
SHAPES = ((4, 3), (8,), (12, 0), (0, 3), (4, 2, 2))


def of_rank(rank, shape, dtype):
    numbers = np.random.default_rng(rank).normal(scale=9, size=shape)
    return np.abs(numbers).astype(dtype) if dtype[0] == "u" else numbers.astype(dtype)


def exchanged(comm):
    """All that ranks exchange, of every type and shape, as JSON."""
    found = {}
    for dtype in DTYPES:
        for shape in SHAPES:
            mine = of_rank(comm.rank, shape, dtype)
            found[f"{dtype} {shape}"] = [
                as_json(comm.all_reduce(mine)),
                as_json(comm.reduce_scatter(mine)) if shape[0] % comm.size == 0 else None,
                as_json(comm.all_gather(mine)),
                as_json(comm.broadcast(mine, root=comm.size - 1)),
                as_json(mine),
            ]
    return found


def talked(comm):
    """Letters, uneven shares, groups, arrays that lie in no order, and small values."""
    ahead, behind = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    letters = []
    for number in range(3):
        array = np.full((2, comm.rank), 10 * comm.rank + number, np.float16)
        comm.send(array, ahead)
        comm.send(np.full(1 << 18, comm.rank), ahead)  # too large to go before the other receives it
        array[...] = -1
    for _ in range(6):
        letters.append(as_json(comm.receive(behind)))
    column = np.arange(12.0).reshape(3, 4)[:, ::2].T
    half = comm.split(comm.rank % 2)
    comm.barrier()
    return {
        "letters": letters,
        "uneven": as_json(comm.all_gather(np.full((comm.rank, 2), comm.rank))),
        "single number": as_json(comm.all_reduce(np.array(1.5))),
        "in no order": as_json(comm.all_reduce(column)),
        "rows in no order": as_json(comm.reduce_scatter(np.asfortranarray(np.ones((4, 3)) * comm.rank))),
        "true or not": as_json(comm.all_gather(np.array([comm.rank > 0]))),
        "half": [half.rank, half.size, as_json(half.all_reduce(np.array([comm.rank])))],
        "of the half": half.exchange(["ã", comm.rank, None], list),
        "small": comm.exchange({"name": "peso", "rank": comm.rank}, list),
        "nothing": comm.exchange(None, list),
    }


@needs_mpi
@pytest.mark.parametrize("work", [exchanged, talked])
def test_two_processes_exchange_bitwise_what_two_threads_do(work):
    assert run_on_mpi(2, work) == run_ranks(2, work)


@needs_mpi
def test_four_processes_exchange_what_four_threads_do():
    """Sums alone may come in another order: every rank has the same ones, as good as those of the threads."""
    here, there = run_ranks(4, exchanged), run_on_mpi(4, exchanged)
    assert run_on_mpi(4, talked) == run_ranks(4, talked)
    for name in here[0]:
        assert len({str(found[name][0]) for found in there}) == 1
        for mine, theirs in zip(here, there, strict=True):
            assert mine[name][2:] == theirs[name][2:]
            if name[0] in "iu":
                assert mine[name] == theirs[name]


def sums(comm):
    mine = np.random.default_rng(comm.rank).normal(size=10_001).astype(np.float32)
    return [as_json(comm.all_reduce(mine)), comm.all_reduce(mine.astype(np.float64)).tolist()]


@needs_mpi
def test_the_sum_of_four_processes_is_the_same_on_all_and_right():
    found = run_on_mpi(4, sums)
    assert found == [found[0]] * 4
    exact = sum(
        np.random.default_rng(rank).normal(size=10_001).astype(np.float32).astype(np.float64) for rank in range(4)
    )
    np.testing.assert_allclose(found[0][1], exact, rtol=0, atol=1e-14)


def summed_aside(comm):
    """Another thread sums while this one computes, and then this one sums."""
    found = []
    aside = threading.Thread(target=lambda: found.append(as_json(comm.all_reduce(np.ones(1000)))))
    aside.start()
    np.ones((300, 300)) @ np.ones((300, 300))
    aside.join()
    return [*found, as_json(comm.all_reduce(np.ones(3)))]


@needs_mpi
def test_another_thread_may_call():
    assert run_on_mpi(2, summed_aside) == run_ranks(2, summed_aside)


def letters_of_a_comm_that_goes(comm):
    """Letters too large to go at once, sent by Comms that nobody keeps, while others take what memory is free."""
    communicator, other = comm.split(0).communicator, 1 - comm.rank
    for number in range(10):
        MPIComm(communicator, comm.here).send(np.full(1 << 15, number), other)
    noise = [np.full(1 << 15, -1) for _ in range(100)]
    comm.barrier()
    letters = [MPIComm(communicator, comm.here).receive(other) for _ in range(10)]
    return [[int(letter.min()), int(letter.max())] for letter in letters], len(noise)


@needs_mpi
def test_letters_arrive_whole_though_their_comm_has_gone():
    assert run_on_mpi(2, letters_of_a_comm_that_goes) == [[[[number] * 2 for number in range(10)], 100]] * 2


def refused(comm):
    found = []
    for wrong in (
        lambda: comm.all_reduce(np.array([True])),
        lambda: comm.reduce_scatter(np.ones(5)),
        lambda: comm.broadcast(np.ones(1), root=2),
        lambda: comm.send(np.ones(1), 5),
        lambda: comm.receive(-1),
    ):
        try:
            wrong()
        except UsageError as error:
            found.append(str(error))
    return found


@needs_mpi
def test_what_processes_cannot_exchange_is_told():
    assert run_on_mpi(2, refused)[0] == [
        "ranks sum numbers, not bool; turn the array into one, as with astype(int)",
        "reduce_scatter: 5 rows are not 2 equal shares; fill them up first",
        "there is no rank 2: the ranks are 0 to 1",
        "there is no rank 5: the ranks are 0 to 1",
        "there is no rank -1: the ranks are 0 to 1",
    ]


def large(comm):
    array = np.full((1 << 31) + 5, comm.rank, np.uint8)
    if comm.rank == 0:
        comm.send(array[1:], 1)
        return True
    found = comm.receive(0)
    return found.size == (1 << 31) + 4 and not found.any()


@needs_mpi
@pytest.mark.slow
def test_a_message_of_more_than_two_gigabytes_arrives():
    assert run_on_mpi(2, large, seconds=300) == [True, True]


def without_mpi(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def test_where_mpi_is_missing_one_line_says_so(monkeypatch):
    from tinyllm.backend.mpi import load_mpi

    without_mpi(monkeypatch)
    with pytest.raises(UsageError, match=r'need mpi4py and an MPI; install both with: pip install -e "\.\[mpi\]"'):
        load_mpi()
