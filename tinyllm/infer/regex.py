"""Regular expressions as automata over the bytes of UTF-8: what a text may go on with, byte by byte.

A pattern is parsed, each part becomes states and arrows of an automaton (Thompson 1968), and of those the sets that
can be reached together are the states that are walked (Rabin & Scott 1959), each made when it is first needed. No set
is a dead end: from every state of the first automaton the end can be reached.

It is the language of Python's `re.fullmatch` for text without flags: literals, `.`, classes, `\\d \\w \\s` and their
opposites, groups, `|`, and `* + ? {m} {m,} {m,n}`, also lazy, which matches the same texts. `^` may stand at the
beginning and `$` at the end. Look-around, references, `\\b` and flags are refused.
"""

import functools
import itertools
import sys
from typing import NamedTuple

import numpy as np

from tinyllm.errors import UsageError, shown

MOST_COPIES = 1000  # of a part that is repeated so many times
MOST_STATES = 50_000  # of the first automaton
DEEPEST = 100  # groups inside each other
ANY = ((0, 9), (11, 0x10FFFF))
SURROGATES = 0xD800, 0xDFFF  # which are no characters
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
HEXADECIMAL = {"x": 2, "u": 4, "U": 8}
WHOLE = {"d": str.isdecimal, "w": lambda c: c.isalnum() or c == "_", "s": str.isspace}
NO_WAY = np.iinfo(np.int32).max  # bytes to the end from where it cannot be reached


class Chars(NamedTuple):
    """One of the characters of some ranges of code points."""

    ranges: tuple


class Row(NamedTuple):
    """One part after the other; none is the empty text."""

    parts: tuple


class Choice(NamedTuple):
    """One of the parts."""

    parts: tuple


class Repeat(NamedTuple):
    """A part at least and at most so many times, without a limit if `most` is None."""

    part: object
    least: int
    most: int | None


# ------------------------------------------------------------------------------------------------------------- parsing


class Parser:
    """Reads one pattern, from left to right."""

    def __init__(self, pattern):
        self.pattern, self.place, self.depth = pattern, 0, 0

    def refuse(self, what):
        raise UsageError(f"regex {shown(self.pattern)}: {what} at character {self.place + 1}")

    def peek(self, text):
        return self.pattern.startswith(text, self.place)

    def take(self, text):
        found = self.peek(text)
        self.place += len(text) * found
        return found

    def next(self):
        if self.place == len(self.pattern):
            self.refuse("something is missing")
        self.place += 1
        return self.pattern[self.place - 1]

    def whole(self):
        self.take("^")
        found = self.choice()
        if self.place < len(self.pattern):
            self.refuse("a ) without its (")
        return found

    def choice(self):
        parts = [self.row()]
        while self.take("|"):
            parts.append(self.row())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def row(self):
        parts = []
        while self.place < len(self.pattern) and not self.peek("|") and not self.peek(")"):
            if self.peek("$") and self.place == len(self.pattern) - 1:
                self.place += 1
                break
            parts.append(self.repeated(self.atom()))
        return Row(tuple(parts))

    def repeated(self, part):
        marks = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        counts = next((counts for mark, counts in marks.items() if self.take(mark)), None) or self.counts()
        if counts is None:
            return part
        self.take("?")  # lazy
        if (self.place < len(self.pattern) and self.pattern[self.place] in "*+?") or self.counts_follow():
            self.refuse("a repetition of a repetition; put the first in ( )")
        return Repeat(part, *counts)

    def counts_follow(self):
        place, found = self.place, self.counts()
        self.place = place
        return found is not None

    def counts(self):
        """(least, most) of {m}, {m,}, {,n} or {m,n}, if they come next; else a brace stands for itself, as in `re`."""
        end = self.pattern.find("}", self.place)
        if not self.peek("{") or end < 0:
            return None
        least, comma, most = self.pattern[self.place + 1 : end].partition(",")
        if not (least + most).isascii() or not (least + most).isdigit() or (not comma and not least):
            return None
        if (least and not least.isdigit()) or (most and not most.isdigit()):
            return None
        found = int(least or 0), (int(most) if most else None) if comma else int(least)
        if max(found[0], found[1] or 0) > MOST_COPIES:
            self.refuse(f"a repetition of more than {MOST_COPIES} times")
        if found[1] is not None and found[0] > found[1]:
            self.refuse(f"at least {found[0]} and at most {found[1]}")
        self.place = end + 1
        return found

    def atom(self):
        c = self.next()
        if c == "(":
            if self.take("?") and not self.take(":"):
                self.refuse("a group with ?, of which only (?: is understood,")
            self.depth += 1
            if self.depth > DEEPEST:
                self.refuse(f"more than {DEEPEST} groups inside each other")
            found = self.choice()
            if not self.take(")"):
                self.refuse("a ( without its )")
            self.depth -= 1
            return found
        if c == "[":
            return self.bracket()
        if c == ".":
            return Chars(ANY)
        if c == "\\":
            return Chars(self.escape(in_class=False))
        if c in "*+?^$":
            self.place -= 1
            self.refuse(f"{c} where nothing can be repeated or anchored")
        return Chars(((ord(c), ord(c)),))

    def escape(self, *, in_class):
        c = self.next()
        if c.lower() in WHOLE:
            found = of_kind(c.lower())
            return found if c.islower() else others(found)
        if c in LETTERS and not (c == "0" and self.place < len(self.pattern) and self.pattern[self.place].isdigit()):
            return ((ord(LETTERS[c]),) * 2,)
        if c == "b" and in_class:
            return ((8, 8),)
        if c in HEXADECIMAL:
            digits = self.pattern[self.place : self.place + HEXADECIMAL[c]]
            self.place += len(digits)
            try:
                code = int(digits, 16)
            except ValueError:
                code = -1
            if len(digits) < HEXADECIMAL[c] or not 0 <= code <= 0x10FFFF:
                self.refuse(f"\\{c} without {HEXADECIMAL[c]} hexadecimal digits of a character")
            return ((code, code),)
        if c.isascii() and c.isalnum():
            self.refuse(f"\\{c}, which is not understood,")
        return ((ord(c), ord(c)),)

    def bracket(self):
        negated, found, first = self.take("^"), [], True
        while first or not self.take("]"):
            first, low = False, self.member()
            if self.peek("-") and not self.pattern.startswith("-]", self.place):
                self.place += 1
                high = self.member()
                if any(len(side) > 1 or side[0][0] != side[0][1] for side in (low, high)) or low[0][0] > high[0][0]:
                    self.refuse("a range that is none")
                low = ((low[0][0], high[0][0]),)
            found += low
        return Chars(others(tuple(found)) if negated else joined(found))

    def member(self):
        c = self.next()
        return self.escape(in_class=True) if c == "\\" else ((ord(c), ord(c)),)


