"""Answers such as learners give, each the solution with one thing otherwise: the verdict, and what is told with it."""

import textwrap

import pytest
from course.versions import QUICK

from tinyllm.course.judge import BROKEN, RIGHT, WRONG, load
from tinyllm.course.pytest_plugin import EXERCISES, FOLDER
from tinyllm.course.syllabus import find

pytestmark = pytest.mark.gate


def judged(versions, wanted, before="", after="", replaced=(), options=()):
    """[state, message] of the solution of an exercise with text before and after it, and texts replaced in it."""
    exercise = find(list(EXERCISES.values()), wanted)
    text = (FOLDER / "solutions" / exercise.place).read_text(encoding="utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    (found,) = versions.judge(
        exercise, {exercise.place: f"{before}{text}\n\n{textwrap.dedent(after)}"}, options=options
    )
    assert "Traceback" not in found["output"] and "site-packages" not in found["output"], found["output"]
    return found["states"][exercise.id]


OTHERWISE = {
    "an array for a Tensor": ("m01.e05", """
        import numpy as np

        def rnn_cell(x, state, weight):
            return np.tanh(x.data + state.data @ weight.data)
        """, WRONG, ["return np.tanh(", "devolveu um array onde se espera um Tensor; por ele o gradiente não volta"]),
    "a number for a Tensor": ("m01.e05", """
        def rnn_cell(x, state, weight):
            return 0.5
        """, WRONG, ["return 0.5", "devolveu um float do Python onde se espera um Tensor"]),
    "a list for a Tensor": ("m03.e07", """
        class Block(Block):
            def __call__(self, x, *others):
                return [x]
        """, WRONG, ["return [x]", "Block.__call__ devolveu uma lista onde se espera um Tensor"]),
    "nothing for a Tensor": ("m01.e05", """
        def lstm_cell(x, state, weight):
            state[:, 0]
        """, WRONG, ["lstm_cell devolveu None, isto é, nada; falta um return?"]),
    "nothing for an array": ("m01.e01", """
        def standardise(x):
            x - x.mean(axis=-1, keepdims=True)
        """, WRONG, ["standardise devolveu None, isto é, nada; falta um return?"]),
    "an operation without its backward": ("m01.e03", """
        @op
        def softmax(x):
            return x
        """, WRONG, ["softmax devolveu um array onde se espera uma tupla"]),
    "an operation of NumPy on a Tensor": ("m01.e05", """
        import numpy as np

        def rnn_cell(x, state, weight):
            return np.tanh(x + state @ weight)
        """, BROKEN, ["return np.tanh(", "funções do NumPy não conhecem Tensores"]),
    "a product that the library refuses": ("m01.e05", """
        def rnn_cell(x, state, weight):
            return tanh(x + weight @ state)
        """, WRONG, ["return tanh(x + weight @ state)", "recusado: matmul of", "!falta um return"]),
    "a list of Tensors": ("m01.e05", """
        def lstm_cell(x, state, weight):
            return concatenate([x, state], axis=1)
        """, WRONG, ["return concatenate([x, state], axis=1)", "!falta um return"]),
    "a Tensor cut off from its graph": ("m01.e05", """
        import numpy as np
        from tinyllm.tensor import Tensor

        def rnn_cell(x, state, weight):
            return Tensor(np.tanh(x.data + state.data @ weight.data))
        """, WRONG, ["return Tensor(np.tanh(", "um Tensor que não se lembra do caminho; por ele"]),
    "a backward that changes dy": ("m01.e04", """
        @op
        def multiply(a, b):
            def backward(dy):
                da = dy * b
                dy *= a if dy.shape == a.shape else 1
                return da, dy
            return a * b, backward
        """, WRONG, []),
    "integers where others are due": ("m01.e02", """
        def count_bigrams(ids, vocab_size):
            counts = np.zeros((vocab_size, vocab_size), dtype=complex)
            np.add.at(counts, (ids[:-1], ids[1:]), 1)
            return counts
        """, WRONG, ["!sem dtype"]),
    "an error of half a character": ("m01.e01", """
        def standardise(x):
            raise ValueError("\\ud800")
        """, BROKEN, ["raise ValueError("]),
    "a float of Python for the loss": ("m01.e03", """
        same_entropy = cross_entropy.function.meaning

        @op
        def cross_entropy(logits, targets):
            loss, backward = same_entropy(logits, targets)
            return float(loss), backward
        """, WRONG, ["return float(loss), backward", "um float do Python onde se espera um número do NumPy"]),
    "a float64 of np.sqrt": ("m01.e01", """
        def standardise(x):
            centred = x - x.mean(axis=-1, keepdims=True)
            scale = x.std(axis=-1, keepdims=True) / np.sqrt(1)
            return centred / scale
        """, WRONG, ["scale = x.std(", "o primeiro float64: np.sqrt de um número dá float64, que puxa consigo"]),
    "an array without its dtype": ("m01.e01", """
        def standardise(x):
            y = np.zeros(x.shape)
            y[...] = (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)
            return y
        """, WRONG, ["y = np.zeros(x.shape)", "np.zeros sem dtype dá float64"]),
    "several failures of several kinds": ("m03.e03", """
        @op
        def layer_norm(x, weight, bias, *, eps=1e-5):
            if x.ndim == 1:
                {}["uma"]
            if x.ndim == 2:
                return x * 2, lambda dy: (dy, dy, dy)
            return [][0]
        """, BROKEN, ["tinyllm course hint m03.e03"]),
    "failures that come and go": ("m03.e03", """
        calls = []

        @op
        def layer_norm(x, weight, bias, *, eps=1e-5):
            calls.append(x)
            return x + len(calls) % 2, lambda dy: (dy, dy, dy)
        """, WRONG, ["caso: layer_norm, "]),
    "a list of a list": ("m01.e02", """
        def count_bigrams(ids, vocab_size):
            return [[0] * vocab_size] * vocab_size
        """, WRONG, ["esperado um array de forma", "veio um list"]),
    "a piece that leans on a wrong one": ("m04.e01", """
        import dataclasses
        import itertools

        right_parts = gpt_parts

        def gpt_parts(config):
            return right_parts(config) | {"norms": 7}

        def widest(config, budget):
            widths = (width for width in itertools.count(config.heads, config.heads)
                      if sum(gpt_parts(dataclasses.replace(config, width=width)).values()) > budget)
            return next(widths) - config.heads
        """, WRONG, ["caso: gpt_parts", "primeira diferença em 'norms': obtido 7"]),
    "a piece that leans on one that gives nothing": ("m04.e01", """
        def gpt_parts(config):
            {"tokens": config.vocab_size * config.width}

        def widest(config, budget):
            return sum(gpt_parts(config).values())
        """, WRONG, ["caso: gpt_parts", "gpt_parts devolveu None, isto é, nada; falta um return?"]),
    "a key by another name": ("m04.e01", """
        same_parts = llama_parts

        def llama_parts(config):
            parts = same_parts(config)
            return {"norm" if name == "norms" else name: numbers for name, numbers in parts.items()}
        """, WRONG, ["falta a chave 'norms'; sobra a chave 'norm'"]),
    "an answer that calls itself": ("m04.e02", """
        same_attainable = attainable

        def attainable(n, *others):
            if np.ndim(n):
                return [attainable(one, *others) for one in n]
            return same_attainable(n, *others)
        """, WRONG, ["return [attainable(one", "attainable devolveu uma lista onde se espera um array"]),
    "an array where one number is due": ("m04.e02", """
        def attainable(n, k, m, peak, bandwidth, bytes_each=4):
            return min(peak, 2.0 * n * k * m / (n * k + k * m + n * m) / bytes_each * bandwidth)
        """, BROKEN, ["return min(peak", "isto é um array; há np.where, np.minimum"]),
    "a method that is not called": ("m04.e04", """
        class GPT(GPT):
            def __call__(self, ids, caches=None):
                return self.hidden(ids, caches) @ self.head
        """, BROKEN, ["caso: GPT, ", "@ self.head", "faltam os ()?"]),
    "a warning that stops nothing but the result": ("m03.e03", """
        def spread(x):
            return x.var(axis=-1, keepdims=True, ddof=1)

        @op
        def layer_norm(x, weight, bias, *, eps=1e-5):
            scale = 1 / np.sqrt(spread(x) + eps)
            normed = (x - x.mean(axis=-1, keepdims=True)) * scale

            def backward(dy):
                dn = dy * weight
                dx = scale * (dn - dn.mean(-1, keepdims=True) - normed * (dn * normed).mean(-1, keepdims=True))
                return dx, dy * normed, dy

            return normed * weight + bias, backward
        """, WRONG, ["parece: a variância"]),
    "breakpoint": ("m01.e01", """
        def standardise(x):
            breakpoint()
        """, BROKEN, ["breakpoint() espera por alguém"]),
    "input": ("m01.e01", """
        name = input("nome?")
        """, BROKEN, ["input() espera por alguém"]),
    "nothing for an array, in a rank": ("m04.e09", """
        def ring_all_reduce(comm, array):
            comm.size * array
        """, WRONG, ["comm.size * array", "ring_all_reduce devolveu None, isto é, nada; falta um return?"]),
    "nothing for a dictionary of arrays": ("m04.e09", """
        def data_parallel(comm, gradients, x, y):
            gradients(x, y)
        """, WRONG, ["esperado um dict de 2 ('weight', 'bias') no rank 0", "falta um return?"]),
    "pieces that are rows": ("m04.e09", """
        same_ring = ring_all_reduce

        def ring_all_reduce(comm, array):
            pieces = np.array_split(array.copy(), comm.size)
            for step in range(2 * (comm.size - 1)):
                comm.send(pieces[(comm.rank - step) % comm.size], (comm.rank + 1) % comm.size)
                came = comm.receive((comm.rank - 1) % comm.size)
                place = (comm.rank - step - 1) % comm.size
                pieces[place] = pieces[place] + came if step < comm.size - 1 else came
            return np.concatenate(pieces)
        """, WRONG, ["mandou", "bastam 6 pedaços do array achatado, de 4 no máximo"]),
    "an array that the others sum": ("m04.e10", """
        def feed_forward(x, up, up_bias, down, down_bias, *, comm):
            return comm.all_reduce(F.gelu(enter(x, comm=comm) @ up + up_bias) @ down) + down_bias
        """, WRONG, ["return comm.all_reduce(", "comm.all_reduce soma arrays, e veio um Tensor"]),
    "nothing where a function may return it": ("m04.e11", """
        def bubble(schedule, *, forward=1, backward=2):
            return [needed(schedule[0][0], len(schedule)) or 1.0]
        """, WRONG, ["return [needed(", "bubble devolveu uma lista onde", "!falta um return"]),
    "a schedule that is made when asked for": ("m04.e11", """
        same_schedule = one_forward_one_backward

        def one_forward_one_backward(stages, micro_batches):
            yield from same_schedule(stages, micro_batches)
        """, WRONG, ["veio um generator"]),
    "weights that are changed in place": ("m04.e12", """
        same_step = zero_step

        def zero_step(comm, weights, gradient, m, v, update):
            weights[:], m, v = same_step(comm, weights, gradient, m, v, update)
            return weights, m, v
        """, BROKEN, ["weights[:], m, v = ", "não se muda no lugar; trabalhe numa cópia"]),
    "shapes that do not meet": ("m04.e12", """
        def forward_in_shares(comm, shares, shapes, x):
            for share, shape in zip(shares, shapes):
                w = comm.all_gather(share)[: shape[0] * shape[1]].reshape(shape[::-1])
                x = np.tanh(x @ w)
            return x
        """, BROKEN, ["x = np.tanh(x @ w)", "formas: x (6, 3), w (5, 3)"]),
    "a function without its parentheses": ("m01.e01", """
        def standardise(x):
            return (x - x.mean) / x.std(axis=-1, keepdims=True)
        """, BROKEN, ["return (x - x.mean)", "faltam os ()?"]),
    "a function that nobody called": ("m04.e06", """
        def in_segments(x, steps, every):
            with no_grad:
                return x
        """, BROKEN, ["with no_grad:", "parece: há aí uma função que ninguém chamou; faltam os ()?"]),
    "a function without its return": ("m04.e06", """
        def in_segments(x, steps, every):
            def walk(x, *weights):
                for (function, _), weight in zip(steps, weights):
                    x = function(x, weight)

            return checkpoint(x, *(weight for _, weight in steps), function=walk)
        """, BROKEN, ["return checkpoint(x,", "parece: há um None onde se espera outra coisa"]),
    "a backward without its return": ("m04.e06", """
        @op
        def checkpoint(x, *weights, function):
            def volta(dy):
                leaves = [Tensor(array, requires_grad=True) for array in (x, *weights)]
                gradients = backward(function(*leaves), dy)
                [gradients.get(leaf) for leaf in leaves]

            return function(Tensor(x), *map(Tensor, weights)).data, volta
        """, WRONG, ["a função de dentro de checkpoint devolveu None, isto é, nada; falta um return?"]),
    "what a function gives for the function": ("m04.e08", """
        def ahead(load, numbers):
            with ThreadPoolExecutor(1) as executor:
                for number in numbers:
                    yield executor.submit(load(number)).result()
        """, BROKEN, [".result()", "parece: isso não é uma função"]),
    "shapes that do not fit": ("m04.e05", """
        def encode(weight, group=0):
            scale = np.abs(weight).max(axis=1) / 127
            return np.rint(weight / scale).astype(np.int8), scale
        """, BROKEN, ["formas: weight (4, 7), scale (4,)", "parece: as formas se alinham pela direita"]),
    "a product of shapes that do not fit": ("m04.e05", """
        def product(x, codes, scale):
            whole, unit = encode(x)
            return (whole.astype(np.int32) @ codes.astype(np.int32) * unit * scale.T).astype(np.float32)
        """, BROKEN, ["formas: whole (2, 3), codes (5, 3), unit", "em a @ b, o último eixo de a"]),
    "a dtype that the tests gave": ("m04.e05", """
        def decode(codes, scale, group=0):
            values = np.array(codes)
            values[...] = codes * np.repeat(scale, group or codes.shape[1], axis=1)[:, : codes.shape[1]]
            return values
        """, WRONG, ["tipo obtido int8, esperado float32", "!aparece o primeiro"]),
    "a part of a result that has a name": ("m06.e02", """
        same_batch = answers_batch

        def answers_batch(rows):
            ids, targets, weights = same_batch(rows)
            return ids, targets, weights.astype(np.float64)
        """, WRONG, ["tipo obtido float64, esperado float32 no weights", "!no valor 2"]),
    "the second function": ("m01.e02", """
        def smoothed_probabilities(counts, k):
            return counts + k
        """, WRONG, ["tinyllm course hint m01.e02 --level 3"]),
    "an error in the second function": ("m01.e02", """
        def smoothed_probabilities(counts, k):
            return 1 / 0
        """, BROKEN, ["ZeroDivisionError", "tinyllm course hint m01.e02 --level 3"]),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_is_wrong_is_told(what, versions):
    wanted, answer, expected, told = OTHERWISE[what]
    state, message = judged(versions, wanted, after=answer, options=QUICK)
    assert state == expected, message
    assert all((words.lstrip("!") in message) != words.startswith("!") for words in told), message
    assert len(message.splitlines()) < 10, message


FREE = {
    "a list of gradients": ("m03.e03", {"replaced": [("return dx, dy * normed, dy", "return [dx, dy * normed, dy]")]}),
    "a warning of NumPy": ("m01.e01", {"after": "np.row_stack([[1], [2]])\nnp.var(np.ones(1), ddof=1)\n"}),
    "another warning": ("m01.e01", {"after": "np.testing.suppress_warnings\nnp.array([1, 2]) / 0\n"}),
    "a sequence that Python does not know": ("m01.e01", {"after": 'formula = "\\cos"\n'}),
    "a whole number for another": ("m04.e07", {"after": """
def slowdown(parameters, tokens, speed, bandwidth, ahead=False):
    moving = 16 * speed / (6 * tokens * bandwidth)
    return max(1, moving) if ahead else 1 + moving
"""}),
    "a file left open": ("m02.e03", {"after": "file = open(__file__)\nfile = None\n"}),
}  # fmt: skip


@pytest.mark.parametrize("what", FREE)
def test_what_is_right_in_another_way(what, versions):
    wanted, changes = FREE[what]
    assert judged(versions, wanted, **changes) == [RIGHT, ""]


def styles_of(exercise):
    """Right answers in other styles than the solution's: {style: what takes the place of pieces of it}."""
    return load(FOLDER / exercise.support.with_name(exercise.support.name.replace("mistakes", "styles"))).STYLES


FUTURE = "from __future__ import annotations\n"
STYLES = {
    (exercise.id, style): answer for exercise in EXERCISES.values() for style, answer in styles_of(exercise).items()
}


@pytest.mark.parametrize(("wanted", "style"), STYLES)
def test_what_is_right_in_another_style(wanted, style, versions):
    before = FUTURE if style == "types" else ""
    assert judged(versions, wanted, before=before, after=STYLES[wanted, style]) == [RIGHT, ""]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.id)
