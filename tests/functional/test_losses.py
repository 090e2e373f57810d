"""Losses: what weights do, which targets are refused, and that a weighted mean is the same however it is shared out."""

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.bert import BERTConfig
from tinyllm.models.classifier import Classifier
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.rnn import LSTMConfig
from tinyllm.models.t5 import T5Config
from tinyllm.optim.sgd import SGD, SGDConfig
from tinyllm.parallel.data import ONE_RANK
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import Tensor, backward
from tinyllm.train.loop import TrainConfig, train

V, C = 7, 4
SIZES = {"vocab_size": 13, "context": 6, "layers": 1, "width": 8}


def losses_of(targets, weights=None, logits=None):
    """Both losses of the same logits."""
    rng = np.random.default_rng(0)
    hidden, weight = rng.normal(size=(*targets.shape, C)), rng.normal(size=(C, V))
    yield F.cross_entropy(hidden @ weight, targets, weights=weights)
    yield F.linear_cross_entropy(hidden, weight, targets, weights=weights)


def test_a_position_of_weight_0_is_ignored_and_equal_weights_change_nothing():
    targets = np.array([[1, 2, 3], [4, 5, 6]])
    for plain, equal in zip(losses_of(targets), losses_of(targets, np.full((2, 3), 2.5)), strict=True):
        assert plain.item() == pytest.approx(equal.item(), rel=1e-12)
    ignored = targets.copy()
    ignored[1] = 0
    weights = np.array([[1, 1, 1], [0, 0, 0]])
    for one, other in zip(losses_of(targets, weights), losses_of(ignored, weights), strict=True):
        assert one.item() == other.item()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("wrong", [-1, -100, V])
def test_a_target_outside_the_vocabulary_is_named_with_the_way_to_ignore_it(wrong, dtype):
    targets, hidden, weight = np.array([0, wrong]), np.ones((2, C), dtype), np.ones((C, V), dtype)
    message = f"token id {wrong} is outside the vocabulary 0..{V - 1}.*a weight of 0"
    with pytest.raises(UsageError, match=message):
        F.cross_entropy(hidden @ weight, targets)
    with pytest.raises(UsageError, match=message):
        F.linear_cross_entropy(hidden, weight, targets)


@pytest.mark.parametrize(
    ("targets", "weights", "message"),
    [
        (np.array([0.5, 1.0]), None, "token ids must be integers, got float64"),
        (np.array([0, 1]), np.ones(3), r"weights \(3,\) do not fit targets \(2,\)"),
        (np.array([0, 1]), np.zeros(2), "weights that sum to 0.0 leave nothing to learn"),
        (np.array([0, 1]), np.array([1.0, np.nan]), "weights that sum to nan"),
    ],
)
def test_targets_and_weights_that_do_not_fit(targets, weights, message):
    with pytest.raises(UsageError, match=message):
        list(losses_of(targets, weights))


def test_targets_in_memory_are_checked_and_brought_to_the_logits(cupy):
    logits = np.random.default_rng(0).normal(size=(2, V))
    targets, weights = np.array([3, 5]), np.array([1.0, 3.0])
    there = F.cross_entropy(cupy.asarray(logits), targets, weights=weights)
    assert float(there.data.get()) == pytest.approx(F.cross_entropy(logits, targets, weights=weights).item())
    with pytest.raises(UsageError, match="token id -1"):
        F.cross_entropy(cupy.asarray(logits), np.array([3, -1]))


MODELS = {
    "gpt": GPTConfig(**SIZES, heads=2),
    "bert": BERTConfig(**SIZES, heads=2),
    "t5": T5Config(**SIZES, heads=2, hidden=8, decoder_layers=1),
    "lstm": LSTMConfig(**SIZES),
}


