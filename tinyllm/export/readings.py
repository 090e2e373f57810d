"""How a model reads in order to be traced: with which inputs, under the names that other programs know."""

import numpy as np

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT
from tinyllm.models.llama import Llama
from tinyllm.tensor import Tensor, concatenate


class TracedCache:
    """The keys and values of what came before, (B, H, P, D), to which more is added by the tape."""

    def __init__(self, keys, values, starts):
        self.keys, self.values, self.starts = Tensor(keys), Tensor(values), starts

    length = property(lambda self: self.keys.shape[2])

    def append(self, k, v):
        """Two of (B, H, T, D) -> two of (B, H, P + T, D)"""
        self.keys, self.values = concatenate(self.keys, k, axis=2), concatenate(self.values, v, axis=2)
        return self.keys, self.values


def decoder(model, tape, batch, sequence, past):
    """{"logits": (B, T, V), "present.0.key": (B, H, P + T, D), …}: a pass of a model with keys and values, in which
    every row of the batch has a beginning of its own."""
    config, starts = model.config, np.arange(batch) % 2
    ids = tape.input("input_ids", np.arange(batch * sequence).reshape(batch, sequence) % config.vocab_size)
    tape.input("attention_mask", np.ones((batch, past + sequence), np.int64))
    places = np.minimum(starts[:, None] + np.arange(sequence), config.context - 1)
    places = tape.input("position_ids", places)
    caches = []
    for i, _ in enumerate(model.blocks):
        shape = (batch, kv_heads(config), past, config.width // config.heads)
        pair = (tape.input(name_of_past(i, what), np.zeros(shape, np.float32)) for what in ("key", "value"))
        caches.append(TracedCache(*pair, starts))
    for table in tape.tables:
        tape.knows(F.embedding(places, table)[:, None])  # (B, 1, T, D / 2): the turns of its positions
    logits = model(ids, caches)
    presents = ((i, what, getattr(cache, f"{what}s")) for i, cache in enumerate(caches) for what in ("key", "value"))
    return {"logits": logits, **{f"present.{i}.{what}": array for i, what, array in presents}}


def name_of_past(i, what):
    """What the keys or the values of a block are called."""
    return f"past_key_values.{i}.{what}"


def kv_heads(config):
    """How many heads of keys and values a block keeps."""
    return getattr(config, "kv_heads", config.heads)


READINGS = {GPT: decoder, Llama: decoder}


def reading_of(model):
    """How a model is read. Raises UsageError, which names it, if it cannot be exported."""
    if type(model) not in READINGS:
        able = ", ".join(kind.__name__ for kind in READINGS)
        raise UsageError(f"a {type(model).__name__} is not exported to ONNX; those that are: {able}")
    return READINGS[type(model)]
