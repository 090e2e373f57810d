"""A sentence of a story in phrases: who, what, which verb, which adjective, each with the forms it agrees with.

Only words that the grammar of the stories knows become more than words, and only their order is read: 'a gata branca'
is one noun phrase because an article, a noun and an adjective stand side by side, whether they agree or not.
"""

import functools
from collections.abc import Container
from typing import NamedTuple

from tinyllm.data.corpora import contos, grammar
from tinyllm.data.corpora.contos import forms

PREPOSITIONS = frozenset(contos.split_row("de, em, com, para, por, até, sem, sobre, entre, durante, a"))
ADVERBS = frozenset(
    contos.split_row(
        "não, já, também, ainda, só, sempre, nunca, mais, logo, se, muito, tão, bem, quase, mal, mesmo, apenas, junto"
    )
)
POSSESSIVES, DEMONSTRATIVES = ("meu", "seu", "nosso"), ("este", "esse", "aquele")
# Determiners that hold a preposition: what follows them is no subject.
CONTRACTIONS = ("do", "no", "ao", "pelo", "num", "dum", "deste", "neste", "daquele", "naquele")


class Phrase(NamedTuple):
    """A piece of a sentence: a name, noun, pronoun, verb, adjective, adverb, preposition or any other word."""

    kind: str
    text: str
    agreement: int = 0
    governed: bool = False  # stands after a preposition, and is no subject
    within: tuple[int, ...] = ()  # what must agree in it: the noun, then each word around it
    says_who: bool = False  # a noun that says what somebody is: 'uma menina', 'o melhor amigo'
    definite: bool = False  # a thing one can speak of again: 'o chapéu', not 'chapéu' or 'a avó'
    said: "Phrase | None" = None  # of a name, what stands before it: 'uma menina chamada'

    @property
    def nominal(self) -> bool:
        return self.kind in ("name", "noun", "pronoun")

    @property
    def subject(self) -> bool:
        return self.nominal and not self.governed

    @property
    def contracted(self) -> bool:
        return self.text.split(" ")[0] in all_of(*CONTRACTIONS)


@functools.cache
def all_of(*words: str) -> frozenset[str]:
    """Every form of some words given as masculine singular."""
    return frozenset(form for word in words for form in grammar.agree(word))


def phrases_of(tokens: list[str]) -> list[Phrase]:
    """Words and commas -> phrases, from left to right."""
    if tokens[0] not in forms.names():
        tokens = [tokens[0].lower(), *tokens[1:]]
    phrases, place = [], 0
    while place < len(tokens):
        phrase, place = phrase_at(tokens, place)
        phrases.append(phrase)
    return phrases


def phrase_at(tokens: list[str], place: int) -> tuple[Phrase, int]:
    """The phrase that begins at a place, and the place after it."""
    word = tokens[place]
    governed = place > 0 and tokens[place - 1] in PREPOSITIONS
    if is_name(word):
        return name(word, governed), place + 1
    if agreement := forms.pronouns().get(word):
        return Phrase("pronoun", word, agreement, governed or word[0] in "dn"), place + 1
    if word == "você":  # 'Ana, por que você': Ana is spoken to
        spoken_to = name(tokens[0], False).agreement if tokens[1:2] == [","] else forms.SINGULAR
        return Phrase("pronoun", word, spoken_to, governed), place + 1
    if word in ADVERBS:
        return Phrase("adverb", word), place + 1
    if found := noun_phrase_at(tokens, place, governed):
        return found
    if number := forms.verbs().get(word.removesuffix("-se")):
        return Phrase("verb", word.removesuffix("-se"), number), place + 1
    return Phrase("preposition" if word in PREPOSITIONS else "word", word), place + 1


def is_name(word: str) -> bool:
    """Names alone stand in capitals within a sentence, also those that the lexicon does not know."""
    return word[0].isupper()


def name(word: str, governed: bool, said: Phrase | None = None) -> Phrase:
    return Phrase("name", word, forms.names().get(word, forms.SINGULAR), governed, said=said)


