"""m01.e02: bigrams counted, smoothed and measured."""

import numpy as np
import pytest

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("length", "vocab_size"), [(2, 3), (50, 4), (500, 7)])
def test_count_bigrams(judge, length, vocab_size):
    ids = rng.integers(vocab_size, size=length)
    counts = judge.same("count_bigrams", ids, vocab_size, case=f"{length} ids de um vocabulário de {vocab_size}")
    judge.that(counts.sum() == length - 1, "count_bigrams", f"{length} ids", "as contagens deveriam somar N - 1")
    judge.same("count_bigrams", ids[::2], vocab_size, case="ids que não são contíguos")


def test_count_bigrams_by_hand(judge):
    judge.same("count_bigrams", np.array([0, 1, 0, 1, 1]), 2, case="o exemplo, [0, 1, 0, 1, 1]")


@pytest.mark.parametrize("k", [0.1, 1.0, 10.0])
def test_smoothed_probabilities(judge, k):
    counts = rng.integers(6, size=(5, 5)).astype(float)
    counts[2] = 0  # an id that nothing has followed yet
    table = judge.same("smoothed_probabilities", counts, k, case=f"5 ids, um deles nunca visto, k={k}")
    judge.that(np.allclose(table.sum(axis=1), 1), "smoothed_probabilities", f"k={k}", "cada linha deveria somar 1")


@pytest.mark.parametrize("length", [2, 30, 5000])
def test_perplexity(judge, length):
    table = rng.dirichlet(np.ones(6), size=6)
    ids = rng.integers(6, size=length)
    judge.same("perplexity", table, ids, case=f"{length} ids de um vocabulário de 6")


def test_perplexity_of_one_who_hesitates_among_8(judge):
    judge.same(
        "perplexity", np.full((8, 8), 1 / 8), rng.integers(8, size=100), case="todos os 8 ids igualmente prováveis"
    )


def test_a_text_of_its_own_kind_surprises_less(judge):
    text = np.tile([0, 1, 2, 3, 2, 1], 50)
    table = judge.same("smoothed_probabilities", judge.same("count_bigrams", text, 4, case="um texto"), 1.0, case="k=1")
    own, other = (judge.same("perplexity", table, ids, case="dois textos") for ids in (text, rng.permutation(text)))
    judge.that(
        own < 2 < other, "perplexity", "um texto e o mesmo embaralhado", "o texto em ordem deveria surpreender menos"
    )


@pytest.mark.parametrize("name", ["count_bigrams", "smoothed_probabilities", "perplexity"])
def test_time_and_memory(judge, name):
    judge.fast(name)
