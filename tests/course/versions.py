"""Judge many versions of the answers to exercises, each in a process forked from one that has imported everything.

`Versions` starts that one, this file as a program. It reads lines like {"exercise": "m01.e03", "files": {place of a
file: its text}, "options": options of pytest} and answers each with what the tests of the exercise say of a folder with
these files: {"passed": whether all tests pass, "states": {exercise: [state, message]}, "output": what pytest printed}.
"""

import contextlib
import functools
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tinyllm.course.syllabus import course_folder, find, read_exercises

FOLDER = course_folder()
PATIENCE = 150  # seconds; a version that never ends does not pass
ALONE = ("-q", "-pno:cacheprovider", "-pno:xdist", f"--rootdir={FOLDER}", "--hypothesis-profile=first-found")
QUICK = ("-k", "not time_and_memory")  # options for what is not measured


class Versions:
    """Asks one process, started when it is first needed."""

    def __init__(self):
        self.process = None

    def judge(self, exercise, *folders, options=()):
        """What the tests of an exercise say of each folder, given as {place: text}."""
        return [self.ask(exercise, folder, options) for folder in folders]

    def ask(self, exercise, folder, options):
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, __file__], cwd=FOLDER, env={**os.environ, "PYTHONPATH": str(FOLDER)},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
            )  # fmt: skip
        files = {str(place): text for place, text in folder.items()}
        print(json.dumps({"exercise": exercise.id, "files": files, "options": options}), file=self.process.stdin)
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        if self.process is not None:
            self.process.communicate()


@functools.cache
def prepare(exercise):
    """Import, in this process, what the forked ones will need: the tests run once, on the solution."""
    pytest.main([*ALONE, *QUICK, "--impl=solutions", str(FOLDER / exercise.tests)])


def judged(exercise, files, options):
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


def main():
    exercises = read_exercises(FOLDER)
    with open(os.dup(1), "w", encoding="utf-8") as answers, contextlib.suppress(KeyboardInterrupt):
        os.dup2(2, 1)  # what pytest says while it prepares is no answer
        for line in sys.stdin:
            asked = json.loads(line)
            exercise = find(exercises, asked["exercise"])
            prepare(exercise)
            print(json.dumps(judged(exercise, asked["files"], asked["options"])), file=answers, flush=True)


if __name__ == "__main__":
    main()
