"""Why a result is not what is due, found by watching the answer while it runs once more: which line of the learner's
gave a thing of another kind, and on which a number came that pulls the others to another dtype."""

import ast
import collections
import contextlib
import dis
import functools
import inspect
import re
import sys
import threading
from typing import NamedTuple

import numpy as np

from tinyllm.tensor import Tensor

OF_NUMPY = ("array", "asarray", "zeros", "ones", "full", "empty", "arange", "linspace", "eye", "tri", "random")
NOTHING = "None, isto é, nada"


class Cause(NamedTuple):
    """A line of the learner's file, and what it does."""

    line: int
    what: str


def other_kind(answer, solution):
    """The Cause, if a function of the answer returned a thing of another kind than the solution's of the same name, or
    than the only one inside of the same piece.

    Both are (the path of the file, a function that runs what is in it).
    """
    found = returned(*answer)
    due = collections.defaultdict(dict)  # by the name of a function, one value of each kind that it may return
    for name, _, value in returned(*solution):
        due[name][kind(value)] = value
    theirs, mine = only_inside(due), only_inside(name for name, *_ in found)
    due |= {mine[piece]: due[theirs[piece]] for piece in mine.keys() & theirs.keys()}
    lines = answer[0].read_text(encoding="utf-8").splitlines()
    for name, line, value in found:
        what = unlike(value, due[name].values())
        if what:
            missed = what == NOTHING and not re.search(r"\breturn\b", lines[line - 1])
            return Cause(line, f"{called(name)} devolveu {what}{'; falta um return?' if missed else ''}")
    return None


def only_inside(names):
    """{a piece: the qualified name of the only function inside}, comprehensions not counted."""
    inside = {}
    for name in names:
        piece, _, inner = name.partition(".<locals>.")
        if inner.isidentifier():
            inside.setdefault(piece, set()).add(name)
    return {piece: found.pop() for piece, found in inside.items() if len(found) == 1}


def called(name):
    """What to call a function, by its qualified name."""
    outer, _, inner = name.partition(".<locals>.")
    return f"a função de dentro de {outer}" if inner else outer


def unlike(value, dues):
    """How the kind of a value differs from each that is due, in words; None if it is like one of them."""
    troubles = [mismatch(value, due) for due in dues]
    return troubles[-1] if troubles and all(troubles) else None


def mismatch(value, due):
    """How the kind of a value differs from what is due, in words; None if it does not."""
    if isinstance(value, tuple) and isinstance(due, tuple) and len(value) == len(due):
        return next(filter(None, map(mismatch, value, due)), None)
    if due is None:
        return None
    if value is None:
        return NOTHING
    if isinstance(value, Tensor) and isinstance(due, Tensor) and value.requires_grad < due.requires_grad:
        return "um Tensor que não se lembra do caminho; por ele o gradiente não volta"
    if kind(value) == kind(due):
        return None
    lost = "; por ele o gradiente não volta" if isinstance(due, Tensor) else ""
    return f"{kind(value)} onde se espera {kind(due)}{lost}"


def kind(value):
    """What a value is, in words."""
    names = {Tensor: "um Tensor", np.ndarray: "um array", np.generic: "um número do NumPy", tuple: "uma tupla",
             list: "uma lista", dict: "um dicionário", bool: "um bool", int: "um int do Python",
             float: "um float do Python"}  # fmt: skip
    if is_function(value):
        return "uma função"
    return next((words for known, words in names.items() if isinstance(value, known)), f"um {type(value).__name__}")


def is_function(value):
    """Whether a value is a function, of Python or of NumPy."""
    return inspect.isroutine(value) or isinstance(value, functools.partial | np.ufunc | type(np.ones_like))


def returned(path, run):
    """[(the name of a function of this file, the line of its return, what it returned)] of all that run() calls, save
    of what a function returns to itself."""
    found = []

    def see(frame, event, value):
        code = frame.f_code
        ours = event == "return" and code.co_filename == str(path) and not code.co_flags & inspect.CO_GENERATOR
        ours = ours and not calls_itself(frame)
        if ours and dis.opname[code.co_code[frame.f_lasti]].startswith("RETURN"):  # else an error ends the call
            found.append((code.co_qualname, frame.f_lineno, value))

    watched("profile", see, run)
    return found


def calls_itself(frame):
    """Whether a function of the same name in the same file waits for what this one returns."""
    known = (frame.f_code.co_filename, frame.f_code.co_qualname)
    outer = frame.f_back
    while outer and (outer.f_code.co_filename, outer.f_code.co_qualname) != known:
        outer = outer.f_back
    return outer is not None


def other_dtype(path, run, dtype):
    """The Cause, if a value of this dtype comes up in the answer that is not among what its functions are given; None
    if the tests give one, for then any line may have it."""
    causes, given, last, known = [], [], {}, {}

    def look(frame, event, value):
        if frame.f_code.co_filename != str(path):
            return None
        here = {name for name, held in frame.f_locals.items() if of_dtype(held, dtype)}
        if event == "return" and of_dtype(value, dtype):
            here.add("return")
        if event == "call" and not causes and frame.f_back.f_code.co_filename != str(path):
            given.extend(here)
        if event != "call" and here - known[frame] and not causes:
            causes.append(last.get(frame, frame.f_lineno))
        known[frame], last[frame] = here, frame.f_lineno
        return look

    watched("trace", look, run)
    return (
        Cause(
            causes[0],
            f"é nesta linha que aparece o primeiro {dtype}"
            + (source_of(path, causes[0]) if dtype.name == "float64" else ""),
        )
        if causes and not given
        else None
    )


def of_dtype(value, dtype):
    """Whether a value, or one of the first in a tuple or list, is an array, number of NumPy or Tensor of this dtype."""
    if isinstance(value, tuple | list):
        return any(of_dtype(one, dtype) for one in value[:4])
    return isinstance(value, np.ndarray | np.generic | Tensor) and value.dtype == dtype


def source_of(path, number):
    """What of NumPy on a line of the file gives float64, in words; empty if nothing there is known to."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and node.lineno <= number <= node.end_lineno:
            name = ast.unparse(node.func)
            module, _, function = name.partition(".")
            if module not in ("np", "numpy"):
                continue
            if function.split(".")[0] in OF_NUMPY and not any(keyword.arg == "dtype" for keyword in node.keywords):
                return f": {name} sem dtype dá float64, que puxa consigo o que é float32"
            if isinstance(getattr(np, function, None), np.ufunc):
                return f": {name} de um número dá float64, que puxa consigo o que é float32"
    return ""


def watched(what, see, run):
    """Run a function under the "profile" or "trace" hook `see`, and with it the threads that it starts; what it raises
    has been told already."""
    before = [getattr(module, f"get{what}")() for module in (sys, threading)]

    def put(hooks):
        for module, hook in zip((sys, threading), hooks, strict=True):
            getattr(module, f"set{what}")(hook)

    put([see, see])
    try:
        with contextlib.suppress(Exception):
            run()
    finally:
        put(before)
