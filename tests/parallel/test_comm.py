"""Ranks: what they exchange, in which order it is summed, and that none waits for ever for one that has gone."""

import threading
import time

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import weights
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.sgd import SGD
from tinyllm.parallel.comm import ALONE, run_ranks
from tinyllm.parallel.data import ONE_RANK, DataParallel
from tinyllm.train.loop import TrainConfig, train

SIZES = (1, 2, 3)
each_size = pytest.mark.parametrize("size", SIZES)


def of_rank(rank, rows=6):
    return np.random.default_rng(rank).normal(size=(rows, 2)).astype(np.float32)


@each_size
def test_what_ranks_exchange(size):
    def work(comm):
        mine = of_rank(comm.rank)
        return {
            "sum": comm.all_reduce(mine),
            "my rows": comm.reduce_scatter(mine),
            "all": comm.all_gather(mine),
            "last's": comm.broadcast(mine, root=size - 1),
            "unchanged": mine,
        }

    arrays, found = [of_rank(rank) for rank in range(size)], run_ranks(size, work)
    expected = arrays[0]
    for other in arrays[1:]:
        expected = expected + other  # in this order, and no other
    for rank, of_one in enumerate(found):
        assert np.array_equal(of_one["sum"], expected)
        assert np.array_equal(of_one["my rows"], np.split(expected, size)[rank])
        assert np.array_equal(of_one["all"], np.concatenate(arrays))
        assert np.array_equal(of_one["last's"], arrays[-1])
        assert np.array_equal(of_one["unchanged"], arrays[rank])


def test_one_alone_is_a_rank_as_any_other():
    mine = of_rank(0)
    for found in (ALONE.all_reduce(mine), ALONE.reduce_scatter(mine), ALONE.all_gather(mine), ALONE.broadcast(mine)):
        assert np.array_equal(found, mine)
    ALONE.barrier()
    assert ALONE.split(3) is ALONE
    for talk in (lambda: ALONE.send(mine, 1), lambda: ALONE.receive(1)):
        with pytest.raises(UsageError, match="this one is alone"):
            talk()


def test_what_is_sent_arrives_in_order_and_is_a_copy():
    def work(comm):
        ahead, behind = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
        for number in range(3):
            array = np.full(2, 10 * comm.rank + number)
            comm.send(array, ahead)
            array[...] = -1
        return [int(comm.receive(behind)[0]) for _ in range(3)]

    assert run_ranks(3, work) == [[20, 21, 22], [0, 1, 2], [10, 11, 12]]


def test_an_array_may_change_as_soon_as_it_was_exchanged():
    def work(comm):
        array, sums = np.ones(1000), []
        for _ in range(50):
            sums.append(comm.all_reduce(array)[0])
            array += 1
        return sums

    assert run_ranks(3, work) == [[3.0 * n for n in range(1, 51)]] * 3


@pytest.mark.parametrize(
    "wait", [lambda comm: comm.barrier(), lambda comm: comm.receive(1)], ids=["for all", "for a letter"]
)
def test_a_rank_that_dies_leaves_none_waiting(wait):
    raised = []

    def work(comm):
        if comm.rank == 1:
            raise ZeroDivisionError("of rank 1")
        try:
            wait(comm)
        except UsageError as error:
            raised.append(str(error))
            raise

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="of rank 1"):
        run_ranks(3, work)
    assert raised == ["rank 1 has gone, and this one waits for it in vain"] * 2
    assert threading.active_count() == before


def test_a_rank_that_ends_early_leaves_none_waiting_but_what_it_sent_arrives():
    def work(comm):
        if comm.rank == 1:
            comm.send(np.ones(1), 0)
        elif comm.rank == 0:
            assert comm.receive(1) == 1
            comm.receive(1)

    with pytest.raises(UsageError, match="rank 1 has gone"):
        run_ranks(3, work)


@pytest.mark.parametrize(
    "works",
    [
        [lambda comm: comm.receive(1), lambda comm: comm.barrier()],
        [lambda comm: comm.receive(1), lambda comm: comm.receive(0)],
        [lambda comm: comm.receive(0), lambda comm: comm.barrier(), lambda comm: comm.barrier()],
        [lambda comm: None, lambda comm: comm.receive(2), lambda comm: comm.receive(1)],
    ],
)
def test_ranks_that_wait_for_one_another_are_told(works):
    with pytest.raises(UsageError, match="all ranks wait for one another"):
        run_ranks(len(works), lambda comm: works[comm.rank](comm))


