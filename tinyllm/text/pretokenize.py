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

import numpy as np

from tinyllm.backend.kernels import lean_kernel
from tinyllm.errors import UsageError
from tinyllm.text.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE

# As published, and as a tokenizer.json spells them. The alternatives are tried from left to right. In tiktoken 0.14 the
# one of cl100k_base differs where a text ends: all the white space there is one word, even after a line break.
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


# ------------------------------------------------------------------------------- the same cuts, compiled, over UTF-8

OTHER, LETTER, NUMBER, SPACE = range(4)  # what `character_classes` says of a code point
PATTERN_NUMBERS = {name: number for number, name in enumerate(PATTERNS)}
GPT2 = PATTERN_NUMBERS["gpt2"]
BLANK, NEWLINE, RETURN, APOSTROPHE = b" \n\r'"
D, E, L, M, R, S, T, V = b"delmrstv"


@functools.cache
def character_classes():
    """(0x110000,) uint8: for each code point one of OTHER, LETTER, NUMBER, SPACE."""
    classes = np.full(0x110000, OTHER, np.uint8)
    for kind, table in ((LETTER, LETTERS), (NUMBER, NUMBERS), (SPACE, WHITE_SPACE)):
        for span in table.split():
            first, _, last = span.partition("-")
            classes[int(first, 16) : int(last or first, 16) + 1] = kind
    return classes


@lean_kernel
def word_end(data, start, stop, pattern, classes):
    """Bytes, with a word starting at `start` and the text ending at `stop` -> where the word ends.

    `pattern` is one of PATTERN_NUMBERS. Bytes that are not UTF-8 are characters of the class OTHER, one by one.
    """
    if pattern == GPT2:
        return gpt2_word_end(data, start, stop, classes)
    return gpt4_word_end(data, start, stop, classes)


@lean_kernel
def gpt2_word_end(data, start, stop, classes):
    """`word_end` by the pattern of GPT-2"""
    first = data[start]
    if first == APOSTROPHE:
        end = contraction_end(data, start, stop, np.uint8(0))
        if end > start:
            return end
    begin = start + 1 if first == BLANK and start + 1 < stop else start
    kind, length = class_at(data, begin, stop, classes)
    if kind == SPACE:
        return space_end(data, start, stop, classes)
    return run_end(data, begin + length, stop, kind, classes)


@lean_kernel
def gpt4_word_end(data, start, stop, classes):
    """`word_end` by the pattern of GPT-4"""
    first = data[start]
    if first == APOSTROPHE:
        end = contraction_end(data, start, stop, np.uint8(0x20))
        if end > start:
            return end
    kind, length = class_at(data, start, stop, classes)
    if kind == LETTER:
        return run_end(data, start + length, stop, LETTER, classes)
    if kind == NUMBER:
        end = start + length
        for _ in range(2):
            if end < stop:
                kind, length = class_at(data, end, stop, classes)
                if kind == NUMBER:
                    end += length
                else:
                    break
        return end
    if start + length < stop and first != RETURN and first != NEWLINE:  # may go along with what follows
        next_kind, next_length = class_at(data, start + length, stop, classes)
        if next_kind == LETTER:
            return run_end(data, start + length + next_length, stop, LETTER, classes)
        if first == BLANK and next_kind == OTHER:
            kind = OTHER
    if kind == OTHER:
        end = run_end(data, start + 1 if first == BLANK else start, stop, OTHER, classes)
        while end < stop and (data[end] == RETURN or data[end] == NEWLINE):
            end += 1
        return end
    end = run_end(data, start, stop, SPACE, classes)
    for last in range(end - 1, start - 1, -1):
        if data[last] == RETURN or data[last] == NEWLINE:
            return last + 1
    return space_end(data, start, stop, classes)


@lean_kernel
def contraction_end(data, start, stop, either_case):
    """Where 's, 't, 're, 've, 'm, 'll or 'd ends, else `start`. With `either_case` 0x20, capitals are as good."""
    if start + 1 < stop:
        a = data[start + 1] | either_case
        if a in (S, T, M, D):
            return start + 2
        if start + 2 < stop:
            b = data[start + 2] | either_case
            if (a in (R, V) and b == E) or a == b == L:
                return start + 3
            if either_case and data[start + 1] == 0xC5 and data[start + 2] == 0xBF:  # the long ſ is a small S
                return start + 3
    return start


@lean_kernel
def space_end(data, start, stop, classes):
    """Where white space ends: before its last character, which is left to the word that follows, unless it is all."""
    end = last = start
    while end < stop:
        kind, length = class_at(data, end, stop, classes)
        if kind != SPACE:
            return last if last > start else end
        last = end
        end += length
    return end


@lean_kernel
def run_end(data, start, stop, kind, classes):
    """Where a run of characters of one class ends."""
    end = start
    while end < stop:
        if data[end] < 0x80:
            if classes[data[end]] != kind:
                break
            end += 1
        else:
            its_kind, length = class_at(data, end, stop, classes)
            if its_kind != kind:
                break
            end += length
    return end


@lean_kernel
def class_at(data, at, stop, classes):
    """The class of the character that begins at a byte, and how many bytes it takes (Unicode, table 3-7)."""
    a = np.int64(data[at])
    if a < 0x80:
        return classes[a], 1
    b = np.int64(data[at + 1]) ^ 0x80 if at + 1 < stop else np.int64(0xFF)  # below 0x40 if it continues a character
    if b >= 0x40 or a < 0xC2 or a > 0xF4:
        return np.uint8(OTHER), 1
    if a < 0xE0:
        return classes[(a & 0x1F) << 6 | b], 2
    c = np.int64(data[at + 2]) ^ 0x80 if at + 2 < stop else np.int64(0xFF)
    if c >= 0x40:
        return np.uint8(OTHER), 1
    if a < 0xF0:
        point = (a & 0xF) << 12 | b << 6 | c
        if point < 0x800 or 0xD800 <= point < 0xE000:
            return np.uint8(OTHER), 1
        return classes[point], 3
    d = np.int64(data[at + 3]) ^ 0x80 if at + 3 < stop else np.int64(0xFF)
    point = (a & 7) << 18 | b << 12 | c << 6 | d
    if d >= 0x40 or point < 0x10000 or point > 0x10FFFF:
        return np.uint8(OTHER), 1
    return classes[point], 4


@lean_kernel
def word_ends(data, pattern, classes, ends):
    """Fill `ends`, which has room for one per byte, with the ends of the words of a text; return how many there are."""
    end = count = 0
    while end < data.size:
        end = word_end(data, end, data.size, pattern, classes)
        ends[count] = end
        count += 1
    return count
