"""The guard: what is poisoned is skipped, weights and optimiser as they were to the last bit, and ten end it all."""

import dataclasses
import json

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import weights
from tinyllm.optim import catalog
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.data import DataParallel
from tinyllm.train.guard import IN_A_ROW, LEAST, Guard
from tinyllm.train.loop import TrainConfig, train

CONFIG = TrainConfig(steps=40, workers=1, warmup=0, learning_rate=1e-3)
POISONS = {"loss": np.nan, "infinite loss": np.inf, "gradient": 1e25}  # the last explodes: its square is infinite


def small():
    return GPT(GPTConfig(vocab_size=17, context=6, layers=1, heads=2, width=8), rng=np.random.default_rng(0))


def poisoned(*factors):
    """Batches of which the loss is multiplied by these factors, and the loss of a model that does so."""
    rng = np.random.default_rng(1)
    for factor in factors:
        ids = rng.integers(0, 17, size=(4, 7))
        yield ids[:, :-1], ids[:, 1:], np.full((4, 1), factor, np.float32)


def loss_of(model):
    return lambda ids, targets, factors: model.loss(ids, targets) * factors.mean()


def copies(model, optimizer):
    return {name: array.copy() for name, array in {**weights(model), **optimizer.state()}.items()}


def steps(factors, *, kind="adamw", **options):
    """Yield (report, what there is after it) of each step."""
    model = small()
    optimizer = catalog.OPTIMIZERS[kind](model.named_parameters())
    how = {"config": CONFIG, "loss": loss_of(model), **options}
    for report in train(model, poisoned(*factors), optimizer, **how):
        yield report, copies(model, optimizer)


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one.keys() | other.keys())


@pytest.mark.parametrize("kind", catalog.OPTIMIZERS)
@pytest.mark.parametrize("why", POISONS)
def test_a_poisoned_step_is_skipped_and_leaves_everything_bitwise_as_it_was(why, kind):
    config = dataclasses.replace(CONFIG, steps=4)
    reports, after = zip(*steps([1, 1, POISONS[why], 1], kind=kind, config=config), strict=True)
    assert [report.skipped for report in reports] == [None, None, why.split()[-1], None]
    assert same(after[1], after[2]) and after[2]["steps"] == 2
    assert not same(after[2], after[3]) and after[3]["steps"] == 3
    assert all(np.isfinite(array).all() for array in after[3].values())


def test_a_step_of_several_ranks_is_skipped_by_all():
    def work(comm):
        model, factors = small(), np.ones((4, 1), np.float32)
        optimizer, ranks = catalog.OPTIMIZERS["adamw"](model.named_parameters()), DataParallel(model, comm)
        batches = list(poisoned(1, 1, 1))
        factors[0] = np.nan  # in the rows of the first rank alone
        batches[1] = (*batches[1][:2], factors)
        how = {"config": dataclasses.replace(CONFIG, steps=3), "loss": loss_of(model), "ranks": ranks}
        return [(report.skipped, copies(model, optimizer)) for report in train(model, batches, optimizer, **how)]

    first, second = run_ranks(2, work)
    assert [why for why, _ in first] == [why for why, _ in second] == [None, "loss", None]
    assert same(first[0][1], first[1][1]) and same(first[2][1], second[2][1])


def test_ten_in_a_row_end_the_training_and_say_what_to_do():
    reports, wait = [], IN_A_ROW - 1
    with pytest.raises(UsageError) as error:
        reports.extend(report for report, _ in steps([1, *[np.nan] * wait, 1, *[np.inf] * IN_A_ROW]))
    assert len(reports) == 1 + wait + 1 + wait  # a good step in between begins the count anew
    assert str(error.value) == (
        "10 steps in a row were skipped: at step 21 the loss is inf and the gradient's length nan, "
        "and the first Inf reached multiply, forward, in the model itself; "
        "lower learning_rate=0.001 or clip=1.0 in a new run, or look for bad data"
    )


def test_a_spike_is_skipped_only_where_that_is_asked_for():
    factors = [1] * LEAST + [3, 1, *[1] * (CONFIG.steps - LEAST - 2)]
    asked = dataclasses.replace(CONFIG, skip_spikes=True)
    assert [report.skipped for report, _ in steps(factors, config=asked)] == [
        "spike" if step == LEAST else None for step in range(CONFIG.steps)
    ]
    assert {report.skipped for report, _ in steps(factors)} == {None}


def test_a_spike_that_stays_ends_the_training():
    config = dataclasses.replace(CONFIG, skip_spikes=True)
    with pytest.raises(
        UsageError, match=r"10 steps in a row were skipped: at step 26 .* is a spike; train anew without skip_spikes"
    ):
        list(steps([1] * LEAST + [5] * IN_A_ROW, config=config))


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_a_loss_that_falls_and_one_that_rests_have_no_spikes(noise):
    guard, rng = Guard(spikes=True), np.random.default_rng(0)
    for step in range(2000):
        loss = 2 + 6 * 0.99**step + noise * rng.normal()
        assert guard.objection(loss, 1.0) is None
        guard.take(loss)
    assert guard.objection(2 + max(1.0, 10 * noise), 1.0) == "spike"


def test_a_guard_goes_on_from_what_json_held_of_it():
    guard, other = Guard(spikes=True), Guard(spikes=True)
    for loss in np.random.default_rng(0).normal(3, 0.1, 90):
        guard.take(float(loss))
    guard.skip("spike", step=91, loss=9.0, norm=1.0, config=CONFIG)
    other.load_state(json.loads(json.dumps(guard.state())))
    assert other.highest() == guard.highest() and other.state() == guard.state()
    assert (other.skipped, other.in_a_row) == (1, 1)