def test_every_exercise_has_an_answer_with_types_and_others(exercise):
    styles = styles_of(exercise)
    assert "types" in styles and len(styles) > 1


TURNED = """
import collections
import functools

def turned(piece, turn):
    return functools.wraps(piece)(lambda *arguments: turn(piece(*arguments)))
"""
KINDS = [
    ("m01.e08", "gpt_parameters", "float"), ("m02.e01", "available_bytes", "float"),
    ("m02.e03", "decode", "str.encode"), ("m02.e03", "fetch", "bytearray"), ("m02.e03", "find_files", "tuple"),
    ("m02.e04", "compose", "str.encode"), ("m02.e06", "windows_per_epoch", "float"),
    ("m02.e07", "most_frequent", "tuple"), ("m02.e07", "encode", "tuple"),
    ("m02.e07", "encode", "lambda ids: list(map(float, ids))"),
    ("m02.e08", "count_pairs",
     "lambda both: (collections.Counter({p: float(n) for p, n in both[0].items()}), both[1])"),
    ("m02.e08", "merge_word", "list"), ("m02.e08", "train_merges", "tuple"), ("m02.e09", "encode_word", "tuple"),
    ("m02.e09", "unfinished_bytes", "float"), ("m02.e10", "unspell", "bytearray"), ("m02.e10", "read_merges", "tuple"),
    ("m03.e08", "future", "lambda mask: mask.astype(int)"), ("m03.e10", "shift_right", "lambda ids: ids.astype(float)"),
    ("m04.e01", "widest", "float"), ("m04.e02", "training_flops", "float"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "piece", "turn"), KINDS, ids=lambda value: value[:20])
def test_the_right_value_of_another_type_is_told(wanted, piece, turn, versions):
    after = f"{TURNED}\n{piece} = turned({piece}, {turn})\n"
    state, message = judged(versions, wanted, after=after, options=QUICK)
    told = ("onde se espera", "tipo obtido", "uma palavra é uma tupla", "slice indices must be integers", "obtido b''")
    assert state != RIGHT and any(words in message for words in told), f"{state}\n{message}"
