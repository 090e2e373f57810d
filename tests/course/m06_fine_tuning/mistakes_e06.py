"""Respostas erradas de m06.e06, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import re
import unicodedata
from collections import Counter, namedtuple

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.evaluate.bleu import ngrams, words_13a
from tinyllm.evaluate.measure import Measure, several

rng = np.random.default_rng(0)
Shares = namedtuple("Shares", "precision recall f1")
# a learner reads these names
Measured = namedtuple("Measured", "resultado_de_counts score_do_corpus score_de_cada_texto")


def measured(piece, hypotheses, references):
    """The way to call a measure: what each text counts, the figure of all, and that of each alone."""
    measure = piece()
    rows = np.array([list(measure.counts(*pair)) for pair in zip(hypotheses, references, strict=True)], float)
    return Measured(rows, float(measure.score(rows.sum(axis=0))), np.asarray(measure.score(rows)))


# ------------------------------------------------------------------------------------------------------------------ f1


def shares(table):
    """(..., L, L) -> of each class: precision, recall, how many are right."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    taken, there = table.sum(axis=-2), table.sum(axis=-1)
    return right / np.maximum(taken, 1), right / np.maximum(there, 1), right


def harmonic(precision, recall):
    return 2 * precision * recall / np.where(precision + recall > 0, precision + recall, 1)


def arithmetic_mean(table):
    precision, recall, _ = shares(table)
    return (precision + recall) / 2


def precision_alone(table):
    return shares(table)[0]


def recall_alone(table):
    return shares(table)[1]


def geometric_mean(table):
    precision, recall, _ = shares(table)
    return np.sqrt(precision * recall)


def half_of_it(table):
    return harmonic(*shares(table)[:2]) / 2


def macro_at_once(table):
    return harmonic(*shares(table)[:2]).mean(axis=-1)


def of_all_together(table):
    return shares(table)[2].sum(axis=-1) / table.sum(axis=(-2, -1))


def nothing_by_nothing(table):
    with np.errstate(all="ignore"):
        right = np.diagonal(table, axis1=-2, axis2=-1)
        precision, recall = right / table.sum(axis=-2), right / table.sum(axis=-1)
        return 2 * precision * recall / (precision + recall)


def share_of_the_union(table):
    right = np.diagonal(table, axis1=-2, axis2=-1)
    return right / np.maximum(table.sum(axis=-2) + table.sum(axis=-1) - right, 1)


def absent_ones_are_perfect(table):
    right = np.diagonal(table, axis1=-2, axis2=-1)
    both = table.sum(axis=-2) + table.sum(axis=-1)
    return np.where(both > 0, 2 * right / np.maximum(both, 1), 1)


def of_the_first_table(table):
    several_of_them = table.reshape(-1, *table.shape[-2:])[:1]
    return np.broadcast_to(harmonic(*shares(several_of_them)[:2])[0], table.shape[:-1]).copy()


# ---------------------------------------------------------------------------------------------------------------- BLEU


class OtherBleu(Measure):
    """A BLEU of which one thing at a time can be wrong."""

    first, orders, scale = 1, 4, 100
    words = staticmethod(words_13a)

    def counts(self, hypothesis, reference):
        said, references = self.words(hypothesis), self.which([self.words(text) for text in several(reference)])
        right, runs = [], []
        for n in range(self.first, self.first + 4):
            found, allowed = ngrams(said, n), self.allowed([ngrams(words, n) for words in references])
            right.append(self.right(found, allowed))
            runs.append(self.runs(found, allowed))
        return [len(said), self.nearest(len(said), [len(words) for words in references]), *right, *runs]

    def which(self, references):
        return references

    def allowed(self, counters):
        most = Counter()
        for counter in counters:
            most |= counter
        return most

    def right(self, found, allowed):
        return (found & allowed).total()

    def runs(self, found, allowed):
        return found.total()

    def nearest(self, said, lengths):
        return min(lengths, key=lambda length: (abs(length - said), length))

    def score(self, totals):
        said, nearest = totals[..., 0], totals[..., 1]
        right, runs = totals[..., 2 : 2 + self.orders], totals[..., 6 : 6 + self.orders]
        precisions = np.where(runs > 0, self.smoothed(right) / np.maximum(runs, 1), 0)
        score = self.scale * self.penalty(said, nearest) * self.mean(precisions)
        return np.where((right == 0).all(axis=-1), 0, score)

    def smoothed(self, right):
        missed = right == 0
        return np.where(missed, 0.5 ** missed.cumsum(axis=-1), right)

    def penalty(self, said, nearest):
        return np.exp(np.minimum(0, 1 - nearest / np.maximum(said, 1)))

    def mean(self, precisions):
        return precisions.prod(axis=-1) ** (1 / self.orders)


