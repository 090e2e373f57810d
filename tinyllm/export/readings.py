"""How a model reads in order to be traced: with which inputs, under the names that other programs know."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.export.onnx_model import OnnxDecoder, OnnxReader, OnnxRecurrent
from tinyllm.models.bert import BERTConfig
from tinyllm.models.catalog import MODELS, name_of
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.llama import LlamaConfig
from tinyllm.models.rnn import LSTMConfig, RNNConfig
from tinyllm.tensor import Tensor, concatenate


def decoder(model, tape, batch, sequence, past):
    """{"logits": (B, T, V), "present.0.key": (B, H, P + T, D), …}: a pass of a model with keys and values, in which
    every row of the batch has a beginning of its own."""
    config, starts = model.config, np.arange(batch) % 2
    ids = input_ids(model, tape, batch, sequence)
    tape.input("attention_mask", np.ones((batch, past + sequence), np.int64))
    places = np.minimum(starts[:, None] + np.arange(sequence), config.context - 1)
    places = tape.input("position_ids", places)
    caches = []
    for i, _ in enumerate(model.blocks):
        shape = batch, getattr(config, "kv_heads", config.heads), past, config.width // config.heads
        pair = (tape.input(f"past_key_values.{i}.{part}", np.zeros(shape, np.float32)) for part in ("key", "value"))
        caches.append(TracedCache(*pair, starts))
    for table in tape.tables:
        tape.knows(F.embedding(places, table)[:, None])  # (B, 1, T, D / 2): the turns of its positions
    outputs = {"logits": model(ids, caches)}
    for i, cache in enumerate(caches):
        outputs |= {f"present.{i}.key": cache.keys, f"present.{i}.value": cache.values}
    return outputs


class TracedCache:
    """The keys and values of what came before, (B, H, P, D), to which more is added by the tape."""

    def __init__(self, keys, values, starts):
        self.keys, self.values, self.starts = Tensor(keys), Tensor(values), starts

    def append(self, k, v):
        """Two of (B, H, T, D) -> two of (B, H, P + T, D)"""
        self.keys, self.values = concatenate(self.keys, k, axis=2), concatenate(self.values, v, axis=2)
        return self.keys, self.values


def recurrent(model, tape, batch, sequence, past):
    """{"logits": (B, T, V), "states.0": (B, T, M or 2 M), …}: a pass of a model that keeps a state."""
    ids = input_ids(model, tape, batch, sequence)
    begun = (np.zeros((batch, state_width(model)), np.float32) for _ in model.blocks)
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


def reader(model, tape, batch, sequence, past):
    """{"logits": (B, T, V) or (B, L)}: a pass of a model that reads whole rows, filled up on the right."""
    ids, lengths = input_ids(model, tape, batch, sequence), sequence - 1 + np.arange(batch) % 2
    real = np.arange(sequence) < lengths[:, None]
    tape.input("attention_mask", real.astype(np.int64))
    tape.computes((real / lengths[:, None]).astype(np.float32)[:, :, None], "shares_of_real")
    tape.computes(np.arange(batch), "row_numbers")
    tape.computes(lengths - 1, "last_places")
    tape.computes(np.zeros((batch, state_width(model)), np.float32), "zeros", width=state_width(model))
    for table in tape.tables:
        tape.knows(Tensor(table)[:sequence])  # the waves or the turns of its positions
    return {"logits": model(ids, lengths)}


def input_ids(model, tape, batch, sequence):
    """(B, T) ids, of which none is outside the vocabulary."""
    ids = np.arange(batch * sequence).reshape(batch, sequence) % model.config.vocab_size
    return tape.input("input_ids", ids)


def state_width(model):
    """How many numbers the state of a layer has, if the model is recurrent, or a classifier on one that is."""
    return model.config.width * (2 if isinstance(model.config, LSTMConfig) else 1)


class Reading(NamedTuple):
    """How a kind of model is traced, and what runs the file that is made of it."""

    read: Callable
    opened: type


READINGS = {
    GPTConfig: Reading(decoder, OnnxDecoder),
    LlamaConfig: Reading(decoder, OnnxDecoder),
    RNNConfig: Reading(recurrent, OnnxRecurrent),
    LSTMConfig: Reading(recurrent, OnnxRecurrent),
    BERTConfig: Reading(reader, OnnxReader),
}


def reading_of(model):
    """The Reading of a model. Raises UsageError, which names it, if it cannot be exported."""
    if type(model.config) not in READINGS:
        able = ", ".join(name for name, architecture in MODELS.items() if architecture.config in READINGS)
        raise UsageError(f"a {name_of(model.config)} is not exported to ONNX; those that are: {able}")
    classifies = hasattr(model, "body")
    return Reading(reader, OnnxReader) if classifies else READINGS[type(model.config)]
