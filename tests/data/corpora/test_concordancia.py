"""The minimal pairs: one word apart, the right one by the rules of agreement; and the score they give a model."""

import re
from collections import Counter
from functools import cache

import numpy as np
import pytest

from tinyllm.data.corpora import concordancia, grammar
from tinyllm.errors import UsageError
from tinyllm.evaluate.agreement import agreement_score, log_probabilities
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.tensor import Tensor
from tinyllm.text import bpe


@cache
def pairs(count=3800):
    return tuple(concordancia.pairs(count))


def words(sentence):
    return re.findall(r"\w+", sentence.lower())


def test_phenomena_are_many_and_in_turn():
    assert len(concordancia.PHENOMENA) >= 12
    assert set(Counter(pair.phenomenon for pair in pairs()).values()) == {3800 // len(concordancia.PHENOMENA)}


def test_a_pair_differs_in_one_word():
    for pair in pairs():
        right, wrong = words(pair.right), words(pair.wrong)
        assert len(right) == len(wrong) and sum(a != b for a, b in zip(right, wrong, strict=True)) == 1, pair
        assert pair.right[0].isupper() and pair.right[-1] == "."


def test_pairs_depend_only_on_seed_and_index():
    assert list(concordancia.pairs(30))[7] == concordancia.pair(7)
    assert concordancia.pair(7, seed=1) != concordancia.pair(7)
    assert len(set(pairs()[:1000])) > 950
    with pytest.raises(UsageError, match="-1 pairs"):
        concordancia.pairs(-1)


def test_neither_number_nor_gender_is_the_right_one_more_often():
    plural = [pair.right.startswith(("Os ", "As ")) for pair in pairs() if pair.phenomenon == "número do verbo"]
    assert 0.35 < np.mean(plural) < 0.65
    feminine = [
        words(pair.right)[-1].endswith(("a", "as")) for pair in pairs() if pair.phenomenon == "gênero do predicativo"
    ]
    assert 0.35 < np.mean(feminine) < 0.65


# Worked out again: the noun that rules, by its article, and the word that must follow it.
ARTICLES = {**grammar.ARTICLES, "um": 0, "uma": 1, "uns": 2, "umas": 3}


def number_of(verb):
    return 2 if verb.endswith(("m", "ão")) else 0


@pytest.mark.parametrize(
    "phenomenon", ["número do verbo", "verbo depois de um atrator", "verbo depois de uma relativa"]
)
def test_verbs_follow_the_first_noun(phenomenon):
    for pair in pairs():
        if pair.phenomenon == phenomenon:
            [(right, wrong)] = [(a, b) for a, b in zip(words(pair.right), words(pair.wrong), strict=True) if a != b]
            head = ARTICLES[words(pair.right)[0]] & 2
            assert number_of(right) == head != number_of(wrong), pair


@pytest.mark.parametrize(
    "phenomenon",
    ["gênero do predicativo", "número do predicativo", "predicativo depois de um atrator", "particípio da voz passiva"],
)
def test_predicates_follow_the_first_noun(phenomenon):
    endings = {"o": 0, "a": 1, "os": 2, "as": 3}
    for pair in pairs():
        if pair.phenomenon == phenomenon:
            [(right, wrong)] = [(a, b) for a, b in zip(words(pair.right), words(pair.wrong), strict=True) if a != b]
            head = ARTICLES[words(pair.right)[0]]
            assert endings[re.search("[oa]s?$", right)[0]] == head != endings[re.search("[oa]s?$", wrong)[0]], pair


def test_attractors_have_the_other_number():
    for pair in pairs():
        if "atrator" in pair.phenomenon:
            first, _, attractor = words(pair.right)[:3]
            assert (first in ("os", "as")) != (attractor in ("dos", "das")), pair


# ---- the score -----------------------------------------------------------------------------------------------------


class Rehearsed:
    """A model that knows the next token of some sentences, and of others takes all for equally likely."""

    def __init__(self, tokenizer, favourites):
        self.vocab_size = tokenizer.vocab_size
        self.favourites = [tokenizer.encode(sentence).tolist() for sentence in favourites]

    def __call__(self, ids):
        logits = np.zeros((*ids.shape, self.vocab_size), dtype=np.float32)
        for row, line in zip(ids.tolist(), logits, strict=True):
            for known in self.favourites:
                if row[1 : len(known)] == known[:-1]:
                    line[np.arange(len(known)), known] = 10
        return Tensor(logits)


@pytest.fixture(scope="module")
def tokenizer():
    return bpe.train([pair.right for pair in pairs(380)], 400, special_tokens=("<|fim|>",))


def test_a_score_counts_the_pairs_whose_right_sentence_is_likelier(tokenizer):
    some = [concordancia.Pair("x", f"As meninas {i} correm.", f"As meninas {i} correr.") for i in range(8)]
    model = Rehearsed(tokenizer, [pair.right for pair in some[:6]] + [pair.wrong for pair in some[6:]])
    assert agreement_score(model, tokenizer, some, start_id=tokenizer.special_id("<|fim|>")) == 6 / 8
    with pytest.raises(UsageError, match="0 pairs"):
        agreement_score(model, tokenizer, [], start_id=0)


def test_log_probability_is_the_sum_over_the_tokens(tokenizer):
    config = GPTConfig(vocab_size=tokenizer.vocab_size, context=32, layers=1, heads=2, width=16)
    model = GPT(config, rng=np.random.default_rng(0))
    start = tokenizer.special_id("<|fim|>")
    rows = [
        [start, *tokenizer.encode(text)] for text in ("As meninas correm.", "Um pato.", "As gatas dormiam na rede.")
    ]
    for row, found in zip(rows, log_probabilities(model, rows), strict=True):
        ids = np.array(row)[None]
        assert abs(found + (len(row) - 1) * model.loss(ids[:, :-1], ids[:, 1:]).item()) < 1e-3
    assert 0 <= agreement_score(model, tokenizer, pairs()[:19], start_id=start) <= 1
