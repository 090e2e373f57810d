"""The notebooks run from a clean kernel, top to bottom: as they come, and with every exercise solved."""

import pytest
from checkout import course

from tinyllm.course.pytest_plugin import EXERCISES, FOLDER

pytestmark = pytest.mark.notebook
MODULES = sorted(path.parent.name for path in FOLDER.glob("exercises/m*/notebook.ipynb"))
PATIENCE = 300  # seconds a cell may take


def run(notebook):
    """Run every cell; the outputs come into it. An error in a cell is raised."""
    import nbclient

    nbclient.NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3").execute()


def read(checkout, module, monkeypatch):
    """The notebook of a module in a copy of the checkout, where a kernel is going to start."""
    import nbformat

    monkeypatch.chdir(checkout / "exercises" / module)
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    return nbformat.read("notebook.ipynb", as_version=4)


def outputs(notebook):
    """{exercise: what its cell printed}."""
    cells = [cell for cell in notebook.cells if cell.source.startswith("%%exercise ")]
    return {cell.source.split()[1]: "".join(out.get("text", "") for out in cell.outputs) for cell in cells}


@pytest.mark.parametrize("module", MODULES)
def test_as_it_comes(module, checkout, monkeypatch):
    notebook = read(checkout, module, monkeypatch)
    run(notebook)
    said = outputs(notebook)
    assert said.keys() == {e.id for e in EXERCISES.values() if e.place.parent.name == module}
    assert all(f"{name} " in text and "pendente" in text for name, text in said.items()), said


@pytest.mark.parametrize("module", MODULES)
def test_solved(module, checkout, monkeypatch):
    notebook = read(checkout, module, monkeypatch)
    exercises = {e.id: e for e in EXERCISES.values()}
    for cell in notebook.cells:
        if cell.source.startswith("%%exercise "):
            place = exercises[cell.source.split()[1]].place
            cell.source = cell.source.splitlines()[0] + "\n" + (FOLDER / "solutions" / place).read_text("utf-8")
    run(notebook)
    assert all("   certo   " in text for text in outputs(notebook).values()), outputs(notebook)
    assert "a seguir" not in course(checkout, "list")[1] or len(MODULES) > 1
