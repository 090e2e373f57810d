"""The checker of stories: it finds nothing in the corpus, and most of what is spoilt in it."""

import random
import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.corpora import contos, grammar
from tinyllm.data.corpora.contos import forms
from tinyllm.evaluate.stories import KINDS, check

OTHER_GENDER, OTHER_NUMBER = 1, 2  # added to an agreement, bit by bit


def corpus(count, split="train"):
    return list(contos.stories(count, split=split))


# ---- right stories --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("split", "count"),
    [("test", 60), *(pytest.param(split, 500, marks=pytest.mark.long) for split in contos.PLOTS)],
)
def test_the_corpus_holds(split, count):
    findings = check(corpus(count, split))
    for kind in KINDS:
        share = findings.right[kind] / findings.checks[kind]
        assert share >= 0.995, (kind, share, [found for found in findings.wrong if found.kind == kind][:10])
    assert findings.checks["cast"] >= 5 * count and findings.checks["pronouns"] >= count / 2
    assert findings.checks["verbs"] >= 5 * count and findings.checks["adjectives"] >= 5 * count


@pytest.mark.long
def test_every_telling_of_every_scene_holds():
    """Each variant of a scene is told in each world, even the rare ones."""
    opening = contos.scene("opening")[0], contos.scene("friend")[1]
    stories = []
    for name in contos.SCENES:
        for variant in contos.scene(name):
            for world in contos.WORLDS:
                source = contos.source_of("scenes", 0, len(stories))
                categories = {"thing": "toy"}
                memory = contos.StoryMemory(
                    source, lambda category, world=world: contos.entries(category, world), categories
                )
                introduced = opening[: {"opening": 0, "friend": 1, "meet_friend": 1}.get(name, 2)]
                stories.append("\n".join(contos.render(template, memory) for template in (*introduced, variant)))
    wrong = check(stories).wrong
    assert not wrong, [(found.what, stories[found.story]) for found in wrong]


# ---- sentences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "kind", "words"),
    [
        ("Era uma vez um menino chamado Ana, que morava numa casa.", "cast", "um menino chamado Ana"),
        ("Todos conheciam Davi, uma menina muito alegre.", "cast", "uma menina muito alegre"),
        ("Davi era uma menina alegre.", "cast", "Davi"),
        ("Ana viu o pato.\nLucas riu.", "cast", "Lucas"),
        ("Ana viu a vizinha Lia.\nEla riu com a vizinha Lia.", "cast", "já é o nome de alguém"),
        ("Ana caiu. Ele riu.", "pronouns", "ele"),
        ("Ana tinha uma bola e cuidava dele com carinho.", "pronouns", "dele"),
        ("Ana e a vizinha Lia riram. Os dois brincaram.", "pronouns", "os dois"),
        ("Ana e o vizinho Davi correu.", "verbs", "correu"),
        ("Ana não saíram de casa.", "verbs", "saíram"),
        ("As borboletas da praça dançava.", "verbs", "dançava"),
        ("Ana caiu.\n— Que pena! — disseram Ana.", "verbs", "disseram"),
        ("Ana sentou-se e choraram.", "verbs", "choraram"),
        ("Esta são a história de Ana.", "verbs", "são"),
        ("Ana viu o bola.", "adjectives", "o bola"),
        ("Ana viu três pato.", "adjectives", "três pato"),
        ("Ana viu a bola vermelho.", "adjectives", "vermelho"),
        ("Ana ganhou um avião de papel brilhantes.", "adjectives", "brilhantes"),
        ("Ana ficou muito calado e triste.", "adjectives", "calado"),
        ("Ana voltou para casa, animado.", "adjectives", "animado"),
        ("Ana nunca tinha ficado tão satisfeito.", "adjectives", "satisfeito"),
        ("— Ana, por que você está tão preocupado?", "adjectives", "preocupado"),
        ("— Muito obrigado! — disse Ana.", "adjectives", "obrigado"),
    ],
)
def test_a_mistake_is_told_with_its_words(story, kind, words):
    found = check(["Davi riu.", story]).wrong
    assert [(finding.story, finding.kind) for finding in found] == [(1, kind)] and words in found[0].what


def test_figures():
    findings = check(["Ana viu o pato. Ana riu. Ana e o vizinho Davi correram. Lia caiu.", "Bia riram."])
    assert findings.figures() == {
        "cast": 6 / 7,
        "pronouns": 0,
        "verbs": 4 / 5,
        "adjectives": 1,
        "names_a_story": 2,
        "repeated_names": 1 / 3,
    }
    assert check([""]).figures() == dict.fromkeys(findings.figures(), 0)
    assert check(["— … ,, e\n\n de a o"]).wrong == []


