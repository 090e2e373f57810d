"""The command that checks the gradient of an operation that somebody has written."""

import ast
import contextlib
import functools
import importlib
import importlib.util
import inspect
import linecache
import math
import re
import sys
from pathlib import Path

import numpy as np

from tinyllm import gradcheck
from tinyllm.errors import UsageError, brief, shown
from tinyllm.parser import calls, near, reader, seed
from tinyllm.show.gradcheck import show_check
from tinyllm.tensor import STAY, op

MOST = 2000  # numbers of all inputs, each of which is moved to both sides
INTEGERS = 3  # those of ids and targets are below it
GUESSES = {  # by the number of inputs, the shapes that are tried until some fit
    1: ("3x4", "2x3x4", "2x3x5x4"),
    2: ("3x4,3x4", "3x4,4x5", "3x4,4", "3x4,3", "3,4x5", "2x3x4,4x5"),
    3: ("3x4,4x5,5", "3x4,4,4", "3x4,3x4,3x4", "2x3x5x4,2x3x5x4,2x3x5x4", "3x4,3x4,4x4", "2x3x4,2x4,4x4", "3x4,4x5,3",
        "3x16,3x8,4x16", "2x3x16,2x8,4x16"),
}  # fmt: skip


def check_gradient_command(arguments):
    place, _, name = arguments.operation.rpartition(":")
    if not place or not name:
        raise UsageError(f"{shown(arguments.operation)} names no function; write FILE.py:NAME or a.module:NAME")
    if arguments.low >= arguments.high:
        raise UsageError(f"low={arguments.low} is not below high={arguments.high}; raise --high")
    with raised_in(place):
        function = find(load(place), place, name)
    names, options = inputs_of(function), dict(read_option(text) for text in arguments.options)
    check_options(function, options)
    if unknown := [name for name in arguments.fixed if name not in names]:
        raise UsageError(f"{name} has no input {unknown[0]}; it has {', '.join(names)}")
    given = None if arguments.shapes is None else read_shapes(arguments.shapes, names)
    rng = functools.partial(np.random.default_rng, arguments.seed)
    limits = {"low": arguments.low, "high": arguments.high}
    found, arrays = fitting(function, options, names, given, place, lambda shapes: draw(names, shapes, rng(), **limits))
    with raised_in(place):
        check = gradcheck.check(found, arrays, fixed=[names.index(one) for one in arguments.fixed])
    return show_check(name, names, check, as_json=arguments.json)


# ------------------------------------------------------------------------------------------- the function, and its code


