"""m03.e05: channels dealt to heads and gathered again, and attention of several heads that do not look at padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes, there_and_back
from tinyllm.nn.module import load_weights
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)
# computed once with PyTorch 2.13: MultiheadAttention of 2 heads, the last position of the second text being padding
WEIGHTS = {
    "qkv.weight": np.array([
        [-0.80, -1.32, -0.25, 0.42, 1.14, 0.11, -0.55, -0.78, 0.75, 1.63, 0.27, -1.23],
        [-0.96, 1.60, 0.20, -1.73, -0.08, -1.16, -0.63, -0.49, -0.71, 0.55, -0.06, -0.59],
        [0.41, 0.83, -1.64, -0.26, -0.98, -0.17, -1.29, 0.02, -0.04, -0.30, -1.05, -0.40],
        [-1.09, -1.36, 0.22, -1.11, 1.17, 0.72, -2.00, 0.27, -1.10, 0.03, 0.04, -1.99],
    ]),
    "qkv.bias": np.array([-0.23, -0.26, 0.96, -1.18, 0.74, -1.10, -0.33, -0.84, 1.45, 0.57, 2.43, 0.64]),
    "out.weight": np.array([
        [0.84, 0.84, -0.61, -0.07], [1.35, -0.40, 0.19, -0.02], [0.61, -0.36, -0.15, 0.24], [0.10, -0.86, 0.90, -1.30],
    ]),
    "out.bias": np.array([-1.20, -1.28, 0.97, -0.36]),
}  # fmt: skip
STORED_X = np.array([
    [[-0.97, -1.14, 0.42, -1.05], [-1.27, 0.61, -1.20, -0.32], [-0.01, -0.45, -0.05, 1.34]],
    [[-0.52, -1.26, -1.84, -0.20], [-0.35, 0.27, -0.46, -0.48], [-0.72, -0.52, 0.16, -0.38]],
])  # fmt: skip
STORED_DY = np.array([
    [[0.10, 1.90, 0.48, -1.58], [1.73, 0.35, -0.94, 0.91], [0.02, -0.62, -0.63, -0.99]],
    [[0.05, 1.07, -0.33, 0.42], [1.88, -1.21, 0.26, -0.31], [-1.06, -1.03, -0.02, 0.43]],
])  # fmt: skip
STORED_Y = [
    [[1.2421456997, -4.2013978468, 2.7609222584, -3.0756898841],
     [1.2378902391, -4.7894250354, 3.5087150986, -4.6222015649],
     [0.2313149653, -3.8411401281, 2.8226522866, -4.3677864698]],
    [[3.3825304647, -4.3238393051, 2.2605415305, -3.5483124325],
     [2.9927769270, -3.4662490083, 1.7283232924, -3.4564164297],
     [2.7978255812, -3.1523426507, 1.5569488668, -3.2859545111]],
]  # fmt: skip
STORED_DX = [
    [[0.0549521829, 0.1688547892, -2.6771798757, 6.4830695129],
     [0.4055560002, 0.4468442257, -3.3741336641, -5.0449457800],
     [4.6491862563, -1.6021793896, -0.6632408396, -4.3271472963]],
    [[1.6798468903, 1.8421686940, -1.9979764697, -0.1356325485],
     [1.3276674516, -1.7070750061, -1.3543804498, 0.4924996274],
     [0.1321022280, -0.0566486882, -0.0605508451, 0.1510473079]],
]  # fmt: skip


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's operations in the answer: the layer is judged by itself, not by what it calls."""
    for name in ("split_heads", "merge_heads"):
        monkeypatch.setattr(judge.answer, name, getattr(judge.solution, name))
    return judge


def split(judge, x, dy, heads, part, parts, *, case):
    return judge.same("split_heads", x, dy, heads, part, parts, through=judge.support.split, case=case)


def layer(judge, *arguments, case):
    return judge.same("SelfAttention", *arguments, through=judge.support.built, case=case)


