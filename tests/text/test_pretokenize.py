"""The cuts into words: they lose nothing, are where the published patterns put them, and the same when compiled."""

import itertools
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.backend import kernels
from tinyllm.errors import UsageError
from tinyllm.text.pretokenize import PATTERN_NUMBERS, PATTERNS, character_classes, pretokenize, word_ends
from tinyllm.text.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE

PUBLISHED = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "gpt4": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+",
}
CONTEXTS = ["{0}", "a{0}b", "1{0} {0}2", " {0}{0}.", "  {0}\n{0}", "'s{0}", "'{0}", "{0}\r\n{0}12345", "'{0}e'l{0}"]
TRICKY = st.characters() | st.sampled_from(" \n\r\t'srtvemldSſLK1²_.\u00a0\u2028\u0301\x1c\udc80")
needs_numba = pytest.mark.skipif(kernels.numba_version() is None, reason="a kernel needs Numba to be fast")
every_pattern = pytest.mark.parametrize("pattern", PATTERNS)


def compiled(data, pattern):
    """bytes -> list of bytes, by the kernel."""
    ends = np.empty(len(data), np.int64)
    count = word_ends(np.frombuffer(data, np.uint8), PATTERN_NUMBERS[pattern], character_classes(), ends)
    return [data[start:end] for start, end in zip([0, *ends[:count]], ends[:count], strict=False)]


def plain(data, pattern):
    """bytes -> list of bytes, by the pattern; a byte that is not UTF-8 is a lone surrogate."""
    words = pretokenize(data.decode("utf-8", "surrogateescape"), pattern)
    return [word.encode("utf-8", "surrogateescape") for word in words]


def points(table):
    ends = ([int(end, 16) for end in span.split("-")] for span in table.split())
    return {point for span in ends for point in range(span[0], span[-1] + 1)}


def assigned():
    return [chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) not in ("Cn", "Cs")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Olá, mundo!", ["Olá", ",", " mundo", "!"]),
        ("it's  2²  anos\n\n fim ", ["it", "'s", " ", " 2²", " ", " anos", "\n\n", " fim", " "]),
        ("a_b\x1c\u00a0c", ["a", "_", "b", "\x1c", "\u00a0", "c"]),  # U+001C is no white space, U+00A0 is
        ("e\u0301", ["e", "\u0301"]),  # a combining accent is no letter
        ("x\ud800\udc80", ["x", "\ud800\udc80"]),
    ],
)
def test_cuts(text, words):
    assert pretokenize(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("IT'S 12345 dias!!\n\n\n fim", ["IT", "'S", " ", "123", "45", " dias", "!!\n\n\n", " fim"]),
        ("\tolá  (mundo)", ["\tolá", " ", " (", "mundo", ")"]),
        ("a \n \n  b", ["a", " \n \n", " ", " b"]),
        ("'ſ's", ["'ſ", "'s"]),
    ],
)
def test_cuts_of_gpt4(text, words):
    assert pretokenize(text, "gpt4") == words


def test_an_unknown_pattern_is_refused():
    with pytest.raises(UsageError, match="no pre-tokenization pattern 'gpt5'; choose one of: gpt2, gpt4"):
        pretokenize("a", "gpt5")


@every_pattern
@given(st.text(st.characters()))
def test_words_joined_are_the_text(pattern, text):
    assert "".join(pretokenize(text, pattern)) == text


@needs_numba
@every_pattern
@given(st.text(TRICKY).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary())
@settings(max_examples=1000)
def test_compiled_and_plain_cut_alike(pattern, data):
    assert compiled(data, pattern) == plain(data, pattern)


@needs_numba
@every_pattern
@given(st.text(TRICKY).map(lambda text: text.encode("utf-8", "surrogatepass")), st.data())
@settings(max_examples=500)
def test_compiled_and_plain_cut_damaged_text_alike(pattern, data, draw):
    data = bytearray(data)
    for place in draw.draw(st.lists(st.integers(0, max(0, len(data) - 1)), max_size=4)) if data else []:
        data[place] = draw.draw(st.sampled_from([0x80, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xFF]))
    assert compiled(bytes(data), pattern) == plain(bytes(data), pattern)


@pytest.mark.long
@needs_numba
@every_pattern
def test_every_code_point_is_cut_alike_compiled_and_plain(pattern):
    contexts = itertools.cycle(CONTEXTS)
    text = "\n".join(next(contexts).format(chr(point)) for point in range(0x110000))
    data = text.encode("utf-8", "surrogatepass")
    assert compiled(data, pattern) == plain(data, pattern)


def test_tables_agree_with_this_python_on_what_it_knows():
    letters, numbers = points(LETTERS), points(NUMBERS)
    for character in assigned():
        kind = unicodedata.category(character)[0]
        assert (ord(character) in letters) == (kind == "L"), hex(ord(character))
        assert (ord(character) in numbers) == (kind == "N"), hex(ord(character))
    spaces = {ord(character) for character in assigned() if character.isspace()}
    assert points(WHITE_SPACE) == spaces - {0x1C, 0x1D, 0x1E, 0x1F}


@pytest.mark.oracle
@every_pattern
@pytest.mark.parametrize("context", CONTEXTS)
def test_every_character_is_cut_as_by_the_published_pattern(pattern, context):
    regex = pytest.importorskip("regex")
    text = "\n".join(context.format(character) for character in assigned())
    published = regex.findall(PUBLISHED[pattern], text)
    assert pretokenize(text, pattern) == published
    assert compiled(text.encode(), pattern) == [word.encode() for word in published]


@pytest.mark.oracle
@every_pattern
@given(st.text(TRICKY))
@settings(max_examples=2000)
def test_texts_are_cut_as_by_the_published_pattern(pattern, text):
    regex = pytest.importorskip("regex")
    known = "".join(character for character in text if unicodedata.category(character) not in ("Cn", "Cs"))
    assert pretokenize(known, pattern) == regex.findall(PUBLISHED[pattern], known)
