"""Questions on generated texts: the right answer stands in the text, the options are different, none is favoured."""

import functools
import itertools
import re
from collections import Counter

import pytest

from tinyllm.data.corpora import contos, grammar, receitas
from tinyllm.data.corpora.template import Word
from tinyllm.errors import UsageError
from tinyllm.evaluate.questions import DOMAINS, begins, questions, says, strangers


@functools.cache
def some(domain, count=80, **options):
    return list(questions(count, domain=domain, **options))


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_answer_stands_in_the_text(domain):
    for question in some(domain):
        right = question.options[question.answer]
        assert len(set(question.options)) == len(question.options) >= 2, question
        text = question.question.rpartition("\n")[0].lower()
        words = right.rstrip(".").lower()
        if domain == "instrucoes" and begins(question.question) == "Em":
            words = words.split()[-1]  # 'no sábado', of 'a manhã de sábado'
        assert says(text, words), question


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_place_is_right_more_often(domain):
    places = Counter(question.answer for question in some(domain) if len(question.options) == 4)
    assert len(places) == 4 and max(places.values()) < 3 * min(places.values())


def test_who_is_asked_for_is_told_in_the_story():
    kinds = Counter()
    for question in some("contos"):
        form = r"(.*)\nPergunta: Como se chama [oa] (.*)\?\nResposta:"
        text, asked = re.fullmatch(form, question.question, re.S).groups()
        assert says(text, asked)
        kinds[asked] += 1
        there = [option for option in question.options if says(text, option)]
        assert question.options[question.answer] in there and len(there) <= 2
    assert len(kinds) > 15


def test_a_wrong_ingredient_is_not_in_the_recipe():
    asked = Counter()
    for question in some("receitas"):
        text, _, about = question.question.rpartition("\nPergunta: ")
        asked[about.split("\n")[0]] += 1
        if "ingredientes" in about:
            assert [says(text.lower(), option) for option in question.options].count(True) == 1, question
        else:
            told = [f": {option}." in text for option in question.options]
            assert told.count(True) == 1 and told[question.answer], question
    assert len(asked) == 3


def test_strangers_to_a_recipe():
    strangers_of = [(str(recipe).lower(), strangers(recipe)) for recipe in map(receitas.recipe, range(30))]
    assert all(len(found) > 50 for _, found in strangers_of)
    for text, found in strangers_of:
        assert not [one for one in found if one in text or grammar.plural(one) in text]


def test_who_is_asked_for_is_one_of_a_kind(monkeypatch):
    def word(name, kind, newcomer):
        return Word(name, 0, {"kind": kind, "newcomer": newcomer})

    filler = " era um menino, e o seu vizinho, um menino chamado Caio, era um gato." + " e" * 80
    casts = [
        {"hero": word("Davi", "menino", "menino"), "friend": word("Caio", "vizinho", "menino")},
        {"hero": word("Davi", "menino", "menino"), "friend": word("Caio", "gato", "gato")},
    ]
    told = iter([(f"Davi{filler}", cast) for cast in casts])
    monkeypatch.setattr(contos, "told", lambda plot, source: next(told))
    question = next(questions(1, domain="contos"))
    assert re.search("Como se chama o (menino|gato)", question.question) and not list(told)


def test_conversations_ask_in_their_own_form():
    for question in some("instrucoes"):
        assert re.fullmatch(r"Usuário: .+\?\nAssistente:", question.question)


def test_a_question_depends_on_its_number_alone():
    for domain in DOMAINS:
        whole = some(domain, 12, seed=3)
        assert list(itertools.islice(questions(30, domain=domain, seed=3), 12)) == whole
        assert some(domain, 12, seed=4) != whole != some(domain, 12, seed=3, split="train")


def test_what_cannot_be_asked():
    with pytest.raises(UsageError, match="no questions on poemas; choose one of contos, receitas, instrucoes"):
        questions(3, domain="poemas")
    with pytest.raises(UsageError, match="no split 'dev'"):
        questions(3, domain="contos", split="dev")


def test_stories_are_told_as_before():
    for index in range(5):
        source = contos.source_of("train", 0, index)
        plot = contos.draw_plot(source, "train")
        text, memory = contos.told(plot, source)
        if contos.MINIMUM_WORDS <= len(text.split()) <= contos.MAXIMUM_WORDS:
            assert text == contos.story(index) and memory["hero"].text in text
