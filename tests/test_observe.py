"""Observers are told of what runs, in their own context and in no other."""

import contextvars
import threading

import numpy as np

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.evaluate.attention_maps import watched
from tinyllm.observe import observed
from tinyllm.parallel.workers import Workers
from tinyllm.profile import Profile
from tinyllm.tensor import Tensor, backward


def test_an_observer_is_told_of_every_operation_there_and_back():
    seen, x = [], Tensor(np.float32([[1.0, 2.0]]), requires_grad=True)
    weight = Tensor(np.ones((2, 3), np.float32))
    with observed(seen.append):
        backward(tensor.sum(x @ weight, axis=1))
    assert [(one.name, one.direction) for one in seen] == [
        ("matmul", "forward"), ("sum", "forward"), ("sum", "backward"), ("matmul", "backward"), ("matmul", "backward"),
    ]  # fmt: skip
    assert seen[0].inputs[0] is x.data and seen[0].inputs[1] is weight.data and seen[0].options == {}
    assert seen[1].options == {"axis": 1} and seen[1].output[0] == 9.0
    assert all(one.seconds >= 0 for one in seen)
    x @ weight
    assert len(seen) == 5


def test_several_observers_see_the_same():
    outer, inner, x = [], [], Tensor(np.ones(2, np.float32))
    with observed(outer.append), Profile().recording() as profile:
        x + x
        with observed(inner.append):
            x * x
    assert [one.name for one in outer] == ["add", "multiply"] and [one.name for one in inner] == ["multiply"]
    assert profile.calls == {("add", "forward"): 1, ("multiply", "forward"): 1}


def test_an_observer_sees_what_workers_do():
    seen = []
    with observed(seen.append), Workers(2) as workers:
        workers.map(lambda number: Tensor(np.ones(number)) + 1.0, range(1, 9))
    assert sorted(one.inputs[0].size for one in seen) == list(range(1, 9))


def test_two_threads_in_contexts_of_their_own_do_not_mix():
    """As two requests to a server, whose maps were once put into one list."""
    meet, found = threading.Barrier(2), {}

    def look(T):
        q = np.random.default_rng(T).normal(size=(1, 1, T, 4)).astype(np.float32)
        with watched() as maps, Profile().recording() as profile:
            for _ in range(20):
                meet.wait(timeout=30)
                F.attention(q, q, q)
        found[T] = [one.shape for one in maps], profile.calls["attention", "forward"]

    threads = [threading.Thread(target=contextvars.Context().run, args=(look, T)) for T in (3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {T: ([(1, 1, T, T)] * 20, 20) for T in (3, 5)}
