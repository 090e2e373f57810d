"""A run: made, trained, stopped, resumed bitwise, and refused when its files are not its own."""

import contextlib
import copy
import dataclasses
import json
import os
import platform
import shutil
import sys

import numpy as np
import pytest

from tinyllm import storage
from tinyllm.data import dataset
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.models.bert import BERTConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.nn.module import weights
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.optim.sgd import SGDConfig
from tinyllm.train import checkpoint, log
from tinyllm.train import folder as folders
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.monitor import MonitorConfig
from tinyllm.train.tasks import Classify, DataConfig, LabelledConfig, Language

MODEL = GPTConfig(vocab_size=300, context=16, layers=2, heads=2, width=16, dropout=0.1)
TRAINING = TrainConfig(steps=12, batch=6, accumulate=2, warmup=3, workers=2, seed=3)
DATA = DataConfig(texts=60, save_every=4, validate_every=6)
SIZES = {"vocab_size": 300, "context": 16, "layers": 2, "width": 16, "dropout": 0.1}
RECURRENT = {RNN: RNNConfig(**SIZES), LSTM: LSTMConfig(**SIZES)}
each_model = pytest.mark.parametrize("model", [MODEL, *RECURRENT.values()], ids=lambda config: type(config).__name__)


def make(folder, model=MODEL, **training):
    return runs.create(folder, DATA, model, dataclasses.replace(TRAINING, **training))


def fit(run, **options):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **options))


def contents(run):
    folder = checkpoint.newest_first(run.checkpoints)[0]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def losses(run):
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]


@each_model
def test_a_resumed_run_equals_an_uninterrupted_one_byte_for_byte(tmp_path, model):
    whole = make(tmp_path / "whole", model)
    fit(whole)
    parts = make(tmp_path / "parts", model)
    seen = []
    fit(parts, stop=lambda: len(seen) == 1 or seen.append(1))  # Ctrl-C in the second step
    assert runs.steps_done(parts) == 2
    reports = fit(runs.open_run(tmp_path / "parts"))
    assert [report.step for report, _ in reports] == list(range(3, 13))
    assert contents(whole) == contents(parts)
    assert losses(whole) == losses(parts)


def test_a_run_killed_between_checkpoints_takes_the_lost_steps_again(tmp_path):
    whole = make(tmp_path / "whole")
    fit(whole)
    killed = make(tmp_path / "killed")
    for report, _ in runs.fit(killed, killed.new_model()):
        if report.step == 7:
            break  # the last checkpoint is that of step 4; the log knows 7
    with open(killed.folder / "log.jsonl", "a") as log:
        log.write('{"step": 8, "lo')  # a line cut short
    fit(runs.open_run(tmp_path / "killed"))
    assert contents(whole) == contents(killed)
    assert losses(whole) == losses(killed)


def test_samples_depend_on_the_seed_and_the_step_alone(tmp_path):
    monitor = MonitorConfig(sample_every=3, sample_prompt="Um dia")
    whole, parts = (runs.create(tmp_path / name, DATA, MODEL, TRAINING, monitor=monitor) for name in ("whole", "parts"))
    fit(whole)
    plain = make(tmp_path / "plain")
    fit(plain)
    assert contents(whole) == contents(plain), "a sample changes nothing of the training"
    for report, _ in runs.fit(parts, parts.new_model()):
        if report.step == 7:
            break  # the last checkpoint is that of step 4, the last sample that of step 6
    told = (parts.folder / log.SAMPLES).read_text()
    fit(runs.open_run(parts.folder))
    samples = log.read(parts.folder / log.SAMPLES, warn=pytest.fail)
    assert [line["step"] for line in samples] == [3, 6, 9, 12] and len({line["text"] for line in samples}) == 4
    assert (whole.folder / log.SAMPLES).read_bytes() == (parts.folder / log.SAMPLES).read_bytes()
    assert (parts.folder / log.SAMPLES).read_text().startswith(told)


