"""The forms of the stories' words and what they agree with, read from the lexicon and the scenes when first asked for.

An agreement is a set, written as bits, of grammar's four forms: 'bola' is feminine singular (0b0010), 'feliz' is
singular (0b0011). Words fit together where their sets share a bit.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from tinyllm.data.corpora import contos, grammar
from tinyllm.data.corpora.contos import lexicon
from tinyllm.data.corpora.template import HOLE

MASCULINE, FEMININE, SINGULAR, PLURAL = 0b0101, 0b1010, 0b0011, 0b1100
TENSES = ("presente", "perfeito", "imperfeito")
PEOPLE = ("hero", "friend", "elder", "worker")  # the slots of somebody; the rest are of things
PRONOUNS = ("ele", "dele", "nele")
PLURAL_ONLY = ("os", "dois", "ambos", "muitos", "vários", "alguns", "uns")
# What stands after an article in the scenes, or looks like a verb, and is neither noun nor verb.
FUNCTION_WORDS = frozenset(
    contos.split_row(
        "a, cada, como, de, e, em, mais, não, para, por, que, quem, quer, se, sempre, também, todos, um, uma, vezes"
    )
)
BETWEEN = re.compile(r"\{(\w+):\w+\} (\w+) \{\1:")  # 'grande' of '{friend:um} grande {friend:amigo}'
# The endings that tell a finite form. One in -ia counts only where it follows a slot: 'alegria' is no verb.
FINITE = re.compile(r"(\w{2,}?)(ou|aram|ava|avam|eu|eram|iu|iram)")
FINITE_IN_IA = re.compile(r"\} (\w{2,}?)iam?\b")


# ---- nouns and names ------------------------------------------------------------------------------------------------


@cache
def names() -> dict[str, int]:
    """Every name and its gender, singular."""
    genders = (grammar.MASCULINE_SINGULAR, grammar.FEMININE_SINGULAR)
    return {word.text: 1 << gender for gender in genders for word in contos.names(gender)}


@cache
def nouns() -> dict[str, int]:
    """Every noun, in one or more words, in the singular, plural and diminutive; and the nouns that scenes write out."""
    table = defaultdict(int)
    for category, world in categories():
        for word in contos.entries(category, world):
            several = word.agreement | grammar.MASCULINE_PLURAL
            for text, agreement in (
                (word.text, word.agreement),
                (word.forms["plural"], several),
                (word.forms["little"], word.agreement),
            ):
                for form in (text, text.partition(" ")[0]):
                    table[form] |= 1 << agreement
    known = frozenset(table) | frozenset(adjectives()) | frozenset(infinitives())
    for determiner, word in re.findall(r"\b(\w+) (?=([a-zà-ÿ][\w-]+))", " | ".join(literals()).lower()):
        if determiner in determiners() and word not in known | FUNCTION_WORDS and word not in finite_forms():
            table[word] |= determiners()[determiner]
    return dict(table)


@cache
def people() -> frozenset[str]:
    """The nouns of persons and of nothing else: 'avó', 'padeiro', but not 'coelho', which may be a pet."""
    texts = defaultdict(set)
    for category, world in categories():
        texts[category in PEOPLE].update(word.text for word in contos.entries(category, world))
    return frozenset(texts[True] - texts[False])


@cache
def noun_lengths() -> dict[str, int]:
    """The first word of every noun -> how many words the longest that begins with it has."""
    table = defaultdict(int)
    for noun in nouns():
        first, *rest = noun.split(" ")
        table[first] = max(table[first], 1 + len(rest))
    return dict(table)


@cache
def kinds() -> frozenset[str]:
    """The nouns that say what somebody with a name is: 'menina', 'vizinho', 'coelho'."""
    slots = [(slot, world) for slot in ("hero", "friend") for world in contos.WORLDS]
    return frozenset(word.text for slot in slots for word in contos.entries(*slot)) | {*contos.NEWCOMERS.values()}


def categories() -> Iterator[tuple[str, str]]:
    """The categories of nouns, with a world each stands in."""
    yield from ((category, contos.WORLDS[0]) for category in lexicon.NOUNS)
    yield from ((category, world) for world, table in lexicon.WORLD_NOUNS.items() for category in table)


# ---- what agrees ----------------------------------------------------------------------------------------------------


def table_of(rows: Iterable[Sequence[str]]) -> dict[str, int]:
    """Rows of four forms, as grammar.agree gives them -> each form's agreement."""
    table = defaultdict(int)
    for row in rows:
        for place, form in enumerate(row):
            table[form] |= 1 << (place | grammar.MASCULINE_PLURAL if row[0] in PLURAL_ONLY else place)
    return dict(table)


