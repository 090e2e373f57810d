"""What counts as the same result, and what is said of one that is not."""

from collections import Counter, OrderedDict, defaultdict, namedtuple
from functools import partial

import numpy as np
import pytest

from tinyllm.course import diagnose
from tinyllm.course.judge import Each, difference, load
from tinyllm.parallel.comm import run_ranks

Pair = namedtuple("Pair", "a b")
F32 = np.ones(2, np.float32)
SAME = [
    (3, 3), (1, 1.0), (np.int64(3), 3), (3.0, 3.0), (np.float64(3), 3.0), (True, True), (np.True_, True), ("a", "a"),
    (b"a", b"a"), ([1, 2], [1, 2]), ((1, 2), (1, 2)), ([1, 2], (1, 2)), (Pair(1, 2), (1, 2)), (F32, np.ones(2, "f4")),
    (Counter(a=1), {"a": 1}), (OrderedDict(a=1), {"a": 1}), (defaultdict(set, a={1}), {"a": {1}}),
    (np.array([1, 2], np.int32), np.array([1, 2])), (np.array([1], np.uint8), np.array([1])), (None, None),
    (np.array([True]), np.array([True])), ([(1, b"a")], [(1, b"a")]),
    (np.array([1e-6, 9], "f4"), np.array([-3e-6, 9], "f4")), (np.array([1e-6, np.inf]), np.array([1e-6, np.inf])),
]  # fmt: skip
OTHER = [
    (3.0, 3, "tipo obtido float, esperado int"), (np.float64(3), 3, "tipo obtido float64, esperado int"),
    (True, 3, "obtido True"), (1, True, "veio um int onde se espera um bool"), (b"a", "a", "obtido b'a'"),
    (bytearray(b"a"), b"a", "veio um bytearray onde se espera um bytes"),
    ((1, 2), [1, 2], "veio um tuple de 2 onde se espera um list"), ({"a": 1.0}, {"a": 1}, "tipo obtido float"),
    ([1, 2.0], [1, 2], "tipo obtido float, esperado int no valor 1 do resultado"),
    (F32, np.ones(2), "tipo obtido float32, esperado float64"), (True, 1.0, "tipo obtido bool, esperado float"),
    (np.ones(2), np.ones(2, int), "tipo obtido float64, esperado int64"),
    (np.ones(2, int), np.ones(2, bool), "tipo obtido int64, esperado bool"),
    ([1.0, 1.0], np.ones(2), "esperado um array de forma (2,); veio um list de 2"),
    (np.array([1e-6, 0.9], "f4"), np.array([-3e-6, 0.9], "f4"), "primeira diferença em [0]"),
    (np.array([1e-6, np.inf]), np.array([2e-6, np.inf]), "primeira diferença em [0]"),
    (None, 3, "esperado um número; veio None, isto é, nada"), (2**70, 3, "obtido 1180591620717411303424"),
    ("a", 3, "esperado um número; veio um str"), ([F32], {"a": F32}, "um dict de 1 ('a'); veio um list de 1"),
    ({"b": F32}, {"a": F32}, "falta a chave 'a'; sobra a chave 'b'"),
    ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}], "no valor 1 do resultado, em 'a': obtido 2, esperado 3"),
    (Each("rank", [F32, (F32, 2 * F32)]), Each("rank", [F32, (F32, F32)]), "em [0] no rank 1, item 1: obtido 2"),
    (Pair(1, [2, 3]), Pair(1, [2, 4]), "no b, item 1: obtido 3"), (([1],), ([2],), "no valor 0 do resultado, item 0"),
    (len, F32, "veio uma função que ninguém chamou"), (F32.sum, 3, "veio uma função que ninguém chamou"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "expected"), SAME)
def test_the_same(found, expected):
    assert difference(found, expected) is None


@pytest.mark.parametrize(("found", "expected", "told"), OTHER)
def test_another(found, expected, told):
    assert told in difference(found, expected)


