"""Grammars as automata over the bytes of UTF-8: what a text may go on with, where rules may call themselves.

The notation is the EBNF of the W3C (XML 1.0, section 6). A rule is `name ::= expression`; the first is where a text
begins. An expression is made of "text" or 'text' (without escapes; "" is the empty text), #xN for the character of a
hexadecimal number, classes [a-z#x20] and [^…], names of rules, groups ( ), alternatives |, one part after the other,
and ? * + behind a part. /* comments */ may stand anywhere. Differences (A - B) are refused. So are rules that are
unknown, told twice, never used or without an end: then no text is the beginning of nothing.

It is read by sets of items (Earley 1970): an item is a place in a rule and the set in which that rule began. Sets with
the same items have the same future and are one state, each made when it is first needed. Left recursion and
ambiguity need no care: no item stands twice in a set.
"""

import heapq
import itertools
import re
from typing import NamedTuple

import numpy as np

from tinyllm.errors import UsageError, shown
from tinyllm.infer.regex import DEEPEST, NO_WAY, SURROGATES, Arrows, Chars, Choice, Repeat, Row, joined, others

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
BLANK = re.compile(r"(?:\s|/\*.*?\*/)*", re.DOTALL)
CODE = re.compile(r"#x([0-9A-Fa-f]+)")
DEFINES = "::="
MARKS = {"?": (0, 1), "*": (0, None), "+": (1, None)}
HERE = -1  # of an item whose rule begins in the set in which the item stands


class Call(NamedTuple):
    """What a rule stands for."""

    rule: str


# ------------------------------------------------------------------------------------------------------------- parsing


class Parser:
    """Reads one grammar, from left to right. `rules` is {name: (part, line)}, `uses` {name: line of the first}."""

    def __init__(self, text, name):
        self.text, self.name, self.place, self.depth = text, name, 0, 0
        self.rules, self.uses = {}, {}
        self.skip()

    def refuse(self, what, line=None):
        line = line or self.text.count("\n", 0, self.place) + 1
        raise UsageError(f"{self.name}, line {line}: {what}")

    def skip(self):
        self.place = BLANK.match(self.text, self.place).end()
        if self.peek("/*"):
            self.refuse("a comment /* without its */")

    def peek(self, text):
        return self.text.startswith(text, self.place)

    def take(self, text):
        """Whether a text comes next; behind it and what is blank, if it does."""
        found = self.peek(text)
        if found:
            self.place += len(text)
            self.skip()
        return found

    def whole(self):
        """The rules, each checked."""
        while self.place < len(self.text):
            line = self.text.count("\n", 0, self.place) + 1
            name = self.defined()
            if not name:
                self.refuse(f"{self.next_word()} where a rule should begin; write it as: name {DEFINES} expression")
            if name in self.rules:
                self.refuse(f"a second rule {name}; the first is in line {self.rules[name][1]}; join them by |")
            self.rules[name] = self.choice(), line
        if not self.rules:
            self.refuse(f"there is no rule; write one as: name {DEFINES} expression")
        for name, line in self.uses.items():
            if name not in self.rules:
                self.refuse(f"there is no rule {name}; there are {', '.join(list(self.rules)[:9])}", line)
        self.check_reached()

    def check_reached(self):
        waiting = [next(iter(self.rules))]
        reached = set(waiting)
        while waiting:
            called = set(calls_in(self.rules[waiting.pop()][0])) - reached
            reached |= called
            waiting += called
        for name, (_, line) in self.rules.items():
            if name not in reached:
                self.refuse(f"no text needs rule {name}; the first rule is where one begins; leave {name} out", line)

    def next_word(self):
        return (
            shown(self.text[self.place : self.place + 12].split("\n")[0]) if self.place < len(self.text) else "the end"
        )

    def defined(self):
        """The name of the rule that begins here, and behind its ::=; else None, and nowhere else."""
        place, name = self.place, NAME.match(self.text, self.place)
        if name:
            self.place = name.end()
            self.skip()
            if self.take(DEFINES):
                return name[0]
        self.place = place
        return None

    def at_end(self):
        if self.place == len(self.text) or self.peek("|") or self.peek(")"):
            return True
        place, found = self.place, self.defined()
        self.place = place
        return found is not None

    def choice(self):
        parts = [self.row()]
        while self.take("|"):
            parts.append(self.row())
        if self.peek(")") and not self.depth:
            self.refuse("a ) without its (")
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def row(self):
        parts = []
        while not self.at_end():
            parts.append(self.repeated(self.atom()))
        if not parts:
            self.refuse(f'nothing stands before {self.next_word()}; write "" for the empty text')
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def repeated(self, part):
        for mark, counts in MARKS.items():
            if self.take(mark):
                if any(map(self.peek, MARKS)):
                    self.refuse("a repetition of a repetition; put the first in ( )")
                return Repeat(part, *counts)
        return part

    def atom(self):
        if self.take("("):
            self.depth += 1
            if self.depth > DEEPEST:
                self.refuse(f"more than {DEEPEST} groups inside each other; make rules of some")
            found = self.choice()
            if not self.take(")"):
                self.refuse("a ( without its )")
            self.depth -= 1
            return found
        found = self.peek('"') or self.peek("'")
        part = self.literal() if found else self.bracket() if self.peek("[") else self.named()
        self.skip()
        return part

    def literal(self):
        end = self.text.find(self.text[self.place], self.place + 1)
        inside = self.text[self.place + 1 : end]
        if end < 0 or "\n" in inside:
            self.refuse(f"a {self.text[self.place]} without its other in the same line")
        self.place = end + 1
        return Row(tuple(Chars(((ord(c), ord(c)),)) for c in inside))

    def named(self):
        if name := NAME.match(self.text, self.place):
            self.uses.setdefault(name[0], self.text.count("\n", 0, self.place) + 1)
            self.place = name.end()
            return Call(name[0])
        if self.peek("#x"):
            code = self.member()
            return Chars(((code, code),))
        if self.peek("-"):
            self.refuse("a difference ( - ), which is not understood; write a class [^…], or - in quotes")
        self.refuse(f"{self.next_word()} is not understood; text stands in quotes")

    def bracket(self):
        begin, self.place = self.place, self.place + 1
        negated, found = self.peek("^"), []
        self.place += negated
        while not self.peek("]"):
            low = high = self.member()
            if self.peek("-") and not self.peek("-]"):
                self.place += 1
                high = self.member()
            if low > high:
                self.refuse(f"a range that is none, from #x{low:X} to #x{high:X}")
            found.append((low, high))
        self.place += 1
        ranges = others(tuple(found)) if negated else joined(found)
        if not found or not others((*others(ranges), SURROGATES)):
            self.place = begin
            self.refuse(f"the class {self.next_word()} holds no character; ] in one is #x5D")
        return Chars(ranges)

    def member(self):
        """The code point of one character, or of #xN."""
        if self.place == len(self.text) or self.peek("\n"):
            self.refuse("a [ without its ] in the same line; ] in a class is #x5D, and a new line #xA")
        if self.peek("#x"):
            code = CODE.match(self.text, self.place)
            number = int(code[1], 16) if code and len(code[1]) < 9 else -1
            if not 0 <= number <= 0x10FFFF or SURROGATES[0] <= number <= SURROGATES[1]:
                self.refuse(f"{self.next_word()} is no character; the last is #x10FFFF, and #x23 is # itself")
            self.place = code.end()
            return number
        self.place += 1
        return ord(self.text[self.place - 1])


