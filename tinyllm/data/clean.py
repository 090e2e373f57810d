"""Cleaning: what comes from the web and from books becomes plain text, or is dropped for a reason that is counted.

A step is a function text -> text, a filter a function (text, limits) -> True for a text that must go. `clean` runs the
steps one after the other, then asks the filters; the report says how many texts each of them touched. The filters are
the simple ones that remain in use since Gopher (Rae et al. 2021) and C4 (Raffel et al. 2019): each is a share that can
be measured and a limit that can be argued about.
"""

import collections
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from tinyllm.config import Config, option
from tinyllm.data.html_text import PASSES, html_to_text, read_page
from tinyllm.data.texts import read_texts


@dataclass(frozen=True)
class CleanConfig(Config):
    """What a text must be like to be kept."""

    title = "limpeza"
    shortest: int = option(40, "caracteres: um texto menor é descartado", at_least=1, at_most=10**9)
    longest: int = option(
        20_000, "caracteres: um texto maior é cortado entre dois parágrafos", at_least=100, at_most=10**9
    )
    portuguese: float = option(
        0.15, "parte das palavras que devem ser palavras gramaticais do português (0: qualquer língua)",
        at_least=0, at_most=1,
    )  # fmt: skip
    symbols: float = option(0.1, "parte dos caracteres que podem ser símbolos", at_least=0, at_most=1)
    digits: float = option(0.2, "parte dos caracteres que podem ser algarismos", at_least=0, at_most=1)
    repeated: float = option(0.3, "parte das linhas que podem repetir outra", at_least=0, at_most=1)


class CleanReport:
    """What cleaning did: texts and characters in and out, texts changed by each step, texts dropped by each filter."""

    def __init__(self):
        self.read = self.kept = self.characters_read = self.characters_kept = 0
        self.changed = collections.Counter(dict.fromkeys([*STEPS, "cut"], 0))
        self.dropped = collections.Counter(dict.fromkeys(FILTERS, 0))


SUFFIXES = (".txt", ".html", ".htm")  # what `documents` reads


def documents(path, *, whole=False):
    """Yield what a file holds, to clean: one text if `whole`, or if it is a page or a book of Project Gutenberg."""
    with open(path, "rb") as file:
        beginning = file.read(20_000).decode("utf-8", "replace")
    if whole or Path(path).suffix.lower() in (".html", ".htm") or GUTENBERG_START.search(beginning):
        yield read_page(path)
    else:
        yield from read_texts(path)


def clean(texts, config, report):
    """Iterable of str -> generator of str, clean and without empty lines. The `CleanReport` counts what happens."""
    for text in texts:
        report.read += 1
        report.characters_read += len(text)
        for name, step in STEPS.items():
            after = step(text)
            report.changed[name] += after != text
            text = after
        reason = next((name for name, drops in FILTERS.items() if drops(text, config)), None)
        if reason:
            report.dropped[reason] += 1
            continue
        pieces = cut(text, config.longest)
        report.changed["cut"] += len(pieces) > 1
        report.kept += len(pieces)
        report.characters_kept += sum(map(len, pieces))
        yield from pieces


# ------------------------------------------------------------------------------------------------------------- steps


