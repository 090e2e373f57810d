"""The rules that keep the course honest. They change exercises, in copies, and run with `pytest -m gate`."""

import importlib
import json
import re
import shutil
import subprocess
import sys

import pytest
from course_plugin import EXERCISES, FOLDER

from tinyllm.course.catalog import make_stub, write_stub
from tinyllm.course.judge import load

pytestmark = pytest.mark.gate
MODULES = sorted(FOLDER.glob("tests/course/m*"))
EVERY = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.id)
MISTAKES = [
    pytest.param(exercise, piece, number, id=f"{exercise.id}-{mistake.__name__}")
    for exercise in EXERCISES.values()
    for piece, known in load(FOLDER / exercise.support).MISTAKES.items()
    for number, (mistake, _) in enumerate(known)
]

COSTLY = [
    pytest.param(exercise, piece, number, id=f"{exercise.id}-{version.__name__}")
    for exercise in EXERCISES.values()
    for piece, known in getattr(load(FOLDER / exercise.support), "COSTLY", {}).items()
    for number, (version, _) in enumerate(known)
]


def judge(implementation, *tests):
    """(numbers by outcome, output) of the course tests on a folder of answers."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-q",
        f"--impl={implementation}",
        *map(str, tests),
    ]
    output = subprocess.run(command, cwd=FOLDER, capture_output=True, encoding="utf-8", check=False).stdout
    return {name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|skipped|errors?)", output)}, output


@pytest.fixture
def answers(tmp_path):
    """A folder with a copy of the solutions, to be spoilt."""
    shutil.copytree(FOLDER / "solutions", tmp_path / "answers")
    return tmp_path / "answers"


def put(path, exercise, piece, version):
    """Let a version from the support file take the name of a piece in an answer."""
    with open(path, "a", encoding="utf-8") as file:
        file.write("\n\n" + (FOLDER / exercise.support).read_text(encoding="utf-8"))
        file.write(f"\n\n{piece} = {version.__name__}\n")


@EVERY
def test_the_exercise_is_what_its_solution_makes(exercise):
    stub = make_stub(exercise, (FOLDER / "solutions" / exercise.place).read_text(encoding="utf-8"))
    assert (FOLDER / "exercises" / exercise.place).read_text(encoding="utf-8") == stub
    assert stub.count(f'raise NotImplementedError("{exercise.id}")') == len(exercise.pieces) <= 3


def test_untouched_exercises_are_all_pending():
    counts, output = judge(FOLDER / "exercises", *MODULES)
    assert counts.keys() == {"skipped"}
    assert output.splitlines()[-1].startswith(f"exercícios: {len(EXERCISES)} pendente")


def test_every_solution_is_right():
    counts, output = judge(FOLDER / "solutions", *MODULES)
    assert counts.keys() == {"passed"}
    assert output.splitlines()[-1].startswith(f"exercícios: {len(EXERCISES)} certo")


@pytest.mark.parametrize(("exercise", "piece", "number"), MISTAKES)
def test_every_mistake_is_rejected_with_its_own_sentence(exercise, piece, number, answers):
    mistake, sentence = load(FOLDER / exercise.support).MISTAKES[piece][number]
    put(answers / exercise.place, exercise, piece, mistake)
    counts, output = judge(answers, exercise.tests)
    assert counts.get("failed") and f"parece: {sentence}" in output


@pytest.mark.parametrize(("exercise", "piece", "number"), COSTLY)
def test_what_is_right_but_costly_is_rejected(exercise, piece, number, answers):
    version, state = load(FOLDER / exercise.support).COSTLY[piece][number]
    put(answers / exercise.place, exercise, piece, version)
    counts, output = judge(answers, exercise.tests)
    assert counts["failed"] == 1 and f"   {state}      " in output and "a solução" in output


@EVERY
def test_the_tests_run_the_file_of_the_learner_and_no_other(exercise, answers):
    (answers / exercise.place).write_text('raise RuntimeError("a machine on fire")\n', encoding="utf-8")
    _, output = judge(answers, *MODULES)
    others = len(EXERCISES) - 1
    assert output.splitlines()[-1] == f"exercícios: {others} certos, 1 com erro no seu código"
    assert "erro no seu código" in output and "RuntimeError: a machine on fire" in output


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_learner_who_solves_them_in_order_sees_the_pending_ones_fall_one_by_one(module, tmp_path):
    exercises = [e for e in EXERCISES.values() if e.place.parent.name == module.name]
    for exercise in exercises:  # as they are given, whatever the learner who runs this has written
        write_stub(exercise, FOLDER, tmp_path / exercise.place)
    for solved, exercise in enumerate(exercises, start=1):
        shutil.copy(FOLDER / "solutions" / exercise.place, tmp_path / exercise.place)
        counts, _ = judge(tmp_path, exercise.tests)
        assert counts.keys() == {"passed"}, exercise.id
        _, output = judge(tmp_path, module)
        right, left = solved, len(exercises) - solved
        parts = [f"{right} certo{'s' * (right > 1)}", *[f"{left} pendente{'s' * (left > 1)}"][:left]]
        assert output.splitlines()[-1] == "exercícios: " + ", ".join(parts)


@EVERY
def test_the_tests_kill_the_mutants_of_the_solution(exercise):
    command = [sys.executable, "tests/course/mutants.py", exercise.id]
    found = json.loads(subprocess.run(command, cwd=FOLDER, capture_output=True, encoding="utf-8", check=True).stdout)
    survivors, explained = found["survivors"], getattr(load(FOLDER / exercise.support), "EQUIVALENT", {})
    print(f"{exercise.id}: {found['mutants'] - len(survivors)} of {found['mutants']} mutants killed")
    assert len(survivors) <= 0.1 * found["mutants"]
    assert set(survivors) == set(explained), "each survivor needs its reason in EQUIVALENT, and only survivors have one"


@EVERY
def test_every_exercise_has_a_lesson_three_hints_and_a_place_in_the_library(exercise):
    lesson = (FOLDER / "exercises" / exercise.place.parent / "README.md").read_text(encoding="utf-8")
    assert exercise.place.name in lesson
    assert len(load(FOLDER / exercise.support).HINTS) == 3
    assert exercise.library.keys() <= set(exercise.pieces)
    assert all(hasattr(importlib.import_module(module), name) for name, module in exercise.library.items())
    assert all(2 <= len(load(FOLDER / exercise.support).MISTAKES[piece]) <= 6 for piece in exercise.pieces)


def test_no_test_of_the_course_needs_another_library():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("tests/course/m*/*.py"))
    assert not re.search(r"^\s*(import|from) (torch|transformers|scipy)", text, flags=re.M)