def calls_in(part):
    """Yield the names of the rules that a part calls."""
    if isinstance(part, Call):
        yield part.rule
    elif isinstance(part, Repeat):
        yield from calls_in(part.part)
    elif not isinstance(part, Chars):
        for one in part.parts:
            yield from calls_in(one)


def fewest_bytes(part, of_rule):
    """The bytes of the shortest text of a part, where those of the rules are known; NO_WAY if there is none."""
    if isinstance(part, Call):
        return of_rule[part.rule]
    if isinstance(part, Chars):
        return len(chr(part.ranges[0][0]).encode("utf-8", "surrogatepass"))
    if isinstance(part, Repeat):
        return part.least * fewest_bytes(part.part, of_rule)
    found = [fewest_bytes(one, of_rule) for one in part.parts]
    if isinstance(part, Choice):
        return min(found)
    return NO_WAY if NO_WAY in found else min(sum(found), NO_WAY - 1)


def shortest(rules):
    """{rule: the bytes of its shortest text}, NO_WAY of one that has no end."""
    found, changed = dict.fromkeys(rules, NO_WAY), True
    while changed:
        now = {name: fewest_bytes(part, found) for name, (part, _) in rules.items()}
        found, changed = now, now != found
    return found


# ----------------------------------------------------------------------------------------------------------- walking it


class Net(Arrows):
    """The arrows of all rules: `calls[s]` is [(rule, state behind its text)], `rule[s]` the rule of a state, `starts`
    and `ends` the two states of each."""

    def __init__(self, rules):
        super().__init__()
        self.calls, self.rule, self.starts, self.ends = [], [], {}, {}
        for self.current, (part, _) in rules.items():
            start, end = self.new(), self.new()
            self.starts[self.current], self.ends[end] = start, self.current
            self.put(part, start, end)

    def new(self):
        self.calls.append([])
        self.rule.append(self.current)
        return super().new()

    def put(self, part, start, end):
        if isinstance(part, Call):
            self.calls[start].append((part.rule, end))
        else:
            super().put(part, start, end)

    def distances(self, of_rule):
        """Of each state, the fewest bytes to the end of its rule."""
        before = [[] for _ in self.free]  # of each state, (state before it, bytes between them)
        for state, (free, by_byte, calls) in enumerate(zip(self.free, self.by_byte, self.calls, strict=True)):
            for other, bytes in (
                *((other, 0) for other in free),
                *((other, 1) for *_, other in by_byte),
                *((other, of_rule[rule]) for rule, other in calls),
            ):
                before[other].append((state, bytes))
        found, waiting = [NO_WAY] * len(self.free), [(0, end) for end in self.ends]
        while waiting:  # the nearest first (Dijkstra 1959)
            far, state = heapq.heappop(waiting)
            if far < found[state]:
                found[state] = far
                for other, bytes in before[state]:
                    heapq.heappush(waiting, (far + bytes, other))
        return found