@pytest.mark.parametrize("name", [*MODELS, "classifier"])
def test_every_model_weighs_its_targets(name):
    rng = np.random.default_rng(0)
    if name == "classifier":
        model = Classifier(GPT(MODELS["gpt"], rng=rng), 3, rng=rng)
        batch = rng.integers(13, size=(4, 6)), np.full(4, 6), rng.integers(3, size=4)
    else:
        model, kind = catalog.new_model(MODELS[name], rng=rng), catalog.find(name).objective
        tokens = rng.integers(13, size=(4, 7))
        batch = kind(6, 13, range(len(kind.specials(6))))(tokens[:, :-1], tokens[:, 1:], rng)
    weights = np.zeros(batch[-1].shape)
    weights[:2] = 1.0
    assert model.loss(*batch, np.ones_like(weights)).item() == pytest.approx(model.loss(*batch).item(), rel=1e-6)
    half = model.loss(*(array[:2] for array in batch)).item()
    assert model.loss(*batch, weights).item() == pytest.approx(half, rel=1e-5)


def weighted_batch():
    """Seven rows whose weights are uneven; one share or another weighs nothing."""
    rng = np.random.default_rng(1)
    tokens, weights = rng.integers(13, size=(7, 7)), rng.uniform(0, 2, size=(7, 6))
    weights[2:4], weights[5, 1:], weights[0] = 0.0, 0.0, 7 * weights[0]
    return tokens[:, :-1], tokens[:, 1:], weights


def sum_of_weights(ids, targets, weights):
    return weights.sum()


@pytest.mark.parametrize("cuts", [[], [3], [2, 4]], ids=["one", "two", "one weighs nothing"])
@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_a_weighted_mean_is_the_same_over_workers_and_accumulation(workers, cuts):
    model, batch = GPT(MODELS["gpt"], rng=np.random.default_rng(0)), weighted_batch()
    expected = model.loss(*batch)
    expected_grads = backward(expected)
    parts = list(zip(*(np.split(array, cuts) for array in batch), strict=True))
    with Workers(workers) as pool:
        loss, grads = ONE_RANK.gradients(pool, model.loss, parts, weigh=sum_of_weights, seed=0, step=0)
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    for parameter, grad in expected_grads.items():
        np.testing.assert_allclose(grads[parameter], grad, rtol=1e-4, atol=1e-6)


def test_train_takes_another_loss_and_refuses_a_step_that_weighs_nothing():
    model, (ids, targets, weights) = GPT(MODELS["gpt"], rng=np.random.default_rng(0)), weighted_batch()
    optimizer = SGD(model.named_parameters(), SGDConfig(momentum=0.0))
    before = model.tokens.weight.data.copy()
    batches, config = [(ids, targets, weights), (ids, targets, 0 * weights)], TrainConfig(steps=2, workers=2)
    twice = lambda *batch: model.loss(*batch) * 2.0  # noqa: E731
    steps = train(model, batches, optimizer, config=config, loss=twice, weigh=sum_of_weights)
    expected = 2 * model.loss(ids, targets, weights).item()
    assert next(steps).loss == pytest.approx(expected, rel=1e-6)
    moved = model.tokens.weight.data.copy()
    assert not np.array_equal(before, moved)
    with pytest.raises(UsageError, match=r"all that step 2 sees weighs 0\.0"):
        next(steps)
    assert np.array_equal(moved, model.tokens.weight.data) and optimizer.steps == 1


@pytest.mark.parametrize("wrong", [{"label_smoothing": 1.0}, {"label_smoothing": -0.1}, {"z_loss": -1e-4}], ids=repr)
def test_what_cannot_be_softened_is_refused(wrong):
    with pytest.raises(UsageError, match="the first is at least 0 and below 1, the second at least 0"):
        F.cross_entropy(np.ones((2, 3)), np.array([0, 1]), **wrong)


def test_large_logits_overflow_nothing_when_softened():
    logits = np.float32([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]])
    loss = F.cross_entropy(Tensor(logits, requires_grad=True), np.array([1, 0]), label_smoothing=0.1, z_loss=1e-4)
    (gradient,) = backward(loss).values()
    assert np.isfinite(loss.data) and np.isfinite(gradient).all()
