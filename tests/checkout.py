"""A copy of the checkout for a test to work in as a learner would, and commands run in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tinyllm.course.catalog import read_exercises, write_stub

ROOT = Path(__file__).resolve().parent.parent


def make(folder):
    """Copy library, solutions and tests into a folder, with every exercise as it is given."""
    for name in ("tinyllm", "exercises", "solutions", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.bak"))
    shutil.copy(ROOT / "setup.cfg", folder)
    for exercise in read_exercises(folder):
        write_stub(exercise, folder)  # the learner running this test may have solved some
    return folder


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


def solve(checkout, *wanted):
    """Put the solution of these exercises (all by default) where the learner's answers stand."""
    for exercise in read_exercises(checkout):
        if not wanted or exercise.id in wanted:
            shutil.copy(checkout / "solutions" / exercise.place, checkout / "exercises" / exercise.place)
