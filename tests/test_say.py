"""What a person reads: numbers and times in words."""

import pytest

from tinyllm import say


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.01, "1 segundo"), (1.2, "2 segundos"), (89, "89 segundos"), (91, "2 minutos"), (420, "7 minutos"),
     (5399, "90 minutos"), (7000, "2 horas"), (90_001, "26 horas"),
     (172_801, "3 dias"), (6e7, "695 dias"), (1e8, "4 anos")],
)  # fmt: skip
def test_duration(seconds, words):
    assert say.duration(seconds) == words


def test_what_cannot_be_seen_is_shown_as_what_can():
    every = "".join(map(chr, range(0xA1)))
    assert say.visible("a b\n\tç\x00\x1b\x85") == "a·b↵→ç␀␛�"
    assert len(say.visible(every)) == len(every) and say.visible(every[:-1]).isprintable()
