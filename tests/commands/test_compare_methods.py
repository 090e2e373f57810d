"""`tinyllm compare-methods`: every method the same base, tasks and test examples; going on where it stopped."""

import dataclasses
import json

import numpy as np
import pytest
from commands.test_commands import call

from tinyllm import cli
from tinyllm.data.corpora import instrucoes, resenhas
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPTConfig
from tinyllm.show import methods
from tinyllm.tensor import Tensor
from tinyllm.train import run as runs
from tinyllm.train import trials
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import Classify
from tinyllm.train.trials import EXAMS, Outcome, Trial

TINY = {"context": 256, "layers": 1, "heads": 2, "width": 16}


def refusal(capsys, *words):
    status, out, err = call(capsys, *words)
    assert status == 2 and out == "" and err.startswith("tinyllm compare-methods: error: ")
    return err


class FewReviews(Classify):
    """The task without the thousand reviews that it is measured on when it is trained."""

    def read(self, data, *, seed):
        self.labels = tuple(sorted(resenhas.LABELS))
        return {split: list(resenhas.labelled(data.texts, split=split, seed=seed)) for split in SPLITS}


@pytest.fixture(scope="module")
def short():
    """Trials of two steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(EXAMS, "classify", EXAMS["classify"]._replace(task=FewReviews))
        for task, exam in EXAMS.items():
            patch.setitem(EXAMS, task, exam._replace(texts=20, steps=2, batch=4, warmup=1, examples=6))
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "base"
    sizes = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]
    texts = ["--texts", "60", "--vocab-size", "300", "--corpus", "instrucoes"]
    assert cli.main(["train", "--out", str(folder), *texts, *sizes, "--steps", "2", "--batch", "2"]) == 0
    return folder


@pytest.fixture(scope="module")
def made(short, base, tmp_path_factory):
    """(the options of a comparison that is done, its folder)"""
    folder = tmp_path_factory.mktemp("runs") / "methods"
    options = ("compare-methods", "scratch", "lora", "full", "--seeds", 2, "--out", folder, "--base", base)
    assert cli.main(list(map(str, options))) == 0
    return options, folder


# ------------------------------------------------------------------------------------------------------- what is said


def outcomes(**right):
    """{Trial: Outcome} of methods, each with what is right of each example, seed by seed."""
    return {
        Trial("classify", method, seed): Outcome(row, 10, 1000, 2**20 + seed, 3.0 + seed)
        for method, rows in right.items()
        for seed, row in enumerate(rows)
    }


def test_a_row_says_what_the_seeds_say_together_and_how_far_from_full_fine_tuning():
    found = outcomes(full=[[1, 1, 1, 0]] * 3, lora=[[1, 0, 1, 0], [1, 1, 1, 0], [0, 1, 1, 0]])
    row = methods.row_of("classify", "lora", found)
    assert row.quality.value == pytest.approx(7 / 12) and row.quality.low < 7 / 12 < row.quality.high
    assert row.less_full.value == pytest.approx(-2 / 12) and row.less_full.low < -2 / 12 <= row.less_full.high <= 0
    assert (row.learned, row.parameters, row.peak_bytes, row.seconds) == (10, 1000, 2**20 + 1, 4.0)
    full = methods.row_of("classify", "full", found)
    assert full.less_full is None and full.quality.value == 0.75
    alone = methods.row_of("classify", "lora", outcomes(lora=[[1, 0, 1, 0]]))
    assert alone.less_full is None and alone.quality.value == 0.5


def test_the_same_as_full_fine_tuning_is_no_difference():
    row = methods.row_of("classify", "lora", outcomes(full=[[1, 0], [0, 1]], lora=[[1, 0], [0, 1]]))
    assert row.less_full == (0, 0, 0)
    assert methods.cells(row)[3:6] == ["+0,0 (+0,0 a +0,0)", "10", "1,00 %"]


def test_trials_of_one_seed_come_before_those_of_the_next():
    found = trials.all_trials(["full", "lora"], 2)
    assert [trial.seed for trial in found] == [0] * 4 + [1] * 4
    assert found[0].name == "classify/full-0" and len({trial.name for trial in found}) == 8


def test_every_method_of_the_catalogue_has_its_place_and_its_rate():
    for method in ("head", "bitfit", "lora", "qlora", "ia3", "adapter", "prompt", "prefix", "full"):
        assert method in trials.METHODS and trials.settings(method)[0] is not None
    assert trials.settings("qlora")[1] and not trials.settings("lora")[1] and trials.settings("scratch")[0] is None


# ----------------------------------------------------------------------------------------------------- what is done


@pytest.mark.long
def test_all_methods_are_asked_the_same_and_stand_on_the_same_base(made, base, capsys):
    _, folder = made
    lora, full, scratch = (runs.open_run(folder / f"classify/{name}-1") for name in ("lora", "full", "scratch"))
    assert lora.data == full.data == scratch.data and lora.tokenizer.decode([9]) == scratch.tokenizer.decode([9])
    assert lora.finetuning.base_weights == full.finetuning.base_weights and scratch.finetuning is None
    assert (lora.folder / "train.jsonl").read_bytes() == (scratch.folder / "train.jsonl").read_bytes()
    assert (lora.folder / "train.jsonl").read_bytes() != (folder / "classify/lora-0/train.jsonl").read_bytes()
    assert full.training.learning_rate == pytest.approx(scratch.training.learning_rate * trials.settings("full")[2])
    texts = [text for text, _ in resenhas.labelled(6, split="test")]
    guesses = lora.task.chances(lora, lora.trained_model(), texts).argmax(axis=1)
    right = [lora.task.labels[guess] == label for guess, (_, label) in
             zip(guesses, resenhas.labelled(6, split="test"), strict=True)]  # fmt: skip
    assert trials.outcome(Trial("classify", "lora", 1), folder).right == list(map(float, right))


@pytest.mark.long
def test_an_answer_is_as_right_as_the_share_of_its_tokens_that_are_guessed(made):
    run = runs.open_run(made[1] / "instruct/lora-0")

    def foretelling(*ends):
        """A model that knows what comes next, and at the end of the texts says each of these ids in turn."""
        ends = iter(ends)

        def model(ids):
            after = np.append(ids[0, 1:], next(ends))
            return Tensor(np.eye(run.model_config.vocab_size, dtype=np.float32)[after][None])

        return model

    assert trials.answers_right(run, foretelling(*[run.end_id] * 3), 3) == [1.0, 1.0, 1.0]
    (_, answer), *_ = instrucoes.pairs(1, split="test")
    learned = len(run.tokenizer.encode(f" {answer}")) + 1  # and the end
    assert trials.answers_right(run, foretelling(run.end_id + 1), 1) == [pytest.approx(1 - 1 / learned)]


@pytest.mark.long
def test_what_is_done_is_shown_at_once(made, capsys):
    options, folder = made
    status, out, err = call(capsys, *options, "--json")
    rows = {(row["task"], row["method"]): row for row in map(json.loads, out.splitlines())}
    assert status == 0 and "passo" not in err and len(rows) == 6
    for (task, method), row in rows.items():
        stored = [json.loads((folder / task / f"{method}-{seed}" / "trial.json").read_text()) for seed in (0, 1)]
        assert row["quality"]["value"] == pytest.approx(np.mean([one["right"] for one in stored]))
        assert row["seconds"] == pytest.approx(sum(one["seconds"] for one in stored) / 2) and row["seconds"] > 0
        assert row["peak_bytes"] > 4 * row["parameters"] and row["examples"] == 6
        assert (row["learned"] == row["parameters"]) == (method != "lora")
        assert (row["less_full"] is None) == (method == "full")
    out = call(capsys, *options)[1]
    lines = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert lines == ["método", "full", "lora", "scratch"] * 2
    assert "acurácia em 6 de teste" in out and "97,0 %" in out and "2 sementes" in out


@pytest.mark.long
def test_what_is_left_out_is_not_shown_and_what_is_added_is_made(made, capsys):
    (_, *_, base), folder = made
    more = ("compare-methods", "ia3", "--seeds", 1, "--out", folder, "--base", base)
    status, out, err = call(capsys, *more)
    assert status == 0 and "ia3" in out and "lora" not in out and "[1/2] classify/ia3-0" in err
    assert "menos full:" not in out and "--seeds 5" in out


@pytest.mark.long
def test_one_that_is_stopped_goes_on(made, capsys, tmp_path, monkeypatch):
    (_, *_, base), _ = made
    options = ("compare-methods", "bitfit", "--seeds", 1, "--out", tmp_path, "--base", base)
    monkeypatch.setattr(methods, "train_showing", lambda run: 130)
    assert call(capsys, *options)[0] == 130
    assert trials.outcome(Trial("classify", "bitfit", 0), tmp_path) is None
    monkeypatch.undo()
    assert call(capsys, *options)[0] == 0
    path = tmp_path / "classify/bitfit-0/trial.json"
    path.write_text('{"right": [1]}', encoding="utf-8")
    assert "no outcome of a trial" in refusal(capsys, *options)


@pytest.mark.long
def test_refusals(made, capsys, tmp_path, monkeypatch):
    (_, *_, base), folder = made
    assert "there is no method xyz; there are full, lora" in refusal(
        capsys, "compare-methods", "xyz", "--out", tmp_path
    )
    other = folder / "classify/scratch-0"
    words = ("compare-methods", "lora", "--seeds", 1, "--base")
    assert "only one of the two tells labels" in refusal(capsys, *words, other, "--out", tmp_path)
    assert "is a fine-tuning itself" in refusal(capsys, *words, folder / "instruct/lora-0", "--out", tmp_path)
    answering = folder / "instruct/scratch-0"
    assert "another base" in refusal(capsys, *words, answering, "--out", folder)
    monkeypatch.setitem(EXAMS, "classify", EXAMS["classify"]._replace(steps=3))
    assert "other lengths" in refusal(capsys, *words, base, "--out", folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_without_a_base_it_makes_one(short, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "BASE_TEXTS", {"contos": 12, "resenhas": 30, "instrucoes": 40})
    monkeypatch.setattr(trials, "BASE_MODEL", GPTConfig(vocab_size=300, **TINY))
    monkeypatch.setattr(trials, "BASE_TRAINING", TrainConfig(steps=2, batch=2))
    options = ("compare-methods", "head", "--seeds", 1, "--out", tmp_path)
    assert call(capsys, *options)[0] == 0
    texts = (tmp_path / "textos.txt").read_text(encoding="utf-8")
    assert "Usuário: " in texts and len(texts.split("\n\n")) > 80
    base = runs.open_run(tmp_path / "base")
    assert runs.open_run(tmp_path / "instruct/head-0").finetuning.base == str(base.folder.absolute())
    status, _, err = call(capsys, *options)
    assert status == 0 and "passo" not in err


@pytest.mark.long
def test_its_memory_is_that_of_the_arrays_of_a_step(made):
    _, folder = made
    run = runs.open_run(folder / "classify/full-0")
    peak, kept = trials.peak_bytes(run), 4 * 4 * trials.numbers_of(run.new_model())
    assert peak > kept  # weights, gradients and the two averages of AdamW
    run.training = dataclasses.replace(run.training, batch=16)
    assert trials.peak_bytes(run) > 1.5 * peak


@pytest.mark.oracle
@pytest.mark.long
def test_it_draws_quality_against_what_is_learned(made, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    options, _ = made
    for name in ("a.svg", "b.svg"):
        assert call(capsys, *options, "--plot", tmp_path / name)[0] == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "use one of" in refusal(capsys, *options, "--plot", tmp_path / "c.xyz")


def test_an_outcome_that_is_none_is_refused(tmp_path):
    path = tmp_path / "classify/lora-0/trial.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"trial\.json is no outcome of a trial"):
        trials.outcome(Trial("classify", "lora", 0), tmp_path)


@pytest.mark.slow
def test_lora_comes_near_full_fine_tuning(tmp_path, capsys):
    """With less than 3 % of the numbers. Seen in five seeds: 2.1 points above in telling labels (-2.3 to 6.7), and 0.7
    below in answering (-1.5 to 0); in the three of here, 0.2 and 0.4 below."""
    status, out, _ = call(capsys, "compare-methods", "lora", "full", "--seeds", 3, "--out", tmp_path / "m", "--json")
    rows = {(row["task"], row["method"]): row for row in map(json.loads, out.splitlines())}
    assert status == 0 and len(rows) == 4
    for task in EXAMS:
        lora = rows[task, "lora"]
        assert lora["less_full"]["value"] >= -0.02 and lora["learned"] <= 0.03 * lora["parameters"]
        assert lora["peak_bytes"] < rows[task, "full"]["peak_bytes"]
