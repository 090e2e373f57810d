"""The questions: every answer is worked out again here, from the words of the question alone."""

import itertools
import re
from functools import cache

import pytest

from tinyllm.data.corpora import grammar, instrucoes
from tinyllm.data.corpora.drawing import Draw
from tinyllm.data.corpora.instrucoes import words
from tinyllm.data.corpora.instrucoes.numerals import cardinal

SPLITS = ("train", "validation", "test")


@cache
def exchanges(task: str) -> list[tuple[str, str]]:
    """200 (question, answer) of a task, of all splits."""
    [function] = [function for function in instrucoes.TASKS if function.__name__ == task]
    asked = [instrucoes.ask(function, split, Draw("test", split, i)) for split in SPLITS for i in range(67)]
    return [(exchange.question, exchange.answer) for exchange in asked]


VALUES = {cardinal(number, feminine=feminine): number for number in range(10_000) for feminine in (True, False)}


def number_in(text: str) -> int:
    return VALUES[text.strip(" .,?")]


# ---- numbers --------------------------------------------------------------------------------------------------------

SPELLED = """
0 zero, 1 um, 2 dois, 14 catorze, 16 dezesseis, 21 vinte e um, 30 trinta, 100 cem, 101 cento e um, 115 cento e quinze,
200 duzentos, 342 trezentos e quarenta e dois, 1000 mil, 1001 mil e um, 1100 mil e cem,
1234 mil duzentos e trinta e quatro,
2020 dois mil e vinte, 9999 nove mil novecentos e noventa e nove
"""


def test_cardinals():
    for row in SPELLED.replace("\n", " ").split(","):
        number, _, text = row.strip().partition(" ")
        assert cardinal(int(number)) == text
    assert cardinal(222, feminine=True) == "duzentas e vinte e duas"
    assert cardinal(2101, feminine=True) == "duas mil cento e uma"
    assert len({cardinal(number) for number in range(10_000)}) == 10_000


@pytest.mark.parametrize("task", ["sum_or_difference", "product_or_quotient"])
def test_sums(task):
    operations = {"mais": "+", "menos": "-", "vezes": "*", "dividido por": "//"}
    for question, answer in exchanges(task):
        account = re.search(
            r"(?:Quanto é|Calcule:|resultado de) ([\w ]+?) (mais|menos|vezes|dividido por) ([\w ]+)[.?]", question
        )
        a, operation, b = account.groups()
        result = answer.partition("é igual a")[2]
        assert number_in(result) == eval(f"{number_in(a)} {operations[operation]} {number_in(b)}")


def test_sums_in_a_story():
    pattern = r"(\w+) tinha (.+?) ([\w-]+) e (\w+) (?:mais )?([\w ]+)\. (Quant[oa]s) ([\w-]+) (\w+) tem agora"
    for question, answer in exchanges("story_sum"):
        who, a, _, verb, b, how_many, things, again = re.match(pattern, question).groups()
        gains = verb in ("ganhou", "comprou", "achou")
        result = number_in(a) + number_in(b) * (1 if gains else -1)
        assert who == again and result > 0
        assert answer.startswith(f"{who} tem {cardinal(result, feminine=how_many == 'Quantas')} "), (question, answer)
        assert things in answer or result == 1


def test_digits():
    for question, answer in exchanges("multiple"):
        name, number = re.search(r"(dobro|triplo|metade) de (\d+)", question).groups()
        result = {"dobro": int(number) * 2, "triplo": int(number) * 3, "metade": int(number) / 2}[name]
        assert answer.endswith(f"de {number} é {result:g}.")
    for question, answer in exchanges("even_or_odd"):
        number = int(re.search(r"\d+", question)[0])
        assert f"é {'ímpar' if number % 2 else 'par'}," in answer
    for question, answer in exchanges("in_words"):
        assert number_in(answer.lower()) == int(re.search(r"\d+", question)[0])
    for question, answer in exchanges("in_digits"):
        assert number_in(question.partition(": ")[2]) == int(answer[:-1])


def test_orders():
    for question, answer in exchanges("in_order"):
        asked, given = (list(map(int, re.findall(r"\d+", text))) for text in (question, answer))
        assert given == sorted(asked, reverse="decrescente" in question) and len(given) >= 3
    for question, answer in exchanges("next_number"):
        a, b, c, d = map(int, re.findall(r"\d+", question))
        assert b - a == c - b == d - c and answer.startswith(f"{d + b - a},")
    for question, answer in exchanges("alphabetical"):
        asked, given = (re.split(", ", text.strip(".").lower()) for text in (question.partition(": ")[2], answer))
        accents = str.maketrans("áàâãéêíóôõúç", "aaaaeeiooouc")
        assert given == sorted(asked, key=lambda word: word.translate(accents)) and len(set(given)) >= 3


def test_change_days_and_months():
    for question, answer in exchanges("change"):
        price, paid = re.search(r"por (.+?) reais .* de (\w+)\. Quanto", question).groups()
        assert number_in(re.sub(" rea(l|is)", "", answer).lower()) == number_in(paid) - number_in(price) > 0
    for task, row in (("days_ahead", words.DAYS), ("months_ahead", words.MONTHS)):
        names = row.split(", ")
        for question, answer in exchanges(task):
            [now] = [name for name in names if name in question]
            ahead = number_in(re.search(r"daqui a (.+?) (?:dias|meses)", question)[1])
            assert answer.endswith(f" {names[(names.index(now) + ahead) % len(names)]}.")