def parse(pattern):
    """A pattern -> its parts. Raises UsageError for what is wrong in it or not understood."""
    return Parser(pattern).whole()


def joined(ranges):
    """Ranges in any order -> the same characters in ranges that ascend and do not touch."""
    found = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return tuple(found)


def others(ranges):
    """The ranges of all other characters."""
    ends = [-1, *(end for low, high in joined(ranges) for end in (low, high)), 0x110000]
    gaps = zip(ends[::2], ends[1::2], strict=True)
    return tuple((before + 1, after - 1) for before, after in gaps if before + 1 <= after - 1)


@functools.cache
def of_kind(letter):
    """The ranges of what \\d, \\w or \\s stands for."""
    belongs = WHOLE[letter]
    return joined((code, code) for code in range(sys.maxunicode + 1) if belongs(chr(code)))


# ------------------------------------------------------------------------------------------------ the first automaton


class Arrows:
    """States with arrows: `free[s]` are states that s is too, `by_byte[s]` is [(lowest byte, highest, state)]."""

    def __init__(self):
        self.free, self.by_byte = [], []

    def new(self):
        if len(self.free) == MOST_STATES:
            raise UsageError(f"the constraint needs more than {MOST_STATES} states; make it simpler, or repeat it less")
        self.free.append([])
        self.by_byte.append([])
        return len(self.free) - 1

    def put(self, part, start, end):
        """Lead from `start` to `end` by what a part matches."""
        if isinstance(part, Chars):
            self.put_chars(part, start, end)
        elif isinstance(part, Choice):
            for one in part.parts:
                self.put(one, start, end)
        elif isinstance(part, Row):
            for one in part.parts[:-1]:
                start, before = self.new(), start
                self.put(one, before, start)
            if part.parts:
                self.put(part.parts[-1], start, end)
            else:
                self.free[start].append(end)
        else:
            self.put_repeat(part, start, end)

    def put_repeat(self, part, start, end):
        for _ in range(part.least):
            start, before = self.new(), start
            self.put(part.part, before, start)
        if part.most is None:
            again = self.new()
            self.free[start].append(again)
            self.put(part.part, again, again)
            self.free[again].append(end)
            return
        for _ in range(part.most - part.least):
            self.free[start].append(end)
            start, before = self.new(), start
            self.put(part.part, before, start)
        self.free[start].append(end)

    def put_chars(self, part, start, end):
        rows = [row for low, high in part.ranges for row in of_utf8(low, high)]
        if not rows:
            raise UsageError("a class of the regex holds no character; no text can match it")
        known = {}  # {what is left of some rows of ranges: the state that leads from there to the end}

        def state_of(left):
            if left == ((),):
                return end
            if left not in known:
                known[left] = self.new()
                self.lead(known[left], left, state_of)
            return known[left]

        self.lead(start, tuple(rows), state_of)

    def lead(self, state, rows, state_of):
        by_first = {}
        for first, *left in rows:
            by_first.setdefault(first, []).append(tuple(left))
        self.by_byte[state] += [(*first, state_of(tuple(left))) for first, left in by_first.items()]


