"""Children's stories in Brazilian Portuguese, as many as asked for, from a grammar: contos.stories(6000).

A story is a plot (a sequence of scenes) told with words drawn for its slots. Train, validation and test have different
plots made of the same scenes and the same words, so what a model learns on train can serve on the others, and only
that: at least 98 % of the words of validation and test texts occur in train texts.
"""

from collections.abc import Iterator
from functools import cache

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.contos import lexicon
from tinyllm.data.corpora.contos.adventures import ADVENTURES
from tinyllm.data.corpora.contos.beginnings import BEGINNINGS
from tinyllm.data.corpora.contos.endings import ENDINGS
from tinyllm.data.corpora.contos.plots import PLOTS, Plot
from tinyllm.data.corpora.contos.troubles import TROUBLES
from tinyllm.data.corpora.drawing import Draw, check_split, numbers
from tinyllm.data.corpora.template import Memory, Template, Word, activity, adjective, compile_template, noun, render

WORLDS = ("gente", "bichos")
SCENES = BEGINNINGS | TROUBLES | ADVENTURES | ENDINGS
MINIMUM_WORDS, MAXIMUM_WORDS = 70, 160


def stories(count: int, *, split: str = "train", seed: int = 0) -> Iterator[str]:
    """The first `count` stories of a split, one by one. Story i depends only on (seed, split, i).

    Raises UsageError for a negative count or an unknown split, at the call and not at the first story.
    """
    return (story(index, split=split, seed=seed) for index in numbers(count, split, "contos"))


def story(index: int, *, split: str = "train", seed: int = 0) -> str:
    """Story number `index` of a split: 70 to 160 words, one paragraph or turn of dialogue a line."""
    source = source_of(split, seed, index)
    plot = draw_plot(source, split)
    while True:
        text, _ = told(plot, source)
        if MINIMUM_WORDS <= len(text.split()) <= MAXIMUM_WORDS:
            return text


def plot_of(split: str, seed: int, index: int) -> str:
    """The name of the plot that story `index` tells."""
    check_split(split, "contos")
    return draw_plot(source_of(split, seed, index), split).name


def source_of(split: str, seed: int, index: int) -> Draw:
    """The randomness of one story."""
    return Draw(seed, split, index)


def draw_plot(source: Draw, split: str) -> Plot:
    return source.choose(PLOTS[split])


def told(plot: Plot, source: Draw) -> tuple[str, "StoryMemory"]:
    """One telling of a plot: a world, a memory, and its scenes in order; and the memory, which knows who is in it."""
    world = source.choose(WORLDS)
    memory = StoryMemory(source, lambda category: entries(category, world), plot.categories)
    return "\n".join([render(memory.prefer(scene(name)), memory) for name in plot.scenes]), memory


class StoryMemory(Memory):
    """A memory that also casts characters: a kind of person or animal gets a name of its own gender."""

    def __missing__(self, slot: str) -> Word:
        if slot == "both":
            self[slot] = pair(self["hero"], self["friend"])
        elif slot in ("hero", "friend"):
            self[slot] = self.cast(slot)
        else:
            super().__missing__(slot)
        return self[slot]

    def cast(self, role: str) -> Word:
        kind = self.fresh(self.lexicon(role))
        name = self.fresh(names(kind.agreement))
        newcomer = NEWCOMERS.get(kind.text, kind.text)
        return Word(name.text, kind.agreement, {"kind": kind.text, "newcomer": newcomer})


NEWCOMERS = {"vizinho": "menino", "vizinha": "menina", "primo": "menino", "prima": "menina"}


def pair(first: Word, second: Word) -> Word:
    """'Ana e Davi': plural, and feminine only where both are."""
    both = grammar.FEMININE_SINGULAR
    feminine = first.agreement == both and second.agreement == both
    agreement = grammar.FEMININE_PLURAL if feminine else grammar.MASCULINE_PLURAL
    return Word(f"{first.text} e {second.text}", agreement)


@cache
def names(agreement: int) -> tuple[Word, ...]:
    row = lexicon.NAMES_FEMININE if agreement == grammar.FEMININE_SINGULAR else lexicon.NAMES_MASCULINE
    return tuple(Word(name, agreement) for name in split_row(row))


@cache
def entries(category: str, world: str) -> tuple:
    """The words of a category, made ready for the templates."""
    for table, make in (
        (lexicon.WORLD_NOUNS[world], noun),
        (lexicon.NOUNS, noun),
        (lexicon.ADJECTIVES, adjective),
        (lexicon.ACTIVITIES, activity),
        (lexicon.PHRASES, Word),
    ):
        if category in table:
            return tuple(make(entry) for entry in split_row(table[category]))
    raise KeyError(category)


@cache
def scene(name: str) -> tuple[Template, ...]:
    return tuple(compile_template(variant) for variant in SCENES[name])


def split_row(row: str) -> list[str]:
    return [entry.strip() for entry in row.split(",")]
