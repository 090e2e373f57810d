"""m03.e04: two activations with their gradients, and the layer that puts one of them between two products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes, there_and_back
from tinyllm.nn.module import load_weights
from tinyllm.tensor import Tensor

rng = np.random.default_rng(0)
SHAPES = [(5,), (4, 3), (2, 3, 5)]
# computed once with PyTorch 2.13: gelu(x), silu(x) * up, and their gradients for dy
STORED_X = np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 3.0, -0.75, -2.0]])
STORED_DY = np.array([[1.0, -2.0, 0.5, 0.75], [0.25, 3.0, -1.0, -0.5]])
STORED_UP = np.array([[1.0, 2.0, -0.5, 0.3], [0.7, -1.5, 2.5, 1.1]])
STORED_GELU = (
    [[0.3457312306, -0.1586552539, 1.9544997361, 0.1496765814],
     [1.3997891981, 2.9959503059, -0.1699705143, -0.0455002639]],
    [[0.86749512466, 0.16663094118, 0.54261590054, 0.52153001616],
     [0.28186729806, 3.0358369416, -0.00077427826076, 0.042615900539]],
)  # fmt: skip
STORED_SWIGLU = (
    [[0.3112296656, -0.5378828427, -0.8807970780, 0.0421632376],
     [0.8584532000, -4.2865835707, -0.6015399390, -0.2622464284]],
    [[0.7399611873, -0.2893179525, -0.2726960622, 0.1403347549],
     [0.1822264770, -4.8964684771, -0.3935001388, 0.0499313368]],
    [[0.3112296656, 0.5378828427, 0.8807970780, 0.1054080939],
     [0.3065904286, 8.5731671414, 0.2406159756, 0.1192029220]],
)  # fmt: skip
WEIGHTS = {
    "up.weight": np.array([[0.3, -0.7, 0.1], [0.8, 0.05, -0.5]]),
    "up.bias": np.array([0.1, -0.2, 0.3]),
    "down.weight": np.array([[0.6, -1.1], [0.2, 0.9], [-0.4, 1.2]]),
    "down.bias": np.array([0.05, -0.15]),
}
STORED_LAYER = [[-0.3517878061, 0.6964391329], [0.3758386551, -0.7472994358]]


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's gelu in the answer: the layer is judged by itself, not by what it calls."""
    monkeypatch.setattr(judge.answer, "gelu", judge.solution.gelu)
    return judge


def gated(judge, *arguments, case):
    return judge.same("swiglu", *arguments, through=judge.support.both_gradients, case=case)


def layer(judge, *arguments, case):
    return judge.same("FeedForward", *arguments, through=judge.support.built, case=case)


def check_slope(judge, name, what, value, x, dx, dy):
    """`dx` is the slope of `value(x)`, measured in a random direction."""
    direction, eps = rng.normal(size=x.shape), 1e-6
    ends = [(value(Tensor(x + sign * eps * direction)).data * dy).sum() for sign in (1, -1)]
    slope, found = (ends[0] - ends[1]) / (2 * eps), (dx * direction).sum()
    judge.that(abs(slope - found) < 1e-6 * max(1, abs(slope)), name, f"o gradiente de {what}, diferenças centrais",
               f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------- GELU


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gelu(judge, shape, dtype):
    x, dy = (2 * rng.normal(size=shape).astype(dtype) for _ in range(2))
    judge.same("gelu", x, dy, through=there_and_back, case=f"x {shapes(x)}")


def test_gelu_of_any_shape(judge):
    @given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0))
    def agrees(shape, seed):
        x, dy = np.random.default_rng(seed).normal(size=(2, *shape))
        judge.same("gelu", x, dy, through=there_and_back, case=f"x {shapes(x)}")

    agrees()


def test_gelu_by_hand(judge):
    y, dx = judge.same("gelu", np.array([0.0, 1.0, -1.0]), np.ones(3), through=there_and_back, case="o exemplo")
    judge.that(np.allclose(y, [0, 0.8413447, -0.1586553]), "gelu", "x [0, 1, -1]", "deveria dar [0, 0,841, -0,159]")
    judge.that(np.isclose(dx[0], 0.5), "gelu", "x 0", "a inclinação em 0 deveria ser 1/2")


def test_gelu_computed_elsewhere(judge):
    found = judge.same("gelu", STORED_X, STORED_DY, through=there_and_back, case="valores guardados")
    judge.that(np.allclose(found, STORED_GELU), "gelu", "valores guardados", "difere do PyTorch")


def test_gelu_of_other_numbers_and_layouts(judge):
    x = np.array([[1e4, -1e4, 0.0, 30.0], [-30.0, 5.0, -5.0, 1e-4]])
    y, dx = judge.same("gelu", x, np.full((2, 4), 1.5), through=there_and_back, case="números de até ±10000")
    judge.that(np.isfinite(y).all() and np.isfinite(dx).all(), "gelu", "números de até ±10000", "transbordou")
    judge.same("gelu", x.T, np.broadcast_to(x[0, :2], (4, 2)), through=there_and_back, case="um x que não é contíguo")


