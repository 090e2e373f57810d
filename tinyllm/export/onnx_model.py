"""A model that ONNX Runtime computes. It is called with ids and caches, so that it writes as any other model does."""

import json
from pathlib import Path

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.nn import layers
from tinyllm.nn.cache import LayerCache
from tinyllm.tensor import Tensor

INSTALL = 'install both with: pip install -e ".[onnx]"'
ABOUT = "tinyllm"  # under which the file says what it was made of


class OnnxModel:
    """(B, T) token ids -> (B, T, V) logits of the next token at every position, of a file that `onnx_file.save` wrote.

    `about` is what that was told of the model. Raises UsageError where ONNX Runtime is missing, and for a file that it
    cannot read or that is no decoder of ours.
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
        self.vocab_size, self.longest = self.about["vocab_size"], self.about["context"]
        past = [port for port in self.session.get_inputs() if port.name.startswith("past_key_values")]
        self.past = [(port.name, port.shape) for port in past]  # of each block the keys, then the values

    def new_caches(self):
        """An empty cache for each block: what it keeps of a text that goes on."""
        return [LayerCache() for _ in self.past[::2]]

    def __call__(self, ids, caches=None):
        ids = layers.token_rows(ids)
        (B, T), caches = ids.shape, self.new_caches() if caches is None else caches
        first, starts = caches[0].length, caches[0].lengths if caches[0].length else np.zeros(B, np.int64)
        if starts.min() + T > self.longest:
            raise UsageError(f"{starts.min() + T} tokens do not fit in a context of {self.longest}; shorten the text")
        real = np.arange(first) < starts[:, None]  # (B, P); what fills a row up is seen by nobody
        given = {
            "input_ids": ids.astype(np.int64),
            "attention_mask": np.concatenate([real, np.ones((B, T), bool)], axis=1).astype(np.int64),
            "position_ids": np.minimum(starts[:, None] + np.arange(T), self.longest - 1),
        }
        for (name, shape), array in zip(self.past, past_of(caches), strict=True):
            given[name] = np.zeros((B, shape[1], 0, shape[3]), np.float32) if array is None else array
        logits, *presents = self.session.run(None, given)
        new = [Tensor(present[:, :, first:]) for present in presents]  # (B, H, T, D)
        for cache, k, v in zip(caches, new[::2], new[1::2], strict=True):
            cache.append(k, v)
        return Tensor(logits)


def past_of(caches):
    """The keys and the values of each cache, (B, H, P, D), in the order of the inputs; None of an empty one."""
    for cache in caches:
        yield from (a.data for a in cache.all()) if cache.length else (None, None)