class Grammar:
    """An automaton as `regex.Regex`, of what the text of a grammar says; `name` is said where one is refused.

    Raises UsageError for a grammar that is wrong, not understood or too large.
    """

    def __init__(self, text, name="grammar"):
        parser = Parser(text, name)
        parser.whole()
        self.of_rule = shortest(parser.rules)
        for rule, (_, line) in parser.rules.items():
            if self.of_rule[rule] == NO_WAY:
                parser.refuse(
                    f"rule {rule} has no end, as it always calls a rule that has none; give another way", line
                )
        self.net = Net(parser.rules)
        self.first = next(iter(parser.rules))
        self.to_end = self.net.distances(self.of_rule)
        self.sets, self.callers, self.behind, self.numbers, self.rows = [], [], [], {}, {}
        self.start = self.number(frozenset([(self.net.starts[self.first], HERE)]))

    def number(self, items):
        """The number of a set of items, (state, number of the set where its rule began), with those that follow."""
        if items not in self.numbers:
            whole = self.whole(items)
            if whole not in self.numbers:
                self.numbers[whole] = len(self.sets)
                self.sets.append(whole)
                self.callers.append(self.calls(whole))
                self.behind.append(self.bytes_behind())
            self.numbers[items] = self.numbers[whole]
        return self.numbers[items]

    def whole(self, items):
        """The items with those that need no byte more: rules that begin, and those that go on where one has ended."""
        net, waiting, found = self.net, list(items), set(items)
        while waiting:
            state, begun = waiting.pop()
            following = [(other, begun) for other in net.free[state]]
            for rule, after in net.calls[state]:
                following.append((net.starts[rule], HERE))
                if not self.of_rule[rule]:  # it may be empty, and has ended too (Aycock & Horspool 2002)
                    following.append((after, begun))
            if state in net.ends and begun != HERE:
                following += self.callers[begun].get(net.ends[state], ())
            for item in following:
                if item not in found:
                    found.add(item)
                    waiting.append(item)
        return frozenset(item for item in found if self.leads(*item))

    def leads(self, state, begun):
        """Whether an item is more than a step to others that are known."""
        last = self.net.ends.get(state) == self.first and begun in (HERE, 0)
        return last or self.net.by_byte[state] or self.net.calls[state]

    def calls(self, items):
        """{rule: the items that go on behind it}, of the set that is made now."""
        found = {}
        for state, begun in items:
            for rule, after in self.net.calls[state]:
                found.setdefault(rule, []).append((after, len(self.sets) - 1 if begun == HERE else begun))
        return found

    def bytes_behind(self):
        """{rule: the fewest bytes from its end to that of the text, if it began in the last set}."""
        number, callers = len(self.sets) - 1, self.callers[-1]
        found = dict.fromkeys(callers, NO_WAY) | ({self.first: 0} if number == 0 else {})
        changed = True
        while changed:
            changed = False
            for rule, items in callers.items():
                for state, begun in items:
                    behind = found if begun == number else self.behind[begun]
                    far = self.to_end[state] + behind[self.net.rule[state]]
                    if far < found[rule]:
                        found[rule], changed = far, True
        return found

    def row(self, state):
        if state not in self.rows:
            ways = [
                (low, high, (other, state if begun == HERE else begun))
                for one, begun in self.sets[state]
                for low, high, other in self.net.by_byte[one]
            ]
            cuts = sorted({cut for low, high, _ in ways for cut in (low, high + 1)})
            found = np.full(256, -1, np.int64)
            for low, above in itertools.pairwise(cuts):
                reached = frozenset(item for first, last, item in ways if first <= low <= last)
                if reached:
                    found[low:above] = self.number(reached)
            self.rows[state] = found
        return self.rows[state]

    def accepts(self, state):
        return self.fewest(state) == 0

    def fewest(self, state):
        behind = self.behind[state]
        return min(
            NO_WAY - 1,
            *(self.to_end[one] + (behind if begun == HERE else self.behind[begun])[self.net.rule[one]]
              for one, begun in self.sets[state]),
        )  # fmt: skip
