"""What a verdict depends on, in one digest: where it is the same, so is the verdict.

A verdict depends on the files of its exercise, on the judge, and on what these import from tinyllm, directly or not.
"""

import ast
import functools
import hashlib
from pathlib import Path

JUDGE = Path("tinyllm/course/pytest_plugin.py")  # it imports what else judges


def sources(exercise):
    """The files, below a checkout, that say whether an answer to an exercise is right."""
    return [JUDGE, Path("solutions") / exercise.place, exercise.tests, exercise.support]


def digests(folder, wanted, *others):
    """{key: SHA-256 in hexadecimal} for {key: files}: of these files of a checkout, of all that they reach in tinyllm,
    and of the other values."""
    look = functools.cache(lambda path: look_at(folder, path))  # once each
    found = {}
    for key, files in wanted.items():
        parts = [(path.as_posix(), look(path)[0]) for path in sorted(reached(files, look))]
        found[key] = hashlib.sha256(repr((parts, others)).encode()).hexdigest()
    return found


def reached(files, look):
    """The set of these files and of what they import, of what that imports, and so on."""
    found, left = set(), list(files)
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += look(path)[1]
    return found


def look_at(folder, path):
    """(SHA-256 of a file of a checkout, the files of tinyllm that it imports); (None, []) if there is none."""
    if not (folder / path).is_file():
        return None, []
    source = (folder / path).read_bytes()
    needed = [file for name in imported(source) for file in files_of(folder, name)]
    return hashlib.sha256(source).hexdigest(), needed


@functools.cache
def imported(source):
    """The dotted names of tinyllm that Python code imports, wherever in it: `from a import b` gives a.b."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # it runs nothing, so it imports nothing
        return ()
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {f"{n.module}.{alias.name}" for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names}
    return tuple(sorted(name for name in names if name.partition(".")[0] == "tinyllm"))


def files_of(folder, name):
    """The files that run when a dotted name is imported: of its packages and of its module, below a checkout."""
    place = Path()
    for part in name.split("."):
        place /= part
        if (folder / place).is_dir():
            yield place / "__init__.py"
        elif (folder / place).with_suffix(".py").is_file():
            yield place.with_suffix(".py")
            return
