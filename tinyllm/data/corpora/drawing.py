"""What all corpora share: the three splits, and the randomness of one text."""

import random
import zlib
from collections.abc import Sequence

from tinyllm.errors import UsageError

SPLITS = ("train", "validation", "test")


def check_split(split: str, corpus: str) -> None:
    if split not in SPLITS:
        raise UsageError(f"no split {split!r} in {corpus}; choose one of {', '.join(SPLITS)}")


def numbers(count: int, split: str, corpus: str) -> range:
    """0 ... count - 1. Raises UsageError for a negative count or an unknown split, at the call."""
    check_split(split, corpus)
    if count < 0:
        raise UsageError(f"{count} texts of {corpus} cannot be written; ask for 0 or more")
    return range(count)


def split_of(content: str) -> str:
    """The split a content belongs to, by its checksum: of a hundred, about 80, 10 and 10."""
    fate = zlib.crc32(content.encode()) % 10
    return SPLITS[max(0, fate - 7)]


class Draw:
    """The randomness of one text. It asks for nothing but random(), which gives the same numbers in every Python."""

    def __init__(self, *name):
        self.random = random.Random("/".join(map(str, name))).random

    def below(self, limit: int) -> int:
        """A whole number of 0 ... limit - 1."""
        return int(self.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number of low ... high."""
        return low + self.below(high - low + 1)

    def choose(self, items: Sequence):
        return items[self.below(len(items))]

    def some(self, items: Sequence, count: int) -> list:
        """`count` different items, in an order of their own (Fisher & Yates 1938)."""
        rest = list(items)
        return [rest.pop(self.below(len(rest))) for _ in range(count)]
