"""The children's stories: enough plots and words, no repetition, right Portuguese, the same text on every machine."""

import hashlib
import itertools
import re
import unicodedata
from functools import cache

import pytest

from tinyllm.data.corpora import CORPORA, contos, grammar
from tinyllm.errors import UsageError

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@cache
def train_stories() -> tuple[str, ...]:
    return tuple(contos.stories(10_000))


@cache
def held_out_stories() -> tuple[str, ...]:
    return (*contos.stories(500, split="validation"), *contos.stories(500, split="test"))


@cache
def train_words() -> frozenset[str]:
    return frozenset(word for text in train_stories() for word in words(text))


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


# ---- the corpus -----------------------------------------------------------------------------------------------------


def test_registry_names_the_stories():
    assert CORPORA["contos"] is contos.stories


def test_plots_are_many_and_belong_to_one_split():
    names = {split: [plot.name for plot in plots] for split, plots in contos.PLOTS.items()}
    assert len(names["train"]) >= 40
    assert min(len(names["validation"]), len(names["test"])) >= 4
    together = list(itertools.chain(*names.values()))
    assert len(together) == len(set(together))
    sequences = [plot.scenes for plots in contos.PLOTS.values() for plot in plots]
    assert len(sequences) == len(set(sequences))


def test_plot_of_tells_the_plot_and_every_plot_is_told():
    for split, plots in contos.PLOTS.items():
        assert {contos.plot_of(split, 0, index) for index in range(1000)} == {plot.name for plot in plots}


def test_every_scene_is_told_in_training():
    told = {name for plot in contos.PLOTS["train"] for name in plot.scenes}
    held_out = {name for split in ("validation", "test") for plot in contos.PLOTS[split] for name in plot.scenes}
    assert told | held_out == set(contos.SCENES)
    assert len(held_out - told) <= 4


@pytest.mark.long
def test_no_two_stories_are_equal():
    texts = train_stories() + held_out_stories()
    assert len(set(texts)) == len(texts)


def test_vocabulary_is_wide_and_shared_by_the_splits():
    assert len(train_words()) >= 3000
    tokens = [word for text in held_out_stories() for word in words(text)]
    assert sum(word in train_words() for word in tokens) >= 0.98 * len(tokens)


def test_length_in_words():
    lengths = [len(text.split()) for text in train_stories() + held_out_stories()]
    assert min(lengths) >= 70 and max(lengths) <= 160


def test_every_telling_of_a_plot_is_near_the_allowed_length():
    for plot in itertools.chain(*contos.PLOTS.values()):
        lengths = [len(contos.told(plot, contos.source_of("lengths", 0, index))[0].split()) for index in range(20)]
        assert sum(70 <= length <= 160 for length in lengths) >= 10, plot.name


# ---- reproducible ---------------------------------------------------------------------------------------------------


def test_a_story_depends_only_on_seed_split_and_index():
    assert list(contos.stories(5)) == list(contos.stories(20))[:5]
    assert next(itertools.islice(contos.stories(8, seed=3), 7, None)) == contos.story(7, seed=3)
    assert contos.story(0) != contos.story(0, seed=1)


def test_stories_are_lazy():
    assert next(contos.stories(10**12)) == train_stories()[0]


def test_the_text_changes_only_on_purpose():
    digest = hashlib.sha256("\n\n".join(contos.stories(3)).encode()).hexdigest()
    assert digest == "fc86c8674fe0035900b9f5f14be1bb24c07398dda30b7182b4351436a2c1a7cb"


@pytest.mark.parametrize(("count", "split"), [(-1, "train"), (1, "dev"), (1, "")])
def test_mistakes_are_told_in_one_line(count, split):
    with pytest.raises(UsageError) as caught:
        contos.stories(count, split=split)
    assert "\n" not in str(caught.value)
    assert (repr(split) if count > 0 else str(count)) in str(caught.value)


def test_plot_of_an_unknown_split():
    with pytest.raises(UsageError, match="validation"):
        contos.plot_of("dev", 0, 0)


# ---- right Portuguese -----------------------------------------------------------------------------------------------

