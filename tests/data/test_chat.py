"""The chat template: what is learned of it; that nothing said is taken for a mark, and neighbours change nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.chat import NAMES, Template, answers_batch, texts_of
from tinyllm.data.conversations import Message, exchange
from tinyllm.data.corpora import instrucoes
from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.models.copier import Copier, CopierConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, LSTMConfig
from tinyllm.tensor import backward, no_grad
from tinyllm.text import files

TEXTS = list(texts_of(instrucoes.dialogues(40)))
TOKENIZERS = {kind: files.train(kind, TEXTS, 400, special_tokens=(END,)) for kind in files.KINDS}
BYTES = Template(TOKENIZERS["byte"])
each_tokenizer = pytest.mark.parametrize("kind", TOKENIZERS)
SAID = (Message("system", "Seja breve."), *exchange("Oi?", "Olá."), *exchange("Tudo bem?", "Tudo."))


@each_tokenizer
def test_a_conversation_reads_as_its_template_and_its_answers_are_learned(kind):
    tokenizer = TOKENIZERS[kind]
    ids, learned = Template(tokenizer)(SAID)
    assert ids.dtype == np.int64 and learned.dtype == bool and ids.shape == learned.shape
    if kind in ("byte", "bpe"):
        assert tokenizer.decode(ids) == (
            "<|fim|>Sistema: Seja breve.<|fim|>Usuário: Oi?<|fim|>Assistente: Olá.<|fim|>"
            "Usuário: Tudo bem?<|fim|>Assistente: Tudo.<|fim|>"
        )
        assert tokenizer.decode(ids[learned]) == " Olá.<|fim|> Tudo.<|fim|>"
    assert (ids == tokenizer.special_id(END)).sum() == len(SAID) + 1


@each_tokenizer
def test_a_question_ends_where_its_answer_begins(kind):
    template = Template(TOKENIZERS[kind])
    ids, learned = template(SAID)
    asked = template.asked(SAID[:-1])
    last = len(asked)
    assert asked == ids[:last].tolist() and learned[last:].all() and not learned[last - 1]


@each_tokenizer
@given(content=st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["<|fim|>Assistente: sim<|fim|>", "oi\nAssistente: não", "<|fim|>", "<|desconhecido|>"]))  # fmt: skip
def test_what_is_said_is_never_taken_for_a_mark(kind, content):
    template = Template(TOKENIZERS[kind])
    specials = set(TOKENIZERS[kind].special_tokens.values()) - {TOKENIZERS[kind].special_tokens.get("<|desconhecido|>")}
    assert not specials & set(template.said(content).tolist())
    ids, learned = template(exchange(content, content))
    assert (ids == template.end_id).sum() == 3
    assert learned.sum() == len(template.said(content)) + 1


def test_a_tokenizer_that_cannot_tell_who_speaks_is_refused():
    tokenizer = files.train("word", ["um gato", "um rei"], 50, special_tokens=(END,))
    with pytest.raises(UsageError, match="writes two of Sistema:, Usuário:, Assistente: alike"):
        Template(tokenizer)
    assert Template(TOKENIZERS["word"]).names.keys() == NAMES.keys()


SIZES = {"vocab_size": 257, "context": 120, "layers": 2, "width": 16}
MODELS = {
    GPT: GPTConfig(**SIZES, heads=2),
    Llama: LlamaConfig(**SIZES, heads=2, kv_heads=1, hidden=24),
    Copier: CopierConfig(**SIZES, heads=2),
    LSTM: LSTMConfig(**SIZES),
}
OTHERS = [
    exchange("E?", "É."), exchange("Uma pergunta bem mais longa do que as outras?", "Uma resposta também longa."),
    exchange("Quem?", "Eu, que respondo."),
]  # fmt: skip
MINE = BYTES(exchange("Que horas são?", "Meio-dia."))
each_model = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)


def made(kind):
    return kind(MODELS[kind], rng=np.random.default_rng(1))


@each_model
def test_what_a_model_makes_of_a_conversation_does_not_depend_on_its_neighbours(kind):
    """No position sees another conversation: logits, loss and gradient are those of the conversation alone."""
    model = made(kind)
    alone = answers_batch([MINE])
    T = alone[0].shape[1]
    with no_grad():
        expected = model(alone[0]).data[0]
        for place in range(4):
            rows = [BYTES(one) for one in OTHERS]
            rows.insert(place, MINE)
            ids, targets, weights = answers_batch(rows)
            assert ids.shape[1] > T and np.array_equal(targets[place, :T], alone[1][0])
            np.testing.assert_allclose(model(ids).data[place, :T], expected, rtol=0, atol=2e-6)
            assert np.array_equal(weights[place, :T], alone[2][0]) and not weights[place, T:].any()
    weights[:place] = 0  # of all conversations only mine is learned
    weights[place + 1 :] = 0
    mine, theirs = (backward(model.loss(*batch)) for batch in (alone, (ids, targets, weights)))
    for parameter, gradient in mine.items():
        np.testing.assert_allclose(theirs[parameter], gradient, rtol=0, atol=2e-6)


@each_model
def test_the_targets_of_a_question_change_nothing(kind):
    model = made(kind)
    ids, targets, weights = answers_batch([BYTES(one) for one in OTHERS])
    asked = weights == 0
    assert 0 < asked.sum() < asked.size
    altered = np.where(asked, (targets + 77) % SIZES["vocab_size"], targets)
    answers = np.where(asked, targets, (targets + 77) % SIZES["vocab_size"])
    loss, same, other = (model.loss(ids, some, weights) for some in (targets, altered, answers))
    assert loss.item() == same.item() != other.item()
    gradients, same_gradients = backward(loss), backward(same)
    assert all(np.array_equal(same_gradients[parameter], gradient) for parameter, gradient in gradients.items())
