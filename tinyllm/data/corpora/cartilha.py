"""A primer: pages of plain sentences in both numbers, both genders and all persons: cartilha.pages(1000).

The stories say little of more than one girl or boy at a time; who reads nothing else never learns that "as meninas
correram". Here every construction of which the pairs of concordancia ask comes up as often as any other, in sentences
of which no pair is made. Those of train, validation and test differ.
"""

from collections.abc import Iterator

from tinyllm.data.corpora import concordancia
from tinyllm.data.corpora.drawing import Draw, numbers

HEADING, SENTENCES = "Vamos ler!", 10  # of a page


def pages(count: int, *, split: str = "train", seed: int = 0) -> Iterator[str]:
    """The first `count` pages of a split. Page i depends only on (seed, split, i).

    Raises UsageError for a negative count or an unknown split, at the call.
    """
    return (page(index, split=split, seed=seed) for index in numbers(count, split, "cartilha"))


def page(index: int, *, split: str = "train", seed: int = 0) -> str:
    """Page number `index` of a split: the heading, and ten sentences, one a line."""
    draw, names = Draw("cartilha", seed, split, index), tuple(concordancia.PHENOMENA)
    return "\n".join([HEADING, *(concordancia.drawn(draw.choose(names), draw, split).right for _ in range(SENTENCES))])


def is_page(text: str) -> bool:
    """Whether a text that a model wrote is meant as a page, and not as a story."""
    return text.lstrip().startswith(HEADING)
