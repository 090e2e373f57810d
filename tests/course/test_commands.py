"""A learner's walk through `tinyllm course`, in a copy of the checkout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
RIGHT = "m01.e01 Álgebra linear com arrays   certo   exercises/m01_introducao/e01_arrays.py"


@pytest.fixture
def checkout(tmp_path):
    for name in ("tinyllm", "exercises", "solutions", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.bak"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    shutil.rmtree(tmp_path / "exercises")  # the learner running this test may have solved some
    code = "from tinyllm.course.catalog import *; f = course_folder(); [write_stub(e, f) for e in read_exercises(f)]"
    subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), cwd=tmp_path, check=True)
    return tmp_path


def environment(checkout):
    return {**os.environ, "PYTHONPATH": str(checkout)}


def course(checkout, *arguments):
    """(exit status, standard output, standard error) of `tinyllm course ...`."""
    command = [sys.executable, "-m", "tinyllm", "course", *arguments]
    ran = subprocess.run(
        command, env=environment(checkout), cwd=checkout, capture_output=True, encoding="utf-8", check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


def answer(checkout, text):
    (checkout / "exercises/m01_introducao/e01_arrays.py").write_text(text, encoding="utf-8")


def test_a_walk(checkout):
    solution = (checkout / "solutions/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")
    stub = (checkout / "exercises/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")

    status, out, _ = course(checkout, "list", "--json")
    states = json.loads(out)["states"]
    assert status == 0 and set(states.values()) == {"pendente"}
    status, out, _ = course(checkout)
    assert status == 0 and f"0 de {len(states)}" in out and "a seguir: exercises/m01_introducao/e01_arrays.py" in out

    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and out.startswith("m01.e01 Álgebra linear com arrays   pendente")

    answer(checkout, solution.replace("x.mean(axis=-1, keepdims=True)", "x.mean()"))
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "errado      exercises/m01_introducao/e01_arrays.py:" in out
    assert "primeira diferença em [0, 0]" in out and "próximo passo: tinyllm course hint m01.e01" in out
    assert len(out.splitlines()) == 4

    answer(checkout, solution.replace("a @ b.T", "a @ c.T"))
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "erro no seu código" in out and "NameError: name 'c' is not defined" in out

    answer(checkout, "import scipy\n" + solution)
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "o arquivo importa scipy; este exercício pode usar só: numpy" in out

    answer(checkout, solution.replace("def project(x, direction):", "def project(x, direction:"))
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "erro no seu código" in out and "SyntaxError" in out

    answer(checkout, solution)
    assert course(checkout, "test", "m01.e01") == (0, RIGHT + "\n", "")
    assert f"1 de {len(states)}" in course(checkout)[1]
    assert course(checkout, "solution", "m01.e01")[1] == solution

    status, out, err = course(checkout, "reset", "m01.e01")
    (kept,) = (checkout / "exercises/m01_introducao").glob("*.bak")
    assert status == 0 and kept.name in err and kept.read_text(encoding="utf-8") == solution
    assert (checkout / "exercises/m01_introducao/e01_arrays.py").read_text(encoding="utf-8") == stub


def test_watch_judges_what_is_saved(checkout):
    solution = (checkout / "solutions/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "tinyllm", "course", "watch"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen(command, env=environment(checkout), cwd=checkout, **pipes) as process:
        assert "salve um exercício" in process.stderr.readline()
        answer(checkout, solution)
        read = [process.stdout.readline() for _ in range(3)]
        process.kill()
    assert "exercises/m01_introducao/e01_arrays.py" in read[1] and read[2] == RIGHT + "\n"


def test_hints_and_solutions(checkout):
    status, out, _ = course(checkout, "hint", "m01.e01")
    assert status == 0 and "dica 1 de 3" in out and "--level 2" in out
    status, out, _ = course(checkout, "hint", "m01.e01", "--level", "3")
    assert status == 0 and "dica 3 de 3" in out and "a próxima" not in out
    status, _, err = course(checkout, "solution", "m01.e01")
    assert status == 2 and "ainda não está certo" in err
    assert course(checkout, "solution", "m01.e01", "--anyway")[0] == 0
    status, _, err = course(checkout, "test", "m09.e99")
    assert status == 2 and "não há o exercício m09.e99; há m01.e01" in err
