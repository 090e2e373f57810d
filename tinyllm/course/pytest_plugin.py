"""What pytest does with the exercises: the learner's files or the solutions, their states, how many are pending.

setup.cfg names it, so that its options are known whatever else the command line says.
"""

import contextlib
import itertools
import json
import random
import signal
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tinyllm.course.judge import (
    BROKEN,
    PARTLY,
    PENDING,
    RIGHT,
    SENTENCE,
    STATES,
    UNFIT,
    WRONG,
    Failed,
    Judge,
    Missing,
)
from tinyllm.course.syllabus import course_folder, read_exercises

FOLDER = course_folder()
PATIENCE = 30  # seconds that one test of an exercise may take
LOOKS = 3  # times PATIENCE, after which it is over even if it only waits
PRINTED = 5  # lines that are shown of what a learner's code prints
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Note on each test of an exercise how many there are, before -k and the like leave some out.

    What the solutions are warned of is the project's to mend; what a learner's answer is warned of makes it not wrong.
    """
    several = Counter(exercise_of(item.path) for item in items)
    of_learner = FOLDER / config.getoption("--impl") != FOLDER / "solutions"
    for item in items:
        item.user_properties.append(("of", several[exercise_of(item.path)]))
        if of_learner and exercise_of(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore"))
    if config.getoption("--shuffle") is not None:
        random.Random(config.getoption("--shuffle")).shuffle(items)


def exercise_of(path):
    """The exercise that a test file judges, or None."""
    return EXERCISES.get(path.relative_to(FOLDER)) if path.is_relative_to(FOLDER) else None


class Interrupted(BaseException):
    """What took too long was stopped. No `except Exception` of a learner's catches it."""


@contextlib.contextmanager
def caught(judge):
    """Gives a list that holds, after the block, the error that came: Ctrl-C excepted, any that code can raise.

    What is not over after PATIENCE is interrupted, where the system can do so (not on Windows). Where others keep the
    machine busy, it may take some more.
    """
    errors, began, looks = [], time.process_time(), itertools.count(1)

    def interrupt(number, frame):
        if time.process_time() - began > PATIENCE / 2 or next(looks) == LOOKS:
            raise Interrupted

    can = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, interrupt) if can else None
    try:
        if can:
            signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
        yield errors
    except Interrupted as error:
        errors.append(judge.too_long(error, PATIENCE))
    except (KeyboardInterrupt, pytest.skip.Exception, pytest.fail.Exception):
        raise
    except BaseException as error:
        errors.append(error)
    finally:
        if can:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def loaded(request):
    """(the judge of this file's exercise, a list of the error that loading the answer raised, if any)."""
    exercise = exercise_of(request.path)
    judge = Judge(exercise, FOLDER / request.config.getoption("--impl"), FOLDER)  # an absolute path stays what it is
    with caught(judge) as errors:
        judge.load()
    return judge, errors


@pytest.fixture
def judge(request, loaded):
    """The judge of this file's exercise, with the answer loaded."""
    judge, errors = loaded
    if errors:
        fail(request.node, judge, errors[0])
    return judge