class NotClipped(OtherBleu):
    def right(self, found, allowed):
        return sum(count for run, count in found.items() if run in allowed)


class EachRunOnce(OtherBleu):
    def right(self, found, allowed):
        return len(found.keys() & allowed.keys())


class NotPenalised(OtherBleu):
    def penalty(self, said, nearest):
        return 1.0


class PenaltyOfTheLong(OtherBleu):
    def penalty(self, said, nearest):
        return np.exp(np.minimum(0, 1 - said / np.maximum(nearest, 1)))


class PenaltyInALine(OtherBleu):
    def penalty(self, said, nearest):
        return np.minimum(1, said / np.maximum(nearest, 1))


class PrizeForTheLong(OtherBleu):
    def penalty(self, said, nearest):
        return np.exp(1 - nearest / np.maximum(said, 1))


class ArithmeticMean(OtherBleu):
    def mean(self, precisions):
        return precisions.mean(axis=-1)


class NoRoot(OtherBleu):
    def mean(self, precisions):
        return precisions.prod(axis=-1)


class UpToThree(OtherBleu):
    orders = 3


class WordsAlone(OtherBleu):
    orders = 1


class FromNought(OtherBleu):
    first = 0

    def runs(self, found, allowed):
        return found.total()


class NothingSmoothed(OtherBleu):
    def smoothed(self, right):
        return right


class AlwaysAHalf(OtherBleu):
    def smoothed(self, right):
        return np.where(right == 0, 0.5, right)


class HalvedByItsLength(OtherBleu):
    def smoothed(self, right):
        return np.where(right == 0, 0.5 ** np.arange(1, 1 + self.orders), right)


class DividedByNothing(OtherBleu):
    def score(self, totals):
        with np.errstate(all="ignore"):
            precisions = self.smoothed(totals[..., 2:6]) / totals[..., 6:]
            score = 100 * self.penalty(totals[..., 0], totals[..., 1]) * self.mean(precisions)
        return np.where((totals[..., 2:6] == 0).all(axis=-1), 0, score)


class OneMoreOfEach(OtherBleu):
    def smoothed(self, right):
        return right + 1


class RunsOfTheReference(OtherBleu):
    def runs(self, found, allowed):
        return allowed.total()


class AllReferencesTogether(OtherBleu):
    def allowed(self, counters):
        return sum(counters, Counter())


class TheBestReference(OtherBleu):
    def allowed(self, counters):
        return counters

    def right(self, found, allowed):
        return max((found & counter).total() for counter in allowed)


class OneReference(OtherBleu):
    def which(self, references):
        return references[:1]


class TheShortest(OtherBleu):
    def nearest(self, said, lengths):
        return min(lengths)


class TheLongerOfTwo(OtherBleu):
    def nearest(self, said, lengths):
        return min(lengths, key=lambda length: (abs(length - said), -length))


class TheFirstOfTwo(OtherBleu):
    def nearest(self, said, lengths):
        return min(lengths, key=lambda length: abs(length - said))


class FromNoughtToOne(OtherBleu):
    scale = 1


class BySpaces(OtherBleu):
    words = staticmethod(str.split)


# ------------------------------------------------------------------------------------------------------------- ROUGE-L


def read(text, *, pattern=r"[^\W_]+", form="NFC", lower=str.lower):
    return re.findall(pattern, lower(unicodedata.normalize(form, text) if form else text))


def longest(one, other):
    row = [0] * (len(other) + 1)
    for item in one:
        before, row = row, [0]
        for j, theirs in enumerate(other):
            row.append(before[j] + 1 if item == theirs else max(before[j + 1], row[j]))
    return row[-1]


def compared(hypothesis, reference, *, words=read, common=longest, mean=None, order=(0, 1), scale=1):
    """A ROUGE-L with one thing otherwise."""
    said, expected = words(hypothesis), words(reference)
    right = common(said, expected)
    both = [right / max(len(said), 1), right / max(len(expected), 1)]
    mean = mean or (lambda p, r: 2 * p * r / (p + r) if right else 0.0)
    return Shares(*(scale * both[place] for place in order), scale * mean(*both))


