"""Every model from the command line: trained, resumed, writing, filling gaps, classifying, shown where it looks."""

import itertools
import json
import re
import sys

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.data.corpora import resenhas
from tinyllm.data.labelled import read_labelled
from tinyllm.evaluate.attention_maps import attention_maps, watched
from tinyllm.infer.generate import before_next, without_first_space
from tinyllm.models.catalog import MODELS
from tinyllm.nn.module import count_parameters
from tinyllm.show.attention import show
from tinyllm.show.classify import SPLITS
from tinyllm.tensor import no_grad
from tinyllm.text import files
from tinyllm.train import run as runs

SMALL = ("--texts=60", "--context=24", "--layers=2", "--width=16", "--batch=4", "--warmup=2", "--steps=4")
LANGUAGE = (*SMALL, "--vocab-size=300")
TRANSFORMERS = [name for name in MODELS if name not in ("rnn", "lstm")]
RESENHA = "O roteiro não é nada confuso. Recomendo a todos."


def call(capsys, *arguments):
    """(exit status, standard output, standard error)"""
    status = cli.main([str(a) for a in arguments])
    return status, *capsys.readouterr()


def refusal(capsys, *arguments):
    status, out, err = call(capsys, *arguments)
    assert status == 2 and out == "" and err.count("\n") == 1, err
    return err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of each model and task: its folder is named after both."""
    folder = tmp_path_factory.mktemp("family")
    for name in MODELS:
        heads = [] if name in ("rnn", "lstm") else ["--heads=2"]
        heads += ["--kv-heads=1"] if name == "llama" else []
        assert cli.main(["train", f"--model={name}", f"--out={folder}/{name}", *LANGUAGE, *heads]) == 0
        classify = ["train", "--task=classify", f"--model={name}", f"--out={folder}/{name}-classify"]
        assert cli.main([*classify, *SMALL, *heads]) == 0
    return folder


EVERY_RUN = [*MODELS, *(f"{name}-classify" for name in MODELS)]
QUICK = ("bert", "t5", "lstm-classify")  # one of each objective and task that test_run.py does not resume


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in EVERY_RUN]
)
def test_a_run_goes_on_as_if_it_had_never_stopped(capsys, folder, name, tmp_path):
    """Four steps and four more leave what eight do: the batches, masks and gaps are functions of their number."""
    config = json.loads((folder / name / "config.json").read_text())
    options = [f"--{key.replace('_', '-')}={value}" for part in ("data", "model", "train")
               for key, value in config[part].items()
               if key not in ("steps", "decay_steps") and value is not False]  # fmt: skip
    options += [f"--model={config['architecture']}", f"--task={config['task']}", "--decay-steps=1000"]
    options = [
        o if not o.startswith("--vocab-size") else f"--vocab-size={300 if 'classify' not in name else 4096}"
        for o in options
    ]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert call(capsys, "train", f"--out={whole}", *options, "--steps=6")[0] == 0
    assert call(capsys, "train", f"--out={parts}", *options, "--steps=3")[0] == 0
    assert call(capsys, "train", f"--resume={parts}", "--steps=6")[0] == 0
    for file in ("model.safetensors", "optimizer.safetensors"):
        one, other = (f / "checkpoints" / "step-00000006" / file for f in (whole, parts))
        assert one.read_bytes() == other.read_bytes()


def test_a_task_that_is_not_known(folder, tmp_path):
    run = runs.open_run(folder / "gpt")
    (tmp_path / "config.json").write_text((run.folder / "config.json").read_text().replace('"language"', '"dance"'))
    with pytest.raises(runs.UsageError, match="there is no task 'dance'; there are language, classify"):
        runs.open_run(tmp_path)


# ------------------------------------------------------------------------------------------------- writing and filling


@pytest.mark.parametrize("name", ["gpt", "llama", "t5", "rnn", "lstm"])
def test_it_writes(capsys, folder, name):
    arguments = ("generate", folder / name, "--prompt=Era uma", "--max-tokens=8", "--json", "--seed=3")
    status, out, _ = call(capsys, *arguments)
    found = json.loads(out)
    assert status == 0 and found["prompt"] == "Era uma" and "<|" not in found["text"]
    assert call(capsys, *arguments)[1] == out
    texts = [json.loads(call(capsys, *arguments[:-1], f"--seed={seed}")[1])["text"] for seed in range(5)]
    assert len(set(texts)) > 1


def test_bert_fills_gaps(capsys, folder):
    status, out, _ = call(capsys, "fill", folder / "bert", "Era ___ vez um ___.", "--candidates=3", "--json")
    found = json.loads(out)
    assert status == 0 and [len(gap) for gap in found["gaps"]] == [3, 3]
    for gap in found["gaps"]:
        chances = [guess["probability"] for guess in gap]
        assert chances == sorted(chances, reverse=True) and chances[-1] > 0 and sum(chances) <= 1
        assert not any("\ufffd" in guess["text"] or "<|" in guess["text"] for guess in gap)
    assert "___" not in found["text"] and found["text"].startswith("Era ")
    status, out, _ = call(capsys, "fill", folder / "bert", "Era ___ vez um ___.")
    assert status == 0 and "1ª lacuna: " in out and "2ª lacuna: " in out and out.count("%") == 10


def test_t5_fills_gaps(capsys, folder):
    status, out, _ = call(capsys, "fill", folder / "t5", "Era ___ um gato.", "--json")
    found = json.loads(out)
    assert status == 0 and len(found["gaps"]) == 1 and "___" not in found["text"]


def test_who_cannot_says_who_can(capsys, folder):
    assert "fills gaps and writes no text; those that do are gpt, llama, t5, rnn, lstm" in refusal(
        capsys, "generate", folder / "bert"
    )
    assert "tells labels and writes no text" in refusal(capsys, "generate", folder / "gpt-classify")
    for name in ("gpt", "bert-classify"):
        assert "a run of --model bert or --model t5 does" in refusal(capsys, "fill", folder / name, "um ___")
    assert "learned a language, not labels; train with --task classify" in refusal(
        capsys, "classify", folder / "gpt", "a"
    )
    assert "there is no gap in 'um gato'; write ___" in refusal(capsys, "fill", folder / "bert", "um gato")
    assert "the text has 9 gaps, but the model knows only 1" in refusal(capsys, "fill", folder / "t5", "___ " * 9)
    assert "do not fit in a context of 24" in refusal(capsys, "fill", folder / "bert", "___ palavra" * 30)


@pytest.mark.parametrize("name", ["gpt", "t5", "rnn"])
def test_a_space_at_the_end_belongs_to_the_next_word(capsys, folder, name):
    """A token holds the space before its word: the model reads the same with and without it, and writes the same."""
    for prompt in ("Era uma", ""):
        texts = [
            json.loads(call(capsys, "generate", folder / name, "--prompt", each, "--max-tokens=9", "--json")[1])["text"]
            for each in (prompt, prompt + " ", prompt + "  ")
        ]
        assert texts[1] == texts[2] == texts[0].removeprefix(" ")
    _, out, _ = call(capsys, "generate", folder / name, "--prompt=Era uma ", "--max-tokens=9")
    assert out.startswith("Era uma ") and not out.startswith("Era uma  ")


def test_where_a_space_is_a_token_it_is_read():
    texts = ["era uma vez", "um gato"]
    for kind, read in (("char", "era "), ("byte", "era "), ("bpe", "era"), ("word", "era")):
        tokenizer = files.train(kind, texts * 9, 300, special_tokens=("<|fim|>",))
        assert before_next(tokenizer, "era ") == read
        assert before_next(tokenizer, "era") == "era" and before_next(tokenizer, "") == ""
    assert "".join(without_first_space(iter(["", " um", " dia"]))) == "um dia"
    assert "".join(without_first_space(iter([]))) == "" and "".join(without_first_space(iter(["\n a"]))) == "\n a"


def test_spaces_in_a_gap_are_seen(capsys, folder, monkeypatch):
    found = [[(" ", 0.5), ("\n", 0.25), (" ___", 0.1)], [(" gato", 0.5)]]
    monkeypatch.setattr("tinyllm.commands.reading.candidates", lambda *_, **how: found)
    status, out, _ = call(capsys, "fill", folder / "bert", "um ___ e um ___.")
    assert status == 0 and out.startswith("um · e um gato.\n") and "1ª lacuna: · 50,0 %, ↵ 25,0 %, ___ 10,0 %" in out
    monkeypatch.setattr("tinyllm.commands.reading.written_gaps", lambda *_: ["___", "\n"])
    assert call(capsys, "fill", folder / "t5", "um ___ e um ___.")[1] == "um ___ e um ↵.\n"


def test_the_candidates_of_a_t5_are_refused(capsys, folder):
    line = refusal(capsys, "fill", folder / "t5", "Era ___ um gato.", "--candidates=3")
    assert "--candidates is for a BERT" in line and "leave it out" in line


@pytest.mark.parametrize("name", ["bert", "t5", "rnn", "gpt-classify"])
def test_the_quickstart_goes_on_with_its_own_run_only(capsys, folder, name):
    before = sorted((folder / name).rglob("*"))
    line = refused_last(capsys, "quickstart", f"--out={folder}/{name}")
    assert "holds another run" in line and "choose another --out, or go on with: tinyllm train --resume" in line
    assert sorted((folder / name).rglob("*")) == before


# -------------------------------------------------------------------------------------------------------- classifying


@pytest.mark.parametrize("name", MODELS)
def test_it_classifies(capsys, folder, name):
    status, out, _ = call(capsys, "classify", folder / f"{name}-classify", RESENHA, "Péssimo.", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [each["text"] for each in found] == [RESENHA, "Péssimo."]
    for each in found:
        assert set(each["probabilities"]) == set(resenhas.LABELS) and sum(
            each["probabilities"].values()
        ) == pytest.approx(1)
        assert each["label"] == max(each["probabilities"], key=each["probabilities"].get)


@pytest.mark.parametrize(("split", "options"), [("validation", ()), ("test", ("--split=test",))])
def test_figures_on_the_texts_of_a_split(capsys, folder, split, options):
    status, out, _ = call(capsys, "classify", folder / "bert-classify", "--json", "--errors=3", *options)
    found = json.loads(out)
    assert found["split"] == split
    table = np.array(found["confusion"])
    assert status == 0 and found["texts"] == table.sum() == 1000 and found["ceiling"] == 0.97
    assert found["accuracy"] == pytest.approx(table.trace() / 1000) and 0.5 < found["bag_of_words_accuracy"] < 0.85
    real = dict(resenhas.labelled(1000, split=split))
    assert len(found["errors"]) == 3
    for error in found["errors"]:
        assert real[error["text"]] == error["label"] != error["guess"] and error["probability"] >= 0.5
    chances = [error["probability"] for error in found["errors"]]
    assert chances == sorted(chances, reverse=True)
    status, out, _ = call(capsys, "classify", folder / "bert-classify", "--errors=1", *options)
    assert (
        f"1.000 textos de {SPLITS[split]}" in out
        and "teto                97,0 %" in out
        and "mas o modelo diz" in out
        and "saco de palavras" in out
    )


def test_a_text_that_is_cut_is_told(capsys, folder):
    status, out, err = call(capsys, "classify", folder / "bert-classify", RESENHA * 9, RESENHA, "--json")
    (long, short), said = map(json.loads, out.splitlines()), err.splitlines()[-1]
    assert status == 0 and long["read"] == 24 < long["tokens"] and short["read"] == short["tokens"]
    assert f"o texto tem {long['tokens']} tokens, e o modelo só leu os últimos 24" in said
    assert err.count("o modelo só leu") == 1


def test_the_parameters_told_are_those_of_the_model(capsys, tmp_path):
    """Of the vocabulary that the texts give, not of the one asked for."""
    (tmp_path / "a.tsv").write_text("".join(f"texto {i}\t{i % 3}\n" for i in range(90)), encoding="utf-8")
    corpus = ["--task=classify", f"--corpus={tmp_path}/a.tsv", "--heads=2", *SMALL[1:]]
    status, _, err = call(capsys, "train", f"--out={tmp_path}/run", *corpus)
    told = int(re.search(r"([\d.]+) parâmetros", err)[1].replace(".", ""))
    assert status == 0 and told == count_parameters(runs.open_run(tmp_path / "run").new_model())


def test_a_file_of_ones_own(capsys, tmp_path):
    lines = [f"{greeting} {i}\t{label}" for i in range(40)
             for greeting, label in (("bom dia", "manhã"), ("boa noite", "noite"), ("boa tarde", "tarde"))]  # fmt: skip
    (tmp_path / "a.tsv").write_text("\n".join(lines), encoding="utf-8")
    options = [
        "--layers=1",
        "--width=16",
        "--heads=2",
        "--steps=150",
        "--batch=16",
        "--warmup=5",
        "--learning-rate=0.01",
    ]
    status, out, _ = call(
        capsys, "train", "--task=classify", f"--corpus={tmp_path}/a.tsv", f"--out={tmp_path}/run", *options
    )
    assert status == 0 and "textos de validação" in out and "acurácia            100,0 %" in out and "teto" not in out
    status, out, _ = call(capsys, "classify", tmp_path / "run", "boa noite, amigos")
    assert status == 0 and out.startswith("noite (")


def test_texts_that_are_cut_are_told(capsys, tmp_path):
    options = [*SMALL[:1], *SMALL[2:], "--heads=2", "--context=20", "--model=bert"]
    status, _, err = call(capsys, "train", "--task=classify", f"--out={tmp_path}/run", *options)
    told = r"^Aviso: de 60 textos de treino, \d+ perdem o começo, por falta de espaço no contexto de 20 tokens; "
    assert status == 0 and re.search(told, err, flags=re.M)


def test_what_classifying_refuses(capsys, folder, tmp_path):
    train = ("train", "--task=classify", f"--out={tmp_path}/run")
    assert "the texts of --corpus=contos bear no labels; those of resenhas do" in refused_last(
        capsys, *train, "--corpus=contos"
    )
    assert call(capsys, "data", "generate", "resenhas", "--count=9", f"--out={tmp_path}/a.tsv")[0] == 0
    assert call(capsys, "data", "generate", "resenhas", "--count=9", f"--out={tmp_path}/a.jsonl")[0] == 0
    assert read_labelled(tmp_path / "a.tsv") == read_labelled(tmp_path / "a.jsonl") == list(resenhas.labelled(9))
    assert "must end in .tsv" in refused_last(capsys, *train, "--corpus=nada.txt")
    assert "there is nothing to classify in ' '" in refusal(capsys, "classify", folder / "bert-classify", " ")
    assert "--task cannot change in a run that is resumed" in refusal(
        capsys, "train", f"--resume={folder}/gpt", "--task=classify"
    )
    (tmp_path / "few.tsv").write_text("".join(f"texto {i}\t{i % 2}\n" for i in range(8)), encoding="utf-8")
    assert "4 texts are too few for a batch of 64" in refused_last(capsys, *train, f"--corpus={tmp_path}/few.tsv")
    assert not (tmp_path / "run").exists()


def test_too_little_held_out_is_told_before_anything_is_written(capsys, tmp_path):
    (tmp_path / "a.txt").write_text("\n\n".join(["uma gata " * 200, "um rato", "um rio"]), encoding="utf-8")
    train = ("train", f"--out={tmp_path}/run", f"--corpus={tmp_path}/a.txt", "--vocab-size=270", "--batch=1")
    assert "the texts held out for validation have " in refused_last(capsys, *train)
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("meu")
    refused_last(capsys, *train)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]


def refused_last(capsys, *arguments):
    status, out, err = call(capsys, *arguments)
    assert status == 2 and out == ""
    return err.splitlines()[-1]


# ----------------------------------------------------------------------------------------------------- where it looks


@pytest.mark.parametrize("name", [*TRANSFORMERS, *(f"{name}-classify" for name in TRANSFORMERS)])
def test_rows_of_attention_sum_to_1_and_see_no_future(folder, name):
    run = runs.open_run(folder / name)
    ids = np.arange(5, 18)
    maps = attention_maps(run.trained_model(), ids)
    assert maps.shape == (3 if name.startswith("copier") else 2, 2, 13, 13)
    np.testing.assert_allclose(maps.sum(axis=-1), 1, atol=1e-5)
    future = maps[..., *np.triu_indices(13, 1)]
    assert (future == 0).all() if name.startswith(("gpt", "llama", "copier")) else (future > 0).all()


def test_the_weights_times_the_values_are_what_comes_out(folder):
    from tinyllm import functional as F

    rng, results = np.random.default_rng(0), []
    q, k, v = (rng.normal(size=(2, 3, n, 4)).astype(np.float32) for n in (5, 7, 7))
    bias, lengths = rng.normal(size=(1, 3, 5, 7)).astype(np.float32), np.array([7, 3])
    plain = F.attention
    for options in ({}, {"causal": True}, {"lengths": lengths, "scale": 0.3}):
        with no_grad(), watched() as maps:
            results.append((maps, F.attention(q, k, v, bias, **options).data))
    assert F.attention is plain
    for maps, y in results:
        np.testing.assert_allclose(maps[0] @ v, y, atol=1e-5)
    assert (results[2][0][0][1, :, :, 3:] == 0).all()


def test_attention_in_the_terminal_and_as_json(capsys, folder):
    status, out, _ = call(capsys, "attention", folder / "gpt", "Era uma vez")
    assert status == 0 and "Camada 2, média de 2 cabeças" in out and "<|fim|>" in out and "█" in out
    assert max(map(len, out.splitlines())) <= 80
    status, out, _ = call(capsys, "attention", folder / "gpt", "Era uma vez", "--layer=1", "--head=2", "--json")
    found = json.loads(out)
    weights = np.array(found["weights"])
    assert found["layers"] == [1] and found["heads"] == [2] and weights.shape[:2] == (1, 1)
    assert weights.shape[2] == weights.shape[3] == len(found["tokens"])


def test_what_a_t5_looks_at_while_it_writes(capsys, folder):
    shapes = {}
    for part in ("encoder", "decoder", "cross"):
        command = ("attention", folder / "t5", "Era ___ um gato.", f"--part={part}")
        found = json.loads(call(capsys, *command, "--json")[1])
        weights, columns = np.array(found["weights"]), found.get("columns", found["tokens"])
        assert weights.shape == (2, 2, len(found["tokens"]), len(columns))
        np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-4)
        if part != "cross":
            assert (weights[..., *np.triu_indices(len(columns), 1)] == 0).all() == (part == "decoder")
        shapes[part] = weights.shape
        status, out, _ = call(capsys, *command)
        assert status == 0 and "Camada 2" in out and ("Colunas: 0 <|fim|>" in out) == (part == "cross")
    assert shapes["cross"][2] == shapes["decoder"][2]
    assert call(capsys, "attention", folder / "t5", "Era uma vez", "--part=cross")[0] == 0  # a gap at the end
    for name in ("gpt", "bert", "t5-classify"):
        assert "is of a T5 that writes" in refusal(capsys, "attention", folder / name, "a", "--part=decoder")


def test_a_long_text_is_shown_some_columns_at_a_time(capsys):
    tokens, weights = ["·palavra"] * 70, np.tril(np.ones((70, 70))) / np.arange(1, 71)[:, None]
    show(weights[None, None], tokens, [0], [1])
    out = capsys.readouterr().out
    assert "Camada 1, cabeça 2" in out and max(map(len, out.splitlines())) <= 80
    numbers = [int(line[:3]) for line in out.splitlines() if line[:3].strip().isdigit()]
    assert numbers == [*range(70), *range(30, 70), *range(60, 70)]  # who looks only at what came before has no more
    assert out.count("█") == 1 + 2 * 70 * 71 // 2


def test_what_attention_refuses(capsys, folder, tmp_path):
    assert "the model has no attention to show; one that has heads, such as gpt, does" in refusal(
        capsys, "attention", folder / "lstm", "a"
    )
    assert "--layer 3 is not there; the model has layers 1 to 2" in refusal(
        capsys, "attention", folder / "gpt", "a", "--layer=3"
    )
    for name in ("gpt", "t5", "bert-classify"):
        assert "tokens do not fit in a context of 24; shorten the text" in refusal(
            capsys, "attention", folder / name, "a " * 99
        )


def test_without_matplotlib_the_picture_is_refused(capsys, folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    assert "pip install matplotlib" in refusal(capsys, "attention", folder / "gpt", "a", f"--out={tmp_path}/a.svg")


@pytest.mark.oracle
def test_it_draws_attention(capsys, folder, tmp_path):
    pytest.importorskip("matplotlib")
    for name, file in itertools.product(("bert", "t5-classify"), ("a.svg", "b.svg", "c.png")):
        assert call(capsys, "attention", folder / name, "Era uma vez", f"--out={tmp_path}/{file}")[0] == 0
        assert (tmp_path / file).stat().st_size > 1000
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "use one of" in refusal(capsys, "attention", folder / "bert", "a", f"--out={tmp_path}/d.xyz")
