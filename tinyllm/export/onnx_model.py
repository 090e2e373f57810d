"""Models that ONNX Runtime computes, called as ours are, with ids and caches: so they write as those do."""

import json
import math
from pathlib import Path

import numpy as np

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.nn import layers
from tinyllm.nn.cache import DecoderCache, LayerCache, StateCache
from tinyllm.tensor import Tensor

INSTALL = 'install both with: pip install -e ".[onnx]"'
ABOUT = "tinyllm"  # under which the file says what it was made of


class OnnxModel:
    """What `onnx_file.save` wrote, opened; `about` is what that was told of the model.

    Raises UsageError where ONNX Runtime is missing, and for a file that it cannot read or that is not ours.
    """

    def __init__(self, path):
        if not Path(path).is_file():
            raise UsageError(f"{path} is no file; write one with: tinyllm export")
        try:
            import onnxruntime
        except ImportError:
            raise UsageError(f"a model in ONNX needs onnx and onnxruntime; {INSTALL}") from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # nothing but errors
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            self.about = json.loads(self.session.get_modelmeta().custom_metadata_map[ABOUT])
        except KeyError:
            raise UsageError(f"{path} was not written by tinyllm export; export the run again") from None
        except Exception as error:  # each of its errors is a class of its own, known to nobody else
            reason = str(error).strip().split(" failed:")[-1].splitlines()[0]
            raise UsageError(f"{path} is no model that ONNX Runtime reads ({reason}); export the run again") from None
        past = [port for port in self.session.get_inputs() if port.name.startswith("past")]
        self.past = [(port.name, port.shape) for port in past]  # of each block its keys and its values, or its state

    def checked(self, ids):
        """(B, T) ids as int64. Raises UsageError for other shapes, and for ids outside the vocabulary."""
        ids = layers.token_rows(ids)
        F.embeddings.check_ids(ids, self.about["vocab_size"])
        return ids.astype(np.int64)

    def run(self, given):
        """The outputs for {name: array}."""
        return self.session.run(None, given)


class OnnxReader(OnnxModel):
    """(B, T) token ids, (B,) lengths -> (B, T, V) or, of a classifier, (B, L) logits."""

    def __call__(self, ids, lengths):
        ids = self.checked(ids)
        return Tensor(self.run({"input_ids": ids, "attention_mask": mask_of(lengths, ids.shape[1])})[0])


class OnnxDecoder(OnnxModel):
    """(B, T) token ids -> (B, T, V) logits of the next token at every position. It keeps keys and values."""

    longest = property(lambda self: self.about["context"])

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return [LayerCache() for _ in self.past[::2]]

    def __call__(self, ids, caches):
        ids = self.checked(ids)
        (B, T), first = ids.shape, caches[0].length
        starts = caches[0].lengths if first else np.zeros(B, np.int64)
        if starts.min() + T > self.longest:
            raise UsageError(f"{starts.min() + T} tokens do not fit in a context of {self.longest}; shorten the text")
        real = np.arange(first) < starts[:, None]  # (B, P); what fills a row up is seen by nobody
        given = {
            "input_ids": ids,
            "attention_mask": np.concatenate([real, np.ones((B, T), bool)], axis=1).astype(np.int64),
            "position_ids": np.minimum(starts[:, None] + np.arange(T), self.longest - 1),
        }
        kept = (a.data for cache in caches if first for a in cache.all())  # (B, H, P, D), in the order of the inputs
        for name, shape in self.past:
            given[name] = next(kept, None) if first else np.zeros((B, shape[1], 0, shape[3]), np.float32)
        logits, *presents = self.run(given)
        new = [Tensor(present[:, :, first:]) for present in presents]  # (B, H, T, D)
        for cache, k, v in zip(caches, new[::2], new[1::2], strict=True):
            cache.append(k, v)
        return Tensor(logits)


class OnnxRecurrent(OnnxModel):
    """(B, T) token ids -> (B, T, V) logits of the next token at every position. It keeps a state."""

    longest = math.inf  # tokens that it can have read

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return [StateCache() for _ in self.past]

    def __call__(self, ids, caches):
        given = {"input_ids": self.checked(ids)}
        for cache, (name, shape) in zip(caches, self.past, strict=True):
            before = np.zeros((len(ids), shape[1]), np.float32) if cache.state is None else cache.state.data
            given[name] = before
        logits, *states = self.run(given)
        for cache, after in zip(caches, states, strict=True):
            cache.append(Tensor(after))
        return Tensor(logits)


class OnnxT5:
    """A T5, of a folder with three files. It reads a text, and what `answering` gives writes about it."""

    def __init__(self, folder):
        names = ("encoder_model", "decoder_model", "decoder_with_past_model")
        self.encoder, self.first, self.later = (OnnxModel(Path(folder) / f"{name}.onnx") for name in names)
        self.about = self.encoder.about

    def answering(self, ids, lengths=None):
        """(B, S) source ids, (B,) -> what writes about them."""
        return OnnxAnswering(self, self.encoder.checked(ids), lengths)


class OnnxAnswering:
    """(B, T) ids written so far -> (B, T, V) logits of the next: a T5 that has read its source."""

    longest = math.inf  # tokens that it can have written

    def __init__(self, model, ids, lengths):
        self.model, self.sources = model, len(ids)
        self.lengths = np.full(len(ids), ids.shape[1]) if lengths is None else lengths
        read = {"input_ids": ids, "attention_mask": mask_of(self.lengths, ids.shape[1])}
        self.memory = model.encoder.run(read)[0]

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return [DecoderCache(self.lengths) for _ in self.model.later.past[::4]]

    def __call__(self, ids, caches):
        ids, mask = self.model.encoder.checked(ids), mask_of(caches[0].memory_lengths, self.memory.shape[1])
        if caches[0].own.length:
            logits, *new = self.later(ids, mask, caches)
        else:
            given = {"input_ids": ids, "encoder_attention_mask": mask, "encoder_hidden_states": self.memory}
            logits, *all_four = self.model.first.run(given)  # of each block its own keys, values, and the memory's
            for i, cache in enumerate(caches):
                cache.memory.append(*map(Tensor, all_four[4 * i + 2 : 4 * i + 4]))
            new = [array for i, array in enumerate(all_four) if i % 4 < 2]
        for cache, k, v in zip(caches, new[::2], new[1::2], strict=True):
            cache.own.append(Tensor(k), Tensor(v))
        return Tensor(logits)

    def later(self, ids, mask, caches):
        """(B, T), (B, S) -> (B, T, V), and of each block two of (B, H, T, D): what is new. The graph counts positions
        from the beginning, so rows that have written as much as one another are computed together."""
        lengths, names, found = caches[0].lengths, [name for name, _ in self.model.later.past], []
        kept = [array.data for cache in caches for part in (cache.own, cache.memory) for array in part.all()]
        alike = [np.flatnonzero(lengths == length) for length in np.unique(lengths)]
        for rows in alike:
            length = lengths[rows[0]]
            given = {"input_ids": ids[rows], "encoder_attention_mask": mask[rows]}
            for name, array in zip(names, kept, strict=True):
                given[name] = array[rows, :, :length] if ".decoder." in name else array[rows]
            logits, *presents = self.model.later.run(given)
            found.append([logits, *(present[:, :, length:] for present in presents)])
        order = np.argsort(np.concatenate(alike))
        return [np.concatenate(parts)[order] for parts in zip(*found, strict=True)]


def mask_of(lengths, positions):
    """(B,) -> (B, S) of int64: 1 where a row has tokens."""
    return (np.arange(positions) < lengths[:, None]).astype(np.int64)
