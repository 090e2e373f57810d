"""Every function on logits beside the one of transformers: the same supports, and the same probabilities."""

import numpy as np
import pytest

from tinyllm.infer import penalties, sample
from tinyllm.infer.sample import SampleConfig, Shaping

pytestmark = pytest.mark.oracle
ROWS, VOCAB, LENGTH = 10_000, 40, 12
BIASES = (((3,), 1.5), ((5, 7), -2.0), ((1, 2, 3), 4.0))
BANS = (((4,), -np.inf), ((6, 9), -np.inf), ((2, 2, 8), -np.inf))

CASES = {  # the class, how it is made, and ours: (logits, ids) -> logits
    "temperature": ("TemperatureLogitsWarper", {"temperature": 0.7}, lambda x, ids: sample.temperature(x, 0.7)),
    "top-k": ("TopKLogitsWarper", {"top_k": 7}, lambda x, ids: sample.top_k(x, 7)),
    "top-p": ("TopPLogitsWarper", {"top_p": 0.8}, lambda x, ids: sample.top_p(x, 0.8)),
    "top-p, nearly all": ("TopPLogitsWarper", {"top_p": 0.999}, lambda x, ids: sample.top_p(x, 0.999)),
    "min-p": ("MinPLogitsWarper", {"min_p": 0.1}, lambda x, ids: sample.min_p(x, 0.1)),
    "typical": ("TypicalLogitsWarper", {"mass": 0.6}, lambda x, ids: sample.typical(x, 0.6)),
    "epsilon": ("EpsilonLogitsWarper", {"epsilon": 0.02}, lambda x, ids: sample.epsilon(x, 0.02)),
    "epsilon, too much": ("EpsilonLogitsWarper", {"epsilon": 0.9}, lambda x, ids: sample.epsilon(x, 0.9)),
    "eta": ("EtaLogitsWarper", {"epsilon": 0.05}, lambda x, ids: sample.eta(x, 0.05)),
    "repetition": (
        "RepetitionPenaltyLogitsProcessor", {"penalty": 1.3}, lambda x, ids: penalties.repetition(x, ids, 1.3),
    ),
    "no repeat, 1": ("NoRepeatNGramLogitsProcessor", {"ngram_size": 1}, lambda x, ids: penalties.no_repeat(x, ids, 1)),
    "no repeat, 2": ("NoRepeatNGramLogitsProcessor", {"ngram_size": 2}, lambda x, ids: penalties.no_repeat(x, ids, 2)),
    "no repeat, 3": ("NoRepeatNGramLogitsProcessor", {"ngram_size": 3}, lambda x, ids: penalties.no_repeat(x, ids, 3)),
    "bans": (
        "NoBadWordsLogitsProcessor", {"bad_words_ids": [list(words) for words, _ in BANS], "eos_token_id": 0},
        lambda x, ids: penalties.bias(x, ids, BANS),
    ),
    "biases": (
        "SequenceBiasLogitsProcessor", {"sequence_bias": [[list(words), number] for words, number in BIASES]},
        lambda x, ids: penalties.bias(x, ids, BIASES),
    ),
    "no end yet": (
        "MinNewTokensLengthLogitsProcessor",
        {"prompt_length_to_skip": 5, "min_new_tokens": 8, "eos_token_id": 0, "device": "cpu"},
        lambda x, ids: Shaping(SampleConfig(1, top_p=1, min_tokens=8), stop_id=0)(x, ids, 5),
    ),
    "an end": (
        "MinNewTokensLengthLogitsProcessor",
        {"prompt_length_to_skip": 5, "min_new_tokens": 7, "eos_token_id": 0, "device": "cpu"},
        lambda x, ids: Shaping(SampleConfig(1, top_p=1, min_tokens=7), stop_id=0)(x, ids, 5),
    ),
}  # fmt: skip


def rows(seed=0):
    """Logits, some flat and some with a peak, and the ids before, of few enough kinds to repeat."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(ROWS, VOCAB)) * rng.uniform(0.2, 6, size=(ROWS, 1))
    return logits, rng.integers(1, 10, size=(ROWS, LENGTH))


def theirs(names, logits, ids):
    import torch
    from transformers.generation import logits_process

    ids, found = torch.tensor(ids), torch.tensor(logits)
    for name in names:
        kind, how, _ = CASES[name]
        found = getattr(logits_process, kind)(**how)(ids, found)
    return found.numpy(), torch.softmax(found, dim=-1).numpy()


def assert_same(found, logits, chances):
    assert np.array_equal(np.isfinite(found), np.isfinite(logits))
    np.testing.assert_allclose([sample.probabilities(row) for row in found], chances, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_one_is_theirs(name):
    logits, ids = rows()
    ours = CASES[name][2]
    found = np.array([ours(row, before.tolist()) for row, before in zip(logits, ids, strict=True)])
    assert_same(found, *theirs([name], logits, ids))


CHAINS = {
    "all": (
        SampleConfig(
            0.7, top_k=7, top_p=0.8, min_p=0.1, typical_p=0.6, epsilon=0.02, eta=0.05, repetition_penalty=1.3,
            no_repeat_ngram=3, min_tokens=8,
        ),
        ["biases", "repetition", "no repeat, 3", "no end yet", "temperature", "top-k", "top-p", "min-p", "typical",
         "epsilon", "eta"],
    ),
    "some": (
        SampleConfig(0.7, top_p=0.8, no_repeat_ngram=2, typical_p=0.6),
        ["biases", "no repeat, 2", "temperature", "top-p", "typical"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_in_a_row_they_are_theirs(name):
    logits, ids = rows(1)
    config, names = CHAINS[name]
    shape = Shaping(config, BIASES, 0)
    found = np.array([shape(row, before.tolist(), 5) for row, before in zip(logits, ids, strict=True)])
    assert_same(found, *theirs(names, logits, ids))
