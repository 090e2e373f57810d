"""The likelihood of ends and options: equal to the model's own loss, whatever the batch, the length and the device."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.data.corpora import concordancia
from tinyllm.errors import UsageError
from tinyllm.evaluate import bias, likelihood, robustness
from tinyllm.evaluate.datasets import Completion, Question
from tinyllm.models.bert import BERT, BERTConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, LSTMConfig
from tinyllm.tensor import Tensor, no_grad
from tinyllm.text import bpe

START = 0
COMPLETIONS = [
    Completion("As meninas", "correram pela praça."),
    Completion("O gato", "dormiu."),
    Completion("A dona dos gatos ficou", "cansada depois do almoço com a avó"),
    Completion("Um", "pato"),
]


@pytest.fixture(scope="module")
def tokenizer():
    texts = [pair.right for pair in concordancia.pairs(190)]
    return bpe.train(texts, 320, special_tokens=("<|fim|>",))


def models(tokenizer):
    size = {"vocab_size": tokenizer.vocab_size, "layers": 1, "width": 16}
    rng = np.random.default_rng(0)
    yield GPT(GPTConfig(context=48, heads=2, **size), rng=rng)
    yield Llama(LlamaConfig(context=48, heads=2, **size), rng=rng)
    yield LSTM(LSTMConfig(context=48, **size), rng=rng)


def by_its_loss(model, row, start):
    """Of each target alone: the loss of the whole text less that of the text before the end, in nats."""
    ids = np.array(row)[None]
    whole = model.loss(ids[:, :-1], ids[:, 1:]).item() * (len(row) - 1)
    if start == 1:
        return -whole
    return model.loss(ids[:, : start - 1], ids[:, 1:start]).item() * (start - 1) - whole


@pytest.mark.parametrize("tokens", [1, 8192])
def test_it_is_the_loss_of_the_end_in_every_decoder(tokenizer, monkeypatch, tokens):
    monkeypatch.setattr(likelihood, "TOKENS", tokens)
    monkeypatch.setattr(likelihood, "LOGITS", 3 * tokens)
    for model in models(tokenizer):
        found = likelihood.of_ends(model, tokenizer, COMPLETIONS, start_id=START)
        for one, nats, count in zip(COMPLETIONS, found.nats, found.tokens, strict=True):
            row, start = likelihood.encoded(tokenizer, one, START)
            assert count == len(row) - start > 0
            with no_grad():
                assert nats == pytest.approx(by_its_loss(model, row, start), abs=1e-4)


def test_the_end_begins_where_the_tokens_differ(tokenizer):
    row, start = likelihood.encoded(tokenizer, COMPLETIONS[0], START)
    assert tokenizer.decode(row[1:start]) == "As meninas" and tokenizer.decode(row[start:]) == " correram pela praça."
    row, start = likelihood.encoded(tokenizer, Completion("", "Um pato."), START)
    assert start == 1 and row[0] == START


def test_greedy_is_what_the_model_would_write(tokenizer):
    for model in models(tokenizer):
        row, start = likelihood.encoded(tokenizer, COMPLETIONS[0], START)
        with no_grad():
            best = model(np.array([row[:start]])).data[0, -1].argmax()
        end = tokenizer.decode([int(best)])
        if not end.startswith(" ") or not end.strip():
            continue  # it would write no word
        likely = Completion("As meninas", end[1:])
        assert likelihood.of_ends(model, tokenizer, [likely], start_id=START).greedy.tolist() == [True]


class Counting:
    """A model that finds likeliest what is one more than the last token."""

    longest = 9
    new_caches = None

    def hidden(self, ids):
        return Tensor(np.eye(9, dtype=np.float32)[(ids + 1) % 9])

    def head(self):
        return Tensor(np.eye(9, dtype=np.float32))


def test_greedy_is_of_every_token():
    rows, starts = [[0, 1, 2, 3], [0, 2, 3], [0, 2, 3], [4, 5, 7]], np.array([1, 1, 2, 1])
    assert likelihood.of_rows(Counting(), rows, starts)[1].tolist() == [True, False, True, False]
    logits = np.array([[0.0, 2.0, 1.0], [0.0, 2.0, 1.0]])
    nats, likeliest = likelihood.of_targets(logits, np.array([1, 2]))
    assert likeliest.tolist() == [True, False]
    np.testing.assert_allclose(nats, [2 - np.log(1 + np.e**2 + np.e), 1 - np.log(1 + np.e**2 + np.e)])


@settings(max_examples=20)
@given(longest=st.integers(3, 40), length=st.integers(2, 60), end=st.integers(1, 10))
def test_a_text_that_does_not_fit_is_read_from_its_last_part(longest, length, end):
    class Model:
        pass

    Model.longest, row, start = longest, list(range(length)), max(1, length - end)
    if length - start > longest:
        with pytest.raises(UsageError, match=f"an end of {length - start} tokens does not fit in a context"):
            likelihood.fitted(Model, row, start)
        return
    kept, begins = likelihood.fitted(Model, row, start)
    assert kept == row[-(longest + 1) :] and kept[begins] == row[start] and begins >= 1


def test_options_by_their_likelihood(tokenizer):
    questions = [
        Question("As meninas", ("correram pela praça.", "dormiu", "de manhã"), 0),
        Question("O gato", ("dormiu.", "as"), 1),
    ]
    model = next(models(tokenizer))
    found = likelihood.of_options(model, tokenizer, questions, start_id=START)
    alone = likelihood.of_ends(model, tokenizer, [Completion("O gato", "as")], start_id=START)
    assert found.nats[1, 1] == pytest.approx(alone.nats[0], abs=1e-5) and found.nats[1, 2] == -np.inf
    assert found.characters.tolist() == [[20, 6, 8], [7, 2, 1]]
    assert found.tokens[1, :2].min() >= 1


def test_what_is_picked_depends_on_the_measure():
    found = likelihood.Options(
        np.array([[-4.0, -6.0, -5.0], [-3.0, -2.0, -np.inf]]), np.array([[1, 3, 2], [1, 1, 1]]),
        np.array([[2, 4, 5], [3, 2, 1]]),
    )  # fmt: skip
    assert found.picked("text").tolist() == [0, 1]
    assert found.picked("token").tolist() == [1, 1]
    assert found.picked().tolist() == found.picked("character").tolist() == [2, 0]
    with pytest.raises(UsageError, match="per word is not known; choose one of character, token, text"):
        found.picked("word")


def test_it_is_what_bias_and_robustness_ask_for(tokenizer):
    model, pairs = next(models(tokenizer)), list(bias.counterfactuals(8))

    def score(completions):
        return likelihood.of_ends(model, tokenizer, completions, start_id=START).nats

    found = bias.gaps(score, pairs)
    assert found[3] == pytest.approx((score([pairs[3].first]) - score([pairs[3].second]))[0], abs=1e-4)
    assert bias.favours(found).shape == (4,)
    figures = robustness.curve(score, COMPLETIONS, "digitação", levels=(0, 0.5))
    np.testing.assert_allclose(figures[0], score(COMPLETIONS), rtol=1e-6)
    assert figures.shape == (2, 4) and (figures[1] != figures[0]).any()


def test_what_has_no_likelihood(tokenizer):
    config = BERTConfig(vocab_size=20, context=8, layers=1, heads=2, width=8)
    with pytest.raises(UsageError, match="a BERT does not read a text from left to right"):
        likelihood.of_ends(BERT(config, rng=np.random.default_rng(0)), tokenizer, COMPLETIONS, start_id=START)
    with pytest.raises(UsageError, match="0 texts"):
        likelihood.of_ends(next(models(tokenizer)), tokenizer, [], start_id=START)


def test_on_a_gpu(tokenizer, cupy):
    model = next(models(tokenizer))
    expected = likelihood.of_ends(model, tokenizer, COMPLETIONS, start_id=START)
    for parameter in model.parameters():
        parameter.data = cupy.asarray(parameter.data)
    found = likelihood.of_ends(model, tokenizer, COMPLETIONS, start_id=START)
    np.testing.assert_allclose(found.nats, expected.nats, rtol=1e-5)
    assert found.greedy.tolist() == expected.greedy.tolist() and type(found.nats) is np.ndarray
