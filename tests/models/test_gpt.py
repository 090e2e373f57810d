"""The GPT: causal, bounded, and the same whoever shares its batch."""

import dataclasses
import re
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.parallel.data import ONE_RANK
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import no_grad

CONFIG = GPTConfig(vocab_size=13, context=7, layers=2, heads=2, width=8)


def gpt(seed=0, **changes):
    model = GPT(dataclasses.replace(CONFIG, **changes), rng=np.random.default_rng(seed))
    for parameter in model.parameters():  # biases and norms too must matter
        parameter.data += np.random.default_rng(1).normal(scale=0.1, size=parameter.shape).astype(np.float32)
    return model


def batch(rows, seed=0):
    tokens = np.random.default_rng(seed).integers(CONFIG.vocab_size, size=(rows, CONFIG.context + 1))
    return tokens[:, :-1], tokens[:, 1:]


@given(changed=st.integers(0, CONFIG.context - 1), seed=st.integers(0, 99))
def test_a_token_changes_nothing_before_it(changed, seed):
    model, (ids, _) = gpt(), batch(3, seed)
    other = ids.copy()
    other[:, changed] = (other[:, changed] + 1) % CONFIG.vocab_size
    with no_grad():
        before, after = model(ids).data, model(other).data
    assert before[:, :changed].tobytes() == after[:, :changed].tobytes()
    assert not np.array_equal(before[:, changed], after[:, changed])


def test_names_of_parameters_are_paths_and_the_tied_one_comes_once():
    names = [name for name, _ in gpt().named_parameters()]
    assert names[:2] == ["tokens.weight", "positions.weight"] and names[-1] == "norm.bias"
    assert "blocks.1.attention.qkv.weight" in names and len(names) == len(set(names)) == 2 + 2 * 12 + 2


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.zeros((1, 8), int), "8 tokens do not fit in a context of 7; raise GPTConfig.context"),
        (np.array([[0, 13]]), "token id 13 is outside the vocabulary 0..12"),
        (np.array([[-1]]), "token id -1 is outside the vocabulary 0..12"),
        (np.array([[0.5]]), "token ids must be integers, got float64"),
    ],
)
def test_ids_that_do_not_fit(ids, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        gpt()(ids)


def test_an_untrained_model_finds_all_tokens_about_equally_likely():
    model = GPT(GPTConfig(), rng=np.random.default_rng(0))
    tokens = np.random.default_rng(1).integers(4096, size=(2, 129))
    with no_grad():
        loss = model.loss(tokens[:, :-1], tokens[:, 1:]).item()
    assert abs(loss - np.log(4096)) < 0.3


def test_targets_that_do_not_fit():
    ids, targets = batch(2)
    with pytest.raises(UsageError, match="token id 99 is outside"):
        gpt().loss(ids, np.full_like(targets, 99))
    with pytest.raises(UsageError, match="do not agree"):
        gpt().loss(ids, targets[:, :-1])


def gradients(workers, rows=6, dropout=0.0):
    model, (x, y) = gpt(dropout=dropout), batch(rows)
    with Workers(workers) as pool:
        loss, grads = pool.gradients(model.loss, (x, y), seed=5, step=9)
    return float(loss), [grads[p] for p in model.parameters()]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_workers_share_a_batch_without_changing_the_result(workers, dropout):
    (loss, grads), (expected_loss, expected) = gradients(workers, dropout=dropout), gradients(1, dropout=dropout)
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    for mine, theirs in zip(grads, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_the_same_workers_give_the_same_bytes():
    (loss, grads), (again, grads_again) = gradients(2, dropout=0.3), gradients(2, dropout=0.3)
    assert loss == again and [g.tobytes() for g in grads] == [g.tobytes() for g in grads_again]


def test_after_an_error_no_work_goes_on():
    begun = []

    def fail_in_this_thread(item):
        begun.append(item)
        if threading.current_thread() is threading.main_thread():
            raise ZeroDivisionError
        time.sleep(0.01)

    with Workers(2) as pool:
        with pytest.raises(ZeroDivisionError):
            pool.map(fail_in_this_thread, range(100))
        count = len(begun)
        time.sleep(0.05)
        assert len(begun) == count < 100


def test_an_error_in_a_worker_reaches_the_caller():
    x, y = batch(4)
    x[3, 0] = 99  # in the share of the second worker
    with Workers(2) as pool, pytest.raises(UsageError, match="token id 99"):
        pool.gradients(gpt().loss, (x, y))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_accumulated_batches_are_one_large_batch(dropout):
    model, (x, y) = gpt(dropout=dropout), batch(6)
    with Workers(2) as pool:
        whole = ONE_RANK.gradients(pool, model.loss, [(x, y)], seed=1, step=2)
        parts = ONE_RANK.gradients(pool, model.loss, [(x[:2], y[:2]), (x[2:], y[2:])], seed=1, step=2)
    assert parts[0] == pytest.approx(whole[0], rel=1e-6)
    for p in model.parameters():
        np.testing.assert_allclose(parts[1][p], whole[1][p], rtol=1e-4, atol=1e-6)
