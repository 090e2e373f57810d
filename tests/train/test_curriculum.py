"""A run with a curriculum: how hard its texts are, resumed bitwise, refused where it makes no sense."""

import dataclasses
import shutil

import numpy as np
import pytest

from tinyllm import cli, storage
from tinyllm.compress.int8 import Int8Config
from tinyllm.data.batches import batches
from tinyllm.data.curriculum import Curriculum
from tinyllm.errors import UsageError
from tinyllm.evaluate.agreement import log_probabilities
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.train import difficulty
from tinyllm.train import run as runs
from tinyllm.train.compressed_run import create as create_quantized
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import Classify, DataConfig, LabelledConfig

MODEL = GPTConfig(vocab_size=300, context=16, layers=1, heads=2, width=16)
TRAINING = TrainConfig(steps=10, batch=4, accumulate=2, warmup=3, workers=2, seed=3, curriculum="length")
DATA = DataConfig(texts=60, save_every=4, validate_every=10)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(difficulty, "STEPS", 3)


def make(folder, data=DATA, **training):
    return runs.create(folder, data, MODEL, dataclasses.replace(TRAINING, **training))


def fit(run, **options):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **options))


def end_of(folder):
    return (folder / "checkpoints/step-00000010/model.safetensors").read_bytes()


@pytest.mark.parametrize("order", ["length", "difficulty"])
def test_a_run_begins_with_its_easiest_texts(tmp_path, order):
    run = make(tmp_path / "run", curriculum=order, curriculum_start=0.2, steps=500)
    scored = storage.load_arrays(run.curriculum)
    assert len(scored["scores"]) == len(scored["lengths"]) == 60
    assert scored["lengths"].sum() + 1 == len(run.tokens("train"))
    if order == "length":
        assert np.array_equal(scored["scores"], scored["lengths"])
    course = Curriculum(**scored, length=500, begin=0.2)  # of 500 steps half, each of two batches
    sizes = {"batch": 4, "context": 16, "seed": 3}
    for start in (0, 300, 499, 500):
        expected = next(course.batches(run.tokens("train"), start=start, **sizes))
        assert np.array_equal(next(run.batches(start)), expected)
    assert np.array_equal(expected, next(batches(run.tokens("train"), start=500, **sizes)))


def test_a_curriculum_takes_half_of_the_steps_and_a_resumed_run_keeps_to_it(tmp_path):
    run = make(tmp_path / "run", steps=9)
    assert run.training.curriculum_steps == 5
    run.training = dataclasses.replace(run.training, steps=100)
    assert run.training.steps_of_curriculum == 5
    assert make(tmp_path / "plain", curriculum="none").training.curriculum_steps == 0
    assert make(tmp_path / "other", curriculum_steps=7).training.steps_of_curriculum == 7


@pytest.mark.parametrize("order", ["length", pytest.param("difficulty", marks=pytest.mark.long)])
def test_a_run_stopped_or_killed_in_its_curriculum_is_resumed_bitwise(tmp_path, monkeypatch, order):
    make(tmp_path / "made", curriculum=order, curriculum_steps=8)
    monkeypatch.setattr(difficulty, "scored", lambda run: pytest.fail("scores are made once"))
    folders = [tmp_path / name for name in ("whole", "stopped", "killed")]
    whole, stopped, killed = (runs.open_run(shutil.copytree(tmp_path / "made", folder)) for folder in folders)
    fit(whole)
    seen = []
    fit(stopped, stop=lambda: len(seen) == 2 or seen.append(1))
    for report, _ in runs.fit(killed, killed.new_model()):
        if report.step == 6:
            break  # the last checkpoint is that of step 4
    assert (runs.steps_done(stopped), runs.steps_done(killed)) == (3, 4)
    for folder in folders[1:]:
        fit(runs.open_run(folder))
        assert end_of(folder) == end_of(folders[0])


@pytest.mark.long
def test_more_steps_from_the_command_line_continue_the_curriculum(tmp_path, capsys):
    made = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--width=16", "--heads=2", "--batch=4"]
    made += ["--warmup=2", "--curriculum=difficulty", "--curriculum-steps=8", "--curriculum-start=0.05"]
    assert cli.main(["train", f"--out={tmp_path}/whole", "--steps=10", *made]) == 0
    told = capsys.readouterr().err
    assert "Currículo: no começo, 5,0 % dos textos, os mais fáceis; todos depois do passo 8." in told
    assert "que antes treinou 3 passos" in told
    assert cli.main(["train", f"--out={tmp_path}/parts", "--steps=5", *made]) == 0
    assert cli.main(["train", f"--resume={tmp_path}/parts", "--steps=10"]) == 0
    assert end_of(tmp_path / "parts") == end_of(tmp_path / "whole")
    assert cli.main(["train", f"--out={tmp_path}/plain", "--steps=10", *made, "--curriculum=none"]) == 0
    assert end_of(tmp_path / "plain") != end_of(tmp_path / "whole")


