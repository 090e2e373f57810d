"""How an answer is judged: run beside the solution on the same input, and told in a few lines what is wrong."""

import ast
import copy
import itertools
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from unittest import SkipTest

import numpy as np

from tinyllm.course import diagnose, meanings, measure
from tinyllm.course.syllabus import is_allowed
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor, backward

TOLERANCES = {"float64": (1e-7, 1e-9), "float32": (1e-5, 1e-6)}  # relative; absolute, in an array of about 1
ALIKE = {"i": "iu", "u": "iu", "b": "b", "f": "f", "c": "c"}  # the kinds of dtype that may stand for each
RIGHT, PENDING, WRONG, BROKEN = "certo", "pendente", "errado", "erro no seu código"
PARTLY = "incompleto"  # right as far as it was tested, for not every test has run
SENTENCE = "parece: "  # what a known mistake is told with
UNFIT = "o que ela devolveu não serve ao teste:"  # what is told if nothing better is known
STATES = (RIGHT, PARTLY, PENDING, measure.SLOW, measure.LARGE, WRONG, BROKEN)  # from good to bad


class Failed(AssertionError):
    """The answer is not right; `state` says in which way. The message is what the learner reads, with no traceback.
    `endless`: it had to be interrupted."""

    def __init__(self, state, message, *, endless=False):
        super().__init__(message)
        self.state, self.endless = state, endless


class Missing(SkipTest):
    """A piece is not written yet, says the cause. That is no failure, of which Hypothesis would seek a simpler case."""