def noun_phrase_at(tokens: list[str], start: int, governed: bool) -> tuple[Phrase, int] | None:
    """Determiners, adjectives, a noun, adjectives, and perhaps the name of who it is: 'um menino chamado Davi'."""
    bare = place = run_of(tokens, start, forms.determiners())
    if tokens[start] == "a" and is_preposition(tokens, start):
        return None
    while place < len(tokens) and tokens[place] in forms.adjectives() and not noun_at(tokens, place):
        place += 1
    head = noun_at(tokens, place)
    if not head and place == bare:
        return determiners_alone(tokens[start:bare], governed, bare) if bare > start else None
    around = [forms.determiners().get(word) or forms.adjectives()[word] for word in tokens[start:place]]
    within = [forms.nouns()[head] if head else around.pop(), *reversed(around)]
    determined = bare > start
    place += len(head.split())
    while head and (determined or not governed):  # 'de papel brilhante': the adjective is of what stands before 'de'
        adjective = run_of(tokens, place, ADVERBS)
        if adjective == len(tokens) or tokens[adjective] not in forms.adjectives():
            break
        within.append(forms.adjectives()[tokens[adjective]])
        place = adjective + 1
    agreement = functools.reduce(lambda agreed, form: agreed & form or agreed, within)
    phrase = Phrase(
        "noun" if head or determined else "adjective",
        " ".join(tokens[start:place]),
        agreement,
        governed or tokens[start] in all_of(*CONTRACTIONS),
        tuple(within),
        says_who=head in forms.kinds() or (determined and not head),
        definite=determined and head not in forms.people(),
    )
    introduces = phrase.says_who or tokens[place - 1] in all_of("chamado")
    if introduces and place < len(tokens) and is_name(tokens[place]):
        return name(tokens[place], phrase.governed, phrase), place + 1
    return phrase, place


def is_preposition(tokens: list[str], place: int) -> bool:
    """Whether an 'a' is no article: that of 'a um', and that of 'cheirava a pão'."""
    before, after = tokens[place - 1] if place else "", tokens[place + 1] if place + 1 < len(tokens) else ""
    return before in forms.takes_a() or not forms.determiners().get(after, forms.FEMININE) & forms.FEMININE


def determiners_alone(words: list[str], governed: bool, end: int) -> tuple[Phrase, int] | None:
    """'os dois' and the 'esta' of 'esta é' are pronouns, the 'meu' of 'é meu' is an adjective; the rest only words."""
    text, agreement = " ".join(words), forms.determiners()[words[0]]
    if text in ("os dois", "as duas") or text in all_of(*DEMONSTRATIVES):
        return Phrase("pronoun", text, agreement, governed), end
    return (Phrase("adjective", text, agreement), end) if text in all_of(*POSSESSIVES) else None


def run_of(tokens: list[str], place: int, words: Container[str]) -> int:
    """The place after the words of a class that stand in a row."""
    while place < len(tokens) and tokens[place] in words:
        place += 1
    return place


def noun_at(tokens: list[str], place: int) -> str:
    """The longest noun that begins at a place: 'avião de papel'."""
    for size in range(forms.noun_lengths().get(tokens[place], 0) if place < len(tokens) else 0, 0, -1):
        if (text := " ".join(tokens[place : place + size])) in forms.nouns():
            return text
    return ""


# ---- phrases together -----------------------------------------------------------------------------------------------


def joined(phrases: list[Phrase]) -> list[Phrase]:
    """'Ana e Davi' becomes one phrase. Whatever else follows 'e' may be part of anything, and is no subject."""
    together = []
    for phrase in phrases:
        if phrase.nominal and not phrase.contracted and len(together) > 1 and together[-1].text == "e":
            first = together[-2]
            if first.nominal and (len(together) == 2 or together[-3].kind not in ("verb", "noun", "name")):
                del together[-2:]
                agreement = of_two(first.agreement, phrase.agreement)
                phrase = Phrase("noun", f"{first.text} e {phrase.text}", agreement, first.governed)
            elif first.nominal:
                phrase = phrase._replace(governed=True)
        together.append(phrase)
    return together


def of_two(first: int, second: int) -> int:
    """The agreement of two together: feminine only where both are."""
    feminine = 1 << grammar.FEMININE_PLURAL if first & forms.FEMININE and second & forms.FEMININE else 0
    return feminine | (1 << grammar.MASCULINE_PLURAL if (first | second) & forms.MASCULINE else 0)


def past(phrases: list[Phrase], place: int, kind: str = "adverb") -> int:
    """The place after the phrases of a kind that stand in a row."""
    while place < len(phrases) and phrases[place].kind == kind:
        place += 1
    return place


def past_complements(phrases: list[Phrase], place: int) -> int:
    """Where the verb of the subject at a place would stand: past 'de Ana', ', que' and 'não'."""
    of_noun, place = phrases[place].kind == "noun", place + 1
    texts = [phrase.text for phrase in phrases]
    while of_noun and place < len(phrases):
        step = 2 if texts[place] == "de" and phrases[place + 1 : place + 2] else 1
        if not phrases[place + step - 1].nominal or not phrases[place + step - 1].governed:
            break
        place += step
    place += 2 if texts[place : place + 2] == [",", "que"] else texts[place : place + 1] == ["que"]
    return past(phrases, place)