@given(
    st.lists(st.sampled_from([*"aeo,.!—:\n", "um", "dois", "Ana", "Zorb", "ele", "bola", "viu", "de", "feliz", "com"]))
)
def test_any_text_can_be_read(words):
    findings = check([" ".join(words)])
    assert all(findings.right[kind] <= findings.checks[kind] for kind in KINDS)
    assert len(findings.wrong) == findings.checks.total() - findings.right.total()


# ---- spoilt stories -------------------------------------------------------------------------------------------------


@cache
def other_verbs():
    """Every finite form -> the same in the other number."""
    pairs = {}
    for verb in forms.infinitives():
        for tense in forms.TENSES:
            one, several = (
                grammar.conjugate(verb, tense, who) for who in (grammar.THIRD_SINGULAR, grammar.THIRD_PLURAL)
            )
            if forms.verbs().get(one) == forms.SINGULAR and forms.verbs().get(several) == forms.PLURAL:
                pairs |= {one: several, several: one}
    return pairs


@cache
def other_forms(change, rows):
    """Every form of rows of four -> the same in the other gender or number, where that is another word."""
    return {
        form: row[i ^ change] for row in rows for i, form in enumerate(row) if row[i ^ change] not in (form, *row[:i])
    }


@cache
def adjective_rows():
    singular = [word for word, bits in forms.adjectives().items() if bits & 1 and bits != 0b1111]
    return tuple(grammar.agree(word) for word in singular)


def spoil(story, pattern, change, draw):
    """The story with one of the words that the pattern's last group finds changed; None where there is none."""
    found = [match for match in re.finditer(pattern, story) if change(match.group(match.lastindex)) is not None]
    if not found:
        return None
    match = draw.choice(found)
    start, end = match.span(match.lastindex)
    return story[:start] + change(match.group(match.lastindex)) + story[end:]


def names_in(story):
    return list(dict.fromkeys(word for word in re.findall(r"\w+", story) if word in forms.names()))


def new_name(story, like, other=0):
    gender = (forms.names()[like].bit_length() - 1) ^ other
    return next(word.text for word in contos.names(gender) if word.text not in story)


def other_gender_of_a_name(story, draw):
    """Somebody is called, all along, by a name of the other gender."""
    name = draw.choice(names_in(story))
    return re.sub(rf"\b{name}\b", new_name(story, name, OTHER_GENDER), story)


def name_of_nobody(story, draw):
    name = names_in(story)[0]
    places = [match.start() for match in re.finditer(rf"\b{name}\b", story)][1:]
    place = draw.choice(places)
    return story[:place] + new_name(story, name) + story[place + len(name) :]


def gender_word(story, draw):
    rows = (grammar.agree("chamado"),)
    return spoil(story, r"(chamad\w+) [A-Z]", other_forms(OTHER_GENDER, rows).get, draw)


def number_of_a_verb(story, draw):
    name = r"[A-ZÀ-Ý][a-zà-ÿ]+"
    return spoil(
        story, rf"(?:(?<![—\w] ){name}|{name} e {name}|[Oo]s dois|[Aa]s duas) ([a-zà-ÿ]+)", other_verbs().get, draw
    )


def ending_of_an_adjective(story, draw):
    rows = adjective_rows()
    return spoil(story, r"\b([a-zà-ÿ-]+)\b", other_forms(draw.choice((OTHER_GENDER, OTHER_NUMBER)), rows).get, draw)


def article(story, draw):
    rows = tuple(grammar.CLOSED_CLASSES[word] for word in ("o", "um", "do", "no", "ao", "num"))
    return spoil(story, r"\b([a-zà]+) \w", other_forms(draw.choice((OTHER_GENDER, OTHER_NUMBER)), rows).get, draw)


def pronoun(story, draw):
    rows = tuple(grammar.CLOSED_CLASSES[word] for word in forms.PRONOUNS)
    return spoil(story, r"\b([a-z]+)\b", other_forms(OTHER_GENDER, rows).get, draw)


def the_two(story, draw):
    return spoil(story, r"\b([Oo]s dois|[Aa]s duas)\b", {"os dois": "as duas", "as duas": "os dois"}.get, draw)


@pytest.mark.parametrize(
    ("spoiling", "least"),
    [
        (other_gender_of_a_name, 0.95),
        (name_of_nobody, 0.95),
        (gender_word, 0.95),
        (number_of_a_verb, 0.93),
        (ending_of_an_adjective, 0.85),
        (article, 0.9),
        (pronoun, 0.65),
        (the_two, 0.95),
    ],
)
def test_what_is_spoilt_is_found(spoiling, least):
    draw = random.Random(spoiling.__name__)
    spoilt = [text for story in corpus(100) if (text := spoiling(story, draw)) is not None]
    assert len(spoilt) >= 20
    found = {finding.story for finding in check(spoilt).wrong}
    missed = [text for number, text in enumerate(spoilt) if number not in found]
    assert len(found) >= least * len(spoilt), (len(found) / len(spoilt), missed[:5])
