"""Why a result is not what is due, found by watching the answer while it runs once more: which line of the learner's
gave a thing of another kind, and on which a number came that pulls the others to another dtype."""

import ast
import contextlib
import dis
import inspect
import sys
from types import FunctionType
from typing import NamedTuple

import numpy as np

from tinyllm.tensor import Tensor

OF_NUMPY = ("array", "asarray", "zeros", "ones", "full", "empty", "arange", "linspace", "eye", "tri", "random")


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
    due = {name: value for name, _, value in returned(*solution)}
    theirs = only_inside(due)
    due |= {name: due[theirs[piece]] for piece, name in only_inside(name for name, *_ in found).items()
            if piece in theirs}  # fmt: skip
    troubles = ((name, line, mismatch(value, due.get(name))) for name, line, value in found)
    return next((Cause(line, f"{called(name)} devolveu {what}") for name, line, what in troubles if what), None)


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


def mismatch(value, due):
    """How the kind of a value differs from what is due, in words; None if it does not."""
    if isinstance(value, tuple) and isinstance(due, tuple) and len(value) == len(due):
        return next(filter(None, map(mismatch, value, due)), None)
    if due is None:
        return None
    if value is None:
        return "None, isto é, nada; falta um return?"
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
             float: "um float do Python", FunctionType: "uma função"}  # fmt: skip
    return next((words for known, words in names.items() if isinstance(value, known)), f"um {type(value).__name__}")


def returned(path, run):
    """[(the name of a function of this file, the line of its return, what it returned)] of all that run() calls."""
    found = []

    def see(frame, event, value):
        code = frame.f_code
        ours = event == "return" and code.co_filename == str(path) and not code.co_flags & inspect.CO_GENERATOR
        if ours and dis.opname[code.co_code[frame.f_lasti]].startswith("RETURN"):  # else an error ends the call
            found.append((code.co_qualname, frame.f_lineno, value))

    watched(sys.setprofile, sys.getprofile, see, run)
    return found


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

    watched(sys.settrace, sys.gettrace, look, run)
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
    """Whether a value, or one inside a tuple, is an array, a number of NumPy or a Tensor of this dtype."""
    if isinstance(value, tuple):
        return any(of_dtype(one, dtype) for one in value)
    return isinstance(value, np.ndarray | np.generic | Tensor) and value.dtype == dtype


def source_of(path, number):
    """What of NumPy on a line of the file gives float64, in words; empty if nothing there is known to."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and node.lineno <= number <= node.end_lineno:
            name = ast.unparse(node.func)
            module, _, name = name.partition(".")
            if module in ("np", "numpy"):
                if name.partition(".")[0] in OF_NUMPY:
                    if any(keyword.arg == "dtype" for keyword in node.keywords):
                        continue
                    return f": {module}.{name} sem dtype dá float64, que puxa consigo o que é float32"
                if isinstance(getattr(np, name, None), np.ufunc):
                    return f": {module}.{name} de um número dá float64, que puxa consigo o que é float32"
    return ""


def watched(put, get, see, run):
    """Run a function under sys.setprofile or sys.settrace; what it raises has been told already."""
    before = get()
    put(see)
    try:
        with contextlib.suppress(Exception):
            run()
    finally:
        put(before)
