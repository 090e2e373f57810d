"""The rules that keep the course honest. They change exercises, in copies, and run with `pytest -m gate`."""

import importlib
import re
import subprocess
import sys

import pytest
from checkout import with_version
from course.versions import QUICK

from tinyllm.course.judge import BROKEN, RIGHT, WRONG, load
from tinyllm.course.measure import LARGE, SLOW
from tinyllm.course.notebook import make_notebook
from tinyllm.course.pytest_plugin import EXERCISES, FOLDER
from tinyllm.course.syllabus import lesson, make_stub

pytestmark = pytest.mark.gate
MODULES = sorted(FOLDER.glob("tests/course/m[0-9]*"))
EVERY = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.id)


def judge(implementation, *tests):
    """(numbers by outcome, last line) of the course tests on a folder of answers."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", f"--impl={implementation}"]
    ran = subprocess.run([*command, *map(str, tests)], cwd=FOLDER, capture_output=True, encoding="utf-8", check=False)
    output = ran.stdout
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|skipped|errors?)", output)}
    return counts, output.splitlines()[-1]


def solution(exercise):
    return (FOLDER / "solutions" / exercise.place).read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_notebook_is_what_its_lesson_and_exercises_make(module):
    made = make_notebook(FOLDER, module.name, EXERCISES.values())
    assert (FOLDER / "exercises" / module.name / "notebook.ipynb").read_text(encoding="utf-8") == made, (
        "run python -m tinyllm.course.make"
    )


@EVERY
def test_the_exercise_is_what_its_solution_makes(exercise):
    stub = make_stub(exercise, solution(exercise))
    assert (FOLDER / "exercises" / exercise.place).read_text(encoding="utf-8") == stub
    assert stub.count(f'raise NotImplementedError("{exercise.id}")') == len(exercise.pieces) <= 3


def test_untouched_exercises_are_all_pending():
    counts, last = judge(FOLDER / "exercises", *MODULES)
    assert counts.keys() == {"skipped"}
    assert last == f"exercícios: {len(EXERCISES)} pendentes"


@pytest.mark.parametrize("order", ["--shuffle=0", "--shuffle=1", "--shuffle=2"])
def test_every_solution_is_right_in_any_order(order):
    counts, _ = judge(FOLDER / "solutions", order, *QUICK, *MODULES)
    assert counts.keys() == {"passed"}


@EVERY
def test_every_solution_is_right_alone(exercise, versions):
    (found,) = versions.judge(exercise, {exercise.place: solution(exercise)})
    assert found["states"] == {exercise.id: [RIGHT, ""]} and "skipped" not in found["output"], found["output"]


@EVERY
def test_every_mistake_is_rejected_with_its_own_sentence(exercise, versions):
    known = load(FOLDER / exercise.support).MISTAKES
    assert known.keys() == set(exercise.pieces)
    mistakes = [(piece, *pair) for piece, several in known.items() for pair in several]
    folders = [{exercise.place: with_version(exercise, piece, mistake)} for piece, mistake, _ in mistakes]
    judged = versions.judge(exercise, *folders, options=QUICK)
    for (_, mistake, sentence), found in zip(mistakes, judged, strict=True):
        state, message = found["states"][exercise.id]
        assert (state, sentence in message) == (WRONG, True), f"{mistake.__name__}: {state}\n{message}"


@EVERY
def test_what_is_right_but_costly_is_rejected(exercise, versions):
    known = getattr(load(FOLDER / exercise.support), "COSTLY", {})
    costly = [(piece, *pair) for piece, several in known.items() for pair in several]
    folders = [{exercise.place: with_version(exercise, piece, version)} for piece, version, _ in costly]
    for (_, version, expected), found in zip(costly, versions.judge(exercise, *folders), strict=True):
        state, message = found["states"][exercise.id]
        assert (state, "a solução" in message) == (expected, True), f"{version.__name__}: {state}\n{message}"


@EVERY
def test_what_is_rejected_for_its_cost_is_asked_for(exercise):
    statement = " ".join((FOLDER / "solutions" / exercise.place).read_text(encoding="utf-8").split())
    known = getattr(load(FOLDER / exercise.support), "COSTLY", {})
    asked = {SLOW: "tempo (é medido|e a memória são medidos)", LARGE: "memória (é medida|são medidos)"}
    for state in {state for several in known.values() for _, state in several}:
        assert re.search(asked[state], statement), f"the statement says nothing of {state}"


@EVERY
def test_the_tests_run_the_file_of_the_learner_and_no_other(exercise, versions):
    fire = 'raise RuntimeError("a machine on fire")\n'
    others = {other.place: fire for other in EXERCISES.values() if other is not exercise}
    folders = {exercise.place: fire}, {**others, exercise.place: solution(exercise)}
    it_burns, others_burn = versions.judge(exercise, *folders, options=QUICK)
    state, message = it_burns["states"][exercise.id]
    assert state == BROKEN and "RuntimeError: a machine on fire" in message
    assert "passed" not in it_burns["output"] and others_burn["passed"]


@EVERY
def test_every_exercise_has_a_lesson_three_hints_and_a_place_in_the_library(exercise):
    text = lesson(FOLDER, exercise.place.parent)
    assert re.search(rf"^##+ .*\(`{re.escape(exercise.place.name)}`\)$", text, flags=re.M)
    assert len(load(FOLDER / exercise.support).HINTS) == 3
    assert exercise.library.keys() <= set(exercise.pieces)
    assert all(hasattr(importlib.import_module(module), name) for name, module in exercise.library.items())
    known = load(FOLDER / exercise.support).MISTAKES
    assert min(len({sentence for _, sentence in known[piece]}) for piece in exercise.pieces) >= 5


def test_no_test_of_the_course_needs_another_library():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("tests/course/m[0-9]*/*.py"))
    assert not re.search(r"^\s*(import|from) (torch|transformers|scipy)", text, flags=re.M)
