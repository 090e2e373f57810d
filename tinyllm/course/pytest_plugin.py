"""What pytest does with the exercises: the learner's files or the solutions, their states, how many are pending.

setup.cfg names it, so that its options are known whatever else the command line says.
"""

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tinyllm.course.catalog import course_folder, read_exercises
from tinyllm.course.judge import BROKEN, PENDING, RIGHT, SENTENCE, STATES, Failed, Judge

FOLDER = course_folder()
EXERCISES = {exercise.tests: exercise for exercise in read_exercises(FOLDER)}


def pytest_addoption(parser):
    parser.addoption(
        "--impl", default="exercises",
        help="whose answers the course tests judge: exercises (yours, the default), solutions, or a folder like them",
    )  # fmt: skip

    parser.addoption(
        "--states", help="write {exercise: [certo, pendente or errado, what was told]} as JSON into this file"
    )
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in an order drawn from this seed")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--shuffle") is not None:
        random.Random(config.getoption("--shuffle")).shuffle(items)


def exercise_of(path):
    """The exercise that a test file judges, or None."""
    return EXERCISES.get(path.relative_to(FOLDER)) if path.is_relative_to(FOLDER) else None


@pytest.fixture(scope="module")
def loaded(request):
    """(the judge of this file's exercise, the error that loading the answer raised or None)."""
    exercise = exercise_of(request.path)
    judge = Judge(exercise, FOLDER / request.config.getoption("--impl"), FOLDER)  # an absolute path stays what it is
    try:
        judge.load()
    except Exception as error:
        return judge, error
    return judge, None


@pytest.fixture
def judge(request, loaded):
    """The judge of this file's exercise, with the answer loaded."""
    judge, error = loaded
    if error is not None:
        fail(request.node, judge, error)
    return judge


def fail(item, judge, error):
    """Fail the test with the message of an error that is the answer's, and note its state. Any other error goes on."""
    message = str(error) if isinstance(error, Failed) else judge.explain(error)
    if message is None:
        raise error
    item.user_properties.append(("state", error.state if isinstance(error, Failed) else BROKEN))
    pytest.fail(message, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    exercise = exercise_of(pyfuncitem.path)
    quiet = np.errstate() if exercise is None else np.errstate(all="ignore")  # a result that overflows is just wrong
    try:
        with quiet:
            return (yield)
    except Exception as error:
        if exercise is None:
            raise
        caught = error
    if isinstance(caught, NotImplementedError) and caught.args == (exercise.id,):
        pytest.skip(f"{PENDING}: {exercise.id}")
    fail(pyfuncitem, pyfuncitem.funcargs["judge"], caught)  # out here, or pytest would show both errors


def pytest_unconfigure(config):
    """The last line: how the exercises stand. Of the workers of pytest-xdist, the one that gathers says it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    found = {}
    for outcome, usual in (("passed", RIGHT), ("skipped", PENDING), ("failed", BROKEN), ("error", BROKEN)):
        for report in reporter.stats.get(outcome, ()):
            exercise = EXERCISES.get(Path(report.nodeid.partition("::")[0]))
            if exercise:
                state = dict(report.user_properties).get("state", usual)
                message = "" if usual in (RIGHT, PENDING) else report.longreprtext
                known = found.get(exercise.id, [RIGHT, ""])
                found[exercise.id] = max(known, [state, message], key=lambda e: (STATES.index(e[0]), SENTENCE in e[1]))
    if config.getoption("--states"):
        Path(config.getoption("--states")).write_text(json.dumps(found), encoding="utf-8")
    if found:
        counts = Counter(state for state, _ in found.values())
        told = [counted(counts[state], state) for state in STATES if counts[state]]
        reporter.write_line("exercícios: " + ", ".join(told))


def counted(number, state):
    """So many exercises in a state: "1 certo", "5 pendentes", "2 com erro no seu código"."""
    if " " in state:
        return f"{number} com {state}"
    return f"{number} {state}" + ("s" if number > 1 else "")
