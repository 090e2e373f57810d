"""m02.e09: words encoded by the ranks of their pairs, and texts that come out as soon as a character is whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.text import characters, encoding

RANKS = {
    (2, 3): (0, 256),
    (1, 2): (1, 257),
    (1, 256): (2, 258),
    (5, 5): (3, 259),
    (259, 259): (4, 260),
    (3, 4): (5, 261),
}
WORDS = [[1, 2, 3, 1, 2], [5, 5, 5], [5, 5, 5, 5], [3, 2, 1], [7], [], [1, 2, 1, 2], [5, 1, 2, 3, 5], [2, 3],
         [1, 2, 3, 2, 3, 4], [1, 2, 3, 2, 3, 4, 5, 5, 5, 5], [5] * 300]  # fmt: skip
PIECES = {
    "o exemplo": [b"p\xc3", b"\xa3", b"o\xf0"],
    "um emoji em quatro pedaços": [b"oi ", b"\xf0", b"\x9f", b"\x99", b"\x82", b"!"],
    "um emoji em dois pedaços": [b"\xf0\x9f", b"\x99\x82"],
    "o euro, byte a byte": [b"\xe2", b"\x82", b"\xac"],
    "um caractere e meio de cada vez": ["ã".encode() + b"\xc3", b"\xa9" + "çõ".encode(), b"\xe2\x82", b"\xac."],
    "bytes que não são UTF-8": [b"a\xff", b"\xfe", b"\x80b", b"\xc3", b"c", b"\xc0", b"\xf5"],
    "um começo que não continua": [b"\xe2\x82", b"x", b"\xf0\x9f", b"\xc3\xa3"],
    "nada": [],
    "pedaços vazios": [b"", b"a", b"", b"\xc3", b"", b"\xa3"],
}  # fmt: skip
ENDS = [b"", b"a", b"p\xc3", "pã".encode(), b"\xf0", b"\xf0\x9f", b"\xf0\x9f\x99", "🙂".encode(), b"\xe2", b"\xe2\x82",
        "€".encode(), b"\xff", b"\xc0", b"\xc1", b"\xc2", b"\xdf", b"\xdf\xbf", b"\xe0", b"\xef\xbf", b"\xf4\x8f\xbf",
        b"\xf5", b"\xf5\x80", b"\x80", b"\xbf\xbf\xbf", b"a\x80\x80\x80", b"\xc3a", b"\x7f", b"\xe2\xc3", b"\xf0a\x80",
        b"\xf0\x9f\x99\x82\x82", b"\xe0\x80\x80", b"\xef\xbf\xbf", b"\xe2\x80\xc0", b"\xf0\x90\x7f",
        b"\xe0\xa0", b"\xe2\x80", b"\xe2\xc0"]  # fmt: skip
# what begins a character by its first byte, but not by its second: an answer may wait for the rest or not
BY_THE_FIRST_BYTE_ALONE = re.compile(rb"\xe0[\x80-\x9f]|\xed[\xa0-\xbf]|\xf0[\x80-\x8f]|\xf4[\x90-\xbf]")


def as_list(piece, *arguments):
    return list(piece(*arguments))


def first_and_rest(piece, pieces):
    """The first text, and what of the pieces had not been asked for when it came."""
    source = iter(pieces)
    return next(iter(piece(source)), None), list(source)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{len(word)} ids, {word[:5]}")
def test_encode_word(judge, word):
    case = f"a palavra {word if len(word) < 9 else f'de {len(word)} ids, todos {word[0]}'}, as fusões {RANKS}"
    found = judge.same("encode_word", word, RANKS, case=case)
    judge.that(found == encoding.encode_word(word, RANKS), "encode_word", case, "difere da biblioteca")
    judge.same("encode_word", word, {}, case=f"{case.partition(', as')[0]}, nenhuma fusão")


def test_encode_word_with_any_merges(judge):
    pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), unique=True, max_size=8)

    @given(st.lists(st.integers(0, 3), max_size=12), pairs)
    def ids_are_those_of_the_library(word, pairs):
        ranks = {pair: (rank, 4 + rank) for rank, pair in enumerate(pairs)}
        found = judge.same("encode_word", word, ranks, case=f"a palavra {word}, as fusões {ranks}")
        judge.that(
            found == encoding.encode_word(word, ranks), "encode_word", f"a palavra {word}", "difere da biblioteca"
        )

    ids_are_those_of_the_library()


@pytest.mark.parametrize("data", ENDS, ids=lambda data: data.hex() or "vazio")
def test_unfinished_bytes(judge, data):
    judge.same("unfinished_bytes", data, case=f"{data!r}")


def test_the_end_of_a_text_cut_anywhere(judge):
    text = "ação, 5 € 🙂".encode()
    for end in range(len(text) + 1):
        found = judge.same("unfinished_bytes", text[:end], case=f"{text[:end]!r}")
        whole = text[: end - found].decode("utf-8", "replace")
        judge.that("\ufffd" not in whole, "unfinished_bytes", f"{text[:end]!r}", "o que sobra não é inteiro")


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's unfinished_bytes in the answer: the stream is judged by itself."""
    monkeypatch.setattr(judge.answer, "unfinished_bytes", judge.solution.unfinished_bytes)
    return judge


@pytest.mark.parametrize("name", PIECES)
def test_stream_text(alone, name):
    pieces = PIECES[name]
    found = alone.same("stream_text", pieces, case=f"{name}: {pieces}", through=as_list)
    alone.that("".join(found) == characters.to_text(b"".join(pieces)), "stream_text", f"{pieces}",
               "os textos juntos deveriam ser to_text de todos os bytes")  # fmt: skip
    alone.same("stream_text", pieces, case=f"{name}, só o primeiro texto: {pieces}", through=first_and_rest)


def test_stream_text_of_any_bytes(alone):
    pieces = st.lists(st.binary(max_size=5), max_size=6)

    @given(pieces.filter(lambda pieces: not BY_THE_FIRST_BYTE_ALONE.search(b"".join(pieces))))
    def texts_are_those_of_the_library(pieces):
        found = alone.same("stream_text", pieces, case=f"{pieces}", through=as_list)
        alone.that(found == list(characters.stream_text(pieces)), "stream_text", f"{pieces}", "difere da biblioteca")

    texts_are_those_of_the_library()


@pytest.mark.parametrize("name", ["encode_word", "unfinished_bytes", "stream_text"])
def test_time_and_memory(judge, name):
    judge.fast(name)
