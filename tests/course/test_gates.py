"""The rules that keep the course honest. They change exercises, in copies, and run with `pytest -m gate`."""

import importlib
import json
import re
import shutil
import subprocess
import sys

import pytest
from checkout import with_version

from tinyllm.course.catalog import make_stub, write_stub
from tinyllm.course.judge import BROKEN, PENDING, RIGHT, WRONG, load
from tinyllm.course.notebook import make_notebook
from tinyllm.course.progress import untouched
from tinyllm.course.pytest_plugin import EXERCISES, FOLDER

pytestmark = pytest.mark.gate
MODULES = sorted(FOLDER.glob("tests/course/m[0-9]*"))
EVERY = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.id)
LATELY = 3600  # seconds


def changed_lately():
    """The exercises of which a file changed within LATELY of the newest commit; all of them where git does not tell."""
    git = shutil.which("git")
    if git is None or not (FOLDER / ".git").exists():
        return list(EXERCISES.values())
    newest = subprocess.run(
        [git, "log", "-1", "--format=%ct"], cwd=FOLDER, capture_output=True, encoding="utf-8", check=True
    )
    since = f"--since={int(newest.stdout) - LATELY}"
    command = [git, "log", since, "--format=", "--name-only"]
    names = set(
        subprocess.run(command, cwd=FOLDER, capture_output=True, encoding="utf-8", check=True).stdout.split("\n")
    )
    return [e for e in EXERCISES.values() if names & {f"solutions/{e.place}", str(e.tests), str(e.support)}]


CHANGED = changed_lately()
EVERY_AND_SLOW_IF_UNCHANGED = pytest.mark.parametrize(
    "exercise",
    [pytest.param(e, marks=() if e in CHANGED else pytest.mark.slow) for e in EXERCISES.values()],
    ids=lambda e: e.id,
)


def judge(implementation, *tests):
    """(numbers by outcome, last line) of the course tests on a folder of answers."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", f"--impl={implementation}"]
    ran = subprocess.run([*command, *map(str, tests)], cwd=FOLDER, capture_output=True, encoding="utf-8", check=False)
    output = ran.stdout
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|skipped|errors?)", output)}
    return counts, output.splitlines()[-1]


def verdicts(exercise, *folders):
    """What the tests of one exercise say of each folder, given as {place: text}: see versions.py."""
    command = [sys.executable, "tests/course/versions.py", exercise.id]
    files = json.dumps([{str(place): text for place, text in folder.items()} for folder in folders])
    ran = subprocess.run(command, cwd=FOLDER, input=files, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return json.loads(ran.stdout)


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
    counts, last = judge(FOLDER / "solutions", order, *MODULES)
    assert counts.keys() == {"passed"}
    assert last == f"exercícios: {len(EXERCISES)} certos"


@EVERY
def test_every_solution_is_right_alone(exercise, tmp_path):
    place = tmp_path / exercise.place
    place.parent.mkdir()
    shutil.copy(FOLDER / "solutions" / exercise.place, place)
    counts, last = judge(tmp_path, exercise.tests)
    assert counts.keys() == {"passed"} and last == f"exercícios: 1 {RIGHT}"


@EVERY
def test_every_mistake_is_rejected_with_its_own_sentence(exercise):
    known = load(FOLDER / exercise.support).MISTAKES
    assert known.keys() == set(exercise.pieces)
    mistakes = [(piece, *pair) for piece, several in known.items() for pair in several]
    folders = [{exercise.place: with_version(exercise, piece, mistake)} for piece, mistake, _ in mistakes]
    for (_, mistake, sentence), found in zip(mistakes, verdicts(exercise, *folders), strict=True):
        state, message = found["states"][exercise.id]
        assert (state, sentence in message) == (WRONG, True), f"{mistake.__name__}: {state}\n{message}"


@EVERY
def test_what_is_right_but_costly_is_rejected(exercise):
    known = getattr(load(FOLDER / exercise.support), "COSTLY", {})
    versions = [(piece, *pair) for piece, several in known.items() for pair in several]
    folders = [{exercise.place: with_version(exercise, piece, version)} for piece, version, _ in versions]
    for (_, version, expected), found in zip(versions, verdicts(exercise, *folders), strict=True):
        state, message = found["states"][exercise.id]
        assert (state, "a solução" in message) == (expected, True), f"{version.__name__}: {state}\n{message}"


@EVERY
def test_the_tests_run_the_file_of_the_learner_and_no_other(exercise):
    fire = 'raise RuntimeError("a machine on fire")\n'
    others = {other.place: fire for other in EXERCISES.values() if other is not exercise}
    it_burns, others_burn = verdicts(exercise, {exercise.place: fire}, {**others, exercise.place: solution(exercise)})
    state, message = it_burns["states"][exercise.id]
    assert state == BROKEN and "RuntimeError: a machine on fire" in message
    assert "passed" not in it_burns["output"] and others_burn["passed"]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_learner_who_solves_them_in_order_sees_the_pending_ones_fall_one_by_one(module, tmp_path):
    exercises = [e for e in EXERCISES.values() if e.place.parent.name == module.name]
    shutil.copytree(FOLDER / "solutions", tmp_path / "solutions")
    for exercise in exercises:  # as they are given, whatever the learner who runs this has written
        write_stub(exercise, tmp_path)
    for left, exercise in zip(range(len(exercises), 0, -1), exercises, strict=True):
        assert sum(untouched(tmp_path, e) for e in exercises) == left
        counts, last = judge(tmp_path / "exercises", exercise.tests)
        assert counts.keys() == {"skipped"} and last == f"exercícios: 1 {PENDING}"
        shutil.copy(FOLDER / "solutions" / exercise.place, tmp_path / "exercises" / exercise.place)
        counts, last = judge(tmp_path / "exercises", exercise.tests)
        assert counts.keys() == {"passed"} and last == f"exercícios: 1 {RIGHT}"
    _, last = judge(tmp_path / "exercises", module)
    assert last == f"exercícios: {len(exercises)} certos"


@EVERY_AND_SLOW_IF_UNCHANGED
def test_the_tests_kill_the_mutants_of_the_solution(exercise):
    command = [sys.executable, "tests/course/mutants.py", exercise.id]
    ran = subprocess.run(command, cwd=FOLDER, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    found, explained = json.loads(ran.stdout), getattr(load(FOLDER / exercise.support), "EQUIVALENT", {})
    survivors = found["survivors"]
    print(f"{exercise.id}: {found['mutants'] - len(survivors)} of {found['mutants']} mutants killed")
    assert len(survivors) <= 0.1 * found["mutants"]
    assert set(survivors) == set(explained), "each survivor needs its reason in EQUIVALENT, and only survivors have one"


@EVERY
def test_every_exercise_has_a_lesson_three_hints_and_a_place_in_the_library(exercise):
    lesson = (FOLDER / "exercises" / exercise.place.parent / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^##+ .*\(`{re.escape(exercise.place.name)}`\)$", lesson, flags=re.M)
    assert len(load(FOLDER / exercise.support).HINTS) == 3
    assert exercise.library.keys() <= set(exercise.pieces)
    assert all(hasattr(importlib.import_module(module), name) for name, module in exercise.library.items())
    assert all(2 <= len(load(FOLDER / exercise.support).MISTAKES[piece]) <= 6 for piece in exercise.pieces)


def test_no_test_of_the_course_needs_another_library():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("tests/course/m[0-9]*/*.py"))
    assert not re.search(r"^\s*(import|from) (torch|transformers|scipy)", text, flags=re.M)
