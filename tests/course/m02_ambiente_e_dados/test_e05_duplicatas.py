"""m02.e05: the Jaccard similarity of two texts, their signatures, and how well these estimate it."""

import numpy as np
import pytest

from tinyllm.course.judge import shapes
from tinyllm.data.dedup import MinHash

rng = np.random.default_rng(0)
TALE = "Era uma vez uma gata que morava perto do rio. A gata que morava perto do rio tinha um amigo, o rato."
TEXTS = [
    ("o rato roeu a roupa", "O rato roeu a rolha!"),
    (TALE, TALE),
    (TALE, TALE.upper().replace(".", " —")),
    (TALE, TALE.replace("gata", "cachorra")),
    (TALE, TALE + " Eram muito amigos, os dois, e moravam perto do rio."),
    (TALE[:52], TALE),
    (TALE, "nada a ver com isto aqui"),
    ("açu\u0301car e cafe\u0301 na mesa", "AÇÚCAR e café na mesa."),
    ("", ""),
    ("", "uma duas três"),
    ("oi", "oi!"),
    ("duas palavras", "duas palavras e mais"),
    ("uma duas", "três duas"),
    ("a b c", "a b c"),
    ("a b c d", "b c d a"),
    ("um dois um dois um dois um dois", "um dois um dois três"),
    ("..., !!!", "___"),
]


def hashes(count, of=1 << 64):
    factors = rng.integers(1 << 63, size=(count, 1), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return factors, rng.integers(of, size=(count, 1), dtype=np.uint64)


@pytest.mark.parametrize(("a", "b"), TEXTS)
def test_jaccard(judge, a, b):
    there = judge.same("jaccard", a, b, case=f"{a[:40]!r} e {b[:40]!r}")
    back = judge.same("jaccard", b, a, case=f"{b[:40]!r} e {a[:40]!r}")
    judge.that(there == back and 0 <= there <= 1, "jaccard", "os mesmos, trocados", "deveria dar o mesmo, de 0 a 1")


def test_jaccard_by_hand(judge):
    found = judge.same("jaccard", *TEXTS[0], case="o exemplo")
    judge.that(found == 0.5, "jaccard", "o exemplo", "deveria dar 0,5")


@pytest.mark.parametrize(("count", "functions"), [(1, 3), (7, 5), (300, 128)])
def test_least_hashes(judge, count, functions):
    shingles, (factors, offsets) = rng.integers(1 << 64, size=count, dtype=np.uint64), hashes(functions)
    found = judge.same("least_hashes", shingles, factors, offsets, case=f"{count} trechos, {functions} funções")
    judge.that(found.dtype == np.uint32, "least_hashes", f"{count} trechos", f"deveriam ser uint32, são {found.dtype}")
    judge.same("least_hashes", shingles[::-1], factors, offsets, case="os mesmos trechos, na ordem inversa")


def test_least_hashes_of_small_and_large_numbers(judge):
    factors, offsets = hashes(6)
    shingles = np.array([0, 1, 2, (1 << 64) - 1], dtype=np.uint64)
    judge.same("least_hashes", shingles, factors, offsets, case="trechos 0, 1, 2 e 2**64 - 1")


def test_repeated_shingles_change_nothing(judge):
    factors, offsets = hashes(16)
    shingles = rng.integers(1 << 64, size=9, dtype=np.uint64)
    once, twice = (judge.same("least_hashes", np.tile(shingles, times), factors, offsets, case="trechos repetidos")
                   for times in (1, 2))  # fmt: skip
    judge.that((once == twice).all(), "least_hashes", "trechos repetidos", "um conjunto não tem repetições")


@pytest.mark.parametrize(("count", "places"), [(1, 4), (5, 8), (40, 128)])
def test_similarity(judge, count, places):
    signature, others = (rng.integers(3, size=shape, dtype=np.uint32) for shape in (places, (count, places)))
    judge.same("similarity", signature, others, case=f"assinaturas {shapes(signature, others)}")
    judge.same("similarity", signature, np.asfortranarray(others), case="um array que não é contíguo")


def test_similarity_by_hand(judge):
    found = judge.same("similarity", np.array([5, 2, 9, 4]), np.array([[5, 9, 9, 1], [5, 2, 9, 4]]), case="o exemplo")
    judge.that(found.tolist() == [0.5, 1.0], "similarity", "o exemplo", "deveria dar [0,5, 1]")


@pytest.mark.parametrize(("a", "b"), [texts for texts in TEXTS if min(map(len, texts)) > 40])
def test_the_signatures_estimate_jaccard(judge, a, b):
    """With 4000 hash functions an estimate is off by 0.008 (one sigma)."""
    factors, offsets = hashes(4000)
    minhash = MinHash()
    exact = judge.same("jaccard", a, b, case=f"{a[:40]!r} e {b[:40]!r}")
    first, second = (judge.same("least_hashes", minhash.shingles(text), factors, offsets, case="os trechos de um texto")
                     for text in (a, b))  # fmt: skip
    (found,) = judge.same("similarity", first, second[np.newaxis], case="duas assinaturas de 4000 números")
    judge.that(abs(found - exact) < 0.05, "similarity", f"{a[:40]!r} e {b[:40]!r}",
               f"a estimativa deu {found:.3f}, e a semelhança exata é {exact:.3f}")  # fmt: skip


@pytest.mark.parametrize("name", ["jaccard", "least_hashes", "similarity"])
def test_time_and_memory(judge, name):
    judge.fast(name)
