"""Models in outline have every weight of real ones, and no numbers."""

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn.module import Module, Parameter
from tinyllm.nn.outline import in_outline, ones, zeros


@pytest.mark.parametrize("name", catalog.MODELS)
@pytest.mark.parametrize("part", ["model", "body"])
def test_an_outline_has_the_names_and_shapes_of_the_model(name, part):
    architecture = catalog.find(name)
    config, build = architecture.config(vocab_size=50, context=6, width=16), getattr(architecture, part)
    with in_outline() as rng:
        outline = build(config, rng=rng)
    real = build(config, rng=np.random.default_rng(0))
    shapes = [[(name, weight.shape) for name, weight in model.named_weights()] for model in (outline, real)]
    assert shapes[0] == shapes[1]
    assert all(weight.dtype == np.float32 and weight.requires_grad for weight in outline.parameters())
    assert [w.data.size for w in outline.parameters()] == [w.data.size for w in real.parameters()]


def test_what_a_constructor_may_do_to_a_weight():
    class Odd(Module):
        def __init__(self, *, rng):
            self.a = Parameter(rng.uniform(-1.0, 1.0, size=(10**30, 2)) * 0.5 + 1.0)
            self.b = Parameter(0.1 * rng.standard_normal(10**30))
            self.a.data[:, 0] /= 1.0 + zeros(1)[0]
            self.b.data *= 0.3
            self.b.data[3:9] = 1.0

    with in_outline() as rng:
        model = Odd(rng=rng)
    assert [(w.shape, w.ndim, w.data.size) for w in model.parameters()] == [
        ((10**30, 2), 2, 2 * 10**30),
        ((10**30,), 1, 10**30),
    ]


def test_numbers_are_not_looked_for():
    with in_outline() as rng, pytest.raises(UsageError, match="shapes and no numbers"):
        np.array([rng.normal(0, 1, 3) for _ in range(2)])


def test_outside_of_the_block_there_are_numbers():
    with in_outline():
        pass
    assert np.array_equal(zeros(2, 3), np.zeros((2, 3))) and np.array_equal(ones(4), np.ones(4))
    assert zeros(2).dtype == ones(2).dtype == np.float32
