"""Tensor parallel: a model cut among ranks computes what it computed whole, and each rank holds its share of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parallel.cut_models import MODELS, NEAR, SHAPE, V, assert_near, batch_of, model_of

from tinyllm import functional as F
from tinyllm.backend.arrays import to_device, to_host
from tinyllm.errors import UsageError
from tinyllm.infer.generate import generate
from tinyllm.memory.recompute import recomputing
from tinyllm.models.classifier import Classifier
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn import layers
from tinyllm.nn.module import Around, Parameter, freeze, map_parameters, replace_modules, weights
from tinyllm.parallel.comm import ALONE, run_ranks
from tinyllm.parallel.slices import Slice, whole_weights
from tinyllm.parallel.tensor import enter, split, vocabulary_cross_entropy, whole
from tinyllm.tensor import Tensor, backward

CUT = [name for name in MODELS if name != "lstm"]
each_cut_model = pytest.mark.parametrize("name", CUT)


def gradients(model, name):
    """(loss, {name: whole gradient}) of a batch, with dropout."""
    with F.noise(seed=1, step=2, first_row=3):
        loss = model.loss(*batch_of(name))
    grads = backward(loss)
    named = {n: (p, grads[p]) for n, p in model.named_parameters()}
    return loss.item(), {n: p.whole(g) if isinstance(p, Slice) else g for n, (p, g) in named.items()}


@each_cut_model
@pytest.mark.parametrize("dtype", NEAR)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_cut_model_has_the_loss_and_the_gradients_of_the_whole_one(name, dtype, size):
    if name == "llama with shared keys" and size == 4:
        return
    loss, grads = gradients(model_of(name, dtype), name)
    several = run_ranks(size, lambda comm: gradients(split(model_of(name, dtype), comm), name))
    for found_loss, found in several:
        assert found_loss == pytest.approx(loss, rel=NEAR[dtype])
        assert_near(found, grads, dtype)
        for n, array in several[0][1].items():  # ranks do not drift apart
            assert np.array_equal(found[n], array)


@each_cut_model
def test_a_model_is_cut_and_put_together_again(name):
    before = weights(model_of(name))

    def work(comm):
        model = split(model_of(name), comm)
        held = sum(array.size for array in weights(model).values())
        return whole_weights(model), held, whole(model)

    for arrays, held, again in run_ranks(2, work):
        assert_same(arrays, before)
        assert_same(weights(again), before)
        assert type(again) is type(model_of(name))
        assert gradients(again, name)[0] == gradients(model_of(name), name)[0]
        assert held < (0.75 if name in ("gpt", "bert") else 0.65) * sum(array.size for array in before.values())


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)


@given(shape=st.lists(st.integers(1, 3), min_size=1, max_size=3), size=st.integers(1, 4), data=st.data())
def test_shares_put_together_are_the_whole(shape, size, data):
    axis, parts = data.draw(st.integers(0, len(shape) - 1)), data.draw(st.integers(1, 3))
    shape[axis] = parts * data.draw(st.integers(size, 9))  # shares may differ by 1
    array = np.random.default_rng(0).normal(size=shape)

    def work(comm):
        part = Slice(Parameter(array), comm, axis=axis, parts=parts)
        return part.shape, part.whole(part.share(array))

    found = run_ranks(size, work)
    assert sum(shape_of_one[axis] for shape_of_one, _ in found) == shape[axis]
    assert all(np.array_equal(again, array) for _, again in found)


def test_of_a_fused_matrix_each_rank_has_whole_heads():
    columns = np.arange(12.0)[None]  # q: 0 to 3, k: 4 to 7, v: 8 to 11

    def work(comm):
        return Slice(Parameter(columns), comm, axis=1, parts=3).data[0].tolist()

    assert run_ranks(2, work) == [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7, 10, 11]]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("at_once", [1 << 21, 14])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_loss_of_a_cut_vocabulary(monkeypatch, size, at_once, weighted):
    monkeypatch.setattr(F.losses, "LOGITS_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    hidden, head, targets = rng.normal(size=(2, 3, 4)), 40 * rng.normal(size=(4, V)), rng.integers(V, size=(2, 3))
    weights_of = {"weights": rng.uniform(0.1, 1, size=(2, 3))} if weighted else {}
    hidden, head = (Tensor(array, requires_grad=True) for array in (hidden, head))
    expected = F.linear_cross_entropy(hidden, head, targets, **weights_of)
    grads = backward(expected)

    def work(comm):
        mine = Slice(Parameter(head.data), comm, axis=1)
        mine.data, x = mine.share(head.data), Tensor(hidden.data, requires_grad=True)
        loss = vocabulary_cross_entropy(enter(x, comm=comm), mine, targets, vocabulary=V, comm=comm, **weights_of)
        of_mine = backward(loss)
        return loss.item(), of_mine[x], mine.whole(of_mine[mine])

    for loss, dx, dhead in run_ranks(size, work):
        assert loss == pytest.approx(expected.item(), rel=1e-12)
        np.testing.assert_allclose(dx, grads[hidden], rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(dhead, grads[head], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", ["gpt", "llama"])
def test_a_cut_model_writes_the_same(name):
    def written(model):
        return list(generate(model, [3, 1], choose=lambda logits: int(logits.argmax()), max_tokens=9))

    expected = written(model_of(name))  # beyond the context, where it reads again what it wrote
    assert len(set(expected)) > 1
    assert run_ranks(2, lambda comm: written(split(model_of(name), comm))) == [expected] * 2


@pytest.mark.parametrize("ids", [[[0, V]], [[-1, 0]]])
def test_ids_outside_the_vocabulary_are_refused_in_every_rank(ids):
    with pytest.raises(UsageError, match=rf"token id .* is outside the vocabulary 0..{V - 1}"):
        run_ranks(2, lambda comm: split(model_of("gpt"), comm)(np.array(ids)))


@pytest.mark.parametrize("change", [lambda model, comm: recomputing(split(model, comm)),
                                    lambda model, comm: split(recomputing(model), comm)])  # fmt: skip
def test_blocks_that_are_recomputed_meet_again_in_backward(change):
    loss, grads = gradients(model_of("llama"), "llama")
    for found_loss, found in run_ranks(2, lambda comm: gradients(change(model_of("llama"), comm), "llama")):
        assert found_loss == pytest.approx(loss, rel=1e-12)
        assert_near(found, grads, np.float64)


def test_a_classifier_keeps_its_vocabulary_whole():
    ids, lengths = batch_of("gpt")[0], np.array([6, 2, 3, 1, 6])

    def logits(cut=lambda model: model):
        model = Classifier(model_of("gpt"), 3, rng=np.random.default_rng(0))
        return cut(model)(ids, lengths).data

    for found in run_ranks(2, lambda comm: logits(lambda model: split(model, comm))):
        np.testing.assert_allclose(found, logits(), rtol=1e-10)


def test_what_is_frozen_stays_frozen_and_gets_no_gradient():
    def work(comm):
        model = model_of("gpt")
        freeze(model, lambda name, weight: "qkv" in name or "tokens" in name)
        model = split(model, comm)
        grads = backward(model.loss(*batch_of("gpt")))
        names = {name for name, p in model.named_parameters() if p in grads}
        return names, {name for name, p in whole(model).named_parameters()}

    for with_gradient, learned in run_ranks(2, work):
        assert with_gradient == learned
        assert not any("qkv" in name or "tokens" in name for name in learned)


class Wrapper(Around):
    """What another technique puts around a layer."""


def wrapped(model):
    return replace_modules(model, lambda path, m: Wrapper(m) if path.endswith("blocks.3.feed_forward.up") else m)


@pytest.mark.parametrize(
    ("model", "size", "told"),
    [
        (lambda: model_of("gpt"), 3, r"blocks\.0\.attention: 4 heads are not a multiple of 3 ranks; take tp=2"),
        (lambda: model_of("llama with shared keys"), 4, r"2 kv_heads are not a multiple of 4 ranks; take tp=2"),
        (lambda: model_of("lstm"), 2, "a LSTM has no layer that can be cut; take tp=1, and dp=2"),
        (lambda: wrapped(model_of("gpt")), 2, r"blocks\.3\.feed_forward\.up is no plain linear layer; cut the model"),
        (lambda: GPT(GPTConfig(**SHAPE | {"vocab_size": 3}), rng=np.random.default_rng(0)), 4, "a vocabulary of 3"),
        (lambda: layers.FeedForward(4, 9, rng=np.random.default_rng(0)), 2, "9 hidden channels are not a multiple"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_told_and_left_as_it_was(model, size, told):
    def work(comm):
        mine = model()
        before = weights(mine)
        with pytest.raises(UsageError, match=told):
            split(mine, comm)
        assert_same(weights(mine), before)

    run_ranks(size, work)


@pytest.mark.parametrize("name", ["gpt", "llama"])
def test_on_a_gpu(cupy, name):
    expected = gradients(model_of(name, np.float32), name)

    def work(comm):
        model = model_of(name, np.float32)
        map_parameters(model, lambda array: to_device(array, "gpu"))
        loss, grads = gradients(split(model, comm), name)
        return loss, {n: to_host(array) for n, array in grads.items()}

    for loss, grads in run_ranks(2, work):
        assert loss == pytest.approx(expected[0], rel=1e-5)
        assert_near(grads, expected[1], np.float32)


def test_one_rank_alone_is_cut_into_one():
    assert gradients(split(model_of("gpt"), ALONE), "gpt")[0] == pytest.approx(gradients(model_of("gpt"), "gpt")[0])
