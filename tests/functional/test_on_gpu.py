"""Everything that computes runs on the stand-in for CuPy with the same results as in memory, and hardly ever waits."""

import itertools

import numpy as np
import pytest
from functional.cases import CASES, run, samples

from tinyllm import functional as F
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.rnn import LSTMConfig, RNNConfig
from tinyllm.nn import attention, layers, module, recurrent
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.schedule import clip_gradients
from tinyllm.parallel.workers import Workers
from tinyllm.profile import Profile
from tinyllm.tensor import Tensor, backward, no_grad
from tinyllm.train import checkpoint

EXACT = {"rtol": 1e-12, "atol": 1e-13}


def on_device(cupy, value):
    """Arrays, and the arrays in a tuple or dict, copied to the device."""
    if isinstance(value, np.ndarray):
        return cupy.asarray(value)
    if isinstance(value, tuple | list):
        return type(value)(on_device(cupy, item) for item in value)
    return {key: on_device(cupy, item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_operation_computes_the_same_there(case, cupy):
    for call in samples(case):
        y, grads, dy = run(case.op, call)
        there, grads_there, _ = run(case.op, call._make(on_device(cupy, part) for part in call), on_device(cupy, dy))
        assert isinstance(there, cupy.ndarray)
        np.testing.assert_allclose(there.get(), y, **EXACT)
        for grad_there, grad in zip(grads_there, grads, strict=True):
            assert (grad_there is None) == (grad is None)
            if grad is not None:
                assert isinstance(grad_there, cupy.ndarray) and grad_there.dtype == grad.dtype
                np.testing.assert_allclose(grad_there.get(), grad, **EXACT)


def test_no_operation_waits_for_the_gpu(cupy):
    waiting = {}
    for case in CASES:
        for call in samples(case):
            there = call._make(on_device(cupy, part) for part in call)
            dy = on_device(cupy, run(case.op, call)[2])
            cupy.synchronisations.clear()
            run(case.op, there, dy)
            if cupy.synchronisations:
                waiting[str(case)] = set(cupy.synchronisations)
    assert waiting == {"take-mask": {"mask"}}  # how many places a mask takes is known only when it is read


# ------------------------------------------------------------------------------------------------------------- layers

WIDTH, LENGTHS = 6, np.array([4, 1])
COS, SIN = F.rotations(range(4), 2)


def stream(rng):
    return rng.normal(size=(2, 4, WIDTH))


LAYERS = {  # kind: rng -> (a layer, what it is called with, its options)
    layers.Linear: lambda rng: (layers.Linear(WIDTH, 5, rng=rng), [stream(rng)], {}),
    layers.Projection: lambda rng: (layers.Projection(WIDTH, 5, rng=rng), [stream(rng)], {}),
    layers.Embedding: lambda rng: (layers.Embedding(9, WIDTH, rng=rng, std=1.0), [rng.integers(9, size=(2, 4))], {}),
    layers.LayerNorm: lambda rng: (layers.LayerNorm(WIDTH), [stream(rng)], {}),
    layers.RMSNorm: lambda rng: (layers.RMSNorm(WIDTH), [stream(rng)], {}),
    layers.Dropout: lambda rng: (layers.Dropout(0.4), [stream(rng)], {}),
    layers.FeedForward: lambda rng: (layers.FeedForward(WIDTH, 7, rng=rng), [stream(rng)], {}),
    layers.GatedFeedForward: lambda rng: (layers.GatedFeedForward(WIDTH, 7, rng=rng), [stream(rng)], {}),
    layers.LearnedPositions: lambda rng: (layers.LearnedPositions(5, WIDTH, rng=rng), [stream(rng)], {}),
    layers.SinusoidalPositions: lambda rng: (layers.SinusoidalPositions(5, WIDTH, rng=rng), [stream(rng)], {}),
    layers.NoPositions: lambda rng: (layers.NoPositions(5, WIDTH, rng=rng), [stream(rng)], {}),
    attention.CausalSelfAttention: lambda rng: (
        attention.CausalSelfAttention(WIDTH, 3, rng=rng), [stream(rng)], {}
    ),
    attention.SelfAttention: lambda rng: (
        attention.SelfAttention(WIDTH, 3, rng=rng), [stream(rng)], {"lengths": LENGTHS}
    ),
    attention.GroupedQueryAttention: lambda rng: (
        attention.GroupedQueryAttention(WIDTH, 3, 1, rng=rng), [stream(rng)], {"cos": COS, "sin": SIN}
    ),
    attention.RelativePositions: lambda rng: (attention.RelativePositions(3, rng=rng, both_ways=True), [4, 5], {}),
    attention.RelativeSelfAttention: lambda rng: (
        attention.RelativeSelfAttention(WIDTH, 3, rng=rng),
        [stream(rng), rng.normal(size=(1, 3, 4, 4))], {"lengths": LENGTHS, "causal": True},
    ),
    attention.CopyingAttention: lambda rng: (
        attention.CopyingAttention(WIDTH, 3, rng=rng), [stream(rng), stream(rng)], {}
    ),
    attention.CrossAttention: lambda rng: (
        attention.CrossAttention(WIDTH, 3, rng=rng), [stream(rng), rng.normal(size=(2, 5, WIDTH))], {"lengths": LENGTHS}
    ),
    recurrent.RNN: lambda rng: (recurrent.RNN(WIDTH, 5, rng=rng), [stream(rng)], {}),
    recurrent.LSTM: lambda rng: (recurrent.LSTM(WIDTH, 5, rng=rng), [stream(rng)], {}),
}  # fmt: skip


def test_every_layer_is_tried_here():
    things = [thing for place in (layers, attention, recurrent) for thing in vars(place).values()]
    found = {thing for thing in things if isinstance(thing, type) and issubclass(thing, module.Module)}
    assert found - {module.Module} == LAYERS.keys()


def is_float(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_every_layer_computes_the_same_there(kind, cupy):
    values, gradients = [], []
    for move in (np.asarray, cupy.asarray):
        layer, arguments, options = LAYERS[kind](np.random.default_rng(0))
        module.map_parameters(layer, lambda a, move=move: move(a.astype(np.float64)))
        given = [Tensor(move(a), requires_grad=True) if is_float(a) else a for a in arguments]
        options = {name: move(a) if is_float(a) else a for name, a in options.items()}
        with F.noise(seed=1, step=2):
            y = layer(*given, **options)
        y = y[0] if isinstance(y, tuple) else y  # a recurrent layer gives its state too
        grads = backward((y * y).sum())
        values.append(y.data)
        gradients.append([grads[p] for p in [*layer.parameters(), *(a for a in given if isinstance(a, Tensor))]])
    np.testing.assert_allclose(values[1].get(), values[0], **EXACT)
    for there, here in zip(*reversed(gradients), strict=True):
        np.testing.assert_allclose(there.get(), here, **EXACT)


# -------------------------------------------------------------------------------------------------------- a whole model

CONFIG = GPTConfig(vocab_size=11, context=6, layers=2, heads=2, width=8, dropout=0.1)
RECURRENT = [kind(vocab_size=11, context=6, layers=2, width=8, dropout=0.1) for kind in (RNNConfig, LSTMConfig)]
each_model = pytest.mark.parametrize("config", [CONFIG, *RECURRENT], ids=lambda config: type(config).__name__)


def model_on(move, config=CONFIG):
    """A small model in float64 with its parameters moved."""
    model = catalog.new_model(config, rng=np.random.default_rng(0))
    module.map_parameters(model, lambda a: move(a.astype(np.float64)))
    return model


def batch():
    tokens = np.random.default_rng(1).integers(CONFIG.vocab_size, size=(5, 7))
    return tokens[:, :-1], tokens[:, 1:]


def train_for_two_steps(model, move, workers):
    """The losses, the gradients of the second step and the weights after it, of a training as `train` does it."""
    x, y = map(move, batch())
    optimizer, losses = AdamW(model.named_parameters()), []
    with Workers(workers) as pool:
        for step in range(2):
            loss, grads = pool.gradients(model.loss, (x, y), seed=3, step=step)
            losses.append(loss)
            grads, _ = clip_gradients(grads, 0.5)
            optimizer.step(grads, lr=0.01)
    return losses, [grads[p] for p in model.parameters()], list(module.weights(model).values())


@each_model
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("ids_on_device", [True, False])
def test_training_computes_the_same_there(cupy, workers, ids_on_device, config):
    here = train_for_two_steps(model_on(np.asarray, config), np.asarray, workers)
    move_ids = cupy.asarray if ids_on_device else np.asarray
    there = train_for_two_steps(model_on(cupy.asarray, config), move_ids, workers)
    for mine, expected in zip(itertools.chain(*there), itertools.chain(*here), strict=True):
        assert isinstance(mine, cupy.ndarray)
        np.testing.assert_allclose(mine.get(), expected, rtol=1e-10, atol=1e-12)


@each_model
def test_the_model_guesses_the_same_there(cupy, config):
    x, _ = batch()
    with no_grad():
        here, there = model_on(np.asarray, config)(x).data, model_on(cupy.asarray, config)(x).data
    np.testing.assert_allclose(there.get(), here, **EXACT)


@each_model
def test_how_often_a_training_step_waits_for_the_gpu(cupy, config):
    """Forward, backward and update never; clipping once a parameter."""
    model, (x, y) = model_on(cupy.asarray, config), map(cupy.asarray, batch())
    optimizer = AdamW(model.named_parameters())
    with Workers(1) as pool:
        _, grads = pool.gradients(model.loss, (x, y))
        optimizer.step(grads, lr=0.01)
        assert cupy.synchronisations == []
        clip_gradients(grads, 1.0)
        assert cupy.synchronisations == ["float"] * len(grads)


def test_a_profile_waits_for_the_gpu_after_each_operation(cupy):
    model, (x, y) = model_on(cupy.asarray), map(cupy.asarray, batch())
    with Profile().recording() as profile:
        backward(model.loss(x, y))
    timed = sum(profile.calls.values())
    assert cupy.synchronisations == ["deviceSynchronize"] * timed and profile.calls["linear", "forward"] == 8


def test_weights_in_memory_load_into_a_model_on_the_device(cupy):
    model, other = model_on(cupy.asarray), model_on(lambda a: a + 1.0)
    module.load_weights(model, module.weights(other))
    for mine, expected in zip(module.weights(model).values(), module.weights(other).values(), strict=True):
        np.testing.assert_array_equal(mine.get(), expected)


def test_optimiser_state_in_memory_loads_beside_a_model_on_the_device(cupy):
    model, other = model_on(cupy.asarray), model_on(np.asarray)
    optimizer, saved = AdamW(model.named_parameters()), AdamW(other.named_parameters())
    optimizer.load_state({name: array + 3 for name, array in saved.state().items()})
    assert all((array == 3).all() for array in optimizer.state().values()) and optimizer.steps == 3


def test_a_checkpoint_of_a_model_on_the_device_is_one_of_a_model_in_memory(cupy, tmp_path):
    model, copy = model_on(cupy.asarray), model_on(np.zeros_like)
    checkpoint.save(tmp_path, step=1, model=model, optimizer=AdamW(model.named_parameters()))
    checkpoint.load(tmp_path, model=copy, optimizer=AdamW(copy.named_parameters()))
    for mine, expected in zip(module.weights(model).values(), module.weights(copy).values(), strict=True):
        np.testing.assert_array_equal(mine.get(), expected)
