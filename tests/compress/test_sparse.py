"""Sparse weights: which are kept, how they are packed, products with them, their gradients, and every model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.backend import kernels
from tinyllm.compress import sparse
from tinyllm.compress.quantized import bytes_of, dequantize
from tinyllm.compress.sparse import SparseConfig, best, kept_of, pack, quantize, sparse_linear, unpack, whole
from tinyllm.errors import UsageError
from tinyllm.gradcheck import check
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import map_parameters
from tinyllm.tensor import no_grad

SIZES = {"vocab_size": 300, "context": 24, "layers": 2, "width": 64}
CONFIGS = st.builds(SparseConfig, sparsity=st.floats(0, 0.99)) | st.just(SparseConfig(pattern="2:4"))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def new_model(name):
    return catalog.new_model(catalog.find(name).config(**SIZES), rng=np.random.default_rng(0))


def batch_of(model):
    rng, ids = np.random.default_rng(1), np.random.default_rng(2).integers(300, size=(2, 25))
    return catalog.architecture_of(model.config).bare_objective(model.config)(ids[:, :-1], ids[:, 1:], rng)


@given(rows=st.integers(1, 5), n=st.integers(1, 40), config=CONFIGS, seed=st.integers(0, 99), few=st.booleans())
def test_the_best_of_each_row_or_of_each_four_are_kept(rows, n, config, seed, few):
    scores = np.random.default_rng(seed).integers(0, 3 if few else 1000, size=(rows, n)).astype(np.float32)
    mask = best(scores, config)
    assert mask.shape == scores.shape and mask.dtype == bool
    assert (mask.sum(axis=1) == kept_of(n, config)).all()
    parts = [slice(i, i + 4) for i in range(0, n, 4)] if config.pattern == "2:4" else [slice(0, n)]
    for row in range(rows):
        for part in parts:
            of_mask, of_scores = mask[row, part], scores[row, part]
            if config.pattern == "2:4":
                assert of_mask.sum() == min(2, of_mask.size)
            if of_mask.any() and not of_mask.all():
                assert of_scores[of_mask].min() >= of_scores[~of_mask].max()


@given(rows=st.integers(1, 5), n=st.integers(1, 40), config=CONFIGS, seed=st.integers(0, 99))
def test_what_is_packed_is_found_again(rows, n, config, seed):
    weight = normal(rows, n, seed=seed)
    mask = best(abs(weight), config)
    bits = pack(mask)
    assert bits.dtype == np.uint8 and bits.shape == (rows, -(-n // 8)) and np.array_equal(unpack(bits, n), mask)
    values = weight[mask].reshape(rows, -1)
    found = whole(values, bits, n)
    assert np.array_equal(found, weight * mask)
    with kernels.without_numba():
        assert np.array_equal(whole(values, bits, n), found)


@given(rows=st.integers(1, 4), n_in=st.integers(1, 12), n_out=st.integers(1, 4), config=CONFIGS, bias=st.booleans())
def test_the_gradient_of_a_product(rows, n_in, n_out, config, bias):
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(n_out, n_in))
    mask = best(abs(weight), config)
    values, bits = weight[mask].reshape(n_out, -1), pack(mask)
    inputs = [rng.normal(size=(rows, n_in)), values, *([rng.normal(size=n_out)] if bias else [])]

    def product(x, values, *bias):
        return sparse_linear(x, values, bits, *bias)

    expected = inputs[0] @ (weight * mask).T + (inputs[2] if bias else 0)
    np.testing.assert_allclose(
        sparse_linear(inputs[0], values, bits, *inputs[2:]).data, expected, rtol=1e-10, atol=1e-12
    )
    assert check(product, inputs).right


@pytest.mark.parametrize("name", catalog.MODELS)
@pytest.mark.parametrize("pattern", sparse.PATTERNS)
def test_every_model_works_and_comes_back(name, pattern):
    model, config = new_model(name), SparseConfig(pattern=pattern)
    batch, names = batch_of(model), [name for name, _ in model.named_weights()]
    with no_grad():
        before = model.loss(*batch).item()
        assert quantize(model, config) is model
        found = model.loss(*batch).item()
        assert found == pytest.approx(before, rel=0.2) and found != before
        assert dequantize(model) is model
        assert model.loss(*batch).item() == pytest.approx(found, rel=1e-4)
    assert [name for name, _ in model.named_weights()] == names


def test_how_many_bytes_a_weight_takes():
    layer = layers.Projection(768, 512, rng=np.random.default_rng(0))
    found = bytes_of(sparse.Sparse(layer, SparseConfig(sparsity=0.75)))
    assert found / layer.weight.data.size == 4 / 4 + 1 / 8


def test_what_cannot_be_made_sparse_is_refused():
    with pytest.raises(UsageError, match=r"is quantised already; dequantize\(model\) undoes it"):
        quantize(quantize(new_model("gpt")))
    with pytest.raises(
        UsageError, match=r"pattern=2:4 leaves half of the weights whatever sparsity=0\.7 says; leave one out"
    ):
        SparseConfig(pattern="2:4", sparsity=0.7)


def test_it_runs_on_a_gpu_as_in_memory(cupy):
    model = quantize(new_model("gpt"), SparseConfig(sparsity=0.4))
    ids = np.arange(20)[None]
    with no_grad(), kernels.without_numba():
        here = model(ids).data
        map_parameters(model, cupy.asarray)
        there = model(ids).data
        again = quantize(dequantize(model), SparseConfig(sparsity=0.4))(ids).data
    np.testing.assert_allclose(there.get(), here, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(again.get(), here, rtol=1e-4, atol=1e-5)
