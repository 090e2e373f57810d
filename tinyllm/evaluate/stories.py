"""What holds in a story: its cast, its pronouns, its verbs and what agrees with its nouns, checked phrase by phrase.

The only judge is the grammar that made the corpus: its lexicon, its scenes and its word forms. What cannot be told for
sure is not checked: a right story has no findings, and words the grammar does not know have no checks.
"""

import functools
import itertools
import operator
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.contos import forms
from tinyllm.evaluate.phrases import Phrase, all_of, joined, of_two, past, past_complements, phrases_of

KINDS = ("cast", "pronouns", "verbs", "adjectives")
REMEMBERED = 2  # sentences back that a pronoun reaches for a thing
SEGMENT, TOKEN = re.compile(r"([.!?…:;—])"), re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|,")
LINKING, COMPOUND = ("ser", "estar", "ficar", "parecer"), ("ter", "haver")
UNSPENT = frozenset((*LINKING, *map(grammar.participle, LINKING)))  # 'queria ser médica', 'tinha ficado feliz'
ANY = forms.SINGULAR | forms.PLURAL


class Finding(NamedTuple):
    """What does not hold: in which story, of which kind, and the words."""

    story: int
    kind: str
    what: str


@dataclass
class Findings:
    """How many checks of each kind were made, how many hold, what does not, and how often each name is named."""

    checks: Counter = field(default_factory=Counter)
    right: Counter = field(default_factory=Counter)
    wrong: list[Finding] = field(default_factory=list)
    stories: int = 0
    names: int = 0  # distinct ones, summed over the stories
    later_names: int = 0  # mentions after a story's second
    repeated_names: int = 0  # those of them that name somebody already named

    def figures(self) -> dict[str, float]:
        """The share of each kind's checks that hold, 0 where none could be made, and what becomes of the names."""
        return {
            **{kind: self.right[kind] / max(1, self.checks[kind]) for kind in KINDS},
            "names_a_story": self.names / max(1, self.stories),
            "repeated_names": self.repeated_names / max(1, self.later_names),
        }


class Thing(NamedTuple):
    """A noun that a pronoun may mean, and in which sentence it stands."""

    sentence: int
    agreement: int
    definite: bool


def check(stories: Iterable[str]) -> Findings:
    """Read the stories and count what holds."""
    findings = Findings()
    for number, story in enumerate(stories):
        Reader(number, findings).read(story)
    return findings


@functools.cache
def third_persons(verbs: tuple[str, ...]) -> frozenset[str]:
    """The forms of some verbs that a story may have."""
    persons = (grammar.THIRD_SINGULAR, grammar.THIRD_PLURAL)
    return frozenset(grammar.conjugate(verb, tense, who) for verb in verbs for tense in forms.TENSES for who in persons)