# --------------------------------------------------------------------------------------------------------------- heads


@pytest.mark.parametrize(("part", "parts"), [(0, 1), (0, 2), (2, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_split_heads(judge, part, parts, dtype):
    x, dy = rng.normal(size=(2, 3, 6 * parts)).astype(dtype), rng.normal(size=(2, 2, 3, 3)).astype(dtype)
    split(judge, x, dy, 2, part, parts, case=shapes(x, heads=2, part=part, parts=parts))


def test_split_heads_of_any_shape(judge):
    @given(*(st.integers(1, 4) for _ in range(6)), st.integers(0))
    def agrees(rows, positions, heads, channels, parts, part, seed):
        draw, part = np.random.default_rng(seed), min(part, parts) - 1
        x = draw.normal(size=(rows, positions, parts * heads * channels))
        dy = draw.normal(size=(rows, heads, positions, channels))
        split(judge, x, dy, heads, part, parts, case=shapes(x, heads=heads, part=part, parts=parts))

    agrees()


def test_split_heads_by_hand(judge):
    x = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    y, _ = split(judge, x, np.ones((1, 2, 1, 2)), 2, 0, 1, case="o exemplo, heads=2")
    judge.that(np.array_equal(y, [[[[1, 2]], [[3, 4]]]]), "split_heads", "o exemplo, heads=2",
               "deveria dar [[[[1, 2]], [[3, 4]]]]")  # fmt: skip
    y, dx = split(judge, x, np.array([[[[5.0, 6.0]]]]), 1, 1, 2, case="o exemplo, heads=1, part=1, parts=2")
    judge.that(np.array_equal(y, [[[[3, 4]]]]), "split_heads", "o exemplo, part=1, parts=2", "deveria dar [[[[3, 4]]]]")
    judge.that(np.array_equal(dx, [[[0, 0, 5, 6]]]), "split_heads", "part=1, parts=2, dy [[[[5, 6]]]]",
               "o gradiente deveria ser [[[0, 0, 5, 6]]]")  # fmt: skip


def test_split_heads_without_options_takes_all_channels(judge):
    def plain(piece, x):
        return piece(Tensor(x), heads=3).data

    judge.same("split_heads", rng.normal(size=(2, 4, 6)), through=plain, case="heads=3, sem part nem parts")


def test_split_heads_of_other_layouts(judge):
    x = 1e4 * rng.normal(size=(12, 5, 2))
    split(judge, x.T, np.broadcast_to(rng.normal(size=2), (2, 3, 5, 2)), 3, 1, 2,
          case="um x que não é contíguo, de até ±10000, e um dy esticado")  # fmt: skip


def test_the_parts_share_one_gradient(judge):
    dy = rng.normal(size=(3, 2, 4, 5, 3))
    x = Tensor(rng.normal(size=(2, 5, 36)), requires_grad=True)
    total = 0.0
    for part in range(3):
        split(judge, x.data, dy[part], 4, part, 3, case=f"x (2, 5, 36), part={part}, parts=3")
        total = total + (judge.answer.split_heads(x, heads=4, part=part, parts=3) * dy[part]).sum()
    expected = dy.transpose(1, 3, 0, 2, 4).reshape(2, 5, 36)
    judge.that(np.allclose(backward(total)[x], expected), "split_heads", "as três partes de x (2, 5, 36)",
               "juntos, os gradientes das partes deveriam ser dy, canal por canal")  # fmt: skip


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (3, 4, 2, 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_merge_heads(judge, shape, dtype):
    B, H, T, D = shape
    x, dy = rng.normal(size=shape).astype(dtype), rng.normal(size=(B, T, H * D)).astype(dtype)
    judge.same("merge_heads", x, dy, through=there_and_back, case=f"x {shapes(x)}")


def test_merge_heads_of_any_shape(judge):
    @given(*(st.integers(1, 5) for _ in range(4)), st.integers(0))
    def agrees(B, H, T, D, seed):
        draw = np.random.default_rng(seed)
        x, dy = draw.normal(size=(B, H, T, D)), draw.normal(size=(B, T, H * D))
        judge.same("merge_heads", x, dy, through=there_and_back, case=f"x {shapes(x)}")

    agrees()


def test_merge_heads_by_hand(judge):
    x = np.array([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    y, _ = judge.same("merge_heads", x, np.ones((1, 1, 4)), through=there_and_back, case="o exemplo")
    judge.that(np.array_equal(y, [[[1, 2, 3, 4]]]), "merge_heads", "o exemplo", "deveria dar [[[1, 2, 3, 4]]]")


def test_merge_heads_of_other_layouts(judge):
    x = 1e4 * rng.normal(size=(5, 4, 3, 2))
    dy = np.broadcast_to(rng.normal(size=(4, 1)), (2, 4, 15))
    judge.same("merge_heads", x.T, dy, through=there_and_back, case="um x que não é contíguo, e um dy esticado")


def test_merging_undoes_splitting(judge):
    x = rng.normal(size=(2, 5, 12))
    split(judge, x, np.ones((2, 3, 5, 4)), 3, 0, 1, case="x (2, 5, 12), heads=3")
    y = judge.answer.merge_heads(judge.solution.split_heads(Tensor(x), heads=3)).data
    judge.that(np.array_equal(y, x), "merge_heads", "split_heads de x (2, 5, 12)", "deveria devolver x")


# ----------------------------------------------------------------------------------------------------------- attention


@pytest.mark.parametrize("lengths", [None, np.array([5, 2, 4])])
@pytest.mark.parametrize("out_std", [None, 0.02])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_self_attention(alone, lengths, out_std, dtype):
    x, dy = rng.normal(size=(2, 3, 5, 8)).astype(dtype)
    layer(alone, 4, 7, x, dy, lengths, out_std,
          case=f"x {shapes(x)}, heads=4, lengths={lengths}, out_std={out_std}")  # fmt: skip


def test_self_attention_of_any_shape(alone):
    @given(*(st.integers(1, 4) for _ in range(4)), st.integers(0, 2**32))
    def agrees(B, T, heads, channels, seed):
        draw = np.random.default_rng(seed)
        x, dy = draw.normal(size=(2, B, T, heads * channels))
        lengths = draw.integers(1, T + 1, size=B)
        layer(alone, heads, seed, x, dy, lengths, case=f"x {shapes(x)}, heads={heads}, lengths={lengths}")

    agrees()


def test_self_attention_by_hand(alone):
    x, eye = np.eye(2)[None], np.eye(2)
    layer(alone, 2, 3, x, x, case="x [[1, 0], [0, 1]], heads=2")
    made = alone.answer.SelfAttention(2, 2, rng=rng)
    load_weights(made, {"qkv.weight": np.tile(eye, 3), "qkv.bias": np.zeros(6), "out.weight": eye,
                        "out.bias": np.zeros(2)})  # fmt: skip
    y = made(Tensor(x)).data
    alone.that(np.allclose(y, [[[0.7310586, 0.5], [0.5, 0.7310586]]]), "SelfAttention", "o exemplo",
               "deveria dar [[0,731, 0,5], [0,5, 0,731]]")  # fmt: skip


def test_self_attention_computed_elsewhere(alone):
    lengths = np.array([3, 2])
    layer(alone, 2, 3, STORED_X, STORED_DY, lengths, case=f"x (2, 3, 4), heads=2, lengths={lengths}")
    made = alone.answer.SelfAttention(4, 2, rng=rng)
    load_weights(made, WEIGHTS)
    x = Tensor(STORED_X, requires_grad=True)
    y = made(x, lengths)
    agree = np.allclose(y.data, STORED_Y, atol=1e-5) and np.allclose(backward(y, STORED_DY)[x], STORED_DX, atol=1e-5)
    alone.that(agree, "SelfAttention", "valores guardados", "difere do PyTorch")


def test_self_attention_of_other_numbers_and_layouts(alone):
    x = 1e4 * rng.normal(size=(6, 5, 2))
    found = layer(alone, 3, 2, x.T, np.broadcast_to(rng.normal(size=(5, 1)), (2, 5, 6)), np.array([3, 5]),
                  case="um x que não é contíguo, de até ±10000, e um dy esticado")  # fmt: skip
    alone.that(np.isfinite(found.valor).all(), "SelfAttention", "números de até ±10000", "transbordou")


def test_padding_changes_nothing(alone):
    x, lengths = rng.normal(size=(2, 6, 4)), np.array([3, 6])
    y = layer(alone, 2, 7, x, x, lengths, case="x (2, 6, 4), lengths=[3 6]").valor
    other = x.copy()
    other[0, 3:] = 1e4
    z = layer(alone, 2, 7, other, x, lengths, case="o mesmo, com 10000 no preenchimento").valor
    alone.that(np.allclose(y[0, :3], z[0, :3]), "SelfAttention", "com outro preenchimento",
               "o preenchimento mudou as posições de verdade")  # fmt: skip
    short = layer(alone, 2, 7, x[:1, :3], x[:1, :3], case="o mesmo texto, sem preenchimento").valor
    alone.that(np.allclose(y[0, :3], short[0]), "SelfAttention", "sem preenchimento",
               "um texto deveria sair igual, com ou sem preenchimento")  # fmt: skip


def test_the_order_of_positions_means_nothing(alone):
    x, order = rng.normal(size=(2, 5, 6)), rng.permutation(5)
    y = layer(alone, 3, 7, x, x, case="x (2, 5, 6)").valor
    z = layer(alone, 3, 7, x[:, order], x, case="as mesmas posições, em outra ordem").valor
    alone.that(np.allclose(y[:, order], z), "SelfAttention", "as mesmas posições, em outra ordem",
               "cada posição deveria sair igual, onde quer que esteja")  # fmt: skip


def test_the_gradient_is_the_slope(alone):
    x, dy, direction = rng.normal(size=(3, 2, 4, 6))
    lengths, eps = np.array([4, 2]), 1e-6
    dx = layer(alone, 2, 7, x, dy, lengths, case="x (2, 4, 6), heads=2").gradiente_de_x
    ends = [(alone.support.built(alone.answer.SelfAttention, 2, 7, x + sign * eps * direction, dy, lengths).valor
             * dy).sum() for sign in (1, -1)]  # fmt: skip
    slope, found = (ends[0] - ends[1]) / (2 * eps), (dx * direction).sum()
    alone.that(abs(slope - found) < 1e-6 * max(1, abs(slope)), "SelfAttention", "diferenças centrais",
               f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


def test_the_fused_attention_of_the_library_gives_the_same(alone):
    x = rng.normal(size=(2, 5, 6))
    layer(alone, 3, 7, x, x, np.array([5, 2]), case="x (2, 5, 6), heads=3")
    made = alone.answer.SelfAttention(6, 3, rng=np.random.default_rng(7))
    qkv = made.qkv(Tensor(x))
    q, k, v = (F.split_heads(qkv, heads=3, part=i, parts=3) for i in range(3))
    expected = made.out(F.merge_heads(F.attention(q, k, v, lengths=np.array([5, 2])))).data
    alone.that(np.allclose(made(Tensor(x), np.array([5, 2])).data, expected), "SelfAttention", "x (2, 5, 6), heads=3",
               "difere da atenção da biblioteca")  # fmt: skip


@pytest.mark.parametrize("name", ["split_heads", "merge_heads"])
def test_time_and_memory(judge, name):
    judge.fast(name)


def test_time_and_memory_of_the_layer(alone):
    alone.fast("SelfAttention")