@cache
def determiners() -> dict[str, int]:
    """Articles, contractions, demonstratives, possessives and numbers."""
    apart = (*PRONOUNS, "lo", "sozinho")
    table = table_of(row for word, row in grammar.CLOSED_CLASSES.items() if word not in apart)
    return table | dict.fromkeys(contos.split_row(lexicon.PHRASES["number"]), PLURAL)


@cache
def pronouns() -> dict[str, int]:
    """ele, dele, nele and their other forms."""
    return table_of(grammar.agree(word) for word in PRONOUNS)


@cache
def adjectives() -> dict[str, int]:
    """The adjectives of the lexicon and the words that agree in the scenes: 'cansado', 'chamado', 'amigo'."""
    entries = [entry for row in lexicon.ADJECTIVES.values() for entry in contos.split_row(row)]
    agreeing = [word for word in agreeing_words() if word[0] != "$" and "." not in word]
    between = {word for variant in variants() for _, word in BETWEEN.findall(variant)}
    agreeing += sorted(between - finite_forms().keys() - FUNCTION_WORDS)
    closed = {form for word, row in grammar.CLOSED_CLASSES.items() if word != "sozinho" for form in row}
    return table_of(
        grammar.agree(word) for word in dict.fromkeys(map(str.lower, entries + agreeing)) if word not in closed
    )


# ---- verbs ----------------------------------------------------------------------------------------------------------


@cache
def infinitives() -> frozenset[str]:
    """The verbs of the grammar, of the activities and of the scenes."""
    activities = {entry.split()[0] for row in lexicon.ACTIVITIES.values() for entry in contos.split_row(row)}
    conjugated = {word.partition(".")[0] for word in agreeing_words() if "." in word}
    written = {word for text in literals() for word in re.findall(r"[a-zà-ÿ]{2,}[aei]r\b", text.lower())}
    undone = {stem + {"o": "a"}.get(ending[0], ending[0]) + "r" for stem, ending in written_finite()}
    in_ia = {stem + "er" for variant in variants() for stem in FINITE_IN_IA.findall(variant)}
    return frozenset(grammar.IRREGULAR_VERBS) | activities | conjugated | written | undone | in_ia


def written_finite() -> Iterator[tuple[str, str]]:
    """The stems and endings of the finite forms that scenes write out."""
    for text in literals():
        for word in re.findall(r"[a-zà-ÿ]+", text.lower()):
            if word not in determiners() and (match := FINITE.fullmatch(word)):
                yield match.groups()


@cache
def finite_forms() -> dict[str, int]:
    """The third persons of every verb, singular and plural, in the tenses of the stories."""
    table = defaultdict(int)
    for verb in infinitives():
        for tense in TENSES:
            table[grammar.conjugate(verb, tense, grammar.THIRD_SINGULAR)] |= SINGULAR
            table[grammar.conjugate(verb, tense, grammar.THIRD_PLURAL)] |= PLURAL
    return dict(table)


@cache
def verbs() -> dict[str, int]:
    """The finite forms that can be nothing else: 'para', 'nada' and 'corda' are left out."""
    others = nouns().keys() | adjectives().keys() | determiners().keys() | FUNCTION_WORDS
    return {form: number for form, number in finite_forms().items() if form not in others}


# ---- the scenes -----------------------------------------------------------------------------------------------------


@cache
def variants() -> tuple[str, ...]:
    """The templates of all scenes."""
    return tuple(variant for scene in contos.SCENES.values() for variant in scene)


@cache
def literals() -> tuple[str, ...]:
    """What the scenes write out, between the holes."""
    pieces = [piece for variant in variants() for piece in HOLE.split(variant)]
    return tuple(part for piece in pieces if piece[:1] != "{" for part in piece.strip("[]").split("|"))


@cache
def agreeing_words() -> tuple[str, ...]:
    """What the scenes make agree with a slot: 'chamado', 'ser.imperfeito', '$color'."""
    return tuple(word for variant in variants() for word in re.findall(r"\{\w+:([^}]+)\}", variant))


@cache
def takes_a() -> frozenset[str]:
    """The words after which the scenes have the preposition 'a': 'cheirava a', 'pedir desculpas a'."""
    return frozenset(word for variant in variants() for word in re.findall(r"(\w+) a \{\w+\}", variant))


@cache
def pronoun_places() -> dict[tuple[str, str], bool]:
    """The words around each pronoun of the scenes -> whether it means somebody: ('que', 'mais') of 'o que ela mais'."""
    pattern = re.compile(rf"(\w*) ?\{{(\w+):(?:{'|'.join(PRONOUNS)})\}} ?(\w*)", re.IGNORECASE)
    found = [match for variant in variants() for match in pattern.findall(variant)]
    return {(before.lower(), after): slot in PEOPLE for before, slot, after in found}