def test_groups_of_ranks_exchange_among_themselves():
    """The ranks of a grid of 2 x 3: rows, columns, and again the groups of groups."""

    def work(comm):
        row, column = comm.split(comm.rank // 3), comm.split(comm.rank % 3)
        alone = row.split(row.rank)
        column.send(np.array([comm.rank]), 1 - column.rank)
        return {
            "places": (row.rank, row.size, column.rank, column.size, alone.rank, alone.size),
            "row": row.all_gather(np.array([comm.rank])).tolist(),
            "column": column.all_reduce(np.array([comm.rank])).tolist(),
            "letter": column.receive(1 - column.rank).tolist(),
            "mine": alone.all_reduce(np.array([comm.rank])).tolist(),
        }

    for rank, found in enumerate(run_ranks(6, work)):
        row, column = divmod(rank, 3)
        assert found == {
            "places": (column, 3, row, 2, 0, 1),
            "row": [3 * row, 3 * row + 1, 3 * row + 2],
            "column": [2 * column + 3],
            "letter": [(rank + 3) % 6],
            "mine": [rank],
        }


def test_a_group_is_told_of_a_member_that_has_gone_and_by_its_first_number():
    def work(comm):
        group = comm.split(comm.rank % 2)
        if comm.rank == 3:
            return
        group.barrier()

    with pytest.raises(UsageError, match="rank 3 has gone"):
        run_ranks(4, work)


def test_groups_that_wait_for_one_another_are_told():
    def work(comm):
        pair, other = comm.split(comm.rank // 2), comm.split(comm.rank % 2)
        (pair if comm.rank in (0, 3) else other).barrier()

    with pytest.raises(UsageError, match="all ranks wait for one another"):
        run_ranks(4, work)


def test_a_thread_of_a_rank_that_waits_does_not_stop_the_others():
    """As where gradients are summed while backward goes on: the rank's own thread comes later, elsewhere."""

    def work(comm):
        pair, other = comm.split(comm.rank // 2), comm.split(comm.rank % 2)
        if comm.rank in (0, 3):
            aside = threading.Thread(target=other.barrier)
            aside.start()
            time.sleep(0.05)
            pair.barrier()
            aside.join()
        else:
            pair.barrier()
            other.barrier()
        return True

    assert run_ranks(4, work) == [True] * 4


@pytest.mark.parametrize("wrong", [-1, 2, 5])
@pytest.mark.parametrize(
    "talk",
    [lambda comm, rank: comm.broadcast(np.ones(1), root=rank), lambda comm, rank: comm.send(np.ones(1), rank),
     lambda comm, rank: comm.receive(rank)],
    ids=["broadcast", "send", "receive"],
)  # fmt: skip
def test_a_rank_that_is_not_there_is_named(wrong, talk):
    with pytest.raises(UsageError, match=f"there is no rank {wrong}: the ranks are 0 to 1"):
        run_ranks(2, lambda comm: talk(comm, wrong))


@pytest.mark.parametrize("size", [0, -1])
def test_no_ranks_are_refused(size):
    with pytest.raises(UsageError, match=f"{size} ranks can do no work"):
        run_ranks(size, lambda comm: None)


def test_arrays_that_cannot_be_exchanged():
    with pytest.raises(UsageError, match=r"of one shape, not of \(1,\), \(2,\)"):
        run_ranks(2, lambda comm: comm.all_reduce(np.ones(comm.rank + 1)))
    with pytest.raises(UsageError, match="5 rows are not 2 equal shares"):
        run_ranks(2, lambda comm: comm.reduce_scatter(np.ones(5)))


# ------------------------------------------------------------------------------------------------------------- training

CONFIG = {"vocab_size": 13, "context": 6, "layers": 2, "heads": 2, "width": 8}


def trained(comm=ALONE, optimizer=SGD, *, workers=1, accumulate=1, dropout=0.0, rows=6, steps=4, weigh=None, clip=0.5):
    """(losses, lengths of the gradients, weights) of a short training."""
    rng = np.random.default_rng(1)
    model = GPT(GPTConfig(**CONFIG, dropout=dropout), rng=np.random.default_rng(0))
    tokens = rng.integers(13, size=(steps * accumulate, rows, 7))
    batches = [(part[:, :-1], part[:, 1:]) for part in tokens]
    how = {"ranks": DataParallel(model, comm) if comm.size > 1 else ONE_RANK}
    if weigh:
        batches = [(*batch, weigh(rng, batch[1].shape)) for batch in batches]
        how["weigh"] = lambda ids, targets, weights: weights.sum()
    config = TrainConfig(steps=steps, workers=workers, accumulate=accumulate, warmup=2, seed=3, clip=clip)
    reports = list(train(model, batches, optimizer(model.named_parameters()), config=config, **how))
    return [r.loss for r in reports], [r.gradient_norm for r in reports], weights(model)


def assert_same(found, expected, **close):
    for mine, theirs in zip(found[:2], expected[:2], strict=True):
        assert mine == (pytest.approx(theirs, **close) if close else theirs)
    for name, array in expected[2].items():
        np.testing.assert_allclose(found[2][name], array, rtol=0, atol=close.get("abs", 0))


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("rows", [6, 5])
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_of_one_worker_are_bitwise_the_workers_of_one_rank(size, rows, dropout):
    how = {"rows": rows, "dropout": dropout, "clip": 1e9}  # the squares of the gradient are added in another order
    losses, lengths, expected = trained(ALONE, AdamW, workers=size, **how)
    for found in run_ranks(size, lambda comm: trained(comm, AdamW, **how)):
        assert found[1] == pytest.approx(lengths, rel=1e-6)
        assert_same((found[0], lengths, found[2]), (losses, lengths, expected))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("rows", [6, 5, 1])
def test_ranks_with_dropout_and_accumulation_equal_one_rank(workers, accumulate, rows):
    how = {"accumulate": accumulate, "dropout": 0.2, "rows": rows}
    expected = trained(**how)
    several = run_ranks(2, lambda comm: trained(comm, workers=workers, **how))
    assert_same(several[0], expected, rel=1e-5, abs=1e-6)
    assert_same(several[1], several[0])  # ranks never drift apart


def test_a_weighted_mean_is_the_same_over_ranks():
    def uneven(rng, shape):
        weights = rng.uniform(0, 2, size=shape)
        weights[:3] *= rng.random() < 0.5  # now and then all that the first rank has
        return weights

    expected = trained(weigh=uneven)
    for found in run_ranks(2, lambda comm: trained(comm, workers=2, weigh=uneven)):
        assert_same(found, expected, rel=1e-5, abs=1e-6)
