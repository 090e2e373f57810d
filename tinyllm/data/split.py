"""Training, validation and test, without leakage: no text of one part is nearly a text of another.

The part of a text is drawn by a hash of its words, or of the name of its group (a book, a file), never by its place or
by a random number: the same text falls into the same part whatever stands around it, and texts added at the end move
none of those before them. A text that is near to an earlier one follows it.
"""

import collections
import hashlib

from tinyllm.data.dedup import NearIndex, text_hash
from tinyllm.errors import UsageError

SPLITS = ("train", "validation", "test")


def split_of(key, *, held_out):
    """bytes -> split: a share `held_out` of all keys gives test, as many again validation, the others train."""
    if not 0 < held_out < 0.5:
        raise UsageError(f"held_out={held_out} must be above 0 and below 0.5; 0.05 gives 5 % to each of two splits")
    place = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") / 2**64  # evenly in 0..1
    return "test" if place < held_out else "validation" if place < 2 * held_out else "train"


class SplitReport:
    """Where the texts went: how many in each split, and how many were dropped, being near to texts of another."""

    def __init__(self):
        self.read = self.leaks = 0
        self.kept = collections.Counter(dict.fromkeys(SPLITS, 0))


def split(texts, *, held_out, threshold, report):
    """Iterable of (group or None, text) -> generator of (split, text). What happens is added to the `SplitReport`.

    Texts of one group, a str, go together; a text of none goes with an earlier one to which its similarity reaches the
    threshold. A text that is near to texts of two splits, or to one of a split that is not its group's, is dropped.
    """
    index, splits = NearIndex(threshold=threshold), []
    for group, text in texts:
        report.read += 1
        signature = index.signature(text)
        near = {splits[number] for number in index.near(signature)}
        if group is None and len(near) == 1:
            (where,) = near
        else:
            where = split_of(text_hash(text) if group is None else group.encode(), held_out=held_out)
        if near - {where}:
            report.leaks += 1
            continue
        index.add(signature)
        splits.append(where)
        report.kept[where] += 1
        yield where, text
