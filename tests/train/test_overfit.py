"""The self-test: every model learns one batch by heart, and one that cannot is found out, with what to suspect."""

import json

import numpy as np
import pytest

from tinyllm import cli
from tinyllm import functional as F
from tinyllm.functional.affine import linear
from tinyllm.models import catalog
from tinyllm.nn.module import weights
from tinyllm.show.overfit import suspects
from tinyllm.tensor import op
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.overfit import OneBatch
from tinyllm.train.tasks import Classify, ClassifyConfig, DataConfig, LabelledConfig

SIZES = {"vocab_size": 300, "context": 16, "width": 32, "dropout": 0.2}


def made(folder, name="gpt", **training):
    config = catalog.find(name).config(**SIZES)
    return runs.create(folder, DataConfig(texts=60), config, TrainConfig(batch=3, workers=1, **training))


def tried(run, **options):
    test = OneBatch(run, **options)
    list(test.reports())
    return test


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n == "gpt" else pytest.mark.long) for n in catalog.MODELS]
)
def test_every_model_learns_one_batch_by_heart(tmp_path, name):
    run = made(tmp_path / "run", name, label_smoothing=0.1)
    test = tried(run)
    assert test.learned and test.losses[-1] < 0.1 < 3 < test.losses[0] and test.unmoved() == []
    assert not run.checkpoints.exists() and not (run.folder / "log.jsonl").exists()  # the run is as it was
    fresh = run.new_model()
    assert all(np.array_equal(array, weights(run.new_model())[name]) for name, array in weights(fresh).items())


@pytest.mark.long
def test_a_classifier_too(tmp_path):
    kind, data = catalog.find("t5").config, LabelledConfig(texts=300)
    training = ClassifyConfig(batch=8, workers=1)
    run = runs.create(tmp_path / "run", data, kind(**SIZES), training, task=Classify())
    assert tried(run).learned


@op
def forgetful(x, weight, bias):
    """(..., n_in), (n_in, n_out), (n_out,) -> (..., n_out): linear, that has no gradient of its weight"""
    y, backward = linear.function(x, weight, bias)

    def without_weight(dy):
        dx, dweight, dbias = backward(dy)
        return dx, lambda: 0 * dweight(), dbias

    return y, without_weight


@op
def backwards(x, weight, bias):
    """(..., n_in), (n_in, n_out), (n_out,) -> (..., n_out): linear, whose gradients have the wrong sign"""
    y, backward = linear.function(x, weight, bias)
    return y, lambda dy: backward(-dy)


def test_a_gradient_that_does_not_arrive_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(F, "linear", forgetful)
    test = tried(made(tmp_path / "run"), steps=5)
    assert "blocks.0.attention.qkv.weight" in test.unmoved() and "tokens.weight" not in test.unmoved()
    assert not test.learned and "não mudaram blocks.0.attention.qkv.weight" in suspects(test, None)[0]


def test_a_wrong_sign_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(F, "linear", backwards)
    test = tried(made(tmp_path / "run"), steps=60)
    assert not test.learned and test.losses[-1] > 1
    assert suspects(test, None)


def test_the_command_says_so_and_exits_with_1(tmp_path, capsys):
    small = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=32", "--batch=3"]
    small += ["--workers=1", "--overfit-one-batch"]
    assert cli.main(["train", "--out", str(tmp_path / "good"), *small]) == 0
    assert "O modelo decorou o lote" in capsys.readouterr().err
    assert cli.main(["train", "--resume", str(tmp_path / "good"), "--overfit-one-batch", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["learned"] and said["last_loss"] < 0.1 and said["suspects"] == said["unmoved"] == []
    assert cli.main(["train", "--out", str(tmp_path / "bad"), *small, "--learning-rate=1e-7"]) == 1
    assert "O modelo não decorou o lote. Desconfie:\n  - de um backward errado" in capsys.readouterr().err
