"""m02.e07: a vocabulary of the most frequent pieces, and the way from a text to ids and back."""

import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.text import simple

TEXT = "A gata não dorme; a gata, à noite, vê o rio. Ação! O rio não dorme."
UNKNOWN = simple.UNKNOWN
COUNTS = {
    "o exemplo": {"o": 3, "b": 1, "a": 1, "m": 2},
    "acentos": {"ç": 2, "c": 2, "ã": 2, "a": 2, "z": 2, "Á": 5},
    "palavras": {" rio": 2, " Rio": 2, "rio": 2, ".": 9, " de": 7},
    "nada": {},
}
TEXTS = ["mão", "", "ooo", "ma ma", "ção", "🙂m", "m\no"]


def cut_of(judge, kind):
    return list if kind == "caracteres" else judge.solution.cut_words


def vocabulary_of(judge, kind, room):
    counts = collections.Counter(cut_of(judge, kind)(TEXT))
    return [UNKNOWN, *judge.same("most_frequent", dict(counts), room, case=f"{kind} de um texto, lugar para {room}")]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("room", [0, 1, 2, 3, 4, 9])
def test_most_frequent(judge, name, room):
    case = f"{name}: {COUNTS[name]}, lugar para {room}"
    found = judge.same("most_frequent", COUNTS[name], room, case=case)
    judge.that(found == simple.most_frequent(COUNTS[name], room), "most_frequent", case, "difere da biblioteca")


@pytest.mark.parametrize("text", TEXTS)
def test_encode_and_decode_by_hand(judge, text):
    vocabulary = [UNKNOWN, "a", "m", "o"]
    ids = judge.same("encode", text, list, vocabulary, case=f"{text!r} em caracteres, vocabulário {vocabulary}")
    judge.same("decode", ids, vocabulary, case=f"os ids {ids}, vocabulário {vocabulary}")


@pytest.mark.parametrize("kind", ["caracteres", "palavras"])
@pytest.mark.parametrize("room", [5, 200])
def test_a_text_there_and_back(judge, kind, room):
    cut, vocabulary = cut_of(judge, kind), vocabulary_of(judge, kind, room)
    for text in (TEXT, "  Ação  ", "O rio", "ônibus!", ""):
        case = f"{text!r} em {kind}, vocabulário de {len(vocabulary)}"
        ids = judge.same("encode", text, cut, vocabulary, case=case)
        back = judge.same("decode", ids, vocabulary, case=f"os ids de {case}")
        judge.that(0 in ids or back == text, "decode", case, f"voltou {back!r}")


def test_any_text_comes_back(judge):
    @given(st.text(max_size=12))
    def comes_back(text):
        vocabulary = [UNKNOWN, *sorted(set(text))]
        ids = judge.same("encode", text, list, vocabulary, case=f"{text!r} em caracteres, todos no vocabulário")
        back = judge.same("decode", ids, vocabulary, case=f"os ids de {text!r}")
        judge.that(back == text and 0 not in ids, "decode", f"{text!r}", "não voltou igual")

    comes_back()


def test_the_unknown_has_no_id_but_0(judge):
    judge.same("encode", "x a x", str.split, [UNKNOWN, "a"], case="'x a x' cortado nos espaços, vocabulário só com 'a'")
    judge.same("decode", [0, 1, 0], [UNKNOWN, "a"], case="os ids [0, 1, 0]")


@pytest.mark.parametrize("name", ["most_frequent", "encode", "decode"])
def test_time_and_memory(judge, name):
    judge.fast(name)
