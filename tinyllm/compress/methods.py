"""The methods by which a trained model is made smaller, by the names that the command line calls them.

A method's config says in which form the weights are kept (`form`), and what is seen of texts before (`texts`: 0, if
nothing is). The codes of a method that has seen texts are chosen for each layer by its `choose`.
"""

from dataclasses import dataclass

import numpy as np

from tinyllm.backend.arrays import beside, to_host
from tinyllm.compress import formats, int4, int8, scaling, sparse
from tinyllm.compress.calibrate import watch
from tinyllm.compress.gptq import gptq
from tinyllm.compress.int4 import Int4Config
from tinyllm.compress.int8 import Int8Config
from tinyllm.compress.nf4 import NF4Config
from tinyllm.compress.nibble_products import BLOCK
from tinyllm.compress.sparse import PATTERN, SPARSITY, SparseConfig
from tinyllm.compress.w8a8 import W8A8Config
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.nn import layers
from tinyllm.nn.module import weights

SEEN = "quantos textos de treino o modelo lê antes"
BITS = option(4, "bits por peso das camadas lineares: 4 ou 3; na gptq, também 8", at_least=3, at_most=8)


def check_bits(bits, possible):
    """Raise UsageError unless there is a form of so many bits."""
    if bits not in possible:
        *others, last = map(str, possible)
        raise UsageError(f"bits={bits} is no form that this method makes; choose {', '.join(others)} or {last}")


@dataclass(frozen=True)
class RoundingConfig(Config):
    """int4: each weight has the nearest code."""

    title = "int4"
    bits: int = BITS

    def __post_init__(self):
        super().__post_init__()
        check_bits(self.bits, (4, 3))

    form = property(lambda self: Int4Config(bits=self.bits))
    texts = 0


@dataclass(frozen=True)
class GPTQConfig(Config):
    """GPTQ: each code corrects the error of those before."""

    title = "gptq"
    bits: int = BITS
    texts: int = option(64, SEEN, at_least=1)
    damping: float = option(0.01, "quanto a diagonal de H cresce, da sua média", at_least=1e-6, at_most=1)

    def __post_init__(self):
        super().__post_init__()
        check_bits(self.bits, (8, 4, 3))

    form = property(lambda self: Int8Config() if self.bits == 8 else Int4Config(bits=self.bits))

    def choose(self, matrix, inputs):
        if self.bits == 8:
            name, step, group = "scale", int8.encode(matrix)[1], matrix.shape[1]
            least, most = -int8.STEPS, int8.STEPS
        else:
            name, step, group = "step", int4.steps_of(matrix, self.bits), BLOCK
            least, most = int4.lowest(self.bits), -int4.lowest(self.bits) - 1
        codes = gptq(matrix, inputs.gram, step, group=group, least=least, most=most, damping=self.damping)
        return {"codes": codes, name: step}


@dataclass(frozen=True)
class AWQConfig(Config):
    """AWQ: the channels that matter more are larger when they are rounded."""

    title = "awq"
    bits: int = BITS
    texts: int = option(64, SEEN, at_least=1)

    def __post_init__(self):
        super().__post_init__()
        check_bits(self.bits, (4, 3))

    form = property(lambda self: Int4Config(bits=self.bits, scaled=True))

    def choose(self, matrix, inputs):
        channels = scaling.awq(matrix, inputs, self.bits)
        step = int4.steps_of(matrix * channels, self.bits)
        codes = int4.rounded(matrix * channels, step, self.bits)
        return {"codes": codes, "step": step, "channels": channels}


@dataclass(frozen=True)
class SmoothQuantConfig(Config):
    """SmoothQuant: what goes into a layer has 8 bits too."""

    title = "smoothquant"
    texts: int = option(64, SEEN, at_least=1)
    smoothing: float = option(
        0.5, "quanto da diferença entre os canais passa do que entra para os pesos", at_least=0, at_most=1
    )

    form = property(lambda self: W8A8Config())

    def choose(self, matrix, inputs):
        channels, step = scaling.smoothed(matrix, inputs, self.smoothing)
        codes, scale = int8.encode(matrix * channels)
        return {"codes": codes, "scale": scale, "channels": channels, "step": np.float32(step)}


@dataclass(frozen=True)
class MagnitudeConfig(Config):
    """Pruning: the smallest weights become 0."""

    title = "magnitude"
    sparsity: float = SPARSITY
    pattern: str = PATTERN

    def __post_init__(self):
        super().__post_init__()
        _ = self.form  # which refuses what does not go together

    form = property(lambda self: SparseConfig(sparsity=self.sparsity, pattern=self.pattern))
    texts = 0


@dataclass(frozen=True)
class WandaConfig(Config):
    """Wanda (Sun et al. 2024): the weights become 0 that change the output least: small ones, and those of channels in
    which little comes."""

    title = "wanda"
    sparsity: float = SPARSITY
    pattern: str = PATTERN
    texts: int = option(64, SEEN, at_least=1)

    def __post_init__(self):
        super().__post_init__()
        _ = self.form  # which refuses what does not go together

    form = property(lambda self: SparseConfig(sparsity=self.sparsity, pattern=self.pattern))

    def choose(self, matrix, inputs):
        scores = np.abs(matrix) * np.sqrt(inputs.gram.diagonal())
        return {"matrix": matrix, "mask": sparse.best(scores, self.form)}


METHODS = {
    "int8": Int8Config, "nf4": NF4Config, "int4": RoundingConfig, "gptq": GPTQConfig, "awq": AWQConfig,
    "smoothquant": SmoothQuantConfig, "magnitude": MagnitudeConfig, "wanda": WandaConfig,
}  # fmt: skip


def name_of(config):
    """The name of the method that a configuration describes."""
    return next(name for name, kind in METHODS.items() if kind is type(config))


def form_of(config):
    """The config of the form in which a method leaves a model: of the forms themselves, the same."""
    return config.form if hasattr(config, "form") else config


def compress(model, config, batches):
    """Make a model smaller by a method, which sees as many texts of (endless) batches as its config says; return it.

    A layer that saw none of them is rounded to the nearest codes. Raises UsageError for a model that has been
    quantised, or that holds NaN or infinity.
    """
    chosen = {}
    if getattr(config, "texts", 0):
        inputs = watch(model, at_least(batches, config.texts))
        for path, module in model.named_modules():
            if path in inputs and type(module) in (layers.Linear, layers.Projection):
                chosen[path] = config.choose(np.ascontiguousarray(to_host(module.weight.data).T), inputs.pop(path))
    formats.quantize(model, form_of(config))
    for path, module in model.named_modules():
        if path in chosen:
            found = chosen.pop(path)
            module.put(**{name: beside(array, any_weight(module)) for name, array in found.items()})
    return model


def any_weight(module):
    """The array of one of its weights, which says where the others are too."""
    return next(iter(weights(module).values()))


def at_least(batches, texts):
    """The first batches, until they hold so many texts."""
    for batch in batches:
        yield batch
        texts -= len(batch[0])
        if texts <= 0:
            return
