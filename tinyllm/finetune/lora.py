"""LoRA: beside a frozen matrix an update of low rank is learned, the product of two thin ones (Hu et al. 2021).

What a task changes in the weights of a model lies close to a few directions. So of W + scale a b only a, (n_in, r), and
b, (r, n_out), are learned. b begins at zero, and the model as it was; in the end scale a b is added to W, and
the model is as fast as it was.
"""

from dataclasses import dataclass

from tinyllm import functional as F
from tinyllm.backend.products import product
from tinyllm.config import Config, option
from tinyllm.finetune.method import Mergeable, Method, of_what_was_put
from tinyllm.finetune.sites import chosen, put_around, sizes
from tinyllm.nn import layers
from tinyllm.nn.module import Module, Parameter
from tinyllm.nn.outline import zeros
from tinyllm.tensor import op, rows


@dataclass(frozen=True)
class LoRAConfig(Config):
    """The sizes of LoRA, and what it stands beside."""

    title = "método"
    rank: int = option(8, "posto: quantas direções cada matriz aprende", at_least=1)
    alpha: float = option(16.0, "o que é aprendido conta alpha / rank vezes", above=0)
    layers: str = option(
        "query,value",
        "camadas lineares que aprendem, por nome, com vírgulas entre eles: query, key, value, out, up, down, "
        "attention.*, blocks.0.*",
    )
    dropout: float = option(0.0, "fração apagada ao acaso do que entra na parte aprendida", at_least=0, below=1)
    rslora: bool = option(False, "conta alpha / √rank vezes (rsLoRA), e não menos a cada direção a mais")

    @property
    def scale(self):
        """How many times the product counts: alpha / r or, with a rank-stabilised scale, alpha / √r
        (Kalajdzievski 2023), which does not shrink what a large rank learns."""
        return self.alpha / (self.rank**0.5 if self.rslora else self.rank)


@op
def add_low_rank(y, x, *pairs, scale, columns):
    """(..., n_out), (..., n_in), (n_in, r), (r, n), … -> (..., n_out): y and, for each pair a, b, scale x a b in its
    n columns, a slice."""
    x_rows, out = rows(x), rows(y).copy()
    updates = list(zip(pairs[::2], pairs[1::2], columns, strict=True))
    shorts = [product(x_rows, a) for a, _, _ in updates]  # each (N, r)
    for short, (_, b, part) in zip(shorts, updates, strict=True):
        short *= scale
        out[:, part] += product(short, b)

    def backward(dy):
        dy_rows = rows(dy)
        dshorts = [product(dy_rows[:, part], scale * b.T) for _, b, part in updates]

        def dx():
            parts = (product(dshort, a.T) for dshort, (a, _, _) in zip(dshorts, updates, strict=True))
            return sum(parts).reshape(x.shape)

        of_pairs = []
        for short, dshort, (_, _, part) in zip(shorts, dshorts, updates, strict=True):
            of_pairs += [product(x_rows.T, dshort), product(short.T, dy_rows[:, part])]
        return dy, dx, *of_pairs

    return out.reshape(y.shape), backward


class LowRank(Module):
    """The two matrices of an update: of all columns of a layer, or of those of a part."""

    def __init__(self, n_in, columns, rank, *, rng):
        self.a = Parameter(layers.initial_weight(n_in, rank, rng=rng))
        self.b = Parameter(zeros(rank, columns.stop - columns.start))
        self.columns = columns


class LoRA(Mergeable):
    """(..., n_in) -> (..., n_out): a linear layer, and beside it the updates of some of its parts, or of the whole.

    With every b at zero it gives what the layer gives, to the last bit.
    """

    def __init__(self, inner, parts, config, *, rng):
        super().__init__(inner)
        n_in, _ = sizes(inner)
        self.parts = {name: LowRank(n_in, columns, config.rank, rng=rng) for name, columns in parts.items()}
        self.scale, self.rate = config.scale, config.dropout

    def __call__(self, x):
        y = self.inner(x)
        if self.merged:
            return y
        updates = self.parts.values()
        pairs = [matrix for update in updates for matrix in (update.a, update.b)]
        columns = tuple(update.columns for update in updates)
        return add_low_rank(y, F.dropout(x, rate=self.rate), *pairs, scale=self.scale, columns=columns)

    def merge(self):
        """Add the updates to the weight of the layer."""
        self._add(self.scale)

    def unmerge(self):
        """Take them off again."""
        self._add(-self.scale)

    def _add(self, scale):
        for update in self.parts.values():
            self.inner.weight.data[:, update.columns] += scale * product(update.a.data, update.b.data)


def put(model, config, *, rng):
    """Put LoRA around the layers that the config chooses, from the first to the last; return the model."""
    made = {path: around(parts, config, rng) for path, parts in chosen(model, config.layers).items()}
    return put_around(model, made)


def around(parts, config, rng):
    """layer -> LoRA around it"""
    return lambda layer: LoRA(layer, parts, config, rng=rng)


METHOD = Method(LoRAConfig, put, of_what_was_put, pace=2.0)