@pytest.mark.parametrize(
    ("monitor", "model", "message"),
    [
        (MonitorConfig(sample_every=1, sample_prompt="zyx " * 30), MODEL, r"sample_prompt of \d+ tokens .* of 16"),
        (MonitorConfig(sample_every=2), BERTConfig(**SIZES, heads=2), "sample_every=2 asks for texts, and this model"),
    ],
)
def test_samples_that_cannot_be_are_refused_before_anything_is_made(tmp_path, monitor, model, message):
    with pytest.raises(UsageError, match=message):
        runs.create(tmp_path / "run", DATA, model, TRAINING, monitor=monitor)
    assert not (tmp_path / "run").exists()


def test_the_machine_is_told_once_and_again_where_it_is_another(tmp_path):
    run = make(tmp_path / "run", steps=4)
    fit(run)
    for steps, workers in ((8, 2), (12, 1)):
        run.training = dataclasses.replace(run.training, steps=steps, workers=workers)
        fit(run)
    told = log.read(run.folder / log.ENVIRONMENT, warn=pytest.fail)
    assert [(line["step"], line["threads"]) for line in told] == [(0, 2), (8, 1)]
    assert all(line["python"] == platform.python_version() and line["numpy"] == np.__version__ for line in told)
    steps = log.read(run.folder / log.STEPS, warn=pytest.fail)
    assert all(line["memory"] > 10**6 for line in steps if "loss" in line) or not sys.platform.startswith("linux")


@pytest.mark.long
def test_a_run_goes_on_with_another_number_of_threads(tmp_path):
    whole, parts = make(tmp_path / "whole"), make(tmp_path / "parts", steps=6)
    fit(whole)
    fit(parts)
    parts.training = dataclasses.replace(parts.training, steps=12, workers=1)
    fit(parts)
    for step, loss in losses(parts):
        assert loss == pytest.approx(dict(losses(whole))[step], rel=1e-6), step
    mine, expected = (weights(run.trained_model(warn=pytest.fail)) for run in (parts, whole))
    for name in mine:  # Adam makes steps of what rounding leaves of the gradient of the keys' bias, which is 0
        length = np.linalg.norm(expected[name])
        assert np.linalg.norm(mine[name] - expected[name]) <= (1e-6 if "qkv.bias" not in name else 1e-2) * length, name


@pytest.mark.long
def test_the_best_checkpoint_is_kept_and_can_be_taken(tmp_path, monkeypatch):
    losses = iter([3.0, 1.0, 2.0, 4.0, 1.5])
    monkeypatch.setattr(Language, "mean_loss", lambda self, run, model, split: next(losses))
    data, monitor = dataclasses.replace(DATA, validate_every=3), MonitorConfig(keep_last=1, keep_best=True)
    run = runs.create(tmp_path / "run", data, MODEL, dataclasses.replace(TRAINING, steps=9), monitor=monitor)
    fit(run)
    run.training = TRAINING  # it goes on, and knows of the best from before
    kept = [[checkpoint.step_of(path) for path in checkpoint.newest_first(run.checkpoints)] for _ in fit(run)]
    assert kept[-1] == [12, 6] and run.best_step() == 6
    best, model = run.trained_model(best=True), run.new_model()
    checkpoint.load(run.checkpoints, model=model, step=6)
    assert all(np.array_equal(array, weights(model)[name]) for name, array in weights(best).items())
    assert any(not np.array_equal(array, weights(best)[name]) for name, array in weights(run.trained_model()).items())
    (run.folder / log.STEPS).unlink()
    with pytest.raises(UsageError, match="is of a step with a validation loss; leave out --best, or train with --keep"):
        run.best_step()


