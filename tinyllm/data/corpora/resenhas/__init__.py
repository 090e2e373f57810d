"""Reviews in Brazilian Portuguese with a sentiment, as many as asked for: resenhas.labelled(2000).

A review of a film, a book, a restaurant, an appliance or a piece of clothing opens, argues twice and mostly ends in a
verdict. Its plot is its pair of arguments (concession and irony, say): train, validation and test have different pairs
of the same thirteen arguments. Half of the reviews are positive; a share of LABEL_NOISE of the labels is wrong on
purpose, in every split, as labels of people are: no classifier can be right more often than 1 - LABEL_NOISE.
"""

import itertools
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.drawing import SPLITS, Draw, check_split, numbers
from tinyllm.data.corpora.resenhas import lexicon
from tinyllm.data.corpora.resenhas.arguments import ARGUMENTS, VERDICTS
from tinyllm.data.corpora.template import Memory, Template, Word, compile_template, noun, render

LABELS = ("positiva", "negativa")
LABEL_NOISE = 0.03
SENTENCE_START = re.compile(r"(?:^|[.!?] )“?[a-zà-ÿ]")
EITHER = re.compile(r"<([^/>]*)/([^>]*)>")


class Review(NamedTuple):
    """A text, the sentiment it was written with, and the label it bears: the same but for noise."""

    text: str
    sentiment: str
    label: str


def reviews(count: int, *, split: str = "train", seed: int = 0) -> Iterator[str]:
    """The texts of the first `count` reviews of a split. Raises UsageError for a bad count or split."""
    return (text for text, _ in labelled(count, split=split, seed=seed))


def labelled(count: int, *, split: str = "train", seed: int = 0) -> Iterator[tuple[str, str]]:
    """(text, label) of the first `count` reviews of a split, the label "positiva" or "negativa"."""
    found = (review(index, split=split, seed=seed) for index in numbers(count, split, "resenhas"))
    return ((text, label) for text, _, label in found)


