"""Streaming and offloading: the same numbers, and what is elsewhere takes no memory."""

import numpy as np
import pytest
from memory.gradients import assert_same, batches, each_model, gradients, new_model

from tinyllm.backend.arrays import to_host
from tinyllm.backend.elsewhere import Disk, Pinned, kept_in, segment_of
from tinyllm.memory.recompute import remembering, rows_of_blocks
from tinyllm.memory.stream import Streamed, move, streaming
from tinyllm.nn.module import freeze, weights
from tinyllm.optim.adamw import AdamW
from tinyllm.tensor import Tensor, no_grad
from tinyllm.train.loop import TrainConfig, train


@each_model
def test_gradients_of_a_streamed_model_are_bitwise_those_of_the_plain_one(name, tmp_path):
    plain, disk = new_model(name), Disk(tmp_path)
    model = streaming(new_model(name), disk, away=disk)
    (batch,) = batches(plain.config, 1)
    for workers in (1, 2):
        assert_same(gradients(model, batch, workers), gradients(plain, batch, workers))
    for each in (model, plain):
        freeze(each, lambda name, weight: "norm" in name or ".1." in name)
    assert_same(gradients(model, batch), gradients(plain, batch))
    assert not list(tmp_path.iterdir())  # the files have no names


@each_model
def test_gradients_of_a_streamed_model_on_a_gpu(name, cupy):
    plain, pinned = new_model(name), Pinned()
    model = streaming(new_model(name), pinned, away=pinned)
    for each in (plain, model):
        move(each, "gpu")
    (batch,) = batches(plain.config, 1)
    assert_same(gradients(model, batch), gradients(plain, batch))


def trained(model, optimizer, device="cpu"):
    config = TrainConfig(steps=3, batch=4, accumulate=2, workers=1 if device == "gpu" else 2, clip=0.01, device=device)
    return [report.loss for report in train(model, batches(model.config, 6), optimizer, config=config)]


def assert_same_weights(model, plain):
    found, expected = weights(model), weights(plain)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert np.array_equal(found[name], array), name


@each_model
def test_training_with_everything_elsewhere_takes_the_same_steps(name, tmp_path):
    disk, plain = Disk(tmp_path), new_model(name)
    with kept_in(disk):
        model = streaming(new_model(name), disk, away=disk)
        optimizer = AdamW(model.named_parameters())
    remembered = [array for array in optimizer.state().values() if array.ndim]
    assert all(segment_of(array).disk is disk for array in (*weights(model).values(), *remembered))
    assert trained(model, optimizer) == trained(plain, AdamW(plain.named_parameters()))
    assert_same_weights(model, plain)
    assert not list(tmp_path.iterdir())


def train_beside_a_gpu(name):
    """(model, plain), trained on a GPU for the same steps, the one with everything beside it."""
    pinned, plain = Pinned(), new_model(name)
    model = streaming(new_model(name), pinned, away=pinned)
    for each in (plain, model):
        move(each, "gpu")
    with kept_in(pinned):
        optimizer = AdamW(model.named_parameters())
    losses, expected = trained(model, optimizer, "gpu"), trained(plain, AdamW(plain.named_parameters()), "gpu")
    assert losses == pytest.approx(expected, rel=1e-5)  # the update is made on the host, by its own routine
    return model, plain


@pytest.mark.long
@each_model
def test_training_with_everything_beside_a_gpu_takes_the_same_steps(name, cupy):
    model, plain = train_beside_a_gpu(name)
    blocks = {weight for blocks in rows_of_blocks(model) for block in blocks for weight in block.weights()}
    for (name, found), (_, expected) in zip(model.named_weights(), plain.named_weights(), strict=True):
        assert isinstance(found.data, np.ndarray) == (found in blocks)
        np.testing.assert_allclose(to_host(found.data), to_host(expected.data), rtol=1e-4, atol=1e-6, err_msg=name)


def test_the_inverse_leaves_a_plain_model_that_learns_the_same(tmp_path):
    plain = new_model("gpt")
    model = remembering(streaming(new_model("gpt"), Disk(tmp_path)))
    assert not any(isinstance(block, Streamed) for block in model.blocks)
    (batch,) = batches(plain.config, 1)
    assert_same(gradients(model, batch), gradients(plain, batch))


def test_a_walk_that_was_broken_off_leaves_no_old_weights(cupy):
    model, x = streaming(new_model("gpt"), Pinned()), Tensor(cupy.arange(8, dtype="float32")[None, None])
    move(model, "gpu")
    with no_grad():
        before = model.blocks[1](model.blocks[0](x)).data.get()
        model.blocks[0](x)  # the next has been sent for, and nobody comes
        for weight in model.blocks[1].weights():
            weight.data *= 2
        after = model.blocks[1](model.blocks[0](x)).data.get()
    assert not np.array_equal(before, after)


@pytest.mark.gpu
@each_model
def test_training_with_everything_beside_a_real_gpu_takes_the_same_steps(name):
    train_beside_a_gpu(name)
