"""Tasks with words: plural, feminine, opposites, letters, order, tense, person, courtesy."""

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.drawing import Draw
from tinyllm.data.corpora.instrucoes import words
from tinyllm.data.corpora.instrucoes.numerals import cardinal
from tinyllm.data.corpora.instrucoes.phrases import Exchange, capital, listed, plain
from tinyllm.data.corpora.template import noun


def to_plural(draw: Draw) -> Exchange:
    thing, look = noun(draw.choose(listed(words.NOUNS))), grammar.agree(draw.choose(listed(words.LOOKS)))
    the = grammar.agree("o")
    one = f"{the[thing.agreement]} {thing.text} {look[thing.agreement]}"
    many = f"{the[thing.agreement + 2]} {thing.forms['plural']} {look[thing.agreement + 2]}"
    if draw.below(3) == 0:
        return (
            one,
            draw.choose((f"Passe para o singular: {many}.", f"Qual é o singular de “{many}”?")),
            f"{capital(one)}.",
        )
    return one, draw.choose((f"Passe para o plural: {one}.", f"Qual é o plural de “{one}”?")), f"{capital(many)}."


def to_feminine(draw: Draw) -> Exchange:
    he, she = draw.choose(listed(words.FEMININES)).split()
    quality = grammar.agree(draw.choose(listed(words.QUALITIES)))
    his, hers = f"o {he} {quality[0]}", f"a {she} {quality[1]}"
    if draw.below(3) == 0:
        return his, f"Passe para o masculino: {hers}.", f"{capital(his)}."
    return his, draw.choose((f"Passe para o feminino: {his}.", f"Qual é o feminino de “{his}”?")), f"{capital(hers)}."


def opposite(draw: Draw) -> Exchange:
    one, other = draw.some(draw.choose(listed(words.OPPOSITES)).split(), 2)
    question = draw.choose(
        (
            f"Qual é o contrário de “{one}”?",
            f"Diga o oposto de “{one}”.",
            f"Que palavra quer dizer o contrário de “{one}”?",
        )
    )
    return "contrário " + " ".join(sorted((one, other))), question, f"O contrário de “{one}” é “{other}”."


def any_words(draw: Draw, count: int) -> list[str]:
    return draw.some(sorted({word for row in words.KINDS.values() for word in listed(row) if word.isalpha()}), count)


def alphabetical(draw: Draw) -> Exchange:
    chosen = sorted(any_words(draw, draw.between(3, 5)), key=plain)
    question = f"Ponha em ordem alfabética: {', '.join(draw.some(chosen, len(chosen)))}."
    return f"alfabeto {' '.join(chosen)}", question, f"{capital(', '.join(chosen))}."


def letters(draw: Draw) -> Exchange:
    [word] = any_words(draw, 1)
    number = len(word)
    question = draw.choose((f"Quantas letras tem a palavra “{word}”?", f"Conte as letras de “{word}”."))
    return f"palavra {word}", question, f"A palavra “{word}” tem {cardinal(number, feminine=True)} letras."


def first_and_last(draw: Draw) -> Exchange:
    [word] = any_words(draw, 1)
    where, letter = draw.choose((("primeira", word[0]), ("última", word[-1])))
    question = f"Qual é a {where} letra da palavra “{word}”?"
    return f"palavra {word}", question, f"A {where} letra de “{word}” é “{letter}”."


def word_order(draw: Draw) -> Exchange:
    subject, activity = draw.choose(listed(words.SUBJECTS)), draw.choose(listed(words.ACTIVITIES))
    verb, _, rest = activity.partition(" ")
    sentence = f"{subject} {grammar.conjugate(verb, 'perfeito', grammar.THIRD_SINGULAR)} {rest}"
    shuffled = draw.some(sentence.split(), len(sentence.split()))
    question = draw.choose(
        (f"Ponha as palavras em ordem: {' / '.join(shuffled)}.", f"Forme uma frase com: {', '.join(shuffled)}.")
    )
    return f"{subject} {activity}", question, f"{capital(sentence)}."


def change_tense(draw: Draw) -> Exchange:
    subject, activity = draw.choose(listed(words.SUBJECTS)), draw.choose(listed(words.ACTIVITIES))
    verb, _, rest = activity.partition(" ")
    now, past, used = (
        f"{subject} {grammar.conjugate(verb, tense, grammar.THIRD_SINGULAR)} {rest}"
        for tense in ("presente", "perfeito", "imperfeito")
    )
    old, new, name = draw.choose(((now, past, "o passado"), (past, now, "o presente"), (now, used, "o imperfeito")))
    question = draw.choose(
        (
            f"Passe para {name}: {capital(old)}.",
            f"Reescreva a frase com o verbo {name.replace('o ', 'no ', 1)}: {capital(old)}.",
        )
    )
    return f"{subject} {activity}", question, f"{capital(new)}."


def change_person(draw: Draw) -> Exchange:
    activity = draw.choose(listed(words.ACTIVITIES))
    tense, when = draw.choose((("presente", "todo dia"), ("perfeito", "ontem"), ("imperfeito", "antigamente")))
    verb, _, rest = activity.partition(" ")
    persons = (("eu", grammar.FIRST_SINGULAR), ("ela", grammar.THIRD_SINGULAR), ("nós", grammar.FIRST_PLURAL))
    (one, old), (other, new) = draw.some((*persons, ("eles", grammar.THIRD_PLURAL)), 2)
    before, after = (
        f"{capital(when)} {who} {grammar.conjugate(verb, tense, person)} {rest}."
        for who, person in ((one, old), (other, new))
    )
    return f"pessoa {activity} {tense}", f"Troque “{one}” por “{other}”: {before}", after


def politely(draw: Draw) -> Exchange:
    order, infinitive, objects = draw.choose(words.REQUESTS).split("/")
    what = draw.choose(listed(objects))
    question = draw.choose(
        (
            f"Reescreva com educação: {capital(order)} {what}!",
            f"Diga de um jeito mais gentil: {capital(order)} {what}!",
            f"Como pedir com educação: “{capital(order)} {what}!”?",
        )
    )
    return f"{infinitive} {what}", question, f"Você poderia {infinitive} {what}, por favor?"
