"""Gradients of small models of the whole family, held against one another to the last bit."""

import numpy as np
import pytest

from tinyllm.backend.arrays import to_host
from tinyllm.models import catalog
from tinyllm.parallel.workers import Workers

each_model = pytest.mark.parametrize("name", catalog.MODELS)


def config_of(name, **more):
    deep = {"decoder_layers": 3} if name == "t5" else {}
    return catalog.find(name).config(vocab_size=23, context=6, layers=3, width=8, dropout=0.2, **deep, **more)


def new_model(name):
    return catalog.new_model(config_of(name), rng=np.random.default_rng(0))


def batches(config, count, rows=4):
    rng, objective = np.random.default_rng(1), catalog.architecture_of(config).bare_objective(config)
    rows = [rng.integers(3, config.vocab_size, size=(rows, config.context + 1)) for _ in range(count)]
    return [objective(ids[:, :-1], ids[:, 1:], rng) for ids in rows]


def gradients(model, batch, workers=1, **place):
    """The loss of a batch, and {name: gradient}."""
    with Workers(workers) as threads:
        loss, grads = threads.gradients(model.loss, batch, seed=3, step=1, **place)
    return to_host(loss), {name: to_host(grads[p]) for name, p in model.named_parameters() if p in grads}


def assert_same(found, expected):
    (loss, grads), (plain_loss, plain) = found, expected
    assert loss == plain_loss and grads.keys() == plain.keys()
    for name, array in plain.items():
        assert array.dtype == grads[name].dtype and np.array_equal(array, grads[name]), name