def letters_of_english(hypothesis, reference):
    return compared(hypothesis, reference, words=lambda text: read(text, pattern="[a-z0-9]+"))


def accents_taken_off(hypothesis, reference):
    def words(text):
        marks = unicodedata.normalize("NFD", text)
        return read("".join(mark for mark in marks if not unicodedata.combining(mark)))

    return compared(hypothesis, reference, words=words)


def accents_apart(hypothesis, reference):
    return compared(hypothesis, reference, words=lambda text: read(text, form=None))


def capitals_kept(hypothesis, reference):
    return compared(hypothesis, reference, words=lambda text: read(text, lower=str))


def signs_kept(hypothesis, reference):
    return compared(hypothesis, reference, words=lambda text: unicodedata.normalize("NFC", text).lower().split())


def underscores_kept(hypothesis, reference):
    return compared(hypothesis, reference, words=lambda text: read(text, pattern=r"\w+"))


def letters_for_words(hypothesis, reference):
    return compared(hypothesis, reference, words=lambda text: "".join(read(text)))


def in_any_order(hypothesis, reference):
    return compared(hypothesis, reference, common=lambda one, other: (Counter(one) & Counter(other)).total())


def different_words(hypothesis, reference):
    return compared(hypothesis, reference, common=lambda one, other: len(set(one) & set(other)))


def side_by_side(hypothesis, reference):
    def common(one, other):
        row, best = [0] * (len(other) + 1), 0
        for item in one:
            row = [0, *(row[j] + 1 if item == theirs else 0 for j, theirs in enumerate(other))]
            best = max(best, *row)
        return best

    return compared(hypothesis, reference, common=common)


def first_come(hypothesis, reference):
    def common(one, other):
        found = place = 0
        for item in one:
            if item in other[place:]:
                place, found = other.index(item, place) + 1, found + 1
        return found

    return compared(hypothesis, reference, common=common)


def neighbours_counted(hypothesis, reference):
    def common(one, other):
        row = [0] * (len(other) + 1)
        for item in one:
            before, row = row, [0]
            for j, theirs in enumerate(other):
                row.append(max(before[j + 1], row[j]) + (item == theirs))
        return row[-1]

    return compared(hypothesis, reference, common=common)


def turned_round(hypothesis, reference):
    return compared(hypothesis, reference, order=(1, 0))


def mean_of_the_two(hypothesis, reference):
    return compared(hypothesis, reference, mean=lambda p, r: (p + r) / 2)


def in_hundredths(hypothesis, reference):
    return compared(hypothesis, reference, scale=100)


