"""How an answer is judged: run beside the solution on the same input, and told in a few lines what is wrong."""

import ast
import copy
import importlib.util
import itertools
import traceback
from pathlib import Path
from typing import NamedTuple
from unittest import SkipTest

import numpy as np

from tinyllm.course import measure
from tinyllm.course.syllabus import is_allowed
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor, backward

TOLERANCES = {"float64": (1e-7, 1e-9), "float32": (1e-5, 1e-6)}  # relative, absolute
RIGHT, PENDING, WRONG, BROKEN = "certo", "pendente", "errado", "erro no seu código"
PARTLY = "incompleto"  # right as far as it was tested, for not every test has run
SENTENCE = "parece: "  # what a known mistake is told with
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
        self.answer = self.case = None

    def load(self):
        """Read the answer. Raises Failed if there is none, if a piece is missing or if it imports what its header does
        not allow, and what its own code raises."""
        if not self.path.exists():
            self.fail_to_load(f"o arquivo não existe; para tê-lo de volta: tinyllm course reset {self.exercise.id}")
        check_imports(self)
        self.answer = load(self.path)
        for name in self.exercise.pieces:
            if not hasattr(self.answer, name):
                self.fail_to_load(f"falta {name}; o arquivo deve ter, com estes nomes: "
                                  f"{', '.join(self.exercise.pieces)}")  # fmt: skip

    def same(self, name, *arguments, case, through=lambda piece, *arguments: piece(*arguments)):
        """Call a piece of the answer and of the solution, in the way that `through` does: the results must agree, and
        the arguments stay as they are. Returns the answer's result."""
        given, self.case = copy.deepcopy(arguments), f"{name}, {case}"
        expected = through(getattr(self.solution, name), *copy.deepcopy(arguments))
        found = self.outcome(through, getattr(self.answer, name), given)
        trouble = f"recusado: {found}" if isinstance(found, Refused) else difference(found, expected)
        if trouble:
            self.fail(name, case, trouble, self.recognise(name, arguments, through, found))
        if difference(given, arguments):
            self.fail(name, case, "a função modificou os argumentos que recebeu", None)
        return found

    def that(self, holds, name, case, trouble):
        """A property that every right answer has."""
        if not holds:
            self.fail(name, case, trouble, None)

    def fast(self, name):
        """On the work that the support file gives this piece, the answer takes no more than it may of time and memory.
        A wrong answer is not measured: the other tests say what is wrong."""
        work = self.support.WORK[name]
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
            return Refused(error)
        except NotImplementedError as error:
            raise Missing from error
        except Exception as error:
            if self.explain(error):
                raise
            return Refused(f"{type(error).__name__}: {error}")

    def recognise(self, name, arguments, through, found):
        """The sentence of the known mistakes that give just this result; None if no mistake does, or if those that do
        have several."""
        sentences = {
            sentence for mistake, sentence in self.support.MISTAKES.get(name, ())
            if not difference(found, self.outcome(through, mistake, copy.deepcopy(arguments)))
        }  # fmt: skip
        return sentences.pop() if len(sentences) == 1 else None

    def fail(self, name, case, trouble, sentence, *, state=WRONG):
        raise Failed(state, "\n".join([
            f"{self.exercise.id} {self.exercise.title}   {state}      {self.shown_path}:{line_of(self.path, name)}",
            f"  caso: {name}, {case}",
            f"  {trouble}",
            *([f"  {SENTENCE}{sentence}"] if sentence else []),
            f"  próximo passo: tinyllm course hint {self.exercise.id}",
        ]))  # fmt: skip

    def fail_to_load(self, trouble):
        raise Failed(BROKEN, "\n".join([
            f"{self.exercise.id} {self.exercise.title}   {BROKEN}      {self.shown_path}",
            f"  {trouble}",
        ]))  # fmt: skip

    def too_long(self, error, seconds):
        """A Failed for what was interrupted after so many seconds, with the line where it was."""
        frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == self.path]
        number, line = (frames[-1].lineno, frames[-1].line) if frames else (1, "")
        return Failed(measure.SLOW, "\n".join([
            f"{self.exercise.id} {self.exercise.title}   {measure.SLOW}      {self.shown_path}:{number}",
            *([f"  caso: {self.case}"] if self.case else []),
            f"  {line}",
            f"  passou de {seconds} segundos e foi interrompida: parece um laço sem fim, ou contas demais",
            f"  próximo passo: tinyllm course hint {self.exercise.id}",
        ]), endless=True)  # fmt: skip

    def explain(self, error):
        """What a learner reads about an error that their own code raised, or None if it arose elsewhere."""
        if isinstance(error, SyntaxError) and error.filename in (str(self.path), None):  # None: a null byte
            number, line = error.lineno or 1, (error.text or "").strip()
        else:
            frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == self.path]
            if not frames:
                return None
            number, line = frames[-1].lineno, frames[-1].line
        return "\n".join([
            f"{self.exercise.id} {self.exercise.title}   {BROKEN}      {self.shown_path}:{number}",
            *([f"  caso: {self.case}"] if self.case else []),
            f"  {line}",
            f"  {type(error).__name__}: {' '.join(str(error).split())}",
            f"  próximo passo: tinyllm course hint {self.exercise.id}",
        ])  # fmt: skip

    @property
    def shown_path(self):
        return self.path.relative_to(self.folder) if self.path.is_relative_to(self.folder) else self.path