# ---- words ----------------------------------------------------------------------------------------------------------


def test_plurals_and_feminines_undo_each_other():
    for question, answer in exchanges("to_plural"):
        given = re.search(r"(?:: |“)(.*?)[”.]", question)[1]
        one, many = (given, answer) if "plural" in question else (answer, given)
        one, many = (text.lower().strip(".").split() for text in (one, many))
        assert [grammar.plural(word) for word in one] == many
    for question, answer in exchanges("to_feminine"):
        given = re.search(r"(?:: |“)(.*?)[”.]", question)[1].split()
        made = answer.lower().strip(".").split()
        he, she = (given, made) if "feminino" in question else (made, given)
        assert (he[0], she[0]) == ("o", "a") and f"{he[1]} {she[1]}" in words.FEMININES
        assert grammar.feminine(he[2]) == she[2]


def test_letters():
    for question, answer in exchanges("letters"):
        word = re.search("“(.+?)”", question)[1]
        assert f" tem {cardinal(len(word), feminine=True)} letras" in answer
    for question, answer in exchanges("first_and_last"):
        word = re.search("“(.+?)”", question)[1]
        assert answer.endswith(f"é “{word[0] if 'primeira' in question else word[-1]}”.")


def test_word_order_uses_the_same_words():
    for question, answer in exchanges("word_order"):
        given = re.split(r" / |, ", question.partition(": ")[2].strip("."))
        assert sorted(given) == sorted((answer[0].lower() + answer[1:-1]).split())


def test_tense_and_person_change_one_word():
    for task, changed in (("change_tense", 1), ("change_person", 2)):
        for question, answer in exchanges(task):
            before = question.partition(": ")[2].strip(".").split()
            after = answer.strip(".").split()
            assert len(before) == len(after)
            assert sum(one != other for one, other in zip(before, after, strict=True)) in (changed, changed - 1)


def test_kinds():
    kinds = {grammar.plural(kind[2:]): row.split(", ") for kind, row in words.KINDS.items()}
    for question, answer in exchanges("examples"):
        number, kind = re.search(r"(?:[Cc]ite|lista com) (\w+) (.+?)(?:, sem| dif|\.)", question).groups()
        known = re.search(r"(?:Além|diferentes) de (.+?) e (.+?)[,.]|sem contar (.+?) e (.+)\.", question).groups()
        given = re.split(", | e ", answer[0].lower() + answer[1:-1])
        assert len(set(given)) == number_in(number) and set(given) <= set(kinds[kind]) - set(known)
    for question, answer in exchanges("odd_one_out"):
        stranger, kind = re.search(r"“(.+?)”, porque as outras são nomes de (.+)\.", answer).groups()
        group = re.split(", ", re.search(r"(?:outras|intrusa): (.*)[?.]", question)[1])
        assert stranger not in kinds[kind] and set(group) - {stranger} <= set(kinds[kind])
    for question, answer in exchanges("same_kind"):
        group = re.split(", | e ", question.partition("comum ")[2].strip("?"))
        assert set(group) <= set(kinds[re.search(r"nomes de (.+)\.", answer)[1]])


def test_people():
    for question, answer in exchanges("compare"):
        ages = {name: number_in(age) for name, age in re.findall(r"(\w+) tem ([\w ]+?)(?: anos|\.)", question)}
        chosen = (max if "velho" in question else min)(ages, key=ages.get)
        gap = abs(next(iter(ages.values())) - list(ages.values())[1])
        assert answer.startswith(f"{chosen} é mais ") and number_in(re.search(r"de (.+) anos?\.", answer)[1]) == gap
    for question, answer in exchanges("height"):
        heights = {
            name: float(size.replace(",", ".")) for name, size in re.findall(r"(\w+) mede (\d,\d\d) m", question)
        }
        assert answer == f"{(max if 'mais alta' in question else min)(heights, key=heights.get)}."


def test_what_is_extracted_stands_in_the_text():
    for question, answer in exchanges("extract"):
        text, _, asked = question.removeprefix("Leia e responda. ").rpartition(". ")
        found = answer[0].lower() + answer[1:-1]
        if asked.startswith("Em que dia"):
            found = found.split()[1]
        assert found.lower() in text.lower(), (question, answer)


# ---- splits ---------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_no_content_of_one_split_is_asked_in_another():
    asked = {
        split: {e.content for i in range(2000) for e in instrucoes.conversation(i, split=split)} for split in SPLITS
    }
    for one, other in itertools.combinations(asked.values(), 2):
        assert not one & other
    questions = [{q for q, _ in instrucoes.pairs(4000, split=split)} for split in SPLITS]
    for one, other in itertools.combinations(questions, 2):
        assert not one & other


@pytest.mark.long
def test_every_task_is_asked_in_every_split():
    for split in SPLITS:
        tasks = {e.task for i in range(1500) for e in instrucoes.conversation(i, split=split)}
        assert tasks == {task.__name__ for task in instrucoes.TASKS}


def test_pairs_are_the_turns_of_the_conversations():
    [text] = itertools.islice(instrucoes.conversations(1), 1)
    turns = text.split("\n")
    pairs = list(instrucoes.pairs(len(turns) // 2))
    assert turns == [line for question, answer in pairs for line in (f"Usuário: {question}", f"Assistente: {answer}")]
    assert len(list(instrucoes.pairs(7))) == 7 and list(instrucoes.pairs(0)) == []
    assert len(set(instrucoes.pairs(10_000))) > 9_400
