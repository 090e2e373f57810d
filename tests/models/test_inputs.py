"""What models are called with: lists and Tensors do as arrays do; what does not fit is told in words."""

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.classifier import Classifier
from tinyllm.tensor import Tensor

TINY = {"vocab_size": 17, "context": 6, "layers": 1, "width": 8}
IDS = np.random.default_rng(5).integers(3, 17, size=(4, 7))
each_model = pytest.mark.parametrize("name", catalog.MODELS)


def model_and_batch(name):
    config = catalog.find(name).config(**TINY)
    objective = catalog.architecture_of(config).bare_objective(config)
    model = catalog.new_model(config, rng=np.random.default_rng(0))
    return model, objective(IDS[:, :-1], IDS[:, 1:], np.random.default_rng(0))


def classifier(name):
    config = catalog.find(name).config(**TINY)
    return Classifier(
        catalog.architecture_of(config).body(config, rng=np.random.default_rng(0)), 3, rng=np.random.default_rng(1)
    )


@each_model
@pytest.mark.parametrize("given", [np.ndarray.tolist, Tensor], ids=["lists", "Tensors"])
def test_batches_may_be_lists_or_tensors(name, given):
    model, batch = model_and_batch(name)
    weights = np.random.default_rng(1).uniform(size=batch[-1].shape)
    expected = model.loss(*batch, weights).item()
    assert model.loss(*map(given, batch), given(weights)).item() == pytest.approx(expected, rel=1e-6)
    texts = [batch[0], batch[-1]] if name == "t5" else [batch[0]]
    np.testing.assert_array_equal(model(*map(given, texts)).data, model(*texts).data)
    labels, lengths = np.array([0, 1, 2, 0]), np.array([1, 2, 3, 4])
    judge = classifier(name)
    expected = judge.loss(batch[0], lengths, labels).item()
    assert judge.loss(*map(given, (batch[0], lengths, labels))).item() == expected


@each_model
@pytest.mark.parametrize("shape", [(), (5,), (1, 2, 3)])
def test_ids_are_rows(name, shape):
    model, batch = model_and_batch(name)
    with pytest.raises(UsageError, match=r"a model reads rows of token ids, \(B, T\), got .* a single text is \[ids\]"):
        model(np.ones(shape, int), *([batch[-1]] if name == "t5" else []))


@each_model
@pytest.mark.parametrize("wrong", [-1, -100, 17])
def test_a_target_that_is_no_token_is_told_with_the_way_to_ignore_it(name, wrong):
    model, (*inputs, targets) = model_and_batch(name)
    targets = targets.copy()  # a view of what the model reads
    targets[1, 0] = wrong
    with pytest.raises(
        UsageError, match=f"token id {wrong} is outside the vocabulary 0..16; to ignore .* a weight of 0"
    ):
        model.loss(*inputs, targets)


@pytest.mark.parametrize("wrong", [-1, 6])
def test_a_place_outside_the_row_is_told(wrong):
    model, (ids, places, targets) = model_and_batch("bert")
    places[2, 0] = wrong
    with pytest.raises(UsageError, match=rf"place {wrong} is outside the row 0\.\.5"):
        model.loss(ids, places, targets)


@each_model
@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([1, 2, 0, 3], "lengths of 0 to 3 tokens, but a row has 1 to"),
        ([1, 2, 99, 3], "lengths of 1 to 99 tokens, but a row has 1 to"),
        ([1, 2], r"lengths \(2,\) are not one for each of 4 rows"),
        ([[1], [2], [1], [1]], r"lengths \(4, 1\) are not one for each of 4 rows"),
    ],
)
def test_a_classifier_is_told_lengths_that_do_not_fit(name, lengths, words):
    with pytest.raises(UsageError, match=words):
        classifier(name)(model_and_batch(name)[1][0], np.array(lengths))
