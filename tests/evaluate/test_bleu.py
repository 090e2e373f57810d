"""BLEU and chrF: by hand, by their definitions, and equal to sacrebleu on Portuguese texts of any kind."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.evaluate.bleu import Bleu, Chrf, signs_apart, words_13a

WORDS = [
    *("o", "a", "gato", "gata", "não", "é", "está", "coração", "avó", "avô", "guarda-chuva", "d'água", "às", "pôde"),
    *(
        "3,5",
        "1.000",
        "10-12",
        "R$",
        "50%",
        "2º",
        "🙂",
        "👩🏽‍🚀",
        "…",
        "—",
        "“sim”",
        ".",
        ",",
        "?",
        "(ou",
        "&amp;",
        "-",
    ),
    *("cora\u0327a\u0303o", "<skipped>", "fim-\n", "\n", "\u00a0", "ǅ", "!?", "...", "a.b", "3.", ".5"),
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join) | st.text(
    st.sampled_from("aoãéç .,;-'\"!&0123\n🙂") | st.characters(exclude_categories=["Cs"]), max_size=30
)


def test_bleu_by_hand():
    said, expected = "o gato preto dorme no sofá", "o gato dorme no sofá"
    assert Bleu()([said], [expected]) == pytest.approx(100 * (5 / 6 * 3 / 5 * 1 / 4 * (1 / 2) / 3) ** (1 / 4))
    too_short = Bleu()([expected], [said])  # all but 'gato dorme', and the runs with it
    assert too_short == pytest.approx(100 * math.exp(1 - 6 / 5) * (1 * 3 / 4 * 1 / 3 * (1 / 2) / 2) ** (1 / 4))
    assert Bleu()([said, expected], [expected, said]) == pytest.approx(  # sums over the corpus, not means
        100 * (10 / 11 * 6 / 9 * 2 / 7 * (1 / 2) / 5) ** (1 / 4)
    )


def test_bleu_takes_from_several_references_what_is_right_in_any_and_the_nearest_length():
    row = Bleu().counts("o gato o gato o", ["o gato", "um gato o cão o", "o sol o sol o sol o sol"])
    assert row == [5, 5, *(4, 2, 0, 0), *(5, 4, 3, 2)]  # 'o' three times and 'gato' once; 'o gato', 'gato o'
    assert Bleu().counts("um dois", ["um", "um dois três"])[1] == 1  # as near: the shorter one


def test_bleu_of_nothing_right_or_of_too_few_words_is_nought():
    assert Bleu()(["sim"], ["não"]) == Bleu()([""], ["não"]) == Bleu()([""], [""]) == 0
    assert Bleu()(["o gato dorme"], ["o gato dorme"]) == 0  # no run of four words
    assert Bleu()(["o gato dorme bem"], ["o gato dorme bem"]) == pytest.approx(100)


def test_words_are_cut_as_sacrebleu_cuts_them():
    assert words_13a("— “Não!”, disse a avó (3,5 m).") == [
        *("—", "“Não", "!", "”", ",", "disse", "a", "avó", "(", "3,5", "m", ")", "."),
    ]
    assert words_13a("guarda-chuva, 10-12 e 1.000.\n") == ["guarda-chuva", ",", "10", "-", "12", "e", "1.000", "."]
    assert words_13a("&quot;R$5&quot; de no-\nvo\nsim 🙂") == ['"', "R", "$", "5", '"', "de", "novo", "sim", "🙂"]


def test_chrf_by_hand():
    assert Chrf()(["ab c"], ["abd"]) == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3)  # runs of 1, 2, 3: no spaces
    precision, recall = (2 / 2 + 1 / 1) / 2, (2 / 3 + 1 / 2) / 2
    assert Chrf()(["ab"], ["abd"]) == pytest.approx(500 * precision * recall / (4 * precision + recall))
    precision = (2 / 3 + 1 / 2) / 2  # there is no run of three to be right or wrong
    assert Chrf()(["abd"], ["ab"]) == pytest.approx(500 * precision * 1 / (4 * precision + 1))
    several = ["xyz", "abd.", "ab", "abc"]
    assert Chrf()(["abd"], [several]) == max(Chrf()(["abd"], [text]) for text in several)
    assert Chrf()(["não"], ["não"]) == pytest.approx(100)
    assert Chrf()(["não"], ["sim"]) == Chrf()([""], ["sim"]) == Chrf()([""], [""]) == 0


def test_chrf_plus_plus_counts_words_too():
    of_letters, of_words = 5 / 6 + 3 / 5 + 2 / 4 + 1 / 3, 1 / 2
    assert Chrf()(["abc def"], ["abc dxf"]) == pytest.approx(100 * of_letters / 6)
    assert Chrf(words=2)(["abc def"], ["abc dxf"]) == pytest.approx(100 * (of_letters + of_words) / 8)
    assert signs_apart("(sim) “não”. a - ?!") == ["(sim", ")", "“não”", ".", "a", "-", "?", "!"]


@given(examples=st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=5))
def test_figures_of_many_corpora_at_once_are_those_of_each(examples):
    for measure in (Bleu(), Chrf(), Chrf(words=2)):
        rows = measure.rows(*zip(*examples, strict=True))
        each = [measure([said], [expected]) for said, expected in examples]
        np.testing.assert_allclose(measure.score(rows), each, rtol=1e-12)
        assert all(0 <= figure <= 100 + 1e-9 for figure in each)


@pytest.mark.oracle
@given(
    examples=st.integers(1, 3).flatmap(
        lambda count: st.lists(
            st.tuples(TEXTS, st.lists(TEXTS, min_size=count, max_size=count)), min_size=1, max_size=6
        )
    )
)
@settings(max_examples=1000)
def test_figures_are_those_of_sacrebleu(examples):
    from sacrebleu.metrics import BLEU, CHRF

    hypotheses, references = map(list, zip(*examples, strict=True))
    streams = list(zip(*references, strict=True))
    for ours, theirs in [(Bleu(), BLEU()), (Chrf(), CHRF()), (Chrf(words=2), CHRF(word_order=2))]:
        expected = theirs.corpus_score(hypotheses, streams).score
        assert ours(hypotheses, references) == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.oracle
def test_figures_of_a_noisy_corpus_are_those_of_sacrebleu():
    from sacrebleu.metrics import BLEU, CHRF

    rng = np.random.default_rng(0)
    references = [[" ".join(rng.choice(WORDS, rng.integers(1, 30))) for _ in range(3)] for _ in range(200)]
    hypotheses = [" ".join(word for word in texts[0].split(" ") if rng.random() < 0.8) for texts in references]
    references = [texts[: rng.integers(1, 4)] for texts in references]  # not the same number for each
    streams = [[texts[i] if i < len(texts) else None for texts in references] for i in range(3)]
    for ours, theirs in [(Bleu(), BLEU()), (Chrf(), CHRF()), (Chrf(words=2), CHRF(word_order=2))]:
        expected = theirs.corpus_score(hypotheses, streams).score
        assert 30 < expected < 95
        assert ours(hypotheses, references) == pytest.approx(expected, rel=0, abs=1e-9)
