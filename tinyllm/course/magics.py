"""What the notebooks of the course can say to IPython, after `%load_ext tinyllm.course.magics`.

%%exercise m01.e03      saves the cell as the answer to an exercise and tests it
%course hint m01.e03    any command of `tinyllm course`
%picture FILE           shows an SVG of a lesson
"""

import contextlib
import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tinyllm.course import guide, syllabus
from tinyllm.course.judge import load
from tinyllm.errors import UsageError
from tinyllm.storage import save_text

saved = {}  # exercise: what a cell of this notebook wrote last, which need not be kept aside


def load_ipython_extension(ipython):
    """Called by IPython."""

    def exercise_and_names(line, cell):
        ipython.push(exercise_magic(line, cell))

    ipython.register_magic_function(exercise_and_names, "cell", "exercise")
    ipython.register_magic_function(course_magic, "line", "course")
    ipython.register_magic_function(picture_magic, "line", "picture")


def exercise_magic(line, cell):
    """Save the cell as the answer to the exercise named in the first line, and judge it. Gives {name: piece} of what it
    defines, to be tried in the next cells.

    A cell that is still the stub leaves the file as it is. What the file held, unless a cell wrote it, is kept aside.
    """
    folder = syllabus.course_folder()
    try:
        exercise = syllabus.find(syllabus.read_exercises(folder), line.strip())
    except UsageError as error:
        print(error)
        return {}
    path, text = folder / "exercises" / exercise.place, cell.rstrip() + "\n"
    before = path.read_text(encoding="utf-8") if path.exists() else None
    stub = syllabus.make_stub(exercise, (folder / "solutions" / exercise.place).read_text(encoding="utf-8"))
    if text == stub and before is not None and before != stub:
        print(f"a célula está como veio; o que se testa é o que já está em {os.path.relpath(path, folder)}")
    elif text != before:
        if before not in (None, stub, saved.get(exercise.id)):
            guide.keep_aside(path, folder)
        save_text(path, text)
        saved[exercise.id] = text
    with contextlib.redirect_stdout(io.StringIO()) as said:
        guide.test(folder, exercise)
    print(said.getvalue().replace("tinyllm course ", "%course ").rstrip())
    with contextlib.suppress(Exception):  # the tests have told what is wrong with it
        return {name: thing for name, thing in vars(load(path)).items() if name in exercise.pieces}
    return {}


def course_magic(line):
    """Run `tinyllm course` with these words and show what it prints."""
    command = [sys.executable, "-m", "tinyllm", "course", *shlex.split(line)]
    ran = subprocess.run(
        command, cwd=syllabus.course_folder(), capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    print((ran.stdout + ran.stderr).replace("tinyllm course ", "%course ").rstrip())


def picture_magic(line):
    """Show an SVG file, named from the project's folder."""
    from IPython.display import SVG

    return SVG((syllabus.course_folder() / Path(line.strip())).read_text(encoding="utf-8"))
