"""int8 weights: the nearest codes, products with them, and every model of the catalogue in them and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import storage
from tinyllm.backend import kernels, threads
from tinyllm.backend.vectors import AT_ONCE, one_row, several_rows
from tinyllm.compress import int8, int8_products
from tinyllm.compress.int8 import Int8Config, encode, quantize
from tinyllm.compress.int8_products import FEW, decode, int8_linear
from tinyllm.compress.quantized import bytes_of, dequantize
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import Weight, load_weights, map_parameters, weights
from tinyllm.tensor import Tensor, backward, no_grad

each_model = pytest.mark.parametrize("name", catalog.MODELS)
SIZES = {"vocab_size": 300, "context": 24, "layers": 2, "width": 64}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def new_model(name, **sizes):
    return catalog.new_model(catalog.find(name).config(**SIZES | sizes), rng=np.random.default_rng(0))


def batch_of(model):
    rng, ids = np.random.default_rng(1), np.random.default_rng(2).integers(300, size=(2, 25))
    return catalog.architecture_of(model.config).bare_objective(model.config)(ids[:, :-1], ids[:, 1:], rng)


# ------------------------------------------------------------------------------------------------------------ the codes


@given(rows=st.integers(1, 5), n=st.integers(1, 200), group=st.sampled_from([0, 64, 128]), seed=st.integers(0, 99))
def test_a_code_is_the_nearest_number_of_steps_and_the_largest_weight_has_127(rows, n, group, seed):
    weight = normal(rows, n, seed=seed)
    weight[0] = 0
    codes, scale = encode(weight, group)
    assert codes.dtype == np.int8 and codes.shape == (rows, n) and abs(codes.astype(int)).max() <= 127
    assert scale.dtype == np.float32 and scale.shape == (rows, -(-n // (group or n)))
    for row in range(rows):
        for g in range(scale.shape[1]):
            part = slice(g * (group or n), (g + 1) * (group or n))
            largest = abs(weight[row, part]).max()
            assert scale[row, g] == np.float32(largest / 127)
            assert abs(codes[row, part].astype(int)).max() == (127 if largest else 0)
            assert (abs(codes[row, part] * scale[row, g] - weight[row, part]) <= scale[row, g] * 0.50001).all()
    again, _ = encode(decode(codes, scale, group), group)
    assert np.array_equal(again, codes)


def test_a_group_is_a_multiple_of_64():
    for group, words in {32: "no multiple of 64; choose 64, 128", 100: "no multiple", -64: "at least 0"}.items():
        with pytest.raises(UsageError, match=words):
            Int8Config(group)


# ------------------------------------------------------------------------------------------------------------- products


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 300), st.sampled_from([1, 2, FEW, FEW + 1, 40])),
    group=st.sampled_from([0, 64, 128]),
    magnitude=st.sampled_from([1e-20, 1.0, 1e10]),
    bias=st.booleans(),
)
def test_the_twin_gives_what_the_meaning_gives(shape, group, magnitude, bias):
    n_out, n_in, rows = shape
    codes, scale = encode(normal(n_out, n_in), group)
    x = np.float32(magnitude) * normal(rows, n_in, seed=1)
    bias = np.float32(magnitude) * normal(n_out, seed=2) if bias else None
    y = int8_linear(x, codes, scale, bias, group=group).data
    with kernels.without_numba():
        expected = int8_linear(x, codes, scale, bias, group=group).data
    assert y.shape == expected.shape == (rows, n_out) and y.dtype == expected.dtype == np.float32
    size = np.abs(x) @ np.abs(decode(codes, scale, group)).T  # what the products add up to without their signs
    assert (abs(y - expected) <= 4e-4 * size + 1e-6 * abs(expected)).all()


@pytest.mark.parametrize("width", [768, 3072, 20_000])
def test_the_products_of_the_largest_numbers_do_not_overflow(width):
    codes, scale = np.full((3, width), 127, np.int8), np.ones((3, 1), np.float32)
    y = int8_linear(np.full((1, width), -2.0, np.float32), codes, scale, group=0).data
    np.testing.assert_allclose(y, -2.0 * 127 * width, rtol=1e-5)


@given(groups=st.integers(0, 5), length=st.sampled_from([0, 64, 128, 192]), seed=st.integers(0, 99))
def test_the_vectors_give_what_they_mean(groups, length, seed):
    """Of as many rows as they take at once, and of one."""
    rng = np.random.default_rng(seed)
    for dots, rows in ((several_rows, AT_ONCE), (one_row, 1)):
        codes = rng.integers(-127, 128, (rows, groups * length + 3)).astype(np.int8)
        x = rng.integers(-32767, 32768, codes.shape[1]).astype(np.int16)
        scales, found, expected = normal(rows, groups + 1), *np.empty((2, rows), np.float32)
        dots(codes, x, scales, groups, length, found)
        dots.function(codes, x, scales, groups, length, expected)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * 127 * 32767 * (length + 1))


def test_what_is_no_number_stays_in_sight():
    codes, scale = encode(normal(5, 100))
    for wrong in (np.nan, np.inf):
        for rows in (1, FEW + 1):
            x = normal(rows, 100)
            x[0, 3] = wrong
            with np.errstate(all="ignore"):
                assert not np.isfinite(int8_linear(x, codes, scale, group=0).data[0]).any()


def test_threads_share_the_rows_and_change_nothing(monkeypatch):
    codes, scale = encode(normal(1000, 100), 64)
    x, found = normal(2, 100), []
    monkeypatch.setattr(int8_products, "ALONE", 1)
    for count in (1, 2, 3, 7):
        monkeypatch.setattr(threads, "cores", lambda count=count: count)
        found.append(int8_linear(x, codes, scale, group=64).data)
    assert all(np.array_equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize("rows", [2, FEW + 1])
def test_gradients_pass_through_to_what_is_learned(rows):
    codes, scale = encode(normal(6, 70), 64)
    x, bias = Tensor(normal(rows, 70), requires_grad=True), Tensor(normal(6), requires_grad=True)
    grads = backward(int8_linear(x, Weight(codes), Weight(scale), bias, group=64), normal(rows, 6, seed=3))
    dy = normal(rows, 6, seed=3)
    np.testing.assert_allclose(grads[x], dy @ decode(codes, scale, 64), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(grads[bias], dy.sum(axis=0), rtol=1e-5)
    assert grads.keys() == {x, bias}


# --------------------------------------------------------------------------------------------------------------- models


@each_model
@pytest.mark.parametrize("group", [0, 64])
def test_every_model_works_in_int8_and_comes_back(name, group):
    model = new_model(name)
    batch, names = batch_of(model), [name for name, _ in model.named_weights()]
    with no_grad():
        before = model.loss(*batch).item()
        assert quantize(model, Int8Config(group)) is model
        in_int8 = model.loss(*batch).item()
        assert in_int8 == pytest.approx(before, rel=0.01) and in_int8 != before
        codes = weights(model)
        assert {a.dtype.name for a in codes.values()} == {"int8", "float32"}
        assert dequantize(model) is model
        assert model.loss(*batch).item() == pytest.approx(in_int8, rel=1e-4)
    assert [name for name, _ in model.named_weights()] == names
    assert [name for name, _ in model.named_parameters()] == names
    again = weights(quantize(model, Int8Config(group)))
    assert again.keys() == codes.keys()
    for key, array in codes.items():
        if array.dtype == np.int8:
            assert np.array_equal(array, again[key]), key


@pytest.mark.parametrize("name", ["gpt", "llama", "rnn", "lstm"])
def test_a_text_that_goes_on_token_by_token_gives_what_it_gives_at_once(name):
    model = quantize(new_model(name), Int8Config(64))
    ids = np.random.default_rng(0).integers(300, size=(1, 20))
    with no_grad():
        whole, caches = model(ids).data, model.new_caches()
        parts = [model(ids[:, i : i + 1], caches).data for i in range(20)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=2e-3)


def test_a_head_that_is_tied_stays_so():
    model = quantize(new_model("t5"))
    assert model.encoder.tokens is model.decoder.tokens
    assert sum(name.endswith("tokens.codes") for name, _ in model.named_weights()) == 1
    hidden = Tensor(normal(1, 3, 64))
    np.testing.assert_allclose((hidden @ model.head()).data, hidden.data @ model.head().data, rtol=1e-3, atol=1e-3)
    head = quantize(new_model("gpt")).head()
    assert head.shape == (64, 300) and head.T.shape == (300, 64) and head.T.T.shape == (64, 300)
    assert np.array_equal(head.T.data, head.data.T)


@pytest.mark.parametrize("name", ["gpt", "llama"])
@pytest.mark.parametrize("group", [0, 64])
def test_a_model_of_usual_size_takes_27_percent_of_float32(name, group):
    model = new_model(name, vocab_size=2048, width=192, layers=4)
    before = bytes_of(model)
    assert before == sum(4 * w.data.size for _, w in model.named_weights())
    stored = [w.data for _, w in quantize(model, Int8Config(group)).named_weights()]
    assert bytes_of(model) == sum(a.size * a.itemsize for a in stored) and 0.25 < bytes_of(model) / before < 0.27


def test_what_is_in_int8_is_not_quantised_twice():
    with pytest.raises(UsageError, match=r"tokens is quantised already; dequantize\(model\) undoes it"):
        quantize(quantize(new_model("gpt")))


def test_codes_go_through_a_file_bitwise(tmp_path):
    model, other = quantize(new_model("gpt"), Int8Config(64)), quantize(new_model("gpt", dropout=0.1), Int8Config(64))
    map_parameters(other, np.zeros_like)
    storage.save_arrays(tmp_path / "weights", weights(model))
    load_weights(other, storage.load_arrays(tmp_path / "weights"))
    ids = np.arange(20)[None]
    with no_grad():
        assert np.array_equal(model(ids).data, other(ids).data)


def test_only_the_layers_that_are_known_are_changed():
    class Mine(layers.Linear):
        """A layer of somebody else's."""

    model = new_model("gpt")
    model.blocks[0].attention.out = mine = Mine(64, 64, rng=np.random.default_rng(0))
    quantize(model)
    assert model.blocks[0].attention.out is mine and type(model.blocks[1].attention.out) is int8.Int8Linear


def test_it_runs_on_a_gpu_as_in_memory(cupy):
    model = quantize(new_model("gpt"), Int8Config(64))
    ids = np.arange(20)[None]
    with no_grad(), kernels.without_numba():
        here = model(ids).data
        map_parameters(model, cupy.asarray)
        there = model(ids).data
        assert quantize(dequantize(model)).tokens.codes.data.dtype == np.int8
    np.testing.assert_allclose(there.get(), here, rtol=1e-4, atol=1e-5)
