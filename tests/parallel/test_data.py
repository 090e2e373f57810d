"""Data parallel: gradients are told of as soon as they are complete, and summed while backward goes on."""

import threading

import numpy as np
import pytest

from tinyllm import tensor
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import freeze
from tinyllm.parallel.agenda import Agenda
from tinyllm.parallel.comm import ALONE, Comm, run_ranks
from tinyllm.parallel.data import DataParallel, OneRank
from tinyllm.parallel.units import units_of
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import Tensor, op

CONFIG = GPTConfig(vocab_size=13, context=6, layers=3, heads=2, width=8, dropout=0.1)
TOKENS = np.random.default_rng(1).integers(13, size=(6, 7))
BATCH = TOKENS[:, :-1], TOKENS[:, 1:]
WAIT = 30  # seconds after which a test that waits in vain fails


def gpt():
    return GPT(CONFIG, rng=np.random.default_rng(0))


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for parameter, gradient in expected.items():
        np.testing.assert_array_equal(found[parameter], gradient)


# ----------------------------------------------------------------------------------------------------------- one thread


def test_a_gradient_is_told_as_soon_as_it_is_complete():
    first, twice, last = (Tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(3))
    names, told, found = {first: "first", twice: "twice", last: "last"}, [], {}

    @op
    def noted(x):
        return x, lambda dy: told.append("through") or dy

    x = noted(noted(twice * first) * twice * last)

    def ready(leaf, array):
        told.append(names[leaf])
        found[leaf] = array

    assert tensor.backward(x.sum(), ready=ready) == {}
    assert told[:2] == ["through", "last"] and told[2] == "through" and sorted(told[3:]) == ["first", "twice"]
    assert found[twice].tolist() == [2.0, 2.0]


def test_what_may_still_come_is_returned_at_the_end():
    @op
    def only_the_second(a, b):
        return a + b, lambda dy: (None, dy)

    a, b, c = (Tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(3))
    found = {}
    left = tensor.backward(only_the_second(a * c, b * c).sum(), ready=found.__setitem__)
    assert list(found) == [b] and list(left) == [c]  # a * c might have had a gradient for c


def test_a_loss_that_is_a_leaf_has_its_gradient():
    leaf = Tensor(np.ones((), np.float32), requires_grad=True)
    assert tensor.backward(leaf, ready=None).keys() == tensor.backward(leaf, ready=print).keys() == {leaf}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_gradients_that_are_told_are_those_that_are_returned(workers):
    model = gpt()
    with Workers(workers) as pool:
        expected_mean, expected = pool.gradients(model.loss, BATCH)
        found = {}
        mean, left = pool.gradients(model.loss, BATCH, ready=found.__setitem__)
        assert mean == expected_mean and left == {}
    assert_equal(found, expected)


# ---------------------------------------------------------------------------------------------------------------- ranks