def load(place):
    """The module of a file, or of a dotted name. Raises UsageError if there is none."""
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except (ModuleNotFoundError, TypeError, ValueError):
            raise UsageError(f"there is no module {shown(place)}; write FILE.py:NAME or a.module:NAME") from None
    if not Path(place).is_file():
        raise UsageError(f"{place} does not exist" if not Path(place).exists() else f"{place} is no file")
    spec = importlib.util.spec_from_file_location(Path(place).stem, place)
    module = importlib.util.module_from_spec(spec)
    with beside(Path(place).resolve().parent):
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def beside(folder):
    """A block in which files of this folder can be imported, as by a script that stands there."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextlib.contextmanager
def raised_in(place):
    """A block in which what the code of a file raises becomes a UsageError that shows its line."""
    try:
        yield
    except SyntaxError as error:
        raise UsageError(f"{place}:{error.lineno}: {error.msg}: {brief(error.text or '').strip()}") from None
    except (Exception, SystemExit) as error:
        raise UsageError(told(error, place)) from None


def told(error, place):
    """What was raised, after the line of the file where it was, if it was there."""
    step, line = error.__traceback__, ""
    while step:
        if place.endswith(".py") and Path(step.tb_frame.f_code.co_filename).resolve() == Path(place).resolve():
            line = f"{place}:{step.tb_lineno}: {linecache.getline(place, step.tb_lineno).strip()} — "
        step = step.tb_next
    kind = "" if isinstance(error, UsageError) else f"{type(error).__name__}: "
    return f"{line}{kind}{brief(error)}".removesuffix(": ")


def find(module, place, name):
    """The function of this name. Raises UsageError if there is none."""
    if not hasattr(module, name):
        mend = near(name, [key for key, thing in vars(module).items() if callable(thing)]) or "is it spelled so?"
        raise UsageError(f"{place} has no {name}; {mend}")
    thing = getattr(module, name)
    if not inspect.isfunction(thing):
        raise UsageError(f"{name} of {place} is no function; write one that calls it, and check that")
    return thing


def parameters(function):
    return inspect.signature(function).parameters.values()


def inputs_of(function):
    """The names of the inputs: what is given by its position, and has no default."""
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [one.name for one in parameters(function) if one.kind in by_position and one.default is one.empty]
    if not names:
        raise UsageError(
            f"{function.__name__} takes no input without a default; its inputs come first, as in f(x, weight)"
        )
    return names


def check_options(function, options):
    """Raise UsageError for an option that the function has not, and for one that it needs."""
    known = {one.name: one for one in parameters(function) if one.name not in inputs_of(function)}
    for name in options:
        if name not in known:
            raise UsageError(f"{function.__name__} has no option {name}; it has {', '.join(known) or 'none'}")
    for name, one in known.items():
        variable = one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        if one.default is one.empty and name not in options and name != "needs" and not variable:
            raise UsageError(f"{function.__name__} needs {name}; give it with --with {name}=VALUE")


def read_option(text):
    """NAME=VALUE -> (name, the value that Python reads in it, or the text)."""
    name, tied, value = text.partition("=")
    if not tied or not name.isidentifier():
        raise UsageError(f"{shown(text)} is no option with its value; write it as eps=1e-5")
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return name, ast.literal_eval({"true": "True", "false": "False", "none": "None"}.get(value, value))
    return name, value


# --------------------------------------------------------------------------------------------------------- the inputs


def read_shapes(text, names):
    """3x4,4 -> [(3, 4), (4,)]; of nothing, one without axes. Raises UsageError unless there is one for each name."""
    shapes = []
    for part in text.split(","):
        if not re.fullmatch(r"(\d{1,4}(x\d{1,4})*)?", part):
            raise UsageError(f"shapes={shown(part)[1:-1]} is no shape; write them as 3x4,4")
        shapes.append(tuple(map(int, filter(None, part.split("x")))))
    if len(shapes) != len(names):
        raise UsageError(
            f"{len(shapes)} shapes are given for {len(names)} inputs, {', '.join(names)}; give one for each"
        )
    if (count := sum(map(math.prod, shapes))) > MOST:
        raise UsageError(f"inputs of {count} numbers in all take too long, one by one; give {MOST} at most")
    return shapes


def draw(names, shapes, rng, *, low, high):
    """Arrays of these shapes: random numbers between two, and small integers of what holds ids."""
    of_integers = [STAY.get(name, "b")[0] == "i" for name in names]
    return [
        rng.integers(INTEGERS, size=shape) if integers else np.asarray(rng.uniform(low, high, size=shape))
        for shape, integers in zip(shapes, of_integers, strict=True)
    ]


def fitting(function, options, names, given, place, draw):
    """(the function of Tensors, arrays that it takes): of the given shapes, or of the first that fit."""
    guesses = [given] if given else [read_shapes(text, names) for text in GUESSES.get(len(names), ())]
    if not guesses:
        raise UsageError(f"{len(names)} inputs, {', '.join(names)}, can have many shapes; give them with --shapes")
    problem = None
    for shapes in guesses:
        of_tensors = functools.partial(made_op(function, draw(shapes), options), **options)
        try:
            with np.errstate(all="ignore"):
                gradcheck.differentiate(of_tensors, draw(shapes))
            return of_tensors, draw(shapes)
        except Exception as error:
            problem = problem or error
    of_shapes = not given and isinstance(problem, ValueError | IndexError)
    more = "; is it the shapes? give them with --shapes 3x4,4" if of_shapes else ""
    raise UsageError(told(problem, place) + more) from None


def made_op(function, arrays, options):
    """A function of Tensors: itself, or the operation of one that takes arrays and gives a value and its backward."""
    if hasattr(function, "function"):
        return function
    try:
        with np.errstate(all="ignore"):
            result = function(*arrays, **options)
    except Exception:  # it takes Tensors, or the shapes do not fit
        return function
    made = isinstance(result, tuple) and len(result) == 2 and callable(result[1])
    return op(function) if made else function


def declare_check_gradient(p):
    calls(p, check_gradient_command, json=True)
    p.add_argument("operation", metavar="ARQUIVO.py:NOME",
                   help="uma operação num arquivo, ou num módulo: tinyllm.functional.activations:gelu")  # fmt: skip
    p.add_argument("--shapes", metavar="FORMAS", help="as formas das entradas, como 3x4,4 (padrão: as que couberem)")
    p.add_argument("--with", dest="options", metavar="NOME=VALOR", action="append", default=[],
                   help="o valor de uma opção da função, como eps=1e-5 (pode ser repetido)")  # fmt: skip
    p.add_argument("--fixed", metavar="NOME", action="append", default=[],
                   help="uma entrada que de propósito não recebe gradiente (pode ser repetido)")  # fmt: skip
    number = reader(float, {"at_least": -1e6, "at_most": 1e6})
    p.add_argument("--low", type=number, default=-2.0, help="o menor número das entradas (padrão: -2)")
    p.add_argument("--high", type=number, default=2.0, help="o maior (padrão: 2)")
    p.add_argument("--seed", type=seed, default=0, help="semente das entradas (padrão: 0)")
