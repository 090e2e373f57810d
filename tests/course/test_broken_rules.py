"""Each rule of the course, broken in a copy of the checkout: its gate must fail there, and nothing else is needed."""

import re
import subprocess
import sys

import pytest
from checkout import environment

pytestmark = pytest.mark.slow
MODULE = "m01_introducao"
TESTS = f"tests/course/{MODULE}/test_e01_arrays.py"
SUPPORT = f"tests/course/{MODULE}/mistakes_e01.py"
SOLUTION = f"solutions/{MODULE}/e01_arrays.py"
LESSON = f"exercises/{MODULE}/README.md"

ANOTHER_TEST = "\n\ndef test_nothing_of_the_answer(judge):\n    pass\n"
THE_SOLUTION_INSTEAD = """

@pytest.fixture
def judge(loaded):
    judge, _ = loaded
    judge.answer = judge.solution
    return judge
"""
ORDER_MATTERS = """
came = []


def test_first(judge):
    judge.same("standardise", np.eye(3), case="")
    came.append(1)


def test_second(judge):
    judge.same("standardise", np.eye(3), case="")
    assert came
"""
ANOTHER_EXERCISE = """

def test_that_the_next_one_is_solved(judge):
    judge.same("standardise", np.eye(3), case="")
    assert "NotImplementedError" not in judge.path.with_name("e02_ngramas.py").read_text(encoding="utf-8")
"""
ANOTHER_LIBRARY = "\n\ndef test_with_it(judge):\n    import torch\n"

# what is broken: (the gate that must see it, the file, what stands there, what comes instead)
RULES = {
    "an exercise that its solution does not make": (
        "what_its_solution_makes and m01.e01", f"exercises/{MODULE}/e01_arrays.py", r"\Z", "# mine\n"),
    "a notebook that its lesson does not make": ("the_notebook", LESSON, r"\Z", "\nMais uma linha.\n"),
    "a test that passes on an untouched exercise": ("untouched", TESTS, r"\Z", ANOTHER_TEST),
    "a solution that is wrong": ("solution_is_right_alone and m01.e01", SOLUTION, r"a @ b\.T", "a @ b.T + 1"),
    "tests that pass in one order only": ("in_any_order", TESTS, r"\Z", ORDER_MATTERS),
    "a mistake that passes": (
        "mistake_is_rejected and m01.e01", SUPPORT, r"return x - \(\(x @ direction\)", "return ((x @ direction)"),
    "a mistake with the sentence of another": (
        "mistake_is_rejected and m01.e01", SUPPORT, r"\(what_remains, \"", '(only_the_length, "'),
    "a costly version that is not": (
        "costly_is_rejected and m01.e01", SUPPORT, r"return np\.array\(\[\(row - row.*",
        "return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)"),
    "tests that do not run the learner's file": ("file_of_the_learner and m01.e01", TESTS, r"\Z", THE_SOLUTION_INSTEAD),
    "an exercise that waits for another": ("one_by_one and m01", TESTS, r"\Z", ANOTHER_EXERCISE),
    "tests that mutants survive": (
        "kill_the_mutants and m01.e01", TESTS, r"(?s)\nrng = .*", "\n\ndef test_one(judge):\n"
        "    judge.same('project', np.ones((2, 2)), np.ones(2), case='')\n"),
    "a survivor that nobody explains": ("kill_the_mutants and m01.e01", SUPPORT, r"(?s)EQUIVALENT = \{.*?\n\}\n", ""),
    "an exercise without a lesson": ("has_a_lesson and m01.e01", LESSON, r" \(`e01_arrays\.py`\)", ""),
    "an exercise with two hints": (
        "has_a_lesson and m01.e01", SUPPORT, r"(?s)HINTS = \[\n    \".*?\",\n    \"", 'HINTS = [\n    "'),
    "a piece that the library does not have": (
        "has_a_lesson and m01.e03", f"solutions/{MODULE}/e03_softmax.py", r"functional\.softmax",
        "functional.soft_max"),
    "a test of the course that needs torch": ("no_test_of_the_course", TESTS, r"\Z", ANOTHER_LIBRARY),
}  # fmt: skip


def gate(checkout, name):
    """(exit status of pytest, its output) of one gate in a checkout."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "gate or notebook"]
    ran = subprocess.run(
        [*command, *(f"tests/course/test_{file}.py" for file in ("gates", "proved_gates", "notebooks")), "-k", name],
        cwd=checkout, env=environment(checkout), capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_is_seen(rule, checkout):
    name, place, old, new = RULES[rule]
    status, output = gate(checkout, name)
    assert status == 0, f"it fails before the rule is broken\n{output}"
    path = checkout / place
    text = path.read_text(encoding="utf-8")
    changed, times = re.subn(old, lambda match: new, text, count=1)
    assert times == 1 and changed != text, "the rule was not broken"
    path.write_text(changed, encoding="utf-8")
    status, output = gate(checkout, name)
    assert status == 1 and " failed" in output, output


@pytest.mark.notebook
def test_a_notebook_with_a_cell_that_fails_is_seen(checkout):
    name = "as_it_comes"
    assert gate(checkout, name)[0] == 0
    path = checkout / "exercises" / MODULE / "notebook.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("%load_ext", "1 / 0\\n%load_ext", 1), encoding="utf-8")
    status, output = gate(checkout, name)
    assert status == 1 and "ZeroDivisionError" in output
