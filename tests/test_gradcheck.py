"""The check of a gradient: right ones pass, and of every wrong one it says where, and what it looks like."""

import numpy as np
import pytest
from functional.cases import CASES, samples
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm import gradcheck, tensor
from tinyllm.errors import UsageError
from tinyllm.tensor import op


def arrays_of(*shapes, seed=0):
    return [np.random.default_rng(seed).uniform(-2, 2, size=shape) for shape in shapes]


def cubed(wrong=lambda dx: dx, *, value=lambda x: x**3):
    """x³, whose gradient is made wrong."""

    @op
    def cube(x):
        return value(x), lambda dy: wrong(3 * x**2 * dy)

    return cube


def with_one_wrong(dx):
    dx[1, 2] += 0.5
    return dx


@pytest.mark.parametrize(
    "call",
    [
        (F.gelu, ((3, 4),)),
        (F.linear, ((3, 4), (4, 5), (5,))),
        (F.layer_norm, ((3, 4), (4,), (4,))),
        (F.attention, ((1, 2, 3, 4),) * 3),
        (lambda x, y: (x * y).sum(axis=0) + tensor.exp(x), ((3, 4), (4,))),
        (tensor.add, ((2, 3), ())),
    ],
    ids=lambda call: getattr(call[0], "__name__", "?"),
)
def test_right_gradients_pass(call):
    function, shapes = call
    found = gradcheck.check(function, arrays_of(*shapes))
    assert found.right and all(verdict.error < 1e-6 for verdict in found.verdicts)
    assert [verdict.shape for verdict in found.verdicts] == list(shapes)


@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([-1.0, 0.0, 0.5, 2.0, 1.01]))
def test_a_factor_is_found(rows, columns, factor):
    found = gradcheck.check(cubed(lambda dx: factor * dx), arrays_of((rows, columns))).verdicts[0]
    assert found.wrong.place == (0, 0) and found.factor == pytest.approx(factor, abs=1e-6)
    assert found.wrong.found == pytest.approx(factor * found.wrong.expected, rel=1e-5, abs=1e-6)


def test_the_first_wrong_number_is_named_with_both_values():
    found = gradcheck.check(cubed(with_one_wrong), arrays_of((3, 4))).verdicts[0]
    assert found.wrong.place == (1, 2) and found.wrong.found - found.wrong.expected == pytest.approx(0.5, abs=1e-6)
    assert found.factor is None and found.error > 1e-2


def test_nan_is_wrong():
    found = gradcheck.check(cubed(lambda dx: dx * np.nan), arrays_of((2, 2)))
    assert not found.right and found.verdicts[0].wrong.place == (0, 0) and found.verdicts[0].factor is None


def test_no_gradient_is_a_gradient_of_zeros():
    found = gradcheck.check(cubed(lambda dx: None), arrays_of((2, 3))).verdicts[0]
    assert found.factor == 0 and found.wrong.found == 0


def test_what_is_fixed_needs_no_gradient_but_one_that_it_gets_is_checked():
    @op
    def halved(x, teacher):
        return x * teacher, lambda dy: (dy * teacher, None)

    x, teacher = arrays_of((2, 3), (2, 3))
    assert gradcheck.check(halved, [x, teacher]).verdicts[1].factor == 0
    found = gradcheck.check(halved, [x, teacher], fixed=[1])
    assert found.right and found.verdicts[1].error is None
    assert not gradcheck.check(cubed(with_one_wrong), arrays_of((3, 4)), fixed=[0]).right


def test_who_writes_to_an_input_or_to_dy_is_told():
    @op
    def greedy(x, y):
        y *= 2
        return x + y, lambda dy: (dy, 2 * dy)

    @op
    def spoiling(x):
        def backward(dy):
            dy *= 1.0
            dy += 1
            return dy - 1

        return x + 0.0, backward

    found = gradcheck.check(greedy, arrays_of((2, 3), (2, 3)))
    assert found.written == [1] and not found.dy_written and not found.right
    found = gradcheck.check(spoiling, arrays_of((2, 3)))
    assert found.dy_written and found.written == [] and found.verdicts[0].wrong is None


def test_what_depends_on_the_type_or_the_layout_is_told():
    found = gradcheck.check(cubed(value=lambda x: x**3 * np.ones(1)), arrays_of((2, 3)))
    assert (found.type_of_single, found.single_agrees, found.layouts_agree) == ("float64", True, True)
    assert not found.right and found.verdicts[0].wrong is None
    inner = cubed(value=lambda x: x**3 if x.flags["C_CONTIGUOUS"] else x**2)
    assert not gradcheck.check(inner, arrays_of((2, 3))).layouts_agree
    raising = cubed(value=lambda x: x.astype(np.float64) ** 3 if x.dtype == np.float64 else 1 / 0)
    assert gradcheck.check(raising, arrays_of((2, 3))).type_of_single is None
    huge = cubed(value=lambda x: (x + 1e9) - 1e9 + x**3 - x)
    assert not gradcheck.check(huge, arrays_of((2, 3))).single_agrees


def test_integers_have_no_gradient():
    found = gradcheck.check(F.embedding, [np.array([0, 2, 0]), *arrays_of((4, 5))])
    assert found.right and found.verdicts[0].error is None and found.verdicts[1].error < 1e-6


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(UsageError, match="NaN or infinity"):
        gradcheck.check(tensor.log, arrays_of((3, 4)))
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="another result each time"):
        gradcheck.check(cubed(value=lambda x: x * rng.random()), arrays_of((3,)))
    with pytest.raises(UsageError, match="gives a tuple and no Tensor; put @op above it"):
        gradcheck.check(lambda x: (x, None), arrays_of((3,)))


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_operation_of_the_library_passes(case):
    call = next(iter(samples(case)))
    fixed = call.fixed
    found = gradcheck.check(lambda *inputs: case.op(*inputs, **call.options), call.arrays, fixed=fixed)
    assert [verdict.wrong for verdict in found.verdicts] == [None] * len(call.arrays)
    assert found.written == [] and not found.dy_written and found.layouts_agree
