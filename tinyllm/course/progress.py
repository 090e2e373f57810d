"""How the exercises stand: what pytest finds. A verdict is kept under the digest of all that it depends on, so that it
cannot drift from them; the file of those that are kept may be thrown away."""

import contextlib
import importlib.metadata
import importlib.util
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tinyllm.course import syllabus
from tinyllm.course.digest import digests, sources
from tinyllm.course.judge import BROKEN, PARTLY, PENDING, RIGHT, WRONG
from tinyllm.errors import UsageError
from tinyllm.say import counted, tell
from tinyllm.storage import load_json, save_json

KEPT = ".verdicts.json"  # in the checkout: {digest: [state, message]}
LASTING = (RIGHT, PENDING, WRONG, BROKEN)  # the other states are the machine's doing, or an interruption's
USUAL = 3  # seconds that an exercise takes, the start of pytest included
PATIENCE = 3  # seconds of silence
MOST = 500  # verdicts that are kept, the newest


def states(folder, exercises):
    """{id: [state, message]} of these exercises. What has been judged as it stands is not judged again."""
    verdicts = kept(folder)
    found = {name: verdicts[key] for name, key in digests_of(folder, exercises).items() if key in verdicts}
    return {**found, **judged(folder, [e for e in exercises if e.id not in found])}


def judged(folder, exercises):
    """The same, whatever was found before. An exercise that is as it was given is pending: no test need run."""
    found = {e.id: [PENDING, ""] for e in exercises if untouched(folder, e)}
    rest = [e for e in exercises if e.id not in found]
    if rest:
        before = digests_of(folder, rest)
        found |= judged_by_pytest(folder, rest)
        unchanged = before.items() & digests_of(folder, rest).items()  # no file was saved meanwhile
        keep(folder, {key: found[name] for name, key in unchanged if found[name][0] in LASTING})
    return found


def untouched(folder, exercise):
    """Whether the learner's file is still the stub."""
    path, solution = folder / "exercises" / exercise.place, folder / "solutions" / exercise.place
    if not path.exists():
        return False
    return path.read_bytes() == syllabus.make_stub(exercise, solution.read_text(encoding="utf-8")).encode()


def judged_by_pytest(folder, exercises):
    """Run the tests of these exercises. Raises UsageError if there is no pytest, or if it could not run."""
    if importlib.util.find_spec("pytest") is None:
        raise UsageError('quem testa os exercícios é o pytest, que falta; instale-o: pip install -e ".[test]"')
    with tempfile.TemporaryDirectory() as place:
        found = Path(place) / "states.json"
        tests = [str(e.tests) for e in exercises]
        options = ["-q", "-p", "no:cacheprovider", "--hypothesis-profile=first-found", f"--states={found}"]
        wait_for([sys.executable, "-m", "pytest", *options, *tests], folder, [e.id for e in exercises])
        if not found.exists():
            names = ", ".join(e.id for e in exercises)
            raise UsageError(f"os testes pararam no meio (o código de {names} encerra o Python, com os._exit ou "
                             f"parecido?); veja python -m pytest {' '.join(tests)}")  # fmt: skip
        not_reached = {e.id: [PARTLY, f"{e.id} {PARTLY}: os testes pararam antes dele"] for e in exercises}
        return not_reached | json.loads(found.read_text(encoding="utf-8"))


def wait_for(command, folder, names):
    """Run a command that tests these exercises to its end, saying at once what it does and, now and then, that it still
    does."""
    what = f"{len(names)} exercícios" if len(names) > 1 else names[0]
    tell(f"testando {what} (cerca de {counted(USUAL * len(names), 'segundo')})…")
    began = time.monotonic()
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        while True:
            try:
                process.wait(PATIENCE)
                return
            except subprocess.TimeoutExpired:
                tell(f"  ainda testando {what}, há {counted(round(time.monotonic() - began), 'segundo')}…")
            except BaseException:
                process.kill()
                raise


def digests_of(folder, exercises):
    """{id: digest of what the verdict on the learner's file depends on}."""
    files = {e.id: [Path("exercises") / e.place, *sources(e)] for e in exercises}
    return digests(folder, files, platform.python_version(), installed("numpy"), installed("numba"))


def installed(package):
    """The version of a package that is installed, or None. To import it would take longer."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def kept(folder):
    """{digest: [state, message]} of what was judged. A file that is missing or damaged holds nothing."""
    with contextlib.suppress(UsageError, OSError, AttributeError, TypeError, ValueError):
        found = load_json(folder / KEPT)
        if all(state in LASTING and isinstance(message, str) for state, message in found.values()):
            return found
    return {}


def keep(folder, verdicts):
    """Keep these too, where the folder can be written to."""
    older = {key: verdict for key, verdict in kept(folder).items() if key not in verdicts}
    with contextlib.suppress(OSError):
        save_json(folder / KEPT, dict([*older.items(), *verdicts.items()][-MOST:]))