MISTAKES = {
    "f1": [
        (arithmetic_mean, "tirou a média aritmética; a F1 é a harmônica, que fica perto da menor das duas"),
        (precision_alone, "isto é a precisão: falta a revocação, a soma da LINHA da tabela"),
        (recall_alone, "isto é a revocação: falta a precisão, a soma da COLUNA da tabela"),
        (geometric_mean, "tirou a média geométrica; a F1 é a harmônica, 2 · p · r / (p + r)"),
        (half_of_it, "faltou o 2: a média harmônica de dois números iguais é esse número"),
        (macro_at_once, "já tirou a média das classes; devolva a F1 de cada uma"),
        (of_all_together, "juntou as classes: isto é a acurácia; devolva a F1 de cada uma"),
        (nothing_by_nothing, "0 / 0 deu NaN: uma classe sem nenhum acerto tem F1 igual a 0"),
        (share_of_the_union, "dividiu pela união (a semelhança de Jaccard); a F1 é 2 · certos / (os postos em c + os "
                             "de c)"),
        (absent_ones_are_perfect, "uma classe que não aparece tem F1 igual a 0, e não 1"),
        (of_the_first_table, "só leu a primeira das tabelas; os eixos da frente podem ser muitos"),
    ],
    "Bleu": [
        (NotClipped, "contou um trecho certo tantas vezes quantas foi dito; no máximo valem as da referência (&)"),
        (EachRunOnce, "contou cada trecho diferente uma vez; um que se repete dos dois lados vale tantas vezes"),
        (NotPenalised, "faltou a penalidade de brevidade: um texto de duas palavras certas teria a nota máxima"),
        (PenaltyOfTheLong, "penalizou os textos longos; é 1 - referência / texto, e quem perde é o curto"),
        (PenaltyInALine, "a penalidade é exponencial: exp(1 - referência / texto)"),
        (PrizeForTheLong, "premiou os textos longos; a penalidade nunca passa de 1"),
        (ArithmeticMean, "tirou a média aritmética das precisões; é a geométrica"),
        (NoRoot, "multiplicou as quatro precisões, mas faltou a raiz quarta"),
        (UpToThree, "parou nos trechos de três palavras; o BLEU vai até quatro"),
        (WordsAlone, "só olhou as palavras, e não a ordem; são trechos de 1 a 4"),
        (FromNought, "contou trechos de 0 a 3 palavras; são de 1 a 4"),
        (NothingSmoothed, "sem nenhum trecho certo de um comprimento a nota foi a 0; conte meio, e do seguinte um "
                          "quarto"),
        (AlwaysAHalf, "contou meio trecho em todos os comprimentos sem nenhum certo; é meio, um quarto, um oitavo"),
        (HalvedByItsLength, "dividiu 1 por 2ⁿ no comprimento n; o meio é do PRIMEIRO sem nenhum certo, seja qual for"),
        (DividedByNothing, "um texto curto não tem trechos de 4 palavras: a fração certa deles é 0, e não x / 0"),
        (OneMoreOfEach, "somou 1 aos certos de todos os comprimentos; só conta o que falta onde não há NENHUM certo"),
        (RunsOfTheReference, "dividiu pelos trechos da referência (isto é revocação); divida pelos do texto"),
        (AllReferencesTogether, "somou as referências; um trecho vale tantas vezes quantas na que MAIS o tem (|)"),
        (TheBestReference, "tomou a referência com mais trechos certos; CADA trecho vale pela que mais o tem (|)"),
        (OneReference, "só olhou a primeira referência; qualquer uma serve"),
        (TheShortest, "tomou a referência mais curta; é a de comprimento mais próximo do do texto"),
        (TheLongerOfTwo, "entre duas referências igualmente próximas vale a mais curta"),
        (TheFirstOfTwo, "entre duas referências igualmente próximas vale a mais curta"),
        (FromNoughtToOne, "a nota vai de 0 a 100"),
        (BySpaces, "cortou só nos espaços, e “sofá.” não é “sofá”; as palavras são as de words_13a"),
    ],
    "rouge_l": [
        (letters_of_english, "perdeu as letras com acento: de “coração” ficaram “cora” e “o”"),
        (accents_taken_off, "tirou os acentos, e “avó” virou “avô”"),
        (accents_apart, "o mesmo “é” se escreve de dois modos em Unicode; passe os dois textos a NFC"),
        (capitals_kept, "“Não” e “não” são a mesma palavra: passe a minúsculas"),
        (signs_kept, "a pontuação ficou colada às palavras"),
        (underscores_kept, r"em \w há o `_`, que não é letra nem algarismo: [^\W_]"),
        (letters_for_words, "comparou letra a letra; é palavra a palavra"),
        (in_any_order, "contou as palavras em qualquer ordem (isto é a ROUGE-1); a subsequência segue a ordem"),
        (different_words, "contou as palavras diferentes em comum, em qualquer ordem; é a maior subsequência"),
        (side_by_side, "exigiu palavras seguidas; numa subsequência pode haver outras no meio"),
        (first_come, "pegou a primeira que serve, e ela pode impedir duas outras: é a MAIOR subsequência"),
        (neighbours_counted, "uma palavra contou duas vezes: quando as duas são iguais é 1 + T[i-1][j-1], a diagonal"),
        (turned_round, "trocou a precisão e a revocação: a precisão divide pelas palavras do TEXTO"),
        (mean_of_the_two, "tirou a média aritmética; a F1 é a harmônica"),
        (in_hundredths, "são frações, de 0 a 1, e não de 0 a 100"),
    ],
}  # fmt: skip

