"""m03.e02: the angles of each position, pairs of channels turned by them, and what turning keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes
from tinyllm.tensor import Tensor

rng = np.random.default_rng(0)
# computed once with PyTorch 2.13, as products of complex numbers: the positions 1 and 5 of two heads of 6 channels
POSITIONS = np.array([1, 5])
STORED_COS = [[0.5403023059, 0.9989229760, 0.9999976792], [0.2836621855, 0.9731902243, 0.9999419807]]
STORED_SIN = [[0.8414709848, 0.0463992235, 0.0021544330], [-0.9589242747, 0.2300017117, 0.0107719651]]
STORED_X = np.array([[0.5, -1.0, 2.0, 0.25, 1.0, -0.5], [1.5, 3.0, -0.75, -2.0, 0.1, 0.7]])
STORED_DY = np.array([[1.0, -2.0, 0.5, 0.75, 0.3, -0.2], [0.25, 3.0, -1.0, -0.5, 0.6, 0.9]])
STORED_Y = [
    [0.0597834067, -1.0453221995, 2.0010725749, 0.5558110689, 0.9525237526, -0.4956899736],
    [-1.4923552711, 2.8965705017, -0.7574968611, -2.0057107829, 0.7873241574, 0.6918804127],
]
STORED_DX = [
    [1.1714055445, -1.9839261850, 0.4995679530, -0.4362442554, 0.3924753397, -0.2010767524],
    [0.5503776837, 3.0575716998, -0.9902472121, 0.0978999759, -0.1060910004, 0.9107197477],
]


def same(judge, x, dy, cos, sin, *, case):
    return judge.same("rotary", x, dy, cos, sin, through=judge.support.turned, case=case)


# -------------------------------------------------------------------------------------------------------------- angles


@pytest.mark.parametrize("positions", [range(7), [3, 1, 10, 4], [0.5, 2.25], [1000, 9999, 10_000]])
@pytest.mark.parametrize("channels", [2, 6, 10])
def test_rotations(judge, positions, channels):
    positions = np.array(positions)
    judge.same("rotations", positions, channels, case=f"positions {positions}, D = {channels}")


def test_rotations_of_another_base(judge):
    def with_base(piece, positions, channels, base):
        return piece(positions, channels, base=base)

    judge.same("rotations", np.arange(1, 5), 8, 500.0, through=with_base, case="base=500")


def test_rotations_by_hand(judge):
    cos, sin = judge.same("rotations", np.array([0, 3]), 4, case="o exemplo")
    right = np.allclose(cos, [[1, 1], [-0.9899925, 0.99955003]]) and np.allclose(sin, [[0, 0], [0.14112001, 0.0299955]])
    judge.that(right, "rotations", "o exemplo, posições 0 e 3",
               "na posição 3, os cossenos deveriam ser [-0,990, 1,000] e os senos [0,141, 0,030]")  # fmt: skip


def test_rotations_computed_elsewhere(judge):
    cos, sin = judge.same("rotations", POSITIONS, 6, case="valores guardados")
    agree = np.allclose(cos, STORED_COS, atol=1e-6) and np.allclose(sin, STORED_SIN, atol=1e-6)
    judge.that(agree, "rotations", "valores guardados", "difere do PyTorch")


# --------------------------------------------------------------------------------------------------------------- turns


@pytest.mark.parametrize("shape", [(3, 2), (5, 6), (2, 3, 4), (2, 3, 5, 8)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rotary(judge, shape, dtype):
    x, dy = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    cos, sin = (array.astype(dtype) for array in F.rotations(np.arange(1, 1 + shape[-2]), shape[-1]))
    same(judge, x, dy, cos, sin, case=f"x {shapes(x)}")


def test_rotary_of_any_shape(judge):
    @given(st.lists(st.integers(1, 4), max_size=2), st.integers(1, 6), st.integers(1, 5), st.integers(0))
    def agrees(before, positions, pairs, seed):
        draw, shape = np.random.default_rng(seed), (*before, positions, 2 * pairs)
        angles = draw.normal(size=(positions, pairs))
        x, dy = draw.normal(size=shape), draw.normal(size=shape)
        same(judge, x, dy, np.cos(angles), np.sin(angles), case=f"x {shapes(x)}")

    agrees()


def test_rotary_by_hand(judge):
    quarter = np.zeros((1, 1)), np.ones((1, 1))
    y, dx = same(judge, np.array([[3.0, 1.0]]), np.array([[1.0, 2.0]]), *quarter, case="o exemplo, 90 graus")
    judge.that(np.array_equal(y, [[-1, 3]]), "rotary", "o exemplo, 90 graus", "deveria dar [[-1, 3]]")
    judge.that(np.array_equal(dx, [[2, -1]]), "rotary", "o exemplo, dy [[1, 2]]", "o gradiente deveria ser [[2, -1]]")


def test_rotary_computed_elsewhere(judge):
    angles = POSITIONS[:, None] * 10000.0 ** (-np.arange(0, 6, 2) / 6)
    y, dx = same(judge, STORED_X, STORED_DY, np.cos(angles), np.sin(angles), case="valores guardados, D = 6")
    agree = np.allclose(y, STORED_Y) and np.allclose(dx, STORED_DX)
    judge.that(agree, "rotary", "valores guardados, D = 6", "difere do PyTorch")


def test_rotary_of_other_layouts(judge):
    cos, sin = F.rotations(np.arange(2, 7), 4)
    x = 1e4 * rng.normal(size=(4, 5, 3))
    same(judge, x.T, rng.normal(size=(3, 5, 4)), cos, sin, case="um x que não é contíguo, de até ±10000")
    same(judge, np.ascontiguousarray(x.T), np.broadcast_to(rng.normal(size=4), (3, 5, 4)), cos[::-1], sin[::-1],
         case="um dy esticado, posições de trás para a frente")  # fmt: skip


def test_the_gradient_is_the_slope(judge):
    x, dy, direction = (rng.normal(size=(2, 3, 4)) for _ in range(3))
    cos, sin = F.rotations(np.arange(3), 4)
    _, dx = same(judge, x, dy, cos, sin, case="x (2, 3, 4)")
    eps = 1e-6
    ends = [
        (judge.answer.rotary(Tensor(x + sign * eps * direction), cos=cos, sin=sin).data * dy).sum() for sign in (1, -1)
    ]
    slope, found = (ends[0] - ends[1]) / (2 * eps), (dx * direction).sum()
    judge.that(abs(slope - found) < 1e-6, "rotary", "diferenças centrais",
               f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


def test_turning_keeps_lengths_and_leaves_the_distance(judge):
    query, key = rng.normal(size=(2, 8))
    positions = np.array([3, 7, 20, 24])
    cos, sin = F.rotations(positions, 8)
    x = np.stack([query, key, query, key])
    y, _ = same(judge, x, x, cos, sin, case="a mesma pergunta e a mesma chave em 3 e 7, em 20 e 24")
    judge.that(np.allclose((y * y).sum(axis=-1), (x * x).sum(axis=-1)), "rotary", "x (4, 8)",
               "girar não deveria mudar o comprimento de um vetor")  # fmt: skip
    judge.that(np.allclose(y[0] @ y[1], y[2] @ y[3], atol=1e-4), "rotary", "posições 3 e 7, 20 e 24",
               "pares à mesma distância deveriam ter o mesmo produto")  # fmt: skip


@pytest.mark.parametrize("name", ["rotations", "rotary"])
def test_time_and_memory(judge, name):
    judge.fast(name)
