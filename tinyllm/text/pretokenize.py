"""Pre-tokenisation: cut a text into words, the pieces inside which BPE may merge; it never merges across a cut.

There are two cuts, by the names of the models that made them known. In GPT-2's (Radford et al. 2019) a word takes the
one space before it along, so " casa" is a single piece. GPT-4's (the pattern of cl100k_base, OpenAI 2023) lets a word
take any one character along, keeps line breaks together, and cuts numbers into groups of three digits. In both, the
pieces joined give the text back, character for character.

The published patterns need \\p{L} (letter) and \\p{N} (number), which Python's `re` lacks; here they are explicit
character classes over the tables of `unicode_classes`.
"""

import functools
import re

from tinyllm.errors import UsageError
from tinyllm.text.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE

# As published, and as a tokenizer.json spells them. The alternatives are tried from left to right.
PATTERNS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d"  # the English contractions
    r"| ?\p{L}+"
    r"| ?\p{N}+"
    r"| ?[^\s\p{L}\p{N}]+"  # punctuation, symbols, control characters, the unassigned
    r"|\s+(?!\S)"  # white space, but its last character is left to the word that follows,
    r"|\s+",  # unless there is nothing else to take
    "gpt4": r"'(?i:[sdmt]|ll|ve|re)"
    r"|[^\r\n\p{L}\p{N}]?\p{L}+"
    r"|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+"
    r"|\s+(?!\S)"
    r"|\s+",
}


def pretokenize(text, pattern="gpt2"):
    """str, name of a pattern -> list of str, which joined are `text`. A lone surrogate counts as punctuation."""
    return _compile(pattern).findall(text)


def check_pattern(name):
    """Raise the UsageError for a pattern that is not one of PATTERNS."""
    if name not in PATTERNS:
        raise UsageError(f"there is no pre-tokenization pattern {name!r}; choose one of: {', '.join(PATTERNS)}")


@functools.cache
def _compile(name):
    """A published pattern as `re` can read it: with the classes written out."""
    check_pattern(name)
    tables = {r"\p{L}": LETTERS, r"\p{N}": NUMBERS, r"\s": WHITE_SPACE}

    def write_out(match):
        inside = match[0]
        for class_name, table in tables.items():
            inside = inside.replace(class_name, _character_class(table))
        return inside if match[0].startswith("[") else f"[{inside}]"

    return re.compile(re.sub(r"\[.*?\]|\\p\{.\}|\\s", write_out, PATTERNS[name].replace(r"\S", r"[^\s]")))


def _character_class(table):
    """ "41-5a aa" -> "\\U00000041-\\U0000005a\\U000000aa", the inside of a [...]."""
    return re.sub(r"[0-9a-f]+", lambda point: f"\\U{int(point[0], 16):08x}", table).replace(" ", "").replace("\n", "")
