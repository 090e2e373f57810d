"""A generative grammar in one page: templates with slots, and the memory that keeps a text consistent.

A template is a sentence with holes. What stands in braces is filled from the memory of the text being written:

    {thing}             the noun drawn for the slot 'thing'                      bola
    {thing.plural}      another form of it                                       bolas
    {thing:o} {thing}   a word that agrees with it, named by its masculine       a bola
    {thing:Cansado}     the same with a capital letter                           Cansada
    {thing:$color}      an adjective drawn for the slot 'color', agreeing        vermelha
    {both:ir.perfeito}  a verb and a tense, third person, agreeing in number     foram
    [agora|hoje|]       one of these, the first ones more often

A slot is drawn the first time it is named and stays for the rest of the text: whoever loses the bola finds the bola.
Templates are compiled once into tuples of strings and functions of the memory, so writing a text is only joining.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.drawing import Draw

HOLE = re.compile(r"(\{[^}]*\}|\[[^\]]*\])")


class Word(NamedTuple):
    """An entry of the lexicon: what {slot} writes, how other words agree with it, what {slot.form} writes."""

    text: str
    agreement: int = grammar.MASCULINE_SINGULAR
    forms: Mapping[str, str] = MappingProxyType({})


class Adjective(NamedTuple):
    """An entry for {noun:$slot}: its four agreeing forms."""

    text: str
    agreeing: tuple[str, str, str, str]


def noun(entry: str) -> Word:
    """'a bola' -> the noun bola, feminine singular. The article in the lexicon carries gender and number."""
    article, _, text = entry.partition(" ")
    agreement = grammar.ARTICLES[article]
    little = grammar.diminutive(text, agreement == grammar.FEMININE_SINGULAR)
    return Word(text, agreement, {"plural": grammar.plural(text), "little": little})


def adjective(entry: str) -> Adjective:
    return Adjective(entry, grammar.agree(entry))


def activity(entry: str) -> Word:
    """'soltar pipa' -> a verb phrase with the forms gerund, did, did_all, used, used_all and do_all."""
    verb, space, complement = entry.partition(" ")
    forms = {
        "gerund": grammar.gerund(verb),
        "did": grammar.conjugate(verb, "perfeito", grammar.THIRD_SINGULAR),
        "did_all": grammar.conjugate(verb, "perfeito", grammar.THIRD_PLURAL),
        "used": grammar.conjugate(verb, "imperfeito", grammar.THIRD_SINGULAR),
        "used_all": grammar.conjugate(verb, "imperfeito", grammar.THIRD_PLURAL),
        "do_all": grammar.conjugate(verb, "presente", grammar.THIRD_PLURAL),
    }
    return Word(entry, forms={name: form + space + complement for name, form in forms.items()})


class Memory(dict):
    """What one text has drawn so far, slot by slot; a missing slot is drawn from `lexicon(category)` and kept.

    The category of a slot is its name without a final digit ({fruit}, {fruit2}: two different fruits), unless
    `categories` says otherwise (thing='toy').
    """

    def __init__(self, source: Draw, lexicon: Callable[[str], Sequence], categories: dict[str, str]):
        super().__init__()
        self.random = source.random
        self.lexicon = lexicon
        self.categories = categories
        self.used: set[str] = set()

    def prefer(self, items: Sequence):
        """An item, the first ones more likely: the probability falls as the square root of the rank."""
        fraction = self.random()
        return items[int(fraction * fraction * len(items))]

    def fresh(self, items: Sequence):
        """An item, the first ones more likely, that this text has not used yet."""
        while True:
            item = self.prefer(items)
            if item.text not in self.used:
                self.used.add(item.text)
                return item

    def __missing__(self, slot: str):
        category = slot.rstrip("23456789")
        self[slot] = entry = self.fresh(self.lexicon(self.categories.get(category, category)))
        return entry


Part = str | Callable[[Memory], str]
Template = tuple[Part, ...]


def compile_template(text: str) -> Template:
    """Splits a template into literal strings and functions that write its holes."""
    return tuple(compile_hole(piece) if piece[0] in "{[" else piece for piece in HOLE.split(text) if piece)


def compile_hole(hole: str) -> Callable[[Memory], str]:
    if hole[0] == "[":
        alternatives = [compile_template(alternative) for alternative in hole[1:-1].split("|")]
        return lambda memory: render(memory.prefer(alternatives), memory)
    slot, _, word = hole[1:-1].partition(":")
    if not word:
        slot, _, form = slot.partition(".")
        return (lambda memory: memory[slot].forms[form]) if form else (lambda memory: memory[slot].text)
    if word[0] == "$":
        return lambda memory: memory[word[1:]].agreeing[memory[slot].agreement]
    verb, _, tense = word.partition(".")
    if tense:
        singular = grammar.conjugate(verb, tense, grammar.THIRD_SINGULAR)
        several = grammar.conjugate(verb, tense, grammar.THIRD_PLURAL)
        forms = (singular, singular, several, several)
    else:
        forms = grammar.agree(word)
    return lambda memory: forms[memory[slot].agreement]


def render(template: Template, memory: Memory) -> str:
    """Writes a compiled template with what the memory holds, drawing what it lacks."""
    return "".join([part if part.__class__ is str else part(memory) for part in template])
