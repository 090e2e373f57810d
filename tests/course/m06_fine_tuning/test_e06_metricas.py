"""m06.e06: the F1 of each class, BLEU of a corpus, and ROUGE-L in Portuguese."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.evaluate import classification

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------------------ f1


def f1(judge, table, of=""):
    return judge.same("f1", table, case=f"table {shapes(table)}{of}")


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (7, 7), (4, 3, 3), (2, 5, 6, 6)])
def test_f1(judge, shape):
    f1(judge, rng.integers(20, size=shape))
    f1(judge, np.maximum(rng.integers(-6, 4, size=shape), 0), ", de poucos textos")


def test_f1_of_any_table(judge):
    @given(st.integers(2, 6), st.integers(1, 4), st.integers(0, 99))
    def agrees(labels, count, seed):
        f1(judge, np.maximum(np.random.default_rng(seed).integers(-3, 9, size=(count, labels, labels)), 0))

    agrees()


def test_classes_that_are_not_there(judge):
    table = rng.integers(1, 9, size=(4, 4))
    table[1], table[:, 2] = 0, 0  # of one there is no text, and no text was taken for another
    found = f1(judge, table, ", uma classe sem textos e outra nunca dita")
    judge.that(found[1] == found[2] == 0, "f1", "uma classe sem textos e outra nunca dita", "deveriam ter 0")
    table[2], table[:, 1] = 0, 0
    f1(judge, table, ", duas classes que não aparecem")
    f1(judge, np.zeros((2, 3, 3), int), ", vazia")


def test_other_tables(judge):
    table = rng.integers(9, size=(6, 6, 4))
    f1(judge, table[1:5, ::2, 2].reshape(2, 2, 3)[:, :, :2], ", de quatro textos")
    f1(judge, table.transpose(2, 1, 0)[:, :5, 1:], ", não contígua")
    f1(judge, np.broadcast_to(table[0, 0], (3, 4, 4)), ", esticada")
    f1(judge, table[:4, 0].astype(float) * 1e4, ", números grandes, em float64")


def test_f1_by_hand(judge):
    found = f1(judge, np.array([[2, 1, 0], [0, 1, 1], [0, 0, 1]]), ", o exemplo")
    judge.that(np.allclose(found, [4 / 5, 1 / 2, 2 / 3]), "f1", "o exemplo", f"deveria dar [4/5 1/2 2/3], deu {found}")


def test_f1_lies_between_precision_and_recall(judge):
    table = rng.integers(1, 9, size=(5, 5))
    found = f1(judge, table)
    both = np.stack([classification.precision(table), classification.recall(table)])
    holds = (found <= both.mean(axis=0) + 1e-12).all() and (found >= both.min(axis=0) - 1e-12).all()
    judge.that(holds, "f1", "5 classes", "deveria ficar entre a menor das duas e a média delas")
    judge.that(np.allclose(f1(judge, table.T.copy()), found), "f1", "a tabela transposta", "a F1 deveria ser a mesma")


# ---------------------------------------------------------------------------------------------------------------- BLEU

GATO = "o gato dorme no sofá"
PAIRS = {
    "o exemplo": ("o gato preto dorme no sofá", GATO),
    "iguais": (GATO, GATO),
    "um texto curto": ("o gato", GATO),
    "um texto curto e certo, de quatro palavras": ("gato dorme no sofá", GATO),
    "um texto longo": (f"{GATO} da sala de estar", GATO),
    "a mesma palavra muitas vezes": ("o o o o o o o", "o gato e o rato"),
    "trechos que se repetem dos dois lados": ("bate bate bate o coração", "bate bate forte o coração bate bate"),
    "nada certo": ("uma ave canta muito bem", GATO),
    "só palavras certas, nenhum par": ("sofá dorme o no gato", GATO),
    "só três seguidas": ("ali o gato dorme muito", GATO),
    "um texto vazio": ("", GATO),
    "pontuação": ("O gato, dorme; no sofá.", "O gato dorme, no sofá."),
    "hífen e números": ("Em 2026, custa R$ 3,50.", "Em 2026 custa R$ 3,50!"),
    "a segunda serve": (GATO, ["nada disso aqui hoje não", GATO]),
    "duas referências": ("o gato preto dorme", ["o gato dorme", "o bichano preto dorme bem"]),
    "repetido, uma vez em cada referência": ("o gato o gato o", ["o gato", "um gato o cão o", "o sol o sol o sol"]),
    "referências mais curtas e mais longas": ("um dois três quatro cinco", ["um dois três", "um dois três quatro"]),
    "duas igualmente próximas": ("um dois três quatro cinco", ["um dois três", "um dois três quatro cinco seis sete"]),
    "igualmente próximas, a longa primeiro": ("um dois três quatro", ["um dois três quatro cinco", "um dois três"]),
}


def bleu(judge, hypotheses, references, case):
    return judge.same("Bleu", hypotheses, references, through=judge.support.measured, case=case)


@pytest.mark.parametrize("what", PAIRS)
def test_one_text(judge, what):
    hypothesis, reference = PAIRS[what]
    bleu(judge, [hypothesis], [reference], f"{what}: {hypothesis!r}, {reference!r}")


def test_a_corpus(judge):
    hypotheses, references = zip(*PAIRS.values(), strict=True)
    bleu(judge, list(hypotheses), list(references), f"{len(PAIRS)} textos")
    bleu(judge, list(hypotheses[:3]), list(references[:3]), "três textos")


@pytest.mark.parametrize("length", [3, 6, 25])
def test_drawn_texts(judge, length):
    bleu(judge, *judge.support.texts(8, length, np.random.default_rng(length)), f"8 textos de {length} palavras")


def test_bleu_of_any_texts(judge):
    text = st.lists(st.sampled_from(["o", "gato", "não", "é", "a", "avó", ".", ",", "sofá"]), max_size=9).map(" ".join)

    @given(st.lists(st.tuples(text, st.lists(text, min_size=1, max_size=3)), min_size=1, max_size=4))
    def agrees(pairs):
        hypotheses, references = map(list, zip(*pairs, strict=True))
        bleu(judge, hypotheses, references, f"{hypotheses}, {references}")

    agrees()


def test_bleu_by_hand(judge):
    found = bleu(judge, *([text] for text in PAIRS["o exemplo"]), case="o exemplo")
    row, score = found.resultado_de_counts, found.score_do_corpus
    agree = np.array_equal(row, [[6, 5, 5, 3, 1, 0, 6, 5, 4, 3]]) and abs(score - 37.99) < 0.01
    judge.that(agree, "Bleu", "o exemplo", f"deveria dar 37,99; deu {row.tolist()} e {score:.2f}")


def test_a_corpus_is_no_mean_of_its_texts(judge):
    found = bleu(judge, [GATO, "uma ave canta"], [GATO, "a ave cantou bem ontem"], "dois textos")
    judge.that(abs(found.score_do_corpus - found.score_de_cada_texto.mean()) > 1, "Bleu", "dois textos",
               "a nota do corpus vem das somas das contagens, e não é a média das notas")  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- ROUGE-L

TEXTS = [
    ("A avó fez pão, não bolo!", "a avó não fez bolo"),
    ("o coração não é de pedra", "O CORAÇÃO NÃO É DE PEDRA."),
    ("a avó", "o avô"),
    ("a avó viu a avó", "o avô viu a avô"),
    ("cora o mato", "coração não mato"),
    ("um dois três quatro", "dois um quatro três"),
    ("c a b", "a b c"),
    ("a a a b", "a b a"),
    ("a b a", "a a a b a"),
    ("um x dois y três", "um dois três"),
    ("snake_case é_assim", "snake case é assim"),
    ("a_b não.", "a b não"),
    ("custa 10 reais", "custava 10 reais e 50"),
    ("", "nada"),
    ("nada", ""),
    ("", ""),
    ("... !!!", "???"),
    ("nada em comum", "outra coisa"),
    ("guarda-chuva d'água", "guarda chuva de água"),
]


def rouge(judge, hypothesis, reference, of=""):
    return judge.same("rouge_l", hypothesis, reference, case=f"{hypothesis!r}, {reference!r}{of}")


@pytest.mark.parametrize(("hypothesis", "reference"), TEXTS)
def test_rouge_l(judge, hypothesis, reference):
    there = rouge(judge, hypothesis, reference)
    back = rouge(judge, reference, hypothesis)
    holds = np.allclose([there[1], there[0], there[2]], back)
    judge.that(holds, "rouge_l", f"{hypothesis!r} e {reference!r}, trocados",
               "a precisão e a revocação deveriam trocar de lugar")  # fmt: skip


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_both_ways_to_write_an_accent(judge, form):
    found = rouge(judge, unicodedata.normalize(form, "É só açúcar, avó"), "é só açúcar avó", f", em {form}")
    judge.that(np.allclose(found, 1), "rouge_l", f"o mesmo texto em {form} e em NFC", "deveria dar 1")


def test_rouge_l_of_any_texts(judge):
    text = st.lists(st.sampled_from(["a", "Avó", "avô", "é", "não,", "e\u0301", "b_c"]), max_size=9).map(" ".join)

    @given(text, text)
    def agrees(hypothesis, reference):
        rouge(judge, hypothesis, reference)

    agrees()


def test_rouge_l_by_hand(judge):
    found = rouge(judge, *TEXTS[0], ", o exemplo")
    judge.that(np.allclose(found, [4 / 6, 4 / 5, 8 / 11]), "rouge_l", "o exemplo", "deveria dar 4/6, 4/5 e 0,727")


@pytest.mark.parametrize("name", ["f1", "Bleu", "rouge_l"])
def test_time_and_memory(judge, name):
    judge.fast(name)
