"""A learner's walk through `tinyllm course`, in a copy of the checkout."""

import json
import os
import re
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest
from checkout import course, watching, with_version
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course import guide, pytest_plugin, side_by_side
from tinyllm.course.judge import Judge, Missing, load
from tinyllm.course.pytest_plugin import EXERCISES, FOLDER
from tinyllm.course.syllabus import write_stub
from tinyllm.errors import UsageError

RIGHT = "m01.e01 Álgebra linear com arrays   certo   exercises/m01_introducao/e01_arrays.py"
TESTING = "testando m01.e01 (cerca de 3 segundos)…"
NEXT = "  próximo passo: tinyllm course compare m01.e01"
LAST_LINE = "    return amounts[..., np.newaxis] * direction"
ODD = {  # what may become of a file: (what makes it of the solution, what is said, the exit status)
    "a name that is not defined": (
        lambda text: text.replace("a @ b.T", "a @ c.T"), "NameError: name 'c' is not defined", 1),
    "a library that it may not use": (
        lambda text: f"import scipy\n{text}", "o arquivo importa scipy; este exercício pode usar só: numpy", 1),
    "a parenthesis that is missing": (
        lambda text: text.replace("def project(x, direction):", "def project(x, direction:"), "SyntaxError", 1),
    "a byte order mark": (lambda text: "\ufeff" + text, "   certo   ", 0),
    "nothing": (lambda text: "", "falta cosine_similarity; o arquivo deve ter, com estes nomes: cosine_", 1),
    "a renamed function": (lambda text: text.replace("def project", "def projeta"), "falta project; ", 1),
    "a null byte": (lambda text: text + "\0", "erro no seu código", 1),
    "an exit at the top": (lambda text: text + "\nraise SystemExit", "SystemExit", 1),
    "an error of one's own": (lambda text: text.replace(LAST_LINE, "    raise BaseException('fim')"), "fim", 1),
    "several errors": (
        lambda text: text.replace(LAST_LINE, "    raise ExceptionGroup('dois', [ValueError(1)])"),
        "ExceptionGroup: dois",
        1,
    ),
    "an exit in a function": (lambda text: text.replace(LAST_LINE, "    exit()"), "SystemExit", 1),
    "a Ctrl-C": (lambda text: text.replace(LAST_LINE, "    raise KeyboardInterrupt"), "incompleto: só ", 1),
    "a print": (lambda text: text.replace(LAST_LINE, "    print('oi')\n    return x"), "imprimiu:\n  │ oi\n", 1),
    "two of three": (
        lambda text: text.replace(LAST_LINE, '    raise NotImplementedError("m01.e01")'),
        "m01.e01 pendente: falta escrever project", 1),
    "an end of Python": (
        lambda text: text.replace(LAST_LINE, "    __import__('os')._exit(0)"), "os testes pararam no meio", 2),
}  # fmt: skip
WITH_HELPERS = """
def f(x):
    \"\"\"What it does.\"\"\"
    # how
    y = first(x)

    return g(y)


def first(x):
    for i in range(x):
        x = second(i)
    return x


def second(x):
    return first(x)


def g(x):
    return first


def unused(x):
    return x
"""
DATA_CLASS = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Pair:
    left: int
