"""`tinyllm check-gradient`: a learner's file, read and judged, and every mistake in it told in one line."""

import json

import pytest

from tinyllm import cli

FILE = """
import numpy as np
from tinyllm.tensor import op, exp


@op
def right(x, weight, *, eps=1.0):
    return x * weight * eps, lambda dy: (dy * weight * eps, dy * x * eps)


@op
def flipped(x):
    return np.tanh(x), lambda dy: -dy * (1 - np.tanh(x) ** 2)


def bare(x):
    return np.sin(x), lambda dy: dy * np.cos(x)


def composed(x, y):
    return (exp(x) * y).sum(axis=-1)


@op
def lines(x, weight, bias):
    return x @ weight + bias, lambda dy: (dy @ weight.T, x.T @ dy, dy)


@op
def slip(x):
    y = nq.exp(x)
    return y, lambda dy: dy * y


@op
def late(x):
    return x * 2, lambda dy: dy.nothing


@op
def needy(x, *, rate):
    return x * rate, lambda dy: dy * rate


def picky(x):
    raise ValueError("only six numbers fit")


@op
def halved(x, teacher):
    return x * teacher, lambda dy: (dy * teacher, None)


class Layer:
    pass


def nothing():
    return 1
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FILE, encoding="utf-8")
    return tmp_path


def call(capsys, *arguments):
    """(exit status, standard output, standard error)"""
    capsys.readouterr()
    status = cli.main(["check-gradient", *arguments])
    return status, *capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "shapes"),
    [
        (["mine.py:right"], [[3, 4], [3, 4]]),
        (["mine.py:right", "--shapes", "2x3,3", "--with", "eps=2"], [[2, 3], [3]]),
        (["mine.py:right", "--shapes", "2,", "--low", "1", "--high", "2"], [[2], []]),
        (["mine.py:bare"], [[3, 4]]),
        (["mine.py:composed"], [[3, 4], [3, 4]]),
        (["mine.py:lines"], [[3, 4], [4, 5], [5]]),
        (["mine.py:needy", "--with", "rate=0.5"], [[3, 4]]),
        (["tinyllm.functional.activations:gelu"], [[3, 4]]),
        (["tinyllm.functional.affine:linear"], [[3, 4], [4, 5], [5]]),
        (["tinyllm.functional.norms:layer_norm"], [[3, 4], [4], [4]]),
        (["tinyllm.functional.attentions:attention", "--with", "causal=true"], [[2, 3, 5, 4]] * 3),
        (["tinyllm.functional.losses:cross_entropy"], [[3, 4], [3]]),
        (["tinyllm.functional.embeddings:embedding", "--shapes", "3,4x5"], [[3], [4, 5]]),
        (["tinyllm.tensor:log", "--low", "0.5"], [[3, 4]]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value[0], str) else "",
)
def test_right_gradients(capsys, here, words, shapes):
    status, out, err = call(capsys, *words, "--json")
    said = json.loads(out)
    assert status == 0 and said["right"], (out, err)
    assert [of_input["shape"] for of_input in said["inputs"]] == shapes
    status, out, _ = call(capsys, *words)
    assert status == 0 and "O gradiente está certo" in out


def test_a_wrong_one_is_told_with_its_place_and_both_values(capsys, here):
    status, out, _ = call(capsys, "mine.py:flipped")
    assert status == 1 and "ERRADO: em [0, 0] o backward dá" in out and "o sinal está trocado" in out
    said = json.loads(call(capsys, "mine.py:flipped", "--json")[1])
    (of_x,) = said["inputs"]
    assert not said["right"] and of_x["factor"] == pytest.approx(-1) and of_x["wrong"]["place"] == [0, 0]
    assert of_x["wrong"]["found"] == pytest.approx(-of_x["wrong"]["expected"])


def test_an_input_may_be_meant_to_get_no_gradient(capsys, here):
    status, out, _ = call(capsys, "mine.py:halved")
    assert status == 1 and "se é de propósito, use --fixed" in out
    status, out, _ = call(capsys, "mine.py:halved", "--fixed", "teacher")
    assert status == 0 and "sem gradiente" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("mine.py:slip", "mine.py:31: y = nq.exp(x) — NameError: name 'nq' is not defined\n"),
        ("mine.py:late", "mine.py:37: return x * 2, lambda dy: dy.nothing — AttributeError"),
        ("mine.py:needy", "needy needs rate; give it with --with rate=VALUE"),
        ("mine.py:right --with epsilon=3", "right has no option epsilon; it has eps"),
        ("mine.py:right --with 3", "'3' is no option with its value"),
        ("mine.py:rigth", "mine.py has no rigth; did you mean right?"),
        ("mine.py:Layer", "Layer of mine.py is no function"),
        ("mine.py:nothing", "nothing takes no input"),
        ("mine.py", "names no function; write FILE.py:NAME"),
        ("none.py:right", "none.py does not exist"),
        ("folder.py:right", "folder.py is no file"),
        ("broken.py:right", "broken.py:2: "),
        ("raising.py:right", "raising.py:1: 1 / 0 — ZeroDivisionError"),
        ("leaving.py:right", "leaving.py:1: raise SystemExit(3) — SystemExit"),
        ("no.such:gelu", "there is no module 'no.such'"),
        ("mine.py:right --shapes 3x4", "1 shapes are given for 2 inputs, x, weight"),
        ("mine.py:right --shapes 3y4,4", "is no shape; write them as 3x4,4"),
        ("mine.py:picky", "only six numbers fit; is it the shapes? give them with --shapes 3x4,4"),
        ("mine.py:right --shapes 3x4,5", "mine.py:8: return x * weight * eps"),
        ("mine.py:right --shapes 999x999,999", "numbers in all take too long"),
        ("mine.py:right --low 2 --high 1", "--low=2.0 is not below"),
        ("tinyllm.tensor:log", "NaN or infinity"),
    ],
)
def test_what_cannot_be_checked_is_told_in_one_line(capsys, here, words, message):
    (here / "folder.py").mkdir()
    (here / "broken.py").write_text("def right(x):\n    return x +\n")
    (here / "raising.py").write_text("1 / 0\n")
    (here / "leaving.py").write_text("raise SystemExit(3)\n")
    status, out, err = call(capsys, *words.split())
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert err.startswith("tinyllm check-gradient: error: ") and message in err


def test_a_file_may_import_its_neighbours(capsys, here):
    (here / "neighbour_of_mine.py").write_text("FACTOR = 3.0\n")
    (here / "other.py").write_text(
        "from neighbour_of_mine import FACTOR\n\ndef thrice(x):\n    return FACTOR * x, lambda dy: FACTOR * dy\n"
    )
    assert call(capsys, "other.py:thrice")[0] == 0
