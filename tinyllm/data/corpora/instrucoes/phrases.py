"""What the tasks share: people, quantities and lists, in words."""

import unicodedata

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.contos.lexicon import NAMES_FEMININE, NAMES_MASCULINE
from tinyllm.data.corpora.drawing import Draw
from tinyllm.data.corpora.instrucoes.numerals import cardinal
from tinyllm.data.corpora.template import Word

Exchange = tuple[str, str, str]  # content, question, answer


def listed(row: str) -> list[str]:
    return row.split(", ")


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


def enumerated(items: list[str]) -> str:
    """['a', 'b', 'c'] -> 'a, b e c'."""
    return f"{', '.join(items[:-1])} e {items[-1]}"


def person(draw: Draw) -> Word:
    feminine = draw.below(2)
    names = listed(NAMES_FEMININE if feminine else NAMES_MASCULINE)[:60]
    return Word(draw.choose(names), grammar.FEMININE_SINGULAR if feminine else grammar.MASCULINE_SINGULAR)


def two_people(draw: Draw) -> tuple[Word, Word]:
    first = second = person(draw)
    while second.text == first.text:
        second = person(draw)
    return first, second


def quantity(number: int, thing: Word) -> str:
    """3, laranja -> 'três laranjas'; 1, laranja -> 'uma laranja'."""
    feminine = thing.agreement == grammar.FEMININE_SINGULAR
    return f"{cardinal(number, feminine=feminine)} {thing.text if number == 1 else thing.forms['plural']}"


def on_day(day: str) -> str:
    """'sábado' -> 'no sábado', 'segunda-feira' -> 'na segunda-feira'."""
    return f"{'na' if day.endswith('feira') else 'no'} {day}"


def plain(word: str) -> str:
    """What a word is sorted by: its letters without accents."""
    return "".join(mark for mark in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(mark))
