"""Why a result is not what is due, found by watching the answer while it runs once more: which line of the learner's
gave a thing of another kind, and on which a number came that pulls the others to another dtype. And what the errors
that Python and NumPy raise most often mean."""

import ast
import contextlib
import dis
import inspect
import re
import sys
from types import FunctionType
from typing import NamedTuple

import numpy as np

from tinyllm.tensor import Tensor

OF_NUMPY = ("array", "asarray", "zeros", "ones", "full", "empty", "arange", "linspace", "eye", "tri", "random")

MEANINGS = {  # by what an error says
    r"'Tensor' does not support ufuncs":
        "as funções do NumPy não conhecem Tensores, e por elas o gradiente não volta; use as de tinyllm.tensor",
    r"operands could not be broadcast|shape mismatch: objects cannot be broadcast":
        "estas formas não se combinam: do último eixo para o primeiro, dois tamanhos têm de ser iguais, ou um deles 1",
    r"mismatch in its core dimension|shapes .* not aligned":
        "num produto A @ B o último eixo de A tem de ser do tamanho do penúltimo de B",
    r"a Tensor has no": "os números de um Tensor estão em .data, que é um array; o que ele tem está em tinyllm.tensor",
    r"truth value of an array":
        "`if`, `and`, `or`, min e max pedem um valor só, e isto é um array; há np.where, np.minimum e np.any",
    r"only (0-dimensional|length-1|size-1) arrays":
        "float, int e as funções de math pedem um número só, e isto é um array; use as do NumPy",
    r"'(method|builtin_function_or_method|function)'|\b(method|function) is no array":
        "uma função está no lugar do que ela dá; faltam os () que a chamam?",
    r"\bNoneType\b": "um destes valores é None, isto é, nada; falta um return na função que o dá?",
}  # fmt: skip
NOTHING = "None"


class Cause(NamedTuple):
    """A line of the learner's file, and what it does."""

    line: int
    what: str


def meaning(error):
    """What an error that the learner's code raised means, in words; None if what it says is not known."""
    return next((words for pattern, words in MEANINGS.items() if re.search(pattern, str(error))), None)


def other_kind(answer, solution):
    """The Cause, if a function of the answer returned a thing of another kind than the solution's of the same name.

    Both are (the path of the file, a function that runs what is in it).
    """
    due = {name: value for name, _, value in returned(*solution)}
    troubles = ((name, line, mismatch(value, due.get(name))) for name, line, value in returned(*answer))
    name, line, what = next(filter(lambda trouble: trouble[2], troubles), ("", 0, None))
    if what == NOTHING and not answer[0].read_text(encoding="utf-8").splitlines()[line - 1].lstrip().startswith(
        "return"
    ):
        what += ", isto é, nada; falta um return?"
    return Cause(line, f"{called(name)} devolveu {what}") if what else None


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
             float: "um float do Python", FunctionType: "uma função"}  # fmt: skip
    return next((words for known, words in names.items() if isinstance(value, known)), f"um {type(value).__name__}")


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

    watched(sys.setprofile, sys.getprofile, see, run)
    return found


def calls_itself(frame):
    """Whether a function of the same name in the same file waits for what this one returns."""
    known = (frame.f_code.co_filename, frame.f_code.co_qualname)
    outer = frame.f_back
    while outer and (outer.f_code.co_filename, outer.f_code.co_qualname) != known:
        outer = outer.f_back
    return outer is not None


def other_dtype(path, run, dtype):
    """The Cause, if a value of this dtype comes up in the answer that is not among what its functions are given."""
    causes, last, known = [], {}, {}

    def look(frame, event, value):
        if frame.f_code.co_filename != str(path):
            return None
        here = {name for name, held in frame.f_locals.items() if of_dtype(held, dtype)}
        if event == "return" and of_dtype(value, dtype):
            here.add("return")
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
        if causes
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
            if name.startswith(("np.", "numpy.")):
                if name.split(".")[1] in OF_NUMPY:
                    if any(keyword.arg == "dtype" for keyword in node.keywords):
                        continue
                    return f": {name} sem dtype dá float64, que puxa consigo o que é float32"
                return f": {name} de um número dá float64, que puxa consigo o que é float32"
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