def of_utf8(low, high):
    """Characters from `low` to `high` -> rows of ranges of bytes, one range for each byte of their UTF-8."""
    for limit in (0x7F, 0x7FF, SURROGATES[0] - 1, SURROGATES[1], 0xFFFF):
        if low <= limit < high:
            return of_utf8(low, limit) + of_utf8(limit + 1, high)
    if SURROGATES[0] <= low <= SURROGATES[1]:
        return []
    if high > 0x7F:
        for bits in (6, 12, 18):
            rest = (1 << bits) - 1
            if low & ~rest != high & ~rest:
                if low & rest:
                    return of_utf8(low, low | rest) + of_utf8((low | rest) + 1, high)
                if high & rest != rest:
                    return of_utf8(low, (high & ~rest) - 1) + of_utf8(high & ~rest, high)
    return [tuple(zip(chr(low).encode(), chr(high).encode(), strict=True))]


# ----------------------------------------------------------------------------------------------------------- walking it


class Regex:
    """An automaton over bytes: `start`, and of each state `row(state)`, (256,) of where each byte leads, -1 for
    nowhere, `accepts(state)` and `fewest(state)`, the bytes of the shortest way to an end.

    Raises UsageError for a pattern that is wrong, not understood or too large.
    """

    def __init__(self, pattern):
        self.walk(parse(pattern))

    def walk(self, part):
        """Be the automaton of a part."""
        self.arrows = Arrows()
        start, self.end = self.arrows.new(), self.arrows.new()
        self.arrows.put(part, start, self.end)
        self.to_end = self.distances()
        self.sets, self.numbers, self.rows = [], {}, {}
        self.start = self.number({start})

    def distances(self):
        """Of each state of the first automaton, the fewest bytes to the end."""
        found = np.full(len(self.arrows.free), NO_WAY, np.int64)
        found[self.end] = 0
        before = [[] for _ in found]  # of each state, (state before it, bytes between them)
        for state, others in enumerate(self.arrows.free):
            for other in others:
                before[other].append((state, 0))
        for state, ways in enumerate(self.arrows.by_byte):
            for *_, other in ways:
                before[other].append((state, 1))
        level = [self.end]
        while level:  # all states at one distance, then those a byte farther
            following = []
            for state in level:
                for other, bytes in before[state]:
                    if found[other] > found[state] + bytes:
                        found[other] = found[state] + bytes
                        (following if bytes else level).append(other)
            level = following
        return found

    def number(self, states):
        """The number of a set of states, with those that they are too."""
        waiting, whole = list(states), set(states)
        while waiting:
            for other in self.arrows.free[waiting.pop()]:
                if other not in whole:
                    whole.add(other)
                    waiting.append(other)
        key = frozenset(whole)
        if key not in self.numbers:
            self.numbers[key] = len(self.sets)
            self.sets.append(key)
        return self.numbers[key]

    def row(self, state):
        if state not in self.rows:
            ways = [way for one in self.sets[state] for way in self.arrows.by_byte[one]]
            cuts = sorted({cut for low, high, _ in ways for cut in (low, high + 1)})
            found = np.full(256, -1, np.int64)
            for low, above in itertools.pairwise(cuts):
                reached = {other for first, last, other in ways if first <= low <= last}
                if reached:
                    found[low:above] = self.number(reached)
            self.rows[state] = found
        return self.rows[state]

    def accepts(self, state):
        return self.end in self.sets[state]

    def fewest(self, state):
        return int(min(self.to_end[one] for one in self.sets[state]))


class Choices(Regex):
    """The automaton of a few texts, one of which is to be written."""

    def __init__(self, texts):
        if not texts or "" in texts:
            raise UsageError("there must be a text to choose, and none may be empty")
        self.walk(Choice(tuple(Row(tuple(Chars(((ord(c), ord(c)),)) for c in text)) for text in texts)))
