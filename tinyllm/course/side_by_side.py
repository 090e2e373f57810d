"""`tinyllm course compare`: the learner's answer, the solution and the library side by side."""

import ast
import importlib
import inspect
from pathlib import Path

from tinyllm.course import measure
from tinyllm.course.judge import BROKEN, PENDING, RIGHT, load
from tinyllm.course.progress import states
from tinyllm.say import emit, tell

TITLES = {"yours": "a sua", "solution": "a solução", "library": "a biblioteca"}


def compare(folder, exercise, *, as_json=False):
    """Show every piece of an exercise, as each wrote it: whether it is right, its time, its peak memory, its lines."""
    state, message = states(folder, [exercise])[exercise.id]
    tell(f"medindo {exercise.id}: cada versão de cada peça, algumas vezes…")
    rows = [row for name in exercise.pieces for row in rows_of(folder, exercise, name, state)]
    if as_json:
        for row in rows:
            emit({"exercise": exercise.id, **row})
        return
    if message and state != RIGHT:
        print(f"{message}\n")
    print(f"{exercise.id} {exercise.title}\n\n  {'':26}{'':20}{'tempo':>12}{'memória':>12}{'linhas':>9}")
    for row in rows:
        name = row["piece"] if row["whose"] == "yours" else ""
        time, peak = row["seconds"], row["peak_bytes"]
        figures = f"{measure.duration(time):>12}{measure.amount(peak):>12}" if time is not None else " " * 24
        whose = TITLES[row["whose"]] + (f" ({row['state']})" if row["whose"] == "yours" else "")
        print(f"  {name:26}{whose:20}{figures}{row['lines'] or '':>9}")
    if any(row["whose"] == "library" for row in rows):
        print(
            "\na biblioteca confere o que recebe e serve a mais casos; onde há uma rotina compilada, o tempo é o dela"
        )


def rows_of(folder, exercise, name, state):
    """A row for each version of a piece, all measured on the same work in turns."""
    support = load(folder / exercise.support)
    work, pieces, state_of = support.WORK[name], {}, {"yours": state}
    if state not in (PENDING, BROKEN):
        pieces["yours"] = getattr(load(folder / "exercises" / exercise.place), name)
        state_of["yours"] = tried(work, pieces["yours"]) or state
        if state_of["yours"] in (PENDING, BROKEN):
            del pieces["yours"]
    pieces["solution"] = getattr(load(folder / "solutions" / exercise.place), name)
    if name in exercise.library:
        pieces["library"] = getattr(importlib.import_module(exercise.library[name]), name)
    times = measure.seconds(work, work.large, *pieces.values())
    measured = {
        whose: {
            "seconds": time,
            "peak_bytes": measure.peak_bytes(work, piece, work.large),
            "lines": lines(piece, exercise.pieces),
        }
        for (whose, piece), time in zip(pieces.items(), times, strict=True)
    }
    unmeasured = {"seconds": None, "peak_bytes": None, "lines": None}
    for whose in dict.fromkeys(["yours", *pieces]):
        yield {"piece": name, "whose": whose, "state": state_of.get(whose, RIGHT), **measured.get(whose, unmeasured)}


def tried(work, piece):
    """The state that a single call shows a learner's piece to be in, or None if it gives a result."""
    try:
        work.through(piece, *work.make(work.small))
    except NotImplementedError:
        return PENDING
    except Exception:  # whatever it is, the tests tell it
        return BROKEN
    return None


def lines(piece, others):
    """How many lines of code a function or class has, with what of its file it uses, the other pieces apart: without
    docstrings, comments and empty lines."""
    piece = inspect.unwrap(piece)
    parts = vars(piece).values() if inspect.isclass(piece) else [piece]  # a class does not know its file, a method does
    code = next(filter(inspect.isfunction, parts)).__code__
    source = Path(code.co_filename).read_text(encoding="utf-8")
    defined = {node.name: node for node in ast.parse(source).body if hasattr(node, "name")}  # the last of a name counts
    used, left = {}, [piece.__name__]
    while left:
        name = left.pop()
        node = used[name] = defined[name]
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        left += names & defined.keys() - used.keys() - set(others)
    return sum(of_body(node, source.splitlines()) for node in used.values())


def of_body(node, text):
    """How many lines of code the body of a function or class has."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    text = text[body[0].lineno - 1 : body[-1].end_lineno] if body else []
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in text)
