"""The rules of the house, held against every file: imports point down, one file knows CuPy and Numba, and so on."""

import ast
import functools
from pathlib import Path

import pytest

import tinyllm
from tinyllm.course.pytest_plugin import EXERCISES

ROOT = Path(tinyllm.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# What stands on each floor, from the ground up. A file may import from its own floor's folder and from lower floors.
FLOORS = [
    ["errors"],
    ["backend", "config", "say"],
    ["parser"],
    ["storage", "observe"],
    ["profile", "graph", "plot"],
    ["text", "data"],
    ["tensor"],
    ["functional", "gradcheck"],
    ["nn"],
    ["models"],
    ["optim"],
    ["memory", "compress"],
    ["finetune"],
    ["parallel"],
    ["infer", "export"],
    ["evaluate"],
    ["train"],
    ["bench"],
    ["show"],
    ["course"],
    ["commands"],
    ["cli"],
    ["__main__", "rank"],
]
HEIGHT = {name: height for height, floor in enumerate(FLOORS) for name in floor}
REPLACEABLE = (  # called as F.name, layers.Name
    "tinyllm.functional",
    "tinyllm.nn.layers",
    "tinyllm.nn.attention",
    "tinyllm.nn.recurrent",
)


@functools.cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path):
    """The room of a file: the first part of its path below tinyllm/."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """The dotted names a file imports, wherever in it: `from a import b` gives a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def by_path(path):
    return str(path.relative_to(ROOT))


every_file = pytest.mark.parametrize("path", FILES, ids=by_path)


@every_file
def test_imports_point_down(path):
    here = place(path)
    if here == "__init__":
        assert not [name for name in imports(path) if name.startswith("tinyllm")]
        return
    for name in imports(path):
        if name.startswith("tinyllm."):
            there = name.split(".")[1]
            if there == "__version__":
                continue
            assert there == here or HEIGHT[there] < HEIGHT[here], f"{here} imports {name}, which stands no lower"


def test_every_room_has_a_floor():
    assert {place(path) for path in FILES} - {"__init__"} == set(HEIGHT)


def test_text_and_data_need_only_the_ground_floor():
    ground = {"errors", "backend", "config", "storage"}
    for path in FILES:
        if place(path) in ("text", "data"):
            rooms = {name.split(".")[1] for name in imports(path) if name.startswith("tinyllm.")}
            assert rooms <= ground | {place(path)}, path


@every_file
def test_one_room_knows_cupy_and_numba(path):
    roots = {name.split(".")[0] for name in imports(path)}
    assert place(path) == "backend" or not roots & {"cupy", "cupyx", "numba", "llvmlite", "mpi4py"}
    peers = {"torch"} if path.name in ("torch_peer.py", "torch_models.py", "torch_kernels.py") else set()
    assert not roots & ({"pickle", "torch", "transformers"} - peers)


@every_file
def test_replaceable_pieces_are_called_through_their_module(path):
    if path.name == "__init__.py":
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith(REPLACEABLE):
            assert place(path) == "functional", f"{path}: import the module, not {[a.name for a in node.names]}"


@every_file
def test_what_an_exercise_can_replace_is_called_through_its_module(path):
    """But the judge keeps the library's own: it must not judge a learner's backward by that backward."""
    pieces = {f"{module}.{name}" for exercise in EXERCISES.values() for name, module in exercise.library.items()}
    assert path.name == "judge.py" or not pieces & set(imports(path))


@every_file
def test_a_file_is_one_sitting(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 450
    assert ast.get_docstring(tree(path)), "a file begins with its purpose"
    assert "parallel=True" not in text and "allow_pickle=True" not in text


@every_file
def test_mistakes_are_raised_not_asserted(path):
    assert not [node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Assert)]


@every_file
def test_a_warning_is_in_portuguese_as_the_lines_among_which_it_stands(path):
    """Errors are in English."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "warn":
            said = ast.unparse(node.args[0]).lstrip("f'\"")
            assert said.startswith("Aviso: "), f"{path.name}:{node.lineno}: {said}"


@every_file
def test_nothing_runs_at_import(path):
    """Only definitions, constants and decorators; the environment is never read."""
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.If, ast.Expr)
    for node in tree(path).body:
        assert isinstance(node, allowed)
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant)
        if isinstance(node, ast.If):
            assert ast.unparse(node.test) == "__name__ == '__main__'"
    assert not [n for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute) and n.attr in ("environ", "getenv")]


def test_the_readme_has_a_line_for_every_file():
    readme = (ROOT.parent / "README.md").read_text(encoding="utf-8")
    missing = [by_path(p) for p in FILES if p.name not in readme and p.name not in ("__init__.py", "__main__.py")]
    assert [name for name in missing if not name.startswith("data/corpora")] == []
    assert "<!-- comando: principal -->" in readme and "<!-- comando: testes -->" in readme


def test_the_folders_of_tests_are_those_of_the_library():
    tests = ROOT.parent / "tests"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")} - {Path("house")}
    assert not [f for f in folders if not (ROOT / f).is_dir() and f.parts[0] != "course"]


WRITERS = {"write_text", "write_bytes", "savefig", "save_file"}
GROWING = {"download.py", "log.py", "cli.py", "race.py", "bpe.py", "pytest_plugin.py"}  # a log; what is no output


@every_file
def test_a_file_is_written_aside(path):
    """What is written in place is lost on a full disk, or when a signal comes: `storage.aside` gives a `temporary`."""
    if path.name in GROWING | {"storage.py"}:
        return
    for node in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        modes = [n.value for n in [*node.args, *(k.value for k in node.keywords)] if isinstance(n, ast.Constant)]
        if name in WRITERS or (name == "open" and any(isinstance(m, str) and set("wax") & set(m) for m in modes[:1])):
            assert "temporary" in ast.unparse(node), f"{path.name}:{node.lineno} writes in place"
