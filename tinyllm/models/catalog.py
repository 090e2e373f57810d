"""Which models there are to train, by the name that the command line and the folder of a run call them."""

from collections.abc import Callable
from typing import NamedTuple

from tinyllm.data.objectives import Causal, Masked, SpanCorruption
from tinyllm.errors import UsageError
from tinyllm.models import bert, t5
from tinyllm.models.bert import BERT, BERTConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.models.t5 import T5, T5Config


class Architecture(NamedTuple):
    """A model's configuration; the model made from it and from an `rng`; what it learns from text; and its body, which
    a classifier can stand on."""

    config: type
    model: type
    objective: type
    body: Callable


def bert_encoder(config, *, rng):
    """Looked up when it is made, so that another encoder can take its place."""
    return bert.Encoder(config, rng=rng)


MODELS = {
    "gpt": Architecture(GPTConfig, GPT, Causal, GPT),
    "llama": Architecture(LlamaConfig, Llama, Causal, Llama),
    "bert": Architecture(BERTConfig, BERT, Masked, bert_encoder),
    "t5": Architecture(T5Config, T5, SpanCorruption, t5.Encoder),
    "rnn": Architecture(RNNConfig, RNN, Causal, RNN),
    "lstm": Architecture(LSTMConfig, LSTM, Causal, LSTM),
}


def find(name):
    """The architecture of a name. Raises UsageError if there is none."""
    if name not in MODELS:
        raise UsageError(f"there is no model {name!r}; there are {', '.join(MODELS)}")
    return MODELS[name]


def name_of(config):
    """The name of the architecture that a configuration describes."""
    return next(name for name, architecture in MODELS.items() if architecture.config is type(config))


def new_model(config, *, rng):
    """The model that a configuration describes, before any training."""
    return MODELS[name_of(config)].model(config, rng=rng)