@pytest.mark.long
def test_a_training_saves_in_the_background_what_it_would_save_at_once(tmp_path, monkeypatch):
    background = MonitorConfig(save_in_background=True, keep_last=3)
    run, other = runs.create(tmp_path / "run", DATA, MODEL, TRAINING, monitor=background), make(tmp_path / "other")
    fit(run)
    fit(other)
    assert contents(run) == contents(other) and len(checkpoint.newest_first(run.checkpoints)) == 3
    run.training = dataclasses.replace(TRAINING, steps=24)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", full)
    seen = []
    with pytest.raises(OSError, match="No space left"):
        seen.extend(runs.fit(run, run.new_model(), warn=pytest.fail))
    assert runs.steps_done(run) == 12 and contents(run) == contents(other)
    with pytest.raises(UsageError, match="save_in_background=True copies into memory what offload=all keeps elsewhere"):
        runs.create(tmp_path / "r", DATA, MODEL, dataclasses.replace(TRAINING, offload="all"), monitor=background)


@pytest.mark.long
def test_checkpoints_of_another_run_are_refused_by_name(tmp_path):
    run = make(tmp_path / "run", steps=4)
    fit(run)
    other = make(tmp_path / "other", dataclasses.replace(MODEL, heads=4))
    shutil.copytree(run.checkpoints, other.checkpoints)
    for use in (lambda: fit(other), other.trained_model):
        with pytest.raises(UsageError, match="was made with heads=2, and the run has heads=4; put back"):
            use()
    words = runs.create(tmp_path / "words", dataclasses.replace(DATA, corpus="receitas"), MODEL, TRAINING)
    shutil.copytree(run.checkpoints, words.checkpoints)
    with pytest.raises(UsageError, match=r"was made with tokenizer='.*', and the run has tokenizer="):
        words.trained_model()


def test_more_steps_do_not_change_the_past(tmp_path):
    whole, short = make(tmp_path / "whole", steps=8), make(tmp_path / "short", steps=4)
    fit(whole)
    fit(short)
    short.training = dataclasses.replace(short.training, steps=8)
    folders.save_config(short)
    fit(runs.open_run(tmp_path / "short"))
    assert contents(whole) == contents(short)
    with pytest.raises(UsageError, match="has done 8 of its 8 steps; ask for more with --steps"):
        fit(runs.open_run(tmp_path / "short"))


@each_model
def test_training_lowers_the_loss_and_validates(tmp_path, model):
    run = make(tmp_path / "run", model, steps=24, learning_rate=1e-2)
    reports = fit(run)
    assert reports[-1][0].loss < reports[0][0].loss - 0.5
    assert [report.step for report, validation in reports if validation is not None] == [6, 12, 18, 24]
    assert reports[0][0].tokens == 2 * 6 * 16
    model = run.trained_model()
    assert not np.array_equal(model.tokens.weight.data, run.new_model().tokens.weight.data)


def test_the_folder_knows_which_model_it_holds(tmp_path):
    for kind, config in RECURRENT.items():
        make(tmp_path / kind.__name__, config)
        run = runs.open_run(tmp_path / kind.__name__)
        assert type(run.model_config) is type(config) and type(run.new_model()) is kind


def test_a_folder_of_before_there_was_another_model_holds_a_gpt(tmp_path):
    run = make(tmp_path / "run")
    config = storage.load_json(run.folder / "config.json")
    assert config.pop("architecture") == "gpt" and config.pop("monitor")["keep_last"] == 2
    storage.save_json(run.folder / "config.json", config)
    found = runs.open_run(run.folder)
    assert found.model_config == run.model_config and found.monitor == MonitorConfig()


def test_a_folder_of_before_there_was_another_optimiser_has_the_decay_of_its_adamw(tmp_path):
    run = make(tmp_path / "run")
    config = storage.load_json(run.folder / "config.json")
    assert config.pop("optimizer") == "adamw" and config.pop("update")["weight_decay"] == 0.1
    config["train"]["weight_decay"] = 0.3
    storage.save_json(run.folder / "config.json", config)
    opened = runs.open_run(run.folder)
    assert opened.optimizer_config == AdamWConfig(weight_decay=0.3) and opened.training == run.training