@pytest.mark.long
def test_a_run_from_another_and_one_in_int8_have_the_curriculum_of_their_texts(tmp_path):
    base = make(tmp_path / "base", steps=2)
    fit(base)
    other = runs.create_from(base, tmp_path / "other", dataclasses.replace(DATA, texts=50), TRAINING)
    assert len(storage.load_arrays(other.curriculum)["scores"]) == 50
    fit(other)
    again = create_quantized(other, tmp_path / "int8", Int8Config())
    assert again.curriculum.read_bytes() == other.curriculum.read_bytes()
    runs.open_run(tmp_path / "int8")


def test_a_curriculum_that_is_missing_or_changed_is_refused(tmp_path):
    run = make(tmp_path / "run")
    run.curriculum.write_bytes(run.curriculum.read_bytes()[:-1])
    with pytest.raises(UsageError, match=r"curriculum\.safetensors is missing or not the file this run was made with"):
        runs.open_run(tmp_path / "run")


def test_texts_with_labels_have_no_curriculum(tmp_path):
    with pytest.raises(
        UsageError, match=r"curriculum=length orders texts .* not texts with labels or conversations; leave it out"
    ):
        runs.create(tmp_path / "run", LabelledConfig(texts=80), MODEL, TRAINING, task=Classify())
    assert not (tmp_path / "run").exists()


def test_too_little_text_is_told_before_a_model_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr(difficulty, "scored", lambda run: pytest.fail("nothing to read"))
    (tmp_path / "short.txt").write_text("Um.\n\nDois.\n\nTrês.\n", encoding="utf-8")
    with pytest.raises(UsageError, match="are too few for one batch: 4 windows of 16 need 80"):
        make(tmp_path / "run", DataConfig(corpus=str(tmp_path / "short.txt")), curriculum="difficulty")
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_one_text_alone_and_texts_shorter_than_a_window_can_be_scored(tmp_path):
    words = "Era uma vez um rei que tinha uma filha e um gato, e o gato tinha medo do rei. "
    for name, text in (("giant", f"{words * 40}\n\nUm. {words}\n\nDois. {words}\n"), ("short", "Bom dia.\n\n" * 300)):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
        run = make(tmp_path / name, DataConfig(corpus=str(tmp_path / f"{name}.txt")), curriculum="difficulty", steps=2)
        fit(run)


@pytest.mark.parametrize("lengths", [[3, 1, 9, 20, 4, 5, 8], [40], [1, 1]], ids=str)
def test_the_score_of_a_text_is_its_mean_surprise_and_that_of_no_other(lengths):
    model = GPT(GPTConfig(vocab_size=20, context=4, layers=1, heads=2, width=8), rng=np.random.default_rng(0))
    tokens, lengths = np.random.default_rng(1).integers(1, 20, 1 + sum(lengths)).astype(np.uint16), np.array(lengths)
    ends = np.cumsum(lengths)
    expected = []
    for start, stop in zip(ends - lengths, ends, strict=True):
        text = tokens[start : stop + 1].astype(np.int64)  # the end before it, its tokens, its end
        pieces = [text[first : first + 5] for first in range(0, len(text) - 1, 4)]
        expected.append(-log_probabilities(model, pieces).sum() / (stop - start))
    np.testing.assert_allclose(difficulty.surprises(model, tokens, lengths), expected, rtol=1e-5)


@pytest.mark.long
def test_a_small_model_finds_texts_that_repeat_easier_than_noise(tmp_path, monkeypatch):
    monkeypatch.setattr(difficulty, "STEPS", 60)
    rng = np.random.default_rng(0)
    texts = ["o gato viu o rato " * 6] * 60 + ["".join(rng.choice(list("abcdefghij "), 100)) for _ in range(60)]
    order = rng.permutation(120)
    held_out = [*texts[:10], *texts[-10:]]
    (tmp_path / "texts.txt").write_text("\n\n".join([*(texts[i] for i in order), *held_out]), encoding="utf-8")
    run = make(tmp_path / "run", DataConfig(corpus=str(tmp_path / "texts.txt")), curriculum="difficulty")
    scores, repeats = storage.load_arrays(run.curriculum)["scores"][:120], order < 60
    assert scores[repeats].max() < scores[~repeats].min()
