"""The notebook of a module, made from its lesson and its exercises: the one source of each stays the only one.

Headings and text become cells of text, ```python blocks cells to run, pictures a `%picture`; a section whose heading
names an exercise's file ends with that exercise, to be solved in its cell. magics.py is what makes these cells work.
"""

import json
import re

from tinyllm.course import syllabus
from tinyllm.storage import save_text

PICTURE = re.compile(r"!\[.*\]\((?P<path>[^)]+)\)")
EXERCISE = re.compile(r"## .*\(`(?P<file>e\d\d_\w+\.py)`\)")
SETUP = """\
# Prepara o caderno: entra na pasta do projeto e, se for preciso (no Colab é), instala o tinyllm.
import importlib.util, os, sys
from pathlib import Path

for folder in [Path.cwd(), *Path.cwd().parents, *Path.cwd().glob("*/")]:
    if (folder / "solutions").is_dir() and (folder / "tinyllm").is_dir():
        os.chdir(folder)
        break
else:
    raise SystemExit("A pasta do projeto não está aqui: traga-a primeiro (no Colab, com !git clone) e rode de novo.")
if any(importlib.util.find_spec(name) is None for name in ("numba", "pytest", "hypothesis", "safetensors")):
    %pip install -q -e ".[test]"
sys.path.insert(0, os.getcwd())
%load_ext tinyllm.course.magics"""


def write_notebook(folder, module, exercises):
    """Write notebook.ipynb beside the lesson of a module, given the checkout, the module's name and its exercises."""
    path = folder / "exercises" / module / "notebook.ipynb"
    save_text(path, make_notebook(folder, module, exercises))


def make_notebook(folder, module, exercises):
    """The text of a module's notebook, in nbformat 4.5, without outputs."""
    exercise_of = {e.place.name: e for e in exercises if e.place.parent.name == module}
    found = list(cells(syllabus.lesson(folder, module), module, lambda file: exercise_cells(folder, exercise_of[file])))
    title, first, *rest = found[0], ("code", SETUP), *found[1:]
    notebook = {
        "cells": [cell(kind, text, f"{module[:3]}-{n:03}") for n, (kind, text) in enumerate([title, first, *rest])],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def cells(lesson, module, exercise_cells):
    """Yield ("markdown" or "code", text) for each cell of a lesson."""
    text, code, fence, exercise = [], [], None, None

    def flush():
        whole = "\n".join(text).strip()
        text.clear()
        if whole:
            yield "markdown", whole

    for line in [*lesson.splitlines(), "## "]:  # the last one closes the section before it
        if fence is not None:
            if line.strip() == "```":
                yield "code", "\n".join(code)
                fence = None
            else:
                code.append(line)
        elif line.strip() == "```python":
            yield from flush()
            fence, code = line, []
        elif PICTURE.fullmatch(line.strip()):
            yield from flush()
            yield "code", f"%picture exercises/{module}/{PICTURE.fullmatch(line.strip())['path']}"
        elif line.startswith("## "):
            yield from flush()
            if exercise:
                yield from exercise_cells(exercise["file"])
            exercise = EXERCISE.match(line)
            text.append(line)
        else:
            text.append(line)


def exercise_cells(folder, exercise):
    """The cells in which an exercise is solved."""
    stub = syllabus.make_stub(exercise, (folder / "solutions" / exercise.place).read_text(encoding="utf-8"))
    hint, compare = (f"`%course {command} {exercise.id}`" for command in ("hint", "compare"))
    yield "markdown", (
        f"### Sua vez: {exercise.id}\n\nComplete a célula e rode-a: ela salva `exercises/{exercise.place}` e o testa. "
        f"Uma dica: {hint}; a sua versão ao lado da solução: {compare}."
    )  # fmt: skip
    yield "code", f"%%exercise {exercise.id}\n{stub.rstrip()}"


def cell(kind, text, name):
    lines = text.splitlines(keepends=True)
    if kind == "markdown":
        return {"cell_type": kind, "id": name, "metadata": {}, "source": lines}
    return {"cell_type": kind, "execution_count": None, "id": name, "metadata": {}, "outputs": [], "source": lines}