class Silent(Comm):
    """A rank of several that hears nothing of the others."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def all_gather(self, array):
        return array


def in_rank_order(parts, size):
    """The gradients of each rank, computed without the others, added in their order."""
    sums = {}
    for rank in range(size):
        model = gpt()
        names = {p: name for name, p in model.named_parameters()}
        alone = OneRank()
        alone.comm = Silent(rank, size)
        with Workers(2) as pool:
            _, grads = alone.gradients(pool, model.loss, parts, seed=1, step=2)
        for parameter, gradient in grads.items():
            name = names[parameter]
            sums[name] = sums[name] + gradient if name in sums else gradient
    return sums


@pytest.mark.parametrize("parts", [[BATCH], [BATCH, BATCH]], ids=["one batch", "accumulated"])
@pytest.mark.parametrize("size", [2, 3])
def test_sums_are_those_of_the_ranks_in_their_order(size, parts):
    def work(comm):
        model = gpt()
        with Workers(2) as pool:
            _, grads = DataParallel(model, comm).gradients(pool, model.loss, parts, seed=1, step=2)
        return {name: grads[p] for name, p in model.named_parameters()}

    expected = in_rank_order(parts, size)
    for found in run_ranks(size, work):
        assert_equal(found, expected)


def test_the_sum_of_the_last_block_is_there_before_backward_reaches_the_first():
    def work(comm):
        model, summed = gpt(), threading.Event()
        ranks = DataParallel(model, comm)
        reduced = ranks.reduced

        def noting(unit, row):
            found = reduced(unit, row)
            summed.set()
            return found

        @op
        def waiting(x):
            return x, lambda dy: dy if summed.wait(WAIT) else None

        class Waiting(type(model.blocks[1])):
            def __call__(self, x, cache=None):
                return super().__call__(waiting(x), cache)

        ranks.reduced, model.blocks[1].__class__ = noting, Waiting
        with Workers(1) as pool:
            _, grads = ranks.gradients(pool, model.loss, [BATCH], seed=0, step=0)
        return len(grads) == len(model.parameters())

    assert run_ranks(2, work) == [True, True]


def test_what_no_rank_has_a_gradient_of_is_not_moved_and_what_one_has_is_of_all():
    def work(comm):
        model = gpt()
        unused = (model.norm.weight, model.norm.bias)

        def loss(ids, targets):
            x, _ = model.begin(ids)
            x = model.blocks[0](x)
            if comm.rank == 1:
                x = model.blocks[1](x)
            return (x * x).mean()

        with Workers(1) as pool:
            _, grads = DataParallel(model, comm).gradients(pool, loss, [BATCH], seed=0, step=0)
        inside = {*model.blocks[0].parameters(), *model.blocks[1].parameters(), *unused, *model.blocks[2].parameters()}
        names = {p: name for name, p in model.named_parameters()}
        return {names[p]: grads[p] for p in inside if p in grads}

    of_0, of_1 = run_ranks(2, work)
    assert_equal(of_0, of_1)
    assert {name.split(".")[1] for name in of_0} == {"0", "1"}


# ---------------------------------------------------------------------------------------------------------------- units


def test_units_are_the_blocks_and_the_rest_which_has_what_is_shared():
    model = gpt()
    model.blocks[1].norm1 = model.blocks[0].norm1  # of two blocks
    model.extra = model.blocks[2].norm2  # of a block and the model
    freeze(model, lambda name, weight: name == "blocks.2.norm1.weight")
    units = units_of(model, ALONE)
    assert list(units) == ["", "blocks.0", "blocks.1", "blocks.2"]
    rest = {"tokens.weight", "positions.weight", "norm.weight", "norm.bias"}
    assert set(units[""].parameters) == rest | {f"blocks.{n}.weight" for n in ("0.norm1", "2.norm2")} | {
        f"blocks.{n}.bias" for n in ("0.norm1", "2.norm2")
    }
    of_units = [name for unit in units.values() for name in unit.parameters]
    assert sorted(of_units) == sorted(name for name, _ in model.named_parameters())


# --------------------------------------------------------------------------------------------------------------- agenda


def test_events_happen_in_their_order_when_they_are_due():
    happened, state = [], {"a": False, "b": False}
    events = [(lambda: state["a"], lambda: happened.append("a")), (lambda: state["b"], lambda: happened.append("b")),
              (lambda: False, lambda: happened.append("what is left"))]  # fmt: skip
    with Agenda(events) as agenda:
        with agenda.changing():
            state["b"] = True
        assert happened == []
        with agenda.changing():
            state["a"] = True
        agenda.wait(lambda: len(happened) == 2)
        assert happened == ["a", "b"]
        agenda.finish()
    assert happened == ["a", "b", "what is left"]


def test_an_error_ends_the_agenda_and_is_told_to_who_waits():
    def fail():
        raise UsageError("the network is down")

    happened = []
    events = [(lambda: True, fail), (lambda: True, lambda: happened.append(1))]
    with pytest.raises(UsageError, match="the network is down"), Agenda(events) as agenda:
        agenda.wait(lambda: False)
    with pytest.raises(UsageError, match="the network is down"), Agenda([(lambda: True, fail)]) as agenda:
        agenda.finish()
    with pytest.raises(ZeroDivisionError), Agenda([(lambda: False, lambda: happened.append(1))]):
        raise ZeroDivisionError
    assert happened == []
