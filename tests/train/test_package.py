"""A package: the same model as its run's, in one file; what was changed in it is refused by name."""

import json

import numpy as np
import pytest
from commands.test_commands import call

from tinyllm import cli, storage
from tinyllm.errors import UsageError
from tinyllm.nn.module import weights
from tinyllm.train import package
from tinyllm.train import run as runs

SIZES = "--texts 60 --steps 2 --batch 2 --vocab-size 300 --context 32 --layers 1 --heads 2 --width 16"
KINDS = {
    "gpt": f"train {SIZES}",
    "bert": f"train --model bert {SIZES}",
    "t5": f"train --model t5 {SIZES}",
    "labels": f"train --task classify --model bert {SIZES}",
    "answers": f"train --task instruct --context 96 {SIZES.replace('--context 32', '')}",
}
PROMPT = ("--prompt", "Era uma vez", "--max-tokens", 12)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function of a kind: the folder of a run of it, and its package."""
    folder = tmp_path_factory.mktemp("runs")

    def make(kind):
        run, packed = folder / kind, folder / f"{kind}.safetensors"
        if not run.exists():
            assert cli.main([*KINDS[kind].split(), "--out", str(run)]) == 0
            assert cli.main(["package", str(run), "--out", str(packed)]) == 0
        return run, packed

    return make


def refusal(capsys, *words):
    status, out, err = call(capsys, *words)
    assert status == 2 and not out and err.count("\n") == 1
    return err


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_has_the_model_of_its_run(made, kind):
    folder, packed = made(kind)
    run, found = runs.open_run(folder), runs.open_run(packed, packages=True)
    ours, theirs = weights(run.trained_model()), weights(found.trained_model())
    assert ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert found.made_with() == run.made_with() and found.task.labels == run.task.labels
    assert list(found.tokenizer.encode("Era uma vez!")) == list(run.tokenizer.encode("Era uma vez!"))


def test_it_writes_what_its_run_writes(made, capsys):
    folder, packed = made("gpt")
    made("bert"), made("labels"), capsys.readouterr()
    said = [call(capsys, "generate", path, *PROMPT, "--seed", 3) for path in (folder, packed)]
    assert said[0] == said[1] and said[0][0] == 0
    other = [call(capsys, "fill", path, "Era uma ___", "--json") for path in made("bert")]
    assert other[0] == other[1] and other[0][0] == 0
    labels = [call(capsys, "classify", path, "muito bom", "--json") for path in made("labels")]
    assert labels[0] == labels[1] and labels[0][0] == 0


@pytest.mark.parametrize("form", ["int8", "nf4"])
def test_a_quantised_run_stays_so(made, capsys, tmp_path, form):
    folder, packed = made("gpt")
    small = tmp_path / "small.safetensors"
    assert call(capsys, "compress", folder, "--out", tmp_path / "small", "--method", form)[0] == 0
    assert call(capsys, "package", tmp_path / "small", "--out", small)[0] == 0
    assert call(capsys, "generate", small, *PROMPT) == call(capsys, "generate", tmp_path / "small", *PROMPT)
    assert small.stat().st_size < packed.stat().st_size
    assert form in package.read(small).config


def test_what_a_fine_tuning_learned_is_in_the_weights(made, capsys, tmp_path):
    folder, packed = made("gpt")
    words = ("--texts", 60, "--steps", 2, "--batch", 2, "--learning-rate", 0.1)
    assert call(capsys, "finetune", folder, "--out", tmp_path / "lora", *words)[0] == 0
    assert call(capsys, "package", tmp_path / "lora", "--out", tmp_path / "lora.safetensors")[0] == 0
    said = call(capsys, "generate", tmp_path / "lora.safetensors", *PROMPT)
    assert said == call(capsys, "generate", tmp_path / "lora", *PROMPT)
    assert "finetuning" not in package.read(tmp_path / "lora.safetensors").config
    assert said == call(capsys, "generate", packed, "--adapter", tmp_path / "lora", *PROMPT)
    assert call(capsys, "finetune", packed, "--out", tmp_path / "same", *words)[0] == 0  # of a base in a package
    assert said == call(capsys, "generate", tmp_path / "same", *PROMPT)
    assert call(capsys, "finetune", folder, "--method", "adapter", "--out", tmp_path / "adapter", *words)[0] == 0
    path = tmp_path / "adapter.safetensors"
    assert "merge" in refusal(capsys, "package", tmp_path / "adapter", "--out", path) and not path.exists()


def test_a_run_may_begin_with_it(made, capsys, tmp_path):
    folder, packed = made("gpt")
    for name, base in (("one", folder), ("two", packed)):
        words = ("--texts", 60, "--steps", 1, "--batch", 2)
        assert call(capsys, "train", "--from", base, "--out", tmp_path / name, *words)[0] == 0
    one, two = (weights(runs.open_run(tmp_path / name).trained_model()) for name in ("one", "two"))
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_it_tells_what_it_holds_and_nothing_of_where_it_was_made(made, capsys, tmp_path):
    own = tmp_path / "secret" / "textos.txt"
    own.parent.mkdir()
    own.write_text("Era uma vez um gato que via a lua.\n\n" * 200, encoding="utf-8")
    run, packed = tmp_path / "secret" / "run", tmp_path / "own.safetensors"
    assert call(capsys, "train", "--corpus", own, "--out", run, *SIZES.split()[2:])[0] == 0
    (tmp_path / "terms").write_text("Uso livre.\nSem garantia.\n", encoding="utf-8")
    status, out, _ = call(capsys, "package", run, "--out", packed, "--license", tmp_path / "terms", "--json")
    assert status == 0 and json.loads(out)["sha256"] == storage.sha256(packed)
    assert b"secret" not in packed.read_bytes() and package.read(packed).config["data"]["corpus"] == "textos.txt"
    status, out, _ = call(capsys, "package", packed)
    assert status == 0 and "# run" in out and "licença: Uso livre." in out and "tudo confere" in out
    assert "`textos.txt`" in out and 'generate own.safetensors --prompt "Era uma vez"' in out
    (tmp_path / "card").write_text("# Ficha minha\n", encoding="utf-8")
    assert call(capsys, "package", run, "--out", packed, "--card", tmp_path / "card")[0] == 0
    told = json.loads(call(capsys, "package", packed, "--json")[1])
    assert not told["license"] and told["bytes"]["README.md"] == len("# Ficha minha\n")
    assert call(capsys, "package", packed)[1].startswith("# Ficha minha\n")


def altered(packed, path, *, texts=(), arrays=()):
    """A copy of a package in which some parts are others, None for none; its hashes are the old ones."""
    found, metadata = storage.load_arrays(packed), storage.metadata_of(packed)
    metadata.pop("format")
    for of, news in ((metadata, texts), (found, arrays)):
        for name, new in dict(news).items():
            of.pop(name, None)
            if new is not None:
                of[name] = new
    storage.save_arrays(path, found, metadata)
    return path


def test_what_was_changed_is_refused_by_name(made, capsys, tmp_path):
    _, packed = made("gpt")
    capsys.readouterr()
    path = tmp_path / "altered.safetensors"
    name, array = next(iter(storage.load_arrays(packed).items()))
    turned = array.copy()
    turned.reshape(-1)[-1] += 1
    for new in (turned, array.astype(np.float64), None):
        altered(packed, path, arrays={name: new})
        assert f"{name} in {path} is missing or not what was packed" in refusal(capsys, "generate", path)
    altered(packed, path, arrays={"more": array})
    assert "more in" in refusal(capsys, "package", path)
    config = storage.metadata_of(packed)["config.json"]
    for what, new in (
        ("config.json", config.replace("16", "18")), ("tokenizer.json", "{}"), ("README.md", "outra"),
        ("LICENSE", "minha"), ("config.json", None), ("sha256", None), ("sha256", "[1]"), ("sha256", "{}"),
    ):  # fmt: skip
        altered(packed, path, texts={what: new})
        asked = "config.json" if new == "{}" and what == "sha256" else what
        assert f"{asked} in {path} is missing or not what was packed" in refusal(capsys, "generate", path)
    whole = packed.read_bytes()
    for cut in (whole[:-1], whole[:100], b"", b"texto"):
        path.write_bytes(cut)
        assert f"{path} is no whole safetensors file" in refusal(capsys, "package", path)
    for metadata in ({}, {package.KIND: "2"}):
        storage.save_arrays(path, {"a": np.zeros(3)}, metadata)
        assert f"{path} is no package that this version reads" in refusal(capsys, "generate", path)


def test_a_package_that_lies_of_its_hashes_too_is_no_run(made, tmp_path):
    """Its hashes fit, and what they are of does not."""
    _, packed = made("gpt")
    texts = {name: storage.metadata_of(packed)[name] for name in ("config.json", "tokenizer.json", "README.md")}
    path, arrays = tmp_path / "own.safetensors", storage.load_arrays(packed)
    for name, wrong in (("config.json", "[]"), ("config.json", "{"), ("tokenizer.json", "{}"), ("config.json", "{}")):
        package.write(path, texts | {name: wrong}, arrays)
        with pytest.raises(UsageError, match=f"{name} in .*own.safetensors"):
            runs.open_run(path, packages=True)
    package.write(path, texts, {"embedding": np.zeros((3, 3), np.float32)})
    with pytest.raises(UsageError):
        runs.open_run(path, packages=True).trained_model()


def test_what_needs_the_texts_is_refused(made, capsys, tmp_path):
    (run, packed), (_, labels) = made("gpt"), made("labels")
    capsys.readouterr()
    for words in (("evaluate", packed), ("compress", packed, "--out", tmp_path / "q"), ("report", packed)):
        assert "is a file, as a package is, and no folder with the texts of a run" in refusal(capsys, *words)
    assert "give a text to classify" in refusal(capsys, "classify", labels)
    assert "--out gpt.safetensors" in refusal(capsys, "package", run)
    assert "is a package already" in refusal(capsys, "package", packed, "--out", tmp_path / "again")
    (tmp_path / "empty").write_text(" \n", encoding="utf-8")
    assert "is empty" in refusal(capsys, "package", run, "--out", tmp_path / "x", "--license", tmp_path / "empty")
    assert "is a folder" in refusal(capsys, "package", run, "--out", tmp_path)
    assert "belongs to the run" in refusal(capsys, "package", run, "--out", run / "tokenizer.json")
    assert {path.name for path in tmp_path.iterdir()} == {"empty"}