def fail(item, judge, error):
    """Fail the test with the message of an error, and note its state. If the tests fail a solution, that goes on."""
    # what Hypothesis makes of several errors, or of one that comes and goes; those of a learner's group were not raised
    while isinstance(error, BaseExceptionGroup) and error.exceptions[0].__traceback__:
        error = error.exceptions[0]
    message = str(error) if isinstance(error, Failed) else judge.explain(error)
    if message is None and judge.path == judge.folder / "solutions" / judge.exercise.place:
        raise error
    if message is None:
        error = judge.cannot_go_on(error)
        message = str(error)
    item.user_properties.append(("state", error.state if isinstance(error, Failed) else BROKEN))
    if judge.like:
        item.user_properties.append(("like", judge.like))
    if judge.answer and judge.called:
        item.user_properties.append(("piece", [judge.called, judge.leans_on(judge.called)]))
    pytest.fail(message, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    exercise = exercise_of(pyfuncitem.path)
    if exercise is None:
        return (yield)
    judge, errors = pyfuncitem.funcargs["loaded"]
    judge.called = judge.case = judge.like = result = None
    with caught(judge) as found, np.errstate(all="ignore"):  # a result that overflows is just wrong
        result = yield
    if not found:
        return result
    error = found[0].__cause__ if isinstance(found[0], Missing) else found[0]
    if isinstance(error, NotImplementedError) and error.args == (exercise.id,):
        piece = traceback.extract_tb(error.__traceback__)[-1].name
        pyfuncitem.user_properties.append(("missing", piece))
        pytest.skip(f"{PENDING}: {exercise.id}")
    if getattr(error, "endless", False):
        errors.append(error)  # the tests that are left would take as long
    fail(pyfuncitem, judge, error)  # out here, or pytest would show both errors


def pytest_unconfigure(config):
    """The last line: how the exercises stand. Of the workers of pytest-xdist, the one that gathers says it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    found = {name: verdict(name, reports) for name, reports in reports_by_exercise(reporter.stats).items()}
    if config.getoption("--states"):
        Path(config.getoption("--states")).write_text(json.dumps(found), encoding="utf-8")
    if found:
        counts = Counter(state for state, _ in found.values())
        told = [counted(counts[state], state) for state in STATES if counts[state]]
        reporter.write_line("exercícios: " + ", ".join(told))


def reports_by_exercise(stats):
    """{exercise: [(its usual state, report)]} of what pytest gathered."""
    found = {}
    for outcome, usual in (("passed", RIGHT), ("skipped", PENDING), ("failed", BROKEN), ("error", BROKEN)):
        for report in stats.get(outcome, ()):
            exercise = EXERCISES.get(Path(report.nodeid.partition("::")[0]))
            if exercise:
                found.setdefault(exercise.id, []).append((usual, report))
    return found


def verdict(exercise, reports):
    """[state, message] of an exercise: the worst that a test found, but a known mistake before it, for what else is
    wrong may follow from it, and before all the piece that other wrong ones use; right only if every test ran."""
    worst, properties = (False, False, 0, 0, False, ""), [dict(report.user_properties) for _, report in reports]
    likely = those_likely(known["like"] for known in properties if "like" in known)
    wrong = {known["piece"][0] for known in properties if known.get("state") in (WRONG, BROKEN) and "piece" in known}
    for (usual, report), known in zip(reports, properties, strict=True):
        state, message = known.get("state", usual), ""
        if usual not in (RIGHT, PENDING):
            message = report.longreprtext + printed(report.capstdout)
            message = message.encode(errors="backslashreplace").decode()  # half a character cannot be kept
        piece, sentences = known.get("like", ("", ()))
        told = [(piece, sentence) for sentence in sentences if SENTENCE + sentence in message]
        fits = 0 if not told else 1 if told[0] in likely else -1
        first = wrong.isdisjoint(known.get("piece", ("", ()))[1])
        found = (first, fits > 0, STATES.index(state), fits, UNFIT not in message, message)
        worst = max(worst, found, key=lambda e: e[:5])
    worst = [STATES[worst[2]], worst[5]]
    if worst[0] == RIGHT and len(reports) < max(known.get("of", 0) for known in properties):
        return [PARTLY, f"{exercise} {PARTLY}: só {len(reports)} dos seus testes chegaram ao fim"]
    missing = dict.fromkeys(known["missing"] for known in properties if "missing" in known)
    if worst[0] == PENDING and any(usual == RIGHT for usual, _ in reports):
        return [PENDING, f"{exercise} {PENDING}: falta escrever {', '.join(missing)}"]
    return worst


def those_likely(likes):
    """The (piece, sentence) that fit at least half of the tests that the piece fails: what is like a known mistake in
    one odd case is another mistake."""
    likes = list(likes)
    failed = Counter(piece for piece, _ in likes)
    fits = Counter((piece, sentence) for piece, sentences in likes for sentence in sentences)
    return {(piece, sentence) for (piece, sentence), times in fits.items() if 2 * times >= failed[piece]}


def printed(text):
    """What the learner's code printed, if anything: its first lines."""
    lines = text.strip().splitlines()
    more = [f"  (e mais {len(lines) - PRINTED} linhas)"] if len(lines) > PRINTED else []
    shown = [f"  │ {line[:100]}" for line in lines[:PRINTED]]
    return "\n".join(["\n  o seu código imprimiu:", *shown, *more]) if lines else ""


def counted(number, state):
    """So many exercises in a state: "1 certo", "5 pendentes", "2 com erro no seu código"."""
    if " " in state:
        return f"{number} com {state}"
    return f"{number} {state}" + ("s" if number > 1 else "")