def test_a_run_trains_and_resumes_with_the_optimiser_it_was_made_with(tmp_path):
    config = SGDConfig(momentum=0.5)
    whole, parts = (runs.create(tmp_path / name, DATA, MODEL, TRAINING, config) for name in ("whole", "parts"))
    fit(whole)
    seen = []
    fit(parts, stop=lambda: len(seen) == 4 or seen.append(1))
    resumed = runs.open_run(tmp_path / "parts")
    assert resumed.optimizer_config == config
    fit(resumed)
    assert contents(whole) == contents(parts)
    names = storage.load_arrays(checkpoint.newest_first(whole.checkpoints)[0] / checkpoint.OPTIMIZER)
    assert {name.partition(".")[0] for name in names} == {"steps", "v"}


def test_the_mean_of_the_weights_is_what_is_measured_and_used_and_a_resumed_run_has_it_bitwise(tmp_path):
    whole, parts = (make(tmp_path / name, ema=0.8) for name in ("whole", "parts"))
    validated = [validation for _, validation in fit(whole) if validation is not None]
    seen = []
    fit(parts, stop=lambda: len(seen) == 4 or seen.append(1))
    fit(runs.open_run(tmp_path / "parts"))
    assert contents(whole) == contents(parts) and checkpoint.AVERAGE in contents(whole)
    folder = checkpoint.newest_first(whole.checkpoints)[0]
    mean, last = (storage.load_arrays(folder / name) for name in (checkpoint.AVERAGE, checkpoint.WEIGHTS))
    model = whole.trained_model()
    for name, array in weights(model).items():
        assert np.array_equal(array, mean[f"average.{name}"]) and not np.array_equal(array, last[name])
    assert whole.mean_loss(model, "validation") == validated[-1]
    plain = make(tmp_path / "plain")
    fit(plain)
    trained = storage.load_arrays(checkpoint.newest_first(plain.checkpoints)[0] / checkpoint.WEIGHTS)
    assert all(np.array_equal(array, trained[name]) for name, array in last.items())  # training does not notice it


def test_a_run_of_before_there_were_guard_and_mean_goes_on(tmp_path):
    run, new = make(tmp_path / "run"), ("skip_spikes", "ema")
    seen = []
    fit(run, stop=lambda: len(seen) == 4 or seen.append(1))
    config = storage.load_json(run.folder / "config.json")
    assert not any(config["train"].pop(name) for name in new)
    storage.save_json(run.folder / "config.json", config)
    folder = checkpoint.newest_first(run.checkpoints)[0]
    (folder / checkpoint.GUARD).unlink()
    manifest = storage.load_json(folder / checkpoint.MANIFEST)
    del manifest["sha256"][checkpoint.GUARD]
    storage.save_json(folder / checkpoint.MANIFEST, manifest)
    opened = runs.open_run(run.folder)
    assert opened.training == run.training
    fit(opened)
    whole = make(tmp_path / "whole")
    fit(whole)
    assert contents(whole) == contents(opened)


def test_a_model_that_is_not_known_is_named(tmp_path):
    run = make(tmp_path / "run")
    config = storage.load_json(run.folder / "config.json") | {"architecture": "mamba"}
    storage.save_json(run.folder / "config.json", config)
    with pytest.raises(UsageError, match="there is no model 'mamba'; there are gpt, llama, bert, t5, rnn, lstm"):
        runs.open_run(run.folder)


def test_a_loss_that_is_no_number_stops_the_run_before_the_weights_are_lost(tmp_path):
    training = dataclasses.replace(TRAINING, learning_rate=1e30)
    run = runs.create(tmp_path / "run", dataclasses.replace(DATA, validate_every=100), MODEL, training)
    with pytest.raises(UsageError, match=r"10 steps .* at step 11 the loss is .* lower learning_rate=1e\+30"):
        fit(run)
    assert runs.steps_done(run) == 0  # the first step did it
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert ["skipped" in line for line in lines] == [False] + [True] * 9 and lines[-1]["loss"] is None


