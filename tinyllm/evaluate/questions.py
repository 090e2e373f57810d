"""A closed set of questions on the generated texts, whose answers stand in them: questions(200, domain="contos").

    contos      who is who in a story
    receitas    how much a recipe yields, how long it takes, and what goes into it
    instrucoes  what the conversations ask of a short text, in their own form

Each has up to four options, one of them right; the others are of its kind, and some of them stand in the text too. The
texts are those of a split: a model that was trained on another has read none of them.
"""

import re
from collections.abc import Iterator

from tinyllm.data.corpora import contos, grammar, instrucoes, receitas
from tinyllm.data.corpora.drawing import Draw, numbers
from tinyllm.data.corpora.instrucoes import things
from tinyllm.data.corpora.receitas.lexicon import INGREDIENTS
from tinyllm.data.corpora.template import noun
from tinyllm.errors import UsageError
from tinyllm.evaluate.datasets import Question

OPTIONS = 4
SERVINGS, MINUTES = range(1, 25), range(10, 180, 5)
ASKED = {"Quem", "Onde", "Em", "Quanto"}  # how a question on a short text begins whose answers are of one kind


def questions(count: int, *, domain: str, split: str = "test", seed: int = 0) -> Iterator[Question]:
    """The first `count` questions of a domain on texts of a split. Question i depends only on (domain, seed, split, i).

    Raises UsageError for an unknown domain or split, and for a negative count, at the call.
    """
    if domain not in DOMAINS:
        raise UsageError(f"there are no questions on {domain}; choose one of {', '.join(DOMAINS)}")
    ask = DOMAINS[domain]
    return (ask(Draw("questions", domain, seed, split, i), split) for i in numbers(count, split, "questions"))


def asked(text: str, question: str, right: str, others: list[str], draw: Draw) -> Question:
    """A question on a text, its options in an order of their own."""
    options = tuple(draw.some([right, *others[: OPTIONS - 1]], 1 + min(len(others), OPTIONS - 1)))
    return Question(f"{text}\nPergunta: {question}\nResposta:", options, options.index(right))


def about_a_story(draw: Draw, split: str) -> Question:
    """'Como se chama a menina?': of the names, one or two are in the story."""
    while True:
        text, memory = contos.told(contos.draw_plot(draw, split), draw)
        cast = [memory[role] for role in ("hero", "friend") if role in memory and says(text, memory[role].text)]
        fits = contos.MINIMUM_WORDS <= len(text.split()) <= contos.MAXIMUM_WORDS
        if not cast or not fits:
            continue
        who = draw.choose(cast)
        kinds = [kind for kind in dict.fromkeys(kinds_of(who)) if says(text, kind)]
        others = [kind for other in cast if other is not who for kind in kinds_of(other)]
        if not kinds or set(kinds) & set(others):
            continue
        names = [name.text for name in contos.names(who.agreement) if not says(text, name.text)]
        wrong = [other.text for other in cast if other is not who] + draw.some(names, OPTIONS)
        question = f"Como se chama {grammar.agree('o')[who.agreement]} {kinds[0]}?"
        return asked(text, question, who.text, wrong, draw)


def kinds_of(who):
    return who.forms["kind"], who.forms["newcomer"]


def says(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", text) is not None


def about_a_recipe(draw: Draw, split: str) -> Question:
    recipe = receitas.cook(*receitas.draw_plot(draw, split), draw)
    what = draw.below(3)
    if what == 0:
        wrong = [receitas.counted(n, "porção") for n in draw.some(SERVINGS, OPTIONS) if n != recipe.servings]
        right = receitas.counted(recipe.servings, "porção")
        return asked(str(recipe), "Quanto rende a receita?", right, wrong, draw)
    if what == 1:
        wrong = [receitas.duration(n) for n in draw.some(MINUTES, OPTIONS) if n != recipe.minutes]
        return asked(str(recipe), "Quanto tempo leva a receita?", receitas.duration(recipe.minutes), wrong, draw)
    question = "Qual destes ingredientes a receita leva?"
    return asked(
        str(recipe), question, draw.choose(list(recipe.ingredients)), draw.some(strangers(recipe), OPTIONS), draw
    )


def strangers(recipe: receitas.Recipe) -> list[str]:
    """The ingredients of other recipes of which this one does not speak."""
    entries = sorted({entry.partition("/")[0] for row in INGREDIENTS.values() for entry in row.split(", ")})
    whole, all_there_are = str(recipe).lower(), map(noun, entries)
    return [one.text for one in all_there_are if one.text not in whole and one.forms["plural"] not in whole]


def about_a_short_text(draw: Draw, split: str) -> Question:
    """A question of the conversations, whose options are names, or answers to other questions of the kind."""
    task = draw.choose((things.extract, things.compare, things.height))
    exchange = instrucoes.ask(task, split, draw)
    while task is things.extract and begins(exchange.question) not in ASKED:
        exchange = instrucoes.ask(task, split, draw)
    if task is things.extract:
        options = {exchange.answer: None}
        while len(options) < OPTIONS:
            _, question, answer = task(draw)
            if begins(question) == begins(exchange.question):
                options[answer] = None
        right, options = exchange.answer, list(options)
    else:
        options = re.findall(r"(\w+) (?:tem|mede)", exchange.question)
        right = next(name for name in options if re.match(rf"{name}\b", exchange.answer))
    options = tuple(draw.some(options, len(options)))
    prompt = f"{instrucoes.USER}: {exchange.question}\n{instrucoes.ASSISTANT}:"
    return Question(prompt, options, options.index(right))


def begins(question: str) -> str:
    """The first word of the last sentence."""
    return re.findall(r"[^.?!]+[?]", question)[-1].split()[0]


DOMAINS = {"contos": about_a_story, "receitas": about_a_recipe, "instrucoes": about_a_short_text}
