"""The ring: it sums what the Comm's own call sums, and no rank sends more than 2 (n - 1) / n of the array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parallel.on_mpi import as_json, needs_mpi, run_on_mpi

from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.ring import ring_all_reduce


def of_rank(rank, shape, dtype=np.float32):
    return np.random.default_rng(rank).integers(-99, 99, size=shape).astype(dtype)  # whose sums are exact


@given(
    size=st.integers(1, 5),
    shape=st.lists(st.integers(0, 4), max_size=3),
    dtype=st.sampled_from([np.float32, np.float64, np.float16, np.int64]),
)
def test_the_ring_sums_what_the_comm_sums(size, shape, dtype):
    def work(comm):
        mine = of_rank(comm.rank, tuple(shape), dtype)
        return ring_all_reduce(comm, mine), comm.all_reduce(mine), mine

    for rank, (ring, whole, mine) in enumerate(run_ranks(size, work)):
        assert ring.shape == tuple(shape) and ring.dtype == dtype and np.array_equal(ring, whole)
        assert np.array_equal(mine, of_rank(rank, tuple(shape), dtype))


def test_every_rank_has_the_same_rounding():
    def work(comm):
        column = np.random.default_rng(comm.rank).normal(size=(7, 11)).astype(np.float32)[:, ::2]
        return ring_all_reduce(comm, column)

    first, *others = run_ranks(4, work)
    assert all(np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("size", [2, 3, 4, 7])
@pytest.mark.parametrize("numbers", [0, 1, 12, 100])
def test_a_rank_sends_two_pieces_less_than_twice_the_array(size, numbers):
    def work(comm):
        sent, send = [], comm.send

        def counting(array, rank):
            assert rank == (comm.rank + 1) % comm.size
            sent.append(array.size)
            send(array, rank)

        comm.send = counting
        ring_all_reduce(comm, np.ones(numbers))
        return sent

    of_ranks = run_ranks(size, work)
    assert sum(map(sum, of_ranks)) == 2 * (size - 1) * numbers  # of all ranks: each 2 (n - 1) / n of the array
    for sent in of_ranks:
        assert len(sent) == 2 * (size - 1)
        assert all(piece in (numbers // size, -(-numbers // size)) for piece in sent)


def both_sums(comm):
    mine = np.random.default_rng(comm.rank).normal(size=(100, 7)).astype(np.float32)
    whole = of_rank(comm.rank, (1 << 20) + 1)  # larger than what MPI sends before the other asks for it
    same = np.array_equal(ring_all_reduce(comm, whole), comm.all_reduce(whole))
    close = float(np.abs(ring_all_reduce(comm, mine) - comm.all_reduce(mine)).max())
    return [as_json(ring_all_reduce(comm, mine)), close, bool(same)]


@needs_mpi
@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_ring_of_processes_sums_what_mpi_sums(size):
    found = run_on_mpi(size, both_sums)
    assert all(same and close < 1e-5 for _, close, same in found)
    if size == 2:
        assert all(close == 0 for _, close, _ in found)
    assert [ring for ring, *_ in found] == [ring for ring, *_ in run_ranks(size, both_sums)]
