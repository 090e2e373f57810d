"""Schedules: every micro-batch goes forward and back through every stage, none waits for ever, and what that costs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.parallel.schedule import (
    BACKWARD,
    FORWARD,
    SCHEDULES,
    Step,
    bubble,
    gpipe,
    held,
    one_forward_one_backward,
    timeline,
)
from tinyllm.show.pipeline import rows_of, show_schedule

sizes = {"stages": st.integers(1, 6), "micro_batches": st.integers(1, 9)}
each_kind = pytest.mark.parametrize("kind", SCHEDULES.values(), ids=SCHEDULES)


def letters(steps):
    return " ".join(f"{step.way[0].upper()}{step.micro_batch}" for step in steps)


def test_the_figures_of_the_papers():
    assert letters(gpipe(2, 3)[0]) == letters(gpipe(2, 3)[1]) == "F0 F1 F2 B0 B1 B2"
    assert list(map(letters, one_forward_one_backward(3, 4))) == [
        "F0 F1 F2 B0 F3 B1 B2 B3",
        "F0 F1 B0 F2 B1 F3 B2 B3",
        "F0 B0 F1 B1 F2 B2 F3 B3",
    ]


@each_kind
@given(**sizes)
def test_every_stage_does_everything_once_each_backward_behind_its_forward(kind, stages, micro_batches):
    for stage, steps in enumerate(kind(stages, micro_batches)):
        every = {Step(stage, way, number) for way in (FORWARD, BACKWARD) for number in range(micro_batches)}
        assert len(steps) == len(every) and set(steps) == every
        for number in range(micro_batches):
            assert steps.index(Step(stage, FORWARD, number)) < steps.index(Step(stage, BACKWARD, number))


@each_kind
@given(**sizes)
def test_stages_stand_idle_p_minus_1_of_m_plus_p_minus_1(kind, stages, micro_batches):
    expected = (stages - 1) / (micro_batches + stages - 1)
    assert bubble(kind(stages, micro_batches)) == pytest.approx(expected)
    assert bubble(kind(stages, micro_batches), forward=1, backward=1) == pytest.approx(expected)


@given(**sizes)
def test_what_a_stage_holds(stages, micro_batches):
    assert held(gpipe(stages, micro_batches)) == [micro_batches] * stages
    assert held(one_forward_one_backward(stages, micro_batches)) == [
        min(stages - stage, micro_batches) for stage in range(stages)
    ]


@each_kind
@given(**sizes)
def test_on_the_timeline_a_stage_does_one_thing_at_a_time_and_nothing_too_early(kind, stages, micro_batches):
    spans = timeline(kind(stages, micro_batches))
    ends = {span.step: span.end for span in spans}
    for stage in range(stages):
        mine = [span for span in spans if span.step.stage == stage]
        assert [span.step for span in mine] == kind(stages, micro_batches)[stage]
        assert all(one.end <= next.begin for one, next in itertools.pairwise(mine))
    for (stage, way, number), begin, end in spans:
        before = stage - 1 if way == FORWARD else stage + 1
        assert end - begin == (1 if way == FORWARD else 2)
        if 0 <= before < stages:
            assert begin >= ends[Step(before, way, number)]
        if way == BACKWARD:
            assert begin >= ends[Step(stage, FORWARD, number)]


def test_a_schedule_in_which_all_wait_is_told():
    with pytest.raises(UsageError, match="wait for one another after 1 steps"):
        timeline([[Step(0, FORWARD, 0), Step(0, BACKWARD, 0)], [Step(1, BACKWARD, 0), Step(1, FORWARD, 0)]])


def test_rows_for_the_terminal():
    assert rows_of(one_forward_one_backward(2, 2)) == [
        "  estágio 0  →0 →1  ·  · ←0 ──  · ←1 ──",
        "  estágio 1   · →0 ←0 ── →1 ←1 ──  ·  ·",
    ]


def test_what_does_not_fit_on_a_line_is_cut(capsys):
    show_schedule(2, 10**6)
    *_, first, second = capsys.readouterr().out.splitlines()
    assert len(first) == len(second) == 80 and first.endswith("…") and "0  →0 →1" in first