def load(path):
    """Run a file as a module of its own, which no import finds and no edit outlives."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Refused(str):
    """In place of a result: why the library does not take what the answer gave it."""


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
            raise Failed(WRONG, "\n".join([
                f"{judge.exercise.id} {judge.exercise.title}   {WRONG}      {judge.shown_path}:{node.lineno}",
                f"  {trouble[0]}",
            ]))  # fmt: skip


def is_answer(exercise, module, name):
    """Whether this name of a module is what the exercise asks for."""
    asked = name in exercise.pieces or (name == "*" and module in exercise.library.values())
    return asked and (module or "").partition(".")[0] == "tinyllm"


class ThereAndBack(NamedTuple):
    """The value of an operation, and the gradient by its first input. A learner reads these names."""

    valor: np.ndarray
    gradiente: np.ndarray


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
    """One line about the first place where two results differ, or None: numbers, arrays, texts, and tuples of them."""
    if isinstance(expected, tuple | list):
        if not isinstance(found, tuple | list) or len(found) != len(expected):
            return f"esperada uma sequência de {len(expected)} valores{where}; veio {describe(found)}"
        parts = enumerate(zip(found, expected, strict=True))
        names = getattr(expected, "_fields", [f"valor {i} do resultado" for i in range(len(expected))])
        troubles = (difference(f, e, f" no {names[i]}") for i, (f, e) in parts)
        return next(filter(None, troubles), None)
    if isinstance(expected, bool) or not isinstance(expected, int | float | np.ndarray | np.generic):
        if isinstance(found, np.ndarray):  # it has no one truth to compare
            return f"esperado {expected!r}{where}; veio {describe(found)}"
        return None if found == expected else f"obtido {found!r}, esperado {expected!r}{where}"
    if isinstance(expected, np.ndarray) and not isinstance(found, np.ndarray):
        return f"esperado um array de forma {expected.shape}{where}; veio {describe(found)}"
    return numeric_difference(found, np.asarray(expected), where)


def numeric_difference(found, expected, where):
    try:
        found = np.asarray(found)
        found.astype(np.float64)
    except (TypeError, ValueError):
        return f"esperado um array de forma {expected.shape}{where}; veio {describe(found)}"
    if found.shape != expected.shape:
        return f"forma obtida {found.shape}, esperada {expected.shape}{where}"
    if expected.dtype.kind == "f" and found.dtype != expected.dtype:
        return f"tipo obtido {found.dtype}, esperado {expected.dtype}{where}"
    relative, absolute = TOLERANCES.get(str(expected.dtype), (0, 0))
    with np.errstate(all="ignore"):
        apart = np.abs(found.astype(np.float64) - expected)
        close = np.isfinite(expected) & (apart <= absolute + relative * np.abs(expected))
        wrong = ~(close | (found == expected))
    wrong &= ~(np.isnan(found.astype(np.float64)) & np.isnan(expected.astype(np.float64)))
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = f" em {list(place)}" if place else ""
    if expected.dtype.kind != "f":
        return f"primeira diferença{at}{where}: obtido {found[place]}, esperado {expected[place]}"
    largest = f"erro máximo {apart.max():.2g}; " if np.isfinite(apart).all() else ""
    digits = 6 if f"{found[place]:.6g}" != f"{expected[place]:.6g}" else 12
    return (f"primeira diferença{at}{where}: obtido {found[place]:.{digits}g}, esperado {expected[place]:.{digits}g} "
            f"({largest}tolerância {relative:.0e})")  # fmt: skip


def describe(value):
    """A value in a few words."""
    if isinstance(value, tuple | list):
        return f"um {type(value).__name__} de {len(value)}"
    return f"um array de forma {value.shape}" if isinstance(value, np.ndarray) else f"um {type(value).__name__}"


def shapes(*arrays, **options):
    """How a case is told: "(2, 3, 5) float32, axis=-1"."""
    parts = [f"{a.shape} {a.dtype}" for a in arrays]
    return ", ".join(itertools.chain(parts, (f"{name}={value}" for name, value in options.items())))
