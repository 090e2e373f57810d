"""Which models there are to train, by the name that the command line and the folder of a run call
them."""

from tinyllm.errors import UsageError
from tinyllm.models import bert, copier, gpt, llama, rnn, t5

MODELS = {
    "gpt": gpt.ARCHITECTURE,
    "llama": llama.ARCHITECTURE,
    "bert": bert.ARCHITECTURE,
    "t5": t5.ARCHITECTURE,
    "rnn": rnn.RNN_ARCHITECTURE,
    "lstm": rnn.LSTM_ARCHITECTURE,
    "copier": copier.ARCHITECTURE,
}
SIZES = ("vocab_size", "context", "layers", "width", "dropout")  # which every Config has


def find(name):
    """The architecture of a name. Raises UsageError if there is none, or it lacks a size."""
    if name not in MODELS:
        raise UsageError(f"there is no model {name!r}; there are {', '.join(MODELS)}")
    config = MODELS[name].config
    lacking = [size for size in SIZES if size not in config.__dataclass_fields__]
    if lacking:
        raise UsageError(f"model {name}: its {config.__name__} lacks {', '.join(lacking)}")
    return MODELS[name]


def name_of(config):
    """The name of the architecture that a configuration describes. UsageError if it is of none."""
    found = [name for name, each in MODELS.items() if each.config is type(config)]
    if len(found) > 1:
        raise UsageError(f"{' and '.join(found)} share {type(config).__name__}; give each its own")
    if not found:
        raise UsageError(
            f"a {type(config).__name__} describes no model; there are {', '.join(MODELS)}"
        )
    return found[0]


def architecture_of(config):
    """The architecture that a configuration describes."""
    return find(name_of(config))


def new_model(config, *, rng):
    """The model that a configuration describes, before any training."""
    return architecture_of(config).model(config, rng=rng)
