"""backward() of every operation agrees with finite differences, in float64, for sizes and layouts of every kind."""

import contextlib

import numpy as np
import pytest
from functional.cases import CASES, calls, cotangent, run, samples
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.backend import kernels
from tinyllm.errors import UsageError
from tinyllm.functional.randomness import drop
from tinyllm.tensor import Tensor, no_grad

EPS, TOLERANCE = 1e-6, {"atol": 1e-6, "rtol": 1e-5}
SMALL = 12  # numbers: inputs of up to this many are also checked one number at a time


def projected(case, call, arrays, dy):
    """The sum of the operation's results, weighted by dy: a function to differentiate."""
    with no_grad():
        return float((case.op(*map(Tensor, arrays), **call.options).data * dy).sum())


def difference(case, call, which, direction, dy):
    """The derivative along a direction of one input, by central differences."""
    ends = []
    for step in (+EPS, -EPS):
        arrays = list(call.arrays)
        arrays[which] = arrays[which] + step * direction
        ends.append(projected(case, call, arrays, dy))
    return (ends[0] - ends[1]) / (2 * EPS)


def unit_directions(array):
    for place in np.ndindex(array.shape):
        direction = np.zeros(array.shape)
        direction[place] = 1.0
        yield direction


@pytest.mark.parametrize("case", CASES, ids=str)
@given(data=st.data())
def test_backward_agrees_with_finite_differences(case, data):
    call = data.draw(calls(case))
    for array in call.arrays:
        array.flags.writeable = False  # an operation that writes to its inputs fails here
    _y, grads, dy = run(case.op, call)
    for which, (array, grad, learned) in enumerate(zip(call.arrays, grads, call.learned, strict=True)):
        if not learned:
            assert grad is None
            continue
        assert grad.shape == array.shape and grad.dtype == array.dtype
        directions = [np.random.default_rng(seed).normal(size=array.shape) for seed in (1, 2)]
        for direction in [*directions, *(unit_directions(array) if array.size <= SMALL else ())]:
            np.testing.assert_allclose(
                (grad * direction).sum(), difference(case, call, which, direction, dy), **TOLERANCE
            )


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_stay_and_inputs_are_not_written_to(case, dtype):
    for call in samples(case, dtype):
        before = [array.copy() for array in call.arrays]
        y, grads, dy = run(case.op, call)
        assert y.dtype == dtype
        assert dy.tobytes() == np.asarray(cotangent(y), dtype).tobytes(), "backward wrote to the gradient it was given"
        for array, copy, grad, learned in zip(call.arrays, before, grads, call.learned, strict=True):
            assert array.tobytes() == copy.tobytes()
            assert (grad is None) == (not learned)
            if grad is not None:
                assert grad.dtype == dtype and grad.shape == array.shape


def test_where_takes_any_condition_that_is_true_or_not():
    c = Tensor(np.array([1.0, -1.0]), requires_grad=True)
    assert tensor.backward(tensor.where(np.array([1, 0]), c, c * 2.0).sum())[c].tolist() == [1.0, 2.0]


def test_the_power_of_zero_is_flat_even_at_zero():
    x = Tensor(np.array([0.0, 3.0]), requires_grad=True)
    assert tensor.backward((x**0).sum())[x].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("number", [2, 3, 5])
def test_equal_maxima_share_the_gradient(number):
    x = Tensor(np.array([[4.0] * number + [1.0], [0.0] * number + [9.0]]), requires_grad=True)
    grads = tensor.backward(x.max(axis=1).sum())
    assert grads[x].tolist() == [[1 / number] * number + [0.0], [0.0] * number + [1.0]]


def test_a_place_taken_twice_gets_both_gradients():
    x = Tensor(np.zeros(3), requires_grad=True)
    grads = tensor.backward(x[np.array([2, 0, 2])], np.array([1.0, 10.0, 100.0]))
    assert grads[x].tolist() == [10.0, 0.0, 101.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("norm", [F.layer_norm, F.rms_norm])
def test_a_norm_of_no_channels_is_empty(norm, dtype):
    x, weights = Tensor(np.ones((2, 0), dtype), requires_grad=True), [np.ones(0, dtype)] * (1 + (norm is F.layer_norm))
    y = norm(x, *weights)
    assert y.shape == tensor.backward(y.sum())[x].shape == (2, 0) and y.dtype == dtype


OF_TWINS = {  # integers in one of the inputs, where the twin would cut what it makes of them
    "rms_norm": (F.rms_norm, [np.arange(1, 7).reshape(2, 3), np.ones(3)], {}),
    "layer_norm": (F.layer_norm, [np.arange(1, 7).reshape(2, 3), np.ones(3), np.zeros(3)], {}),
    "layer_norm of booleans": (F.layer_norm, [np.eye(3, dtype=bool), np.ones(3), np.zeros(3)], {}),
    "swiglu": (F.swiglu, [np.ones(3), np.arange(3)], {}),
    "the gate of swiglu": (F.swiglu, [np.arange(3), np.ones(3)], {}),
    "gelu": (F.gelu, [np.arange(-2, 3)], {}),
    "a list": (F.gelu, [[-1, 2.5]], {}),
    "a number": (F.gelu, [2.0], {}),
    "linear": (F.linear, [np.arange(6).reshape(2, 3), np.ones((3, 2)), [1, 2]], {}),
    "matmul": (tensor.matmul, [np.arange(6).reshape(2, 3), np.ones((3, 2))], {}),
    "queries": (F.attention, [np.arange(8).reshape(1, 1, 2, 4), *[np.ones((1, 1, 2, 4))] * 2], {}),
    "values": (F.attention, [*[np.ones((1, 1, 2, 4))] * 2, np.arange(8).reshape(1, 1, 2, 4)], {}),
    "drop": (drop, [np.arange(6).reshape(2, 3)], {"rate": 0.5, "key": (1, 2, 3)}),
    "rotary": (F.rotary, [np.arange(8).reshape(2, 4)], {"cos": np.ones((2, 2)), "sin": np.ones((2, 2))}),
}  # fmt: skip


@pytest.mark.parametrize(("op", "inputs", "options"), OF_TWINS.values(), ids=OF_TWINS)
def test_integers_lists_and_numbers_give_what_the_same_in_floating_point_gives(op, inputs, options):
    def of_type(kind, value):
        return value.astype(kind) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value

    mixed = op(*(of_type(np.float32, x) for x in inputs), **{k: of_type(np.float32, v) for k, v in options.items()})
    exact = op(*(np.asarray(x, np.float64) for x in inputs), **options)
    np.testing.assert_allclose(mixed.data, exact.data, rtol=1e-5, atol=1e-6)


NUMBERS = {  # options that are numbers of NumPy
    "power": lambda x: x ** np.float64(2),
    "eps": lambda x: F.rms_norm(x, np.ones(3, np.float32), eps=np.float64(1e-6)),
    "scale": lambda x: F.attention(*[x.reshape(1, 1, 1, 3)] * 3, scale=np.sqrt(2)),
    "scale below 0": lambda x: F.attention(*[x.reshape(1, 1, 1, 3)] * 3, scale=-np.sqrt(2)),
}


@pytest.mark.parametrize("compute", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("numba", [True, False])
def test_an_option_that_is_a_number_of_numpy_does_not_change_the_type(compute, numba):
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    with contextlib.nullcontext() if numba else kernels.without_numba():
        y = compute(x)
        assert y.dtype == tensor.backward(y.sum())[x].dtype == np.float32


def test_power_takes_a_number():
    with pytest.raises(UsageError, match="power takes a number as its exponent"):
        Tensor([2.0]) ** Tensor([2.0])
