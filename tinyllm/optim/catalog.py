"""Which optimisers there are, by the name that the command line and a run's folder call them."""

from tinyllm.errors import UsageError
from tinyllm.optim.adafactor import Adafactor
from tinyllm.optim.adam import Adam
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.adamw8bit import AdamW8bit
from tinyllm.optim.lion import Lion
from tinyllm.optim.muon import Muon
from tinyllm.optim.sgd import SGD

OPTIMIZERS = {
    "adamw": AdamW,
    "adamw8bit": AdamW8bit,
    "adam": Adam,
    "lion": Lion,
    "adafactor": Adafactor,
    "muon": Muon,
    "sgd": SGD,
}


def find(name):
    """The optimiser of a name. Raises UsageError if there is none."""
    if name not in OPTIMIZERS:
        raise UsageError(f"there is no optimizer {name!r}; there are {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name]


def name_of(config):
    """The name of the optimiser that a configuration describes."""
    return next(name for name, kind in OPTIMIZERS.items() if kind.Config is type(config))


def kind_of(config):
    """The class of the optimiser that a configuration describes."""
    return OPTIMIZERS[name_of(config)]


def new_optimizer(config, named_parameters, **options):
    """The optimiser that a configuration describes, before its first step."""
    return kind_of(config)(named_parameters, config, **options)
