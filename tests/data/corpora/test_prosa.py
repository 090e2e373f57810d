"""The prose written by hand: enough of it, of decent length, in many registers, and never trained on."""

import configparser
import re
import unicodedata
from pathlib import Path

import pytest

import tinyllm
from tinyllm.data.corpora import CORPORA, prosa

TEXTS = prosa.texts()
by_title = pytest.mark.parametrize("prose", TEXTS, ids=lambda prose: prose.title)


def test_there_are_enough_in_many_registers():
    assert len(TEXTS) >= 30
    assert len({prose.register for prose in TEXTS}) >= 12
    assert len({prose.text for prose in TEXTS}) == len({prose.title for prose in TEXTS}) == len(TEXTS)


@by_title
def test_each_is_short_and_clean(prose):
    assert 80 <= len(prose.text.split()) <= 200
    assert unicodedata.is_normalized("NFC", prose.text)
    assert not re.search(r"  |\s$|^\s| [.,!?;:]|,,|[\"'{}#\t]|\b(\w+) \1\b", prose.text)
    assert all(line[-1] in ".!?”:" for line in prose.text.split("\n"))
    assert prose.text.count("“") == prose.text.count("”")


def test_the_corpora_for_training_know_nothing_of_it():
    def runs(text, n=6):
        found = re.findall(r"\w+", text.lower())
        return set(zip(*(found[i:] for i in range(n)), strict=False))

    held_out = set().union(*(runs(prose.text) for prose in TEXTS))
    for make in CORPORA.values():
        for text in make(300):
            assert not held_out & runs(text)


def test_the_texts_are_installed_with_the_package():
    config = configparser.ConfigParser()
    config.read(Path(tinyllm.__file__).parent.parent / "setup.cfg", encoding="utf-8")
    assert "prosa.txt" in config["options.package_data"]["tinyllm.data.corpora"]
