"""m03.e01: the row of each token and the sum of its gradients, and positions written in waves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.tensor import Tensor

rng = np.random.default_rng(0)
# computed once with PyTorch 2.13
TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [0.1, 0.2, 0.3], [-2.0, 1.0, 0.0]])
IDS, STORED_DY = np.array([[3, 0, 3], [1, 3, 0]]), np.arange(18.0).reshape(2, 3, 3) / 4 - 2
STORED_Y = [[[-2, 1, 0], [0.5, -1, 2], [-2, 1, 0]], [[1.5, 0.25, -0.75], [-2, 1, 0], [0.5, -1, 2]]]
STORED_DWEIGHT = [[0.5, 1.0, 1.5], [0.25, 0.5, 0.75], [0, 0, 0], [-1.5, -0.75, 0]]
STORED_WAVES = [
    [0.0000000000, 1.0000000000, 0.0000000000, 1.0000000000, 0.0000000000, 1.0000000000],
    [0.8414709848, 0.5403023059, 0.0463992235, 0.9989229760, 0.0021544330, 0.9999976792],
    [-0.9589242747, 0.2836621855, 0.2300017117, 0.9731902243, 0.0107719651, 0.9999419807],
    [-0.5063656411, 0.8623188723, -0.9974947164, -0.0707410121, 0.2137806661, 0.9768816852],
]


def same(judge, ids, weight, dy, *, case):
    return judge.same("embedding", ids, weight, dy, through=judge.support.looked_up, case=case)


# ----------------------------------------------------------------------------------------------------------- embedding


@pytest.mark.parametrize("shape", [(7,), (2, 5), (3, 2, 4)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_embedding(judge, shape, dtype):
    ids, weight = rng.integers(6, size=shape), rng.normal(size=(6, 3)).astype(dtype)
    dy = rng.normal(size=(*shape, 3)).astype(dtype)
    same(judge, ids, weight, dy, case=f"ids {shapes(ids)}, weight {shapes(weight)}")


def test_embedding_of_any_shape(judge):
    @given(
        st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(2, 9), st.integers(1, 5), st.integers(0, 99)
    )
    def agrees(shape, count, channels, seed):
        draw = np.random.default_rng(seed)
        ids, dy = draw.integers(count, size=shape), draw.normal(size=(*shape, channels))
        same(judge, ids, draw.normal(size=(count, channels)), dy, case=f"ids {shapes(ids)}, V {count}, C {channels}")

    agrees()


def test_embedding_by_hand(judge):
    ids, weight = np.array([2, 0, 2]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    dy = np.array([[1.0, 1.0], [10.0, 10.0], [100.0, 100.0]])
    y, dweight = same(judge, ids, weight, dy, case="o exemplo")
    judge.that(np.array_equal(y, weight[ids]), "embedding", "o exemplo", "deveria dar [[5, 6], [1, 2], [5, 6]]")
    judge.that(np.array_equal(dweight, [[10, 10], [0, 0], [101, 101]]), "embedding", "o exemplo",
               "o gradiente deveria ser [[10, 10], [0, 0], [101, 101]]")  # fmt: skip


def test_embedding_computed_elsewhere(judge):
    y, dweight = same(judge, IDS, TABLE, STORED_DY, case="valores guardados")
    agree = np.allclose(y, STORED_Y) and np.allclose(dweight, STORED_DWEIGHT)
    judge.that(agree, "embedding", "valores guardados", "difere do PyTorch")


def test_embedding_of_other_layouts(judge):
    weight, ids = 1e4 * rng.normal(size=(4, 5)).T, rng.integers(5, size=(3, 4)).astype(np.int32)
    same(judge, ids.T, weight, rng.normal(size=(3, 4, 4)).transpose(1, 0, 2), case="arrays que não são contíguos")
    same(judge, ids, weight, np.broadcast_to(rng.normal(size=4), (3, 4, 4)), case="um dy esticado")
    same(judge, np.full((2, 6), 3), weight, rng.normal(size=(2, 6, 4)), case="o mesmo id doze vezes")


def test_the_gradient_is_the_slope(judge):
    ids, weight, dy = rng.integers(4, size=(3, 5)), rng.normal(size=(4, 2)), rng.normal(size=(3, 5, 2))
    _, dweight = same(judge, ids, weight, dy, case="ids (3, 5), weight (4, 2)")
    direction, eps = rng.normal(size=weight.shape), 1e-6
    ends = [(judge.answer.embedding(ids, Tensor(weight + sign * eps * direction)).data * dy).sum() for sign in (1, -1)]
    slope, found = (ends[0] - ends[1]) / (2 * eps), (dweight * direction).sum()
    judge.that(abs(slope - found) < 1e-6, "embedding", "diferenças centrais",
               f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- positions


@pytest.mark.parametrize("positions", [range(7), [3, 1, 10, 4], [0.5, 2.25], [1000, 9999, 10_000]])
@pytest.mark.parametrize("channels", [2, 6, 10])
def test_sinusoids(judge, positions, channels):
    positions = np.array(positions)
    judge.same("sinusoids", positions, channels, case=f"positions {positions}, C = {channels}")


def test_sinusoids_of_another_base(judge):
    def with_base(piece, positions, channels, base):
        return piece(positions, channels, base=base)

    judge.same("sinusoids", np.arange(1, 5), 8, 500.0, through=with_base, case="base=500")


def test_sinusoids_by_hand(judge):
    y = judge.same("sinusoids", np.array([0, 3]), 4, case="o exemplo")
    expected = [[0, 1, 0, 1], [0.14112001, -0.9899925, 0.0299955, 0.99955003]]
    judge.that(np.allclose(y, expected, atol=1e-6), "sinusoids", "o exemplo, posições 0 e 3",
               "deveria dar [0, 1, 0, 1] e [0,141, -0,990, 0,030, 1,000]")  # fmt: skip


def test_sinusoids_computed_elsewhere(judge):
    y = judge.same("sinusoids", np.array([0, 1, 5, 100]), 6, case="valores guardados")
    judge.that(np.allclose(y, STORED_WAVES, atol=1e-6), "sinusoids", "valores guardados", "difere do PyTorch")


def test_the_product_of_two_positions_depends_on_their_distance(judge):
    y = judge.same("sinusoids", np.array([2, 9, 30, 37]), 16, case="posições 2, 9, 30 e 37")
    judge.that(np.allclose(y[0] @ y[1], y[2] @ y[3], atol=1e-4), "sinusoids", "posições 2 e 9, 30 e 37",
               "pares à mesma distância deveriam ter o mesmo produto")  # fmt: skip
    judge.that(
        np.allclose(y[0] @ y[0], 8, atol=1e-4), "sinusoids", "C = 16", "o quadrado de cada linha deveria ser C/2"
    )


@pytest.mark.parametrize("name", ["embedding", "sinusoids"])
def test_time_and_memory(judge, name):
    judge.fast(name)