def test_a_validation_loss_that_is_no_number_ends_the_run_before_it_is_saved(tmp_path, monkeypatch):
    run = make(tmp_path / "run")
    monkeypatch.setattr(Language, "mean_loss", lambda self, run, model, split: float("nan"))
    seen = []
    with pytest.raises(UsageError, match=r"after step 6 the loss .* is nan, .* lower learning_rate=0.004"):
        seen.extend(runs.fit(run, run.new_model(), warn=pytest.fail))
    assert runs.steps_done(run) == 4 and storage.load_json(run.folder / "config.json")
    assert json.loads((run.folder / "log.jsonl").read_text().splitlines()[-1])["validation_loss"] is None


BAD_LINES = [
    "{",
    "",
    "[]",
    "5",
    '{"loss": 1}',
    '{"step": "3", "loss": 1.5}',
    '{"step": 3}',
    '{"step": 3, "validation_loss": "x"}',
    "[" * 100_000,
    "\0",
    "\xff",
]


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: repr(line[:20]))
def test_a_bad_line_of_the_log_is_passed_over_and_told(tmp_path, line):
    run = make(tmp_path / "run", steps=4)
    fit(run)
    path, said = run.folder / "log.jsonl", []
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], line.encode("latin-1"), *lines[2:], b'{"step": 5, "lo']))
    run.training = dataclasses.replace(run.training, steps=6)
    assert len(list(runs.fit(run, run.new_model(), warn=said.append))) == 2
    assert said == [f"Aviso: a linha 3 de {path} não é de um log, e foi ignorada"]
    assert [step for step, _ in losses(run)] == [1, 2, 3, 4, 5, 6]


def test_the_config_of_a_run_changes_when_its_training_begins(tmp_path):
    run = make(tmp_path / "run", steps=4)
    fit(run)
    config = run.folder / "config.json"
    before, run.training = config.read_bytes(), dataclasses.replace(run.training, steps=3)
    with pytest.raises(UsageError, match="has done 4 of its 3 steps"):
        fit(run)
    assert config.read_bytes() == before
    run.training = dataclasses.replace(run.training, steps=5)
    fit(run)
    assert storage.load_json(config)["train"]["steps"] == 5


def test_a_run_whose_checkpoints_are_gone_begins_again_and_says_so(tmp_path):
    run, said = make(tmp_path / "run", steps=4), []
    fit(run)
    log, first = run.folder / "log.jsonl", losses(run)
    for time in (1, 2):
        before = log.read_bytes()
        shutil.rmtree(run.checkpoints)
        assert len(list(runs.fit(run, run.new_model(), warn=said.append))) == 4
        assert (run.folder / f"log.{time}.jsonl").read_bytes() == before and losses(run) == first
        assert "embora o log fale de 4 passos: o treino recomeça do passo 1, e o log de antes" in said[-1]
    assert len(said) == 2


def test_a_file_in_the_place_of_the_checkpoints_is_refused_before_any_step(tmp_path):
    run = make(tmp_path / "run")
    run.checkpoints.write_text("mine")
    with pytest.raises(NotADirectoryError, match="checkpoints"):
        fit(run)
    assert run.checkpoints.read_text() == "mine" and not (run.folder / "log.jsonl").exists()


def test_one_process_at_a_time_trains_a_run(tmp_path):
    run = make(tmp_path / "run")
    first = runs.fit(run, run.new_model(), warn=pytest.fail)
    next(first)
    with pytest.raises(UsageError, match=f"run is in use by process {os.getpid()}; wait"):
        fit(runs.open_run(run.folder))
    list(first)
    assert runs.steps_done(run) == 12 and not (run.folder / storage.LOCK).exists()
    with storage.locked(tmp_path), pytest.raises(UsageError, match="is in use by process"):
        make(tmp_path)