class Judge:
    """Holds a learner's module against the solution's: `same` compares one call, `that` states a property, and `fast`
    compares time and memory."""

    def __init__(self, exercise, implementation, folder):
        self.exercise, self.folder = exercise, folder
        self.path = Path(implementation) / exercise.place
        self.solution = load(folder / "solutions" / exercise.place)
        self.support = load(folder / exercise.support)
        self.answer = self.called = self.case = self.like = None  # `called`: the piece that the case is about

    def load(self):
        """Read the answer. Raises Failed if there is none, if a piece is missing or if it imports what its header does
        not allow, and what its own code raises."""
        if not self.path.exists():
            self.fail_to_load(f"o arquivo não existe; para tê-lo de volta: tinyllm course reset {self.exercise.id}")
        check_imports(self)
        self.answer = load(self.path, **WAITING)
        for name in self.exercise.pieces:
            if not hasattr(self.answer, name):
                self.fail_to_load(f"falta {name}; o arquivo deve ter, com estes nomes: "
                                  f"{', '.join(self.exercise.pieces)}")  # fmt: skip

    def same(self, name, *arguments, case, through=lambda piece, *arguments: piece(*arguments)):
        """Call a piece of the answer and of the solution, in the way that `through` does: the results must agree, and
        the arguments stay as they are. Returns the answer's result."""
        self.about(name, case)
        given = copy.deepcopy(arguments)
        expected = through(getattr(self.solution, name), *copy.deepcopy(arguments))
        found = self.outcome(through, getattr(self.answer, name), given)
        trouble = Refused(f"recusado: {found}") if isinstance(found, Refused) else difference(found, expected)
        if trouble:
            sentence = self.recognise(name, arguments, through, found)
            cause = None if sentence else self.cause(name, arguments, through, trouble) or getattr(found, "cause", None)
            self.fail(name, case, trouble, sentence, cause=cause)
        if difference(given, arguments):
            self.fail(name, case, "a função modificou os argumentos que recebeu", None)
        return found

    def about(self, name, case):
        """What is called next, for the message if that raises an error."""
        self.called, self.case = name, f"{name}, {case}"

    def that(self, holds, name, case, trouble):
        """A property that every right answer has."""
        if not holds:
            self.fail(name, case, trouble, None)

    def fast(self, name):
        """On the work that the support file gives this piece, the answer takes no more than it may of time and memory.
        A wrong answer is not measured: the other tests say what is wrong."""
        work, self.called = self.support.WORK[name], name
        pieces = [getattr(module, name) for module in (self.answer, self.solution)]
        arguments = work.make(work.small)
        found, expected = (self.outcome(work.through, piece, copy.deepcopy(arguments)) for piece in pieces)
        if difference(found, expected):
            return
        found = measure.trouble(work, *pieces)
        if found:
            self.fail(name, f"o trabalho de tamanho {work.large}", found.what, None, state=found.state)

    def outcome(self, through, piece, arguments):
        """What a call of a piece gives: a Refused if others than the answer's own code cannot go on with it."""
        try:
            return through(piece, *arguments)
        except UsageError as error:
            refused, lines = Refused(error), self.lines_of(error)
            refused.cause = diagnose.Cause(lines[-1].lineno, f"recusado: {error}") if lines else None
            return refused
        except NotImplementedError as error:
            raise Missing from error
        except Exception as error:
            if self.explain(error):
                raise
            return Refused(f"{type(error).__name__}: {error}")

    def cause(self, name, arguments, through, trouble):
        """The Cause of a result of another kind or dtype, if watching the answer shows one."""
        if isinstance(trouble, Apart):
            return None
        answer, solution = (
            (Path(module.__file__), lambda module=module: through(getattr(module, name), *copy.deepcopy(arguments)))
            for module in (self.answer, self.solution)
        )
        found = diagnose.other_kind(answer, solution)
        return found or (diagnose.other_dtype(*answer, trouble.dtype) if isinstance(trouble, OtherDtype) else None)

    def recognise(self, name, arguments, through, found):
        """The sentence of the known mistakes that give just this result; None if no mistake does, or if those that do
        have several. `like` keeps them all, for the verdict."""
        sentences = {
            sentence for mistake, sentence in self.support.MISTAKES.get(name, ())
            if not difference(found, self.outcome(through, mistake, copy.deepcopy(arguments)))
        }  # fmt: skip
        self.like = [name, sorted(sentences)]
        return sentences.pop() if len(sentences) == 1 else None

    def fail(self, name, case, trouble, sentence, *, state=WRONG, cause=None):
        self.called = name
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        raise Failed(state, "\n".join([
            self.heading(state, cause.line if cause else line_of(self.path, name)),
            f"  caso: {name}, {case}",
            *([] if cause and isinstance(trouble, Refused) else [f"  {trouble}"]),
            *([f"  {lines[cause.line - 1].strip()}", f"  {cause.what}"] if cause else []),
            *([f"  {SENTENCE}{sentence}"] if sentence else []),
            self.next_step(name),
        ]))  # fmt: skip

    def fail_to_load(self, trouble):
        raise Failed(BROKEN, f"{self.heading(BROKEN)}\n  {trouble}")

    def too_long(self, error, seconds):
        """A Failed for what was interrupted after so many seconds, with the line where it was."""
        frames = self.lines_of(error)
        number, line = (frames[-1].lineno, frames[-1].line) if frames else (1, "")
        return Failed(measure.SLOW, "\n".join([
            self.heading(measure.SLOW, number),
            *([f"  caso: {self.case}"] if self.case else []),
            f"  {line}",
            f"  passou de {seconds} segundos e foi interrompida: parece um laço sem fim, ou contas demais",
            self.next_step(self.called),
        ]), endless=True)  # fmt: skip

    def cannot_go_on(self, error):
        """A Failed for an error in the tests themselves: what the answer gave is nothing that they can work with."""
        return Failed(WRONG, "\n".join([
            self.heading(WRONG, line_of(self.path, self.called)),
            *([f"  caso: {self.case}"] if self.case else []),
            f"  {UNFIT} {type(error).__name__}: {' '.join(str(error).split())}",
            self.next_step(self.called),
        ]))  # fmt: skip

    def explain(self, error):
        """What a learner reads about an error that their own code raised, or None if it arose elsewhere."""
        if isinstance(error, SyntaxError) and error.filename in (str(self.path), None):  # None: a null byte
            number, line = error.lineno or 1, (error.text or "").strip()
        else:
            frames = self.lines_of(error)
            if not frames:
                return None
            number, line = frames[-1].lineno, frames[-1].line
        meaning = meanings.meaning(error)
        return "\n".join([
            self.heading(BROKEN, number),
            *([f"  caso: {self.case}"] if self.case else []),
            f"  {line}",
            f"  {type(error).__name__}: {' '.join(str(error).split())}",
            *(f"  {shapes}" for shapes in meanings.shapes_in(error, self.path)),
            *([f"  {SENTENCE}{meaning}"] if meaning else []),
            self.next_step(self.called),
        ])  # fmt: skip

    def leans_on(self, name):
        """The other pieces and helpers of the answer that this one uses, and that do not use it: if one of them is
        wrong, it comes first."""
        uses = {}
        for node in ast.parse(self.path.read_bytes()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                uses[node.name] = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}

        def reached(start):
            found, ahead = set(), [start]
            while ahead:
                new = (uses.get(ahead.pop(), set()) & uses.keys()) - found
                found |= new
                ahead += new
            return found

        return sorted(other for other in reached(name) if name not in reached(other))

    def lines_of(self, error):
        """The lines of the answer that an error went through, the last being where it arose."""
        return [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == self.path]

    def heading(self, state, line=None):
        path = self.path.relative_to(self.folder) if self.path.is_relative_to(self.folder) else self.path
        where = f"{path}:{line}" if line else path
        return f"{self.exercise.id} {self.exercise.title}   {state}      {where}"

    def next_step(self, name):
        """Where to read on: the first hint that speaks of this piece."""
        told = (level for level, hint in enumerate(self.support.HINTS, 1) if name and re.search(rf"\b{name}\b", hint))
        level = next(told, 1)
        return f"  próximo passo: tinyllm course hint {self.exercise.id}" + (f" --level {level}" if level > 1 else "")


