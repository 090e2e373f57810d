"""The word forms of the stories: what the lexicon and the scenes say of a word's gender and number."""

import pytest

from tinyllm.data.corpora import contos
from tinyllm.data.corpora.contos import forms

FORMS = """
names: Ana 2, Davi 1
nouns: bola 2, bolas 8, bolinha 2, avião de papel 1, aviões de papel 4, avião 1, patins 4, castelo 1, água 2, olhos 4
adjectives: triste 3, tristes 12, curiosa 2, chamado 1, amigas 8, sozinha 2, azul 3, lilás 15, grande 3
determiners: o 1, a 2, dos 4, numas 8, dois 4, duas 8, muitas 8, três 12
pronouns: ele 1, dela 2, nelas 8
verbs: correu 3, correram 12, era 3, eram 12, dançava 3, tremia 3, soprou 3, brilharam 12, disse 3
"""
NONE = {"nouns": "triste juntava que", "verbs": "para alegria corda dia", "determiners": "ele lo", "adjectives": "ele"}


@pytest.mark.parametrize("row", FORMS.strip().split("\n"))
def test_forms(row):
    table, _, entries = row.partition(": ")
    known = getattr(forms, table)()
    for entry in entries.split(", "):
        word, _, agreement = entry.rpartition(" ")
        assert known[word] == int(agreement), word
    assert not known.keys() & set(NONE.get(table, "").split())


def test_half_of_the_words_of_a_story_are_known():
    tables = (forms.nouns(), forms.adjectives(), forms.determiners(), forms.verbs(), forms.names(), forms.pronouns())
    words = " ".join(contos.stories(100, split="test")).replace(",", "").replace(".", "").split()
    assert sum(any(word in table for table in tables) for word in words) >= len(words) / 2
