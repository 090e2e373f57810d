"""Natural prose that nothing is trained on: short texts written by hand, in many registers, to measure a model with.

The file prosa.txt holds them one after the other: a line `# register: title`, the text, an empty line.
"""

from functools import cache
from importlib import resources
from typing import NamedTuple


class Prose(NamedTuple):
    """A text, one paragraph or turn of dialogue a line, with its register and title."""

    register: str
    title: str
    text: str


@cache
def texts() -> tuple[Prose, ...]:
    """All of them, in the order of the file."""
    content = (resources.files(__package__) / "prosa.txt").read_text(encoding="utf-8")
    return tuple(read(part) for part in content.strip().split("\n\n"))


def read(part: str) -> Prose:
    heading, _, text = part.partition("\n")
    register, _, title = heading.removeprefix("# ").partition(": ")
    return Prose(register, title, text)
