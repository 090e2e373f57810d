"""int4 weights: the nearest codes and steps, how they are packed, and every model in them and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import storage
from tinyllm.backend import kernels
from tinyllm.compress import int4
from tinyllm.compress.int4 import Int4Config, in_blocks, lowest, nearest, nibbles, pack, quantize, rounded, steps_of
from tinyllm.compress.nibble_products import FEW, decode
from tinyllm.compress.quantized import bytes_of, dequantize
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import count_parameters, load_weights, map_parameters, weights
from tinyllm.tensor import Tensor, backward, no_grad

each_model = pytest.mark.parametrize("name", catalog.MODELS)
each_bits = pytest.mark.parametrize("bits", [3, 4])
SIZES = {"vocab_size": 300, "context": 24, "layers": 2, "width": 64}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def new_model(name, **sizes):
    return catalog.new_model(catalog.find(name).config(**SIZES | sizes), rng=np.random.default_rng(0))


def batch_of(model):
    rng, ids = np.random.default_rng(1), np.random.default_rng(2).integers(300, size=(2, 25))
    return catalog.architecture_of(model.config).bare_objective(model.config)(ids[:, :-1], ids[:, 1:], rng)


def linear(n_in, n_out, kind=layers.Linear):
    return kind(n_in, n_out, rng=np.random.default_rng(0))


@each_bits
@given(
    rows=st.integers(1, 4), n=st.integers(1, 200), magnitude=st.sampled_from([1e-3, 1, 1e3]), seed=st.integers(0, 99)
)
def test_a_code_is_the_nearest_and_no_step_that_is_tried_comes_nearer(bits, rows, n, magnitude, seed):
    weight = np.float32(magnitude) * normal(rows, n, seed=seed)
    weight[0, : n // 2] = 0
    step = steps_of(weight, bits)
    codes = rounded(weight, step, bits)
    assert step.dtype == np.float16 and step.shape == (rows, -(-n // 64))
    assert codes.dtype == np.int8 and codes.shape == (rows, n)
    possible = np.arange(lowest(bits), -lowest(bits))
    for row in range(rows):
        for g in range(step.shape[1]):
            part, of_codes = weight[row, 64 * g : 64 * g + 64], codes[row, 64 * g : 64 * g + 64]
            wide = np.float64(step[row, g])
            distance = abs(possible * wide - part[:, None].astype(float))
            np.testing.assert_allclose(
                abs(of_codes * wide - part), distance.min(axis=1), rtol=1e-5, atol=1e-6 * magnitude
            )
            error = (distance.min(axis=1) ** 2).sum()
            for share in int4.SHARES:
                other = np.float64(np.float16(part[abs(part).argmax()] / lowest(bits) * share))
                least = (abs(possible * other - part[:, None]).min(axis=1) ** 2).sum()
                assert error <= least * (1 + 1e-4) + 1e-9 * magnitude**2


def test_weights_that_lie_on_even_steps_come_back():
    weight = np.random.default_rng(0).integers(-8, 8, size=(5, 130)) * np.float32(0.25)
    weight[:, ::64] = -2
    step = steps_of(weight, 4)
    assert np.array_equal(rounded(weight, step, 4) * np.repeat(step, 64, axis=1)[:, :130], weight)


@each_bits
@given(rows=st.integers(1, 4), n=st.integers(1, 70), seed=st.integers(0, 99))
def test_what_is_packed_is_found_again(bits, rows, n, seed):
    codes = np.random.default_rng(seed).integers(lowest(bits), -lowest(bits), size=(rows, n)).astype(np.int8)
    packed = pack(codes, bits)
    assert packed.dtype == np.uint8 and packed.shape == (rows, -(-n // 2) if bits == 4 else 3 * -(-n // 8))
    pairs = nibbles(packed, bits, n)
    with kernels.without_numba():
        assert np.array_equal(nibbles(packed, bits, n), pairs)
    assert pairs.dtype == np.uint8 and pairs.shape == (rows, -(-n // 2))
    found = decode(np.ascontiguousarray(pairs), np.ones((rows, -(-n // 64)), np.float32), n, int4.values(bits))
    assert np.array_equal(found, codes)


@each_bits
@pytest.mark.parametrize("rows", [1, FEW + 1])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_product_is_that_with_the_decoded_matrix(bits, rows, scaled):
    layer = int4.Int4(linear(130, 20), Int4Config(bits=bits, scaled=scaled))
    layer.bias.data[:] = normal(20, seed=4)
    if scaled:
        layer.channels.data[:] = abs(normal(130, seed=3)) + np.float32(0.1)
    x, dy = Tensor(normal(rows, 130, seed=1), requires_grad=True), normal(rows, 20, seed=2)
    y, matrix = layer(x), layer.matrix
    np.testing.assert_allclose(y.data, x.data @ matrix.T + layer.bias.data, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(backward(y, dy)[x], dy @ matrix, rtol=1e-4, atol=1e-4)
    with kernels.without_numba():
        np.testing.assert_allclose(layer(x).data, y.data, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer.restored(np.random.default_rng(0))(x).data, y.data, rtol=1e-4, atol=1e-4)


@each_bits
def test_how_many_bits_a_weight_takes(bits):
    before = linear(768, 3072, layers.Projection)
    assert 8 * bytes_of(int4.Int4(before, Int4Config(bits=bits))) / before.weight.data.size == bits + 0.25


@each_model
def test_every_model_works_in_int4_and_comes_back(name):
    model = new_model(name)
    batch, names, learned = batch_of(model), [name for name, _ in model.named_weights()], count_parameters(model)
    with no_grad():
        before = model.loss(*batch).item()
        assert quantize(model) is model
        in_int4 = model.loss(*batch).item()
        assert in_int4 == pytest.approx(before, rel=0.1) and in_int4 != before
        assert {a.dtype.name for a in weights(model).values()} == {"uint8", "int8", "float16", "float32"}
        assert dequantize(model) is model
        assert model.loss(*batch).item() == pytest.approx(in_int4, rel=1e-3)
    assert [name for name, _ in model.named_weights()] == names and count_parameters(model) == learned


def test_what_cannot_be_quantised_is_refused():
    with pytest.raises(UsageError, match=r"is quantised already; dequantize\(model\) undoes it"):
        quantize(quantize(new_model("gpt")))
    for wrong, words in (
        (np.nan, "holds NaN or infinity"),
        (1e6, r"a weight of 1e\+06 is too large for int4; use int8"),
    ):
        model = new_model("gpt")
        model.blocks[1].attention.out.weight.data[3, 4] = wrong
        with pytest.raises(UsageError, match=words):
            quantize(model)


@each_bits
def test_codes_go_through_a_file_bitwise(bits, tmp_path):
    config = Int4Config(bits=bits, scaled=True)
    model, other = quantize(new_model("gpt"), config), quantize(new_model("gpt", dropout=0.1), config)
    map_parameters(other, np.zeros_like)
    storage.save_arrays(tmp_path / "weights", weights(model))
    load_weights(other, storage.load_arrays(tmp_path / "weights"))
    ids = np.arange(20)[None]
    with no_grad():
        assert np.array_equal(model(ids).data, other(ids).data)


@each_bits
def test_it_runs_on_a_gpu_as_in_memory(cupy, bits):
    model = quantize(new_model("gpt"), Int4Config(bits=bits, scaled=True))
    ids = np.arange(20)[None]
    with no_grad(), kernels.without_numba():
        here = model(ids).data
        map_parameters(model, cupy.asarray)
        there = model(ids).data
        codes = weights(quantize(dequantize(model), Int4Config(bits=bits)))["blocks.0.attention.out.codes"]
    np.testing.assert_allclose(there.get(), here, rtol=1e-4, atol=1e-5)
    assert isinstance(codes, cupy.ndarray) and codes.dtype == np.uint8


def test_the_nearest_code_of_a_step_of_zero_is_zero():
    assert not nearest(in_blocks(np.zeros((2, 70), np.float32)), np.zeros((2, 2), np.float32), 4).any()
