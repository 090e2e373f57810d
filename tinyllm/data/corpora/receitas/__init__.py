"""Recipes in Brazilian Portuguese, as many as asked for: receitas.recipes(2000).

A recipe has a title, portions and minutes (of work and of fire; a night's soaking or the fridge come on top),
ingredients with amounts, and steps that use all of them and nothing else.
Its plot is the dish and the way to cook it (pudding in the microwave): train, validation and test have different plots,
but every dish and every way of cooking stands in train too.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.drawing import Draw, check_split, numbers
from tinyllm.data.corpora.receitas.lexicon import INGREDIENTS
from tinyllm.data.corpora.receitas.savoury import SAVOURY
from tinyllm.data.corpora.receitas.sweet import SWEET
from tinyllm.data.corpora.template import Memory, Template, Word, compile_template, noun, render

SOURCE = (
    "Receita {cook:do} {cook}, {town:do} {town}[, para o domingo|, para dia de chuva|, para receber visita|, para o "
    "dia a "
    "dia|, para a família toda|, para as férias|, para o meio da semana|]."
)
DISHES = SAVOURY | SWEET
HELD_OUT = {
    "validation": "bolo/micro-ondas sopa/panela_de_pressão arroz/forno purê/vapor salada/grelha biscoito/frigideira "
    "peixe/air_fryer",
    "test": "bolo/vapor arroz/micro-ondas omelete/forno ensopado/panela_de_pressão legumes/grelha pão/air_fryer "
    "geleia/panela biscoito/micro-ondas",
}
ROW = re.compile(r"([\d.-]*) ?(.*?)(?<= )((?:[oa] |\$).+)")  # amount, unit, noun or category


class Recipe(NamedTuple):
    """A recipe: whose it is, portions, minutes from beginning to end, ingredients as {name: line}, and steps."""

    title: str
    source: str
    servings: int
    minutes: int
    ingredients: dict[str, str]
    steps: list[str]

    def __str__(self):
        lines = [
            self.title,
            self.source,
            f"Rendimento: {counted(self.servings, 'porção')}. Tempo: {duration(self.minutes)}.",
        ]
        lines += ["Ingredientes:", *(f"- {line}" for line in self.ingredients.values())]
        lines += ["Modo de preparo:", *(f"{number}. {step}" for number, step in enumerate(self.steps, start=1))]
        return "\n".join(lines)


def recipes(count: int, *, split: str = "train", seed: int = 0) -> Iterator[str]:
    """The first `count` recipes of a split, one by one. Raises UsageError for a bad count or split."""
    return (str(recipe(index, split=split, seed=seed)) for index in numbers(count, split, "receitas"))


def recipe(index: int, *, split: str = "train", seed: int = 0) -> Recipe:
    """Recipe number `index` of a split."""
    check_split(split, "receitas")
    draw = Draw("receitas", seed, split, index)
    return cook(*draw_plot(draw, split), draw)


def plot_of(split: str, seed: int, index: int) -> str:
    """The dish and the way of cooking of recipe `index`: 'bolo/forno'."""
    check_split(split, "receitas")
    return "/".join(draw_plot(Draw("receitas", seed, split, index), split))


def plots() -> dict[str, list[tuple[str, str]]]:
    """The (dish, method) of each split: those of HELD_OUT, and for train all others."""
    found = {
        split: [tuple(plot.replace("_", " ").split("/")) for plot in row.split()] for split, row in HELD_OUT.items()
    }
    taken = {plot for plots in found.values() for plot in plots}
    train = [(name, method) for name, dish in DISHES.items() for method in dish.methods]
    return {"train": [plot for plot in train if plot not in taken], **found}


PLOTS = plots()


def draw_plot(draw: Draw, split: str) -> tuple[str, str]:
    return draw.choose(PLOTS[split])


def cook(name: str, way: str, draw: Draw) -> Recipe:
    """One recipe of a plot: amounts for once or twice the portions, a choice of ingredients and of words."""
    dish, method = DISHES[name], DISHES[name].methods[way]
    memory = RecipeMemory(draw)
    scale, minutes = draw.between(1, 2), draw_minutes(*method.minutes, draw)
    memory["time"] = Word(str(minutes))
    listed = {}
    for row in filter(None, f"{dish.ingredients}; {method.needs}".split("; ")):
        slot, _, ingredient = row.partition(" = ")
        memory[slot] = measure(ingredient, scale, memory)
        listed[memory[slot].text] = memory[slot].forms["line"]
    title, source, *steps = (render(template, memory) for template in directions(name, way))
    steps = "\n".join(steps).split("\n")
    return Recipe(title + method.title, source, dish.servings * scale, dish.minutes + minutes, listed, steps)


@cache
def directions(name: str, way: str) -> tuple[Template, ...]:
    """The title, whose recipe it is and the steps of a dish, to be written one after the other."""
    dish = DISHES[name]
    parts = (dish.title, SOURCE, dish.begin, dish.methods[way].steps, dish.end)
    return tuple(compile_template(part) for part in parts if part)


def measure(row: str, scale: int, memory: "RecipeMemory") -> Word:
    """'2-3 o ovo/batido' -> the noun in the number of its amount, with the forms line, amount, bare and title."""
    amounts, unit, entry = (part.strip() for part in ROW.fullmatch(row).groups())
    entry, _, done = entry.partition("/")
    if entry[0] == "$":
        entry, _, own = memory.fresh(choices(entry[1:])).text.partition("/")
        done = own or done
    amount = scale * draw_amount(amounts or "1", unit, memory.draw)
    base = noun(entry)
    several = not unit and amount > 1
    agreement = base.agreement + 2 * several
    text = base.forms["plural"] if several else base.text
    if done:  # of garlic the cloves are crushed, of all else the thing itself
        form = agreement if unit != "dente" else grammar.MASCULINE_PLURAL if amount > 1 else grammar.MASCULINE_SINGULAR
        done = " " + grammar.agree(done)[form]
    size = spoken(amount, unit)
    line = f"{size} {'de ' * bool(unit)}{text}{done}"
    title = base.text[0].upper() + base.text[1:]
    return Word(text, agreement, {"line": line, "amount": size, "bare": base.text, "title": title})


def draw_minutes(low: int, high: int, draw: Draw) -> int:
    """From a quarter of an hour on, in steps of five minutes."""
    step = 5 if low >= 15 else 1
    return low + step * draw.below((high - low) // step + 1)


def draw_amount(row: str, unit: str, draw: Draw) -> float:
    """'2-4' -> 2, 3 or 4; grams in tens, or in fifties from 200 on."""
    low, _, high = row.partition("-")
    step = 1 if unit != "g" else 50 if float(low) >= 200 else 10
    return float(low) + step * draw.below(int(float(high or low) - float(low)) // step + 1)


def spoken(amount: float, unit: str) -> str:
    """2.0, 'xícara' -> '2 xícaras'; 1200.0, 'g' -> '1,2 kg'."""
    if unit == "g":
        return f"{amount / 1000:g} kg".replace(".", ",") if amount >= 1000 else f"{amount:g} g"
    number = "½" if amount == 0.5 else f"{amount:g}"
    return f"{number} {grammar.plural(unit) if amount > 1 else unit}" if unit else number


def counted(number: int, noun_entry: str) -> str:
    return f"{number} {noun_entry if number == 1 else grammar.plural(noun_entry)}"


def duration(minutes: int) -> str:
    """75 -> '1 hora e 15 minutos'."""
    hours, rest = divmod(minutes, 60)
    return " e ".join(counted(number, name) for number, name in ((hours, "hora"), (rest, "minuto")) if number)


class RecipeMemory(Memory):
    """The ingredients of one recipe, and all choices alike."""

    def __init__(self, draw: Draw):
        super().__init__(draw, choices, {})
        self.draw = draw
        for slot in ("cook", "town"):
            self[slot] = noun(draw.choose(choices(slot)).text)

    def prefer(self, items):
        return self.draw.choose(items)


@cache
def choices(category: str) -> tuple[Word, ...]:
    return tuple(Word(entry) for entry in INGREDIENTS[category].split(", "))
