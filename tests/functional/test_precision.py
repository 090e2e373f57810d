"""Half precision: what is summed is summed in float32, so that nothing overflows and no digit is lost on the way."""

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.nn.module import Parameter
from tinyllm.optim.schedule import clip_gradients, squared_length
from tinyllm.tensor import Tensor, backward

HALF = np.float16


def normal(*shape, scale=1.0, shift=0.0):
    rng = np.random.default_rng(sum(shape))
    return (shift + scale * rng.normal(size=shape)).astype(HALF)


CASES = {  # name: the operation and inputs for which half precision would overflow, or lose what it adds
    "layer_norm": (F.layer_norm, [normal(2, 4096, scale=30, shift=200), normal(4096), normal(4096)]),
    "rms_norm": (F.rms_norm, [normal(2, 512, scale=300), normal(512)]),
    "softmax": (F.softmax, [normal(2, 70_000, scale=0.1)]),
    "attention": (F.attention, [normal(1, 2, 3, 64, scale=40), normal(1, 2, 5, 64, scale=40), normal(1, 2, 5, 64)]),
    "attention to many": (F.attention, [normal(1, 1, 2, 8, scale=0.1), *[normal(1, 1, 70_000, 8, scale=0.1)] * 2]),
    "cross_entropy": (F.cross_entropy, [normal(3, 70_000, scale=0.1), np.arange(3)]),
    "linear_cross_entropy": (F.linear_cross_entropy, [normal(4000, 2), normal(2, 9), np.arange(4000) % 9]),
    "distillation": (lambda x: F.distillation(x, normal(3, 70_000), temperature=2.0), [normal(3, 70_000, scale=0.1)]),
    "linear_distillation": (
        lambda *x: F.linear_distillation(*x, normal(4000, 4), temperature=2.0, mixture=0.5),
        [normal(4000, 2), normal(2, 9), np.arange(4000) % 9, np.tile([0, 3, 8], (4000, 1))],
    ),
    "linear_log_likelihood": (F.linear_log_likelihood, [normal(40, 100, 2), normal(2, 9), np.ones((40, 100), int)]),
    "sum": (lambda x: tensor.sum(x, axis=0), [np.ones((4000, 3), HALF)]),
    "linear": (F.linear, [normal(4000, 3), normal(3, 2), normal(2)]),
    "add": (tensor.add, [np.ones((4000, 3), HALF), normal(3)]),
}


def there_and_back(function, arrays, dtype):
    inputs = [Tensor(a.astype(dtype) if a.dtype == HALF else a, requires_grad=a.dtype == HALF) for a in arrays]
    y = function(*inputs)
    grads = backward(y, np.full(y.shape, 0.5, y.dtype))
    return y.data, [grads[x] for x in inputs if x.requires_grad]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("error")
def test_half_precision_neither_overflows_nor_loses_digits(name):
    (y, grads), (expected, expected_grads) = (there_and_back(*CASES[name], dtype) for dtype in (HALF, np.float64))
    assert y.dtype == (np.float32 if {"entropy", "distillation", "likelihood"} & set(name.split("_")) else HALF)
    for mine, exact in zip([y, *grads], [expected, *expected_grads], strict=True):
        assert np.isfinite(mine).all()
        assert np.abs(mine - exact).max() <= 4e-3 * np.abs(exact).max() + 6e-8  # the smallest number it has


@pytest.mark.parametrize("name", CASES)
def test_half_precision_runs_on_a_gpu(name, cupy):
    function, arrays = CASES[name]
    y, _ = there_and_back(function, arrays, HALF)
    there = function(*(Tensor(cupy.asarray(a)) for a in arrays)).data
    assert there.dtype == y.dtype
    np.testing.assert_allclose(there.get().astype(np.float64), y.astype(np.float64), rtol=2e-3, atol=1e-4)


def test_the_length_of_a_gradient_in_half_precision():
    grads = {Parameter(np.zeros(10)): np.full(10, 300, HALF)}
    assert squared_length(grads) == 900_000
    (clipped,), norm = clip_gradients(grads, 1.0)[0].values(), clip_gradients(grads, 1.0)[1]
    assert norm == pytest.approx(948.683) and clipped.dtype == HALF
    np.testing.assert_allclose(clipped, 10**-0.5, rtol=1e-3)