"""
USUAL = ("a renamed function", "an exit in a function", "two of three")


def answer(checkout, text):
    (checkout / "exercises/m01_introducao/e01_arrays.py").write_text(text, encoding="utf-8")


def test_a_walk(checkout):
    solution = (checkout / "solutions/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")
    stub = (checkout / "exercises/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")

    status, out, _ = course(checkout, "list", "--json")
    states = json.loads(out)["states"]
    assert status == 0 and set(states.values()) == {"pendente"}
    status, out, _ = course(checkout)
    of_module = sum(name.startswith("m01.") for name in states)
    assert status == 0 and f"  0 de {of_module}\n" in out and "a seguir: exercises/m01_introducao/e01_arrays.py" in out

    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and out.startswith("m01.e01 Álgebra linear com arrays   pendente")

    answer(checkout, solution.replace("x.mean(axis=-1, keepdims=True)", "x.mean()"))
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "errado      exercises/m01_introducao/e01_arrays.py:" in out
    assert "primeira diferença em [0, 0]" in out and "próximo passo: tinyllm course hint m01.e01" in out
    assert len(out.splitlines()) == 4

    answer(checkout, solution)
    status, out, err = course(checkout, "test", "M01.E01")
    assert (status, out) == (0, f"{RIGHT}\n{NEXT}\n") and err.startswith(f"{TESTING}\n")
    status, _, err = course(checkout, "test", "e09")
    several = ", ".join(name for name in states if name.endswith(".e09"))
    assert status == 2 and f"há mais de um exercício e09: {several}; diga de que módulo" in err
    assert f"  1 de {of_module}\n" in course(checkout)[1]
    assert course(checkout, "solution", "m01.e01")[1] == solution

    status, out, err = course(checkout, "reset", "m01.e01")
    (kept,) = (checkout / "exercises/m01_introducao").glob("*.bak")
    assert status == 0 and kept.name in err and kept.read_text(encoding="utf-8") == solution
    assert (checkout / "exercises/m01_introducao/e01_arrays.py").read_text(encoding="utf-8") == stub


def test_watch_judges_what_is_saved(checkout):
    solution = (checkout / "solutions/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")
    with watching(checkout) as said:
        answer(checkout, solution)
        assert "exercises/m01_introducao/e01_arrays.py" in said("—") and said("m01.e01") == RIGHT


@pytest.mark.long
def test_watch_goes_on_after_a_file_that_cannot_be_read(checkout):
    file = checkout / "exercises/m01_introducao/e01_arrays.py"
    solution = (checkout / "solutions/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")
    with watching(checkout) as said:
        file.unlink()
        file.mkdir()
        assert "exercises/m01_introducao/e01_arrays.py" in said("—")
        time.sleep(2)  # it has been looked at more than once
        file.rmdir()
        answer(checkout, solution)
        assert said(RIGHT)


@pytest.mark.parametrize("what", [pytest.param(what, marks=() if what in USUAL else pytest.mark.long) for what in ODD])
def test_odd_files(what, checkout):
    change, told, expected = ODD[what]
    answer(checkout, change((checkout / "solutions/m01_introducao/e01_arrays.py").read_text(encoding="utf-8")))
    status, out, err = course(checkout, "test", "m01.e01")
    assert status == expected and told in out + err, out + err
    told = [line for line in (out + err).splitlines() if "testando" not in line]
    assert "Traceback" not in out + err and len(told) < 15


@pytest.mark.long
def test_files_that_cannot_be_read(checkout):
    file = checkout / "exercises/m01_introducao/e01_arrays.py"
    file.write_bytes("nome = 'função'".encode("latin-1"))
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "erro no seu código" in out and "SyntaxError" in out
    file.unlink()
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "o arquivo não existe; para tê-lo de volta: tinyllm course reset m01.e01" in out
    assert course(checkout, "reset", "m01.e01")[0] == 0 and file.exists()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing can interrupt a loop on Windows")
def test_a_loop_without_end_is_interrupted(monkeypatch, tmp_path):
    exercise = next(iter(EXERCISES.values()))
    path = tmp_path / exercise.place
    path.parent.mkdir()
    path.write_text("while True:\n    pass\n", encoding="utf-8")
    monkeypatch.setattr(pytest_plugin, "PATIENCE", 0.2)
    judge = Judge(exercise, tmp_path, FOLDER)
    with pytest_plugin.caught(judge) as errors:
        judge.load()
    assert "parece um laço sem fim" in str(errors[0]) and "e01_arrays.py:" in str(errors[0]) and errors[0].endless


def test_hypothesis_seeks_no_simpler_case_of_what_is_not_written(tmp_path):
    exercise, tried = next(iter(EXERCISES.values())), []
    write_stub(exercise, FOLDER, tmp_path / exercise.place)
    judge = Judge(exercise, tmp_path, FOLDER)
    judge.load()

    @given(st.integers())
    def for_any(number):
        tried.append(number)
        judge.same("standardise", np.eye(2), case="any")

    with pytest.raises(Missing):
        for_any()
    assert len(tried) == 1


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


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("lento", "está certo, mas custa demais (lento)"),
        ("memória demais", "está certo, mas custa demais (memória demais)"),
        ("errado", "ainda não está certo"),
        ("pendente", "ainda não está certo"),
    ],
)
def test_why_the_solution_is_not_shown(state, told, monkeypatch):
    exercise = next(iter(EXERCISES.values()))
    monkeypatch.setattr(guide, "states", lambda folder, exercises: {exercise.id: [state, ""]})
    with pytest.raises(UsageError, match=re.escape(f"m01.e01 {told}; veja tinyllm course hint m01.e01")):
        guide.solution(FOLDER, exercise, anyway=False)


def test_the_lines_of_helpers_count(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(WITH_HELPERS, encoding="utf-8")
    answer = load(path)
    assert [side_by_side.lines(piece, ["f", "g"]) for piece in (answer.f, answer.g)] == [6, 5]


def test_a_file_saved_twice_in_one_second_is_read_twice(tmp_path):
    path, stamp = tmp_path / "answer.py", 1_700_000_000
    found = []
    for number in "12":
        path.write_text(f"a = {number}\n", encoding="utf-8")
        os.utime(path, (stamp, stamp))
        found.append((load(path).a, guide.when_saved(FOLDER, SimpleNamespace(place=path))))
    (one, before), (two, after) = found
    assert (one, two) == (1, 2) and before != after


def test_what_is_loaded_may_use_data_classes_and_the_future(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(DATA_CLASS, encoding="utf-8")
    assert load(path).Pair(1).left == 1


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.id)
def test_the_hint_that_is_offered_is_about_the_piece_that_failed(exercise, tmp_path):
    judge = Judge(exercise, tmp_path, FOLDER)
    for piece in exercise.pieces:
        level = int(re.search(r"(?: --level (\d))?$", judge.next_step(piece))[1] or 1)
        hint = judge.support.HINTS[level - 1]
        assert re.search(rf"\b{piece}\b", hint) or len(exercise.pieces) == 1, f"{piece}: {hint}"


@pytest.mark.long
def test_compare(checkout):
    answer(checkout, (checkout / "solutions/m01_introducao/e01_arrays.py").read_text(encoding="utf-8"))
    status, out, _ = course(checkout, "compare", "m01.e01")
    assert status == 0 and out.count("a sua (certo)") == out.count("a solução") == 3 and "a biblioteca" not in out
    status, out, _ = course(checkout, "compare", "m01.e03", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    of_library, of_none = ["yours", "solution", "library"], ["yours", "solution"]  # there is no log_softmax in it
    assert status == 0 and [row["whose"] for row in rows] == [*of_library, *of_none, *of_library]
    assert rows[0]["state"] == "pendente" and rows[0]["seconds"] is None
    for row in rows[1:3]:
        assert row["state"] == "certo" and row["seconds"] > 0 and row["peak_bytes"] > 0 and row["lines"] > 3
    status, out, _ = course(checkout, "compare", "m03.e04", "--json")  # its last piece is a class
    layer = [json.loads(line) for line in out.splitlines()][-2:]
    assert status == 0 and [(row["piece"], row["lines"]) for row in layer] == [
        ("FeedForward", 5), ("FeedForward", 12),  # with the activation that it calls
    ]  # fmt: skip
    status, out, _ = course(checkout, "compare", "m03.e07", "--json")  # an encoder has no __call__
    assert status == 0 and all(json.loads(line)["lines"] > 9 for line in out.splitlines()[-2:])


@pytest.mark.long
@pytest.mark.parametrize("way", ["from tinyllm.tensor import backward", "from tinyllm.tensor import *",
                                 "import tinyllm.tensor as t; backward = t.backward"])  # fmt: skip
def test_an_answer_that_is_the_library_s_own(checkout, way):
    solution = (checkout / "solutions/m01_introducao/e04_autograd.py").read_text(encoding="utf-8")
    (checkout / "exercises/m01_introducao/e04_autograd.py").write_text(f"{solution}\n{way}\n", encoding="utf-8")
    status, out, _ = course(checkout, "test", "m01.e04")
    assert status == 1 and "   errado      " in out and "o arquivo importa a própria resposta, tinyllm.tensor." in out


def test_an_answer_that_the_library_cannot_go_on_with_is_told_without_a_traceback(checkout):
    solution = (checkout / "solutions/m01_introducao/e04_autograd.py").read_text(encoding="utf-8")
    other = solution.replace("(dy * b, dy * a)", "dy * b")
    (checkout / "exercises/m01_introducao/e04_autograd.py").write_text(other, encoding="utf-8")
    status, out, _ = course(checkout, "test", "m01.e04")
    assert status == 1 and out.startswith("m01.e04 Autograd: a regra da cadeia num grafo   errado")
    assert "  a função de dentro de multiply devolveu um array onde se espera uma tupla\n" in out
    assert len(out.splitlines()) == 5


@pytest.mark.long
def test_a_costly_answer(checkout):
    exercise = next(iter(EXERCISES.values()))
    (slow, _), (large, _) = load(FOLDER / exercise.support).COSTLY["cosine_similarity"]
    answer(checkout, with_version(exercise, "cosine_similarity", slow))
    status, out, _ = course(checkout, "test", "m01.e01")
    assert status == 1 and "   lento      " in out and "a sua versão leva" in out and "(o limite é 15 vezes)" in out
    answer(checkout, with_version(exercise, "cosine_similarity", large))
    status, out, _ = course(checkout, "list", "--json")
    assert json.loads(out)["states"]["m01.e01"] == "memória demais"
