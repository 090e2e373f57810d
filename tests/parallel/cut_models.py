"""Small models to be cut among ranks, what they learn from, and how near to one rank they must come."""

import functools
import operator

import numpy as np

from tinyllm.models.bert import BERT, BERTConfig
from tinyllm.models.copier import Copier, CopierConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, LSTMConfig
from tinyllm.models.t5 import T5, T5Config
from tinyllm.nn.module import map_parameters

V, T, ROWS = 13, 6, 5
SHAPE = {"vocab_size": V, "context": T, "layers": 4, "heads": 4, "width": 16}
MODELS = {
    "gpt": (GPT, functools.partial(GPTConfig, **SHAPE)),
    "copier": (Copier, functools.partial(CopierConfig, **SHAPE)),
    "llama": (Llama, functools.partial(LlamaConfig, **SHAPE, kv_heads=4, hidden=24)),
    "llama with shared keys": (Llama, functools.partial(LlamaConfig, **SHAPE, kv_heads=2, hidden=24)),
    "bert": (BERT, functools.partial(BERTConfig, **SHAPE)),
    "t5": (T5, functools.partial(T5Config, **SHAPE, decoder_layers=2, hidden=24)),
    "lstm": (LSTM, functools.partial(LSTMConfig, vocab_size=V, context=T, layers=4, width=8)),
}
NEAR = {np.float32: 1e-4, np.float64: 1e-10}  # a T5 of float32 is 3e-5 to 5e-5 from itself in float64, by BLAS


def model_of(name, dtype=np.float64, *, dropout=0.2):
    """A model with weights that all matter, the same every time."""
    kind, config = MODELS[name]
    model, rng = kind(config(dropout=dropout), rng=np.random.default_rng(0)), np.random.default_rng(1)
    map_parameters(model, lambda array: (array + rng.normal(scale=0.1, size=array.shape)).astype(dtype))
    return model


def batch_of(name, seed=0):
    """What the loss of a model takes, the weights last: those of some rows are 0 in every other batch. There is
    something to learn: a target is 3 more than its id."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(V, size=(ROWS, T))
    targets = (ids + 3) % V
    places = [np.argsort(rng.random((ROWS, T)))] if name == "bert" else []
    weights = rng.uniform(0.5, 2, size=(ROWS, T))
    weights[:2] *= seed % 2
    return (ids, *places, targets, weights)


def weigh(*batch):
    return batch[-1].sum()


def assert_near(found, expected, dtype):
    """Two {name: array} agree as far as their type allows."""
    assert list(found) == list(expected)
    size = functools.reduce(operator.add, (abs(array).max() for array in expected.values())) / len(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_allclose(found[name], array, rtol=NEAR[dtype], atol=NEAR[dtype] * size, err_msg=name)
