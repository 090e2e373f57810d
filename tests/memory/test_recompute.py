"""Recomputation: the same gradients to the last bit, whatever the model, and far fewer arrays."""

import time
import tracemalloc

import numpy as np
import pytest
from memory.gradients import assert_same, batches, config_of, each_model, gradients, new_model

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.backend.arrays import to_device
from tinyllm.memory.recompute import Recompute, recomputing, remembering
from tinyllm.models import catalog
from tinyllm.models.classifier import Classifier
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import Module, Parameter, freeze, map_parameters, weights
from tinyllm.nn.walk import through
from tinyllm.optim.adamw import AdamW
from tinyllm.profile import Profile
from tinyllm.tensor import Tensor, no_grad
from tinyllm.train.loop import TrainConfig, train


@each_model
@pytest.mark.parametrize("every", [1, 2])
def test_gradients_are_bitwise_those_of_the_plain_model(name, every):
    plain, model = new_model(name), recomputing(new_model(name), every)
    (batch,) = batches(plain.config, 1)
    for workers in (1, 2):
        assert_same(gradients(model, batch, workers), gradients(plain, batch, workers))
    freeze(model, lambda name, weight: "norm" in name or ".1." in name)
    freeze(plain, lambda name, weight: "norm" in name or ".1." in name)
    assert_same(gradients(model, batch), gradients(plain, batch))


@each_model
def test_gradients_in_float64(name):
    plain, model = new_model(name), recomputing(new_model(name))
    for each in (plain, model):
        map_parameters(each, lambda array: array.astype(np.float64))
    (batch,) = batches(plain.config, 1)
    assert_same(gradients(model, batch), gradients(plain, batch))


@each_model
def test_gradients_on_a_gpu(name, cupy):
    plain, model = new_model(name), recomputing(new_model(name))
    for each in (plain, model):
        map_parameters(each, lambda array: to_device(array, "gpu"))
    (batch,) = batches(plain.config, 1)
    assert_same(gradients(model, batch), gradients(plain, batch))


@each_model
def test_training_takes_the_same_steps(name):
    config = TrainConfig(steps=3, batch=4, accumulate=2, workers=2)

    def trained(model):
        data, optimizer = batches(model.config, 6), AdamW(model.named_parameters())
        return [report.loss for report in train(model, data, optimizer, config=config)], weights(model)

    losses, found = trained(recomputing(new_model(name)))
    plain_losses, expected = trained(new_model(name))
    assert losses == plain_losses and found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_a_classifier_learns_the_same():
    def classifier():
        rng = np.random.default_rng(0)
        return Classifier(catalog.find("bert").body(config_of("bert"), rng=rng), 3, rng=rng)

    ids = np.random.default_rng(2).integers(0, 23, size=(4, 6))
    batch = ids, np.array([6, 2, 4, 1]), np.array([0, 2, 1, 1])
    assert_same(gradients(recomputing(classifier()), batch, 2), gradients(classifier(), batch, 2))


def test_the_noise_after_a_block_is_what_it_would_have_been():
    model, x = new_model("gpt"), Tensor(np.ones((2, 6, 8), np.float32), requires_grad=True)
    with F.noise(seed=0, step=0):
        through(model.blocks, x, ())
        expected = F.noise_place()
    with F.noise(seed=0, step=0):
        y = through(recomputing(model).blocks, x, ())
        assert F.noise_place() == expected
        tensor.backward(y.sum())
        assert F.noise_place() == expected


def test_gradients_are_there_inside_no_grad():
    model = recomputing(new_model("gpt"))
    loss = model.loss(*batches(model.config, 1)[0])
    with no_grad():
        assert set(tensor.backward(loss)) == set(model.parameters())


def test_with_a_cache_and_without_a_graph_it_is_its_inner():
    plain, model = new_model("gpt"), recomputing(new_model("gpt"))
    ids = np.array([[3, 4, 5]])
    caches, plain_caches = model.new_caches(), plain.new_caches()
    for some in (ids, ids[:, :1]):
        found, expected = model(some, caches), plain(some, plain_caches)
        assert np.array_equal(found.data, expected.data)
    with no_grad():
        assert model(ids).node is None and np.array_equal(model(ids).data, plain(ids).data)


class Scaled(Module):
    """It is given a Tensor by name, numbers and nothing."""

    def __init__(self):
        self.weight = Parameter(np.full(3, 2.0))

    def __call__(self, x, nothing, *, scale, power):
        return x * self.weight * scale**power if nothing is None else None


def test_whatever_a_block_is_given_comes_to_it_again():
    x, scale = (Tensor(np.full(3, number, np.float32), requires_grad=True) for number in (1.5, 3.0))
    plain = Scaled()
    expected = tensor.backward(plain(x, None, scale=scale, power=2).sum())
    found = tensor.backward(Recompute(plain)(x, None, scale=scale, power=2).sum())
    assert found.keys() == expected.keys() == {x, scale, plain.weight}
    assert all(np.array_equal(found[leaf], expected[leaf]) for leaf in expected)


def test_names_of_weights_stay_and_the_inverse_undoes_it():
    model = new_model("t5")
    names, blocks = [name for name, _ in model.named_weights()], list(model.decoder.blocks)
    assert recomputing(model, 2) is model and recomputing(model, 2) is model  # a second time changes nothing
    assert [type(block) is Recompute for block in model.encoder.blocks] == [True, False, True]
    assert [name for name, _ in model.named_weights()] == names
    remembering(model)
    assert model.decoder.blocks == blocks


def test_a_profile_counts_no_time_twice():
    model, profile = recomputing(new_model("gpt")), Profile()
    loss, began = model.loss(*batches(model.config, 1)[0]), time.perf_counter()
    with profile.recording():
        tensor.backward(loss)
    elapsed = time.perf_counter() - began
    layers = model.config.layers
    assert profile.calls["attention", "forward"] == profile.calls["recompute", "backward"] == layers
    assert sum(profile.seconds.values()) < elapsed


def test_what_blocks_keep_is_forgotten():
    config = GPTConfig(vocab_size=64, context=64, layers=8, heads=4, width=64)
    ids = np.zeros((4, 64), np.int64)

    def kept(model):
        loss = model.loss(ids, ids)  # what is loaded once
        del loss
        tracemalloc.start(1)
        loss = model.loss(ids, ids)
        bytes = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return loss.data and bytes

    plain = GPT(config, rng=np.random.default_rng(0))
    whole, again = kept(plain), kept(recomputing(plain))
    one = 4 * ids.size * config.width  # bytes of what enters a block
    assert again < 0.25 * whole and again < (config.layers + 6) * one
