"""Pre-tokenisation: cut a text into words, the pieces inside which BPE may merge; it never merges across a cut.

The cut is GPT-2's (Radford et al. 2019): a word takes the one space before it along, so " casa" is a single piece, and
the pieces joined give the text back, character for character. The published pattern needs \\p{L} (letter) and \\p{N}
(number), which Python's `re` lacks; here they are explicit character classes over the tables of `unicode_classes`.
"""

import functools
import re

from tinyllm.text.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE


def pretokenize(text):
    """str -> list of str, which joined are `text`. A lone surrogate counts as punctuation."""
    return _gpt2_pattern().findall(text)


@functools.cache
def _gpt2_pattern():
    letter, number, space = (_character_class(table) for table in (LETTERS, NUMBERS, WHITE_SPACE))
    return re.compile(
        r"'s|'t|'re|'ve|'m|'ll|'d"  # the English contractions, as published
        rf"| ?[{letter}]+"
        rf"| ?[{number}]+"
        rf"| ?[^{space}{letter}{number}]+"  # punctuation, symbols, control characters, the unassigned
        rf"|[{space}]+(?![^{space}])"  # white space, but its last character is left to the word that follows,
        rf"|[{space}]+"  # unless there is nothing else to take
    )


def _character_class(table):
    """ "41-5a aa" -> "\\U00000041-\\U0000005a\\U000000aa", the inside of a [...]."""
    return re.sub(r"[0-9a-f]+", lambda point: f"\\U{int(point[0], 16):08x}", table).replace(" ", "").replace("\n", "")
