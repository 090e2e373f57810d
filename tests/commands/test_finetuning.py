"""Fine-tuning from the command line: from the base to what is merged, told in figures, and stopped on the way."""

import json
import shutil

import numpy as np
import pytest
from commands.test_commands import SMALL, call, refusal

from tinyllm.finetune import catalog
from tinyllm.nn.module import count_parameters
from tinyllm.show import training
from tinyllm.train import finetuning as tunings
from tinyllm.train import run as runs

OPTIONS = ("--corpus", "receitas", "--texts", 60, "--batch", 4, "--warmup", 1, "--steps", 4, "--save-every", 2)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    from tinyllm import cli

    folder = tmp_path_factory.mktemp("runs") / "base"
    assert cli.main(["train", "--out", str(folder), *SMALL, "--steps", "4"]) == 0
    return folder


def test_from_the_base_to_what_is_merged(capsys, base, tmp_path):
    lora = tmp_path / "lora"
    status, out, err = call(capsys, "finetune", base, "--out", lora, "--rank", 2, *OPTIONS, "--json")
    first, *steps = map(json.loads, out.splitlines())
    run = runs.open_run(lora)
    assert status == 0 and [line["step"] for line in steps] == [1, 2, 3, 4]
    assert run.finetuning.name == "lora" and run.finetuning.method.rank == 2 and run.task.name == "language"
    learned = count_parameters(run.trained_model())
    assert first == {"learned": learned, "parameters": first["parameters"], "bytes": 4 * learned}
    assert first["parameters"] == learned + count_parameters(runs.open_run(base).new_model())
    texts = [call(capsys, "generate", *words, "--max-tokens", 9, "--json")[1] for words in
             ([lora], [base, "--adapter", lora])]  # fmt: skip
    assert texts[0] == texts[1] and json.loads(texts[0])["text"]
    status, _, err = call(capsys, "merge", lora, "--out", tmp_path / "merged")
    assert status == 0 and "pronto" in err
    assert call(capsys, "generate", tmp_path / "merged", "--max-tokens", 9, "--json")[1] == texts[0]
    assert call(capsys, "merge", lora, "--to-peft", tmp_path / "peft")[0] == 0
    assert call(capsys, "generate", base, "--adapter", tmp_path / "peft", "--max-tokens", 9, "--json")[1] == texts[0]
    assert call(capsys, "merge", base, "--adapter", tmp_path / "peft", "--out", tmp_path / "again")[0] == 0
    arrays = [runs.open_run(tmp_path / name).trained_model().blocks[0].attention.qkv.weight.data
              for name in ("merged", "again")]  # fmt: skip
    np.testing.assert_array_equal(*arrays)


def test_what_is_learned_is_told_and_the_base_is_read_once(capsys, base, tmp_path, monkeypatch):
    read, fingerprint = [], tunings.fingerprint
    monkeypatch.setattr(tunings, "fingerprint", lambda model: read.append(model) or fingerprint(model))
    status, _, err = call(capsys, "finetune", base, "--out", tmp_path / "q", "--method", "qlora", *OPTIONS)
    assert len(read) == 1
    run, plain = runs.open_run(tmp_path / "q"), runs.open_run(base).new_model()
    learned, there = count_parameters(run.new_model()), count_parameters(plain)
    assert status == 0 and run.finetuning.form and run.finetuning.name == "lora"
    figures = (f"{number:,}".replace(",", ".") for number in (learned, learned + there))
    assert "Aprende {} de {} parâmetros".format(*figures) in err and f"o resto é lido de {base}" in err


def test_one_that_is_stopped_goes_on_with_its_own_options(capsys, base, tmp_path):
    folder = tmp_path / "run"
    assert call(capsys, "finetune", base, "--out", folder, "--method", "ia3", *OPTIONS)[0] == 0
    rate = runs.open_run(folder).training.learning_rate
    assert rate == pytest.approx(4e-3 * catalog.METHODS["ia3"].pace)
    assert call(capsys, "finetune", "--resume", folder, "--steps", 5)[0] == 0
    assert call(capsys, "train", "--resume", folder, "--steps", 6)[0] == 0
    assert runs.steps_done(runs.open_run(folder)) == 6
    assert "--method cannot change" in refusal(capsys, "finetune", "--resume", folder, "--steps", 7, "--method=ia3")
    assert "needs a base" in refusal(capsys, "finetune", "--out", tmp_path / "no")
    estimated = json.loads(call(capsys, "estimate", folder, "--json")[1])
    assert estimated == json.loads(call(capsys, "estimate", base, "--method", "ia3", "--batch", 4, "--json")[1])
    assert estimated["learned"] == count_parameters(runs.open_run(folder).new_model()) < estimated["parameters"]
    shutil.copytree(base, tmp_path / "other")
    assert call(capsys, "train", "--resume", tmp_path / "other", "--steps", 5)[0] == 0
    said = refusal(capsys, "generate", tmp_path / "other", "--adapter", folder)
    assert f"{folder} was fine-tuned on other weights than those of {tmp_path / 'other'}" in said


def test_what_it_takes_is_told_before_and_refused_if_it_is_too_much(capsys, base, tmp_path, monkeypatch):
    how = {}
    for method in ("full", "lora", "qlora"):
        words = ("estimate", base, "--method", method, "--batch", 4, "--workers", 1, "--json")
        found = json.loads(call(capsys, *words)[1])
        how[method] = found["training"]["float32"]
        assert "float32_offload" not in found["training"]
    assert how["qlora"]["weights"] < how["lora"]["weights"] and how["lora"]["optimiser"] < how["full"]["optimiser"]
    lora, full = (call(capsys, "estimate", base, "--method", method)[1] for method in ("lora", "full"))
    assert "; o resto só é lido.\n" in lora and "(100,0 %).\n" in full and "disco" not in lora + full
    monkeypatch.setattr(training, "physical_memory", lambda: 100 << 20)
    said = refusal(capsys, "finetune", base, "--out", tmp_path / "no", "--method", "qlora", "--workers", 1, *OPTIONS)
    assert f"training needs about {how['qlora']['total'] >> 20} MB and this machine has 100 MB" in said
    assert "lower --batch=4, or give --recompute 1, or" in said and "width" not in said
    assert not (tmp_path / "no").exists()


@pytest.mark.long
def test_a_text_is_classified_by_the_base_and_an_adapter(capsys, base, tmp_path):
    lines = "".join(f"{word} {i}\t{label}\n" for i in range(60) for word, label in (("bom", "p"), ("ruim", "n")))
    (tmp_path / "few.tsv").write_text(lines)
    options = ("--corpus", tmp_path / "few.tsv", "--steps", 2, "--batch", 4, "--context")[:-1]
    for method in ("prompt", "head"):
        folder = tmp_path / method
        more = ("--length", 2) if method == "prompt" else ()
        status, out, err = call(
            capsys, "finetune", base, "--out", folder, "--task", "classify", "--method", method, *more, *options
        )  # fmt: skip
        assert status == 0 and "acurácia" in out, err
        words = ("classify", base, "--adapter", folder, "bom dia", "--json")
        assert json.loads(call(capsys, *words)[1])["label"] in "np"
        assert call(capsys, "classify", folder, "bom dia", "--json")[1] == call(capsys, *words)[1]
