"""Answers such as learners give, each the solution with one thing otherwise: the verdict, and what is told with it."""

import textwrap

import pytest
from course.versions import QUICK

from tinyllm.course.judge import BROKEN, RIGHT, WRONG
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
    assert all(words in message for words in told) and len(message.splitlines()) < 10, message


FREE = {
    "a list of gradients": ("m03.e03", {"replaced": [("return dx, dy * normed, dy", "return [dx, dy * normed, dy]")]}),
    "a warning of NumPy": ("m01.e01", {"after": "np.row_stack([[1], [2]])\nnp.var(np.ones(1), ddof=1)\n"}),
    "another warning": ("m01.e01", {"after": "np.testing.suppress_warnings\nnp.array([1, 2]) / 0\n"}),
    "a sequence that Python does not know": ("m01.e01", {"after": 'formula = "\\cos"\n'}),
    "a file left open": ("m02.e03", {"after": "file = open(__file__)\nfile = None\n"}),
    "annotations of the future": ("m01.e01", {"before": "from __future__ import annotations\n"}),
    "types": ("m01.e01", {"after": "from typing import Any\n\ndef plain(x: Any) -> 'Any':\n    return x\n"}),
    "a data class of the future": ("m02.e03", {"before": "from __future__ import annotations\n", "after": """
        from dataclasses import dataclass

        @dataclass
        class Page:
            text: str
        """}),
    "the decoder of Python": ("m02.e09", {"after": """
        def unfinished_bytes(data):
            for count in range(1, min(3, len(data)) + 1):
                try:
                    data[-count:].decode("utf-8")
                except UnicodeDecodeError as error:
                    if error.reason == "unexpected end of data":
                        return count
            return 0
        """}),
    "the table of first bytes": ("m02.e09", {"after": """
        def unfinished_bytes(data: bytes) -> int:
            for count, byte in enumerate(reversed(data[-3:]), start=1):
                if 0xC2 <= byte <= 0xF4:
                    length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                    return count if count < length else 0
                if not 0x80 <= byte <= 0xBF:
                    return 0
            return 0
        """}),
}  # fmt: skip


@pytest.mark.parametrize("what", FREE)
def test_what_is_right_in_another_way(what, versions):
    wanted, changes = FREE[what]
    assert judged(versions, wanted, **changes) == [RIGHT, ""]


