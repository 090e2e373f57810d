"""Published Portuguese test sets, from local files in the forms they are published in, as three kinds of example.

A set is known by its name. Its file is .jsonl (an object a line), .csv (with a header) or, for ASSIN 2, .xml; what is
published as Parquet alone is first written as one of them (`to_json` and `to_csv` of the library `datasets` do so).

    assin2       pairs of sentences, of which one follows from the other or not      Real et al. 2020
    faquad-nli   questions with a sentence that answers them or not                  Sayama et al. 2019
    hatebr       comments on Instagram, offensive or not                             Vargas et al. 2022
    tweetsentbr  tweets about television, positive, neutral or negative              Brum & Nunes 2018
    calame-pt    texts without their last word                                       Lopes et al. 2024
    lambada-pt   the same, translated from LAMBADA                                   Paperno et al. 2016
    enem         questions of the national exam with five options                    Silveira & Mauá 2017
"""

import csv
import io
import json
import re
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from tinyllm import storage
from tinyllm.errors import UsageError, shown

HALF = re.compile("[\ud800-\udfff]")  # of a character that UTF-16 writes as two


class Labelled(NamedTuple):
    """A text and its label."""

    text: str
    label: str

    @property
    def whole(self) -> str:
        return self.text


class Completion(NamedTuple):
    """A text without its end, and the end, which a space parts from it."""

    context: str
    target: str

    @property
    def whole(self) -> str:
        return f"{self.context} {self.target}"


class Question(NamedTuple):
    """A question, or the beginning of a sentence, the options that may follow it, and which of them is right."""

    question: str
    options: tuple[str, ...]
    answer: int

    @property
    def whole(self) -> str:
        return " ".join((self.question, *self.options))


Example = Labelled | Completion | Question


def load(name: str, path) -> list[Example]:
    """The examples of the set of a name in a file, in order, without those that nobody can answer.

    UsageError for a name or a form of file that is not known, and, with its line, for a record that is not of the set.
    """
    path = Path(path)
    if name not in SETS:
        raise UsageError(f"no test set is called {name}; choose one of {', '.join(SETS)}")
    if path.suffix.lower() not in FORMS:
        raise UsageError(f"{path} must end in one of {', '.join(FORMS)}; write the set as one of them")
    try:
        examples = list(examples_in(name, FORMS[path.suffix.lower()](storage.read_text(path))))
    except Unfit as unfit:
        raise UsageError(f"{path}, line {unfit.line} {unfit}; mend it, or delete it") from None
    if not examples:
        raise UsageError(f"{path} holds no example of {name}; is it the right file?")
    return examples


def examples_in(name, records):
    """(line, record) -> the examples of the set of a name."""
    for line, record in records:
        try:
            example = SETS[name](record)
        except Unfit as unfit:
            raise Unfit(unfit, line) from None
        if example is not None:
            if HALF.search(example.whole):
                raise Unfit("has half a character", line)
            yield example


class Unfit(Exception):
    """What is wrong with a record, as the rest of a sentence that begins with its line."""

    def __init__(self, what, line=None):
        super().__init__(what)
        self.line = line


# ---- forms: text -> (line, record) ----------------------------------------------------------------------------------


def from_jsonl(text):
    for number, line in enumerate(text.split("\n"), start=1):  # a text may hold other ends of lines
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict):
                raise Unfit(f"is no object of JSON: {shown(line)}", number)
            yield number, record


def from_csv(text):
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in rows:
            if None in row:
                raise Unfit(f"has more fields than the header: {shown(row[None])}", rows.line_num)
            yield rows.line_num, row
    except csv.Error as error:
        raise Unfit(f"is no CSV ({error})", rows.reader.line_num) from None


def from_xml(text):
    """ASSIN's form: <pair entailment="Entailment" …><t>a sentence</t><h>another</h></pair>."""
    pairs, parser, inside = [], expat.ParserCreate(), None

    def begin(name, attributes):
        nonlocal inside
        if name == "pair":
            pairs.append((parser.CurrentLineNumber, attributes))
        elif name in ("t", "h") and pairs:
            inside, pairs[-1][1][name] = name, ""

    def read(part):
        if inside:
            pairs[-1][1][inside] += part

    def end(name):
        nonlocal inside
        inside = None

    def refuse(*_):
        raise Unfit("declares a type of document, which the set has not", parser.CurrentLineNumber)

    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = begin, read, end
    parser.StartDoctypeDeclHandler = refuse  # it may define entities that grow without end
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise Unfit(f"is no XML ({expat.ErrorString(error.code)})", error.lineno) from None
    yield from pairs


