"""m02.e06: parts drawn by a hash, and windows of tokens."""

import collections

import numpy as np
import pytest

from tinyllm.course.judge import shapes
from tinyllm.data.batches import batches
from tinyllm.errors import UsageError

rng = np.random.default_rng(0)
KEYS = [b"", b"a", b"Dom Casmurro, de Machado de Assis", "coração".encode(), b"\x00\xff" * 500]
SIZES = [(n, context) for context in (1, 2, 3, 7) for n in range(context, 5 * context + 3)]


@pytest.mark.parametrize("held_out", [0.01, 0.05, 0.3, 0.49])
def test_split_of(judge, held_out):
    keys = [*KEYS, *(f"livro{n}.txt".encode() for n in range(500))]
    case = f"505 chaves, held_out={held_out}"
    found = collections.Counter(judge.same("split_of", keys, held_out, through=judge.support.parts, case=case))
    for name in ("test", "validation"):
        share = found[name] / len(keys)
        judge.that(abs(share - held_out) < 0.1, "split_of", case, f"{name} ficou com {share:.0%} das chaves")


def test_split_of_at_the_very_limit(judge):
    places = {key: judge.support.place_of(key) for key in (f"livro{n}".encode() for n in range(20))}
    for key in (key for key, place in places.items() if 0 < place < 0.5):
        for held_out in (places[key], places[key] / 2):
            case = f"a chave {key}, cujo lugar é exatamente {places[key]}, e held_out={held_out}; e mais 20"
            judge.same("split_of", [key, *places], held_out, through=judge.support.parts, case=case)


def test_split_of_asked_again(judge):
    keys = [f"conto {n}".encode() for n in range(50)]
    first = judge.same("split_of", keys, 0.2, through=judge.support.parts, case="50 chaves")
    others = judge.same("split_of", keys[::-1] + keys, 0.2, through=judge.support.parts, case="as mesmas e outras")
    judge.that(others[50:] == first, "split_of", "as mesmas chaves outra vez", "deveriam cair nas mesmas partes")


def test_split_of_moves_little_when_more_is_held_out(judge):
    keys = [f"conto {n}".encode() for n in range(300)]
    few, many = (judge.same("split_of", keys, share, through=judge.support.parts, case=f"held_out={share}")
                 for share in (0.1, 0.2))  # fmt: skip
    stayed = all(m == "test" for f, m in zip(few, many, strict=True) if f == "test")
    judge.that(stayed, "split_of", "held_out de 0,1 e 0,2", "o que era do teste deveria ficar nele")


@pytest.mark.parametrize("held_out", [0, 0.5, -1, 2])
def test_split_of_refuses_what_leaves_nothing(judge, held_out):
    def or_refused(piece, keys):
        try:
            return judge.support.parts(piece, keys, held_out)
        except UsageError:
            return "UsageError"

    judge.same("split_of", KEYS, 0.1, through=judge.support.parts, case="held_out=0.1")
    judge.same("split_of", KEYS, through=or_refused, case=f"held_out={held_out}, que o começo da função recusa")


def test_windows_per_epoch(judge):
    case = f"filas de {SIZES[0][0]} a {SIZES[-1][0]} tokens, context de 1, 2, 3 e 7"
    judge.same("windows_per_epoch", SIZES, through=judge.support.counts, case=case)


@pytest.mark.parametrize(("size", "context"), [(10, 3), (4, 3), (7, 7), (14, 7), (15, 7), (1_000_000, 1024)])
def test_windows_per_epoch_fit_wherever_they_begin(judge, size, context):
    tokens = np.zeros(size, np.uint16)
    count = judge.same("windows_per_epoch", tokens, context, case=f"{size} tokens, context={context}")
    for first in (0, context - 1):
        end = first + count * context + 1
        case = f"{size} tokens, context={context}, começo em {first}"
        judge.that(end <= size or not count, "windows_per_epoch", case, f"a última janela terminaria no token {end}")


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.int64])
@pytest.mark.parametrize(("count", "context"), [(1, 1), (3, 2), (5, 8)])
def test_windows(judge, dtype, count, context):
    tokens = rng.integers(60_000, size=50).astype(dtype)
    starts = rng.integers(50 - context, size=count)
    case = f"tokens {shapes(tokens)}, lugares {starts.tolist()}, T={context}"
    x, y, _ = judge.same("windows", tokens, starts, context, through=judge.support.with_type, case=case)
    judge.that((x[:, 1:] == y[:, :-1]).all(), "windows", case, "y deveria ser x um token adiante")


def test_windows_at_the_ends_of_the_row(judge):
    tokens = rng.integers(60_000, size=40, dtype=np.uint16)
    through = judge.support.with_type
    judge.same("windows", tokens, np.array([0, 32, 0]), 7, through=through, case="as pontas da fila, e uma repetida")
    judge.same("windows", tokens[::-2], np.array([3, 9]), 4, through=through, case="uma fila que não é contígua")
    judge.same("windows", tokens, np.array([], dtype=np.int64), 4, through=through, case="nenhuma janela")


def test_windows_by_hand(judge):
    x, y, _ = judge.same("windows", np.arange(10, 15), np.array([0, 2]), 2, through=judge.support.with_type,
                         case="o exemplo")  # fmt: skip
    agree = x.tolist() == [[10, 11], [12, 13]] and y.tolist() == [[11, 12], [13, 14]]
    judge.that(agree, "windows", "o exemplo", "deveria dar [[10, 11], [12, 13]] e [[11, 12], [13, 14]]")


def test_an_epoch_reads_every_token_once(judge):
    """With the library's own batches: what they give, the answer's windows give at the same places."""
    tokens = rng.permutation(200)
    x, y = next(batches(tokens, batch=5, context=8, seed=3))
    starts = np.array([int(np.flatnonzero(tokens == row[0])[0]) for row in x])
    found = judge.same("windows", tokens, starts, 8, case="um lote da biblioteca")
    judge.that((found[0] == x).all() and (found[1] == y).all(), "windows", "um lote da biblioteca", "difere dela")


@pytest.mark.parametrize("name", ["split_of", "windows_per_epoch", "windows"])
def test_time_and_memory(judge, name):
    judge.fast(name)
