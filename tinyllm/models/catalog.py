"""Which models there are to train, by the name that the command line and the folder of a run call them."""

from typing import NamedTuple

from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig


class Architecture(NamedTuple):
    """A model's configuration, and the model made from it and from an `rng`."""

    config: type
    model: type


MODELS = {
    "gpt": Architecture(GPTConfig, GPT),
    "rnn": Architecture(RNNConfig, RNN),
    "lstm": Architecture(LSTMConfig, LSTM),
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
