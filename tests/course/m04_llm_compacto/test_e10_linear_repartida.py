"""m04.e10: a feed-forward cut among the ranks has the value and the gradients of the whole one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes
from tinyllm.parallel import tensor as of_the_library
from tinyllm.say import counted
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)
each_way = pytest.mark.parametrize("name", ["enter", "leave"])

# ----------------------------------------------------------------------------------------------------- enter and leave


def inputs(name, size, shape, dtype=np.float64, draw=rng):
    """What each rank has: its x and its dy. Who leaves is given the same dy, as all ranks go on alike."""
    xs, dys = ([draw.normal(size=shape).astype(dtype) for _ in range(size)] for _ in "xd")
    return ([xs[0]] * size, dys) if name == "enter" else (xs, [dys[0]] * size)


def there_and_back(judge, name, xs, dys, case=None):
    return judge.same(
        name, xs, dys, through=judge.support.on_ranks, case=case or f"{counted(len(xs), 'rank')}, x {shapes(xs[0])}"
    )


@each_way
@pytest.mark.parametrize("size", [3, 2, 4, 1])
@pytest.mark.parametrize("shape", [(5,), (2, 3, 7)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_there_and_back(judge, name, size, shape, dtype):
    there_and_back(judge, name, *inputs(name, size, shape, dtype))


@each_way
def test_any_ranks(judge, name):
    @given(st.integers(1, 5), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 2**32))
    def agrees(size, shape, seed):
        there_and_back(judge, name, *inputs(name, size, tuple(shape), draw=np.random.default_rng(seed)))

    agrees()


@each_way
def test_large_and_not_contiguous(judge, name):
    xs, dys = ([1e4 * np.asfortranarray(one) for one in arrays] for arrays in inputs(name, 3, (4, 6)))
    there_and_back(judge, name, xs, dys, case="3 ranks, números grandes, colunas")


def test_by_hand(judge):
    one, three, four, five = (np.array([float(number)]) for number in (1, 3, 4, 5))
    found = there_and_back(judge, "enter", [one, one], [three, four], "o exemplo")
    judge.that(all(rank.gradiente == 7 for rank in found), "enter", "o exemplo", "dx deveria ser 7 nos dois")
    found = there_and_back(judge, "leave", [three, four], [five, five], "o exemplo")
    judge.that(all((rank.valor, rank.gradiente) == (7, 5) for rank in found), "leave", "o exemplo",
               "deveria sair 7, e dx ser 5, nos dois")  # fmt: skip


@each_way
def test_the_library_does_the_same(judge, name):
    xs, dys = inputs(name, 3, (2, 5))
    found = there_and_back(judge, name, xs, dys)
    theirs = judge.support.on_ranks(getattr(of_the_library, name), xs, dys)
    same = all(
        np.allclose(a, b) for mine, other in zip(found, theirs, strict=True) for a, b in zip(mine, other, strict=True)
    )
    judge.that(same, name, "3 ranks, x (2, 5)", "difere da biblioteca")


# -------------------------------------------------------------------------------------------------------- feed_forward


def sizes(B, T, C, M, draw=rng, dtype=np.float64):
    """dy, x, up, up_bias, down, down_bias"""
    found = [(B, T, C), (B, T, C), (C, M), (M,), (M, C), (C,)]
    return [draw.normal(size=shape).astype(dtype) for shape in found]


def whole(dy, *arrays):
    """The value and the gradients of the feed-forward of one rank, made of primitives."""
    x, up, up_bias, down, down_bias = leaves = [Tensor(array, requires_grad=True) for array in arrays]
    y = F.gelu(x @ up + up_bias) @ down + down_bias
    found = backward(y, dy)
    return [y.data, *(found[leaf] for leaf in leaves)]


def layer(judge, size, dy, *arrays, case=None):
    case = case or f"{counted(size, 'rank')}, x {shapes(arrays[0])}, M = {arrays[1].shape[1]}"
    found = judge.same("feed_forward", size, dy, *arrays, through=judge.support.layer, case=case)
    expected = whole(dy, *arrays)
    for place, axis in enumerate((None, None, 1, 0, 0, None)):
        mine = found[0][place] if axis is None else np.concatenate([rank[place] for rank in found], axis=axis)
        judge.that(np.allclose(mine, expected[place], atol=1e-4), "feed_forward", case,
                   f"{found[0]._fields[place]}: difere da feed-forward inteira")  # fmt: skip


@pytest.mark.parametrize("size", [2, 3, 1])
@pytest.mark.parametrize(("B", "T", "C", "M"), [(2, 3, 5, 12), (3, 2, 4, 6)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_feed_forward(judge, size, B, T, C, M, dtype):
    layer(judge, size, *sizes(B, T, C, M, dtype=dtype))


def test_any_feed_forward(judge):
    few = st.integers(1, 4)

    @given(few, few, few, few, few, st.integers(0, 2**32))
    def agrees(size, B, T, C, each, seed):
        layer(judge, size, *sizes(B, T, C, each * size, np.random.default_rng(seed)))

    agrees()


def test_two_sums_and_no_more(judge):
    sums = []
    judge.outcome(lambda piece: judge.support.layer(piece, 3, *sizes(2, 3, 4, 6), sums=sums),
                  judge.answer.feed_forward, ())  # fmt: skip
    judge.that(sums == [2, 2, 2], "feed_forward", "3 ranks",
               f"cada rank pediu {max(sums, default=0)} somas; bastam uma na ida e uma na volta")  # fmt: skip


@pytest.mark.parametrize("name", ["enter", "leave", "feed_forward"])
def test_time_and_memory(judge, name):
    judge.fast(name)
