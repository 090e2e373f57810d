"""How a model reads in order to be traced: with which inputs, under the names that other programs know."""

from typing import NamedTuple

import numpy as np

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.export.onnx_model import OnnxDecoder, OnnxReader, OnnxRecurrent, OnnxT5
from tinyllm.models.bert import BERTConfig
from tinyllm.models.catalog import MODELS, name_of
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.llama import LlamaConfig
from tinyllm.models.rnn import LSTMConfig, RNNConfig
from tinyllm.models.t5 import T5Config
from tinyllm.tensor import Tensor, concatenate


def decoder(model, tape, sizes):
    """{"logits": (B, T, V), "present.0.key": (B, H, P + T, D), …}: a pass of a model with keys and values, in which
    every row of the batch has a beginning of its own."""
    config, starts = model.config, np.arange(sizes.batch) % 2
    ids = input_ids(model, tape, sizes)
    tape.input("attention_mask", np.ones((sizes.batch, sizes.past + sizes.sequence), np.int64))
    places = np.minimum(starts[:, None] + np.arange(sizes.sequence), config.context - 1)
    places = tape.input("position_ids", places)
    caches = []
    for i, _ in enumerate(model.blocks):
        shape = sizes.batch, getattr(config, "kv_heads", config.heads), sizes.past, config.width // config.heads
        caches.append(TracedCache(*past(tape, i, shape), starts))
    for table in tape.tables:
        tape.knows(F.embedding(places, table)[:, None])  # (B, 1, T, D / 2): the turns of its positions
    outputs = {"logits": model(ids, caches)}
    for i, cache in enumerate(caches):
        outputs |= present(i, cache)
    return outputs


def past(tape, name, shape):
    """Two of (B, H, P, D): the keys and the values of what came before, as inputs."""
    return (tape.input(f"past_key_values.{name}.{part}", np.zeros(shape, np.float32)) for part in ("key", "value"))


def present(name, cache):
    """The keys and the values with what was added to them, as outputs."""
    return {f"present.{name}.key": cache.keys, f"present.{name}.value": cache.values}


class TracedCache:
    """The keys and values of what came before, (B, H, P, D), if there was anything; the tape adds more to them."""

    def __init__(self, keys=None, values=None, starts=None):
        self.keys, self.values, self.starts = keys, values, starts
        self.length = 0 if keys is None else keys.shape[2]

    def append(self, k, v):
        """Two of (B, H, T, D) -> two of (B, H, P + T, D)"""
        if self.length:
            k, v = concatenate(self.keys, k, axis=2), concatenate(self.values, v, axis=2)
        self.keys, self.values = k, v
        return k, v

    def all(self):
        """Two of (B, H, P, D)"""
        return Tensor(self.keys), Tensor(self.values)


def recurrent(model, tape, sizes):
    """{"logits": (B, T, V), "states.0": (B, T, M or 2 M), …}: a pass of a model that keeps a state."""
    ids = input_ids(model, tape, sizes)
    begun = (np.zeros((sizes.batch, state_width(model)), np.float32) for _ in model.blocks)
    caches = [TracedState(tape.input(f"past_state.{i}", state)) for i, state in enumerate(begun)]
    logits = model(ids, caches)
    return {"logits": logits, **{f"states.{i}": cache.states for i, cache in enumerate(caches)}}


class TracedState:
    """The state in which a recurrent layer begins, (B, S), and the states after each position, (B, T, S)."""

    def __init__(self, state):
        self.state = Tensor(state)

    def append(self, states):
        """Take the states of the pass."""
        self.states = states


def reader(model, tape, sizes):
    """{"logits": (B, T, V) or (B, L)}: a pass of a model that reads whole rows, filled up on the right."""
    ids, lengths = whole_rows(model, tape, sizes)
    real = np.arange(sizes.sequence) < lengths[:, None]
    tape.computes((real / lengths[:, None]).astype(np.float32)[:, :, None], "shares_of_real")
    tape.computes(np.arange(sizes.batch), "row_numbers")
    tape.computes(lengths - 1, "last_places")
    tape.computes(np.zeros((sizes.batch, state_width(model)), np.float32), "zeros", width=state_width(model))
    if isinstance(model.config, T5Config):
        knows_distances(tape, model.body.positions, sizes.sequence, sizes.sequence)
    for table in tape.tables:
        tape.knows(Tensor(table)[: sizes.sequence])  # the waves or the turns of its positions
    return {"logits": model(ids, lengths)}


def t5_encoder(model, tape, sizes):
    """{"last_hidden_state": (B, T, C)}: what the encoder makes of rows that are filled up on the right."""
    ids, lengths = whole_rows(model, tape, sizes)
    knows_distances(tape, model.encoder.positions, sizes.sequence, sizes.sequence)
    return {"last_hidden_state": model.encoder.hidden(ids, lengths)}


