"""What every model of the family must keep, whatever its weights: who sees whom, padding, caches, order."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.infer.generate import generate
from tinyllm.models import bert, t5
from tinyllm.models.bert import BERT, BERTConfig
from tinyllm.models.classifier import Classifier
from tinyllm.models.copier import Copier, CopierConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.models.t5 import T5, T5Config
from tinyllm.nn.attention import CrossAttention
from tinyllm.nn.module import count_parameters
from tinyllm.tensor import Tensor, backward, no_grad

V, T = 13, 9
SHAPE = {"vocab_size": V, "context": T, "layers": 2, "heads": 2, "width": 8}
SOURCE = np.random.default_rng(5).integers(V, size=(3, 5))
DECODERS = {
    "gpt": (GPT, GPTConfig(**SHAPE)),
    "copier": (Copier, CopierConfig(**SHAPE)),
    "llama": (Llama, LlamaConfig(**SHAPE, kv_heads=1, hidden=12)),
    "rnn": (RNN, RNNConfig(V, T, layers=2, width=8)),
    "lstm": (LSTM, LSTMConfig(V, T, layers=2, width=8)),
    "t5": (T5, T5Config(**SHAPE, decoder_layers=2, hidden=12)),
}
ENCODERS = {
    "bert": (bert.Encoder, BERTConfig(**SHAPE)),
    "bert-sinusoidal": (bert.Encoder, BERTConfig(**SHAPE, positions="sinusoidal")),
    "bert-none": (bert.Encoder, BERTConfig(**SHAPE, positions="none")),
    "t5": (t5.Encoder, DECODERS["t5"][1]),
}
each_decoder = pytest.mark.parametrize("name", DECODERS)
each_encoder = pytest.mark.parametrize("name", ENCODERS)
seeds = st.integers(0, 999)


def shaken(model):
    """Biases and norms too must matter."""
    for parameter in model.parameters():
        parameter.data += np.random.default_rng(1).normal(scale=0.3, size=parameter.shape).astype(np.float32)
    return model


def make(found):
    kind, config = found
    return shaken(kind(config, rng=np.random.default_rng(0)))


def decoder(name):
    """A decoder to be called on ids; T5's has read a source."""
    model = make(DECODERS[name])
    with no_grad():
        return model.answering(SOURCE) if name == "t5" else model


def ids(seed, *shape):
    return np.random.default_rng(seed).integers(V, size=shape)


# ------------------------------------------------------------------------------------------------------------- the past


@each_decoder
@given(seed=seeds, changed=st.integers(0, T - 1))
def test_a_token_changes_nothing_before_it(name, seed, changed):
    model, before = decoder(name), ids(seed, 3, T)
    after = before.copy()
    after[:, changed] = (after[:, changed] + 1) % V
    with no_grad():
        one, other = model(before).data, model(after).data
    assert one[:, :changed].tobytes() == other[:, :changed].tobytes()
    assert not np.array_equal(one[:, changed], other[:, changed])


@each_decoder
@given(seed=seeds, cuts=st.sets(st.integers(1, T - 1)))
def test_reading_in_pieces_with_a_cache_is_reading_at_once(name, seed, cuts):
    model, text = decoder(name), ids(seed, 3, T)
    caches, logits = model.new_caches(), []
    with no_grad():
        for piece in np.split(text, sorted(cuts), axis=1):
            logits.append(model(piece, caches).data)
        np.testing.assert_allclose(np.concatenate(logits, axis=1), model(text).data, atol=1e-5, rtol=1e-5)


@each_decoder
def test_it_writes_the_most_probable_tokens(name):
    """As by reading everything again for each of them; GPT and Llama go on when their context is full."""
    model = make(DECODERS[name])
    with no_grad():
        model = model.answering(SOURCE[:1]) if name == "t5" else model
        written = [3]
        for _ in range(T - 1):
            written.append(int(model(np.array([written])).data[0, -1].argmax()))
    found = list(generate(model, [3], choose=lambda logits: int(logits.argmax()), max_tokens=2 * T))
    assert found[: T - 1] == written[1:] and len(found) == 2 * T


