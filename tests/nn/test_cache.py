"""Caches of rows of different lengths: however they were read, cut, chosen and joined, each row is as if alone."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.objectives import padded
from tinyllm.errors import UsageError
from tinyllm.models.bert import BERT
from tinyllm.models.copier import Copier, CopierConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.models.t5 import T5, T5Config
from tinyllm.nn.cache import DecoderCache, LayerCache, StateCache
from tinyllm.nn.module import map_parameters
from tinyllm.tensor import Tensor, no_grad

V, CONTEXT = 13, 24
SHAPE = {"vocab_size": V, "context": CONTEXT, "layers": 2, "heads": 2, "width": 8}
KINDS = {
    "gpt": (GPT, GPTConfig(**SHAPE)),
    "copier": (Copier, CopierConfig(**SHAPE)),
    "llama": (Llama, LlamaConfig(**SHAPE, kv_heads=1, hidden=12)),
    "rnn": (RNN, RNNConfig(V, CONTEXT, layers=2, width=8)),
    "lstm": (LSTM, LSTMConfig(V, CONTEXT, layers=2, width=8)),
    "t5": (T5, T5Config(**SHAPE, decoder_layers=2, hidden=12)),
}
TOLERANCES = {np.float32: 1e-5, np.float64: 1e-12}
each_kind = pytest.mark.parametrize("kind", KINDS)


def model_of(kind, dtype=np.float64):
    """A model in which biases and norms matter too."""
    make, config = KINDS[kind]
    model = make(config, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    map_parameters(model, lambda a: (a + rng.normal(scale=0.3, size=a.shape)).astype(dtype))
    return model


class Rows:
    """The rows of a batch: what each has read, kept apart, and the caches that have to agree with it."""

    def __init__(self, kind, dtype, rng, count):
        self.model, self.rng = model_of(kind, dtype), rng
        self.sources = [rng.integers(V, size=rng.integers(1, 6)) for _ in range(count)]
        self.reader, self.texts = self.reader_of(self.sources), [[] for _ in range(count)]
        self.caches, self.before = self.reader.new_caches(), [0] * count

    def reader_of(self, sources):
        if not isinstance(self.model, T5):
            return self.model
        with no_grad():
            return self.model.answering(*padded(sources, 0))

    def read(self, counts):
        """Each row reads so many tokens more; what they are read as must be what each reads alone."""
        new = [list(self.rng.integers(V, size=count)) for count in counts]
        ids = padded([row or [0] for row in new], 0)[0]
        with no_grad():
            logits = self.reader(ids, self.caches).data
        self.before = [len(text) for text in self.texts]
        for text, row in zip(self.texts, new, strict=True):
            text += row
        self.cut(list(map(len, self.texts)))
        for b, text in enumerate(self.texts):
            new = slice(len(text) - counts[b], len(text))
            np.testing.assert_allclose(logits[b, : counts[b]], self.alone(b)[new], atol=TOLERANCES[logits.dtype.type])

    def alone(self, b):
        with no_grad():
            return self.reader_of(self.sources[b : b + 1])(np.array([self.texts[b] or [0]])).data[0]

    def cut(self, lengths):
        for cache in self.caches:
            cache.truncate(np.array(lengths))
        self.texts = [text[:length] for text, length in zip(self.texts, lengths, strict=True)]

    def select(self, rows):
        for cache in self.caches:
            cache.select(rows)
        self.texts = [list(self.texts[b]) for b in rows]
        self.sources, self.before = ([things[b] for b in rows] for things in (self.sources, self.before))

    def join(self, other):
        for cache, its in zip(self.caches, other.caches, strict=True):
            cache.join(its)
        self.texts, self.sources = self.texts + other.texts, self.sources + other.sources
        self.before = list(map(len, self.texts))


@each_kind
@pytest.mark.parametrize("dtype", TOLERANCES)
@given(data=st.data())
def test_each_row_is_as_if_alone_whatever_is_done_to_the_batch(kind, dtype, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))

    def counts(rows, least):
        return [data.draw(st.integers(least, 3)) for _ in range(rows)]

    rows = Rows(kind, dtype, rng, data.draw(st.integers(1, 3)))
    rows.read(counts(len(rows.texts), least=1))
    for verb in data.draw(st.lists(st.sampled_from(["read", "cut", "select", "join"]), max_size=5)):
        if verb == "cut":
            rows.cut([data.draw(st.integers(*ends)) for ends in zip(rows.before, map(len, rows.texts), strict=True)])
        if verb == "select":
            places = st.integers(0, len(rows.texts) - 1)
            rows.select(data.draw(st.lists(places, min_size=1, max_size=4)))
        if verb == "join":
            other = Rows(kind, dtype, rng, data.draw(st.integers(1, 2)))
            other.read(counts(len(other.texts), least=1))
            rows.join(other)
        rows.read(counts(len(rows.texts), least=0))
        assert all((cache.lengths == list(map(len, rows.texts))).all() for cache in rows.caches)


@each_kind
def test_rows_of_different_lengths_go_on_the_same_on_the_device(kind, cupy):
    found = []
    for move in (np.asarray, cupy.asarray):
        model, rng = model_of(kind), np.random.default_rng(3)
        map_parameters(model, move)
        with no_grad():
            sources, lengths = padded([rng.integers(V, size=n) for n in (5, 2, 4)], 0)
            reader = model.answering(sources, lengths) if kind == "t5" else model
            caches = reader.new_caches()
            reader(rng.integers(V, size=(3, 4)), caches)
            for cache in caches:
                cache.truncate([1, 4, 2])
            for rows in ([0, 1, 2], [2, 0, 0]):
                for cache in caches:
                    cache.select(rows)
                logits = reader(rng.integers(V, size=(3, 2)), caches).data
            for cache in caches:
                cache.join(cache)
            found.append(reader(rng.integers(V, size=(6, 1)), caches).data)
    np.testing.assert_allclose(found[1].get(), found[0], rtol=1e-12, atol=1e-13)
    assert logits.shape == (3, 2, V)


@each_kind
def test_what_fills_a_row_up_may_reach_beyond_the_context(kind):
    """Only a row that is real has to fit."""
    model, ids = model_of(kind), np.random.default_rng(0).integers(V, size=(2, CONTEXT))
    with no_grad():
        reader = model.answering(ids[:, :5]) if kind == "t5" else model
        caches = reader.new_caches()
        reader(ids[:, : CONTEXT - 1], caches)
        for cache in caches:
            cache.truncate([CONTEXT - 1, CONTEXT - 4] if kind not in ("rnn", "lstm") else cache.lengths)
        assert np.isfinite(reader(ids[:, :1], caches).data).all()
        for cache in caches:
            cache.truncate(cache.lengths - [0, 1])
        if kind in ("gpt", "copier", "llama"):
            with pytest.raises(UsageError, match="25 tokens do not fit in a context of 24"):
                reader(ids[:, :5], caches)


def test_a_cache_of_a_decoder_that_was_made_without_lengths_hears_them_at_each_pass():
    model, rng = model_of("t5"), np.random.default_rng(0)
    source, lengths, ids = rng.integers(V, size=(2, 5)), np.array([2, 5]), rng.integers(V, size=(2, 4))
    with no_grad():
        memory = model.encoder.hidden(source, lengths)
        whole, caches = model.decoder.hidden(ids, memory, lengths).data, model.decoder.new_caches()
        parts = [model.decoder.hidden(part, memory, lengths, caches).data for part in (ids[:, :1], ids[:, 1:])]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-12)


def keys(rows, positions):
    return Tensor(np.ones((rows, 2, positions, 4), np.float32))


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ([3, 6], "a cache with rows of [5, 5] positions cannot be cut to [3, 6]"),
        ([-1, 2], "cannot be cut to [-1, 2]; give each row a length of at least [0, 0]"),
        ([3], "cannot be cut to [3]"),
    ],
)
def test_a_cache_is_not_cut_to_what_it_does_not_have(cut, message):
    cache = LayerCache()
    cache.append(keys(2, 5), keys(2, 5))
    with pytest.raises(UsageError, match=re.escape(message)):
        cache.truncate(cut)
    assert cache.lengths.tolist() == [5, 5]


def test_a_state_goes_back_no_further_than_its_last_pass():
    cache = StateCache()
    for positions in (3, 4):
        cache.append(Tensor(np.ones((2, positions, 5))))
    with pytest.raises(UsageError, match=re.escape("to [6, 2]; give each row a length of at least [3, 3]")):
        cache.truncate([6, 2])
    cache.truncate([3, 5])
    cache.join(cache)
    with pytest.raises(UsageError, match=re.escape("give each row a length of at least [3, 5, 3, 5]")):
        cache.truncate([3, 4, 3, 5])


@pytest.mark.parametrize("rows", [[2], [0, 5], [-3]])
def test_a_row_that_is_not_there_is_not_selected(rows):
    for cache in (LayerCache(), StateCache(), DecoderCache()):
        if isinstance(cache, StateCache):
            cache.append(Tensor(np.ones((2, 3, 5))))
        else:
            (cache.own if isinstance(cache, DecoderCache) else cache).append(keys(2, 3), keys(2, 3))
        with pytest.raises(IndexError):
            cache.select(rows)


@pytest.mark.parametrize("given", [None, np.array([2])])
def test_memories_of_different_lengths_are_joined_with_their_lengths(given):
    cache, other = DecoderCache(given), DecoderCache()
    for one, positions in ((cache, 3), (other, 5)):
        one.own.append(keys(1, 1), keys(1, 1))
        one.memory.append(keys(1, positions), keys(1, positions))
    cache.join(other)
    cache.select([1, 0, 1])
    assert cache.memory_lengths.tolist() == [5, 3 if given is None else 2, 5]


def test_appending_one_by_one_moves_each_number_about_once():
    cache, moved, room = LayerCache(), 0, None
    for _ in range(500):
        cache.append(keys(1, 1), keys(1, 1))
        if cache.keys is not room:
            moved, room = moved + cache.length - 1, cache.keys
    assert moved < 2 * 500


def test_an_encoder_needs_no_cache():
    assert not hasattr(BERT, "new_caches") and not hasattr(T5, "new_caches")
