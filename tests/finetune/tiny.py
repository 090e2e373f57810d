"""Tiny models to adapt, and what they say of a batch."""

import dataclasses

import numpy as np

from tinyllm.finetune import catalog
from tinyllm.models import catalog as models
from tinyllm.nn.module import map_parameters
from tinyllm.tensor import no_grad

SIZES = {"vocab_size": 31, "context": 8, "layers": 2, "width": 16}
IDS = np.random.default_rng(5).integers(4, 31, size=(3, 9))


def new_model(name, seed=0, **sizes):
    """A model with no weight at 0, nor at 1."""
    model = models.new_model(models.find(name).config(**SIZES | sizes), rng=np.random.default_rng(seed))
    rng = np.random.default_rng(seed + 1)
    map_parameters(model, lambda a: (a + rng.normal(scale=0.05, size=a.shape)).astype(np.float32))
    return model


def batch_of(model):
    config = dataclasses.replace(model.config, context=8)  # of the texts, where the model has room for more
    objective = models.architecture_of(config).bare_objective(config)
    return objective(IDS[:, :-1], IDS[:, 1:], np.random.default_rng(0))


def output(model):
    """The logits of a batch, whatever the model reads."""
    with no_grad():
        return model(IDS[:, :-1], IDS[:, 1:4]).data if hasattr(model, "answering") else model(IDS[:, :-1]).data


def adapted(model, config):
    return catalog.adapt(model, config, rng=np.random.default_rng(3))


def shaken(model):
    """The same, with other numbers in all that it learns."""
    rng = np.random.default_rng(7)
    for _, parameter in model.named_parameters():
        parameter.data += rng.normal(scale=0.1, size=parameter.shape).astype(np.float32)
    return model
