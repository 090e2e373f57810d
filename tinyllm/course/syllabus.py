"""The exercises: which there are, what their headers say, and the file a learner gets, made from the solution.

A solution is the one source. Its header reads

    m01.e03 · Softmax

    25 minutos · dificuldade 2 de 5 · precisa de: m01.e01
    pode usar: numpy, tinyllm.tensor
    na biblioteca: tinyllm.functional.softmax, tinyllm.functional.cross_entropy

or, where the library has no such piece, `na biblioteca: nenhuma peça, porque …`. A line `desfaz: …` may follow: the
fused operations that would pass the pieces by. Its marked regions become what the learner has to write.
"""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import tinyllm
from tinyllm.errors import UsageError
from tinyllm.storage import save_text

BEGIN, END = "# --- sua vez", "# --- fim"
STANDARD = (
    "__future__",
    "abc",
    "bisect",
    "collections",
    "contextlib",
    "copy",
    "dataclasses",
    "enum",
    "functools",
    "heapq",
    "itertools",
    "math",
    "numbers",
    "operator",
    "types",
    "typing",
)  # may always be imported: no answer is there
NO_PIECE = "nenhuma peça, porque "
HEADER = re.compile(
    r"(?P<id>m\d\d\.e\d\d) · (?P<title>.+)\n\n"
    r"(?P<minutes>\d+) minutos · dificuldade (?P<difficulty>[1-5]) de 5 · precisa de: (?P<needs>.+)\n"
    r"pode usar: (?P<allowed>(.+\n)+?)"
    r"na biblioteca: (?P<library>(.+\n)+?)"
    r"(desfaz: (?P<undoes>(.+\n)+?))?\n"
)


@dataclass(frozen=True)
class Exercise:
    """One exercise. `place` is its file below exercises/ and solutions/; `pieces` are the names to be written.

    `library` says which of them can take the place of a piece of the library, {name: module that looks it up}, and
    `undoes`, in the same way, which fused operations must then be undone into pieces.
    """

    id: str
    title: str
    minutes: int
    difficulty: int
    needs: tuple
    allowed: tuple
    library: dict = field(hash=False)
    undoes: dict = field(hash=False)
    place: Path
    pieces: tuple

    @property
    def tests(self):
        return Path("tests/course") / self.place.parent / f"test_{self.place.name}"

    @property
    def support(self):
        """The file of its mistakes and hints."""
        return Path("tests/course") / self.place.parent / f"mistakes_{self.place.stem.partition('_')[0]}.py"


def course_folder():
    """The checkout that holds exercises/, solutions/ and tests/. Raises UsageError if tinyllm is not run from one."""
    folder = Path(tinyllm.__file__).resolve().parent.parent
    if not (folder / "solutions").is_dir():
        raise UsageError("os exercícios não estão aqui; clone o projeto e instale-o com pip install -e .")
    return folder


def read_exercises(folder):
    """Every exercise of a checkout, in the order of the course."""
    return [read_exercise(path, folder / "solutions") for path in sorted(folder.glob("solutions/m*/e*.py"))]


def read_exercise(path, root):
    """What the header and the regions of a solution say. Raises UsageError for a header of another form."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    header = HEADER.match((ast.get_docstring(tree) or "") + "\n\n")
    if not header:
        raise UsageError(f"{path.name}: its header is not of the form that tinyllm/course/syllabus.py shows")
    marked = [number for number, line in enumerate(text.splitlines(), start=1) if line.strip() == BEGIN]
    pieces = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
              and any(node.lineno <= number <= node.end_lineno for number in marked)]  # fmt: skip
    names = {name: tuple(re.findall(r"[\w.]+", header[name])) for name in ("needs", "allowed")}
    library = "" if header["library"].startswith(NO_PIECE) else header["library"]
    return Exercise(
        id=header["id"], title=header["title"], minutes=int(header["minutes"]), difficulty=int(header["difficulty"]),
        needs=tuple(name for name in names["needs"] if name != "nada"), allowed=names["allowed"],
        library=modules_by_name(library), undoes=modules_by_name(header["undoes"] or ""),
        place=path.relative_to(root), pieces=tuple(pieces),
    )  # fmt: skip


def lesson(folder, module):
    """The text of a module's lesson: its README.md and, if its sections are files of their own, those behind it."""
    pages = sorted((folder / "exercises" / module).glob("*.md"), key=lambda page: (page.name != "README.md", page.name))
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def modules_by_name(text):
    """{name: module} of each module.name in a line of a header."""
    return {name: module for module, name in re.findall(r"([\w.]+)\.(\w+)", text)}


def is_allowed(exercise, module):
    """Whether an exercise may import a module: one that its header names, or one of the standard tools."""
    return any(module == allowed or module.startswith(allowed + ".") for allowed in (*exercise.allowed, *STANDARD))


def find(exercises, wanted):
    """The exercise of an id like m01.e03, or of an e03 that only one module has. Raises UsageError if there is none."""
    found = [e for e in exercises if e.id == wanted.lower() or e.id.endswith("." + wanted.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"há mais de um exercício {wanted}: {', '.join(e.id for e in found)}; diga de que módulo")
    raise UsageError(f"não há o exercício {wanted}; há {', '.join(e.id for e in exercises)}")


def make_stub(exercise, solution):
    """The text of the exercise's file: the solution, each marked region replaced by a NotImplementedError.

    Raises UsageError if a region is not closed.
    """
    lines, inside = [], False
    for line in solution.splitlines():
        if line.strip() == BEGIN:
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f'{indent}raise NotImplementedError("{exercise.id}")')
            inside = True
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    if inside or solution.count(BEGIN) != solution.count(END):
        raise UsageError(f"{exercise.place}: a region that begins with {BEGIN!r} does not end with {END!r}")
    return "\n".join(lines) + "\n"


def write_stub(exercise, folder, target=None):
    """Write an exercise's file anew, as a learner first finds it: in exercises/, or at `target`."""
    solution = (folder / "solutions" / exercise.place).read_text(encoding="utf-8")
    target = target or folder / "exercises" / exercise.place
    target.parent.mkdir(parents=True, exist_ok=True)
    save_text(target, make_stub(exercise, solution))
