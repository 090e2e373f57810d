"""The recipes: what is used is listed, what is listed is used, and the numbers agree."""

import itertools
import re
from functools import cache

import pytest

from tinyllm.data.corpora import grammar, receitas
from tinyllm.data.corpora.receitas.lexicon import INGREDIENTS

CATALOGUE = sorted(
    {
        form
        for row in itertools.chain(
            *(entries.split(", ") for name, entries in INGREDIENTS.items() if name not in ("cook", "town")),
            *(re.findall(r"\b[oa] [^;$]+", dish.ingredients) for dish in receitas.DISHES.values()),
        )
        for name in [row.partition("/")[0].strip()[2:]]
        for form in (name, grammar.plural(name))
    },
    key=len,
    reverse=True,
)
INGREDIENT = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, CATALOGUE)) + r")(?![\w-])")


@cache
def recipes():
    found = [receitas.recipe(index) for index in range(3000)]
    return found + [receitas.recipe(index, split=split) for split in ("validation", "test") for index in range(500)]


def test_what_is_used_is_listed_and_what_is_listed_is_used():
    for recipe in recipes():
        used = {name for step in recipe.steps for name in INGREDIENT.findall(step)}
        # said of any recipe: beaten eggs in an omelette, cakes and dishes by their name
        used -= {"ovos"} if "ovo" in recipe.ingredients or "ovos" in recipe.ingredients else set()
        listed = set(recipe.ingredients) - {"ovos"}
        assert used == listed, f"{used ^ listed}\n{recipe}"


def test_the_catalogue_of_this_test_is_complete():
    assert {name for recipe in recipes() for name in recipe.ingredients} <= set(CATALOGUE)


def test_amounts_in_the_steps_are_those_listed():
    found = 0
    for recipe in recipes():
        for step in recipe.steps:
            for amount in re.findall(r"\d+ xícaras? de \w+", step):
                assert amount in recipe.ingredients.values(), recipe
                found += 1
    assert found > 500


def test_numbers_and_units_agree():
    for recipe in recipes():
        for line in recipe.ingredients.values():
            number, word = line.split()[:2]
            if word not in ("g", "kg"):
                several = number != "½" and int(number) > 1
                assert word.endswith("s") == several, line
                assert number == "½" or 1 <= int(number) <= 12, line


def test_participles_agree_with_what_they_stand_by():
    pattern = re.compile(r"\b(picad|ralad|amassad|fatiad|desfiad|tostad|moíd)([oa]s?)$")
    feminine = {"cebola", "cenoura", "banana", "maçã", "castanha-de-caju", "linguiça", "carne-seca", "noz"}
    found = 0
    for recipe in recipes():
        for name, line in recipe.ingredients.items():
            ending = pattern.search(line)
            if ending and line.split()[-2] == name:
                singular = name in feminine or name.removesuffix("s") in feminine
                assert not singular or ending[2][0] == "a", line
                found += singular
    assert found > 1000


SPELLED = {"dois": 2, "cinco": 5, "dez": 10, "quinze": 15, "vinte": 20}


def test_the_time_covers_the_fire():
    for recipe in recipes():
        fires = [int(minutes) for step in recipe.steps for minutes in re.findall(r"por (\d+) minutos", step)]
        assert len(fires) <= 1
        waits = [
            SPELLED[word] for step in recipe.steps for word in re.findall(r"(\w+) minutos", step) if word in SPELLED
        ]
        waits += [60 for step in recipe.steps if "uma hora" in step]
        assert recipe.minutes >= sum(fires) + sum(waits), recipe


DURATIONS = [(5, "5 minutos"), (60, "1 hora"), (61, "1 hora e 1 minuto"), (125, "2 horas e 5 minutos")]


@pytest.mark.parametrize(("minutes", "text"), DURATIONS)
def test_duration(minutes, text):
    assert receitas.duration(minutes) == text


def test_spoken_amounts():
    assert receitas.spoken(0.5, "xícara") == "½ xícara"
    assert receitas.spoken(2, "colher de sopa") == "2 colheres de sopa"
    assert receitas.spoken(1100, "g") == "1,1 kg"


def test_dishes_and_methods_of_held_out_plots_stand_in_training():
    train = receitas.PLOTS["train"]
    for split in ("validation", "test"):
        for dish, method in receitas.PLOTS[split]:
            assert method in receitas.DISHES[dish].methods
            assert any(other == dish for other, _ in train) and any(other == method for _, other in train)


def test_every_plot_can_be_cooked_and_reads_like_a_recipe():
    for recipe in recipes():
        lines = str(recipe).split("\n")
        assert lines[1].startswith("Receita d") and lines[3] == "Ingredientes:" and "Modo de preparo:" in lines
        assert all(step[0].isupper() and step.endswith(".") for step in recipe.steps)
        assert len(recipe.ingredients) >= 4 and len(recipe.steps) >= 3
