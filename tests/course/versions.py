"""Judge many versions of the answers to an exercise, each in a process forked from one that has imported everything.

    python tests/course/versions.py m01.e03 < folders.json

reads a list of folders, each {place of a file: its text}, and prints for each what the tests of the exercise say of it:
{"passed": whether all tests pass, "states": {exercise: [state, message]}, "output": what pytest printed}.
"""

import json
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(FOLDER), str(FOLDER / "tests")]

from tinyllm.course.catalog import find, read_exercises  # noqa: E402

PATIENCE = 60  # seconds; a version that never ends does not pass
ALONE = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={FOLDER}")


def prepare(exercise):
    """Import, in this process, what the forked ones will need. Exits if the tests reject the solution."""
    if pytest.main([*ALONE, "--impl=solutions", str(FOLDER / exercise.tests)]):
        sys.exit(f"{exercise.id}: the solution itself is rejected")


def judged(exercise, files, *options):
    """What the tests of an exercise say of a folder with these files."""
    with tempfile.TemporaryDirectory() as place:
        folder, states, output = Path(place), Path(place) / "states", Path(place) / "output"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        arguments = [*ALONE, *options, f"--impl={folder}", f"--states={states}", str(FOLDER / exercise.tests)]
        process = multiprocessing.get_context("fork").Process(target=run_pytest, args=(arguments, output))
        process.start()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        return {
            "passed": process.exitcode == 0,
            "states": json.loads(states.read_text(encoding="utf-8")) if states.exists() else {},
            "output": output.read_text(encoding="utf-8", errors="replace"),
        }


def run_pytest(arguments, output):
    """Run pytest and leave with its exit status; what it prints goes into a file. It never returns."""
    with open(output, "w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        status = int(pytest.main(arguments))
        sys.stdout.flush()
    os._exit(status)


def main(wanted):
    os.chdir(FOLDER)
    exercise = find(read_exercises(FOLDER), wanted)
    folders, answers = json.load(sys.stdin), os.dup(1)
    os.dup2(2, 1)  # what pytest says while it prepares is no answer
    prepare(exercise)
    found = [judged(exercise, files) for files in folders]
    os.write(answers, json.dumps(found).encode())


if __name__ == "__main__":
    main(sys.argv[1])