FORBIDDEN = {
    "uncontracted preposition": r"\b(?:de|em|por) (?:os?|as?)\b|\ba (?:o|os)\b|\b(?:à|às) (?:o|a|os|as)\b",
    "article of the other gender": r"\b[oO] (?:menina|garota|avó|mãe|bola)\b|\b[aA] (?:menino|garoto|avô|pai|balão)\b",
    "repeated word": r"\b(\w+) \1\b",
    "space": r"  |\s$|^\s|\n\n| [.,!?;:]|\t",
    "punctuation": r"[,;:][.,!?]|\.\.(?!\.)(?<!\.\.\.)|[!?]\.|,,",
    "template left over": r"[{}\[\]|$_]|\bNone\b",
    "hyphen for travessão": r" - |–|^-",
    "sentence in lower case": r"(?:^|\n)(?:— )?[a-zà-ÿ]|(?<!\.\.)[.!?] [a-zà-ÿ]",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_typographic_hygiene(name):
    pattern = re.compile(FORBIDDEN[name])
    for text in train_stories()[:3000] + held_out_stories():
        assert not pattern.search(text), f"{name}: {pattern.search(text)}\n{text}"


def test_text_is_composed_unicode_and_every_line_ends_a_sentence():
    for text in train_stories()[:3000]:
        assert unicodedata.is_normalized("NFC", text)
        assert all(line[-1] in ".!?:" for line in text.split("\n"))


def test_dialogue_uses_the_travessao():
    for text in train_stories()[:3000]:
        for line in text.split("\n"):
            if "—" in line:
                assert line.startswith("— ") and line.count("—") <= 3 and "  " not in line


def test_participles_agree_with_the_hero():
    """{hero} chamado/chamada follows the gender of the noun, and later adjectives follow the same gender."""
    pattern = re.compile(r"\b(um|uma) \w[\w-]* (?:muito )?(?:\w[\w-]* )?chamad([oa]) ")
    found = [match.groups() for text in train_stories() for match in pattern.finditer(text)]
    assert len(found) > 3000
    assert all((article == "uma") == (ending == "a") for article, ending in found)


def test_thanks_agree_with_the_speaker():
    pattern = re.compile(r"(?:era (?:uma?)|história de \w+, uma?) .*?\n— Muito obrigad([oa])! — disse (\w+)\.", re.S)
    for text in train_stories():
        match = pattern.search(text)
        if match:
            feminine = match.group(2) in contos.lexicon.NAMES_FEMININE.split(", ")
            assert (match.group(1) == "a") == feminine, text


def test_names_belong_to_one_gender():
    feminine, masculine = (
        set(contos.split_row(row)) for row in (contos.lexicon.NAMES_FEMININE, contos.lexicon.NAMES_MASCULINE)
    )
    assert not feminine & masculine
    assert len(feminine) + len(masculine) >= 80


@pytest.mark.parametrize("world", contos.WORLDS)
def test_every_category_of_the_lexicon_is_ready_and_has_no_word_twice(world):
    lexicon = contos.lexicon
    for category in {
        *lexicon.NOUNS,
        *lexicon.WORLD_NOUNS[world],
        *lexicon.ADJECTIVES,
        *lexicon.ACTIVITIES,
        *lexicon.PHRASES,
    }:
        entries = contos.entries(category, world)
        texts = [entry.text for entry in entries]
        assert len(texts) == len(set(texts)), category
        assert all(text and text == text.strip() for text in texts)


# ---- the grammar ----------------------------------------------------------------------------------------------------

PLURALS = """
bola bolas, flor flores, luz luzes, nuvem nuvens, animal animais, anel anéis, caracol caracóis, girassol girassóis,
azul azuis, gentil gentis, fácil fáceis, balão balões, pão pães, mão mãos, irmão irmãos, cão cães, lápis lápis,
mês meses, amável amáveis, túnel túneis, maçã maçãs, beija-flor beija-flores, bem-te-vi bem-te-vis, jovem jovens,
feliz felizes, pudim pudins, colar colares, país países
"""
FEMININES = """
bonito bonita, alegre alegre, sonhador sonhadora, brincalhão brincalhona, azul azul, feliz feliz, bom boa, mau má,
cru crua, irmão irmã, ator atriz, campeão campeã, melhor melhor, rosa rosa, português portuguesa, europeu europeia,
sapeca sapeca
"""
CONJUGATIONS = """
ficar perfeito fiquei ficou ficamos ficaram, começar perfeito comecei começou começamos começaram,
chegar perfeito cheguei chegou chegamos chegaram, correr perfeito corri correu corremos correram,
abrir perfeito abri abriu abrimos abriram, ir perfeito fui foi fomos foram, ser imperfeito era era éramos eram,
ter imperfeito tinha tinha tínhamos tinham, estar perfeito estive esteve estivemos estiveram,
fazer perfeito fiz fez fizemos fizeram, dizer presente digo diz dizemos dizem, ver perfeito vi viu vimos viram,
vir presente venho vem vimos vêm, dar perfeito dei deu demos deram,
trazer perfeito trouxe trouxe trouxemos trouxeram, saber presente sei sabe sabemos sabem,
pôr imperfeito punha punha púnhamos punham, cair perfeito caí caiu caímos caíram,
cair imperfeito caía caía caíamos caíam, sair presente saio sai saímos saem,
ouvir presente ouço ouve ouvimos ouvem, pedir presente peço pede pedimos pedem,
dormir presente durmo dorme dormimos dormem, sentir presente sinto sente sentimos sentem,
perder presente perco perde perdemos perdem, subir presente subo sobe subimos sobem,
fugir presente fujo foge fugimos fogem, conseguir presente consigo consegue conseguimos conseguem,
ler presente leio lê lemos leem, rir perfeito ri riu rimos riram,
conhecer presente conheço conhece conhecemos conhecem, passear presente passeio passeia passeamos passeiam,
brincar imperfeito brincava brincava brincávamos brincavam, querer perfeito quis quis quisemos quiseram,
poder perfeito pude pôde pudemos puderam
"""
AGREEMENTS = """
o a os as, um uma uns umas, do da dos das, no na nos nas, ao à aos às, pelo pela pelos pelas, ele ela eles elas,
meu minha meus minhas, perdido perdida perdidos perdidas, encantador encantadora encantadores encantadoras,
comilão comilona comilões comilonas, cortês cortês corteses corteses, Este Esta Estes Estas, dois duas dois duas,
azul azul azuis azuis, lilás lilás lilás lilás
"""


def table(rows: str) -> list[list[str]]:
    return [row.split() for row in rows.replace("\n", " ").split(",")]


def test_plurals():
    assert [(singular, grammar.plural(singular)) for singular, _ in table(PLURALS)] == list(map(tuple, table(PLURALS)))
    assert grammar.plural("urso de pelúcia") == "ursos de pelúcia"


def test_feminines():
    for masculine, feminine in table(FEMININES):
        assert grammar.feminine(masculine) == feminine


def test_conjugations():
    for verb, tense, *forms in table(CONJUGATIONS):
        assert [grammar.conjugate(verb, tense, person) for person in range(4)] == forms, (verb, tense)


def test_agreement():
    for row in table(AGREEMENTS):
        assert list(grammar.agree(row[0])) == row


@pytest.mark.parametrize(
    ("verb", "gerund", "participle"),
    [
        ("correr", "correndo", "corrido"),
        ("pôr", "pondo", "posto"),
        ("fazer", "fazendo", "feito"),
        ("abrir", "abrindo", "aberto"),
        ("perder", "perdendo", "perdido"),
        ("ver", "vendo", "visto"),
    ],
)
def test_gerund_and_participle(verb, gerund, participle):
    assert (grammar.gerund(verb), grammar.participle(verb)) == (gerund, participle)


@pytest.mark.parametrize(
    ("noun", "feminine", "little"),
    [
        ("pássaro", False, "passarinho"),
        ("formiga", True, "formiguinha"),
        ("macaco", False, "macaquinho"),
        ("flor", True, "florzinha"),
        ("café", False, "cafezinho"),
        ("nuvem", True, "nuvenzinha"),
        ("leão", False, "leãozinho"),
        ("galinha", True, "galinha"),
        ("bem-te-vi", False, "bem-te-vi"),
    ],
)
def test_diminutives(noun, feminine, little):
    assert grammar.diminutive(noun, feminine) == little


def test_two_friends_are_feminine_only_when_both_are():
    girl, boy = contos.Word("Ana", grammar.FEMININE_SINGULAR), contos.Word("Davi", grammar.MASCULINE_SINGULAR)
    assert contos.pair(girl, girl).agreement == grammar.FEMININE_PLURAL
    assert contos.pair(girl, boy).agreement == contos.pair(boy, boy).agreement == grammar.MASCULINE_PLURAL
