"""m05.e03: the forms by which a rate goes down, and the rate of each step of a training."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.optim import schedule

TENTHS = [0.0, 0.13, 0.25, 0.5, 0.77, 0.8, 0.85, 0.93, 1.0]


@pytest.mark.parametrize("name", ["cosine", "stable"])
def test_along_the_way(judge, name):
    found = judge.same(name, TENTHS, through=judge.support.along, case=f"progress em {TENTHS}")
    expected = [getattr(schedule, name)(progress) for progress in TENTHS]
    near = all(math.isclose(a, b, abs_tol=1e-12) for a, b in zip(found, expected, strict=True))
    judge.that(near, name, f"progress em {TENTHS}", "difere da biblioteca")


@pytest.mark.parametrize("name", ["cosine", "stable"])
def test_anywhere(judge, name):
    @given(st.floats(0, 1))
    def agrees(progress):
        judge.same(name, progress, case=f"progress = {progress:.6g}")

    agrees()


def test_by_hand(judge):
    for name, progress, expected in (("cosine", 0.5, 0.5), ("cosine", 1 / 3, 0.75), ("stable", 0.5, 1.0),
                                     ("stable", 0.8, 1.0), ("stable", 0.9, 0.5)):  # fmt: skip
        found = judge.same(name, progress, case=f"o exemplo, progress = {progress:.3g}")
        judge.that(math.isclose(found, expected), name, f"o exemplo, progress = {progress:.3g}",
                   f"deveria dar {expected}")  # fmt: skip


# ------------------------------------------------------------------------------------------------------- learning_rate


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's forms in the answer: the rate is judged by itself."""
    if hasattr(judge.answer, "SCHEDULES"):
        for name, form in judge.solution.SCHEDULES.items():
            monkeypatch.setitem(judge.answer.SCHEDULES, name, form)
    return judge


def rates(judge, steps, case=None, **options):
    """The rates of steps 0, 1, … of a training; the options go through a closure, so that the case tells them."""
    told = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return judge.same("learning_rate", steps, case=case or f"os passos 0 a {steps - 1}, {told}",
                      through=lambda piece, steps: [piece(step, **options) for step in range(steps)])  # fmt: skip


@pytest.mark.parametrize("name", ["linear", "cosine", "wsd", "constant"])
@pytest.mark.parametrize(("peak", "floor", "warmup", "decay_steps"), [
    (3.0, 0.6, 4, 15), (5e-3, 5e-4, 7, 30), (2.0, 0.0, 1, 9), (0.7, 0.3, 0, 12),
])  # fmt: skip
def test_learning_rate(alone, name, peak, floor, warmup, decay_steps):
    options = {"schedule": name, "peak": peak, "floor": floor, "warmup": warmup, "decay_steps": decay_steps}
    found = rates(alone, decay_steps + 6, **options)
    expected = [schedule.learning_rate(step, **options) for step in range(decay_steps + 6)]
    near = all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(found, expected, strict=True))
    alone.that(near, "learning_rate", f"a agenda {name}", "difere da biblioteca")


@pytest.mark.parametrize(("warmup", "decay_steps"), [(5, 5), (6, 3), (0, 0), (3, 4)])
def test_no_room_to_go_down(alone, warmup, decay_steps):
    rates(alone, 12, schedule="cosine", peak=2.0, floor=0.5, warmup=warmup, decay_steps=decay_steps)


def test_any_training(alone):
    @given(st.sampled_from(list(schedule.SCHEDULES)), st.integers(0, 9), st.integers(0, 30), st.floats(0, 1))
    def agrees(name, warmup, decay_steps, floor):
        rates(alone, 40, schedule=name, peak=1.0, floor=floor, warmup=warmup, decay_steps=decay_steps)

    agrees()


def test_learning_rate_by_hand(alone):
    found = rates(alone, 10, "o exemplo, os passos 0 a 9", schedule="linear", peak=8, floor=2, warmup=4, decay_steps=8)
    alone.that(found == [2, 4, 6, 8, 8, 6.5, 5, 3.5, 2, 2], "learning_rate", "o exemplo",
               "deveria dar 2, 4, 6, 8, 8, 6,5, 5, 3,5, 2, 2")  # fmt: skip


@pytest.mark.parametrize("name", ["cosine", "stable", "learning_rate"])
def test_time_and_memory(judge, name):
    judge.fast(name)
