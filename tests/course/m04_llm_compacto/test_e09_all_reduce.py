"""m04.e09: the ring sums what all have and sends no more than it must; replicas learn what one worker learns."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.ring import ring_all_reduce as of_the_library
from tinyllm.say import counted

rng = np.random.default_rng(0)


def of_ranks(size, shape, dtype=np.float64, draw=rng):
    return [draw.normal(size=shape).astype(dtype) for _ in range(size)]


# ----------------------------------------------------------------------------------------------------- ring_all_reduce


def ring(judge, arrays, case=None):
    case = case or f"{counted(len(arrays), 'rank')}, {shapes(arrays[0])}"
    found = judge.same("ring_all_reduce", *arrays, through=judge.support.ring, case=case)
    judge.that(all(np.array_equal(found[0], other) for other in found), "ring_all_reduce", case,
               "os ranks têm resultados diferentes nos últimos bits: cada um somou em outra ordem. Some cada pedaço "
               "uma vez só, na primeira volta, e copie-o na segunda")  # fmt: skip
    return found


@pytest.mark.parametrize("size", [4, 3, 2, 5])
@pytest.mark.parametrize("shape", [(4, 6), (3, 5), (7,), (2, 3, 7)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_sum_over_all_ranks(judge, size, shape, dtype):
    ring(judge, of_ranks(size, shape, dtype))


def test_one_rank(judge):
    ring(judge, of_ranks(1, (3, 5)))


def test_fewer_numbers_than_ranks(judge):
    ring(judge, of_ranks(5, (3,)))


def test_large_numbers(judge):
    ring(judge, [1e4 * array for array in of_ranks(3, (4, 5))])


def test_not_contiguous(judge):
    ring(judge, [np.asfortranarray(array)[:, ::2] for array in of_ranks(3, (4, 10))], "3 ranks, colunas alternadas")


def test_whole_numbers(judge):
    ring(judge, [np.arange(7) * 10**rank for rank in range(4)], "4 ranks, inteiros")


def test_by_hand(judge):
    found = ring(judge, [np.array([1.0, 2.0, 3.0]) * 10**rank for rank in range(3)], "o exemplo")
    judge.that(np.array_equal(found[0], [111, 222, 333]), "ring_all_reduce", "o exemplo", "deveria dar [111, 222, 333]")


def test_any_ring(judge):
    @given(st.integers(1, 6), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 2**32))
    def agrees(size, shape, seed):
        ring(judge, of_ranks(size, tuple(shape), draw=np.random.default_rng(seed)))

    agrees()


@pytest.mark.parametrize(("size", "shape"), [(2, (12,)), (3, (100,)), (5, (7,)), (4, (3, 5))])
def test_what_a_rank_sends(judge, size, shape):
    """2 (n - 1) messages of one piece each."""
    arrays, numbers = of_ranks(size, shape), math.prod(shape)

    def sending(piece, *arrays):
        def work(comm):
            neighbours = judge.support.Neighbours(comm)
            piece(neighbours, arrays[comm.rank])
            return neighbours.sent

        return run_ranks(size, work)

    sent = judge.outcome(sending, judge.answer.ring_all_reduce, arrays)
    most, case = -(-numbers // size), f"{size} ranks, {shapes(arrays[0])}"
    for rank, messages in enumerate(sent):
        judge.that(len(messages) <= 2 * (size - 1) and sum(messages) <= 2 * (size - 1) * most, "ring_all_reduce", case,
                   f"o rank {rank} mandou {sum(messages)} números em {len(messages)} vezes; bastam "
                   f"{2 * (size - 1)} pedaços do array achatado, de {most} no máximo")  # fmt: skip


def test_the_library_sums_the_same(judge):
    arrays = of_ranks(4, (3, 7))
    found = ring(judge, arrays)
    theirs = run_ranks(4, lambda comm: of_the_library(comm, arrays[comm.rank]))
    judge.that(np.allclose(found[0], theirs[0]), "ring_all_reduce", "4 ranks, (3, 7)", "difere da biblioteca")


# ------------------------------------------------------------------------------------------------------- data_parallel


def replicas(judge, size, rows, case=None, draw=rng):
    weight, x, y = draw.normal(size=(3, 2)), draw.normal(size=(rows, 3)), draw.normal(size=(rows, 2))
    case = case or f"{counted(size, 'rank')}, {counted(rows, 'linha')}"
    found = judge.same("data_parallel", size, weight, x, y, through=judge.support.replicas, case=case)
    alone = judge.support.gradients_of(weight)(x, y)
    for rank, gradients in enumerate(found):
        judge.that(all(np.allclose(gradients[name], alone[name]) for name in alone), "data_parallel", case,
                   f"no rank {rank} difere do que um só calcularia")  # fmt: skip


@pytest.mark.parametrize(("size", "rows"), [(3, 8), (2, 5), (4, 11), (5, 5), (1, 4), (3, 9)])
def test_the_gradients_of_one_worker(judge, size, rows):
    replicas(judge, size, rows)


def test_any_batch(judge):
    @given(st.integers(1, 5), st.integers(0, 9), st.integers(0, 2**32))
    def agrees(size, more, seed):
        replicas(judge, size, size + more, draw=np.random.default_rng(seed))

    agrees()


def test_unequal_shares_by_hand(judge):
    """The example: of five rows two have a gradient of 10, and three of 20."""
    weight, x, y = np.zeros((1, 1)), np.ones((5, 1)), -np.array([[10.0], [10], [20], [20], [20]])
    found = judge.same("data_parallel", 2, weight, x, y, through=judge.support.replicas, case="o exemplo")
    judge.that(np.allclose(found[1]["bias"], 16), "data_parallel", "o exemplo", "deveria dar 16")


def test_each_rank_reads_its_own_rows_alone(judge):
    weight, x, y = np.ones((3, 2)), rng.normal(size=(11, 3)), rng.normal(size=(11, 2))

    def reading(piece):
        def work(comm):
            rows = []
            piece(judge.support.Neighbours(comm), judge.support.gradients_of(weight, rows), x, y)
            return rows

        return run_ranks(4, work)

    seen = judge.outcome(reading, judge.answer.data_parallel, ())
    judge.that([sum(rows) for rows in seen] == [2, 3, 3, 3], "data_parallel", "4 ranks, 11 linhas",
               f"os ranks leram {[sum(rows) for rows in seen]} linhas; bastam as de cada um, [2, 3, 3, 3]")  # fmt: skip


@pytest.mark.parametrize("name", ["ring_all_reduce", "data_parallel"])
def test_time_and_memory(judge, name):
    judge.fast(name)