def compose(text):
    """Each accented letter as one character (Unicode's NFC), each line end and page end as "\\n"."""
    return unicodedata.normalize("NFC", re.sub("\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text))


# What no reader sees: controls, marks of direction and of hyphenation, halves of characters, private characters. Not
# the joiners U+200C and U+200D, which some scripts and many emoji are written with.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffc"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def remove_invisible(text):
    """Without control characters and others that leave no mark on the page."""
    return INVISIBLE.sub("", text)


def without_invisible(text):
    """The same, read and composed again: what they stood between may be one accent now, or an entity."""
    for _ in range(PASSES):
        before, text = text, remove_invisible(text)
        if text == before:
            break
        text = compose(html_to_text(text))
    return text


GUTENBERG_START = re.compile(r"^[^\S\n]*\*\*\* ?START OF TH(?:E|IS) PROJECT GUTENBERG.*$", re.MULTILINE)
GUTENBERG_END = re.compile(
    r"^[^\S\n]*(?:\*\*\* ?END OF TH(?:E|IS) PROJECT GUTENBERG|End of (?:the )?Project Gutenberg)", re.MULTILINE
)
CREDITS = re.compile(r"\s*(?:Produced by|E-text prepared by|Nota de transcri|Notas de transcri)[^\n]*(?:\n[^\n]+)*")


def strip_gutenberg(text):
    """A book without the notices in English that Project Gutenberg puts around it, between its own marks."""
    starts = [mark.end() for mark in GUTENBERG_START.finditer(text)]
    if not starts:
        return text
    mark = GUTENBERG_END.search(text, starts[0])
    end = mark.start() if mark else len(text)
    text = text[max(start for start in starts if start <= end) : end]
    return CREDITS.sub("", text, count=1) if CREDITS.match(text) else text


WRAPPED = range(50, 91)  # characters: a line of prose that was broken to fit a page of 72 columns or so


def unwrap(text):
    """Prose broken into lines of one width -> one line per paragraph; verses, which are shorter, stay.

    Only where empty lines stand between the paragraphs: without them nothing tells a broken line from a whole one.
    """
    if not re.search(r"\n[^\S\n]*\n", text):
        return text
    paragraphs = re.split(r"\n\s*\n", text)
    for place, paragraph in enumerate(paragraphs):
        lines = [line.strip() for line in paragraph.split("\n")]
        if all(len(line) in WRAPPED for line in lines[:-1]):
            paragraphs[place] = " ".join(lines)
    return "\n".join(paragraphs)


def tidy_spaces(text):
    """One space between words, none around lines, no empty lines."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


MENU_LINES = 5
SEPARATORS = re.compile(r" [|»›·•] ")


def remove_menus(text):
    """Without the menus of a page: lines of items between bars, and five or more entries one below the other.

    An entry is a line of one to three words without digits (as an ingredient has) or an end of sentence.
    """
    kept, run = [], []
    for line in [*text.split("\n"), None]:  # None ends the last run
        if line is not None and len(line.split()) <= 3 and not re.search(r"[\d.,;:!?…—–-]", line):
            run.append(line)
            continue
        kept += run if len(run) < MENU_LINES else []
        run = []
        if line is not None and len(SEPARATORS.findall(line)) < 2:
            kept.append(line)
    return "\n".join(kept)


def remove_repeats(text):
    """Without lines that say again what the line before them says."""
    lines = text.split("\n")
    return "\n".join(line for line, before in zip(lines, [None, *lines], strict=False) if line != before)


STEPS = {  # by the name that the report gives them, in the order in which they run
    "html": html_to_text,  # first: its entities may be accents, marks and spaces
    "unicode": lambda text: compose(text),  # looked up when it runs, as is the next: a learner's may stand there
    "invisible": lambda text: without_invisible(text),
    "gutenberg": strip_gutenberg,
    "wrapped": unwrap,
    "spaces": tidy_spaces,
    "menus": remove_menus,
    "repeats": remove_repeats,
}


def cut(text, longest):
    """Text -> list of texts of at most `longest` characters, cut between lines (inside a line only if it is longer)."""
    if len(text) <= longest:
        return [text]
    pieces, size = [[]], 0
    for line in text.split("\n"):
        for start in range(0, len(line), longest):
            part = line[start : start + longest]
            if size + len(part) + 1 > longest and pieces[-1]:
                pieces.append([])
                size = 0
            pieces[-1].append(part)
            size += len(part) + 1
    return ["\n".join(piece) for piece in pieces]


# ----------------------------------------------------------------------------------------------------------- filters


def is_short(text, config):
    return len(text) < config.shortest


# The words that hold the sentences of a language together: half of any text, whatever it is about.
FUNCTION_WORDS = {
    "pt": """a ao aos as até com como da das de depois do dos e é ela ele eles em era eu foi há isso já lhe mais mas me
        meu muito não na nas nem no nos num numa o onde os ou para pela pelo por quando que quem se sem ser seu seus só
        sua também tem tinha um uma você à às está são""",
    "es": """a al como con cuando de del donde e el ella en era es esta este fue ha había hasta hay la las le lo los
        más me mi muy ni no nos o para pero por porque que qué se sin sobre son su sus también tiene un una uno y ya yo
        él está así""",
    "fr": """à au aux avec ce cette comme dans de des du elle en est et il ils je la le les leur lui mais me ne nous on
        ou où par pas plus pour qu que qui sa sans se ses son sont sur tout très un une vous était été d l""",
    "it": """a ai al alla anche che chi ci come con da dal dalla dei del della delle di e ed è era gli ha i il in io la
        le lo ma mi nel nella non o per perché più quando questo se si sono su sua suo tutto un una l""",
    "en": """a all an and are as at be but by for from had has have he her him his i in is it its my no not of on one or
        out she so that the their there they this to up was we were what when which who will with would you""",
}
FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}
WORD = re.compile(r"[^\W\d_]+")
SAMPLE = 20_000  # characters of a text that tell its language


def language_shares(text):
    """Text -> {language: share of its words that are function words of that language}, for the languages known here."""
    counts = collections.Counter(WORD.findall(text[:SAMPLE].lower()))
    total = max(1, counts.total())
    return {name: sum(map(counts.get, words & counts.keys())) / total for name, words in FUNCTION_WORDS.items()}


def is_foreign(text, config):
    """Whether another language has more function words in the text than Portuguese, or Portuguese too few."""
    if not config.portuguese:
        return False
    shares = language_shares(text)
    return shares["pt"] < config.portuguese or shares["pt"] < max(shares.values())


SYMBOL = re.compile(r"""_|[^\w \n.,;:!?\-–—…'"“”‘’«»()ºª%$/]""")
DIGIT = re.compile(r"\d")


def has_symbols(text, config):
    """Whether too many characters are neither letters nor digits nor usual punctuation."""
    return len(SYMBOL.findall(text)) > config.symbols * len(text)


def has_digits(text, config):
    """Whether too many characters are digits: a table, a list of prices."""
    return len(DIGIT.findall(text)) > config.digits * len(text)


def is_repetitive(text, config):
    """Whether too many lines stand in the text a second time."""
    lines = text.split("\n")
    return len(lines) - len(set(lines)) > config.repeated * len(lines)


FILTERS = {  # by the name that the report gives them, in the order in which they are asked
    "short": is_short,
    "symbols": has_symbols,
    "digits": has_digits,
    "repeated": is_repetitive,
    "language": is_foreign,
}
