"""Noise: nothing at level 0, all of it at level 1, more at each level, the same with the same seed."""

import collections
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.data.corpora import contos, prosa
from tinyllm.errors import UsageError
from tinyllm.evaluate import noise
from tinyllm.evaluate.noise import NEIGHBOURS, NOISES, noisy

texts = st.text(st.sampled_from("aeçãéÁzZ 0.!?\n😀—"), max_size=40)
STORIES = list(contos.stories(4))


@settings(max_examples=40)
@given(text=texts, kind=st.sampled_from(list(NOISES)), seed=st.integers(0, 5))
def test_no_noise_changes_nothing_and_a_seed_says_which(text, kind, seed):
    assert noisy([text], kind, 0, seed=seed) == [text]
    both = noisy([text, text], kind, 0.5, seed=seed)
    assert noisy([text, "outro"], kind, 0.5, seed=seed)[0] == both[0]


def changed(kind, level, seed=0):
    """How many words are not what they were, or not where they were."""
    pairs = zip(STORIES, noisy(STORIES, kind, level, seed=seed), strict=True)
    return sum((collections.Counter(a.split()) - collections.Counter(b.split())).total() for a, b in pairs)


@pytest.mark.parametrize("kind", ["digitação", "acentos", "maiúsculas", "espaços"])
def test_a_higher_level_spoils_more(kind):
    counts = [changed(kind, level) for level in (0, 0.1, 0.3, 1)]
    assert counts == sorted(counts) and counts[0] == 0 < counts[1] < counts[2]
    assert noisy(STORIES, kind, 0.3, seed=1) != noisy(STORIES, kind, 0.3, seed=0)


@pytest.mark.parametrize("kind", ["acentos", "maiúsculas"])
def test_what_is_touched_at_a_level_is_touched_at_a_higher_one(kind):
    low, high = (noisy(STORIES, kind, level) for level in (0.2, 0.5))
    for before, some, more in zip(STORIES, low, high, strict=True):
        assert all(a == b or b == c for a, b, c in zip(before, some, more, strict=True))


def test_the_neighbours_on_the_keyboard():
    assert set(NEIGHBOURS["g"]) == set("ftyhvbg") - {"g"} | {"v"}
    assert set(NEIGHBOURS["a"]) == set("qwsz") and set(NEIGHBOURS["ç"]) == set("pl")
    assert all(key in NEIGHBOURS[other] for key in NEIGHBOURS for other in NEIGHBOURS[key])  # whichever way
    assert sum(len(others) for others in NEIGHBOURS.values()) / len(NEIGHBOURS) > 3.5


@given(letter=st.sampled_from("aãÂçÇßmMñ"), choice=st.floats(0, 1, exclude_max=True))
def test_a_mistyped_letter(letter, choice):
    wrong = noise.mistyped(letter, choice)
    if choice >= 0.5:
        assert wrong == ("" if choice < 0.75 else 2 * letter)
    elif letter == "ß":
        assert wrong == letter
    else:
        key = letter.lower() if letter in "çÇ" else unicodedata.normalize("NFD", letter.lower())[0]
        assert wrong.lower() in NEIGHBOURS[key] and wrong.isupper() == letter.isupper()


@pytest.mark.parametrize(
    ("kind", "text", "spoilt"),
    [
        ("acentos", "A ação do avô ÍCARO, à noite.", "A acao do avo ICARO, a noite."),
        ("maiúsculas", "Ana viu o céu 2 vezes.", "ana VIU O CÉU 2 VEZES."),
        ("grafia antiga", "A IDEIA do voo; ideias, linguiças tranquilas, frequência.",
         "A IDÉIA do vôo; idéias, lingüiças tranqüilas, freqüência."),
        ("grafia antiga", "Boiada, sequer, ideação, veem, Cinquenta, consequência, sequência.",
         "Boiada, sequer, ideação, vêem, Cinqüenta, conseqüência, seqüência."),
        ("grafia antiga", "ſequência", "ſequência"),
        ("grafia antiga", "Micro-ondas, antissocial, autoescola.", "Microondas, anti-social, auto-escola."),
        ("grafia nova", "Idéias, vôos e lingüiça: a pingüim agüenta o anti-social.",
         "Ideias, voos e linguiça: a pinguim aguenta o antissocial."),
    ],
)  # fmt: skip
def test_all_of_it(kind, text, spoilt):
    assert noisy([text], kind, 1) == [spoilt]


def test_the_spellings_go_both_ways():
    for rows in (noise.NOUNS, noise.FIXED, noise.BEGINNINGS):
        for new, old in noise.table(rows).items():
            assert new != old and new.isprintable() and old.isprintable()
            assert noisy([new], "grafia antiga", 1) == [old] and noisy([old], "grafia nova", 1) == [new]
    prose = [text.text for text in prosa.texts()]
    assert noisy(noisy(prose, "grafia antiga", 1), "grafia nova", 1) == prose
    assert noisy(prose, "grafia nova", 1) == prose  # it is written as is now


def test_spaces():
    words = noisy(["um dois três quatro cinco seis sete oito"], "espaços", 1)[0]
    assert re.sub(" ", "", words) == "umdoistrêsquatrocincoseisseteoito"
    assert set(re.findall(" +", words)) == {"  "} and re.search(r"\w{9}", words)


def test_what_is_done_to_a_place_has_nothing_to_do_with_the_level():
    found = noisy(["a " * 400], "espaços", 0.1)[0]
    assert 10 < found.count("aa") < 30 and 10 < found.count("a  a") < 30


def test_an_emoji_after_each_sentence():
    found = noisy(["Oi! Tudo bem?... Sim. Então vamos"], "emojis", 1)[0]
    assert re.fullmatch("Oi! (.) Tudo bem\\?\\.\\.\\. (.) Sim\\. (.) Então vamos (.)", found)
    assert all(emoji in noise.EMOJI for emoji in re.findall("[^\\w\\s!.?]", found))


@given(count=st.integers(1, 12), level=st.floats(0, 1))
def test_the_order_keeps_every_sentence(count, level):
    sentences = [f"Frase {i}." for i in range(count)]
    text = "\n".join(sentences)
    found = noisy([text], "ordem das frases", level)[0]
    assert sorted(found.split("\n")) == sorted(sentences)


def test_the_order_is_lost_little_by_little():
    text = " ".join(f"Frase {i}." for i in range(60)) + "\n"

    def moved(level):
        found = [int(number) for number in re.findall(r"\d+", noisy([text], "ordem das frases", level)[0])]
        return sum(abs(place - number) for place, number in enumerate(found)) / 60

    assert 0 < moved(0.02) < moved(0.2) < moved(1) and moved(1) > 12
    assert noisy([text], "ordem das frases", 1)[0].endswith(".\n")


def test_what_is_no_noise():
    with pytest.raises(UsageError, match="no noise is called chuva; choose one of digitação, "):
        noisy(["a"], "chuva", 0.1)
    for level in (-0.1, 1.01, float("nan")):
        with pytest.raises(UsageError, match="must lie between 0"):
            noisy(["a"], "acentos", level)
