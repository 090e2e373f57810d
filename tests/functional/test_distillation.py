"""Distillation: what it is by hand, that what is kept of a teacher tells no more than all, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor, backward

V, C = 7, 4
BOTH = {"temperature": 2.0, "mixture": 1.0}


def test_by_hand():
    """The teacher holds one token three times as likely as the other, the student both alike."""
    logits, teacher = np.zeros((1, 2)), np.log([[0.75, 0.25]])
    apart = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    x = Tensor(logits, requires_grad=True)
    loss = F.distillation(x, teacher, temperature=1.0)
    assert loss.item() == pytest.approx(apart, rel=1e-12)
    np.testing.assert_allclose(backward(loss)[x], [[-0.25, 0.25]], rtol=1e-12)
    assert F.distillation(2 * logits, 2 * teacher, temperature=2).item() == pytest.approx(4 * apart, rel=1e-12)


def test_who_knows_all_that_the_teacher_knows_has_nothing_to_learn():
    teacher = np.random.default_rng(0).normal(size=(3, 5, V))
    x = Tensor(teacher + 3.0, requires_grad=True)
    loss = F.distillation(x, teacher, temperature=1.7)
    assert abs(loss.item()) < 1e-14 and np.abs(backward(loss)[x]).max() < 1e-15


def test_the_teacher_gets_no_gradient():
    teacher = Tensor(np.random.default_rng(0).normal(size=(2, V)), requires_grad=True)
    x = Tensor(np.zeros((2, V)), requires_grad=True)
    assert set(backward(F.distillation(x, teacher, temperature=2.0))) == {x}


def of_kept(logits, teacher, count, temperature):
    """The same, of the `count` likeliest tokens of the teacher: logits as the product of hidden and weight."""
    ids, known = F.likeliest(teacher / temperature, count=count)
    targets = np.zeros(logits.shape[:-1], dtype=int)
    how = {"temperature": temperature, "mixture": 1.0}
    return F.linear_distillation(logits, np.eye(logits.shape[-1]), targets, ids, known, **how).item()


@given(n=st.integers(1, 5), V=st.integers(2, 9), temperature=st.sampled_from([0.5, 1.0, 3.0]), seed=st.integers(0, 99))
def test_the_more_is_kept_the_more_is_told_and_all_but_one_is_all(n, V, temperature, seed):
    logits, teacher = np.random.default_rng(seed).normal(scale=2, size=(2, n, V))
    whole = F.distillation(logits, teacher, temperature=temperature).item()
    parts = [of_kept(logits, teacher, count, temperature) for count in range(1, V)]
    assert all(less <= more + 1e-12 for less, more in zip(parts, [*parts[1:], whole], strict=True))
    assert parts[0] >= -1e-12 and parts[-1] == pytest.approx(whole, rel=1e-9, abs=1e-12)


def inputs(count=3, n=6):
    rng = np.random.default_rng(1)
    ids, known = F.likeliest(rng.normal(size=(n, V)), count=count)
    return [rng.normal(size=(n, C)), rng.normal(size=(C, V)), rng.integers(V, size=n), ids, known]


def test_a_mixture_of_nothing_and_of_half():
    hidden, weight, targets, ids, known = inputs()
    plain = F.linear_cross_entropy(hidden, weight, targets, z_loss=0.1).item()
    alone, half, none = (
        F.linear_distillation(hidden, weight, targets, ids, known, temperature=2.0, mixture=share, z_loss=0.1).item()
        for share in (1.0, 0.5, 0.0)
    )
    assert none == pytest.approx(plain, rel=1e-12) and half == pytest.approx((plain + alone) / 2, rel=1e-12)


def test_large_vocabularies_are_worked_on_in_parts(monkeypatch):
    call, results = inputs(), []
    for at_once in (1 << 21, 2 * V, 1):
        monkeypatch.setattr("tinyllm.functional.losses.LOGITS_AT_ONCE", at_once)
        hidden, weight = (Tensor(array, requires_grad=True) for array in call[:2])
        loss = F.linear_distillation(hidden, weight, *call[2:], temperature=2.0, mixture=0.4)
        grads = backward(loss)
        results.append((loss.data, grads[hidden], grads[weight]))
    for part in results[1:]:
        for mine, whole in zip(part, results[0], strict=True):
            np.testing.assert_allclose(mine, whole, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e4, 1e-30])
def test_extreme_logits_overflow_nothing(scale):
    rng = np.random.default_rng(0)
    hidden, weight, targets, *_ = (np.float32(array) for array in inputs())
    ids, known = F.likeliest(np.float32(scale * rng.normal(size=(6, V))), count=3)
    x = Tensor(np.float32(scale) * hidden, requires_grad=True)
    loss = F.linear_distillation(x, weight, targets.astype(int), ids, known, temperature=2.0, mixture=0.5)
    assert np.isfinite(loss.data) and np.isfinite(backward(loss)[x]).all() and np.isfinite(known).all()


@pytest.mark.parametrize(
    "shapes", [((2, V), (V,)), ((2, V), (1, V)), ((2, V), (2, V - 1)), ((0, V), (0, V)), ((2, 0),) * 2]
)
def test_shapes_that_differ_or_are_empty_are_refused(shapes):
    with pytest.raises(UsageError, match=r"expected \(\.\.\., V\) twice, and none empty"):
        F.distillation(*map(np.ones, shapes), temperature=1.0)


@pytest.mark.parametrize("temperature", [0, 0.0, -1.0, math.nan, math.inf])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(UsageError, match="must be a number above 0"):
        F.distillation(np.ones((2, V)), np.ones((2, V)), temperature=temperature)
    with pytest.raises(UsageError, match="must be a number above 0"):
        F.linear_distillation(*inputs(), temperature=temperature, mixture=0.5)


def test_logits_that_are_no_numbers_of_the_kind_are_refused():
    with pytest.raises(UsageError, match="logits must be floating-point, got int64"):
        F.distillation(np.ones((2, V), int), np.ones((2, V), int), temperature=1.0)


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        (0, lambda a: a[:, :-1], "do not agree"),
        (0, lambda a: a[None], "do not agree"),
        (2, lambda a: a[:-1], "do not agree"),
        (3, lambda a: a[:, :-1], "do not agree"),
        (3, lambda a: a + V, f"is outside the vocabulary 0..{V - 1}"),
        (2, lambda a: a - V, f"is outside the vocabulary 0..{V - 1}"),
        (4, lambda a: a[:-1], "do not agree"),
    ],
)
def test_what_does_not_fit_together_is_refused(place, change, message):
    call = inputs()
    call[place] = change(call[place])
    with pytest.raises(UsageError, match=message):
        F.linear_distillation(*call, **BOTH)


def test_a_mixture_that_is_no_share_and_a_teacher_that_kept_all_are_refused():
    with pytest.raises(UsageError, match=r"mixture=1\.5 must be a share"):
        F.linear_distillation(*inputs(), temperature=1.0, mixture=1.5)
    call = inputs()
    call[3], call[4] = np.tile(np.arange(V), (6, 1)), np.zeros((6, V + 1))
    with pytest.raises(UsageError, match="7 of 7 tokens leave no others"):
        F.linear_distillation(*call, **BOTH)


@pytest.mark.parametrize("count", [0, V])
def test_no_tokens_and_all_of_them_are_not_kept(count):
    with pytest.raises(UsageError, match=f"count={count} must be at least 1 and below {V} tokens"):
        F.likeliest(np.zeros((2, V), np.float32), count=count)


def test_a_teacher_in_memory_is_brought_to_the_student(cupy):
    hidden, weight, targets, ids, known = inputs()
    expected = F.linear_distillation(hidden, weight, targets, ids, known, **BOTH).item()
    there = F.linear_distillation(cupy.asarray(hidden), cupy.asarray(weight), targets, ids, known, **BOTH)
    assert float(there.data.get()) == pytest.approx(expected, rel=1e-12)
    ids_there, known_there = F.likeliest(cupy.asarray(hidden), count=2)
    assert ids_there.get().tolist() == F.likeliest(hidden, count=2)[0].tolist()
    np.testing.assert_allclose(known_there.get(), F.likeliest(hidden, count=2)[1], rtol=1e-12)
