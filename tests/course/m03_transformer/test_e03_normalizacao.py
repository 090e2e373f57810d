"""m03.e03: layer norm and RMS norm, what they do not see of a vector, and the gradients of all inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.tensor import Tensor

rng = np.random.default_rng(0)
each_norm = pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])

# computed once with PyTorch 2.13: layer_norm(x, (4,), w, b) and rms_norm(x, (4,), w, 1e-6), and their gradients for dy
STORED_X = np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 3.0, -0.75, -2.0]])
STORED_DY = np.array([[1.0, -2.0, 0.5, 0.75], [0.25, 3.0, -1.0, -0.5]])
WEIGHT, BIAS = np.array([0.3, -0.6, 0.9, 1.2]), np.array([0.1, -0.2, 0.4, 0.0])
STORED = {
    "layer_norm": (
        [[0.1175862341, 0.6089667685, 1.7189675573, -0.2110348092],
         [0.2643449847, -0.9927228673, -0.1510390663, -1.5081069184]],
        [[-0.3717888345, 0.1097508271, 0.1315006133, 0.1305373941],
         [0.5272369082, -0.3366210785, -0.1297812240, -0.0608346058]],
        [0.1955749342, 6.6601702317, 1.3450253833, 0.4964811269],
        [1.25, 1.0, -0.5, 0.25],
    ),
    "rms_norm": (
        [[0.1301582257, 0.5206329028, 1.5618987083, 0.2603164514],
         [0.2263300322, -0.9053201289, -0.3394950483, -1.2070935052]],
        [[0.2541913630, 1.0535159822, 0.3659743236, 0.7778868100],
         [0.2005361204, -0.5796912321, -0.5340672886, -0.5188593075]],
        [0.6224691125, 6.2620436536, 1.2449382250, 0.6656534093],
    ),
}  # fmt: skip


def inputs(name, shape, dtype=np.float64, draw=rng):
    """dy, x, weight and, for a layer norm, bias."""
    C = shape[-1]
    sizes = (shape, shape, (C,), (C,))[: 4 if name == "layer_norm" else 3]
    return [draw.normal(size=size).astype(dtype) for size in sizes]


def same(judge, name, *arguments, case):
    return judge.same(name, *arguments, through=judge.support.every_gradient, case=case)


@each_norm
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 7)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_value_and_its_gradients(judge, name, shape, dtype):
    dy, x, *weights = inputs(name, shape, dtype)
    same(judge, name, dy, x + dtype(0.7), *weights, case=f"x {shapes(x)}")


@each_norm
def test_any_shape(judge, name):
    @given(st.lists(st.integers(1, 4), max_size=3), st.integers(1, 9), st.integers(0))
    def agrees(before, channels, seed):
        dy, x, *weights = inputs(name, (*before, channels), draw=np.random.default_rng(seed))
        same(judge, name, dy, x, *weights, case=f"x {shapes(x)}")

    agrees()


@each_norm
def test_by_hand(judge, name):
    x, one, zero = np.array([1.0, 3.0, 5.0, 7.0]), np.ones(4), np.zeros(4)
    y, *_ = same(judge, name, one, x, *((one, zero) if name == "layer_norm" else (one,)), case="o exemplo")
    expected = {"layer_norm": [-1.342, -0.447, 0.447, 1.342], "rms_norm": [0.218, 0.655, 1.091, 1.528]}[name]
    told = ", ".join(f"{number:.3f}".replace(".", ",") for number in expected)
    judge.that(np.allclose(y, expected, atol=1e-3), name, "o exemplo, [1, 3, 5, 7]", f"deveria dar [{told}]")


@each_norm
def test_computed_elsewhere(judge, name):
    weights = (WEIGHT, BIAS)[: len(STORED[name]) - 2]
    found = same(judge, name, STORED_DY, STORED_X, *weights, case="valores guardados, C = 4")
    agree = all(np.allclose(f, s) for f, s in zip(found, STORED[name], strict=True))
    judge.that(agree, name, "valores guardados, C = 4", "difere do PyTorch")


@each_norm
def test_the_gradients_are_the_slope(judge, name):
    dy, *arguments = inputs(name, (2, 3, 4))
    _, *gradients = same(judge, name, dy, *arguments, case="x (2, 3, 4)")
    piece, eps = getattr(judge.answer, name), 1e-6
    for which, what in enumerate(("x", "weight", "bias")[: len(arguments)]):
        direction, ends = rng.normal(size=arguments[which].shape), []
        for sign in (1, -1):
            moved = list(arguments)
            moved[which] = moved[which] + sign * eps * direction
            ends.append((piece(*map(Tensor, moved)).data * dy).sum())
        slope, found = (ends[0] - ends[1]) / (2 * eps), (gradients[which] * direction).sum()
        judge.that(abs(slope - found) < 1e-6 * max(1, abs(slope)), name, f"o gradiente de {what}, diferenças centrais",
                   f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


@each_norm
def test_numbers_of_every_size(judge, name):
    for size in (1e4, 1e-3):  # at the second, eps counts
        dy, x, *weights = inputs(name, (3, 5))
        same(judge, name, dy, size * x, *weights, case=f"x de até ±{3 * size:g}")


@each_norm
def test_another_eps(judge, name):
    def with_eps(piece, *arguments):
        return judge.support.every_gradient(piece, *arguments, eps=0.25)

    judge.same(name, *inputs(name, (3, 4)), through=with_eps, case="eps=0.25")


@each_norm
def test_a_vector_of_equal_numbers(judge, name):
    dy, x, *weights = inputs(name, (3, 4))
    x[1], x[2] = 2.5, 0.0
    same(judge, name, dy, x, *weights, case="um vetor só de 2,5 e um só de 0")


@each_norm
def test_other_layouts(judge, name):
    dy, x, *weights = inputs(name, (5, 3, 4))
    same(judge, name, dy.transpose(1, 0, 2)[:, ::-1], x.transpose(1, 0, 2), *weights, case="um x que não é contíguo")
    same(judge, name, np.broadcast_to(dy[0, 0], dy.shape), x, *weights, case="um dy esticado")


def test_what_each_norm_does_not_see(judge):
    dy, x, weight, bias = inputs("layer_norm", (3, 6))
    y, dx, *_ = same(judge, "layer_norm", dy, x, weight, bias, case="x (3, 6)")
    moved, *_ = same(judge, "layer_norm", dy, 5 * x + 2, weight, bias, case="5 x + 2")
    judge.that(np.allclose(y, moved, atol=1e-4), "layer_norm", "x e 5 x + 2", "os dois deveriam dar o mesmo")
    judge.that(np.allclose(dx.sum(axis=-1), 0), "layer_norm", "x (3, 6)", "cada linha do gradiente deveria somar 0")
    y, dx, _ = same(judge, "rms_norm", dy, x, weight, case="x (3, 6)")
    stretched, *_ = same(judge, "rms_norm", dy, 5 * x, weight, case="5 x")
    judge.that(np.allclose(y, stretched, atol=1e-4), "rms_norm", "x e 5 x", "os dois deveriam dar o mesmo")
    judge.that(np.allclose((dx * x).sum(axis=-1), 0, atol=1e-4), "rms_norm", "x (3, 6)",
               "o gradiente deveria ser perpendicular a x")  # fmt: skip


@each_norm
def test_time_and_memory(judge, name):
    judge.fast(name)
