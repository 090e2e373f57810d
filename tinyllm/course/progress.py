"""How the exercises stand: what pytest finds, and nothing that could drift from it."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tinyllm.course import catalog
from tinyllm.course.judge import PENDING
from tinyllm.errors import UsageError


def states(folder, exercises):
    """{id: [state, message]} of these exercises now. One that is as it was given is pending: no test need run."""
    found = {e.id: [PENDING, ""] for e in exercises if untouched(folder, e)}
    rest = [e for e in exercises if e.id not in found]
    return {**found, **judged(folder, rest)} if rest else found


def untouched(folder, exercise):
    """Whether the learner's file is still the stub."""
    path, solution = folder / "exercises" / exercise.place, folder / "solutions" / exercise.place
    if not path.exists():
        return False
    return path.read_bytes() == catalog.make_stub(exercise, solution.read_text(encoding="utf-8")).encode()


def judged(folder, exercises):
    """The same, by pytest. Raises UsageError if there is none, or if it could not run."""
    if importlib.util.find_spec("pytest") is None:
        raise UsageError('quem testa os exercícios é o pytest, que falta; instale-o: pip install -e ".[test]"')
    with tempfile.TemporaryDirectory() as place:
        found = Path(place) / "states.json"
        tests = [str(e.tests) for e in exercises]
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", f"--states={found}", *tests]
        subprocess.run(command, cwd=folder, check=False, capture_output=True, encoding="utf-8")
        if not found.exists():
            names = ", ".join(e.id for e in exercises)
            raise UsageError(f"os testes pararam no meio (o código de {names} encerra o Python, com os._exit ou "
                             f"parecido?); veja python -m pytest {' '.join(tests)}")  # fmt: skip
        return json.loads(found.read_text(encoding="utf-8"))
