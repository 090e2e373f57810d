"""Adapters: behind every attention and feed-forward a small network of two layers, learned (Houlsby et al. 2019).

It squeezes the channels through a few and adds what comes of it to what it was given. Its last matrix begins at zero,
and the model as it was. It cannot be merged: between its two matrices stands a GELU.
"""

from dataclasses import dataclass

from tinyllm import functional as F
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.finetune.method import Added, Method, of_what_was_put
from tinyllm.finetune.sites import matches, patterns, put_around
from tinyllm.nn import layers
from tinyllm.nn.outline import zeros

SUBLAYERS = ("*attention", "feed_forward")  # the parts of a block, each of which adds to its stream


@dataclass(frozen=True)
class AdapterConfig(Config):
    """The size of the small networks, and what they stand behind."""

    title = "método"
    hidden: int = option(16, "canais entre as duas matrizes de cada adaptador", at_least=1)
    behind: str = option(
        ",".join(SUBLAYERS),
        "depois de que partes de cada bloco há um adaptador, com vírgulas entre elas",
    )


class Adapter(Added):
    """(B, T, C), … -> (B, T, C): a part of a block, and what a bottleneck makes of its output, added to that."""

    def __init__(self, inner, width, hidden, *, rng):
        super().__init__(inner)
        self.down = layers.Linear(width, hidden, rng=rng)
        self.up = layers.Linear(hidden, width, rng=rng)
        self.up.weight.data = zeros(hidden, width)

    def __call__(self, *inputs, **options):
        y = self.inner(*inputs, **options)
        return y + self.up(F.gelu(self.down(y)))


def put(model, config, *, rng):
    """Put an adapter behind each part of a block that the config names; return the model.

    Raises UsageError for a name that there is not.
    """
    names = [path for path, _ in model.named_modules() if any(matches(path, pattern) for pattern in SUBLAYERS)]
    paths = []
    for pattern in patterns(config.behind):
        found = [name for name in names if matches(name, pattern)]
        if not found:
            known = sorted({name.rpartition(".")[2] for name in names})
            raise UsageError(f"no part of a block is called {pattern!r}; there are {', '.join(known) or 'none'}")
        paths += found
    width = model.config.width
    return put_around(model, dict.fromkeys(paths, lambda part: Adapter(part, width, config.hidden, rng=rng)))


METHOD = Method(AdapterConfig, put, of_what_was_put, pace=4.0)
