"""What the tape keeps: of an operation only what the gradients that are asked for need."""

import tracemalloc
import weakref

import numpy as np
import pytest
from memory.gradients import batches, config_of, each_model, gradients, new_model

from tinyllm import functional as F
from tinyllm.backend import kernels
from tinyllm.compress import int8, nf4
from tinyllm.finetune import catalog as methods
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.prompt import PromptConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter, freeze
from tinyllm.tensor import Tensor, backward


def of_layer(kind, form=None):
    """(x, rng) -> the output of a layer of this kind, and its weights"""

    def made(x, rng):
        layer = kind(8, 8, rng=rng)
        if form:
            freeze(layer)
            layer = form(layer)
        return layer, [weight for _, weight in layer.named_weights() if isinstance(weight, Parameter)]

    return made


def of_weight(function):
    def made(x, rng):
        weight = Parameter(rng.normal(size=(8, 8)))
        return lambda x: function(x, weight), [weight]

    return made


OPS = {
    "linear": of_layer(layers.Linear),
    "projection": of_layer(layers.Projection),
    "multiply": of_weight(lambda x, weight: x * weight),
    "multiplied": of_weight(lambda x, weight: weight * x),
    "divide": of_weight(lambda x, weight: x / weight),
    "batched": of_weight(lambda x, weight: x @ weight.reshape(1, 8, 8)),
    "cross_entropy": of_weight(lambda x, weight: F.linear_cross_entropy(x, weight, np.zeros((2, 8), int))),
}
CODES = {
    "nf4": of_layer(layers.Linear, nf4.NF4Linear),
    "nf4-projection": of_layer(layers.Projection, nf4.NF4Projection),
    "int8": of_layer(layers.Linear, lambda layer: int8.Int8Linear(layer, 0)),
    "int8-projection": of_layer(layers.Projection, lambda layer: int8.Int8Projection(layer, 0)),
}
FREE = {"cross_entropy", "divide"}  # which keep what they made of it


def input_lives(name, made, *, learned):
    """Whether what an operation was given is there after it, while its output is."""
    rng = np.random.default_rng(0)
    leaf = Tensor(rng.standard_normal((2, 8, 8), np.float32), requires_grad=True)
    x = leaf + 1.0
    call, weights = made(x, rng)
    for weight in weights:
        weight.requires_grad = learned
    y = call(x)
    given = weakref.ref(x.data)
    del x
    alive = given() is not None
    found = backward(y, np.ones(y.shape, np.float32))
    assert leaf in found and all((weight in found) == learned for weight in weights if learned or weight in found)
    return alive


@pytest.mark.parametrize("name", [*OPS, *CODES])
def test_what_a_frozen_weight_is_multiplied_with_is_forgotten(name):
    made = (OPS | CODES)[name]
    assert not input_lives(name, made, learned=False)
    if name in OPS:
        assert input_lives(name, made, learned=True) == (name not in FREE)


def test_what_is_reshaped_is_forgotten():
    leaf = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    x = leaf * 2.0
    y, given = x.reshape(6) * 3.0, weakref.ref(x.data)
    del x
    assert given() is None
    (grad,) = backward(y, np.ones(6, np.float32)).values()
    assert np.array_equal(grad, np.full((2, 3), 6.0))


def test_what_needs_no_gradient_is_not_held_by_who_adds_to_it():
    """The stream below the first learned weight."""
    x = Tensor(np.ones((2, 3), np.float32))
    given, parameter = weakref.ref(x.data), Parameter(np.ones(3))
    y = x + parameter
    del x
    assert given() is None
    assert np.array_equal(backward(y, np.ones((2, 3), np.float32))[parameter], [2, 2, 2])


def kept_of(model, ids):
    """The bytes that are there between a forward and a backward pass, the gradient of the head among them."""
    model.loss(ids, ids)  # what is loaded and compiled once
    tracemalloc.start(1)
    loss = model.loss(ids, ids)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert loss.node
    return kept


@pytest.mark.skipif(kernels.numba_version() is None, reason="without Numba the attention keeps what it weighs by")
def test_a_frozen_model_keeps_what_leads_to_its_gradients_alone():
    """Of the 16 C a block of a GPT keeps of each token while all is learned 9 C are left with LoRA on the queries and
    values, and what enters those, C: gone are the outputs of a norm, of the attention and of the hidden layer."""
    config = GPTConfig(vocab_size=64, context=128, layers=3, heads=4, width=64)
    ids = np.random.default_rng(0).integers(0, 64, size=(8, 128))
    numbers = {}
    for name, method in (("full", None), ("lora", LoRAConfig(rank=1)), ("prompt", PromptConfig(length=1))):
        model = GPT(config, rng=np.random.default_rng(0))
        if method:
            model = methods.adapt(model, method, rng=np.random.default_rng(1))
        text = ids[:, :-1] if name == "prompt" else ids
        numbers[name] = kept_of(model, text) / (4 * ids.size * config.width)
    assert 3 * 16 <= numbers["full"] < 3 * 16 + 3.5
    assert numbers["lora"] < 3 * 10 + 3
    assert numbers["prompt"] < 3 * 9 + 3


@each_model
def test_gradients_of_the_rest_are_bitwise_those_of_the_whole(name):
    whole, frozen = new_model(name), new_model(name)
    learned = lambda name: "norm" in name or ".1." in name  # noqa: E731
    freeze(frozen, lambda name, weight: not learned(name))
    (batch,) = batches(config_of(name), 1)
    loss, of_whole = gradients(whole, batch)
    same_loss, of_rest = gradients(frozen, batch)
    assert loss == same_loss and of_rest.keys() == {name for name in of_whole if learned(name)}
    for name, gradient in of_rest.items():
        assert np.array_equal(gradient, of_whole[name]), name