def load(path, **names):
    """Run a file as a module of its own, with these names besides: the file as it stands now, whatever Python keeps."""
    module = sys.modules[str(path)] = ModuleType(str(path))  # a name that no import finds, but dataclasses do
    vars(module).update(names, __file__=str(path))
    exec(compile(Path(path).read_bytes(), str(path), "exec"), vars(module))
    return module


def waits(name):
    """A function in the place of one that would wait for someone at the keyboard."""

    def refuse(*arguments, **options):
        raise RuntimeError(f"{name}() espera por alguém, e num teste ninguém responde; tire a chamada "
                           "(para ver um valor, print serve)")  # fmt: skip

    return refuse


WAITING = {name: waits(name) for name in ("breakpoint", "input")}


class Refused(str):
    """In place of a result: why the library does not take what the answer gave it, and `cause`, the line that did."""

    cause = None


class Apart(str):
    """A difference of numbers or texts, and of nothing else."""


class OtherDtype(str):
    """A difference of dtype, and of nothing else."""

    def __new__(cls, dtype, found, expected, where):
        told = super().__new__(cls, f"tipo obtido {found}, esperado {expected}{where}")
        told.dtype = dtype
        return told


def check_imports(judge):
    """Raise Failed if the answer imports what its header does not allow, or takes from the library what is to be
    written."""
    nodes = list(ast.walk(ast.parse(judge.path.read_bytes(), filename=str(judge.path))))
    modules = {}  # by the name that each has in the file
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}

    for node in nodes:
        imported, used = [], []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module or "."]
            used = [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Attribute):
            used = [(modules.get(ast.unparse(node.value)), node.attr)]
        trouble = [
            f"o arquivo importa {name}; este exercício pode usar só: {', '.join(judge.exercise.allowed)}"
            for name in imported if not is_allowed(judge.exercise, name)
        ] + [
            f"o arquivo importa a própria resposta, {module}.{name}; é o que se pede que você escreva"
            for module, name in used if is_answer(judge.exercise, module, name)
        ]  # fmt: skip
        if trouble:
            raise Failed(WRONG, f"{judge.heading(WRONG, node.lineno)}\n  {trouble[0]}")


def is_answer(exercise, module, name):
    """Whether this name of a module is what the exercise asks for."""
    asked = name in exercise.pieces or (name == "*" and module in exercise.library.values())
    return asked and (module or "").partition(".")[0] == "tinyllm"


class ThereAndBack(NamedTuple):
    """The value of an operation, and the gradient by its first input. A learner reads these names."""

    valor: np.ndarray
    gradiente: np.ndarray


class Each(list):
    """What each of several gave, of which a learner reads "rank 0", "rank 1"."""

    def __init__(self, what, values):
        super().__init__(values)
        self._fields = [f"{what} {number}" for number in range(len(self))]


def there_and_back(piece, x, dy, *others):
    """A way to call an operation, for `same` and for Work: there, and back with the gradient dy."""
    x = Tensor(x, requires_grad=True)
    y = piece(x, *others)
    return ThereAndBack(y.data, backward(y, dy).get(x))


def line_of(path, name):
    """The line where a name is defined in a file, 1 if it is not."""
    for node in ast.parse(path.read_bytes()).body:
        if getattr(node, "name", None) == name:
            return node.lineno
    return 1


def difference(found, expected, where=""):
    """One line about the first place where two results differ, or None: numbers, arrays, texts, and what holds them."""
    if isinstance(expected, tuple | list):
        if not isinstance(found, tuple | list) or len(found) != len(expected):
            return f"esperada uma sequência de {len(expected)} valores{where}; veio {describe(found)}"
        each = "item {}" if where else "no valor {} do resultado"
        places = [f"no {name}" for name in getattr(expected, "_fields", ())] or map(each.format, range(len(expected)))
        troubles = (difference(f, e, inside(where, p)) for f, e, p in zip(found, expected, places, strict=True))
        return next(filter(None, troubles), other_type(found, expected, where))
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return f"esperado {describe(expected)}{where}; veio {describe(found)}"
        if found.keys() != expected.keys():
            return other_keys(found, expected, where)
        troubles = (difference(found[key], expected[key], inside(where, f"em {key!r}")) for key in expected)
        return next(filter(None, troubles), None)
    if isinstance(expected, bool) or not isinstance(expected, int | float | np.ndarray | np.generic):
        if isinstance(found, np.ndarray):  # it has no one truth to compare
            return f"esperado {expected!r}{where}; veio {describe(found)}"
        if found == expected:
            return other_type(found, expected, where)
        told = Apart if type(found) is type(expected) else str
        return told(f"obtido {found!r}, esperado {expected!r}{where}")
    if isinstance(expected, np.ndarray) and not isinstance(found, np.ndarray):
        return f"esperado um array de forma {expected.shape}{where}; veio {describe(found)}"
    return numeric_difference(found, expected, where)


