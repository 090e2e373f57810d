"""What pytest does with the exercises: the learner's files or the solutions, their states, how many are pending."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tinyllm.course.catalog import read_exercises
from tinyllm.course.judge import Judge, Wrong

FOLDER = Path(__file__).resolve().parent.parent
EXERCISES = {exercise.tests: exercise for exercise in read_exercises(FOLDER)}
PENDING = "pendente: "


def pytest_addoption(parser):
    parser.addoption(
        "--impl", default="exercises",
        help="whose answers the course tests judge: exercises (yours, the default), solutions, or a folder like them",
    )  # fmt: skip

    parser.addoption(
        "--states", help="write {exercise: [certo, pendente or errado, what was told]} as JSON into this file"
    )


def exercise_of(path):
    """The exercise that a test file judges, or None."""
    return EXERCISES.get(path.relative_to(FOLDER)) if path.is_relative_to(FOLDER) else None


@pytest.fixture(scope="module")
def judge(request):
    """The judge of this file's exercise, with the answer loaded."""
    exercise = exercise_of(request.path)
    judge = Judge(exercise, FOLDER / request.config.getoption("--impl"), FOLDER)  # an absolute path stays what it is
    try:
        judge.load()
    except Exception as error:
        caught = error
    else:
        return judge
    pytest.fail(told(judge, caught), pytrace=False)  # out here, or pytest would show both errors, one after the other


def told(judge, error):
    """The message of an error that is the answer's. Any other error goes on."""
    message = str(error) if isinstance(error, Wrong) else judge.explain(error)
    if message is None:
        raise error
    return message


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    exercise = exercise_of(pyfuncitem.path)
    try:
        return (yield)
    except Exception as error:
        if exercise is None:
            raise
        caught = error
    if isinstance(caught, NotImplementedError) and caught.args == (exercise.id,):
        pytest.skip(PENDING + exercise.id)
    pytest.fail(told(pyfuncitem.funcargs["judge"], caught), pytrace=False)


def pytest_unconfigure(config):
    """The last line: how the exercises stand. Of the workers of pytest-xdist, the one that gathers says it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    states = {}
    for state, kinds in (("certo", ["passed"]), ("pendente", ["skipped"]), ("errado", ["failed", "error"])):
        for report in (report for kind in kinds for report in reporter.stats.get(kind, ())):
            exercise = EXERCISES.get(Path(report.nodeid.partition("::")[0]))
            if exercise and states.get(exercise.id, [None])[0] != state:  # of several states, the worst
                states[exercise.id] = [state, report.longreprtext if state == "errado" else ""]
    if config.getoption("--states"):
        Path(config.getoption("--states")).write_text(json.dumps(states), encoding="utf-8")
    if states:
        counts = Counter(state for state, _ in states.values())
        counted = [f"{counts[s]} {s}{'s' * (counts[s] != 1)}" for s in ("certo", "pendente", "errado") if counts[s]]
        reporter.write_line("exercícios: " + ", ".join(counted))