class Reader:
    """Reads one story from its first word to its last, and remembers who and what has been named."""

    def __init__(self, number: int, findings: Findings):
        self.number, self.findings = number, findings
        self.named: dict[str, int] = {}
        self.mentions = 0
        self.things: list[Thing] = []
        self.sentence = 0
        self.thanks: Phrase | None = None

    def holds(self, kind: str, first: int, second: int, what: str) -> None:
        """Count a check: do two agreements share a form? Where either fits all, there is nothing to check."""
        if ANY in (first, second):
            return
        self.findings.checks[kind] += 1
        if first & second:
            self.findings.right[kind] += 1
        else:
            self.findings.wrong.append(Finding(self.number, kind, what))

    def read(self, story: str) -> None:
        for line in story.strip().split("\n"):
            self.thanks, mark = None, ""
            for piece in SEGMENT.split(line):
                if SEGMENT.fullmatch(piece):
                    mark = piece
                    self.sentence += mark in ".!?"
                elif tokens := TOKEN.findall(piece):
                    phrases = phrases_of(tokens)
                    for place in range(len(phrases)):
                        self.check_phrase(phrases, place)
                    self.check_clauses(joined(phrases), tells_speaker=mark == "—" and tokens[0][0].islower())
        self.findings.stories += 1
        self.findings.names += len(self.named)

    # ---- who, and what ----------------------------------------------------------------------------------------------

    def check_phrase(self, phrases: list[Phrase], place: int) -> None:
        """What can be told of a phrase from itself and from what has been named before."""
        phrase = phrases[place]
        if phrase.kind == "name":
            if phrase.said:
                self.check_noun(phrase.said)
            self.check_name(phrase)
        elif phrase.kind == "pronoun" and phrase.text in forms.pronouns():
            self.check_pronoun(phrases, place)
        elif phrase.text in ("os dois", "as duas"):
            self.holds("pronouns", phrase.agreement, self.several(), f"“{phrase.text}” sem duas pessoas, antes")
        elif phrase.kind in ("noun", "adjective"):
            self.check_noun(phrase)
            if phrase.kind == "noun":
                self.things.append(Thing(self.sentence, phrase.agreement, phrase.definite))
            elif phrase.text in all_of("obrigado"):
                self.thanks = phrase

    def check_noun(self, phrase: Phrase) -> None:
        """'um menino curioso': each word agrees with the noun, and with the words that do."""
        agreement = phrase.within[0] if phrase.within else ANY
        for form in phrase.within[1:]:
            self.holds("adjectives", agreement, form, f"“{phrase.text}” não concorda")
            agreement = agreement & form or agreement

    def check_name(self, phrase: Phrase) -> None:
        """Who is named was introduced: first of all, or once, with what it is, in the gender of the name."""
        name, said = phrase.text, phrase.said
        if self.mentions >= 2:
            self.findings.later_names += 1
            self.findings.repeated_names += name in self.named
        once = (name in self.named) != bool(said) or not self.named
        what = f"“{name}” já é o nome de alguém" if said else f"“{name}” aparece sem apresentação"
        self.holds("cast", forms.SINGULAR if once else 0, forms.SINGULAR, what)
        if said:
            self.holds("cast", said.agreement, phrase.agreement, f"“{said.text} {name}”: o nome é de outro gênero")
        self.mentions += 1
        self.named[name] = phrase.agreement

    def check_pronoun(self, phrases: list[Phrase], place: int) -> None:
        """A pronoun means somebody named or a thing of the last sentences; where the scenes tell which, that one."""
        before, after = text_at(phrases, place - 1).split(" ")[-1], text_at(phrases, place + 1).split(" ")[0]
        somebody = forms.pronoun_places().get((before.strip(","), after.strip(",")))
        meant = [] if somebody is False else [self.several(), *self.named.values()]
        if somebody is False:
            things = [thing for thing in self.things if thing.definite]
            if place and phrases[place - 1].kind == "noun" and things:
                things.pop()  # 'um carinho nele': the carinho is not meant
            meant = [thing.agreement for thing in things if thing.sentence == things[-1].sentence]
        elif somebody is None:
            meant += [thing.agreement for thing in self.things if thing.sentence >= self.sentence - REMEMBERED]
        what = f"“{phrases[place].text}” sem antecedente que concorde"
        self.holds("pronouns", phrases[place].agreement, functools.reduce(operator.or_, meant, 0), what)

    def several(self) -> int:
        """The agreement of two of those named: none before two are."""
        pairs = itertools.combinations(self.named.values(), 2)
        return functools.reduce(operator.or_, (of_two(*pair) for pair in pairs), 0)

    # ---- clauses ----------------------------------------------------------------------------------------------------

    def check_clauses(self, phrases: list[Phrase], *, tells_speaker: bool) -> None:
        """The verb of each subject, and the adjectives that say how the subject is."""
        subject, checked = None, 0  # up to which place the verbs have been checked
        for place, phrase in enumerate(phrases):
            if phrase.nominal:
                if text_at(phrases, place + 1) == ",":
                    self.check_identity(phrase, phrases, place + 2)  # 'Ana, uma menina'
                verb = past_complements(phrases, place)
                is_object = place > 0 and phrases[place - 1].kind == "verb"
                if phrase.subject and not is_object and verb < len(phrases) and phrases[verb].kind == "verb":
                    subject, checked = phrase, verb + 1
                    self.check_verb(subject, phrases, verb)
            elif phrase.kind == "verb" and place >= checked:
                after = past(phrases, place + 1)
                if tells_speaker and place == 0 and after < len(phrases) and phrases[after].subject:  # '— disse Ana'
                    subject = phrases[after]
                    self.check_verb(subject, phrases, place)
                    if self.thanks:
                        self.check_adjective(subject, self.thanks)
                elif subject and goes_on(phrases, place):
                    self.check_verb(subject, phrases, place)
                else:
                    subject = subject or phrase  # whoever it is, the verb tells the number
                    self.check_predicate(phrase, phrases, place)
            elif phrase.text == "," and subject:
                self.check_aside(subject, phrases, place)

    def check_verb(self, subject: Phrase, phrases: list[Phrase], verb: int) -> None:
        what = f"“{subject.text}” não concorda com o verbo “{phrases[verb].text}”"
        self.holds("verbs", subject.agreement, phrases[verb].agreement, what)
        self.check_predicate(subject, phrases, verb)

    def check_predicate(self, subject: Phrase, phrases: list[Phrase], verb: int) -> None:
        """'Ana ficou cansada e feliz', 'Ana era uma menina'."""
        place = past(phrases, verb + 1)
        if text_at(phrases, place) in UNSPENT:
            place = past(phrases, place + 1)
        elif phrases[verb].text in third_persons(COMPOUND):
            return  # 'tinha perdido'
        if phrases[verb].text in third_persons(LINKING):
            self.check_identity(subject, phrases, place)
        while place < len(phrases) and phrases[place].kind == "adjective":
            if text_at(phrases, place + 1) == "do":
                break  # 'pensam melhor do que'
            self.check_adjective(subject, phrases[place])
            place += 1
            if text_at(phrases, place) in ("e", ","):
                place = past(phrases, place + 1)

    def check_identity(self, first: Phrase, phrases: list[Phrase], place: int) -> None:
        """What somebody is, is of the gender of the name: 'Ana era uma menina', 'seu melhor amigo era Davi'."""
        second = phrases[place] if place < len(phrases) else Phrase("end", "")
        if (first.kind == "name" and second.says_who) or (first.says_who and second.kind == "name"):
            what = f"“{first.text}” e “{second.text}”: o nome é de outro gênero"
            self.holds("cast", first.agreement, second.agreement, what)

    def check_aside(self, subject: Phrase, phrases: list[Phrase], comma: int) -> None:
        """', cansada' at the end or between commas says how the subject is, or what stands before the comma."""
        place = past(phrases, comma + 1)
        closed = text_at(phrases, place + 1) in ("", ",", "e")
        if place < len(phrases) and phrases[place].kind == "adjective" and closed:
            nearest = phrases[comma - 1].agreement if phrases[comma - 1].subject else 0
            self.check_adjective(subject._replace(agreement=subject.agreement | nearest), phrases[place])

    def check_adjective(self, subject: Phrase, adjective: Phrase) -> None:
        what = f"“{adjective.text}” não concorda com “{subject.text}”"
        self.holds("adjectives", subject.agreement, adjective.agreement, what)


def text_at(phrases: list[Phrase], place: int) -> str:
    """The text of a phrase; nothing before the first and after the last."""
    return phrases[place].text if 0 <= place < len(phrases) else ""


def goes_on(phrases: list[Phrase], verb: int) -> bool:
    """Whether a verb has the subject of the one before: 'Ana sentou-se e ficou triste', but not ', e foi Davi'."""
    return text_at(phrases, verb - 1) == "e" and text_at(phrases, verb - 2) != ","
