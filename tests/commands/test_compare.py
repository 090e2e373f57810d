"""`tinyllm compare`: each model the same text, tokens and batches; a table, curves, and going on where it stopped."""

import json
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.data.split import SPLITS
from tinyllm.evaluate.metrics import InterpolatedBigram
from tinyllm.show import compare
from tinyllm.train import run as runs

pytestmark = pytest.mark.long
FEW = ["--steps", "4", "--texts", "60"]


def call(capsys, *arguments):
    """(exit status, standard output, standard error)"""
    status = cli.main(["compare", *map(str, arguments)])
    return status, *capsys.readouterr()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "compare"
    assert cli.main(["compare", "--out", str(folder), *FEW]) == 0
    return folder


def test_all_models_see_the_same_text_in_the_same_batches(folder):
    found = [runs.open_run(folder / name) for name in ("rnn", "lstm", "gpt")]
    first = json.loads((folder / "rnn" / "config.json").read_text())
    for run in found[1:]:
        config = json.loads((run.folder / "config.json").read_text())
        assert config["sha256"] == first["sha256"] and config["data"] == first["data"]
        rates = ("learning_rate",)
        assert {k: v for k, v in config["train"].items() if k not in rates} == {
            k: v for k, v in first["train"].items() if k not in rates
        }
        assert run.model_config.context == found[0].model_config.context
    for name in ("llama", "bert", "t5"):
        other = runs.open_run(folder / name)
        assert other.data == found[0].data and other.training.batch * other.model_config.context == 2048
        found.append(other)
    extra = [run.tokenizer.vocab_size - 2048 for run in found]
    assert extra == [0, 0, 0, 0, 1, 6]  # the marks of BERT and T5; the merges are the same
    texts = [run.tokenizer.decode(run.tokens("test")) for run in found]
    assert len(set(texts)) == 1 and len({len(run.tokens("test")) for run in found}) == 1
    sizes = [compare.count_parameters(run.new_model()) for run in found]
    assert max(sizes) < 1.1 * min(sizes)


def test_a_finished_comparison_is_shown_at_once(capsys, folder):
    status, out, err = call(capsys, "--out", folder, *FEW)
    assert status == 0 and "passo" not in err
    lines = out.splitlines()
    named = [
        line.split()[0] for line in lines if line and line.split()[0] in (*compare.SETTINGS, "unigrama", "bigrama")
    ]
    assert named == ["rnn", "lstm", "gpt", "llama", "unigrama", "bigrama", "bert", "unigrama", "t5", "unigrama"]
    assert "8.192 tokens" in out and "perplexidade" in out


def test_as_json(capsys, folder):
    status, out, _ = call(capsys, "gpt", "rnn", "--out", folder, *FEW, "--json")
    gpt, rnn = map(json.loads, out.splitlines())
    assert status == 0 and (gpt["model"], rnn["model"]) == ("gpt", "rnn")
    assert [tokens for tokens, _ in gpt["curve"]] == [2048, 4096, 6144, 8192]
    assert gpt["tokens_per_second"] == pytest.approx(8192 / gpt["seconds"])
    assert gpt["perplexity"] == pytest.approx(np.exp(gpt["loss"])) and gpt["target"] == "o próximo token"
    assert gpt["bigram_perplexity"] == rnn["bigram_perplexity"] < gpt["perplexity"] < 2100


def test_the_line_of_the_bigram_is_its_loss_on_the_text_of_the_curves(capsys, folder):
    gpt = json.loads(call(capsys, "gpt", "--out", folder, *FEW, "--json")[1])
    train, validation, _ = (runs.open_run(folder / "gpt").tokens(split) for split in SPLITS)
    on_validation = InterpolatedBigram(train, validation, 2048).mean_loss(validation)
    assert gpt["bigram_validation_loss"] == on_validation != np.log(gpt["bigram_perplexity"])
    figure, axes = MagicMock(), MagicMock()
    figure.subplots.return_value = [[axes]]
    compare.curves(figure, [gpt], **{name: gpt[name] for name in gpt if name.startswith("bigram")})
    assert axes.axhline.call_args.args == (on_validation,)


def test_it_goes_on_where_it_stopped(capsys, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "train_showing", lambda run: 130)
    assert call(capsys, "gpt", "--out", tmp_path, *FEW)[0] == 130
    monkeypatch.undo()
    status, out, _ = call(capsys, "gpt", "--out", tmp_path, *FEW, "--json")
    assert status == 0
    whole = json.loads(call(capsys, "gpt", "--out", folder, *FEW, "--json")[1])
    assert json.loads(out)["curve"] == whole["curve"]


def refusal(capsys, *arguments):
    status, out, err = call(capsys, *arguments)
    assert status == 2 and out == "" and err.startswith("tinyllm compare: error: ")
    return err


def test_refusals(capsys, folder, tmp_path):
    assert "there is no model mamba" in refusal(capsys, "mamba", "--out", tmp_path)
    assert "steps=4" in refusal(capsys, "--out", folder, "--steps", "5", "--texts", "60")
    assert not list(Path(tmp_path).iterdir())


@pytest.mark.oracle
def test_it_draws_the_curves(capsys, folder, tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "b.svg", "c.png"):
        assert call(capsys, "--out", folder, *FEW, "--plot", tmp_path / name)[0] == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "c.png").read_bytes()[1:4] == b"PNG"
    assert "use one of" in refusal(capsys, "--out", folder, *FEW, "--plot", tmp_path / "d.xyz")


def test_without_matplotlib_it_says_so_before_it_trains(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.backends.backend_agg", None)
    assert "pip install matplotlib" in refusal(capsys, "--out", tmp_path, "--plot", tmp_path / "a.svg")
    assert not list(Path(tmp_path).iterdir())