PRECISIONS = "precisions = np.where(runs > 0, counted / np.maximum(runs, 1), 0): "
PENALTY = "penalty = np.exp(np.minimum(0, 1 - nearest / np.maximum(said, 1))): "
OF_BOTH = "precision, recall = right / max(len(said), 1), right / max(len(expected), 1): "
F1 = "return 2 * right / np.maximum(table.sum(axis=-2) + table.sum(axis=-1), 1): "
LONGER = "row.append(before[j] + 1 if word == theirs else max(before[j + 1], row[j])): "
EQUIVALENT = {  # mutants of the solution that compute the same
    "row = [0] * (len(expected) + 1): 1 -> 2": "one nought more is never read",
    f"{F1}1 -> 2": "where row and column add up to 1 nothing is right, and 0 divided by anything is 0",
    f"{PENALTY}1 -> 0": "of no word said all runs are missed, and the score is 0",
    f"{PENALTY}1 -> 2": "of one word said there is no run of two, and the score is 0",
    f"{PRECISIONS}1 -> 0": "where there are no runs 0 is taken",
    **dict.fromkeys((
        f"{PENALTY}np.minimum(0, 1 - nearest / np.maximum(said, 1)) -> "
        "np.minimum(1 - nearest / np.maximum(said, 1), 0)",
        f"{PENALTY}np.maximum(said, 1) -> np.maximum(1, said)",
        f"{PRECISIONS}np.maximum(runs, 1) -> np.maximum(1, runs)",
        f"{OF_BOTH}max(len(expected), 1) -> max(1, len(expected))",
        f"{OF_BOTH}max(len(said), 1) -> max(1, len(said))",
        f"{F1}np.maximum(table.sum(axis=-2) + table.sum(axis=-1), 1) -> "
        "np.maximum(1, table.sum(axis=-2) + table.sum(axis=-1))",
        f"{LONGER}max(before[j + 1], row[j]) -> max(row[j], before[j + 1])",
    ), "the greater, or the lesser, of two is the same in either order"),
}  # fmt: skip

HINTS = [
    "f1: np.diagonal(table, axis1=-2, axis2=-1) são os certos; a soma do eixo -2 é quantos ele pôs em cada classe, e a "
    "do eixo -1, quantos são dela. Bleu: o & de dois Counters fica com a menor das duas contagens, o | com a maior, e "
    '.total() soma. rouge_l: re.findall(r"[^\\W_]+", …) dá as palavras.',
    "f1: com p = certos / postos e r = certos / dela, 2 · p · r / (p + r) = 2 · certos / (postos + dela): uma só "
    "divisão, e o denominador só é 0 numa classe que não aparece (troque-o por 1). Bleu: em score, totals[..., 0] são "
    "as palavras, seja de uma soma ou de muitas; missed = right == 0, e 0.5 ** missed.cumsum(axis=-1) é meio, um "
    "quarto… onde falta. rouge_l: guarde só duas linhas de T, a de antes e a que se escreve.",
    "Bleu: em counts, para n de 1 a 4, found = ngrams(said, n) e allowed é o | dos ngrams de cada referência; (found & "
    "allowed).total() são os certos, e found.total() todos. O mais próximo: min(comprimentos, key=lambda c: (abs(c - "
    "len(said)), c)). rouge_l: para cada palavra do texto, uma linha nova que começa em 0 e recebe before[j] + 1 se as "
    "duas são iguais, senão max(before[j + 1], row[j]).",
]

WORDS = [
    "a",
    "o",
    "gato",
    "gata",
    "avó",
    "avô",
    "não",
    "é",
    "dorme",
    "no",
    "sofá,",
    "e",
    "coração",
    "bate.",
    "forte",
    "pão",
    "bolo",
    "fez",
    "comeu",
    "casa",
]


def texts(count, length, draw=rng):
    """So many texts, and a reference of each, which is the text with a third of the words otherwise."""
    said = [[WORDS[i] for i in draw.integers(len(WORDS), size=length)] for _ in range(count)]
    expected = [[WORDS[draw.integers(len(WORDS))] if draw.random() < 0.3 else word for word in words] for words in said]
    return [" ".join(words) for words in said], [" ".join(words) for words in expected]


def one_pair(size):
    (said,), (expected,) = texts(1, size)
    return said, expected


WORK = {
    "f1": Work(lambda size: (rng.integers(9, size=(size, 11, 11)),), small=100, large=2000, limit=None),
    "Bleu": Work(lambda size: texts(size, 30), small=20, large=200, through=measured, limit=None),
    "rouge_l": Work(one_pair, small=40, large=300, degree=2, limit=None),
}
