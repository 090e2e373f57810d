"""What the errors that Python and NumPy raise most often come from."""

import numpy as np
import pytest

from tinyllm.course.judge import load
from tinyllm.course.meanings import meaning, shapes_in

UNCALLED = "há aí uma função que ninguém chamou"
FROM = {
    "len - 1": UNCALLED, "x * x.sum": UNCALLED, "-len": UNCALLED, "len.shape": UNCALLED, "len < 1": UNCALLED,
    "float(len)": UNCALLED, "math.sqrt(len)": UNCALLED, "np.sqrt(len)": UNCALLED, "1 in len": UNCALLED,
    "gelu(len)": UNCALLED, "gelu(x.mean)": UNCALLED,
    "{}['function']": None, "function": None, "x.function": None, "(lambda *, function: 0)()": None,
    "(lambda: 0)(function=0)": None, "1 / 0": None,
    "None + 1": "há um None", "None.shape": "há um None", "None()": "há um None", "x(0)": "isso não é uma função",
    "np.exp(Tensor(x))": "as funções do NumPy não conhecem Tensores",
    "x + np.ones(3)": "as formas se alinham pela direita", "np.broadcast(x, np.ones(3))": "as formas se alinham",
    "x @ np.ones((3, 2))": "em a @ b", "np.dot(x, np.ones(3))": "em a @ b", "x.reshape(3)": "o produto dos tamanhos",
    "max(x, 2 * x)": "pedem um valor só", "math.exp(x)": "pedem um número só", "fixed.fill(1)": "não se muda no lugar",
    "Tensor(x).data_": "os números de um Tensor estão em .data", "{}[Tensor(x)]": "só têm gradiente as folhas",
    "np.add(x, np.array([1, x.sum]), out=x)": "um dos termos não é número",
}  # fmt: skip
LINES = """
import math
import numpy as np
from tinyllm.functional import gelu
from tinyllm.tensor import Tensor

fixed = np.broadcast_to(np.ones(1), 2)

def piece(x):
    return {}
"""


@pytest.mark.parametrize("line", FROM)
def test_what_an_error_comes_from(tmp_path, line):
    error = error_of(tmp_path / "answer.py", LINES.format(line), np.ones(2))
    assert FROM[line] in meaning(error) if FROM[line] else meaning(error) is None, error


def test_shapes_that_do_not_meet(tmp_path):
    path = tmp_path / "answer.py"
    for y, told in ((np.ones((2, 3)), ["formas: x (2, 3), y (2, 3)"]), ("y", [])):
        error = error_of(path, "def piece(x, y):\n    return 2 * x + y.T\n", np.ones((2, 3)), y)
        assert shapes_in(error, path) == told


def error_of(path, text, *arguments):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Exception) as raised:
        load(path).piece(*arguments)
    return raised.value
