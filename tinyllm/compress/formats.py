"""The forms that a model's weights can be kept in, by the names that the command line and a run's folder call them."""

from tinyllm.compress import int4, int8, nf4, sparse, w8a8

FORMATS = {"int8": int8, "nf4": nf4, "int4": int4, "w8a8": w8a8, "sparse": sparse}
CONFIGS = {
    "int8": int8.Int8Config, "nf4": nf4.NF4Config, "int4": int4.Int4Config, "w8a8": w8a8.W8A8Config,
    "sparse": sparse.SparseConfig,
}  # fmt: skip


def name_of(config):
    """The name of the form that a configuration describes."""
    return next(name for name, kind in CONFIGS.items() if kind is type(config))


def precision_of(config):
    """How `memory.estimate` calls the weights of that form."""
    name = name_of(config)
    return {"w8a8": "int8", "sparse": "float32"}.get(name, name)


def learns(config):
    """Whether the weights of that form go on learning: codes do not, and numbers do."""
    return isinstance(config, sparse.SparseConfig)


def quantize(model, config):
    """Give a model the form that a configuration describes; return it. Raises UsageError as the form's own does."""
    return FORMATS[name_of(config)].quantize(model, config)
