"""Mixed precision: float16 computes, float32 learns, an overflow costs one step, a resumed run is the same bitwise."""

import dataclasses
import itertools
import json

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import weights
from tinyllm.observe import observed
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.layout import Layout
from tinyllm.tensor import backward
from tinyllm.train import checkpoint, precision
from tinyllm.train import run as runs
from tinyllm.train.guard import Guard
from tinyllm.train.loop import TrainConfig, train
from tinyllm.train.tasks import DataConfig, Language
from tinyllm.train.trained import check_layout

MODEL = GPTConfig(vocab_size=300, context=16, layers=2, heads=2, width=16, dropout=0.1)
TRAINING = TrainConfig(steps=8, batch=4, accumulate=2, warmup=2, workers=2, seed=3, precision="float16")
DATA = DataConfig(texts=60, save_every=3, validate_every=4)


def made(folder, **training):
    return runs.create(folder, DATA, MODEL, dataclasses.replace(TRAINING, **training))


def fit(run, **options):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **options))


def contents(run):
    folder = checkpoint.newest_first(run.checkpoints)[0]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def arrays_of(value):
    if isinstance(value, tuple):
        return [array for item in value for array in arrays_of(item)]
    return [value] if getattr(value, "dtype", np.dtype(int)).kind == "f" else []


@pytest.mark.parametrize("name", catalog.MODELS)
def test_a_model_of_halves_computes_in_float16_but_for_its_loss(name):
    architecture, rng = catalog.find(name), np.random.default_rng(0)
    config = architecture.config(vocab_size=60, context=16, width=16)
    model = catalog.new_model(config, rng=rng)
    ids = rng.integers(0, 60, size=(4, 16))
    batch = architecture.bare_objective(config)(ids, ids, np.random.default_rng(0))

    def found():
        with F.noise(0, 0):
            loss = model.loss(*batch) * 64.0
            return loss.item(), backward(loss)

    loss, expected = found()
    precision.MasterWeights(model)
    wide = set()

    def see(seen):
        if any(array.dtype != np.float16 for array in arrays_of(seen.output)):
            wide.add((seen.name, seen.direction))

    with observed(see):
        half, grads = found()
    summed = {(name, "backward") for name in ("layer_norm", "rms_norm")}  # of their weights, which are few
    assert wide - summed <= {(f"{kind}cross_entropy", "forward") for kind in ("", "linear_")} | {
        ("multiply", "forward"),
        ("multiply", "backward"),
    }
    assert half == pytest.approx(loss, rel=2e-3)
    largest = max(np.abs(gradient).max() for gradient in expected.values())
    for parameter, gradient in expected.items():
        np.testing.assert_allclose(grads[parameter].astype(np.float32), gradient, rtol=0, atol=0.02 * largest)


def test_it_learns_what_float32_learns(tmp_path):
    mixed, plain = made(tmp_path / "mixed"), made(tmp_path / "plain", precision="float32")
    pairs = list(zip(fit(mixed), fit(plain), strict=True))
    for (report, validation), (other, expected) in pairs:
        assert report.scale == 65536 and other.scale is None and report.skipped is None
        assert report.loss == pytest.approx(other.loss, rel=1e-3)
        assert report.gradient_norm == pytest.approx(other.gradient_norm, rel=0.03)
        assert validation is None or validation == pytest.approx(expected, rel=1e-3)
    stored = storage.load_arrays(checkpoint.newest_first(mixed.checkpoints)[0] / checkpoint.WEIGHTS)
    assert {array.dtype for array in stored.values()} == {np.dtype(np.float32)}
    model = mixed.trained_model()
    assert mixed.mean_loss(model, "validation") == pairs[-1][0][1]  # it was measured as it is used


@pytest.mark.parametrize("stop", [2, 5, 6])
def test_a_resumed_run_has_the_same_scale_and_the_same_mean_bitwise(tmp_path, monkeypatch, stop):
    monkeypatch.setattr(precision, "FIRST_SCALE", 2.0**24)  # the first gradients overflow
    monkeypatch.setattr(precision, "GOOD_STEPS", 2)
    whole, parts = (made(tmp_path / name, ema=0.8, skip_spikes=True) for name in ("whole", "parts"))
    reports = [report for report, _ in fit(whole)]
    seen = []
    fit(parts, stop=lambda: len(seen) == stop - 1 or seen.append(1))
    assert runs.steps_done(parts) == stop
    rest = [report for report, _ in fit(runs.open_run(parts.folder))]
    assert contents(parts) == contents(whole)
    told = [(report.loss, report.scale, report.skipped) for report in reports]
    assert told[stop:] == [(report.loss, report.scale, report.skipped) for report in rest]
    scales = [report.scale for report in reports]
    assert reports[0].skipped == "gradient" and scales[1] == scales[0] / 2
    assert any(later > sooner for sooner, later in itertools.pairwise(scales))
    state = json.loads(contents(whole)["guard.json"])
    assert state["skipped"] == sum(report.skipped is not None for report in reports) and state["in_a_row"] == 0
    steps = storage.load_arrays(checkpoint.newest_first(whole.checkpoints)[0] / checkpoint.OPTIMIZER)["steps"]
    assert steps == len(reports) - state["skipped"]


