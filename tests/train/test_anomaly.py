"""Which operation made the first NaN or infinity, where and when: injected into layers, there and back."""

import json
import re

import numpy as np
import pytest

from tinyllm import cli, tensor
from tinyllm.memory.recompute import recomputing
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import Around, replace_modules, weights
from tinyllm.observe import observed
from tinyllm.optim.adamw import AdamW
from tinyllm.tensor import Tensor, backward, op
from tinyllm.train import precision
from tinyllm.train.anomaly import Anomaly, Detector
from tinyllm.train.loop import TrainConfig, train

FLAW = {"NaN": np.nan, "Inf": np.inf}


@op
def flawed(x, *, there, back):
    """(...) -> (...): x, but one number of it, and one of its gradient."""

    def spoil(array, value):
        spoilt = array.copy()
        if value is not None:
            spoilt.reshape(-1)[3:4] = value
        return spoilt

    return spoil(x, there), lambda dy: lambda: spoil(dy, back)


class Flawed(Around):
    """A layer that goes wrong whenever it sees a batch that is marked."""

    def __init__(self, inner, flaw):
        super().__init__(inner)
        self.flaw = flaw

    def __call__(self, *inputs, **options):
        return flawed(self.inner(*inputs, **options), **self.flaw)


def reports_of(layer, flaw, *, put=np.asarray, workers=1, recompute=0, **options):
    """The reports of four steps of a GPT of which one layer has the flaw in the third."""
    model = GPT(GPTConfig(vocab_size=17, context=6, layers=2, heads=2, width=8), rng=np.random.default_rng(0))
    for _, weight in model.named_weights():
        weight.data = put(weight.data)
    wrapped = []

    def wrap(path, module):
        if path == layer:
            wrapped.append(Flawed(module, {"there": None, "back": None}))
            return wrapped[0]
        return module

    recomputing(replace_modules(model, wrap), recompute) if recompute else replace_modules(model, wrap)
    ids = np.random.default_rng(1).integers(0, 17, size=(4, 7))
    config = TrainConfig(steps=4, workers=workers, warmup=0, learning_rate=1e-3)

    def batches():
        for step in range(4):
            wrapped[0].flaw = {"there": None, "back": None} | (flaw if step == 2 else {})
            yield put(ids[:, :-1]), put(ids[:, 1:])

    optimizer = AdamW(model.named_parameters())
    for report in train(model, batches(), optimizer, config=config, **options):
        yield report, {name: array.copy() for name, array in weights(model).items()}


@pytest.mark.parametrize("detect", [False, True])
@pytest.mark.parametrize("how", [{}, {"workers": 2}, {"recompute": 1}], ids=["one", "two workers", "recomputed"])
@pytest.mark.parametrize(("way", "direction"), [("there", "forward"), ("back", "backward")])
@pytest.mark.parametrize("kind", FLAW)
def test_the_operation_the_layer_and_the_step_are_named(kind, way, direction, how, detect):
    layer = "blocks.1.attention.qkv"
    found = list(reports_of(layer, {way: FLAW[kind]}, detect=detect, **how))
    assert [report.step for report, _ in found if report.skipped] == [3]
    assert [report.anomaly for report, _ in found] == [
        None,
        None,
        Anomaly(kind, "flawed", direction, layer, False),
        None,
    ]
    assert all(np.array_equal(found[1][1][name], array) for name, array in found[2][1].items())
    line = json.loads(json.dumps(found[2][0].as_line()))
    assert line["anomaly"]["layer"] == layer and "anomaly" not in found[0][0].as_line()


def test_on_a_gpu(cupy):
    ((report, _),) = list(reports_of("blocks.0.norm1", {"there": np.nan}, put=cupy.asarray))[2:3]
    assert report.anomaly == Anomaly("NaN", "flawed", "forward", "blocks.0.norm1", False)


def test_an_infinity_that_vanishes_is_told_to_who_looks_and_costs_no_step():
    """As one that a ReLU of minus infinity hides."""
    model = GPT(GPTConfig(vocab_size=17, context=6, layers=1, heads=2, width=8), rng=np.random.default_rng(0))
    ids = np.random.default_rng(1).integers(0, 17, size=(4, 7))

    def loss(x, y):
        return model.loss(x, y) + 1.0 / tensor.exp(Tensor(np.float32([1000.0]))).sum()

    how = {"config": TrainConfig(steps=1, workers=1), "loss": loss, "detect": True}
    with np.errstate(over="ignore"):
        (report,) = train(model, [(ids[:, :-1], ids[:, 1:])], AdamW(model.named_parameters()), **how)
    assert report.skipped is None and report.anomaly == Anomaly("Inf", "exp", "forward", "", False)


def test_what_was_given_to_the_first_operation_is_told_apart():
    model = GPT(GPTConfig(vocab_size=17, context=6, layers=1, heads=2, width=8), rng=np.random.default_rng(0))
    model.blocks[0].norm1.weight.data[2] = np.nan
    detector, ids = Detector(model), np.zeros((1, 6), int)
    with observed(detector.see):
        backward(model.loss(ids, ids))
    assert detector.first == Anomaly("NaN", "layer_norm", "forward", "blocks.0.norm1", True)
    assert str(detector.first) == "the first NaN reached layer_norm, forward, in blocks.0.norm1"


def test_the_command_tells_each_step_that_it_skips_and_why(tmp_path, capsys):
    small = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4"]
    wild = ["--learning-rate=1e30", "--warmup=0", "--workers=1", "--validate-every=100", "--detect-anomaly"]
    assert cli.main(["train", "--out", str(tmp_path / "run"), *small, *wild]) == 2
    said = capsys.readouterr().err
    assert "Cada operação será conferida, o que deixa cada passo bem mais lento." in said
    assert "  passo 2 pulado, e os pesos ficam como estavam: a perda não é um número finito\n" in said
    found = re.search(
        r"  passo 2: o primeiro (?:NaN|infinito|menos infinito) saiu de (\w+), na ida, em (blocks\.0\.[\w.]+)\n", said
    )
    operation, layer = found.groups()  # with and without Numba it is another that overflows first
    assert "error: 10 steps in a row were skipped: at step 11 the loss is nan" in said
    assert f" was made by {operation}, forward, in {layer}; lower --learning-rate=1e+30" in said


def test_at_the_end_it_says_how_many_steps_were_skipped(tmp_path, capsys, monkeypatch):
    small = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4"]
    monkeypatch.setattr(precision, "FIRST_SCALE", 2.0**25)
    mixed = ["--precision=float16", "--workers=1", "--steps=12", "--warmup=2"]
    assert cli.main(["train", "--out", str(tmp_path / "run"), *small, *mixed]) == 0
    said = capsys.readouterr().err
    assert "Precisão mista: contas em float16, e pesos também em float32, que são os que aprendem. Numa CPU" in said
    skipped = said.count(
        " pulado, e os pesos ficam como estavam: o gradiente não é finito com a perda vezes 33.554.432"
    )
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    found = [line for line in map(json.loads, lines) if line.get("skipped") == "gradient"]
    assert 1 < len(found) < 12 and f"{len(found)} passos foram pulados; log.jsonl diz quais" in said and skipped == 1
