"""What a child reads: six stories of contos, then a page of cartilha, and so on: leituras.texts(7000)."""

from collections.abc import Iterator

from tinyllm.data.corpora import cartilha, contos
from tinyllm.data.corpora.drawing import numbers

EVERY = 7  # texts, of which the last is a page


def texts(count: int, *, split: str = "train", seed: int = 0) -> Iterator[str]:
    """The first `count` texts of a split. Text i depends only on (seed, split, i).

    Raises UsageError for a negative count or an unknown split, at the call.
    """
    return (text(index, split=split, seed=seed) for index in numbers(count, split, "leituras"))


def text(index: int, *, split: str = "train", seed: int = 0) -> str:
    """Text number `index` of a split, a story or a page."""
    turn, place = divmod(index, EVERY)
    if place == EVERY - 1:
        return cartilha.page(turn, split=split, seed=seed)
    return contos.story(turn * (EVERY - 1) + place, split=split, seed=seed)
