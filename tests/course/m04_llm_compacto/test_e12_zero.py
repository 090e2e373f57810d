"""m04.e12: what each rank holds, a step of ZeRO that is a step of AdamW, and a way forward without whole weights."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.shard import owned_bytes
from tinyllm.say import counted

rng = np.random.default_rng(0)

# ----------------------------------------------------------------------------------------------------- bytes_of_a_rank


@pytest.mark.parametrize(("numbers", "size"), [(10, 4), (1001, 8), (124_439_808, 7), (3, 5), (96, 1)])
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_bytes_of_a_rank(judge, numbers, size, stage):
    judge.same("bytes_of_a_rank", numbers, size, stage, case=f"numbers={numbers}, size={size}, stage={stage}")


def test_bytes_of_any_rank(judge):
    @given(st.integers(1, 10**12), st.integers(1, 1000), st.integers(0, 3))
    def agrees(numbers, size, stage):
        judge.same("bytes_of_a_rank", numbers, size, stage, case=f"numbers={numbers}, size={size}, stage={stage}")

    agrees()


def test_bytes_by_hand(judge):
    found = judge.same("bytes_of_a_rank", 10, 4, 2, case="o exemplo")
    judge.that(tuple(found) == (40, 12, 24), "bytes_of_a_rank", "o exemplo", "deveria dar (40, 12, 24)")


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_the_library_counts_the_same(judge, stage):
    """Of what is a whole number of shares."""
    found = judge.same("bytes_of_a_rank", 1000, 8, stage, case=f"numbers=1000, size=8, stage={stage}")
    theirs = owned_bytes([1000], 0, 8, stage=stage)
    judge.that(tuple(found) == tuple(theirs), "bytes_of_a_rank", f"numbers=1000, size=8, stage={stage}",
               f"a biblioteca conta {tuple(theirs)}")  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- zero_step


def training(judge, n, size, count=3, dtype=np.float64, scale=1.0, draw=rng):
    """After some steps every rank has the weights of a worker that has seen all gradients, and its share of m and v."""
    weights = draw.normal(size=n).astype(dtype)
    gradients = (scale * draw.normal(size=(count, size, n))).astype(dtype)
    case = f"n={n}, {counted(size, 'rank')}, passos: {count}"
    found = judge.same("zero_step", weights, gradients, through=judge.support.steps, case=case)
    alone, m, v = weights, np.zeros(n, dtype), np.zeros(n, dtype)
    for step, of_ranks in enumerate(gradients, start=1):
        alone, m, v = judge.support.adamw(step)(alone, of_ranks.sum(axis=0), m, v)
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-7, "atol": 1e-9}
    for number, (name, expected) in enumerate({"pesos": alone, "m": m, "v": v}.items()):
        whole = found[0][0] if name == "pesos" else np.concatenate([one[number] for one in found])[:n]
        judge.that(np.allclose(whole, expected, **close), "zero_step", case, f"{name}: difere do AdamW de um rank só")


@pytest.mark.parametrize(("n", "size"), [(7, 3), (10, 4), (12, 4), (5, 2), (9, 1), (3, 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_step_is_one_of_adamw(judge, n, size, dtype):
    training(judge, n, size, dtype=dtype)


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_small_and_large_gradients(judge, scale):
    training(judge, 11, 3, scale=scale)


def test_any_training(judge):
    @given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**32))
    def agrees(n, size, seed):
        training(judge, n, size, count=2, draw=np.random.default_rng(seed))

    agrees()


def test_what_passes_between_the_ranks(judge):
    """Each way once: the gradients there, the weights back. That is no more than data parallel passes."""

    def watched(piece):
        def work(comm):
            shards = judge.support.Shards(comm)
            piece(shards, np.ones(10), np.ones(10), np.zeros(4), np.zeros(4), judge.support.adamw(1))
            return sorted(shards.passed)

        return run_ranks(3, work)

    found = judge.outcome(watched, judge.answer.zero_step, ())
    judge.that(found == [[("all_gather", 12), ("reduce_scatter", 12)]] * 3, "zero_step", "n=10, 3 ranks",
               f"chamou {', '.join(f'{method} de {numbers}' for method, numbers in found[0])}; bastam um "
               "reduce_scatter e um all_gather, de 12 números")  # fmt: skip


# --------------------------------------------------------------------------------------------------- forward_in_shares


def layers_of(widths, draw=rng, dtype=np.float64):
    return [draw.normal(size=pair).astype(dtype) for pair in itertools.pairwise(widths)]


def forward(judge, size, x, layers):
    case = f"{counted(size, 'rank')}, x {shapes(x)}, camadas {', '.join(str(layer.shape) for layer in layers)}"
    found = judge.same("forward_in_shares", size, x, *layers, through=judge.support.forward, case=case)
    expected = x
    for layer in layers:
        expected = np.tanh(expected @ layer)
    judge.that(np.allclose(found[-1], expected, atol=1e-5), "forward_in_shares", case, "difere de um rank só")


@pytest.mark.parametrize("size", [2, 3, 4, 1])
@pytest.mark.parametrize("widths", [(3, 5, 2), (4, 7, 5, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_forward_in_shares(judge, size, widths, dtype):
    forward(judge, size, rng.normal(size=(6, widths[0])).astype(dtype), layers_of(widths, dtype=dtype))


def test_any_layers(judge):
    @given(st.integers(1, 5), st.lists(st.integers(1, 6), min_size=2, max_size=4), st.integers(0, 2**32))
    def agrees(size, widths, seed):
        draw = np.random.default_rng(seed)
        forward(judge, size, draw.normal(size=(3, widths[0])), layers_of(widths, draw))

    agrees()


def test_one_layer_at_a_time(judge):
    layers = layers_of((6, 5, 4, 7, 3))

    def watched(piece):
        def work(comm):
            shards = judge.support.Shards(comm)
            shares = judge.support.shares_of(layers, comm.rank, 2)
            piece(shards, shares, [layer.shape for layer in layers], np.ones((2, 6)))
            return shards.whole

        return run_ranks(2, work)

    found = judge.outcome(watched, judge.answer.forward_in_shares, ())
    judge.that(max(found) <= 1, "forward_in_shares", "2 ranks, 4 camadas",
               f"ao juntar uma camada, ainda guardava {max(found)} outras inteiras; no máximo a anterior")  # fmt: skip


@pytest.mark.parametrize("name", ["bytes_of_a_rank", "zero_step", "forward_in_shares"])
def test_time_and_memory(judge, name):
    judge.fast(name)
