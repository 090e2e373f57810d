"""ROUGE, exact match and token F1: by hand, with accents, and equal to the reference implementation without them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.evaluate.overlap import (
    EXACT_MATCH,
    TOKEN_F1,
    Overlap,
    Rouge,
    exact_match,
    longest_common,
    normalised,
    rouge_l,
    rouge_n,
    token_f1,
    words,
)

PLAIN_WORDS = ["o", "gato", "Gato,", "nem", "rato.", "3", "guarda-chuva", "R$5", "a_b", "-", "...", "(sim)!"]
ACCENTED_WORDS = ["coração", "Coração,", "é", "avó", "avô", "à", "às", "não", "NÃO.", "pôde", "pode", "a", "1º", "ação"]
PLAIN = st.lists(st.sampled_from(PLAIN_WORDS), max_size=12)
ACCENTED = st.lists(st.sampled_from(ACCENTED_WORDS), max_size=12)
SPELT = str.maketrans({letter: f"q{place}q" for place, letter in enumerate("áàâãéêíóôõúçº")})


def test_rouge_by_hand():
    said, expected = "O coração não é de pedra.", "o coração é, não é?"
    assert rouge_n(said, expected, 1) == pytest.approx((4 / 6, 4 / 5, 8 / 11))  # o, coração, não, é once
    assert rouge_n(said, expected, 2) == pytest.approx((2 / 5, 2 / 4, 4 / 9))  # o coração, não é
    assert rouge_l(said, expected) == pytest.approx((4 / 6, 4 / 5, 8 / 11))  # o coração não é
    assert rouge_l("b a", "a b") == Overlap(1 / 2, 1 / 2, 1 / 2)
    assert rouge_n("sim", "sim", 2) == rouge_l("", "sim") == rouge_n("", "", 1) == Overlap(0, 0, 0)


def test_words_keep_their_accents_however_they_are_encoded():
    assert words("Coração, avó; avô!") == ["coração", "avó", "avô"]
    assert words("Corac\u0327a\u0303o") == ["coração"]
    assert rouge_n("avó", "avô", 1).f1 == 0 == rouge_n("é", "e", 1).f1
    assert words("guarda-chuva d'água a_b 3,5") == ["guarda", "chuva", "d", "água", "a", "b", "3", "5"]


def test_rouge_of_a_corpus_is_the_mean_of_the_best():
    said, expected = ["o gato", "a casa azul"], [["um cão", "o gato pardo", "o rato"], "a casa"]
    rouge = Rouge(1)
    assert rouge(said, expected) == pytest.approx((4 / 5 + 4 / 5) / 2)
    means = rouge.means(rouge.rows(said, expected).sum(axis=0))
    assert means == pytest.approx(((2 / 2 + 2 / 3) / 2, (2 / 3 + 2 / 2) / 2, 4 / 5))
    assert Rouge(2)(said, expected) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert Rouge("L")(["b a c"], ["a b c"]) == pytest.approx(2 / 3)


@given(one=st.text("abc", max_size=7), other=st.text("abc", max_size=7))
def test_the_longest_common_is_the_longest_of_all_that_are_common(one, other):
    def left(items):
        return {some for n in range(len(items) + 1) for some in itertools.combinations(items, n)}

    assert longest_common(one, other) == max(map(len, left(one) & left(other)))


def test_what_of_an_answer_counts():
    assert normalised("  A Avó e o\tavô, às 3h!  ") == ["avó", "e", "avô", "às", "3h"]
    assert exact_match("O Brasil.", "brasil") and not exact_match("Avó", "avô")
    assert exact_match("um  guarda-chuva", "guarda chuva") and exact_match("Sa\u0303o Paulo", "são paulo")
    assert normalised("−3,5 e 1.000; de 10-12, R$2.") == ["-3,5", "e", "1.000", "de", "10", "12", "r", "2"]
    assert not exact_match("3,5", "35") and not exact_match("-3", "3")


def test_an_answer_that_is_nothing_else_stays():
    assert exact_match("A.", "a") and not exact_match("A", "O")  # the letter of an alternative
    assert exact_match("?", " ? ") and not exact_match("👍", "👎") and not exact_match("", "não")
    assert EXACT_MATCH(["A", "Lisboa", ""], ["a)", ["Porto", "em Lisboa", "lisboa."], ""]) == 1.0


def test_token_f1():
    assert token_f1("o rio Amazonas", "Amazonas") == pytest.approx(2 / 3)
    assert token_f1("sim sim", "sim não") == 1 / 2  # each as often as it stands in both
    assert token_f1("", "") == 1 and token_f1("", "sim") == token_f1("sim", "não") == 0
    assert TOKEN_F1(["o rio Amazonas", "sim"], [["nenhum", "Amazonas"], "não"]) == pytest.approx(1 / 3)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # of what it imports
@given(spelt=st.booleans(), data=st.data())
@settings(max_examples=200)
def test_rouge_is_that_of_the_reference_implementation(spelt, data):
    """On texts without accents; and on those with them, whose accented letters it reads spelt in plain ones."""
    from rouge_score.rouge_scorer import RougeScorer

    text = (ACCENTED if spelt else PLAIN).map(" ".join)
    examples = data.draw(st.lists(st.tuples(text, st.lists(text, min_size=1, max_size=3)), min_size=1, max_size=5))
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    theirs = [
        scorer.score_multi([each.lower().translate(SPELT) for each in expected], said.lower().translate(SPELT))
        for said, expected in examples
    ]
    for n in (1, 2, "L"):
        rouge = Rouge(n)
        expected = np.mean([scores[f"rouge{n}"] for scores in theirs], axis=0)
        rows = rouge.rows(*zip(*examples, strict=True))
        np.testing.assert_allclose(rouge.means(rows.sum(axis=0)), expected, rtol=0, atol=1e-12)
        assert rouge.score(rows.sum(axis=0)) == pytest.approx(expected[2], rel=0, abs=1e-12)
