"""Bits per byte: every token guessed once, by hand; the same for models that say the same in other tokens."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.evaluate import bits
from tinyllm.evaluate.bits import bits_per_byte, perplexity, surprises
from tinyllm.evaluate.bootstrap import interval
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.tensor import Tensor, no_grad
from tinyllm.text.simple import ByteTokenizer, CharacterTokenizer

TEXTS = ["Não é a avó.", "é", "A gata viu o gato, e o gato não viu a gata; não viu."]


class Always:
    """A model that gives the next token the same probabilities, whatever it has read."""

    def __init__(self, probabilities, context):
        self.logits = np.log(np.asarray(probabilities, dtype=np.float64))
        self.config = SimpleNamespace(context=context)

    def __call__(self, ids):
        assert ids.shape[1] <= self.config.context
        return Tensor(np.broadcast_to(self.logits + 3, (*ids.shape, len(self.logits))))


class Pairs:
    """A token for each two characters of a and b."""

    def encode(self, text):
        return [["aa", "ab", "ba", "bb"].index(text[i : i + 2]) for i in range(0, len(text), 2)]

    def decode(self, ids):
        return "".join(["aa", "ab", "ba", "bb"][i] for i in ids)


def test_by_hand_over_windows_that_know_one_token_of_the_last(monkeypatch):
    tokenizer = ByteTokenizer()
    model = GPT(GPTConfig(vocab_size=257, context=7, layers=1, heads=1, width=8), rng=np.random.default_rng(0))
    rows = surprises(model, tokenizer, TEXTS, start_id=256)
    for row, text in zip(rows, TEXTS, strict=True):
        ids = np.array([256, *text.encode()])
        nats = 0.0
        for place in range(1, len(ids)):
            start = (place - 1) // 7 * 7
            with no_grad():
                logits = model(ids[None, start:place]).data[0, -1].astype(float)
            nats += np.log(np.exp(logits).sum()) - logits[ids[place]]
        assert row == pytest.approx([nats, len(ids) - 1, len(text.encode())], rel=1e-5)
    monkeypatch.setattr(bits, "POSITIONS", 20)  # two windows at a time
    np.testing.assert_allclose(surprises(model, tokenizer, TEXTS, start_id=256), rows, rtol=1e-5)


def test_a_model_that_knows_nothing_needs_the_bits_of_its_vocabulary():
    rows = surprises(Always(np.ones(64), 5), CharacterTokenizer.train(TEXTS, 64), TEXTS, start_id=0)
    totals = rows.sum(axis=0)
    characters, size = len("".join(TEXTS)), len("".join(TEXTS).encode())
    assert characters < size and totals[1:].tolist() == [characters, size]
    assert bits_per_byte(totals) == pytest.approx(6 * characters / size)
    assert perplexity(totals) == pytest.approx(64)
    np.testing.assert_allclose(perplexity(rows), [64] * 3)


def test_bits_per_byte_compare_tokenizers_and_perplexities_do_not():
    text = ["abbaabab" * 3]
    letters = Always([1e-99, 1e-99, 1 / 2, 1 / 2], 4)  # the first two are special tokens
    single = surprises(letters, CharacterTokenizer.train(text, 4), text, start_id=0).sum(axis=0)
    double = surprises(Always(np.full(4, 1 / 4), 4), Pairs(), text, start_id=0).sum(axis=0)
    assert bits_per_byte(single) == pytest.approx(1) == bits_per_byte(double)
    assert (perplexity(single), perplexity(double)) == pytest.approx((2, 4))


def test_texts_have_an_interval():
    chances = np.r_[np.full(128, 1 / 200), np.full(129, 1 / 400)]  # letters with accents are harder
    texts = ["o gato", "não é", "a avó e o avô", "ação", "sim"] * 8
    rows = surprises(Always(chances / chances.sum(), 9), ByteTokenizer(), texts, start_id=256)
    found = interval(bits_per_byte, rows, rng=np.random.default_rng(0))
    assert math.log2(200) < found.low < found.value < found.high < math.log2(400)


def test_what_has_no_bits_per_byte():
    model, tokenizer = Always(np.ones(64), 5), CharacterTokenizer.train(["abc"], 64)
    for texts, said in [
        ([], "0 texts surprise nobody; give at least one"),
        (["abc", ""], "text 2 is empty; leave it out"),
        (["abc", "abz"], "the tokenizer loses part of text 2; use one that has a token for every byte"),
    ]:
        with pytest.raises(UsageError, match=f"^{said}$"):
            surprises(model, tokenizer, texts, start_id=0)
