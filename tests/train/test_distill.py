"""Distillation in a run: what the teacher says of every token, read once; a student that learns it, stops, goes on."""

import dataclasses
import itertools
import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.models.bert import BERTConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.rnn import LSTMConfig
from tinyllm.models.t5 import T5Config
from tinyllm.nn.module import map_parameters, weights
from tinyllm.parallel.data import ONE_RANK
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import backward, no_grad
from tinyllm.train import checkpoint, distill, log
from tinyllm.train import folder as folders
from tinyllm.train import run as runs
from tinyllm.train.distill import DistillConfig, Reading
from tinyllm.train.finder import RangeTest
from tinyllm.train.loop import TrainConfig
from tinyllm.train.student import create_student
from tinyllm.train.tasks import Classify, DataConfig, LabelledConfig

TEACHER = GPTConfig(vocab_size=300, context=12, layers=1, heads=2, width=24)
STUDENT = GPTConfig(context=10, layers=2, heads=2, width=16, dropout=0.1)
TRAINING = TrainConfig(steps=8, batch=6, accumulate=2, warmup=2, workers=2, seed=3)
EVERY = {"save_every": 4, "validate_every": 8}
each_kind = pytest.mark.parametrize("kind", ["logits", "hidden"])


def fit(run, **options):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **options))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A teacher, from which nobody has learned."""
    folder = tmp_path_factory.mktemp("teacher") / "t"
    run = runs.create(folder, DataConfig(texts=60, save_every=100, validate_every=100), TEACHER, TRAINING)
    fit(run)
    return run


@pytest.fixture
def teacher(trained, tmp_path):
    return runs.open_run(shutil.copytree(trained.folder, tmp_path / "t"))


def student(teacher, folder, kind="logits", model=STUDENT, training=TRAINING, **asked):
    config = DistillConfig(distill=kind, **asked)
    return create_student(teacher, folder, config, model, training, every=EVERY, warn=pytest.fail)


def contents(run):
    folder = checkpoint.newest_first(run.checkpoints)[0]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def never(*_, **__):
    pytest.fail("the teacher reads a second time")


# ------------------------------------------------------------------------------------------------------- the reading


@given(places=st.integers(1, 60), context=st.integers(1, 20))
def test_every_place_is_read_once_with_half_a_context_behind_it(places, context):
    reading = object.__new__(Reading)
    reading.places = places
    length, found = min(context, places), []
    for start, known in reading.windows(context):
        assert start >= 0 and start + length <= places
        for place in range(start + known, start + length):
            assert place - start >= min(place, length // 2), "the teacher has seen too little"
            found.append(place)
    assert found == list(range(places))


@each_kind
def test_what_is_kept_is_what_the_teacher_makes_of_the_tokens(teacher, tmp_path, kind):
    run = student(teacher, tmp_path / "s", kind)
    arrays, model, tokens = run.lesson().arrays, teacher.trained_model(), teacher.tokens("train")
    assert {len(array) for array in arrays} == {len(tokens) - 1}
    for start, known in [
        (0, 0),
        *Reading(run).windows(TEACHER.context)[5:6],
        *Reading(run).windows(TEACHER.context)[-1:],
    ]:
        with no_grad():
            hidden = model.hidden(tokens[start : start + TEACHER.context].astype(int)[None]).data[0, known:]
        kept = [array[start + known : start + TEACHER.context] for array in arrays]
        if kind == "hidden":
            np.testing.assert_allclose(kept[0] * np.sqrt((hidden**2).mean(axis=-1, keepdims=True)), hidden, atol=5e-3)
            continue
        soft = np.exp(hidden @ model.head().data / 2.0)
        p = soft / soft.sum(axis=-1, keepdims=True)
        of_kept = np.take_along_axis(p, kept[0].astype(int), axis=-1)
        assert kept[0].shape[-1] == distill.KEPT and (np.diff(kept[0].astype(int)) > 0).all()
        assert (of_kept.min(axis=-1) >= np.sort(p, axis=-1)[:, -distill.KEPT] * 0.9999).all()
        np.testing.assert_allclose(np.exp(kept[1][:, :-1].astype(float)), of_kept, rtol=5e-3)
        np.testing.assert_allclose(np.exp(kept[1][:, -1].astype(float)), 1 - of_kept.sum(axis=-1), rtol=5e-3)


def test_a_student_may_have_a_curriculum_of_its_own(teacher, tmp_path):
    training = dataclasses.replace(TRAINING, curriculum="length", curriculum_start=0.1)
    run, plain = student(teacher, tmp_path / "s", training=training), student(teacher, tmp_path / "plain")
    lesson = run.lesson()
    for start in (0, 5, 9):
        ids, targets, *_ = next(lesson.batches(start))
        assert np.array_equal((ids, targets), next(run.batches(start)))
    assert not np.array_equal(next(run.batches(0)), next(plain.batches(0)))
    fit(run)


@pytest.mark.long
def test_it_is_the_same_by_any_number_of_threads_and_read_once_for_all_students(teacher, tmp_path, monkeypatch):
    first = student(teacher, tmp_path / "a")
    first.lesson()
    (folder,) = (teacher.folder / distill.FOLDER).iterdir()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".npy"}
    shutil.rmtree(folder)
    again = student(teacher, tmp_path / "b", training=dataclasses.replace(TRAINING, workers=3))
    again.lesson()
    assert before == {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".npy"}
    monkeypatch.setattr(Reading, "make", never)
    other = dataclasses.replace(TRAINING, seed=9, batch=3)
    student(teacher, tmp_path / "c", model=LSTMConfig(context=7, layers=1, width=8), training=other).lesson()
    student(teacher, tmp_path / "d", distill_weight=0.9).lesson()
    for number, asked in enumerate(({"kind": "hidden"}, {"distill_temperature": 3.0})):
        assert not Reading(student(teacher, tmp_path / f"e{number}", **asked)).there


def test_a_reading_that_breaks_off_leaves_nothing_and_is_begun_again(teacher, tmp_path):
    run = student(teacher, tmp_path / "s")
    reading = Reading(run)
    left = teacher.folder / distill.FOLDER / ".logits-0123.partial-99999"  # by a process that was killed
    left.mkdir(parents=True)

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reading.make(teacher, stop)
    assert list((teacher.folder / distill.FOLDER).iterdir()) == [] and not reading.there
    seen = []
    reading.make(teacher, seen.append)
    assert reading.there and seen[-1] == reading.places and seen == sorted(seen)
    files = [path for path in reading.folder.iterdir() if path.suffix == ".npy"]
    assert abs(sum(path.stat().st_size for path in files) - reading.bytes(TEACHER)) <= 128 * len(files)


def test_a_disk_with_too_little_room_is_told_before_anything_is_read(teacher, tmp_path, monkeypatch):
    run = student(teacher, tmp_path / "s")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    monkeypatch.setattr(Reading, "write", never)
    with pytest.raises(UsageError, match=r"takes \d+ MB, and .* has 0 MB left; make room"):
        fit(run)
    assert runs.steps_done(run) == 0


@pytest.mark.long
def test_a_reading_that_was_cut_short_is_told(teacher, tmp_path):
    run = student(teacher, tmp_path / "s")
    run.lesson()
    for name, change in (("logits.npy", lambda text: text[:-10]), ("about.json", lambda text: b"{}")):
        path = Reading(run).folder / name
        whole = path.read_bytes()
        path.write_bytes(change(whole))
        with pytest.raises(UsageError, match=r"is damaged .*; delete it, and the teacher reads again"):
            fit(run)
        path.write_bytes(whole)
    assert len(fit(run)) == TRAINING.steps


def test_flops_are_those_of_the_products(teacher, tmp_path):
    """Counted by hand: each window goes through the blocks, each place through the head, and a step there and back."""
    run = student(teacher, tmp_path / "s")
    reading, C, T, size = Reading(run), TEACHER.width, TEACHER.context, teacher.tokenizer.vocab_size
    blocks = T * 12 * C * C + T * T * C
    expected = 2 * (len(reading.windows(T)) * blocks + reading.places * C * size)
    assert reading.flops(teacher.model_config) == expected
    C, T = STUDENT.width, STUDENT.context
    a_row = 2 * (T * 12 * C * C + T * T * C) + T * C * size
    assert distill.flops_of_step(run) == 6 * a_row * TRAINING.batch * TRAINING.accumulate


# ------------------------------------------------------------------------------------------------------- the student


@each_kind
def test_a_student_that_is_resumed_equals_one_that_was_not_byte_for_byte(teacher, tmp_path, kind):
    whole = student(teacher, tmp_path / "whole", kind)
    fit(whole)
    parts, seen = student(teacher, tmp_path / "parts", kind), []
    fit(parts, stop=lambda: len(seen) == 2 or seen.append(1))
    assert runs.steps_done(parts) == 3
    fit(runs.open_run(parts.folder))
    assert contents(whole) == contents(parts) and ("helper.safetensors" in contents(whole)) == (kind == "hidden")
    (told,) = log.read(whole.folder / log.ENVIRONMENT, warn=pytest.fail)
    assert told["teacher_flops"] > 0 and told["teacher_seconds"] > 0
    assert told["student_flops_per_step"] == distill.flops_of_step(whole)


@pytest.mark.long
@each_kind
def test_its_weights_need_no_teacher_and_are_those_of_a_model_as_any_other(teacher, tmp_path, kind):
    run = student(teacher, tmp_path / "s", kind)
    fit(run)
    shutil.rmtree(teacher.folder)
    alone = runs.open_run(run.folder)
    assert weights(alone.trained_model(warn=pytest.fail)).keys() == weights(alone.new_model()).keys()
    alone.training = dataclasses.replace(alone.training, steps=9)
    with pytest.raises(UsageError, match="holds no run"):
        fit(alone)
    base = runs.create_from(alone, tmp_path / "next", DataConfig(texts=60), TRAINING)  # and others may go on from it
    assert base.distillation is None


@pytest.mark.long
@each_kind
def test_it_learns_what_the_teacher_says(teacher, tmp_path, kind):
    """Of the teacher alone: its loss falls, and the worth of the text, which it is not told, falls with it."""
    training = dataclasses.replace(TRAINING, steps=30, accumulate=1)
    run = student(teacher, tmp_path / "s", kind, training=training, distill_weight=1.0, distill_temperature=1.0)
    model = dataclasses.replace(STUDENT, dropout=0.0)
    run.model_config = dataclasses.replace(model, vocab_size=run.model_config.vocab_size)
    losses = [report.loss for report, _ in fit(run)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3]) and losses[0] < (10 if kind == "logits" else 4)
    if kind == "logits":
        plain = run.mean_loss(run.trained_model(), "validation")
        assert plain < run.mean_loss(run.new_model(), "validation") - 0.1


@each_kind
def test_its_batches_are_those_of_its_texts_and_its_loss_the_same_by_any_number_of_workers(teacher, tmp_path, kind):
    run = student(teacher, tmp_path / "s", kind)
    lesson, model = run.lesson(), run.new_model()
    plain = itertools.islice(run.batches(2), 3)
    for (ids, targets, *of_teacher), expected in zip(lesson.batches(2), plain, strict=False):
        assert np.array_equal(ids, expected[0]) and np.array_equal(targets, expected[1])
        assert {array.shape[:2] for array in of_teacher} == {ids.shape}
        assert {array.dtype for array in of_teacher} <= {np.dtype(np.float32), np.dtype(np.int64)}
    batch, found = next(lesson.batches()), []
    for workers in (1, 3):
        with Workers(workers) as pool:
            loss, grads = ONE_RANK.gradients(pool, lesson.loss_of(model), [batch], seed=0, step=0)
            found.append((loss, [grads[p] for p in [*model.parameters(), *(lesson.helper or model).parameters()]]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@each_kind
def test_the_range_test_of_a_student_measures_what_it_learns_by(teacher, tmp_path, kind):
    run = student(teacher, tmp_path / "s", kind, model=dataclasses.replace(STUDENT, dropout=0.0), distill_weight=0.9)
    test = RangeTest(run, lowest=1e-5, highest=0.1, steps=6)
    list(test.reports())
    lesson, model = run.lesson(), run.new_model()
    with no_grad():
        first = [float(lesson.loss_of(model)(*batch).data) for batch in itertools.islice(lesson.batches(), 2)]
    assert test.losses[0] == pytest.approx(np.mean(first), rel=1e-5)
    assert test.losses[-1] < test.losses[0]


@each_kind
def test_on_a_gpu_it_computes_the_same(cupy, teacher, tmp_path, kind):
    run = student(teacher, tmp_path / "s", kind, model=dataclasses.replace(STUDENT, dropout=0.0))
    lesson, model, found = run.lesson(), run.new_model(), []
    batch = next(lesson.batches())
    for move in (np.asarray, cupy.asarray):
        for module in filter(None, (model, lesson.helper)):
            map_parameters(module, lambda array, move=move: move(array.astype(np.float64)))
        loss = lesson.loss_of(model)(*batch)
        found.append((float(loss), backward(loss)[model.tokens.weight]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-9)
    np.testing.assert_allclose(found[1][1].get(), found[0][1], rtol=1e-6, atol=1e-9)


@pytest.mark.long
def test_a_teacher_reads_on_a_gpu(cupy, teacher, tmp_path):
    here, there = student(teacher, tmp_path / "a"), student(teacher, tmp_path / "b")
    expected = [np.array(array[:40], float) for array in here.lesson().arrays]
    shutil.rmtree(teacher.folder / distill.FOLDER)
    there.training = dataclasses.replace(TRAINING, device="gpu", workers=1)
    found = there.lesson().arrays
    assert (found[0][:40] == expected[0]).mean() > 0.99  # where two are about as likely, rounding chooses
    np.testing.assert_allclose(found[1][:40], expected[1], atol=0.02)


@pytest.mark.long
@each_kind
def test_a_student_on_a_gpu_is_saved_and_resumed_as_one_in_memory(cupy, teacher, tmp_path, kind):
    losses = []
    for device in ("cpu", "gpu"):
        run = student(
            teacher, tmp_path / device, kind, training=dataclasses.replace(TRAINING, device=device, workers=1)
        )
        parts = []
        for steps in (2, 3):
            run.training = dataclasses.replace(run.training, steps=steps)
            parts += [report.loss for report, _ in fit(run)]
        losses.append(parts)
    assert len(losses[0]) == 3
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_one_that_is_to_learn_nothing_of_its_teacher_is_an_ordinary_run_with_its_texts(teacher, tmp_path):
    run = student(teacher, tmp_path / "s", "none")
    stored = json.loads((run.folder / "config.json").read_text(encoding="utf-8"))
    assert "distillation" not in stored and run.lesson() is None
    for name in folders.files_of(run):
        assert (run.folder / name).read_bytes() == (teacher.folder / name).read_bytes()
    assert run.data == dataclasses.replace(teacher.data, **EVERY)
    assert run.model_config.vocab_size == teacher.tokenizer.vocab_size


@pytest.mark.long
def test_logits_are_learned_in_mixed_precision_and_with_a_softened_loss(teacher, tmp_path):
    training = dataclasses.replace(TRAINING, steps=4, precision="float16", label_smoothing=0.1, z_loss=1e-3)
    assert all(np.isfinite(report.loss) for report, _ in fit(student(teacher, tmp_path / "s", training=training)))


# ---------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.long
def test_a_teacher_that_has_learned_more_is_refused_unless_it_has_read_before(teacher, tmp_path):
    run, late = student(teacher, tmp_path / "s"), student(teacher, tmp_path / "late", distill_temperature=3.0)
    run.lesson()
    teacher.training = dataclasses.replace(teacher.training, steps=10)
    fit(teacher)
    assert len(fit(run)) == TRAINING.steps
    with pytest.raises(UsageError, match=r"is not what it was when .*late began, as after more training"):
        fit(late)


def test_a_teacher_with_another_tokenizer_is_refused(teacher, tmp_path):
    run = student(teacher, tmp_path / "s")
    path, config = teacher.folder / "tokenizer.json", teacher.folder / "config.json"
    text, old = path.read_text(encoding="utf-8"), storage.sha256(path)
    path.write_text(text + "\n", encoding="utf-8")
    config.write_text(config.read_text(encoding="utf-8").replace(old, storage.sha256(path)), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"the teacher .* has another tokenizer .* \({old[:12]}…\)"):
        fit(run)


@pytest.mark.long
def test_models_that_do_not_foretell_the_next_token_are_refused(teacher, tmp_path):
    sizes = {"vocab_size": 300, "context": 8, "layers": 1, "width": 8, "heads": 2}
    bert = runs.create(tmp_path / "bert", DataConfig(texts=60), BERTConfig(**sizes), TRAINING)
    with pytest.raises(UsageError, match=r"the teacher .* is a bert, .* take one of gpt, llama, rnn, lstm"):
        student(bert, tmp_path / "s")
    with pytest.raises(UsageError, match="the student is a t5"):
        student(teacher, tmp_path / "s", model=T5Config(**sizes))
    labels = runs.create(
        tmp_path / "labels", LabelledConfig(texts=200), dataclasses.replace(STUDENT, vocab_size=300), TRAINING,
        task=Classify(),
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"the teacher .* tells labels"):
        student(labels, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_what_a_distillation_cannot_do_is_refused(teacher, tmp_path):
    half = dataclasses.replace(TRAINING, precision="float16")
    with pytest.raises(UsageError, match="distill=hidden learns a map in float32, not precision=float16"):
        student(teacher, tmp_path / "s", "hidden", training=half)
    with pytest.raises(UsageError, match="a distillation is for one process, not 2"):
        student(teacher, tmp_path / "s").lesson(ranks=2)
    untrained = runs.create(tmp_path / "u", DataConfig(texts=60), TEACHER, TRAINING)
    with pytest.raises(UsageError, match="there is no checkpoint"):
        student(untrained, tmp_path / "v")
    assert not (tmp_path / "v").exists()