def test_a_corpus_whose_name_is_not_utf8_is_refused_before_any_work(tmp_path):
    corpus = tmp_path / "caf\udce9.txt"
    try:
        corpus.write_text("Um texto.\n\n" * 90, encoding="utf-8")
    except (OSError, UnicodeError):
        pytest.skip("there can be no such file here")
    with pytest.raises(UsageError, match="is not UTF-8; give the file another name"):
        runs.create(tmp_path / "run", dataclasses.replace(DATA, corpus=str(corpus)), MODEL, TRAINING)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("change", [{"layers": 10**9}, {"width": 10**8}, {"vocab_size": 10**12}, {"layers": 10**300}])
def test_a_config_of_a_model_beyond_all_memory_is_refused_at_once(tmp_path, change):
    run = make(tmp_path / "run")
    config = storage.load_json(run.folder / "config.json")
    config["model"].update(change)
    storage.save_json(run.folder / "config.json", config)
    with pytest.raises(UsageError, match=r"does not fit in the \d+ MB of this machine|must be at most|has 301 digits"):
        runs.open_run(run.folder).new_model()


def test_the_folder_of_a_run_is_not_overwritten(tmp_path):
    make(tmp_path / "run")
    with pytest.raises(UsageError, match="holds a run; go on with --resume"):
        make(tmp_path / "run")


def test_a_half_made_folder_is_no_run_and_can_be_made_again(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tokenizer.json").write_text("{half")
    (tmp_path / "run" / storage.LOCK).write_text("123")  # a process that is killed leaves it, held by nobody
    with pytest.raises(UsageError, match="holds no run"):
        runs.open_run(tmp_path / "run")
    assert make(tmp_path / "run").end_id == runs.open_run(tmp_path / "run").end_id


@pytest.mark.parametrize("name", ["tokenizer.json", "train.npy", "test.jsonl", "log.jsonl", "checkpoints"])
@pytest.mark.parametrize("texts", [60, 1])  # with too few the making fails
def test_files_of_the_user_are_neither_deleted_nor_written_over(tmp_path, name, texts):
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"holds a {name} but no config.json"):
        runs.create(tmp_path, dataclasses.replace(DATA, texts=texts), MODEL, TRAINING)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


@pytest.mark.parametrize("names", [[], ["tokenizer.json", "train.npy"]], ids=["alone", "among others"])
@pytest.mark.parametrize("content", ["mine", "12 mine"])
def test_a_lock_of_the_user_is_no_leave_to_write(tmp_path, names, content):
    mine = {**dict.fromkeys(names, "mine"), storage.LOCK: content}
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=r"holds a tokenizer.json but no config.json" if names else "move it away"):
        make(tmp_path)
    with pytest.raises(UsageError, match="is no lock of ours; move it away"), storage.locked(tmp_path):
        pass
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == mine


def test_a_making_that_fails_leaves_what_was_there(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for folder in (tmp_path, tmp_path / "new" / "run"):
        with pytest.raises(UsageError, match=r"too few|a window needs"):
            runs.create(folder, DATA, dataclasses.replace(MODEL, context=100_000), TRAINING)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_files_that_are_not_its_own_are_refused(tmp_path):
    run = make(tmp_path / "run")
    dataset.write_tokens(run.folder / "train.npy", [np.zeros(5000, dtype=int)], vocab_size=300)
    with pytest.raises(UsageError, match=r"train\.npy is missing or not the file this run was made with"):
        runs.open_run(run.folder)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("model", {"wdith": 32}, "GPTConfig has no wdith; it has vocab_size, context"),
        ("train", {"batch": "6"}, "batch='6' is not of type int"),
        ("train", {"clip": -1.0}, "clip=-1.0 must be above 0"),
        ("data", {"corpus": None}, "corpus=None is not of type str"),
    ],
)
def test_a_config_that_was_spoilt_is_refused(tmp_path, part, change, message):
    run = make(tmp_path / "run")
    config = storage.load_json(run.folder / "config.json")
    config[part].update(change)
    storage.save_json(run.folder / "config.json", config)
    with pytest.raises(UsageError, match=message):
        runs.open_run(run.folder)