def test_the_gradient_of_gelu_is_the_slope(judge):
    x, dy = rng.normal(size=(2, 3, 4))
    _, dx = judge.same("gelu", x, dy, through=there_and_back, case="x (3, 4)")
    check_slope(judge, "gelu", "x", judge.answer.gelu, x, dx, dy)


# -------------------------------------------------------------------------------------------------------------- SwiGLU


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_swiglu(judge, shape, dtype):
    dy, gate, x = (2 * rng.normal(size=shape).astype(dtype) for _ in range(3))
    gated(judge, dy, gate, x, case=f"gate e x {shapes(x)}")


def test_swiglu_of_any_shape(judge):
    @given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0))
    def agrees(shape, seed):
        gated(judge, *np.random.default_rng(seed).normal(size=(3, *shape)), case=f"gate e x de forma {tuple(shape)}")

    agrees()


def test_swiglu_by_hand(judge):
    one, gate, x = np.ones(2), np.array([np.log(3.0), 0.0]), np.array([2.0, 7.0])
    y, *_ = gated(judge, one, gate, x, case="o exemplo")
    judge.that(np.allclose(y, [1.6479184, 0.0]), "swiglu", "gate [log 3, 0], x [2, 7]", "deveria dar [1,648, 0]")


def test_swiglu_computed_elsewhere(judge):
    found = gated(judge, STORED_DY, STORED_X, STORED_UP, case="valores guardados")
    judge.that(np.allclose(found, STORED_SWIGLU), "swiglu", "valores guardados", "difere do PyTorch")


def test_swiglu_of_other_numbers_and_layouts(judge):
    dy, gate, x = rng.normal(size=(3, 4, 3))
    gate[0], gate[1] = 1e4, -1e4
    found = gated(judge, dy, gate, x, case="uma porta de até ±10000")
    judge.that(np.isfinite(found).all(), "swiglu", "uma porta de até ±10000", "transbordou")
    gated(judge, dy.T, gate[2:].repeat(2, axis=0).T, x.T, case="arrays que não são contíguos")
    gated(judge, dy, gate[3], x, case="uma porta (3,) para as quatro linhas de x")


def test_the_gradients_of_swiglu_are_the_slope(judge):
    dy, gate, x = rng.normal(size=(3, 3, 4))
    _, dgate, dx = gated(judge, dy, gate, x, case="gate e x (3, 4)")
    check_slope(judge, "swiglu", "gate", lambda moved: judge.answer.swiglu(moved, Tensor(x)), gate, dgate, dy)
    check_slope(judge, "swiglu", "x", lambda moved: judge.answer.swiglu(Tensor(gate), moved), x, dx, dy)


# -------------------------------------------------------------------------------------------------------- feed-forward


@pytest.mark.parametrize(("shape", "hidden"), [((4, 3), 7), ((2, 5, 6), 4)])
@pytest.mark.parametrize("out_std", [None, 0.02])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_feed_forward(alone, shape, hidden, out_std, dtype):
    x, dy = rng.normal(size=(2, *shape)).astype(dtype)
    layer(alone, hidden, 7, x, dy, out_std, case=f"x {shapes(x)}, hidden={hidden}, out_std={out_std}")


def test_feed_forward_by_hand(alone):
    layer(alone, 1, 5, np.ones((1, 1)), np.ones((1, 1)), case="width=1, hidden=1")
    one, values = alone.answer.FeedForward(1, 1, rng=rng), ([[2.0]], [-1.0], [[3.0]], [0.5])
    load_weights(one, {name: np.array(value) for name, value in zip(WEIGHTS, values, strict=True)})
    y = one(Tensor(np.array([[1.0]]))).data
    alone.that(np.allclose(y, 3.0240342), "FeedForward", "o exemplo, x = 1", f"deveria dar 3,024; deu {y.item():.4g}")


def test_feed_forward_computed_elsewhere(alone):
    x = np.array([[0.5, -1.0], [2.0, 0.25]])
    layer(alone, 3, 5, x, x, case="x (2, 2), hidden=3")
    made = alone.answer.FeedForward(2, 3, rng=rng)
    load_weights(made, WEIGHTS)
    y = made(Tensor(x)).data
    alone.that(np.allclose(y, STORED_LAYER, atol=1e-6), "FeedForward", "valores guardados", "difere do PyTorch")


def test_each_position_goes_by_itself(alone):
    x, dy = rng.normal(size=(2, 4, 5, 3))
    _, y, *_ = layer(alone, 6, 3, x, dy, case="x (4, 5, 3)")
    _, turned, *_ = layer(alone, 6, 3, x[:, ::-1], dy, case="as mesmas posições, de trás para a frente")
    alone.that(np.allclose(turned[:, ::-1], y), "FeedForward", "posições de trás para a frente",
               "cada posição deveria sair igual, onde quer que esteja")  # fmt: skip


@pytest.mark.parametrize("name", ["gelu", "swiglu", "FeedForward"])
def test_time_and_memory(judge, name):
    judge.fast(name)
