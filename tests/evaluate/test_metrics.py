"""The figures: perplexity, the bigram to beat, known words, copied runs."""

import math

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import InterpolatedBigram, copied_ngrams, known_words, mean_loss, perplexity, words
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.tensor import no_grad


def test_mean_loss_is_the_mean_over_whole_windows():
    model = GPT(GPTConfig(vocab_size=13, context=5, layers=1, heads=1, width=4), rng=np.random.default_rng(0))
    tokens = np.random.default_rng(1).integers(0, 13, 38).astype(np.uint16)
    with no_grad():
        logits = [model(tokens[None, i * 5 : i * 5 + 5].astype(int)).data[0].astype(float) for i in range(7)]
    rows = np.concatenate(logits)
    targets = tokens[1:36]
    expected = np.mean(np.log(np.exp(rows).sum(axis=1)) - rows[np.arange(35), targets])
    assert mean_loss(model, tokens, batch=3) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(UsageError, match="5 tokens are fewer than one window of 6"):
        mean_loss(model, tokens[:5])


def test_the_bigram_is_a_distribution_and_finds_the_best_mixture():
    rng = np.random.default_rng(0)
    chain = [0]
    for _ in range(4000):
        chain.append((chain[-1] * 3 + 1) % 7 if rng.random() < 0.8 else int(rng.integers(8)))
    train, validation, test = np.array(chain[:3000]), np.array(chain[3000:3500]), np.array(chain[3500:])
    bigram = InterpolatedBigram(train, validation, vocab_size=9)
    assert bigram.mixture.sum() == pytest.approx(1)
    for last in (0, 3, 8):  # the probabilities of all that may follow sum to 1 (8 never occurs: no bigram share)
        total = sum(math.exp(-bigram.mean_loss(np.array([last, following]))) for following in range(9))
        assert total == pytest.approx(1 if last != 8 else 1 - bigram.mixture[0])
    best = bigram.mean_loss(validation)
    for mixture in ([0.4, 0.3, 0.3], [0.98, 0.01, 0.01], [0.2, 0.7, 0.1]):
        other = InterpolatedBigram(train, validation, vocab_size=9)
        other.mixture = np.array(mixture)
        assert best <= other.mean_loss(validation) + 1e-9
    uniform = math.log(9)
    assert bigram.mean_loss(test) < uniform - 0.5


def test_words_keep_accents_and_hyphens_and_drop_the_rest():
    assert words("— Não! — disse a Ana, guarda-chuva na mão; 3 maçãs_verdes.") == [
        *("não", "disse", "a", "ana", "guarda-chuva", "na", "mão", "maçãs", "verdes"),
    ]


def test_known_words():
    assert known_words("A gata viu o gatu.", {"a", "gata", "viu", "o"}) == 0.8
    assert known_words("…", set()) == 1.0


def test_copied_runs():
    source = "um dois três quatro cinco seis"
    assert copied_ngrams(["dois três quatro"], [source], n=3) == 1.0
    assert copied_ngrams(["dois três quatro sete"], [source], n=3) == 0.5
    assert copied_ngrams(["dois quatro três"], [source], n=3) == 0.0
    assert copied_ngrams(["curto"], [source], n=3) == 0.0


def test_the_perplexity_of_a_loss_that_no_float_holds_is_infinite():
    assert perplexity(np.log(3.0)) == pytest.approx(3.0)
    assert perplexity(1e4) == perplexity(np.inf) == np.inf and np.isnan(perplexity(np.nan))
