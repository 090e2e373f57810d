"""Questions and instructions in Brazilian Portuguese with their answers: instrucoes.pairs(2000).

Thirty tasks (sums in words, plurals, definitions, short texts to read …) write a question about a content and its
answer. Train, validation and test have different contents: 27 + 15, or the plural of "o pão bom", belongs to one of
them in every wording. As texts they are conversations of two or three exchanges:

    Usuário: Quanto é vinte e sete mais quinze?
    Assistente: Vinte e sete mais quinze é igual a quarenta e dois.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from tinyllm.data.conversations import Message, Preference, exchange
from tinyllm.data.corpora.drawing import Draw, check_split, numbers, split_of
from tinyllm.data.corpora.instrucoes import language, sums, things

# Each task with its share: the narrow ones, which have few contents, come up less.
TASKS = {
    sums.sum_or_difference: 5,
    sums.product_or_quotient: 2,
    sums.story_sum: 6,
    sums.multiple: 2,
    sums.even_or_odd: 4,
    sums.in_words: 5,
    sums.in_digits: 3,
    sums.in_order: 5,
    sums.next_number: 4,
    sums.change: 3,
    sums.days_ahead: 2,
    sums.months_ahead: 1,
    language.to_plural: 5,
    language.to_feminine: 5,
    language.opposite: 1,
    language.alphabetical: 5,
    language.letters: 1,
    language.first_and_last: 1,
    language.word_order: 6,
    language.change_tense: 6,
    language.change_person: 4,
    language.politely: 1,
    things.definition: 2,
    things.examples: 5,
    things.odd_one_out: 5,
    things.same_kind: 4,
    things.compare: 5,
    things.height: 5,
    things.extract: 9,
    things.note: 6,
}
USER, ASSISTANT = "Usuário", "Assistente"
TRIES = 20  # for another answer: a narrow task may have no other content in a split
DECK = [task for task, share in TASKS.items() for _ in range(share)]


class Exchange(NamedTuple):
    """A question of a task about a content, and its answer."""

    task: str
    content: str
    question: str
    answer: str


def conversations(count: int, *, split: str = "train", seed: int = 0) -> Iterator[str]:
    """The first `count` conversations of a split, as text. Raises UsageError for a bad count or split."""
    return ("\n".join(turns(index, split, seed)) for index in numbers(count, split, "instrucoes"))


def turns(index: int, split: str, seed: int) -> list[str]:
    return [
        f"{who}: {text}"
        for exchange in conversation(index, split=split, seed=seed)
        for who, text in ((USER, exchange.question), (ASSISTANT, exchange.answer))
    ]


def pairs(count: int, *, split: str = "train", seed: int = 0) -> Iterator[tuple[str, str]]:
    """The first `count` (question, answer) of a split, in the order of the conversations."""
    indices = numbers(count, split, "instrucoes")  # more than enough: a conversation has several exchanges
    exchanges = (exchange for index in indices for exchange in conversation(index, split=split, seed=seed))
    return ((exchange.question, exchange.answer) for exchange in itertools.islice(exchanges, count))


def dialogues(count: int, *, split: str = "train", seed: int = 0) -> Iterator[tuple[Message, ...]]:
    """The first `count` conversations of a split, as messages of a user and an assistant."""
    for index in numbers(count, split, "instrucoes"):
        pairs_of_one = (exchange(one.question, one.answer) for one in conversation(index, split=split, seed=seed))
        yield tuple(itertools.chain.from_iterable(pairs_of_one))


def preferences(count: int, *, split: str = "train", seed: int = 0) -> Iterator[Preference]:
    """The first `count` questions of a split, each with its answer, which is preferred, and with one to another
    question of the same task."""
    numbers(count, split, "instrucoes")
    return itertools.islice(all_preferences(split, seed), count)


def all_preferences(split: str, seed: int) -> Iterator[Preference]:
    for index in itertools.count():
        draw = Draw("instrucoes/preferences", seed, split, index)
        for one in conversation(index, split=split, seed=seed):
            task = next(task for task in TASKS if task.__name__ == one.task)
            others = (ask(task, split, draw).answer for _ in range(TRIES))
            other = next((answer for answer in others if answer != one.answer), None)
            if other is not None:
                yield Preference((Message("user", one.question),), one.answer, other)


def conversation(index: int, *, split: str = "train", seed: int = 0) -> list[Exchange]:
    """Conversation number `index` of a split: two or three exchanges of different tasks."""
    check_split(split, "instrucoes")
    draw = Draw("instrucoes", seed, split, index)
    chosen = {}
    while len(chosen) < 2 + (index % 2):
        chosen[draw.choose(DECK)] = None
    return [ask(task, split, draw) for task in chosen]


def ask(task, split: str, draw: Draw) -> Exchange:
    """An exchange of a task about a content of the split."""
    while True:
        content, question, answer = task(draw)
        if split_of(content) == split:
            return Exchange(task.__name__, content, question, answer)


def plot_of(split: str, seed: int, index: int) -> str:
    """The content of the first exchange of conversation `index`."""
    check_split(split, "instrucoes")
    return conversation(index, split=split, seed=seed)[0].content