def review(index: int, *, split: str = "train", seed: int = 0) -> Review:
    """Review number `index` of a split: of each two neighbours, 2i and 2i + 1, one is positive and one negative."""
    check_split(split, "resenhas")
    first = Draw("resenhas", seed, split, "pair", index // 2).below(2)
    positive = (index + first) % 2 == 0
    draw = Draw("resenhas", seed, split, index)
    noisy = draw.random() < LABEL_NOISE
    return Review(write(draw_plot(draw, split), positive, draw), LABELS[not positive], LABELS[positive == noisy])


def plot_of(split: str, seed: int, index: int) -> str:
    """The name of the pair of arguments that review `index` makes."""
    check_split(split, "resenhas")
    draw = Draw("resenhas", seed, split, index)
    draw.random()
    return " + ".join(draw_plot(draw, split))


def plots() -> dict[str, list[tuple[str, str]]]:
    """The pairs of arguments of each split.

    With the arguments in a ring, validation has the pairs of neighbours and test those farthest apart, so that each
    argument stands twice in either; train has the rest.
    """
    found = {split: [] for split in SPLITS}
    for (i, first), (j, second) in itertools.combinations(enumerate(ARGUMENTS), 2):
        apart = min(j - i, len(ARGUMENTS) - (j - i))
        found[{1: "validation", len(ARGUMENTS) // 2: "test"}.get(apart, "train")].append((first, second))
    return found


PLOTS = plots()


def draw_plot(draw: Draw, split: str) -> tuple[str, str]:
    return draw.choose(PLOTS[split])


def write(plot: tuple[str, str], positive: bool, draw: Draw) -> str:
    """One review, in one line: an opening, both arguments in either order and, three times in four, a verdict."""
    domain = draw.choose(list(lexicon.DOMAINS))
    memory = ReviewMemory(draw, domain, positive)
    first, second = draw.some(plot, 2)
    moves = [lexicon.DOMAINS[domain]["openings"], ARGUMENTS[first], ARGUMENTS[second], VERDICTS]
    sentences = []
    for wordings in moves[: 3 + (draw.random() < 0.75)]:
        sentences.append(render(draw.choose(templates(wordings, positive)), memory))
        for slot in ("pro", "pro2", "fact", "detail"):
            memory.pop(slot, None)  # each argument has reasons of its own; what is conceded (con) stays the same
    return SENTENCE_START.sub(lambda match: match[0][:-1] + match[0][-1].upper(), " ".join(sentences))


@cache
def templates(wordings: tuple[str, ...], positive: bool) -> tuple[Template, ...]:
    """The wordings of a move, made ready for one sentiment."""
    return tuple(compile_template(EITHER.sub(r"\1" if positive else r"\2", text)) for text in wordings)


class ReviewMemory(Memory):
    """A memory that also finds reasons: clauses on an aspect of what is reviewed, for the verdict and against it."""

    def __init__(self, draw: Draw, domain: str, positive: bool):
        super().__init__(draw, lambda category: entries(domain, category), {"companion": "people", "witness": "people"})
        self.draw, self.positive = draw, positive
        phrases = (entry.split("=") for entry in lexicon.DOMAINS[domain]["phrases"].split())
        self.update({slot: Word(phrase.replace("_", " ")) for slot, phrase in phrases})

    def __missing__(self, slot: str) -> Word:
        category = slot.removesuffix("2")
        if category in ("pro", "con"):
            self[slot] = self.reason(good=self.positive == (category == "pro"))
        elif category in ("fact", "detail", "con_detail"):
            good = self.positive != category.startswith("con_")
            self[slot] = self.fresh(self.lexicon(("good " if good else "bad ") + category.removeprefix("con_")))
        else:
            super().__missing__(slot)
        return self[slot]

    def prefer(self, items):
        """Any item, all alike: a review has no favourite words."""
        return self.draw.choose(items)

    def reason(self, good: bool) -> Word:
        """What is said of an aspect that the review has not spoken of yet: as it is, or as the contrary denied."""
        aspect = self.fresh(self.lexicon("aspects"))
        quality, contrary = self.draw.choose(aspect.forms[good]), self.draw.choose(aspect.forms[not good])
        several = aspect.agreement in (grammar.MASCULINE_PLURAL, grammar.FEMININE_PLURAL)
        the, a = (grammar.agree(word)[aspect.agreement] for word in ("o", "um"))
        be = "são" if several else "é"
        article = "" if several else f"{a} "
        clause = self.draw.choose(
            (
                f"{the} {aspect.text} {be} {quality}",
                f"{the} {aspect.text} {be} {quality}",
                f"{the} {aspect.text} não {be} nada {contrary}",
                f"{the} {aspect.text} não {'têm' if several else 'tem'} nada de {contrary}",
            )
        )
        forms = {
            "name": aspect.text,
            "quality": quality,
            "contrary": contrary,
            "noun": f"{aspect.text} {quality}",
            "some": f"{article}{aspect.text} {quality}",
            "some_contrary": f"{article}{aspect.text} {contrary}",
            "seja": "sejam" if several else "seja",
            "fosse": "fossem" if several else "fosse",
        }
        return Word(clause, aspect.agreement, forms)


@cache
def entries(domain: str, category: str) -> tuple[Word, ...]:
    """The words of a category, made ready for the templates."""
    words = lexicon.DOMAINS[domain]
    if category == "aspects":
        return tuple(aspect(row) for row in words["aspects"])
    if category in ("kind", "people", "owner"):
        row = {"kind": words["kind"], "people": lexicon.PEOPLE, "owner": lexicon.OWNERS}[category]
        return tuple(noun(entry) for entry in row.split(", "))
    if category in lexicon.PHRASES:
        return tuple(Word(entry) for entry in lexicon.PHRASES[category].split(", "))
    return tuple(Word(entry) for entry in words[category])


def aspect(row: str) -> Word:
    """'o roteiro: ágil, original | confuso, raso' -> the noun, with what may be said of it: forms[True] is for."""
    name, _, qualities = row.partition(": ")
    good, bad = (tuple(side.split(", ")) for side in qualities.split(" | "))
    return noun(name)._replace(forms={True: good, False: bad})