STYLES = {
    "bigrams in loops": ("m01.e02", """
        import math

        def count_bigrams(ids, vocab_size):
            counts = np.zeros((vocab_size, vocab_size))
            for before, after in zip(ids[:-1], ids[1:]):
                counts[before, after] += 1
            return counts

        def smoothed_probabilities(counts, k):
            table = np.empty(counts.shape)
            for i in range(len(counts)):
                total = sum(counts[i]) + k * len(counts)
                for j in range(len(counts)):
                    table[i, j] = (counts[i, j] + k) / total
            return table

        def perplexity(probabilities, ids):
            total = 0.0
            for n in range(len(ids) - 1):
                total -= math.log(probabilities[ids[n], ids[n + 1]])
            return math.exp(total / (len(ids) - 1))
        """),
    "bigrams with types and helpers": ("m01.e02", """
        from collections import Counter
        from typing import Any

        def pairs(ids: Any) -> list[tuple[int, int]]:
            return list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))

        def count_bigrams(ids: np.ndarray, vocab_size: int) -> np.ndarray:
            counts = np.zeros((vocab_size, vocab_size))
            for (before, after), times in Counter(pairs(ids)).items():
                counts[before, after] = times
            return counts

        def perplexity(probabilities: np.ndarray, ids: np.ndarray) -> float:
            surprise = [-np.log(probabilities[before, after]) for before, after in pairs(ids)]
            return np.exp(np.mean(surprise))
        """),
    "cosines by einsum": ("m01.e01", """
        def lengths(x):
            return np.sqrt(np.einsum("ij,ij->i", x, x))

        def cosine_similarity(a, b):
            return np.einsum("ik,jk->ij", a, b) / np.einsum("i,j->ij", lengths(a), lengths(b))
        """),
    "softmax row by row": ("m01.e03", """
        @op
        def softmax(x):
            rows = x.reshape(-1, x.shape[-1])
            y = np.stack([np.exp(row - row.max()) / np.exp(row - row.max()).sum() for row in rows]).reshape(x.shape)
            return y, lambda dy: y * (dy - np.einsum("...i,...i->...", dy, y)[..., None])
        """),
    "a sum axis by axis": ("m01.e04", """
        def sum_to_shape(grad, shape):
            while grad.ndim > len(shape):
                grad = grad.sum(axis=0)
            for axis, size in enumerate(shape):
                if size == 1:
                    grad = grad.sum(axis=axis, keepdims=True)
            return grad
        """),
    "attention key by key": ("m01.e06", """
        def attention_weights(query, keys):
            scores = np.array([sum(query[i] * key[i] for i in range(len(query))) for key in keys]) / len(query) ** 0.5
            e = np.exp(scores - max(scores))
            return e / e.sum()

        def attend(query, keys, values):
            weights, found = attention_weights(query, keys), np.zeros(values.shape[1])
            for weight, value in zip(weights, values, strict=True):
                found += weight * value
            return found
        """),
    "attention by einsum": ("m01.e06", """
        def causal_self_attention(x, w_query, w_key, w_value):
            q, k, v = (np.einsum("tc,cd->td", x, w) for w in (w_query, w_key, w_value))
            scores = np.einsum("td,sd->ts", q, k) / np.sqrt(q.shape[1])
            scores[np.triu(np.ones(scores.shape, bool), 1)] = -np.inf
            e = np.exp(scores - scores.max(axis=1, keepdims=True))
            return np.einsum("ts,se->te", e / e.sum(axis=1, keepdims=True), v)
        """),
    "a mask row by row": ("m01.e07", """
        def causal_example(ids):
            T = len(ids) - 1
            mask = np.zeros((T, T), dtype=bool)
            for t in range(T):
                mask[t, : t + 1] = True
            return ids[:-1], ids[1:], mask
        """),
    "a rate in a loop": ("m02.e02", """
        def tokens_per_second(tokens, seconds, warm_up):
            steps = list(zip(tokens.tolist(), seconds.tolist(), strict=True))[warm_up:]
            return sum(count for count, _ in steps) / sum(time for _, time in steps)
        """),
    "characters one by one": ("m02.e04", """
        def hidden(character):
            return any(first <= ord(character) <= last for first, last in INVISIBLE)

        def remove_invisible(text):
            kept = ""
            for character in text:
                if not hidden(character):
                    kept += character
            return kept
        """),
    "signatures row by row": ("m02.e05", """
        def least_hashes(shingles, factors, offsets):
            found = []
            for factor, offset in zip(factors[:, 0], offsets[:, 0], strict=True):
                found.append((factor * shingles + offset).min() >> np.uint64(32))
            return np.array(found, dtype=np.uint32)

        def similarity(signature, others):
            return np.array([np.mean(other == signature) for other in others])
        """),
    "windows one by one": ("m02.e06", """
        def windows(tokens, starts, context):
            x, y = np.zeros((2, len(starts), context), dtype=np.int64)
            for row, start in enumerate(starts):
                x[row] = tokens[start : start + context]
                y[row] = tokens[start + 1 : start + context + 1]
            return x, y
        """),
    "embeddings and waves in loops": ("m03.e01", """
        import math

        @op
        def embedding(ids, weight):
            flat = ids.reshape(-1)

            def backward(dy):
                dweight = np.zeros_like(weight)
                for place, row in zip(flat, dy.reshape(-1, weight.shape[1]), strict=True):
                    dweight[place] += row
                return [None, dweight]

            return np.stack([weight[place] for place in flat]).reshape(*ids.shape, -1), backward

        def sinusoids(positions, channels, *, base=10000.0):
            y = np.zeros((len(positions), channels), dtype=np.float32)
            for row, position in enumerate(positions):
                for i in range(channels // 2):
                    y[row, 2 * i] = math.sin(position / base ** (2 * i / channels))
                    y[row, 2 * i + 1] = math.cos(position / base ** (2 * i / channels))
            return y
        """),
    "targets one by one": ("m03.e10", """
        def shift_right(targets, start_id):
            return np.array([[start_id, *row[:-1]] for row in targets.tolist()], dtype=targets.dtype)
        """),
    "a table row by row": ("m03.e08", """
        def future(xp, queries, positions):
            mask = xp.zeros((queries, positions), dtype=bool)
            for query in range(queries):
                mask[query, positions - queries + query + 1 :] = True
            return mask
        """),
}  # fmt: skip


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"], ids=["now", "future"])
@pytest.mark.parametrize("what", STYLES)
def test_what_is_right_in_another_style_is_not_slow(what, future, versions):
    wanted, answer = STYLES[what]
    assert judged(versions, wanted, before=future, after=answer) == [RIGHT, ""]


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
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "piece", "turn"), KINDS, ids=lambda value: value[:20])
def test_the_right_value_of_another_type_is_told(wanted, piece, turn, versions):
    after = f"{TURNED}\n{piece} = turned({piece}, {turn})\n"
    state, message = judged(versions, wanted, after=after, options=QUICK)
    told = ("onde se espera", "tipo obtido", "uma palavra é uma tupla", "slice indices must be integers", "obtido b''")
    assert state != RIGHT and any(words in message for words in told), f"{state}\n{message}"
