"""A copy of the checkout for a test to work in as a learner would, and commands run in it."""

import ast
import contextlib
import os
import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from tinyllm.course import progress
from tinyllm.course.syllabus import is_allowed, read_exercises, write_stub

ROOT = Path(__file__).resolve().parent.parent


def make(folder):
    """Copy library, solutions and tests into a folder, with every exercise as it is given and the compiled kernels.

    The verdicts that are kept here count there too: see `share`.
    """
    for name in ("tinyllm", "exercises", "solutions", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.bak", "*.pyc*", "*.tmp*"))
    shutil.copy(ROOT / "setup.cfg", folder)
    for exercise in read_exercises(folder):
        write_stub(exercise, folder)  # the learner running this test may have solved some
    progress.keep(folder, progress.kept(ROOT))
    return folder


def share(folder):
    """Keep here what was judged in a copy, for the copies to come: a verdict is of what the files say, wherever they
    stand."""
    known = progress.kept(ROOT)
    new = {key: verdict for key, verdict in progress.kept(folder).items() if key not in known}
    if new:
        progress.keep(ROOT, new)


def environment(checkout):
    return {**os.environ, "PYTHONPATH": str(checkout)}


def tinyllm(checkout, *arguments):
    """(exit status, standard output, standard error) of a command of tinyllm."""
    command = [sys.executable, "-m", "tinyllm", *map(str, arguments)]
    ran = subprocess.run(
        command, env=environment(checkout), cwd=checkout, capture_output=True, encoding="utf-8", check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


def course(checkout, *arguments):
    """The same, of `tinyllm course ...`."""
    return tinyllm(checkout, "course", *arguments)


@contextlib.contextmanager
def watching(checkout):
    """Run `tinyllm course watch`; gives said(start), the next line that begins so."""
    command = [sys.executable, "-m", "tinyllm", "course", "watch"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    lines = queue.Queue()
    with subprocess.Popen(command, env=environment(checkout), cwd=checkout, **pipes) as process:
        assert "salve um exercício" in process.stderr.readline()
        reader = threading.Thread(target=lambda: [lines.put(line.rstrip("\n")) for line in process.stdout], daemon=True)
        reader.start()

        def said(start):
            while not (line := lines.get(timeout=60)).startswith(start):
                pass
            return line

        try:
            yield said
        finally:
            process.kill()
            reader.join()


def solve(checkout, *wanted):
    """Put the solution of these exercises (all by default) where the learner's answers stand."""
    for exercise in read_exercises(checkout):
        if not wanted or exercise.id in wanted:
            shutil.copy(checkout / "solutions" / exercise.place, checkout / "exercises" / exercise.place)


def with_version(exercise, piece, version):
    """The solution's text, in which a version from the support file, one of its functions, has the name of a piece."""
    solution, support = ((ROOT / path).read_text(encoding="utf-8") for path in (
        Path("solutions") / exercise.place, exercise.support))  # fmt: skip
    kept = [node for node in ast.parse(support).body if not is_table(node) and can_import(exercise, node)]
    return f"{solution}\n\n{ast.unparse(ast.Module(kept, []))}\n\n{piece} = {version.__name__}\n"


def is_table(node):
    """Whether a statement of a support file is one of its tables."""
    names = {getattr(target, "id", None) for target in getattr(node, "targets", ())}
    return bool(names & {"MISTAKES", "COSTLY", "EQUIVALENT", "HINTS", "WORK"})


def can_import(exercise, node):
    """Whether a statement is no import, or one that the exercise may have."""
    names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in getattr(node, "names", ())]
    return all(is_allowed(exercise, name) for name in names)
