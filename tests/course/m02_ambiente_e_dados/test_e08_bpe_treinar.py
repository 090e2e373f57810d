"""m02.e08: pairs counted, merged and learned in the order of their frequency, ties by the smaller ids."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.text import merging

WORDS = [(1, 2, 1, 2), (2, 3), (7,), (), (5, 5, 5), (3, 1, 2)]
COUNTS = [10, 5, 9, 4, 3, 6]
TEXTS = {
    "o exemplo": ({b"aba": 3, b"ab": 2}, 9),
    "palavras repetidas": ({b" bola": 7, b" bolo": 7, b" lobo": 2}, 6),
    "acentos": ({" não".encode(): 9, " mão".encode(): 6, " pão".encode(): 6, " são".encode(): 4, "ã".encode(): 8}, 12),
    "empates": ({b"zy": 2, b"ba": 2, b"cd": 2, b"xyz": 1}, 5),
    "letras iguais": ({b"aaaaa": 3, b"aaa": 2, b"ab": 4}, 5),
    "todos os bytes": ({bytes(range(256)): 2, bytes([255, 0, 255, 0]): 1}, 3),
    "nada": ({}, 4),
    "nenhuma fusão": ({b"aba": 3}, 0),
}  # fmt: skip


def plain(piece, words, counts):
    """Counters, default dictionaries and dictionaries are alike, and so are pairs that have gone and pairs of none."""
    pair_counts, where = piece(words, counts)
    return dict(pair_counts), {pair: set(indices) for pair, indices in where.items()}


def with_progress(piece, *arguments):
    """The merges and what was told of them on the way."""
    told = []
    return piece(*arguments, progress=lambda done, wanted: told.append((done, wanted))), told


def test_count_pairs(judge):
    judge.same("count_pairs", [(1, 2, 1, 2), (2, 3)], [10, 5], case="o exemplo", through=plain)
    judge.same("count_pairs", WORDS, COUNTS, case=f"as palavras {WORDS}, com contagens {COUNTS}", through=plain)
    judge.same("count_pairs", [], [], case="nenhuma palavra", through=plain)


@pytest.mark.parametrize("word", [(5, 5, 5, 7), (5, 5, 5, 5), (5, 7, 5), (5,), (), (7, 5, 5), (5, 5), (7, 7, 5, 7)])
def test_merge_word(judge, word):
    found = judge.same("merge_word", word, (5, 5), 300, case=f"a palavra {word}, o par (5, 5) e o id 300")
    judge.that(isinstance(found, tuple), "merge_word", f"a palavra {word}",
               "uma palavra é uma tupla: return tuple(…)")  # fmt: skip
    judge.same("merge_word", word, (5, 7), 300, case=f"a palavra {word}, o par (5, 7) e o id 300")
    judge.same("merge_word", word, (7, 5), 300, case=f"a palavra {word}, o par (7, 5) e o id 300")


@pytest.mark.parametrize("name", TEXTS)
def test_train_merges(judge, name):
    word_counts, wanted = TEXTS[name]
    case = f"{name}, {wanted} fusões"
    found = judge.same("train_merges", word_counts, wanted, case=case)
    judge.that(found == merging.train_merges(word_counts, wanted), "train_merges", case, "difere da biblioteca")
    judge.same("train_merges", word_counts, wanted, case=f"{case}, com progress", through=with_progress)


def test_train_merges_of_any_words(judge):
    words = st.dictionaries(st.text("aábc ", max_size=9).map(str.encode), st.integers(1, 9), max_size=9)

    @given(words)
    def merges_are_those_of_the_library(word_counts):
        found = judge.same("train_merges", word_counts, 12, case=f"as palavras {word_counts}, 12 fusões")
        judge.that(
            found == merging.train_merges(word_counts, 12), "train_merges", f"{word_counts}", "difere da biblioteca"
        )

    merges_are_those_of_the_library()


def test_words_shrink_as_they_merge(judge):
    """A sequence of several pieces: what count_pairs counts, merge_word takes away."""
    word = tuple(b"abracadabra")
    pair = (ord("a"), ord("b"))
    shorter = judge.same("merge_word", word, pair, 300, case="abracadabra, o par de a e b")
    counts, _ = judge.same("count_pairs", [shorter], [4], case="abracadabra, sem o par de a e b", through=plain)
    judge.that(pair not in counts and len(shorter) == 9 and sum(counts.values()) == 4 * 8, "count_pairs", "abracadabra",
               f"depois da fusão deveriam restar {len(list(itertools.pairwise(shorter)))} pares")  # fmt: skip


@pytest.mark.parametrize("name", ["count_pairs", "merge_word", "train_merges"])
def test_time_and_memory(judge, name):
    judge.fast(name)
