"""The cases of `tinyllm bench train`: one of every model there is, and what a step of it takes."""

import importlib.util
import json

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.bench import training
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.show.bench import bench_training
from tinyllm.train.loop import TrainConfig


@pytest.mark.parametrize("model", catalog.MODELS)
def test_every_model_has_a_case(model):
    cases = training.cases_of(model)
    assert cases and {training.model_of(case) for case in cases} == {model}
    config, rows = training.case_of(cases[-1])
    assert catalog.name_of(config) == model and rows > 0
    if model not in {name for name, *_ in training.CASES.values()}:
        assert cases == [model] and (config, rows) == (catalog.find(model).config(), TrainConfig.batch)


@pytest.mark.parametrize("model", [name for name, each in catalog.MODELS.items() if not each.fills])
def test_the_products_are_those_of_every_matrix_with_every_token(model):
    """Where the context is so short that the attention counts for little."""
    config = catalog.find(model).config(vocab_size=50, context=4, layers=2, width=96)
    built = catalog.new_model(config, rng=np.random.default_rng(0))
    matrices = [w for name, w in built.named_weights() if w.ndim == 2 and name != "positions.weight"]
    ids = np.zeros((1, 4), dtype=np.int64)
    found = catalog.find(model).products(config, ids, ids)
    assert found == pytest.approx(4 * sum(w.data.size for w in matrices), rel=0.01)


def test_a_step_takes_six_operations_for_each_product():
    config, rows = training.case_of("gpt-xs")
    C, T, V, L = config.width, config.context, config.vocab_size, config.layers
    assert training.operations("gpt-xs") == 6 * rows * (T * (L * 12 * C * C + V * C) + L * T * T * C)


@pytest.mark.long
@pytest.mark.parametrize("model", ["rnn", "lstm"])
def test_a_model_without_a_case_of_its_own_is_measured_by_name(capsys, model):
    options = ["--model", model, "--against", "none", "--races", "1", "--steps", "1", "--json"]
    assert cli.main(["bench", "train", *options]) == 0
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert found["case"] == model and found["tokens_per_second"]["ours"] > 0 and 0 < found["gemm_share"] < 1


def test_what_pytorch_does_not_have_is_told_in_one_line(capsys):
    assert cli.main(["bench", "train", "--model", "rnn", "--against", "torch"]) == 2
    _, err = capsys.readouterr()
    assert err.count("\n") == 1 and "--against torch has no rnn, only gpt, llama, bert, t5; choose another" in err


def test_without_a_twin_nothing_is_compared_by_default(monkeypatch):
    asked = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)  # as if PyTorch were there

    def bench(case, *, against, **options):
        asked.append((case, against))
        raise UsageError("enough")

    monkeypatch.setattr(training, "bench", bench)
    for case in ("rnn", "gpt-xs"):
        with pytest.raises(UsageError, match="enough"):
            bench_training([case], against=None, workers=1, races=1, steps=1, as_json=True)
    assert asked == [("rnn", "none"), ("gpt-xs", "torch")]


@pytest.mark.oracle
def test_pytorch_has_the_models_that_are_said_to_have_a_twin():
    torch_models = pytest.importorskip("tinyllm.bench.torch_models")
    assert tuple(torch_models.MODELS) == training.TWINS
