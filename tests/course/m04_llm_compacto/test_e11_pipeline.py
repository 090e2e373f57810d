"""m04.e11: the order in which stages take micro-batches, how long they stand idle, and what they hold meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.parallel import schedule as of_the_library
from tinyllm.parallel.schedule import BACKWARD, FORWARD, Step, gpipe
from tinyllm.say import counted

PLACES = [(4, 6), (2, 3), (3, 7), (5, 2), (1, 4), (3, 1), (6, 6)]


def one_at_a_time(stages, micro_batches):
    """A micro-batch goes there and back before the next one comes: no stage ever works beside another."""
    return [[Step(stage, way, number) for number in range(micro_batches) for way in (FORWARD, BACKWARD)]
            for stage in range(stages)]  # fmt: skip


def crossed(stages, micro_batches):
    """GPipe whose last stage sends the backwards in the other order, which the others wait for."""
    schedule = gpipe(stages, micro_batches)
    schedule[-1] = schedule[-1][:micro_batches] + schedule[-1][micro_batches:][::-1]
    return schedule


SCHEDULES = {
    "um de cada vez": one_at_a_time,
    "voltas trocadas": crossed,
    "1F1B": of_the_library.one_forward_one_backward,
    "GPipe": gpipe,
}
each_kind = pytest.mark.parametrize("kind", SCHEDULES)


def told(kind, stages, micro_batches):
    return f"a agenda “{kind}”, {counted(stages, 'estágio')}, {counted(micro_batches, 'microlote')}"


# -------------------------------------------------------------------------------------------- one_forward_one_backward


@pytest.mark.parametrize(("stages", "micro_batches"), PLACES)
def test_one_forward_one_backward(judge, stages, micro_batches):
    case = f"{counted(stages, 'estágio')}, {counted(micro_batches, 'microlote')}"
    found = judge.same("one_forward_one_backward", stages, micro_batches, case=case, through=judge.support.drawn)
    theirs = judge.support.drawn(of_the_library.one_forward_one_backward, stages, micro_batches)
    judge.that(found == theirs, "one_forward_one_backward", case, "difere da biblioteca")


def test_any_pipeline(judge):
    @given(st.integers(1, 7), st.integers(1, 9))
    def agrees(stages, micro_batches):
        case = f"{counted(stages, 'estágio')}, {counted(micro_batches, 'microlote')}"
        judge.same("one_forward_one_backward", stages, micro_batches, case=case, through=judge.support.drawn)

    agrees()


def test_one_forward_one_backward_by_hand(judge):
    found = judge.same("one_forward_one_backward", 2, 3, case="o exemplo", through=judge.support.drawn)
    judge.that(found == ["→0 →1 ←0 →2 ←1 ←2", "→0 ←0 →1 ←1 →2 ←2"], "one_forward_one_backward", "o exemplo",
               f"deu {found}")  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- bubble


@each_kind
@pytest.mark.parametrize(("stages", "micro_batches"), PLACES)
@pytest.mark.parametrize("lengths", [{"forward": 2, "backward": 3}, {}, {"forward": 1.5, "backward": 0.5}],
                         ids=["2-3", "1-2", "1,5-0,5"])  # fmt: skip
def test_bubble(judge, kind, stages, micro_batches, lengths):
    schedule = SCHEDULES[kind](stages, micro_batches)
    case = told(kind, stages, micro_batches) + "".join(f", {name}={value}" for name, value in lengths.items())
    found = judge.same("bubble", schedule, case=case, through=lambda piece, schedule: piece(schedule, **lengths))
    theirs = of_the_library.bubble(schedule, **lengths)
    judge.that(abs(found - theirs) < 1e-9, "bubble", case, f"a biblioteca dá {theirs:.4f}")


@pytest.mark.parametrize(("stages", "micro_batches"), PLACES)
def test_the_formula_of_good_schedules(judge, stages, micro_batches):
    """(p - 1) / (m + p - 1), as the lesson derives; and 1 - 1/p of those that work one at a time."""
    expected = dict.fromkeys(("GPipe", "1F1B"), (stages - 1) / (micro_batches + stages - 1))
    for kind, due in (expected | {"um de cada vez": 1 - 1 / stages}).items():
        found = judge.same("bubble", SCHEDULES[kind](stages, micro_batches),
                           case=told(kind, stages, micro_batches))  # fmt: skip
        judge.that(abs(found - due) < 1e-9, "bubble", told(kind, stages, micro_batches), f"deveria dar {due:.4f}")


def test_bubble_of_any_schedule(judge):
    @given(st.sampled_from(list(SCHEDULES)), *(st.integers(1, 5) for _ in range(4)))
    def agrees(kind, stages, micro_batches, forward, backward):
        schedule = SCHEDULES[kind](stages, micro_batches)
        judge.same("bubble", schedule, case=f"{told(kind, stages, micro_batches)}, {forward=}, {backward=}",
                   through=lambda piece, schedule: piece(schedule, forward=forward, backward=backward))  # fmt: skip

    agrees()


def test_stages_that_wait_for_what_comes_late(judge):
    """Unequal orders, in which a stage looked at early needs what one looked at late does."""
    schedule = [
        [Step(0, FORWARD, 0), Step(0, FORWARD, 1), Step(0, FORWARD, 2), *(Step(0, BACKWARD, n) for n in (1, 0, 2))],
        [Step(1, FORWARD, 0), Step(1, FORWARD, 1), Step(1, BACKWARD, 1), Step(1, BACKWARD, 0), Step(1, FORWARD, 2),
         Step(1, BACKWARD, 2)],
    ]  # fmt: skip
    judge.same("bubble", schedule, case="uma agenda irregular, 2 estágios, 3 microlotes")
    judge.same("held", schedule, case="uma agenda irregular, 2 estágios, 3 microlotes")


def test_bubble_by_hand(judge):
    found = judge.same("bubble", SCHEDULES["1F1B"](2, 3), case="o exemplo")
    judge.that(abs(found - 0.25) < 1e-9, "bubble", "o exemplo", "deveria dar 0,25")


# ---------------------------------------------------------------------------------------------------------------- held


@each_kind
@pytest.mark.parametrize(("stages", "micro_batches"), PLACES)
def test_held(judge, kind, stages, micro_batches):
    schedule = SCHEDULES[kind](stages, micro_batches)
    found = judge.same("held", schedule, case=told(kind, stages, micro_batches))
    judge.that(list(found) == of_the_library.held(schedule), "held", told(kind, stages, micro_batches),
               "difere da biblioteca")  # fmt: skip


def test_the_most_is_held_after_a_backward(judge):
    ways = ((FORWARD, 0), (BACKWARD, 0), (FORWARD, 1), (FORWARD, 2), (FORWARD, 3), (BACKWARD, 1), (BACKWARD, 2),
            (BACKWARD, 3))  # fmt: skip
    judge.same("held", [[Step(0, *way) for way in ways]], case="um estágio: →0 ←0 →1 →2 →3 ←1 ←2 ←3")


def test_held_by_hand(judge):
    for kind, expected in (("1F1B", [2, 1]), ("GPipe", [3, 3])):
        found = judge.same("held", SCHEDULES[kind](2, 3), case=f"o exemplo, {kind}")
        judge.that(list(found) == expected, "held", f"o exemplo, {kind}", f"deveria dar {expected}")


@pytest.mark.parametrize("name", ["one_forward_one_backward", "bubble", "held"])
def test_time_and_memory(judge, name):
    judge.fast(name)
