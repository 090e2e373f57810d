"""NF4 weights: the published codes and scales, products with them, and every model in them and back."""

import importlib.util
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import storage
from tinyllm.backend import kernels, threads
from tinyllm.backend.vectors import VectorKernel, look_up
from tinyllm.compress import nf4, nibble_products
from tinyllm.compress.nf4 import decode_scale, encode, encode_scale, quantize
from tinyllm.compress.nibble_products import BLOCK, FEW, PART, VALUES, decode, nibble_linear
from tinyllm.compress.quantized import bytes_of, dequantize
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import Around, Weight, count_parameters, freeze, load_weights, map_parameters, weights
from tinyllm.optim.adamw8bit import dynamic_map
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


def linear(n_in, n_out, kind=layers.Linear):
    return kind(n_in, n_out, rng=np.random.default_rng(0))


# ----------------------------------------------------------------------------------------------- the codes, the scales


def test_the_values_are_quantiles_of_a_normal():
    """Seven below 0, 0 and eight above, from that of the same tail on both sides (Dettmers et al. 2023, appendix E)."""
    quantile, tail = statistics.NormalDist().inv_cdf, 0.9677083
    above, below = (np.array([quantile(p) for p in np.linspace(tail, 0.5, n)[:-1]]) for n in (9, 8))
    published = np.sort([*above, 0, *-below]) / above[0]
    assert VALUES.dtype == np.float32
    np.testing.assert_allclose(VALUES, published, atol=1e-6)


