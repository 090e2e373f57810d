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
