"""The GPT-2 cut: loses nothing, and cuts where the published pattern does."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.text.pretokenize import pretokenize
from tinyllm.text.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE

PUBLISHED = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CONTEXTS = ["{0}", "a{0}b", "1{0} {0}2", " {0}{0}.", "  {0}\n{0}", "'s{0}"]


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


@given(st.text(st.characters()))
def test_words_joined_are_the_text(text):
    assert "".join(pretokenize(text)) == text


def test_tables_agree_with_this_python_on_what_it_knows():
    letters, numbers = points(LETTERS), points(NUMBERS)
    for character in assigned():
        kind = unicodedata.category(character)[0]
        assert (ord(character) in letters) == (kind == "L"), hex(ord(character))
        assert (ord(character) in numbers) == (kind == "N"), hex(ord(character))
    spaces = {ord(character) for character in assigned() if character.isspace()}
    assert points(WHITE_SPACE) == spaces - {0x1C, 0x1D, 0x1E, 0x1F}


@pytest.mark.oracle
@pytest.mark.parametrize("context", CONTEXTS)
def test_every_character_is_cut_as_by_the_published_pattern(context):
    regex = pytest.importorskip("regex")
    text = "\n".join(context.format(character) for character in assigned())
    assert pretokenize(text) == regex.findall(PUBLISHED, text)


@pytest.mark.oracle
@given(st.text(st.characters() | st.sampled_from(" \n\t'srtvemld1²_\u00a0\u0301")))
def test_texts_are_cut_as_by_the_published_pattern(text):
    regex = pytest.importorskip("regex")
    known = "".join(character for character in text if unicodedata.category(character) != "Cn")
    assert pretokenize(known) == regex.findall(PUBLISHED, known)
