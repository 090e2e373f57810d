"""Tasks with numbers: sums in words and in a story, order, change, days and months.

A task is a function of a Draw that returns (content, question, answer). The content says what the question is about and
decides the split it belongs to, so that no wording of it occurs in two splits. Answers are computed, never drawn.
"""

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.drawing import Draw
from tinyllm.data.corpora.instrucoes import words
from tinyllm.data.corpora.instrucoes.numerals import cardinal
from tinyllm.data.corpora.instrucoes.phrases import Exchange, capital, listed, person, quantity
from tinyllm.data.corpora.template import noun


def sum_or_difference(draw: Draw) -> Exchange:
    a, b = draw.between(2, 99), draw.between(2, 99)
    if draw.below(2):
        operation, result, content = "mais", a + b, f"{min(a, b)}+{max(a, b)}"
    else:
        a, b = max(a, b), min(a, b)
        operation, result, content = "menos", a - b, f"{a}-{b}"
    account = f"{cardinal(a)} {operation} {cardinal(b)}"
    question = draw.choose((f"Quanto é {account}?", f"Calcule: {account}.", f"Qual é o resultado de {account}?"))
    return content, question, f"{capital(account)} é igual a {cardinal(result)}."


def product_or_quotient(draw: Draw) -> Exchange:
    a, b = draw.between(2, 12), draw.between(2, 20)
    if draw.below(2):
        account, result, content = f"{cardinal(a)} vezes {cardinal(b)}", a * b, f"{min(a, b)}*{max(a, b)}"
    else:
        account, result, content = f"{cardinal(a * b)} dividido por {cardinal(a)}", b, f"{a * b}/{a}"
    question = draw.choose((f"Quanto é {account}?", f"Calcule: {account}.", f"Qual é o resultado de {account}?"))
    return content, question, f"{capital(account)} é igual a {cardinal(result)}."


def story_sum(draw: Draw) -> Exchange:
    who, thing = person(draw), noun(draw.choose(listed(words.GOODS)))
    a, b = draw.between(2, 40), draw.between(2, 30)
    several = thing.forms["plural"]
    how_many = "Quantas" if thing.agreement == grammar.FEMININE_SINGULAR else "Quantos"
    verb, result = draw.choose((("ganhou", a + b), ("comprou", a + b), ("perdeu", a - b), ("deu", a - b)))
    if result < 1:
        verb, result = "achou", a + b
    more = "mais " if result > a else ""
    question = (
        f"{who.text} tinha {quantity(a, thing)} e {verb} {more}{cardinal(b, feminine=how_many == 'Quantas')}. "
        f"{how_many} {several} {who.text} tem agora?"
    )
    sign = "mais" if result > a else "menos"
    account = f"{cardinal(a)} {sign} {cardinal(b)} é igual a {cardinal(result)}"
    answer = f"{who.text} tem {quantity(result, thing)}, porque {account}."
    return f"{thing.text} {a} {sign} {b}", question, answer


def multiple(draw: Draw) -> Exchange:
    name, factor = draw.choose((("o dobro", 2), ("o triplo", 3), ("a metade", 0)))
    number = draw.between(2, 150) * (1 if factor else 2)
    result = number * factor if factor else number // 2
    question = draw.choose((f"Qual é {name} de {number}?", f"Quanto é {name} de {number}?"))
    return f"{name} {number}", question, f"{capital(name)} de {number} é {result}."


def even_or_odd(draw: Draw) -> Exchange:
    number = draw.between(10, 9999)
    question = draw.choose((f"O número {number} é par ou ímpar?", f"{number}: par ou ímpar?"))
    kind = "ímpar" if number % 2 else "par"
    return f"par {number}", question, f"{number} é {kind}, porque termina em {number % 10}."


def in_words(draw: Draw) -> Exchange:
    number = draw.between(20, 9999)
    question = draw.choose(
        (f"Escreva o número {number} por extenso.", f"Como se lê {number}?", f"Como se escreve {number} com palavras?")
    )
    return f"extenso {number}", question, f"{capital(cardinal(number))}."


def in_digits(draw: Draw) -> Exchange:
    number = draw.between(20, 9999)
    question = f"Escreva com algarismos: {cardinal(number)}."
    return f"extenso {number}", question, f"{number}."


def in_order(draw: Draw) -> Exchange:
    numbers = sorted({draw.between(2, 200) for _ in range(5)})
    down = draw.below(2)
    shuffled = draw.some(numbers, len(numbers))
    answer = ", ".join(map(str, numbers[::-1] if down else numbers))
    question = f"Ponha em ordem {'decrescente' if down else 'crescente'}: {', '.join(map(str, shuffled))}."
    return f"ordem {numbers}", question, f"{answer}."


def next_number(draw: Draw) -> Exchange:
    start, step = draw.between(1, 60), draw.between(2, 15)
    row = [start + step * i for i in range(5)]
    question = f"Que número vem depois na sequência {', '.join(map(str, row[:4]))}?"
    return (
        f"sequência {row[0]} {step}",
        question,
        f"{row[4]}, porque a sequência aumenta de {cardinal(step)} em {cardinal(step)}.",
    )


def change(draw: Draw) -> Exchange:
    thing, price, note = noun(draw.choose(listed(words.GOODS))), draw.between(2, 48), draw.choose((10, 20, 50, 100))
    if price >= note:
        price = price % (note - 2) + 2
    an = grammar.agree("um")[thing.agreement]
    left = note - price
    question = (
        f"Comprei {an} {thing.text} por {cardinal(price)} reais e paguei com uma nota de {cardinal(note)}. "
        "Quanto recebo de troco?"
    )
    return f"troco {note} {price}", question, f"{capital(cardinal(left))} {'real' if left == 1 else 'reais'}."


def days_ahead(draw: Draw) -> Exchange:
    days, today, ahead = listed(words.DAYS), draw.below(7), draw.between(2, 40)
    future = days[(today + ahead) % 7]
    question = draw.choose(
        (
            f"Se hoje é {days[today]}, que dia da semana será daqui a {cardinal(ahead)} dias?",
            f"Hoje é {days[today]}. Que dia será daqui a {cardinal(ahead)} dias?",
        )
    )
    return f"dia {today} {ahead}", question, f"Daqui a {cardinal(ahead)} dias será {future}."


def months_ahead(draw: Draw) -> Exchange:
    months, now, ahead = listed(words.MONTHS), draw.below(12), draw.between(2, 11)
    question = f"Estamos em {months[now]}. Em que mês estaremos daqui a {cardinal(ahead)} meses?"
    return f"mês {now} {ahead}", question, f"Estaremos em {months[(now + ahead) % 12]}."
