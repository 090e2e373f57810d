"""What holds of every generated corpus: no two texts equal, splits by plot, the same text everywhere, clean type."""

import hashlib
import itertools
import re
import unicodedata
from functools import cache

import pytest

from tinyllm.data.corpora import CORPORA, instrucoes, receitas, resenhas
from tinyllm.errors import UsageError

MODULES = {"resenhas": resenhas, "receitas": receitas, "instrucoes": instrucoes}
HELD_OUT = ("validation", "test")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
every_corpus = pytest.mark.parametrize("name", MODULES)


@cache
def texts(name: str, split: str = "train") -> tuple[str, ...]:
    return tuple(CORPORA[name](10_000 if split == "train" else 500, split=split))


def test_registry_knows_them_all():
    assert set(CORPORA) == {"contos", "cartilha", "leituras", *MODULES}


@pytest.mark.long
@every_corpus
def test_no_two_texts_are_equal(name):
    together = [text for split in ("train", *HELD_OUT) for text in texts(name, split)]
    assert len(set(together)) == len(together) == 11_000


@pytest.mark.long
@every_corpus
def test_no_plot_of_one_split_is_told_in_another(name):
    told = {split: {MODULES[name].plot_of(split, 0, index) for index in range(2000)} for split in ("train", *HELD_OUT)}
    for one, other in itertools.combinations(told.values(), 2):
        assert not one & other
    assert len(told["train"]) >= 40 and min(len(told[split]) for split in HELD_OUT) >= 7


@pytest.mark.long
@every_corpus
def test_held_out_texts_use_the_words_of_training(name):
    known = {word for text in texts(name) for word in WORD.findall(text.lower())}
    found = [word for split in HELD_OUT for text in texts(name, split) for word in WORD.findall(text.lower())]
    assert sum(word in known for word in found) >= 0.98 * len(found)
    assert len(known) >= {"resenhas": 1000, "receitas": 550, "instrucoes": 1500}[name]


@every_corpus
def test_a_text_depends_only_on_seed_split_and_index(name):
    make = CORPORA[name]
    assert list(make(5)) == list(make(20))[:5] == list(texts(name)[:5])
    assert list(make(5, seed=1)) != list(make(5))
    assert next(make(10**12)) == texts(name)[0]


DIGESTS = {"resenhas": "52535366a5003357", "instrucoes": "09e8c764fa947a2c", "receitas": "330e5c5fa9ef8f2a"}


@every_corpus
def test_the_text_changes_only_on_purpose(name):
    assert hashlib.sha256("\n\n".join(texts(name)[:50]).encode()).hexdigest()[:16] == DIGESTS[name]


@every_corpus
@pytest.mark.parametrize(("count", "split"), [(-1, "train"), (1, "dev"), (1, "")])
def test_mistakes_are_told_in_one_line(name, count, split):
    with pytest.raises(UsageError) as caught:
        CORPORA[name](count, split=split)
    assert name in str(caught.value) and (repr(split) if count > 0 else str(count)) in str(caught.value)
    with pytest.raises(UsageError, match="validation"):
        MODULES[name].plot_of("dev", 0, 0)


FORBIDDEN = {
    "uncontracted preposition": r"\b(?:de|em|por) (?:os?|as?)\b|\ba (?:o|os)\b|\b(?:à|às) (?:o|a|os|as)\b",
    "repeated word": r"\b(\w+) \1\b",
    "space": r"  |\s$|^\s|\n\n| [.,!?;:]|\t",
    "punctuation": r"[,;:][.,!?]|\.\.|[!?]\.|,,",
    "template left over": r"[{}<>\[\]|$_]|\bNone\b",
}


@every_corpus
@pytest.mark.parametrize("rule", FORBIDDEN)
def test_typographic_hygiene(name, rule):
    pattern = re.compile(FORBIDDEN[rule])
    for text in texts(name)[:3000] + texts(name, "validation") + texts(name, "test"):
        assert not pattern.search(text), f"{rule}: {pattern.search(text)}\n{text}"
        assert unicodedata.is_normalized("NFC", text)