def test_the_cache_of_llama_holds_the_shared_heads_alone():
    model = decoder("llama")
    caches = model.new_caches()
    with no_grad():
        model(ids(0, 3, T), caches)
    assert caches[0].all()[0].shape == (3, 1, T, 4)


# ------------------------------------------------------------------------------------------------------------- the walk


WALKS = {  # the parts of the family that can be walked: kind, config, what `begin` takes beside the ids
    **{name: (*DECODERS[name], ()) for name in ("gpt", "llama", "rnn", "lstm")},
    **{f"{name}-encoder": (*found, (np.array([T, 2, 5]),)) for name, found in ENCODERS.items()},
    "t5-decoder": (
        lambda config, rng: T5(config, rng=rng).decoder,
        DECODERS["t5"][1],
        (Tensor(np.random.default_rng(4).normal(size=(3, 5, 8)).astype(np.float32)), np.array([5, 1, 3])),
    ),
}


@pytest.mark.parametrize("name", WALKS)
def test_who_walks_by_himself_arrives_where_hidden_does(name):
    kind, config, beside = WALKS[name]
    model, text = make((kind, config)), ids(0, 3, T)
    with no_grad():
        x, shared = model.begin(text, *beside)
        for block in model.blocks:
            x = block(x, *shared)
        assert model.end(x).data.tobytes() == model.hidden(text, *beside).data.tobytes()
        assert type(shared) is tuple and len(model.blocks) == 2


@pytest.mark.parametrize("name", ["gpt", "llama", "rnn", "lstm"])
def test_with_caches_too(name):
    model, text, found = make(DECODERS[name]), ids(0, 3, T), []
    with no_grad():
        caches = model.new_caches()
        for part in (text[:, :4], text[:, 4:]):
            x, shared = model.begin(part, caches)
            for block, cache in zip(model.blocks, caches, strict=True):
                x = block(x, *shared, cache)
            found.append(model.end(x).data)
        np.testing.assert_allclose(np.concatenate(found, axis=1), model.hidden(text).data, atol=1e-5, rtol=1e-5)


# ---------------------------------------------------------------------------------------------------------- the padding


@each_encoder
@given(seed=seeds, lengths=st.lists(st.integers(1, T), min_size=3, max_size=3))
def test_padding_changes_nothing_of_what_is_real(name, seed, lengths):
    model, text, lengths = make(ENCODERS[name]), ids(seed, 3, T), np.array(lengths)
    other = np.where(np.arange(T) < lengths[:, None], text, ids(seed + 1, 3, T))
    with no_grad():
        padded, otherwise = model.hidden(text, lengths).data, model.hidden(other, lengths).data
        for row, length in enumerate(lengths):
            alone = model.hidden(text[row : row + 1, :length]).data[0]
            np.testing.assert_allclose(padded[row, :length], alone, atol=1e-5, rtol=0)
            np.testing.assert_allclose(otherwise[row, :length], alone, atol=1e-5, rtol=0)


@given(seed=seeds, lengths=st.lists(st.integers(1, T), min_size=3, max_size=3))
def test_the_padding_of_a_source_changes_nothing_that_is_written(seed, lengths):
    model, source, written = make(DECODERS["t5"]), ids(seed, 3, T), ids(seed + 1, 3, 4)
    with no_grad():
        padded = model(source, written, np.array(lengths)).data
        for row, length in enumerate(lengths):
            alone = model(source[row : row + 1, :length], written[row : row + 1]).data[0]
            np.testing.assert_allclose(padded[row], alone, atol=1e-5, rtol=0)


BODIES = {**{f"{name}-encoder": found for name, found in ENCODERS.items()}, **DECODERS}
del BODIES["t5"]  # a whole T5 is no body: its encoder is


@pytest.mark.parametrize("name", BODIES)
@given(seed=seeds, lengths=st.lists(st.integers(1, T), min_size=3, max_size=3))
def test_a_classifier_sees_no_padding(name, seed, lengths):
    kind, config = BODIES[name]
    rng = np.random.default_rng(0)
    model = shaken(Classifier(kind(config, rng=rng), 4, rng=rng))
    text, lengths = ids(seed, 3, T), np.array(lengths)
    with no_grad():
        logits = model(text, lengths).data
        for row, length in enumerate(lengths):
            alone = model(text[row : row + 1, :length], lengths[row : row + 1]).data[0]
            np.testing.assert_allclose(logits[row], alone, atol=1e-5, rtol=0)
    grads = backward(model.loss(text, lengths, np.array([3, 0, 2])))
    assert grads.keys() == set(model.parameters())