def t5_decoder(model, tape, sizes):
    """{"logits": (B, T, V), "present.0.decoder.key": (B, H, T, D), "present.0.encoder.key": (B, H, S, D), …}: the first
    pass of the decoder, which reads the memory, (B, S, C)."""
    ids = input_ids(model, tape, sizes)
    memory = tape.input("encoder_hidden_states", np.ones((sizes.batch, sizes.memory, model.config.width), np.float32))
    knows_distances(tape, model.decoder.positions, sizes.sequence, sizes.sequence)
    caches = [TracedPair(TracedCache(), TracedCache(), memory_mask(tape, sizes)) for _ in model.decoder.blocks]
    outputs = {"logits": model.decoder.hidden(ids, Tensor(memory), None, caches) @ model.head()}
    for i, cache in enumerate(caches):
        outputs |= present(f"{i}.decoder", cache.own) | present(f"{i}.encoder", cache.memory)
    return outputs


def t5_decoder_with_past(model, tape, sizes):
    """{"logits": (B, T, V), "present.0.decoder.key": (B, H, P + T, D), …}: a later pass, with what it keeps."""
    ids, config = input_ids(model, tape, sizes), model.config
    knows_distances(tape, model.decoder.positions, sizes.sequence, sizes.past + sizes.sequence)
    lengths, caches = memory_mask(tape, sizes), []
    for i, _ in enumerate(model.decoder.blocks):
        own, memory = (
            TracedCache(*past(tape, f"{i}.{name}", (sizes.batch, config.heads, length, config.width // config.heads)))
            for name, length in (("decoder", sizes.past), ("encoder", sizes.memory))
        )
        caches.append(TracedPair(own, memory, lengths))
    outputs = {"logits": model.decoder.hidden(ids, None, None, caches) @ model.head()}
    for i, cache in enumerate(caches):
        outputs |= present(f"{i}.decoder", cache.own)
    return outputs


class TracedPair(NamedTuple):
    """What a block of an encoder–decoder keeps: its own past, and the text that it writes about."""

    own: TracedCache
    memory: TracedCache
    memory_lengths: np.ndarray


def knows_distances(tape, positions, queries, total):
    """Let the tape know how far apart the last `queries` of `total` positions are of each, in buckets: (1, T, S)."""
    furthest = positions.furthest
    table = positions.buckets_of(np.arange(-furthest, furthest + 1))  # farther ones are as far as those
    apart = np.arange(total) - np.arange(total - queries, total)[:, None]
    tape.computes(positions.buckets_of(apart)[None], "distances", table, furthest=furthest)


def memory_mask(tape, sizes):
    """(B,): the lengths of the rows of the encoder's text, of which the inputs have a mask."""
    if "encoder_attention_mask" not in tape.inputs:
        tape.input("encoder_attention_mask", np.ones((sizes.batch, sizes.memory), np.int64))
    return sizes.memory - np.arange(sizes.batch) % 2


def input_ids(model, tape, sizes):
    """(B, T) ids, of which none is outside the vocabulary."""
    ids = np.arange(sizes.batch * sizes.sequence).reshape(sizes.batch, sizes.sequence)
    return tape.input("input_ids", ids % model.config.vocab_size)


def whole_rows(model, tape, sizes):
    """(B, T) ids, and how many of each row are real, (B,), of which the inputs have a mask."""
    ids, lengths = input_ids(model, tape, sizes), sizes.sequence - 1 + np.arange(sizes.batch) % 2
    tape.input("attention_mask", (np.arange(sizes.sequence) < lengths[:, None]).astype(np.int64))
    return ids, lengths


def state_width(model):
    """How many numbers the state of a layer has, if the model is recurrent, or a classifier on one that is."""
    return model.config.width * (2 if isinstance(model.config, LSTMConfig) else 1)


class Reading(NamedTuple):
    """How a kind of model is traced, for one file or for the files of a folder, and what opens what is written."""

    reads: dict  # {name of a file in the folder, or "" of the only one: what is read for it}
    opened: type


READER, DECODER = Reading({"": reader}, OnnxReader), Reading({"": decoder}, OnnxDecoder)
RECURRENT = Reading({"": recurrent}, OnnxRecurrent)
T5 = Reading(
    {"encoder_model": t5_encoder, "decoder_model": t5_decoder, "decoder_with_past_model": t5_decoder_with_past}, OnnxT5
)
READINGS = {
    GPTConfig: DECODER,
    LlamaConfig: DECODER,
    RNNConfig: RECURRENT,
    LSTMConfig: RECURRENT,
    BERTConfig: READER,
    T5Config: T5,
}


def reading_of(config, *, classifies=False):
    """The Reading of a model of this config, or of a classifier on one. UsageError, by its name, if there is none."""
    if type(config) not in READINGS:
        able = ", ".join(name for name, architecture in MODELS.items() if architecture.config in READINGS)
        raise UsageError(f"a {name_of(config)} is not exported to ONNX; those that are: {able}")
    return READER if classifies else READINGS[type(config)]
