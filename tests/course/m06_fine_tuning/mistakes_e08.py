"""Respostas erradas de m06.e08, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import math
import re
from typing import NamedTuple

import numpy as np

from tinyllm.course.measure import Work

rng = np.random.default_rng(0)


class Two(NamedTuple):
    """A counterfactual pair."""

    first: str
    second: str


class Asked(NamedTuple):
    """What came of the gaps, and how often the model was asked. A learner reads these names."""

    array_das_lacunas: np.ndarray
    total_de_chamadas_de_score: int


class Noisy(NamedTuple):
    """What became of a text, and how many numbers were drawn for it. A learner reads these names."""

    texto: str
    total_de_sorteios: int


class Case(NamedTuple):
    """What is known of two models."""

    a: np.ndarray
    b: np.ndarray
    read: np.ndarray
    groups: np.ndarray
    seeds_a: np.ndarray
    seeds_b: np.ndarray
    tried: int
    chosen_on_test: bool


# ---------------------------------------------------------------------------------------------------------------- gaps


def asked(piece, values, kind=np.asarray):
    """The way to ask for gaps: 2N log-probabilities, two of each pair, that a model gives to sentences."""
    known = {f"frase {number}": value for number, value in enumerate(values)}
    pairs = [Two(f"frase {number}", f"frase {number + 1}") for number in range(0, len(values), 2)]
    calls = []

    def score(texts):
        calls.append(len(texts))
        return kind([known[text] for text in texts])

    found = piece(score, pairs)
    return Asked(found, len(calls))


def both_of_each(score, pairs):
    found = np.asarray(score([one for pair in pairs for one in (pair.first, pair.second)]), float)
    return found[::2], found[1::2]


def second_less_first(score, pairs):
    first, second = both_of_each(score, pairs)
    return second - first


def of_probabilities(score, pairs):
    first, second = both_of_each(score, pairs)
    return np.exp(first) - np.exp(second)


def as_a_ratio(score, pairs):
    first, second = both_of_each(score, pairs)
    return np.exp(first - second)


def first_over_second(score, pairs):
    first, second = both_of_each(score, pairs)
    return first / second


def without_sign(score, pairs):
    first, second = both_of_each(score, pairs)
    return np.abs(first - second)


def the_mean_of_them(score, pairs):
    first, second = both_of_each(score, pairs)
    return (first - second).mean()


def halves_for_turns(score, pairs):
    found = np.asarray(score([one for pair in pairs for one in (pair.first, pair.second)]), float)
    return found[: len(pairs)] - found[len(pairs) :]


def which_is_larger(score, pairs):
    first, second = both_of_each(score, pairs)
    return np.sign(first - second)


def one_by_one(score, pairs):
    return np.array([float(score([pair.first])[0]) - float(score([pair.second])[0]) for pair in pairs])


def one_call_for_each_side(score, pairs):
    sides = (score([pair.first for pair in pairs]), score([pair.second for pair in pairs]))
    return np.subtract(*(np.asarray(side, float) for side in sides))


def in_the_type_of_the_model(score, pairs):
    found = np.asarray(score([one for pair in pairs for one in (pair.first, pair.second)]))
    return found[::2] - found[1::2]


# --------------------------------------------------------------------------------------------------------------- noise


class Numbers:
    """The numbers that draw.random() gives, one after the other."""

    def __init__(self, numbers):
        self.numbers, self.drawn = numbers, 0

    def random(self):
        self.drawn += 1
        return self.numbers[(self.drawn - 1) % len(self.numbers)]


def spoilt(piece, pattern, change, text, level, numbers):
    """The way to make noise: the text, and how many numbers were drawn."""
    draw = Numbers(numbers)
    return Noisy(piece(pattern, change)(text, level, draw), draw.drawn)


def upper(piece, choice):
    return piece.upper()


def told(piece, choice):
    """What shows both what was changed and the number it was changed by."""
    return f"<{piece} {choice:.2f}>"


def unaccented(piece, choice):
    return piece.translate(str.maketrans("áéíóúãõâêôàç", "aeiouaoaeoac"))


def noise_by(pattern, change, decide, *, whole=False):
    """A noise in which decide(draw, level) says whether to change a place, and by which number."""

    def noise(text, level, draw):
        def replaced(match):
            changed, choice = decide(draw, level)
            return change(text if whole else match[0], choice) if changed else match[0]

        return re.sub(pattern, replaced, text)

    return noise


def drawn_if_changed(pattern, change):
    def decide(draw, level):
        changed = draw.random() < level
        return changed, draw.random() if changed else 0

    return noise_by(pattern, change, decide)


def one_number_for_both(pattern, change):
    def decide(draw, level):
        number = draw.random()
        return number < level, number

    return noise_by(pattern, change, decide)


def choice_first(pattern, change):
    def decide(draw, level):
        choice, chance = draw.random(), draw.random()
        return chance < level, choice

    return noise_by(pattern, change, decide)


def up_to_the_level(pattern, change):
    def decide(draw, level):
        chance, choice = draw.random(), draw.random()
        return chance <= level, choice

    return noise_by(pattern, change, decide)


def above_the_level(pattern, change):
    def decide(draw, level):
        chance, choice = draw.random(), draw.random()
        return chance > level, choice

    return noise_by(pattern, change, decide)


def everywhere(pattern, change):
    def decide(draw, level):
        return draw.random() < 2 and level > 0, draw.random()

    return noise_by(pattern, change, decide)


def chance_handed_on(pattern, change):
    def decide(draw, level):
        chance, _ = draw.random(), draw.random()
        return chance < level, chance

    return noise_by(pattern, change, decide)


def the_whole_text_changed(pattern, change):
    def decide(draw, level):
        chance, choice = draw.random(), draw.random()
        return chance < level, choice

    return noise_by(pattern, change, decide, whole=True)


def once_for_the_text(pattern, change):
    def noise(text, level, draw):
        chance, choice = draw.random(), draw.random()
        return re.sub(pattern, lambda match: change(match[0], choice), text) if chance < level else text

    return noise


def equal_ones_together(pattern, change):
    def noise(text, level, draw):
        for piece in re.findall(pattern, text):
            chance, choice = draw.random(), draw.random()
            if chance < level:
                text = text.replace(piece, change(piece, choice))
        return text

    return noise


def every_letter(pattern, change):
    def noise(text, level, draw):
        found = []
        for letter in text:
            chance, choice = draw.random(), draw.random()
            found.append(change(letter, choice) if chance < level and re.match(pattern, letter) else letter)
        return "".join(found)

    return noise


def from_the_right(pattern, change):
    def noise(text, level, draw):
        for match in reversed(list(re.finditer(pattern, text))):
            chance, choice = draw.random(), draw.random()
            if chance < level:
                text = text[: match.start()] + change(match[0], choice) + text[match.end() :]
        return text

    return noise


def the_first_ones(pattern, change):
    def noise(text, level, draw):
        places = list(re.finditer(pattern, text))
        left = round(level * len(places))

        def replaced(match):
            nonlocal left
            _, choice = draw.random(), draw.random()
            left -= 1
            return change(match[0], choice) if left >= 0 else match[0]

        return re.sub(pattern, replaced, text)

    return noise


# ------------------------------------------------------------------------------------------------------------- verdict

NO_CHOSEN = "não se sabe: A foi escolhido por este teste"
NO_FEW = "não se sabe: restam poucos exemplos que os modelos não leram"
NO_CHANCE = "não se sabe: a diferença pode ser acaso"
NO_SEED = "não se sabe: outra semente dá uma diferença igual"
NO_WORSE = "não: B é melhor"
IN_PART = "na média sim, mas em um grupo A é pior"
YES = "sim, A é melhor"


def sign_test(heads, tails):
    count = heads + tails
    return min(1.0, 2 * sum(math.comb(count, k) for k in range(min(heads, tails) + 1)) / 2**count)


def one_sided(heads, tails):
    count = heads + tails
    return min(1.0, sum(math.comb(count, k) for k in range(min(heads, tails) + 1)) / 2**count)


def judged(study, *, chosen=True, clean=True, count=None, least=30, p_of=sign_test, discordant=True, tried=True,
           told_p=None, worse="after", error=None, twice=2, groups=True, group_clean=True, group_least=30,
           group_p=True, group_tried=True, seed=True, order="seed first", group_why=False):  # fmt: skip
    """The right verdict, but for what is said."""
    if chosen and study.chosen_on_test:
        return NO_CHOSEN, None
    kept = ~study.read if clean else np.ones(len(study.a), bool)
    if (kept.sum() if count is None else count(study)) < least:
        return NO_FEW, None
    only_a, only_b = study.a & kept, study.b & kept
    if discordant:
        only_a, only_b = only_a & ~study.b, only_b & ~study.a
    of_a, of_b = int(only_a.sum()), int(only_b.sum())
    if worse == "before" and of_b > of_a:
        return NO_WORSE, min(1.0, study.tried * p_of(of_a, of_b))
    alone = p_of(of_a, of_b)
    p = min(1.0, study.tried * alone) if tried else alone
    shown = told_p(alone, p) if told_p else p
    if p >= 0.05:
        return NO_CHANCE, shown
    if worse == "after" and of_b > of_a:
        return NO_WORSE, shown
    by_seed = seed and seeds_alike(study, error or standard_error, twice)
    by_group = groups and worse_somewhere(study, only_a, only_b, kept if group_clean else study.a | True, group_least,
                                          group_p, group_tried)  # fmt: skip
    found = [(by_seed, NO_SEED), (by_group, IN_PART)]
    for holds, answer in found if order == "seed first" else reversed(found):
        if holds:
            return answer, shown
    return YES, shown


def standard_error(seeds_a, seeds_b):
    return math.sqrt(sum(np.var(some, ddof=1) / len(some) for some in (seeds_a, seeds_b)))


def seeds_alike(study, error, twice):
    return np.mean(study.seeds_a) - np.mean(study.seeds_b) <= twice * error(study.seeds_a, study.seeds_b)


def worse_somewhere(study, only_a, only_b, kept, least, by_p, by_count):
    large = [group for group in np.unique(study.groups) if (kept & (study.groups == group)).sum() >= least]
    for group in large:
        of_a, of_b = (int((only & (study.groups == group)).sum()) for only in (only_a, only_b))
        if of_b > of_a and (not by_p or (len(large) if by_count else 1) * sign_test(of_a, of_b) < 0.05):
            return True
    return False


def choice_forgotten(study):
    return judged(study, chosen=False)


def read_ones_kept(study):
    return judged(study, clean=False)


def few_of_all(study):
    return judged(study, count=lambda study: len(study.a))


def thirty_are_few(study):
    return judged(study, least=31)


def all_right_ones_compared(study):
    return judged(study, discordant=False)


def one_side_of_the_coin(study):
    return judged(study, p_of=one_sided)


def comparisons_forgotten(study):
    return judged(study, tried=False)


def corrected_and_not_told(study):
    return judged(study, told_p=lambda alone, p: alone)


def more_than_sure(study):
    found, p = judged(study)
    if p is None:
        return found, p
    kept = ~study.read
    alone = sign_test(int((study.a & ~study.b & kept).sum()), int((study.b & ~study.a & kept).sum()))
    return found, study.tried * alone


def answer_alone(study):
    return judged(study)[0]


def direction_forgotten(study):
    return judged(study, worse="never")


def direction_before_chance(study):
    return judged(study, worse="before")


def seeds_forgotten(study):
    return judged(study, seed=False)


def one_standard_error(study):
    return judged(study, twice=1)


def deviation_for_error(study):
    return judged(study, error=lambda a, b: math.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1)))


def divided_by_n(study):
    return judged(study, error=lambda a, b: math.sqrt(np.var(a) / len(a) + np.var(b) / len(b)))


def errors_added(study):
    return judged(study, error=lambda a, b: sum(np.std(some, ddof=1) / math.sqrt(len(some)) for some in (a, b)))


def groups_forgotten(study):
    return judged(study, groups=False)


def groups_of_any_size(study):
    return judged(study, group_least=1)


def groups_with_the_read(study):
    return judged(study, group_clean=False)


def any_worse_group(study):
    return judged(study, group_p=False)


def groups_not_corrected(study):
    return judged(study, group_tried=False)


def groups_before_seeds(study):
    return judged(study, order="groups first")


SEEDS = "antes dos grupos, a diferença tem de passar de DUAS vezes o erro padrão das sementes (ddof=1)"
ERROR = "o erro padrão da diferença é a raiz da soma dos s² / n: nem o desvio, nem a soma dos erros"
SIZES = "só contam os grupos em que RESTAM ao menos LEAST exemplos"
GROUPS = "um grupo pior pode ser acaso: o p dele, vezes o número de grupos, tem de ser menor que LEVEL"
MISTAKES = {
    "gaps": [
        (second_less_first, "o sinal está trocado: é o primeiro menos o segundo"),
        (of_probabilities, "subtraiu as probabilidades, que são minúsculas; é a diferença dos logaritmos"),
        (as_a_ratio, "isto é a razão das probabilidades; a lacuna é o logaritmo dela, a diferença"),
        (first_over_second, "dividiu um logaritmo pelo outro; é a diferença"),
        (without_sign, "tirou o sinal, e ele diz qual dos dois o modelo prefere"),
        (the_mean_of_them, "já tirou a média; devolva a lacuna de cada par, que o intervalo precisa delas"),
        (halves_for_turns, "as frases foram um par depois do outro, e a conta separou a metade de cima da de baixo"),
        (which_is_larger, "só disse qual é maior; é quanto"),
        (one_by_one, "chamou score uma vez por frase; chame-a uma vez só, com todas"),
        (one_call_for_each_side, "chamou score duas vezes; chame-a uma vez só, com todas as frases"),
        (in_the_type_of_the_model, "fez a conta no tipo que score devolveu; converta para float64 antes de subtrair"),
    ],
    "at_places": [
        (drawn_if_changed, "só sorteou o segundo número onde mudou; então o que muda num nível depende do que mudou "
                           "antes"),
        (one_number_for_both, "sorteou um número só; a sorte e a escolha são dois sorteios"),
        (choice_first, "trocou a ordem: a sorte é o primeiro sorteio, e a escolha o segundo"),
        (up_to_the_level, "a sorte tem de ser MENOR que level: com level = 0 nada pode mudar"),
        (above_the_level, "mudou onde a sorte passa do nível; é onde é menor que ele"),
        (everywhere, "mudou todos os lugares; só os de sorte menor que level"),
        (chance_handed_on, "deu a change a sorte; é a escolha, o segundo número"),
        (the_whole_text_changed, "deu a change o texto inteiro; é o trecho que casou"),
        (once_for_the_text, "sorteou uma vez para o texto; é em cada lugar em que o padrão casa"),
        (equal_ones_together, "mudou de uma vez todos os trechos iguais (text.replace); cada lugar tem a sua sorte"),
        (every_letter, "percorreu letra por letra; os lugares são os trechos em que o padrão casa"),
        (from_the_right, "percorreu o texto da direita para a esquerda; os sorteios seguem a leitura"),
        (the_first_ones, "mudou os primeiros lugares; a sorte de cada um decide"),
    ],
    "verdict": [
        (choice_forgotten, "não perguntou se A foi escolhido por este teste"),
        (read_ones_kept, "contou exemplos que um dos modelos já tinha lido"),
        (few_of_all, "contou todos os exemplos; são poucos ou não os que RESTAM"),
        (thirty_are_few, "com exatamente LEAST exemplos ainda se pergunta"),
        (all_right_ones_compared, "comparou todos os acertos; só contam os exemplos em que um acerta e o outro não"),
        (one_side_of_the_coin, "o p é dos dois lados: a diferença podia ter saído para B"),
        (comparisons_forgotten, "esqueceu quantas comparações se fizeram: multiplique o p por tried"),
        (corrected_and_not_told, "o p que se devolve é o que já foi multiplicado por tried"),
        (more_than_sure, "um p não passa de 1"),
        (answer_alone, "falta o p: são dois valores, a resposta e o p"),
        (direction_forgotten, "não perguntou para que lado é a diferença"),
        (direction_before_chance, "disse que B é melhor antes de perguntar se não é acaso"),
        (seeds_forgotten, SEEDS),
        (one_standard_error, SEEDS),
        (deviation_for_error, ERROR),
        (divided_by_n, SEEDS),
        (errors_added, ERROR),
        (groups_forgotten, "não olhou os grupos: a média pode esconder um em que A é pior"),
        (groups_of_any_size, SIZES),
        (groups_with_the_read, SIZES),
        (any_worse_group, GROUPS),
        (groups_not_corrected, GROUPS),
        (groups_before_seeds, SEEDS),
    ],
}  # fmt: skip

ONCE, GROUP, SIDE = (
    "p = min(1.0, study.tried * coin_tails(only_a.sum(), only_b.sum())): ",
    "if of_b > of_a and len(large) * coin_tails(of_a, of_b) < LEVEL:: ",
    "if only_b.sum() > only_a.sum():: ",
)
EQUIVALENT = {  # mutants of the solution that compute the same
    "if p >= LEVEL:: p >= LEVEL -> (p > LEVEL)": "of no count of coins is p just 0.05",
    f"{GROUP}len(large) * coin_tails(of_a, of_b) < LEVEL -> (len(large) * coin_tails(of_a, of_b) <= LEVEL)":
        "of no count of coins is p just 0.05",
    f"{GROUP}of_b > of_a -> (of_b >= of_a)": "of as many heads as tails p is 1",
    f"{SIDE}only_b.sum() > only_a.sum() -> (only_b.sum() >= only_a.sum())": "of as many heads as tails p is 1",
    f"{GROUP}coin_tails(of_a, of_b) -> coin_tails(of_b, of_a)": "both sides of the coin count",
    f"{ONCE}coin_tails(only_a.sum(), only_b.sum()) -> coin_tails(only_b.sum(), only_a.sum())":
        "both sides of the coin count",
    f"{ONCE}min(1.0, study.tried * coin_tails(only_a.sum(), only_b.sum())) -> "
    "min(study.tried * coin_tails(only_a.sum(), only_b.sum()), 1.0)": "the lesser of two is the same in either order",
}  # fmt: skip

HINTS = [
    "gaps: monte uma lista com pair.first e pair.second de cada par, em seguida, e separe o que volta com [::2] e "
    "[1::2]. at_places: defina noise dentro dela, e devolva-a; re.sub aceita uma função, que recebe o casamento e "
    "devolve o que fica no lugar. verdict: um if por pergunta, com máscaras de verdadeiros e falsos.",
    "at_places: na função que se dá a re.sub, sorteie primeiro os dois números, sempre, e depois decida; match[0] é o "
    "trecho. verdict: kept = ~study.read; só A acerta onde study.a & ~study.b & kept. gaps: np.asarray(…, float) "
    "aceita uma lista e converte.",
    "verdict: p = min(1.0, study.tried * coin_tails(de A, de B)); o erro padrão das sementes é a raiz da "
    "soma de np.var(some, ddof=1) / len(some). Nos grupos, np.bincount(study.groups[kept]) dá os tamanhos, e o número "
    "que multiplica o p é o dos grupos com LEAST ou mais.",
]


def scores(size):
    return (rng.normal(-30, 5, size=2 * size),)


def accents(size):
    text = " ".join(["a", "avó", "não", "é", "má,", "já", "está", "à", "mesa"] * size)
    return "[áéíóúãõâêôàç]", unaccented, text, 0.5, rng.random(997).tolist()


def a_case(size):
    a, b = rng.random((2, size)) < np.array([[0.8], [0.6]])
    groups = rng.integers(4, size=size)
    seeds = 0.8 + 0.01 * rng.random(5), 0.6 + 0.01 * rng.random(4)
    return (Case(a, b, rng.random(size) < 0.1, groups, *seeds, 3, False),)


WORK = {
    "gaps": Work(scores, small=100, large=2000, through=asked),
    "at_places": Work(accents, small=20, large=400, through=spoilt),
    "verdict": Work(a_case, small=100, large=1000, limit=None, degree=2),
}
