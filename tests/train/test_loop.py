"""The loop, alone: what it makes of its batches."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import freeze, map_parameters, unfreeze
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.data import ONE_RANK, DataParallel
from tinyllm.parallel.workers import Workers
from tinyllm.train.loop import TrainConfig, train


def test_batches_that_end_too_early_are_told():
    model = GPT(GPTConfig(vocab_size=17, context=6, layers=1, heads=2, width=8), rng=np.random.default_rng(0))
    ids = np.random.default_rng(1).integers(0, 17, size=(4, 7))
    config = TrainConfig(steps=3, accumulate=2, workers=1)
    reports = train(model, [(ids[:, :-1], ids[:, 1:])] * 5, AdamW(model.named_parameters()), config=config)
    assert [next(reports).step, next(reports).step] == [1, 2]
    with pytest.raises(UsageError, match="the batches end before step 3 of 3; give more, or lower steps"):
        next(reports)


def gpt():
    return GPT(GPTConfig(vocab_size=17, context=6, layers=1, heads=2, width=8), rng=np.random.default_rng(0))


def batch(*rows):
    """One batch, of whose arrays each has so many rows."""
    ids = np.random.default_rng(1).integers(0, 17, size=(9, 7))
    return [(ids[: rows[0], :-1], ids[: rows[-1], 1:])]


def made_before_unfreezing(model):
    freeze(model, lambda name, weight: name == "norm.bias")
    optimizer = AdamW(model.named_parameters())
    unfreeze(model)
    return optimizer


@pytest.mark.parametrize(
    ("make", "name"), [(made_before_unfreezing, "norm.bias"), (lambda model: AdamW(gpt().named_parameters()), "tokens")]
)
def test_an_optimiser_that_lacks_what_the_model_learns_is_refused(make, name):
    model = gpt()
    with pytest.raises(UsageError, match=rf"the model learns {name}.*, but the optimiser does not move it"):
        next(train(model, batch(4), make(model), config=TrainConfig(steps=1, workers=1)))


def test_an_optimiser_may_have_what_is_frozen_by_now():
    model = gpt()
    optimizer = AdamW(model.named_parameters())
    freeze(model, lambda name, weight: name == "norm.bias")
    assert next(train(model, batch(4), optimizer, config=TrainConfig(steps=1, workers=1))).step == 1


def test_ranks_that_froze_different_things_are_told():
    def work(comm):
        model = gpt()
        freeze(model, lambda name, weight: name == f"blocks.0.norm{1 + comm.rank}.weight")
        DataParallel(model, comm)

    with pytest.raises(
        UsageError, match=r"ranks \d and \d do not learn the same, as blocks\.0\.norm[12]\.weight shows"
    ):
        run_ranks(2, work)


@pytest.mark.parametrize("rows", [(4, 3), (3, 4)])
def test_arrays_of_a_batch_that_differ_in_rows_are_refused(rows):
    model = gpt()
    with pytest.raises(UsageError, match=rf"not \({rows[0]}, 6\), \({rows[1]}, 6\)"):
        next(train(model, batch(*rows), AdamW(model.named_parameters()), config=TrainConfig(steps=1, workers=1)))


@pytest.mark.parametrize("softened", [{}, {"label_smoothing": 0.2, "z_loss": 0.01}], ids=["plain", "softened"])
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_four_batches_of_eight_are_one_of_32(softened, seed, padded):
    """Of weighted losses too, where the batches weigh differently, as when rows are filled up to the longest."""
    model, rng = gpt(), np.random.default_rng(seed)
    map_parameters(model, lambda array: array.astype(np.float64))
    ids = rng.integers(0, 17, size=(32, 7))
    weights = rng.uniform(0.1, 2, size=(32, 6))
    if padded:
        weights *= np.arange(6) < rng.integers(1, 7, size=(32, 1))
    whole = (ids[:, :-1], ids[:, 1:], weights)
    parts = [tuple(array[start : start + 8] for array in whole) for start in range(0, 32, 8)]

    loss_of = functools.partial(model.loss, **softened)

    def found(batches, threads):
        with Workers(threads) as workers:
            weigh = {"weigh": lambda ids, targets, weights: weights.sum(dtype=np.float64)}
            return ONE_RANK.gradients(workers, loss_of, batches, seed=0, step=0, **weigh)

    loss, expected = found([whole], 1)
    largest = max(np.abs(gradient).max() for gradient in expected.values())
    for batches, threads in ((parts, 1), (parts, 2), ([whole], 3)):
        again, grads = found(batches, threads)
        assert again == pytest.approx(loss, rel=1e-12)
        for parameter, gradient in expected.items():
            np.testing.assert_allclose(grads[parameter], gradient, rtol=0, atol=1e-12 * largest)


@pytest.mark.parametrize("name", catalog.MODELS)
def test_a_training_softens_the_loss_of_every_model_as_its_config_says(name):
    architecture, ids = catalog.find(name), np.random.default_rng(1).integers(0, 60, size=(4, 16))
    config = architecture.config(vocab_size=60, context=16, width=16)
    batch = architecture.bare_objective(config)(ids, ids, np.random.default_rng(0))

    def first_loss(**options):
        model = catalog.new_model(config, rng=np.random.default_rng(0))
        how = TrainConfig(steps=1, workers=2, **options)
        return next(train(model, [batch], AdamW(model.named_parameters()), config=how)).loss

    plain, smoothed, both = first_loss(), first_loss(label_smoothing=0.2), first_loss(label_smoothing=0.2, z_loss=0.1)
    assert smoothed != plain and both > smoothed + 1  # log Z is about log 60, its square about 17