FORMS = {".jsonl": from_jsonl, ".csv": from_csv, ".xml": from_xml}


# ---- fields of a record ---------------------------------------------------------------------------------------------


def found(record, *names):
    """The first of these names that a record has, and its value."""
    for name in names:
        if record.get(name) is not None:
            return name, record[name]
    raise Unfit(f"has no {' or '.join(names)}")


def text_of(record, *names):
    """The text under the first of these names that a record has."""
    name, value = found(record, *names)
    if not isinstance(value, str) or not value.strip():
        raise Unfit(f"has no text, but {shown(value)}, as its {name}")
    return value.strip()


def label_of(record, labels, *names):
    """What the value under the first of these names that a record has stands for."""
    name, value = found(record, *names)
    known = str(value).strip().casefold()
    if known not in labels:
        raise Unfit(f"has {shown(value)} as its {name}, which is none of {', '.join(labels)}")
    return labels[known]


# ---- sets: record -> Example, or None where nobody can answer -------------------------------------------------------

FOLLOWS = {"0": "não implica", "none": "não implica", "1": "implica", "entailment": "implica"}
ANSWERS = {"0": "não responde", "unsuitable": "não responde", "1": "responde", "suitable": "responde"}
OFFENDS = {"0": "não ofensivo", "false": "não ofensivo", "1": "ofensivo", "true": "ofensivo"}
FEELS = {"positive": "positivo", "neutral": "neutro", "negative": "negativo"}


def assin2(record):
    first, second = text_of(record, "t", "premise"), text_of(record, "h", "hypothesis")
    return Labelled(f"{first}\n{second}", label_of(record, FOLLOWS, "entailment", "entailment_judgment"))


def faquad_nli(record):
    question, answer = text_of(record, "question"), text_of(record, "answer")
    return Labelled(f"{question}\n{answer}", label_of(record, ANSWERS, "label"))


def hatebr(record):
    """Of its editions, each with other names of the columns."""
    label = label_of(record, OFFENDS, "label_final", "binary_classification", "offensive_language")
    return Labelled(text_of(record, "comentario", "instagram_comments"), label)


def tweetsentbr(record):
    return Labelled(text_of(record, "sentence", "tweet_text"), label_of(record, FEELS, "label"))


def last_word(record):
    """Of CALAME-PT and LAMBADA-PT. In CALAME-PT a word is missing: it cannot be guessed."""
    context, (_, word) = text_of(record, "sentence"), found(record, "last_word")
    if isinstance(word, str) and not word.strip():
        return None
    return Completion(context, text_of(record, "last_word"))


def enem(record):
    """Of the edition of Maritaca or of the ENEM Challenge, without what was annulled or asks about a picture."""
    if record.get("IU") is True or record.get("nullified") is True:
        return None
    letter = text_of(record, "answerKey", "label").upper()
    if letter.startswith("ANULAD"):
        return None
    name, options = found(record, "alternatives", "choices")
    letters = list("ABCDE")
    if isinstance(options, dict):
        letters, options = options.get("label"), options.get("text")
    if not isinstance(options, list) or not all(isinstance(one, str) and one.strip() for one in options):
        raise Unfit(f"has no list of texts, but {shown(options)}, as its {name}")
    if not isinstance(letters, list) or letter not in letters[: len(options)]:
        raise Unfit(f"has {shown(letter)} as its answer, which is none of its {len(options)} options")
    return Question(text_of(record, "question"), tuple(map(str.strip, options)), letters.index(letter))


SETS = {
    "assin2": assin2,
    "faquad-nli": faquad_nli,
    "hatebr": hatebr,
    "tweetsentbr": tweetsentbr,
    "calame-pt": last_word,
    "lambada-pt": last_word,
    "enem": enem,
}