def trained(model, masters, factors, *, put=np.asarray):
    """Yield (report, what there is after it), of steps whose losses are multiplied by these factors."""
    optimizer = precision.MixedOptimizer(AdamWConfig(), masters)
    training = TrainConfig(steps=len(factors), workers=1, warmup=0, learning_rate=1e-3)
    ids, guard = np.random.default_rng(1).integers(0, 17, size=(4, 7)), Guard(scale=precision.LossScale())
    batches = [(ids[:, :-1], ids[:, 1:], np.full((4, 1), factor, np.float32)) for factor in factors]
    how = {"config": training, "guard": guard, "loss": lambda x, y, f: model.loss(put(x), put(y)) * put(f).mean()}
    for report in train(model, batches, optimizer, **how):
        arrays = {**weights(masters), **optimizer.state()} | {f"half.{n}": a for n, a in weights(model).items()}
        yield report, guard, {name: array.copy() for name, array in arrays.items()}


def small(put=np.asarray):
    model = GPT(GPTConfig(vocab_size=17, context=6, layers=1, heads=2, width=8), rng=np.random.default_rng(0))
    for _, weight in model.named_weights():
        weight.data = put(weight.data)
    return model, precision.MasterWeights(model)


@pytest.mark.parametrize("factor", [np.nan, np.inf, 1e5], ids=["NaN", "Inf", "exploding"])
def test_an_overflow_costs_one_step_and_halves_the_scale(factor):
    found = list(trained(*small(), [1, factor, 1]))
    (first, _, before), (bad, _, after), (last, guard, then) = found
    assert (first.skipped, last.skipped) == (None, None) and bad.skipped is not None
    assert all(np.array_equal(before[name], after[name]) for name in before) and before["steps"] == after["steps"] == 1
    assert then["steps"] == 2 and not np.array_equal(then["tokens.weight"], after["tokens.weight"])
    assert [report.scale for report, _, _ in found] == [65536, 65536, 32768] and guard.skipped == 1
    assert after["half.tokens.weight"].dtype == np.float16 and then["tokens.weight"].dtype == np.float32
    assert np.array_equal(then["half.tokens.weight"], then["tokens.weight"].astype(np.float16))


def test_a_gradient_that_fits_no_scale_ends_the_training():
    scales = []
    with pytest.raises(UsageError, match=r"10 steps in a row were skipped: at step 26 the loss is 2\.8\d*e\+18 and"):
        scales.extend(report.scale for report, _, _ in trained(*small(), [1e18] * 40))
    assert scales == [2.0**power for power in range(16, 0, -1)] + [1.0] * 9


def test_the_scale_grows_after_so_many_good_steps(monkeypatch):
    monkeypatch.setattr(precision, "GOOD_STEPS", 3)
    scales = [report.scale for report, _, _ in trained(*small(), [1, 1, np.nan, 1, 1, 1, 1])]
    assert scales == [65536, 65536, 65536, 32768, 32768, 32768, 65536]


def test_the_clipped_gradient_is_that_of_float32():
    parameters = {name: object() for name in "ab"}
    grads = {p: np.random.default_rng(0).normal(size=(300, 1000)).astype(np.float32) for p in parameters.values()}
    scale = precision.LossScale()
    halves = {p: (g * 4096).astype(np.float16) for p, g in grads.items()}
    scale.value = 4096.0
    for limit in (1.0, 1e6):
        clipped, norm = scale.clip_gradients(dict(halves), limit)
        expected, length = precision.schedule.clip_gradients(grads, limit)
        assert norm == pytest.approx(length, rel=1e-3)
        for p, gradient in clipped.items():
            assert gradient.dtype == np.float32
            np.testing.assert_allclose(gradient, expected[p], rtol=2e-3, atol=1e-9)


def test_on_a_gpu_a_step_is_taken_and_one_is_skipped(cupy):
    (_, _, first), (bad, _, second), (_, guard, third) = trained(*small(cupy.asarray), [1, np.nan, 1], put=cupy.asarray)
    assert bad.skipped and guard.scale.value == 32768
    assert all(np.array_equal(first[name].get(), second[name].get()) for name in first if name != "steps")
    host = list(trained(*small(), [1, np.nan, 1]))[-1][2]
    for name, array in third.items():
        if name != "steps" and "qkv.bias" not in name:  # of which the keys' part has no gradient but what is rounded
            np.testing.assert_allclose(array.get().astype(float), host[name].astype(float), rtol=0, atol=3e-3)


def test_a_run_on_a_gpu_is_saved_and_resumed(cupy, tmp_path):
    whole, parts = (made(tmp_path / name, device="gpu", workers=1, ema=0.8) for name in ("whole", "parts"))
    fit(whole)
    seen = []
    fit(parts, stop=lambda: len(seen) == 3 or seen.append(1))
    fit(runs.open_run(parts.folder))
    assert contents(parts) == contents(whole)


def test_what_cannot_be_trained_so_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UsageError, match="precision=float16 is for one process, not 2"):
        check_layout(Language(), MODEL, TRAINING, AdamWConfig(), Layout(dp=2))
    offloaded = dataclasses.replace(TRAINING, offload="optimizer")
    with pytest.raises(UsageError, match="precision=float16 and offload=optimizer do not go together"):
        check_layout(Language(), MODEL, offloaded, AdamWConfig(), Layout())
    softened = dataclasses.replace(TRAINING, precision="float32", label_smoothing=0.1)
    with pytest.raises(UsageError, match="label_smoothing need the whole vocabulary in one rank; take tp=1"):
        check_layout(Language(), MODEL, softened, AdamWConfig(), Layout(tp=2))
    run = made(tmp_path / "run")
    with pytest.raises(UsageError, match="for one process, not 2"):
        run_ranks(2, lambda comm: next(runs.fit(run, run.new_model(), comm=comm)))
