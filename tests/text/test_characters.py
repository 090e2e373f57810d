"""Characters and bytes: what is waited for, and what comes out at once."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinyllm.text.characters import stream_text, to_text

EDGES = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1,
         0xF3, 0xF4, 0xF5, 0xFF]  # fmt: skip
ENDS = [bytes(rest) for size in (1, 2, 3) for rest in itertools.product((0x80, 0x90, 0xA0), repeat=size)]


@pytest.mark.parametrize("first", EDGES, ids=hex)
def test_only_what_can_still_become_a_character_is_waited_for(first):
    for size in (0, 1, 2):
        for rest in itertools.product(EDGES, repeat=size):
            start = bytes([first, *rest])
            waits = next(stream_text([start, b"a"])) != to_text(start)
            parts = [start[-count:] for count in range(1, len(start) + 1)]
            assert waits == any(len(to_text(part + end)) == 1 for part in parts for end in ENDS), start


@given(st.lists(st.binary(max_size=4), max_size=6))
@example([b"\xed\xa0", b"\x80"])  # a lone surrogate, which to_text reads as one
@example([b"\xf4\x90", b"\x80\x80"])
@example([b"\xe0\x80", b"\x80"])
def test_the_texts_joined_are_the_text_of_all_bytes(pieces):
    assert "".join(stream_text(pieces)) == to_text(b"".join(pieces))