@given(rows=st.integers(1, 4), n=st.integers(1, 200), magnitude=st.sampled_from([1e-30, 1, 1e30]))
def test_a_code_is_the_nearest_value_and_the_largest_weight_comes_back(rows, n, magnitude):
    weight = np.float32(magnitude) * normal(rows, n)
    weight[0, : n // 2] = 0
    codes, scale = encode(weight)
    assert codes.dtype == np.uint8 and codes.shape == (rows, (n + 1) // 2)
    assert scale.dtype == np.float32 and scale.shape == (rows, -(-n // BLOCK))
    for row in range(rows):
        for i, number in enumerate(weight[row]):
            step = abs(weight[row, i // BLOCK * BLOCK : (i // BLOCK + 1) * BLOCK]).max()
            assert scale[row, i // BLOCK] == step
            code = codes[row, i // 2] >> 4 if i % 2 == 0 else codes[row, i // 2] & 15
            assert abs(VALUES[code] - number / (step or 1)) <= abs(VALUES - number / (step or 1)).min() + 1e-6
    back = decode(codes, scale, n)
    largest = abs(weight).argmax(axis=1)
    assert np.array_equal(back[range(rows), largest], weight[range(rows), largest])
    assert np.array_equal(encode(back)[0], codes)


@given(blocks=st.integers(1, 700), offset=st.sampled_from([0, 3]), seed=st.integers(0, 99))
def test_a_scale_comes_back_as_the_nearest_fraction_of_what_its_block_spans(blocks, offset, seed):
    scale = abs(normal(blocks, 1, seed=seed)) + np.float32(offset)
    codes, span, mean = encode_scale(scale)
    assert codes.dtype == np.uint8 and codes.shape == scale.shape
    assert span.shape == (-(-blocks // 256),) and mean.shape == (1,)
    back, away = decode_scale(codes, span, mean), scale - scale.mean()
    for start in range(0, blocks, 256):
        here = slice(start, start + 256)
        most = abs(away[here]).max()
        nearest = abs(away[here] - most * dynamic_map(signed=True)).min(axis=1)
        assert (abs(back - scale)[here, 0] <= nearest + 4e-5 * most + 1e-6).all()


def test_equal_scales_come_back_as_they_were():
    for value in (0, 0.1, 1e-20, 1e20):
        scale = np.full((30, 10), value, np.float32)
        assert np.array_equal(decode_scale(*encode_scale(scale)), scale)


def drawn(kind, n):
    """(n,): weights as they are, and as they are hardly ever."""
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    return {
        "random": x,
        "uniform": rng.uniform(-1, 1, n),
        "constant": np.full(n, -0.375),
        "zero blocks": x * (rng.random(-(-n // 64)) < 0.5).repeat(64)[:n],
        "tiny": 1e-30 * x,
        "huge": 1e30 * x,
        "many sizes": x * 10 ** rng.uniform(-8, 8, n),
        "one large": np.where(np.arange(n) % 100, x, 1e4),
        "the values": rng.choice(VALUES, n),
        "limits": rng.choice(nf4.LIMITS, n) * (np.arange(n) % 64 > 0) + (np.arange(n) % 64 == 0),
    }[kind].astype(np.float32)


@pytest.mark.oracle
@pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
@pytest.mark.parametrize(
    "kind",
    ["random", "uniform", "constant", "zero blocks", "tiny", "huge", "many sizes", "one large", "the values", "limits"],
)
def test_codes_and_scales_are_those_of_the_library_of_the_paper(kind):
    import torch
    from bitsandbytes import functional

    for n in (*range(1, 131), 64 * 255, 64 * 256, 64 * 257, 64 * 700, 64 * 700 + 33):
        x = drawn(kind, n)
        codes, scale = encode(x[None])
        theirs, state = functional.quantize_4bit(torch.tensor(x), blocksize=64, quant_type="nf4")
        assert np.array_equal(codes[0], theirs.numpy()[:, 0])
        # of a last block that is not whole and all 0, it says that the scale is 1e-38
        np.testing.assert_allclose(scale[0], state.absmax.numpy(), rtol=0, atol=2e-38)

        scale_codes, span, mean = encode_scale(scale)
        away, offset = scale[0] - mean, torch.tensor(scale[0]).mean()
        np.testing.assert_allclose(mean, offset.numpy(), rtol=1e-6)
        theirs, of_scales = functional.quantize_blockwise(torch.tensor(away), blocksize=256)
        assert np.array_equal(scale_codes[0], theirs.numpy()) and np.array_equal(span, of_scales.absmax.numpy())
        back = functional.dequantize_blockwise(theirs, of_scales).numpy() + mean
        np.testing.assert_allclose(decode_scale(scale_codes, span, mean)[0], back, rtol=1e-6, atol=1e-6 * span.max())

        if n % 2 == 0:  # it decodes no others fast
            theirs = functional.quantize_4bit(torch.tensor(x), blocksize=64, quant_type="nf4", compress_statistics=True)
            back = functional.dequantize_4bit(*theirs).numpy().reshape(-1)
            found = decode(codes, decode_scale(scale_codes, span, mean), n)[0]
            differ = abs(found - back) > 1e-5 * abs(x).max()
            assert differ.sum() <= n // 200  # of a scale between two: it adds up the mean in another order


# ------------------------------------------------------------------------------------------------------------- products


@given(rows=st.integers(0, 20), n=st.integers(1, 300))
def test_the_twin_decodes_as_the_meaning_does(rows, n):
    codes, scale = encode(normal(rows + 1, n))
    found = decode(codes, scale, n)
    with kernels.without_numba():
        assert np.array_equal(found, decode(codes, scale, n))


@pytest.mark.parametrize("needed", look_up.builds)
@given(blocks=st.integers(0, 5), seed=st.integers(0, 99))
def test_the_vectors_give_what_they_mean(needed, blocks, seed):
    """On a processor that has them; on others this is the meaning, compiled."""
    rng = np.random.default_rng(seed)
    codes, scales = rng.integers(0, 256, 32 * blocks + 3, np.uint8), normal(blocks, seed=seed)
    found, expected = np.full((2, 64 * blocks + 2), np.float32(7))
    VectorKernel(look_up.function, {needed: look_up.builds[needed]})(codes[:-3], scales, VALUES, found[:-2])
    look_up.function(codes[:-3], scales, VALUES, expected[:-2])
    assert np.array_equal(found, expected)


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 300), st.sampled_from([1, 2, FEW, FEW + 1, 40])),
    bias=st.booleans(),
)
def test_a_product_is_that_with_the_decoded_matrix(shape, bias):
    n_out, n_in, rows = shape
    codes, scale = encode(normal(n_out, n_in))
    x, bias = normal(rows, n_in, seed=1), normal(n_out, seed=2) if bias else None
    y = nibble_linear(x, codes, scale, bias).data
    with kernels.without_numba():
        plain = nibble_linear(x, codes, scale, bias).data
    expected = x.astype(float) @ decode(codes, scale, n_in).T.astype(float) + (0 if bias is None else bias)
    assert y.shape == plain.shape == expected.shape and y.dtype == plain.dtype == np.float32
    for found in (y, plain):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * n_in**0.5)


@pytest.mark.parametrize("rows", [2, FEW + 1])
def test_gradients_pass_through_to_what_is_learned(rows):
    codes, scale = encode(normal(6, 70))
    x, bias = Tensor(normal(rows, 70), requires_grad=True), Tensor(normal(6), requires_grad=True)
    dy = normal(rows, 6, seed=3)
    grads = backward(nibble_linear(x, Weight(codes), scale, bias), dy)
    np.testing.assert_allclose(grads[x], dy @ decode(codes, scale, 70), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(grads[bias], dy.sum(axis=0), rtol=1e-5)
    assert grads.keys() == {x, bias}


def test_the_whole_matrix_is_never_there_in_float32(monkeypatch):
    n_out, n_in, seen = PART + 100, 2 * PART + 70, []
    codes, scale = encode(normal(n_out, n_in))
    whole = decode(codes, scale, n_in)

    def watched(*arguments):
        seen.append(decode(*arguments))
        return seen[-1]

    monkeypatch.setattr(nibble_products, "decode", watched)
    x, dy = Tensor(normal(FEW + 1, n_in), requires_grad=True), normal(FEW + 1, n_out, seed=1)
    y = nibble_linear(x, codes, scale)
    np.testing.assert_allclose(y.data, x.data @ whole.T, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(backward(y, dy)[x], dy @ whole, rtol=1e-4, atol=1e-3)
    assert [part.shape for part in seen] == [
        *((PART, n_in), (100, n_in)),
        *((n_out, PART), (n_out, PART), (n_out, 70)),
    ]


def test_threads_share_the_rows_and_change_nothing(monkeypatch):
    codes, scale = encode(normal(1000, 100))
    x, found = normal(2, 100), []
    monkeypatch.setattr(nibble_products, "ALONE", 1)
    for count in (1, 2, 3, 7):
        monkeypatch.setattr(threads, "cores", lambda count=count: count)
        found.append(nibble_linear(x, codes, scale).data)
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_what_is_no_number_stays_in_sight():
    codes, scale = encode(normal(5, 100))
    for wrong in (np.nan, np.inf):
        for rows in (1, FEW + 1):
            x = normal(rows, 100)
            x[0, 3] = wrong
            with np.errstate(all="ignore"):
                assert not np.isfinite(nibble_linear(x, codes, scale).data[0]).any()


def test_an_input_of_another_width_is_refused():
    layer = nf4.NF4Linear(linear(64, 3))
    for rows in (1, FEW + 1):
        with pytest.raises(UsageError, match=r"nibble_linear: input \(\d, 60\) and codes \(3, 32\) do not agree"):
            layer(normal(rows, 60))


# --------------------------------------------------------------------------------------------------------------- models


@each_model
def test_every_model_works_in_nf4_and_comes_back(name):
    model = new_model(name)
    batch, names, learned = batch_of(model), [name for name, _ in model.named_weights()], count_parameters(model)
    with no_grad():
        before = model.loss(*batch).item()
        assert quantize(model) is model
        in_nf4, codes = model.loss(*batch).item(), weights(model)
        assert in_nf4 == pytest.approx(before, rel=0.1) and in_nf4 != before
        assert {a.dtype.name for a in codes.values()} == {"uint8", "float32"}
        assert dequantize(model) is model
        assert model.loss(*batch).item() == pytest.approx(in_nf4, rel=1e-5)
    assert [name for name, _ in model.named_weights()] == names
    assert [name for name, _ in model.named_parameters()] == names and count_parameters(model) == learned


@pytest.mark.parametrize("tokens", [1, 20])
@pytest.mark.parametrize("name", ["gpt", "llama"])
def test_logits_are_those_of_the_decoded_weights(name, tokens):
    model, other = quantize(new_model(name)), dequantize(quantize(new_model(name)))
    ids = np.random.default_rng(0).integers(300, size=(1, tokens))
    with no_grad():
        np.testing.assert_allclose(model(ids).data, other(ids).data, rtol=1e-5, atol=1e-5)


def test_a_text_that_goes_on_token_by_token_gives_what_it_gives_at_once():
    model = quantize(new_model("gpt"))
    ids = np.random.default_rng(0).integers(300, size=(1, 20))
    with no_grad():
        whole, caches = model(ids).data, model.new_caches()
        parts = [model(ids[:, i : i + 1], caches).data for i in range(20)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-4)


def test_a_weight_takes_4_bits_and_an_eighth():
    before = linear(768, 3072, layers.Projection)
    after = nf4.NF4Projection(before)
    assert after.shape == (768, 3072)
    assert 8 * bytes_of(after) / before.weight.data.size == pytest.approx(4.127, abs=1e-3)


def test_it_can_be_wrapped_and_learns_nothing_itself():
    """As an adapter does, which adds what it learns to what comes out."""

    class Added(Around):
        def __init__(self, inner):
            super().__init__(inner)
            self.b = layers.Projection(64, 3, rng=np.random.default_rng(1))

        def __call__(self, x):
            return self.inner(x) + self.b(x)

    inner = nf4.NF4Linear(linear(64, 3))
    freeze(inner)
    layer, x = Added(inner), Tensor(normal(5, 64), requires_grad=True)
    grads = backward(layer(x), normal(5, 3))
    assert grads.keys() == {x, layer.b.weight} and [name for name, _ in layer.named_parameters()] == ["@Added.b.weight"]


def test_what_cannot_be_quantised_is_refused():
    with pytest.raises(UsageError, match=r"blocks\.0\..* is quantised already; dequantize\(model\) undoes it"):
        quantize(quantize(new_model("gpt")))
    for wrong in (np.nan, np.inf):
        model = new_model("gpt")
        model.blocks[1].attention.out.weight.data[3, 4] = wrong
        with pytest.raises(UsageError, match=r"weight blocks\.1\.attention\.out\.weight holds NaN or infinity"):
            quantize(model)
        assert type(model.blocks[0].attention.out) is layers.Linear


def test_codes_go_through_a_file_bitwise(tmp_path):
    model, other = quantize(new_model("gpt")), quantize(new_model("gpt", dropout=0.1))
    map_parameters(other, np.zeros_like)
    storage.save_arrays(tmp_path / "weights", weights(model))
    load_weights(other, storage.load_arrays(tmp_path / "weights"))
    ids = np.arange(20)[None]
    with no_grad():
        assert np.array_equal(model(ids).data, other(ids).data)


def test_it_runs_on_a_gpu_as_in_memory(cupy):
    model = quantize(new_model("gpt"))
    ids = np.arange(20)[None]
    with no_grad(), kernels.without_numba():
        here = model(ids).data
        map_parameters(model, cupy.asarray)
        there = model(ids).data
        codes = weights(quantize(dequantize(model)))["blocks.0.attention.out.codes"]
    np.testing.assert_allclose(there.get(), here, rtol=1e-4, atol=1e-5)
    assert isinstance(codes, cupy.ndarray) and codes.dtype == np.uint8