# ------------------------------------------------------------------------------------------------------------ the order


@given(seed=seeds, order=st.permutations(range(T)))
def test_without_positions_an_encoder_does_not_know_the_order(seed, order):
    model, text = make(ENCODERS["bert-none"]), ids(seed, 3, T)
    with no_grad():
        hidden, turned = model.hidden(text).data, model.hidden(text[:, order]).data
    np.testing.assert_allclose(turned, hidden[:, order], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["bert", "bert-sinusoidal", "t5"])
def test_with_positions_it_does(name):
    model, text = make(ENCODERS[name]), ids(0, 3, T)
    with no_grad():
        hidden, turned = model.hidden(text).data, model.hidden(text[:, ::-1]).data
    assert abs(turned - hidden[:, ::-1]).max() > 0.1


@given(seed=seeds, order=st.permutations(range(7)))
def test_cross_attention_does_not_know_the_order_of_its_memory(seed, order):
    layer = shaken(CrossAttention(8, 2, rng=np.random.default_rng(0)))
    rng = np.random.default_rng(seed)
    x, memory = (Tensor(rng.normal(size=(2, n, 8)).astype(np.float32)) for n in (3, 7))
    np.testing.assert_allclose(layer(x, memory[:, list(order)]).data, layer(x, memory).data, atol=1e-5, rtol=0)


# ------------------------------------------------------------------------------------------------ beginnings, bad calls


@pytest.mark.parametrize("name", ["llama", "bert", "t5"])
def test_an_untrained_model_finds_all_tokens_about_equally_likely(name):
    kind, config, more = {
        "llama": (Llama, LlamaConfig(), ()),
        "bert": (BERT, BERTConfig(), (np.arange(254).reshape(2, 127) % 127,)),
        "t5": (T5, T5Config(), ()),
    }[name]
    tokens = np.random.default_rng(1).integers(4096, size=(2, 128))
    model = kind(config, rng=np.random.default_rng(0))
    with no_grad():
        loss = model.loss(tokens[:, :-1], *more, tokens[:, 1:]).item()
    assert abs(loss - np.log(4096)) < 0.3
    assert 1e6 < count_parameters(model) < 4e6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: make(DECODERS["llama"])(ids(0, 1, T + 1)),
            "10 tokens do not fit in a context of 9; raise LlamaConfig",
        ),
        (
            lambda: make(ENCODERS["bert"]).hidden(ids(0, 1, T + 1)),
            "10 tokens do not fit in a context of 9; raise BERTC",
        ),
        (lambda: make(ENCODERS["bert"]).hidden(ids(0, 2, T), np.array([1])), "lengths (1,) are not one for each of 2"),
        (lambda: make(ENCODERS["bert"]).hidden(ids(0, 2, T), np.array([0, 3])), "lengths of 0 to 3 tokens, but a row"),
        (lambda: make(ENCODERS["t5"]).hidden(ids(0, 2, T), np.array([2, 10])), "lengths of 2 to 10 tokens, but a row"),
        (lambda: make(ENCODERS["t5"]).hidden(ids(0, 2, T) + V), "is outside the vocabulary 0..12"),
        (lambda: LlamaConfig(heads=4, kv_heads=3), "heads=4 is not a multiple of kv_heads=3"),
        (lambda: LlamaConfig(heads=4, width=36), "width=36 is not an even multiple of heads=4"),
        (lambda: BERTConfig(heads=4, width=30), "width=30 is not a multiple of heads=4"),
        (lambda: BERTConfig(positions="random"), "positions=random must be one of learned, sinusoidal, none"),
        (lambda: T5Config(heads=5), "width=192 is not a multiple of heads=5"),
        (lambda: make((bert.Encoder, BERTConfig(V, T, 1, 1, 5, "sinusoidal"))), "sinusoidal positions come in pairs"),
    ],
)
def test_what_does_not_fit(call, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        call()
