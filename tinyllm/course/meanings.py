"""What the errors that Python and NumPy raise most often come from, in words, and the shapes of the arrays that met."""

import re
import traceback
from pathlib import Path

import numpy as np

from tinyllm.tensor import Tensor

# Where an error names the type of a value: an argument, a key or a name may be called "function" too.
OF_TYPE = r"((Type|Attribute|Usage)Error:|type(\(s\))? for .+:|\b(and|of|not|type)) '?"
MEANINGS = {  # a pattern in what an error says -> what it comes from, mostly
    r"'Tensor' does not support ufuncs":
        "as funções do NumPy não conhecem Tensores, e por elas o gradiente não volta; use as de tinyllm.tensor",
    r"could not be broadcast|cannot be broadcast":
        "as formas se alinham pela direita, e em cada eixo os tamanhos são iguais ou um deles é 1; "
        "falta um keepdims=True, ou um .T?",
    r"mismatch in its core dimension|shapes .* not aligned":
        "em a @ b, o último eixo de a tem o tamanho do penúltimo de b; falta um .T?",
    r"cannot reshape array": "o produto dos tamanhos da forma nova tem de dar quantos números há",
    r"truth value of an array":
        "`if`, `and`, `or`, min e max pedem um valor só, e isto é um array; há np.where, np.minimum e np.any",
    r"only (0-dimensional|length-1|size-1) arrays":
        "float, int e as funções de math pedem um número só, e isto é um array; use as do NumPy",
    r"is read-only": "este array foi recebido de outro, e não se muda no lugar; trabalhe numa cópia",
    r"FloatingPointError": "dividiu por 0 onde o resultado é outro; trate esse caso antes de dividir",
    OF_TYPE + r"(function|method|builtin_function_or_method)\b": "há aí uma função que ninguém chamou; faltam os ()?",
    r"\bNoneType\b": "há um None onde se espera outra coisa; falta um return na função que o dá?",
    r"object is not callable":
        "isso não é uma função: índices vão entre [ ], e onde se pede uma função não se dá o que ela devolve",
    r"a Tensor has no": "os números de um Tensor estão em .data, que é um array; o que ele tem está em tinyllm.tensor",
    r"KeyError: Tensor": "só têm gradiente as folhas feitas com requires_grad=True, e que entraram na conta",
    r"from dtype\('O'\)": "um dos termos não é número nem array de números; falta um return, ou os ()?",
}  # fmt: skip
OF_SHAPES = "shape|broadcast|dimension|axes don't match"  # what NumPy says when shapes do not meet


def meaning(error):
    """What an error that the learner's code raised comes from, in words; None if what it says is not known."""
    told = f"{type(error).__name__}: {error}"
    return next((words for pattern, words in MEANINGS.items() if re.search(pattern, told)), None)


def shapes_in(error, path):
    """A line with the shapes of the arrays that stand on the line of a file where an error arose, if it is one of
    shapes; else nothing."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)
              if frame.f_code.co_filename == str(path)]  # fmt: skip
    if not frames or not isinstance(error, ValueError) or not re.search(OF_SHAPES, str(error)):
        return []
    frame, number = frames[-1]
    words = re.findall(r"(?<![.\w])[a-zA-Z_]\w*", Path(path).read_text(encoding="utf-8").splitlines()[number - 1])
    held = {word: frame.f_locals[word] for word in words if word in frame.f_locals}
    shapes = [f"{name} {value.shape}" for name, value in held.items() if isinstance(value, np.ndarray | Tensor)]
    return [f"formas: {', '.join(shapes)}"] if shapes else []