ANSWER = """
import numpy as np

def piece(x):
    def inner():
        scale = np.sqrt(4)
        return x * scale
    return inner()
"""
RIGHT = ANSWER.replace("np.sqrt(4)", "2.0")


JOINED = """
import numpy as np

def piece(x):
    parts = [x, x + np.zeros(x.shape)]
    return np.concatenate(parts).reshape(-1)
"""


def test_the_line_where_another_dtype_comes_up_in_a_list(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(JOINED, encoding="utf-8")
    found = diagnose.other_dtype(path, lambda: load(path).piece(F32), np.dtype("float64"))
    assert found.line == 5 and "np.zeros sem dtype" in found.what


def test_the_line_where_another_dtype_comes_up(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(ANSWER, encoding="utf-8")
    piece = load(path).piece
    found = diagnose.other_dtype(path, lambda: piece(F32), np.dtype("float64"))
    assert found.line == 6 and "np.sqrt de um número dá float64" in found.what
    assert diagnose.other_dtype(path, lambda: piece(F32), np.dtype("float16")) is None
    assert diagnose.other_dtype(path, lambda: piece(np.ones(2)), np.dtype("float64")) is None  # it is given one
    path.write_text(ANSWER.replace("np.sqrt(4)", "np.repeat(x, 2)[:2].astype(float)"), encoding="utf-8")
    assert "np." not in diagnose.other_dtype(path, lambda: load(path).piece(F32), np.dtype("float64")).what


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        ("[x]", "piece devolveu uma lista onde se espera um array"),
        ("float(x[0])", "um float do Python"),
        ("None", "piece devolveu None"),
        ("2 * x", None),
    ],
)
def test_the_line_that_returns_another_kind(tmp_path, returns, told):
    runs = []
    for name, text in (("answer", ANSWER.replace("return inner()", f"return {returns}")), ("solution", RIGHT)):
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        runs.append((path, partial(load(path).piece, F32)))
    found = diagnose.other_kind(*runs)
    assert found is None if told is None else found.line == 8 and told in found.what


EITHER = """
def inner(x):
    return x if len(x) else None

def piece(x):
    return {}inner(x), inner(x[:0])
"""


def test_a_function_that_may_return_nothing_is_not_what_is_wrong(tmp_path):
    runs = []
    for name, text in (("answer", EITHER.format("0, ")), ("solution", EITHER.format(""))):
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        runs.append((path, partial(load(path).piece, F32)))
    assert diagnose.other_kind(*runs) is None


def test_what_runs_in_threads_is_watched_too(tmp_path):
    runs = []
    for name, text in (("answer", ANSWER.replace("return inner()", "inner()")), ("solution", RIGHT)):
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        runs.append((path, partial(on_two_ranks, load(path).piece)))
    assert "piece devolveu None" in diagnose.other_kind(*runs).what
    assert diagnose.other_dtype(*runs[0], np.dtype("float64")).line == 6


def on_two_ranks(piece):
    return run_ranks(2, lambda comm: piece(F32))


def test_the_one_function_inside_goes_by_any_name(tmp_path):
    runs = []
    for name, text in (("answer", ANSWER.replace("inner", "within").replace("return x *", "x *")), ("solution", RIGHT)):
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        runs.append((path, partial(load(path).piece, F32)))
    assert (
        diagnose.other_kind(*runs).what == "a função de dentro de piece devolveu None, isto é, nada; falta um return?"
    )


@pytest.mark.parametrize(
    ("ends", "told"),
    [("return None", "piece devolveu None, isto é, nada"), ("x + 1", "None, isto é, nada; falta um return?")],
)
def test_a_return_is_missed_where_there_is_none(tmp_path, ends, told):
    runs = []
    for name, end in (("answer", ends), ("solution", "return x")):
        path = tmp_path / f"{name}.py"
        path.write_text(f"def piece(x):\n    {end}\n", encoding="utf-8")
        runs.append((path, partial(load(path).piece, F32)))
    assert diagnose.other_kind(*runs).what.endswith(told)