def paths(value, path=()):
    """The path of every value in a JSON object."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths(item, (*path, name))


@pytest.mark.long
@pytest.mark.parametrize("value", [10**400, 10**18, -1, 0, float("inf"), None, "x", [], {}], ids=lambda v: repr(v)[:20])
def test_whatever_stands_in_a_config_is_used_or_refused(tmp_path, value):
    run = make(tmp_path / "run", steps=1)
    fit(run)
    whole = json.loads((run.folder / "config.json").read_text())
    for path in paths(whole):
        spoilt = copy.deepcopy(whole)
        if path:
            place = spoilt
            for name in path[:-1]:
                place = place[name]
            place[path[-1]] = value
        (run.folder / "config.json").write_text(json.dumps(spoilt if path else value))
        with contextlib.suppress(UsageError):
            opened = runs.open_run(run.folder)
            opened.trained_model(warn=pytest.fail)
            opened.training = dataclasses.replace(opened.training, steps=3)
            next(runs.fit(opened, opened.new_model(), warn=pytest.fail))


def test_a_text_file_is_split_in_order_and_kept_apart(tmp_path):
    texts = [f"texto número {i} " + "palavra " * 20 for i in range(40)]
    (tmp_path / "meu.txt").write_text("\n\n".join(texts), encoding="utf-8")
    split = Language.read(DataConfig(corpus=str(tmp_path / "meu.txt")), seed=0)
    assert [len(split[name]) for name in SPLITS] == [36, 2, 2]
    assert [text for name in SPLITS for text in split[name]] == [text.strip() for text in texts]


def test_a_folder_that_was_divided_stays_so(tmp_path):
    parts = {"train": ["um", "dois", "três"], "validation": ["quatro"], "test": ["cinco", "seis"]}
    for name, texts in parts.items():
        (tmp_path / f"{name}.txt").write_text("\n\n".join(texts), encoding="utf-8")
    assert Language.read(DataConfig(corpus=str(tmp_path)), seed=0) == parts
    (tmp_path / "test.txt").unlink()  # two files are a folder of texts as any other
    assert [text for part in Language.read(DataConfig(corpus=str(tmp_path)), seed=0).values() for text in part] == [
        *parts["train"], *parts["validation"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 texts; at least 3"),
        (b"   \n\n  \n", "has 0 texts; at least 3"),
        (b"abc\xff", "is not UTF-8 at byte 3"),
        (b"um\n\ndois\n\ntr\xc3\xaas\n\nquatro", "too few for one batch"),
    ],
)
def test_corpora_that_cannot_be_used(tmp_path, content, message):
    (tmp_path / "c.txt").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        runs.create(tmp_path / "run", DataConfig(corpus=str(tmp_path / "c.txt")), MODEL, TRAINING)
    assert not (tmp_path / "run" / "config.json").exists()


def test_a_corpus_that_does_not_exist(tmp_path):
    with pytest.raises(UsageError, match="corpus=nada is neither a generated corpus"):
        runs.create(tmp_path / "run", DataConfig(corpus="nada"), MODEL, TRAINING)


def test_a_run_on_a_gpu_is_saved_and_resumed_as_one_in_memory(cupy, tmp_path):
    here, there = (make(tmp_path / device, device=device, workers=1, steps=4) for device in ("cpu", "gpu"))
    for run in (here, there):
        fit(run)
    mine, expected = (losses(run) for run in (there, here))
    assert [loss for _, loss in mine] == pytest.approx([loss for _, loss in expected], rel=1e-4)
    there.training = dataclasses.replace(there.training, steps=6)
    assert [report.step for report, _ in fit(there)] == [5, 6]


def test_a_gpu_that_is_not_there_is_named_before_anything_is_made(tmp_path):
    with pytest.raises(UsageError, match='device "gpu"'):
        make(tmp_path / "run", device="gpu")
    assert not (tmp_path / "run").exists()


# ------------------------------------------------------------------------------------------ from the weights of another


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    run = make(tmp_path_factory.mktemp("runs") / "base")
    fit(run)
    return run


def go_on(base, folder, **training):
    data = dataclasses.replace(DATA, corpus="receitas")
    return runs.create_from(base, folder, data, dataclasses.replace(TRAINING, **training))


def test_a_run_from_another_begins_with_its_weights_and_its_tokenizer(base, tmp_path):
    run = go_on(base, tmp_path / "r")
    began, ended = weights(run.new_model()), weights(base.trained_model())
    assert began.keys() == ended.keys()
    assert all(np.array_equal(began[name], ended[name]) for name in ended)
    assert (run.folder / "tokenizer.json").read_bytes() == (base.folder / "tokenizer.json").read_bytes()
    assert not np.array_equal(run.tokens("train")[:200], base.tokens("train")[:200])
    before = run.mean_loss(run.new_model(), "validation")
    fit(run)
    assert run.mean_loss(run.trained_model(), "validation") < before


def test_a_run_from_another_needs_it_no_more(base, tmp_path):
    whole = go_on(base, tmp_path / "whole")
    fit(whole)
    alone = shutil.copytree(base.folder, tmp_path / "alone")
    parts, seen = go_on(runs.open_run(alone), tmp_path / "parts"), []
    shutil.rmtree(alone)
    fit(parts, stop=lambda: len(seen) == 1 or seen.append(1))
    fit(runs.open_run(tmp_path / "parts"))
    assert contents(whole) == contents(parts)
    (tmp_path / "parts/start.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match=r"start\.safetensors is missing or not the file this run was made with"):
        runs.open_run(tmp_path / "parts")


def test_a_run_from_another_that_fails_leaves_nothing(base, tmp_path):
    (tmp_path / "short.txt").write_text("Um.\n\nDois.\n\nTrês.\n", encoding="utf-8")
    with pytest.raises(UsageError, match="are too few for one batch"):
        runs.create_from(base, tmp_path / "r", DataConfig(corpus=str(tmp_path / "short.txt")), TRAINING)
    with pytest.raises(UsageError, match="there is no checkpoint"):
        runs.create_from(make(tmp_path / "untrained"), tmp_path / "r", DATA, TRAINING)
    assert not (tmp_path / "r").exists()


def test_a_run_has_nothing_of_one_from_another_that_was_killed_while_it_was_made(base, tmp_path):
    (go_on(base, tmp_path / "r").folder / "config.json").unlink()  # which is written last
    (tmp_path / "r" / storage.LOCK).write_text("123")
    run = make(tmp_path / "r")
    began, expected = (weights(each.new_model()) for each in (run, make(tmp_path / "other")))
    assert all(np.array_equal(began[name], array) for name, array in expected.items())
    assert not run.start.exists() and runs.open_run(run.folder).folder == run.folder


def test_labels_other_than_those_of_the_base_are_refused(tmp_path):
    task, data = Classify(), LabelledConfig(texts=80)
    base = runs.create(tmp_path / "base", data, MODEL, dataclasses.replace(TRAINING, steps=1), task=task)
    fit(base)
    texts = "".join(f"Texto de número {n}.\t{'ab'[n % 2]}\n" for n in range(60))
    (tmp_path / "others.tsv").write_text(texts, encoding="utf-8")
    with pytest.raises(UsageError, match=r"others\.tsv bear a, b; give texts with the same labels"):
        runs.create_from(base, tmp_path / "r", LabelledConfig(corpus=str(tmp_path / "others.tsv")), TRAINING)
    run = runs.create_from(base, tmp_path / "r", data, dataclasses.replace(TRAINING, steps=1, seed=4))
    assert run.task.labels == base.task.labels
