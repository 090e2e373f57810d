"""The gates that take long: a learner's way through a module, and mutants. They run where their proof is out of date,
with `pytest -m gate`, and all of them with `pytest -m slow` as well: see proofs.py."""

from pathlib import Path

import pytest
from checkout import watching, with_version
from course import mutants, proofs

from tinyllm.course import guide
from tinyllm.course.digest import sources
from tinyllm.course.judge import PENDING, RIGHT, load
from tinyllm.course.progress import judged, untouched
from tinyllm.course.pytest_plugin import EXERCISES, FOLDER
from tinyllm.course.side_by_side import compare

pytestmark = pytest.mark.gate
MODULES = {e.place.parent.name: [] for e in EXERCISES.values()}
for exercise in EXERCISES.values():
    MODULES[exercise.place.parent.name].append(exercise)
BY_ID = {e.id: e for e in EXERCISES.values()}
WAY = [Path("tests/course/test_proved_gates.py"), Path("tests/checkout.py"), Path("tinyllm/course/side_by_side.py")]
WAY_DEPENDS_ON = {module: [*WAY, *(file for e in MODULES[module] for file in sources(e))] for module in MODULES}
MUTATING = [Path("tests/course/mutants.py"), Path("tests/course/versions.py")]
MUTANTS_DEPEND_ON = {name: [*MUTATING, *sources(e)] for name, e in BY_ID.items()}


@pytest.mark.parametrize("module", proofs.unproved("way", WAY_DEPENDS_ON))
def test_a_learner_who_solves_them_in_order_sees_the_pending_ones_fall_one_by_one(module, checkout, versions, capsys):
    """With watch running; after a mistake and a reset, to the comparison at the end."""
    exercises = MODULES[module]
    with proofs.proving("way", module, WAY_DEPENDS_ON[module]), watching(checkout) as said:
        for left, exercise in zip(range(len(exercises), 0, -1), exercises, strict=True):
            file = checkout / "exercises" / exercise.place
            stub, solution = file.read_text("utf-8"), (FOLDER / "solutions" / exercise.place).read_text("utf-8")
            assert sum(untouched(checkout, e) for e in exercises) == left
            answers = {e.place: (checkout / "exercises" / e.place).read_text("utf-8") for e in exercises}
            (found,) = versions.judge(exercise, answers)
            assert found["states"] == {exercise.id: [PENDING, ""]} and "passed" not in found["output"]

            piece, known = next(iter(load(FOLDER / exercise.support).MISTAKES.items()))
            mistake, sentence = known[0]
            file.write_text(with_version(exercise, piece, mistake), encoding="utf-8")
            assert "   errado      " in said(exercise.id) and said("  parece: ") == f"  parece: {sentence}"
            wrong = file.read_text("utf-8")
            guide.reset(checkout, exercise)
            (kept,) = file.parent.glob(f"{file.stem}.*.bak")
            assert file.read_text("utf-8") == stub and kept.read_text("utf-8") == wrong
            assert "   pendente   " in said(exercise.id)

            file.write_text(solution, encoding="utf-8")
            assert "   certo   " in said(exercise.id)
            capsys.readouterr()
            compare(checkout, exercise)
            out = capsys.readouterr().out
            assert out.count("a sua (certo)") == out.count("a solução") == len(exercise.pieces)
            assert out.count("a biblioteca  ") == len(exercise.library)
        assert judged(checkout, exercises) == {e.id: [RIGHT, ""] for e in exercises}


@pytest.mark.parametrize("wanted", proofs.unproved("mutants", MUTANTS_DEPEND_ON))
def test_the_tests_kill_the_mutants_of_the_solution(wanted, versions):
    with proofs.proving("mutants", wanted, MUTANTS_DEPEND_ON[wanted]):
        mutants.check(BY_ID[wanted], versions)
