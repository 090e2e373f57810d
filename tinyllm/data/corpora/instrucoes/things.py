"""Tasks with things and people: what they are, which belong together, who is older, short texts to read and write."""

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.drawing import Draw
from tinyllm.data.corpora.instrucoes import words
from tinyllm.data.corpora.instrucoes.numerals import cardinal
from tinyllm.data.corpora.instrucoes.phrases import (
    Exchange,
    capital,
    enumerated,
    listed,
    on_day,
    person,
    quantity,
    two_people,
)
from tinyllm.data.corpora.template import noun


def definition(draw: Draw) -> Exchange:
    entry, what, purpose = draw.choose(words.THINGS.strip().split("\n")).split(": ")
    thing = noun(entry)
    several = thing.agreement >= grammar.MASCULINE_PLURAL
    a, the = "" if several else grammar.agree("um")[thing.agreement] + " ", grammar.agree("o")[thing.agreement]
    are, serve = ("são", "servem") if several else ("é", "serve")
    if draw.below(2):
        question = draw.choose(
            (f"Para que {serve} {a or the + ' '}{thing.text}?", f"{capital(the)} {thing.text} {serve} para quê?")
        )
        return thing.text, question, f"{capital(the)} {thing.text} {serve} para {purpose}."
    question = draw.choose((f"O que {are} {a}{thing.text}?", f"Explique o que {are} {a}{thing.text}."))
    return thing.text, question, f"{capital(the)} {thing.text} {are} {what} que serve para {purpose}."


def examples(draw: Draw) -> Exchange:
    kind, number = draw.choose(list(words.KINDS)), draw.between(2, 5)
    known, other, *chosen = draw.some(listed(words.KINDS[kind]), number + 2)
    several = quantity(number, noun(kind))
    question = draw.choose(
        (
            f"Além de {known} e {other}, cite {several}.",
            f"Cite {several} diferentes de {known} e {other}.",
            f"Faça uma lista com {several}, sem contar {known} e {other}.",
        )
    )
    return f"{kind} {' '.join(sorted((known, other)))}", question, f"{capital(enumerated(chosen))}."


def odd_one_out(draw: Draw) -> Exchange:
    kind = draw.choose(list(words.KINDS))
    far = [other for other in words.KINDS if other != kind and {kind, other} not in words.NEAR]
    members = draw.some(listed(words.KINDS[kind]), 3)
    strangers = [word for word in listed(words.KINDS[draw.choose(far)]) if word not in words.KINDS[kind]]
    stranger = draw.choose(strangers)
    group = draw.some([*members, stranger], 4)
    question = draw.choose(
        (f"Qual destas palavras não combina com as outras: {', '.join(group)}?", f"Ache a intrusa: {', '.join(group)}.")
    )
    reason = f"as outras são nomes de {noun(kind).forms['plural']}"
    return f"intrusa {' '.join(sorted(group))}", question, f"A palavra “{stranger}”, porque {reason}."


def same_kind(draw: Draw) -> Exchange:
    kind = draw.choose(list(words.KINDS))
    chosen = draw.some(listed(words.KINDS[kind]), 3)
    question = f"O que têm em comum {enumerated(chosen)}?"
    return f"{kind} {' '.join(sorted(chosen))}", question, f"São nomes de {noun(kind).forms['plural']}."


def compare(draw: Draw) -> Exchange:
    one, other = two_people(draw)
    a = draw.between(5, 60)
    b = a + draw.between(1, 20)
    older = draw.below(2)
    first, second = (a, b) if draw.below(2) else (b, a)
    winner = one if (first > second) == bool(older) else other
    adjective = grammar.agree("velho" if older else "novo")[winner.agreement]
    question = (
        f"{one.text} tem {cardinal(first)} anos e {other.text} tem {cardinal(second)}. "
        f"Quem é mais {'velho' if older else 'novo'}?"
    )
    answer = f"{winner.text} é mais {adjective}: a diferença é de {cardinal(b - a)} {'ano' if b - a == 1 else 'anos'}."
    return f"idade {one.text} {other.text} {first} {second}", question, answer


def height(draw: Draw) -> Exchange:
    names, heights = [], sorted({draw.between(120, 195) for _ in range(3)})
    while len(names) < len(heights):
        newcomer = person(draw)
        if newcomer.text not in [name.text for name in names]:
            names.append(newcomer)
    facts = [
        f"{name.text} mede {size / 100:.2f} m".replace(".", ",") for name, size in zip(names, heights, strict=True)
    ]
    tallest = draw.below(2)
    winner = names[-1] if tallest else names[0]
    question = f"{enumerated(draw.some(facts, len(facts)))}. Quem é a pessoa mais {'alta' if tallest else 'baixa'}?"
    return f"altura {' '.join(facts)}", question, f"{winner.text}."


def extract(draw: Draw) -> Exchange:
    who, friend = two_people(draw)
    thing, place, day = (
        noun(draw.choose(listed(words.GOODS))),
        draw.choose(listed(words.PLACES)),
        draw.choose(listed(words.DAYS)),
    )
    number = draw.between(2, 20)
    price = draw.between(number, 4 * number)
    how_many = "Quantas" if thing.agreement == grammar.FEMININE_SINGULAR else "Quantos"
    several, spent = quantity(number, thing), f"{cardinal(price)} reais"
    text = draw.choose(
        (
            f"{capital(on_day(day))}, {who.text} encontrou {friend.text} {place}. Lá {who.text} comprou {several} "
            f"e gastou {spent}.",
            f"{who.text} comprou {several} {place} e gastou {spent}. Foi {on_day(day)}, em companhia de {friend.text}.",
            f"Em companhia de {friend.text}, {who.text} passou a manhã de {day} {place}: comprou {several}, "
            f"por {spent}.",
        )
    )
    question, answer = draw.choose(
        (
            (f"{how_many} {thing.forms['plural']} {who.text} comprou?", several),
            (f"Quanto {who.text} gastou?", spent),
            ("Onde isso aconteceu?", place),
            ("Em que dia foi?", on_day(day)),
            (f"Quem estava com {who.text}?", friend.text),
            (f"O que {who.text} comprou?", several),
        )
    )
    content = f"texto {who.text} {friend.text} {thing.text} {place} {number}"
    return content, f"Leia e responda. {text} {question}", f"{capital(answer)}."


def note(draw: Draw) -> Exchange:
    who, event, (old, new) = person(draw), draw.choose(listed(words.EVENTS)), draw.some(listed(words.DAYS), 2)
    hour = f"às {cardinal(draw.between(2, 10), feminine=True)} horas"
    dear = "Querida" if who.agreement == grammar.FEMININE_SINGULAR else "Querido"
    question = f"Escreva um bilhete para {who.text}, avisando que {event} de {old} passou para {new}, {hour}."
    answer = f"{dear} {who.text}, {event} de {old} mudou de dia: agora será {on_day(new)}, {hour}. Até lá!"
    return f"bilhete {who.text} {event} {old} {new}", question, answer
