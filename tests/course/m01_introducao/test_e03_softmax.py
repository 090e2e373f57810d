"""m01.e03: softmax, its logarithm and the cross-entropy, their gradients, and numbers too large for exp."""

import numpy as np
import pytest

from tinyllm.course.judge import shapes, there_and_back

rng = np.random.default_rng(0)
SHAPES = [(5,), (4, 3), (2, 3, 5)]
# computed once with PyTorch 2.13: softmax of [[0.5, -1.0, 2.0]], its gradient for dy = [[1.0, -2.0, 0.5]], the same of
# log_softmax, and the gradient of the cross-entropy of the same row, with the right token 2
STORED_X, STORED_DY = np.array([[0.5, -1.0, 2.0]]), np.array([[1.0, -2.0, 0.5]])
STORED_Y = [[0.1752903921, 0.0391125733, 0.7855970346]]
STORED_DX = [[0.0894219810, -0.0973849789, 0.0079629978]]
STORED_LOG_Y = [[-1.7413112967, -3.2413112967, -0.2413112967]]
STORED_LOG_DX = [[1.0876451961, -1.9804437134, 0.8927985173]]
STORED_LOSS, STORED_DLOGITS = 0.2413112967, [[0.1752903924, 0.0391125729, -0.2144029653]]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softmax(judge, shape, dtype):
    x, dy = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    y, _ = judge.same("softmax", x, dy, through=there_and_back, case=f"x {shapes(x)}")
    judge.that(np.allclose(y.sum(axis=-1), 1, atol=1e-5), "softmax", shapes(x), "cada linha deveria somar 1")


def test_softmax_of_large_numbers(judge):
    x = np.array([[1000.0, 1000.0 + np.log(3.0)], [-1e4, 1e4]])
    judge.same("softmax", x, np.array([[1.0, 2.0], [3.0, -1.0]]), through=there_and_back, case="números de até ±10000")
    judge.same("softmax", np.asfortranarray(x), x, through=there_and_back, case="um array que não é contíguo")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_softmax(judge, shape, dtype):
    x, dy = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    y, _ = judge.same("log_softmax", x, dy, through=there_and_back, case=f"x {shapes(x)}")
    judge.that(np.allclose(np.exp(y).sum(axis=-1), 1, atol=1e-5), "log_softmax", shapes(x),
               "as exponenciais de cada linha deveriam somar 1")  # fmt: skip


def test_log_softmax_of_large_numbers(judge):
    x = np.array([[0.0, 1000.0, 1.0], [-1e4, 3.0, 1e4]])
    y, _ = judge.same("log_softmax", x, np.array([[1.0, 2.0, -0.5], [3.0, -1.0, 0.25]]), through=there_and_back,
                      case="números de até ±10000")  # fmt: skip
    judge.that(
        np.allclose(y[0], [-1000.0, 0.0, -999.0]), "log_softmax", "x [0, 1000, 1]", "deveria dar [-1000, 0, -999]"
    )
    judge.same("log_softmax", np.asfortranarray(x), x, through=there_and_back, case="um array que não é contíguo")


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_the_gradient_is_the_slope(judge, name):
    x, dy, eps = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), 1e-6
    piece = getattr(judge.answer, name)
    _, dx = judge.same(name, x, dy, through=there_and_back, case="x (3, 4)")
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = eps
        rise = (piece(x + step).data - piece(x - step).data) * dy
        trouble = (
            f"em {list(place)} o gradiente é {dx[place]:.4g}, mas a inclinação medida é {rise.sum() / (2 * eps):.4g}"
        )
        judge.that(abs(dx[place] - rise.sum() / (2 * eps)) < 1e-6, name, "x (3, 4), diferenças centrais", trouble)


def test_values_computed_elsewhere(judge):
    y, dx = judge.same("softmax", STORED_X, STORED_DY, through=there_and_back, case="x [[0,5, -1, 2]]")
    judge.that(
        np.allclose(y, STORED_Y) and np.allclose(dx, STORED_DX), "softmax", "x [[0,5, -1, 2]]", "difere do PyTorch"
    )
    y, dx = judge.same("log_softmax", STORED_X, STORED_DY, through=there_and_back, case="x [[0,5, -1, 2]]")
    agree = np.allclose(y, STORED_LOG_Y) and np.allclose(dx, STORED_LOG_DX)
    judge.that(agree, "log_softmax", "x [[0,5, -1, 2]]", "difere do PyTorch")
    loss, dlogits = judge.same("cross_entropy", STORED_X, np.float64(1.0), np.array([2]), through=there_and_back,
                               case="logits [[0,5, -1, 2]], token certo 2")  # fmt: skip
    agree = np.allclose(loss, STORED_LOSS) and np.allclose(dlogits, STORED_DLOGITS)
    judge.that(agree, "cross_entropy", "logits [[0,5, -1, 2]], token certo 2", "difere do PyTorch")


@pytest.mark.parametrize("shape", [(1, 3), (4, 5), (50, 7)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_cross_entropy(judge, shape, dtype):
    logits, targets = rng.normal(size=shape).astype(dtype), rng.integers(shape[1], size=shape[0])
    judge.same("cross_entropy", logits, dtype(1.7), targets, through=there_and_back,
               case=f"logits {shapes(logits)}, targets {targets.shape}")  # fmt: skip


def test_cross_entropy_of_large_numbers(judge):
    logits = np.array([[1e4, -1e4, 0.0], [0.0, 1000.0, 0.0]])
    judge.same("cross_entropy", logits, np.float64(1.0), np.array([1, 0]), through=there_and_back,
               case="logits de até ±10000, token certo improvável")  # fmt: skip


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "cross_entropy"])
def test_time_and_memory(judge, name):
    judge.fast(name)