def inside(where, place):
    """Where a place of a place is: " no rank 0, em 'bias'"."""
    return f"{where}, {place}" if where else f" {place}"


def other_keys(found, expected, where):
    """One line about the keys that one of two dictionaries has and the other has not: how many, and the first."""
    told = []
    for verb, keys in (("falta", expected.keys() - found.keys()), ("sobra", found.keys() - expected.keys())):
        if keys:
            first = min(keys, key=repr)
            told.append(f"{verb} a chave {first!r}" + (f" (e mais {len(keys) - 1})" if len(keys) > 1 else ""))
    return f"{'; '.join(told)}{where}"


def other_type(found, expected, where):
    """One line if what is equal is of a type that cannot stand for the other: a bytearray is no key of a dictionary."""
    accepted = {bool: bool | np.bool_, tuple: tuple | list}  # nobody sees the difference
    due = next((known for known in (bool, str, bytes, list, tuple) if isinstance(expected, known)), object)
    if isinstance(found, accepted.get(due, due)):
        return None
    return f"o valor está certo, mas veio {describe(found)} onde se espera um {due.__name__}{where}"


def numeric_difference(found, expected, where):
    types = type_of(found), type_of(expected)
    expected = np.asarray(expected)
    due = f"um array de forma {expected.shape}" if expected.shape else "um número"
    given = found
    try:
        found = np.asarray(given)
        found.astype(np.float64)
    except (TypeError, ValueError):
        return f"esperado {due}{where}; veio {describe(given)}"
    if found.dtype.kind == "O" and not isinstance(given, int):
        return f"esperado {due}{where}; veio {describe(given)}"
    if found.shape != expected.shape:
        return f"forma obtida {found.shape}, esperada {expected.shape}{where}"
    if expected.dtype.kind == "f" and found.dtype != expected.dtype and types != ("int", "float"):
        return OtherDtype(found.dtype, *types, where)
    relative, absolute = TOLERANCES.get(str(expected.dtype), (0, 0))
    with np.errstate(all="ignore"):
        apart = np.abs(found.astype(np.float64) - expected)
        size = np.max(np.abs(expected), where=np.isfinite(expected), initial=1)  # of what cancels, rounding is left
        close = np.isfinite(expected) & (apart <= absolute * size + relative * np.abs(expected))
        wrong = ~(close | (found == expected))
    wrong &= ~(np.isnan(found.astype(np.float64)) & np.isnan(expected.astype(np.float64)))
    if not wrong.any():
        alike = found.dtype.kind in ALIKE[expected.dtype.kind] or types == ("int", "float")  # max(1, x) may be 1
        return None if alike else OtherDtype(found.dtype, *types, where)
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = f" em {list(place)}" if place else ""
    if expected.dtype.kind != "f":
        return Apart(f"primeira diferença{at}{where}: obtido {found[place]}, esperado {expected[place]}")
    largest = f"erro máximo {apart.max():.2g}; " if np.isfinite(apart).all() else ""
    digits = 6 if f"{found[place]:.6g}" != f"{expected[place]:.6g}" else 12
    return Apart(f"primeira diferença{at}{where}: obtido {found[place]:.{digits}g}, esperado "
                 f"{expected[place]:.{digits}g} ({largest}tolerância {relative:.0e})")  # fmt: skip


def type_of(value):
    """The dtype of an array or number of NumPy, or the type of another number."""
    return value.dtype if isinstance(value, np.ndarray | np.generic) else type(value).__name__


def describe(value):
    """A value in a few words."""
    if value is None:
        return diagnose.NOTHING
    if isinstance(value, tuple | list):
        return f"um {'list' if isinstance(value, list) else type(value).__name__} de {len(value)}"
    if isinstance(value, dict):
        names = ", ".join(map(repr, itertools.islice(value, 4)))
        return f"um dict de {len(value)}" + (f" ({names}{', …' if len(value) > 4 else ''})" if value else "")
    if diagnose.is_function(value):
        return "uma função que ninguém chamou; faltam os ()?"
    if isinstance(value, np.ndarray):
        return f"um array de forma {value.shape}" + (f" de {value.dtype}" if value.dtype.kind not in "fiub" else "")
    return f"um {type(value).__name__}"


def shapes(*arrays, **options):
    """How a case is told: "(2, 3, 5) float32, axis=-1"."""
    parts = [f"{a.shape} {a.dtype}" for a in arrays]
    return ", ".join(itertools.chain(parts, (f"{name}={value}" for name, value in options.items())))
