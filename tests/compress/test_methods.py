"""Methods that see texts: what goes into a layer, GPTQ beside its definition, scaled channels, all on every model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.compress import formats, gptq, int4, int8, methods, scaling, sparse
from tinyllm.compress.calibrate import Inputs, watch
from tinyllm.compress.int8_products import decode
from tinyllm.compress.methods import AWQConfig, GPTQConfig, RoundingConfig, SmoothQuantConfig, WandaConfig
from tinyllm.compress.quantized import bytes_of
from tinyllm.compress.sparse import SparseConfig
from tinyllm.compress.w8a8 import W8A8, whole_steps
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import weights
from tinyllm.tensor import Tensor, backward, no_grad

SIZES = {"vocab_size": 300, "context": 24, "layers": 2, "width": 64}
CALIBRATED = [
    GPTQConfig(bits=8, texts=4), GPTQConfig(bits=4, texts=4), GPTQConfig(bits=3, texts=4), AWQConfig(texts=4),
    AWQConfig(bits=3, texts=4), SmoothQuantConfig(texts=4), WandaConfig(texts=4, sparsity=0.3),
]  # fmt: skip


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def new_model(name):
    return catalog.new_model(catalog.find(name).config(**SIZES), rng=np.random.default_rng(0))


def batches_of(model):
    rng, ids = np.random.default_rng(1), np.random.default_rng(2).integers(300, size=(2, 25))
    while True:
        yield catalog.architecture_of(model.config).bare_objective(model.config)(ids[:, :-1], ids[:, 1:], rng)


def seen(x):
    inputs = Inputs(x.shape[1])
    inputs.add(x)
    return inputs


def uneven(rows, n, seed=0):
    """(rows, n): channels that hang together, some of which are much larger, and one of which is always 0."""
    x = normal(rows, n, seed=seed) @ normal(n, n, seed=seed + 1) * np.exp(normal(n, seed=seed + 2))
    x[:, n // 2] = 0
    return x


# ---------------------------------------------------------------------------------------------------------- calibration


def test_what_goes_into_a_layer_is_seen_and_the_model_stays_as_it_was():
    model = new_model("gpt")
    before, batch = weights(model), next(batches_of(model))
    found = watch(model, [batch, batch])
    assert sorted(found) == sorted(
        path for path, module in model.named_modules() if type(module) in (layers.Linear, layers.Projection)
    )
    assert weights(model).keys() == before.keys() and type(model.blocks[0].attention.qkv) is layers.Linear
    x, shared = model.begin(batch[0])
    assert not shared
    went_in = model.blocks[0].norm1(x).data.reshape(-1, 64).astype(float)
    of_first = found["blocks.0.attention.qkv"]
    assert of_first.rows == 2 * len(went_in)
    np.testing.assert_allclose(of_first.gram, 2 * went_in.T @ went_in, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(of_first.mean, abs(went_in).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(of_first.largest, abs(went_in).max(axis=0), rtol=1e-6)


def test_a_model_that_fails_while_it_reads_is_left_as_it_was():
    model = new_model("gpt")
    with pytest.raises(UsageError, match="outside the vocabulary"):
        watch(model, [(np.full((1, 4), 300), np.zeros((1, 4), int))])
    assert type(model.blocks[0].attention.qkv) is layers.Linear


# ----------------------------------------------------------------------------------------------------------------- GPTQ


def by_definition(matrix, gram, step, *, group, least, most, damping):
    """GPTQ as it is derived: of the columns left, the inverse of their own H, made anew for each."""
    order = np.argsort(-gram.diagonal(), kind="stable")
    H, W, codes = gptq.damped(gram, damping), matrix.astype(float), np.zeros(matrix.shape, np.int8)
    for i, j in enumerate(order):
        left = order[i:]
        inverse = np.linalg.inv(H[np.ix_(left, left)])
        steps = step[:, j // group].astype(float)
        steps = np.where(steps == 0, 1, steps)
        codes[:, j] = np.clip(np.rint(W[:, j] / steps), least, most)
        error = (W[:, j] - codes[:, j] * steps) / inverse[0, 0]
        W[:, left] -= error[:, None] * inverse[0]
    return codes


@given(n=st.integers(2, 40), n_out=st.integers(1, 6), bits=st.sampled_from([3, 4, 8]), columns=st.integers(1, 50),
       seed=st.integers(0, 99))  # fmt: skip
def test_gptq_is_its_definition_in_float64(n, n_out, bits, columns, seed):
    matrix, gram = normal(n_out, n, seed=seed), seen(uneven(3 * n, n, seed)).gram
    step = int8.encode(matrix)[1] if bits == 8 else int4.steps_of(matrix, bits)
    how = {"group": n if bits == 8 else 64, "least": -(2 ** (bits - 1)), "most": 2 ** (bits - 1) - 1, "damping": 0.01}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gptq, "COLUMNS", columns)
        found = gptq.gptq(matrix, gram, step, **how)
    assert np.array_equal(found, by_definition(matrix, gram, step, **how))


@pytest.mark.parametrize("bits", [3, 4, 8])
def test_gptq_changes_the_output_less_than_the_nearest_codes_do(bits):
    matrix, x = normal(40, 200), uneven(600, 200)
    inputs = seen(x)
    chosen = GPTQConfig(bits=bits).choose(matrix, inputs)
    if bits == 8:
        codes, scale = int8.encode(matrix)
        nearest, found = decode(codes, scale, 0), decode(chosen["codes"], chosen["scale"], 0)
    else:
        step = np.repeat(chosen["step"].astype(np.float32), 64, axis=1)[:, :200]
        nearest, found = int4.rounded(matrix, chosen["step"], bits) * step, chosen["codes"] * step
    before, after = (((x @ (each - matrix).T) ** 2).sum() for each in (nearest, found))
    assert after < 0.6 * before
    assert scaling.output_error(found - matrix, inputs.gram) == pytest.approx(after, rel=1e-3)


def test_where_channels_have_nothing_to_do_with_one_another_gptq_rounds_to_the_nearest():
    matrix, inputs = normal(5, 70), Inputs(70)
    inputs.gram = np.diag(np.arange(70.0))
    chosen = GPTQConfig(bits=4).choose(matrix, inputs)
    assert np.array_equal(chosen["codes"], int4.rounded(matrix, chosen["step"], 4))


# -------------------------------------------------------------------------------------------------------------- scaling


@pytest.mark.parametrize("bits", [3, 4])
def test_awq_changes_the_output_less_where_channels_differ(bits):
    matrix = normal(40, 200)
    x = normal(600, 200, seed=5) * np.where(np.arange(200) % 20, 0.1, 10).astype(np.float32)
    chosen = AWQConfig(bits=bits).choose(matrix, seen(x))
    step = np.repeat(chosen["step"].astype(np.float32), 64, axis=1)[:, :200]
    found = chosen["codes"] * step / chosen["channels"]
    plain = int4.rounded(matrix, int4.steps_of(matrix, bits), bits)
    nearest = plain * np.repeat(int4.steps_of(matrix, bits).astype(np.float32), 64, axis=1)[:, :200]
    before, after = (((x @ (each - matrix).T) ** 2).sum() for each in (nearest, found))
    assert after < 0.5 * before


def test_smoothquant_evens_out_what_goes_in_and_the_weights():
    matrix = normal(40, 64)
    x = normal(600, 64, seed=5) * np.where(np.arange(64) == 9, 100, 1).astype(np.float32)
    channels, step = scaling.smoothed(matrix, seen(x), 0.5)
    np.testing.assert_allclose(abs(x / channels).max(axis=0), abs(matrix * channels).max(axis=0), rtol=1e-4)
    assert abs(x / channels).max() == pytest.approx(127 * step, rel=1e-6)

    def error(smoothing):
        layer = layers.Projection(64, 40, rng=np.random.default_rng(0))
        layer.weight.data = matrix.T.copy()
        form = W8A8(layer)
        form.put(**SmoothQuantConfig(smoothing=smoothing).choose(matrix, seen(x)))
        return ((form(x).data - x @ matrix.T) ** 2).sum()

    assert error(0.5) < 0.1 * error(0)  # without it, one channel makes the steps of all too long


def test_whole_steps_cut_off_what_lies_beyond():
    x = Tensor(np.array([0.24, 0.26, -3.0, 500.0, -1000.0]), requires_grad=True)
    y = whole_steps(x, np.full(5, 2.0))
    assert y.data.tolist() == [0, 1, -6, 127, -127]
    assert backward(y, np.ones(5))[x].tolist() == [2, 2, 2, 0, 0]


# -------------------------------------------------------------------------------------------------------------- pruning


@pytest.mark.parametrize("pattern", ["rows", "2:4"])
def test_wanda_keeps_what_changes_the_output_more_than_magnitudes_tell(pattern):
    matrix = normal(40, 200)
    x = normal(600, 200, seed=5) * np.exp(normal(200, seed=6))
    chosen = WandaConfig(pattern=pattern).choose(matrix, seen(x))
    by_magnitude = sparse.best(abs(matrix), SparseConfig(pattern=pattern))
    assert (chosen["mask"].sum(axis=1) == 100).all()
    scores = abs(matrix) * np.linalg.norm(x, axis=0)
    for row in range(40):
        for part in [slice(0, 200)] if pattern == "rows" else [slice(i, i + 4) for i in range(0, 200, 4)]:
            mask, score = chosen["mask"][row, part], scores[row, part]
            assert mask.sum() * 2 == mask.size and score[mask].min() >= score[~mask].max()
    before, after = (((x @ (matrix * ~mask).T) ** 2).sum() for mask in (by_magnitude, chosen["mask"]))
    assert after < 0.7 * before


# --------------------------------------------------------------------------------------------------------------- models


@pytest.mark.parametrize("config", CALIBRATED, ids=lambda c: f"{methods.name_of(c)}{getattr(c, 'bits', '')}")
@pytest.mark.parametrize("name", catalog.MODELS)
def test_every_method_works_on_every_model(name, config):
    model, other = new_model(name), new_model(name)
    batch = next(batches_of(model))
    with no_grad():
        before = model.loss(*batch).item()
        assert methods.compress(model, config, batches_of(model)) is model
        assert model.loss(*batch).item() == pytest.approx(before, rel=0.1)
    assert backward(model.loss(*batch)).keys() == set(model.parameters())
    plain = formats.quantize(other, methods.form_of(config))
    assert {n: (a.shape, a.dtype) for n, a in weights(model).items()} == {
        n: (a.shape, a.dtype) for n, a in weights(plain).items()
    }
    assert bytes_of(model) == bytes_of(plain)
    assert any(not np.array_equal(array, weights(plain)[name]) for name, array in weights(model).items())


def test_as_many_texts_are_read_as_the_config_says():
    read = []

    def batches():
        for batch in batches_of(model):
            read.append(len(batch[0]))
            yield batch

    model = new_model("gpt")
    methods.compress(model, GPTQConfig(texts=5), batches())
    assert read == [2, 2, 2]
    read.clear()
    methods.compress(new_model("gpt"), RoundingConfig(), batches())
    assert read == []


def test_bits_that_no_form_has_are_refused():
    for kind in (RoundingConfig, AWQConfig):
        with pytest.raises(UsageError, match="bits=8 is no form that this method makes; choose 4 or 3"):
            kind(bits=8)
    with pytest.raises(UsageError, match="bits=5 is no form that this method makes; choose 8, 4 or 3"):
        GPTQConfig(bits=5)
