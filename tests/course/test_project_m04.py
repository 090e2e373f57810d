"""Project 3: the budget, the runs that are within it, and the one mark on the test texts."""

import json
import math
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from tinyllm import cli, storage
from tinyllm.backend.machine import peak_memory
from tinyllm.course.projects import m04, m04_reference
from tinyllm.data.corpora import contos
from tinyllm.data.objectives import Causal
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPTConfig
from tinyllm.train import log
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import DataConfig

SMALL = GPTConfig(vocab_size=300, context=16, layers=1, heads=2, width=16)
GB, SPEED = 1 << 30, 1e9


def size(layers, width, memory, bits, *, speed=5e9):
    """A measured size whose points are these {operations: bits per byte}."""
    points = [
        {"steps": 1, "flops": count, "validation": {"bits_per_byte": each},
         "test": {"bits_per_byte": each + 1}}
        for count, each in bits.items()
    ]  # fmt: skip
    return {"layers": layers, "width": width, "peak_memory": memory, "speed": speed, "points": points}


SIZES = [
    size(2, 96, GB // 4, {1e10: 4.0, 1e12: 2.0}),
    size(4, 192, GB // 2, {1e10: 6.0, 1e12: 1.0}),
]


@pytest.fixture
def sizes(monkeypatch):
    """Small measures, and a machine that needs none."""
    monkeypatch.setattr(m04, "read_sizes", lambda: SIZES)
    monkeypatch.setattr(m04, "training_speed", lambda config: SPEED)
    monkeypatch.setattr(m04.gemm, "flops", lambda threads: 2 * SPEED)
    monkeypatch.setattr(m04_reference, "JUDGED", 12)


def train(folder, *, steps=2, data=None, model=SMALL, training=None):
    run = runs.create(
        folder, data or DataConfig(texts=40), model, training or TrainConfig(steps=steps, batch=2, workers=1)
    )
    for _ in runs.fit(run, run.new_model()):
        pass
    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project's folder with one run of four steps, which takes a second to make."""
    folder = tmp_path_factory.mktemp("projeto_3")
    train(folder / "um", steps=4)
    return folder


@pytest.fixture
def project(trained, tmp_path, sizes):
    """The same, of this test alone, with a budget of which it is within, and in which it is right."""
    folder = shutil.copytree(trained, tmp_path / "projeto_3")
    write_budget(folder)
    return folder


def write_budget(folder, *, memory=4 * GB, minutes=10):
    storage.save_json(folder / m04.BUDGET, {"memory": memory, "minutes": minutes, "gemm": 1, "training": SPEED})


def set_limit(monkeypatch, bits):
    """Let a model be right up to so many bits per byte, on both splits."""
    monkeypatch.setattr(m04, "reference", lambda *a: (bits / (1 + m04.MARGIN), 1e12, SIZES[0]))


# -------------------------------------------------------------------------------------------------------------- measure


@pytest.mark.parametrize("vocabulary", [300, 500])
def test_a_model_that_knows_nothing_is_worth_log2_v_bits_a_token(vocabulary, sizes, tmp_path):
    run = train(tmp_path / "run", model=GPTConfig(vocab_size=vocabulary, context=16, layers=1, heads=2, width=16))
    model = run.new_model()
    for parameter in model.parameters():
        parameter.data[...] = 0.0
    for split in ("validation", "test"):
        texts = list(contos.stories(m04_reference.JUDGED, split=split))
        tokens = 1 + sum(1 + len(run.tokenizer.encode(text)) for text in texts)
        bytes = sum(len(text.encode()) for text in texts)
        found = m04_reference.worth(run, model, split)
        assert found["perplexity"] == pytest.approx(vocabulary, rel=1e-5)
        assert found["bits_per_byte"] == pytest.approx(math.log2(vocabulary) * tokens / bytes, rel=1e-5)


def test_a_tokenizer_that_loses_text_has_no_bits_per_byte(sizes, tmp_path):
    run = train(tmp_path / "run", data=DataConfig(texts=40, tokenizer="word"))
    assert m04_reference.worth(run, run.trained_model(), "validation") is None


def test_operations_are_six_for_each_weight_and_token():
    config, training = GPTConfig(context=8, width=256, heads=4), TrainConfig(batch=3, accumulate=2)
    weights = 4 * 12 * 256**2 + 4096 * 256  # of the blocks' matrices, and of the head
    counted = m04_reference.flops(config, training, steps=5)
    assert weights < counted / (6 * 8 * 3 * 2 * 5) < 1.01 * weights  # attention is the rest


def test_a_machine_is_measured_by_training():
    assert 1e4 < m04_reference.training_speed(SMALL) < 1e15


# ------------------------------------------------------------------------------------------------------------ reference


def test_the_curve_goes_through_its_points_and_on_to_the_left():
    of_size = SIZES[1]
    assert m04_reference.bits_after(of_size, 1e10, "validation") == pytest.approx(6.0)
    assert m04_reference.bits_after(of_size, 1e12, "validation") == pytest.approx(1.0)
    assert m04_reference.bits_after(of_size, 1e11, "validation") == pytest.approx(math.sqrt(6.0))
    assert m04_reference.bits_after(of_size, 1e9, "validation") == pytest.approx(6.0 * math.sqrt(6.0))
    assert m04_reference.bits_after(of_size, 1e15, "validation") == pytest.approx(1.0)
    assert m04_reference.bits_after(of_size, 1e12, "test") == pytest.approx(2.0)


def test_the_reference_is_the_best_size_that_fits():
    def best(seconds, memory, speed=SPEED):
        return m04_reference.reference(SIZES, speed, seconds, memory, "validation")

    assert best(1000, GB)[2] is SIZES[1] and best(1000, GB)[:2] == pytest.approx((1.0, 1e12))
    assert best(1000, GB // 3)[2] is SIZES[0]
    assert best(10, GB)[2] is SIZES[0]  # few operations are best spent on a small model
    with pytest.raises(UsageError, match="dê 257 MB"):
        best(1000, GB // 5)
    assert best(2000, GB, speed=SPEED / 2)[0] == best(1000, GB)[0]  # a slow machine, with more time


def test_a_size_that_trains_slower_gets_fewer_operations():
    slow = size(2, 96, GB // 4, {1e10: 4.0, 1e12: 2.0}, speed=1.25e9)
    _, count, found = m04_reference.reference([slow, SIZES[1]], SPEED, 1000, GB // 4, "validation")
    assert found is slow and count == pytest.approx(1e12 / 4)


def test_what_was_measured_is_whole():
    for of_size in m04_reference.read_sizes():
        points = of_size["points"]
        assert [p["flops"] for p in points] == sorted({p["flops"] for p in points}) and len(points) > 2
        assert all(0 < p[split]["bits_per_byte"] < 4 for p in points for split in ("validation", "test"))
        config = GPTConfig(layers=of_size["layers"], width=of_size["width"])
        assert points[0]["flops"] == m04_reference.flops(config, TrainConfig(), points[0]["steps"])
        assert of_size["peak_memory"] > 100 << 20 and of_size["processor"]
    assert m04_reference.BASE in {(s["layers"], s["width"]) for s in m04_reference.read_sizes()}


# --------------------------------------------------------------------------------------------------------------- budget


def test_a_budget_is_written_once_and_before_any_run(sizes, tmp_path, capsys):
    folder = tmp_path / "a" / "projeto_3"
    m04.set_budget(folder, memory=GB, minutes=20)
    budget = storage.load_json(folder / m04.BUDGET)
    assert (budget["memory"], budget["minutes"], budget["training"]) == (GB, 20, SPEED)
    assert "1,000 bit por byte" in (said := capsys.readouterr().out) and "certo é até 1,100" in said
    with pytest.raises(UsageError, match="já foi escrito"):
        m04.set_budget(folder, memory=2 * GB, minutes=20)
    (tmp_path / "b" / "um").mkdir(parents=True)
    (tmp_path / "b" / "um" / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="o orçamento vem antes"):
        m04.set_budget(tmp_path / "b", memory=GB, minutes=20)
    with pytest.raises(UsageError, match="dê 257 MB"):
        m04.set_budget(tmp_path / "c", memory=GB // 5, minutes=20)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("text", ["[]", "{}", '{"memory": 1, "minutes": "x", "training": 1}', "{"])
def test_a_budget_that_is_none_is_refused(text, tmp_path, sizes):
    (tmp_path / m04.BUDGET).write_text(text)
    with pytest.raises(UsageError, match=m04.BUDGET):
        m04.judge(tmp_path)


def test_the_commands(project, tmp_path, monkeypatch, capsys):
    set_limit(monkeypatch, 99.0)
    new = tmp_path / "novo"
    assert cli.main(["course", "project", "m04", str(new), "--memory", "1GB", "--minutes", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["budget"]["memory"] == GB
    assert cli.main(["course", "project", "m04", str(project), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best"] == "um" and found["test"] is None and found["right"]
    set_limit(monkeypatch, 0.1)
    assert cli.main(["course", "project", "m04", str(project)]) == 1


# ----------------------------------------------------------------------------------------------------------------- runs


def test_the_log_tells_the_peak_of_the_process(project):
    last = log.read(project / "um" / log.STEPS, warn=print)[-1]
    if peak_memory() is None:
        assert last["peak_memory"] is None
    else:
        assert 30 << 20 < last["peak_memory"] <= peak_memory() + (1 << 20)  # threads count their pages in dozens


def test_a_run_is_shown_with_its_figures(project, monkeypatch, capsys):
    set_limit(monkeypatch, 99.0)
    assert m04.judge(project) == 0
    out = capsys.readouterr().out
    row = m04.judged(project / "um", m04.read_budget(project))
    assert row["problem"] is None and row["steps"] == 4 and row["memory_is_measured"] == (peak_memory() is not None)
    assert 0 < row["minutes"] < 1 and row["flops"] == m04_reference.flops(SMALL, TrainConfig(batch=2), 4)
    assert "gpt 1 × 16" in out and "certo na validação" in out and "--test" in out


def test_what_exceeds_the_budget_is_not_chosen(project, monkeypatch, capsys):
    set_limit(monkeypatch, 99.0)
    log = project / "um" / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    write_budget(project, memory=1000 << 20, minutes=1)

    def rewrite(name, value):
        log.write_text("".join(json.dumps(line | ({name: value} if name in line else {})) + "\n" for line in lines))

    for name, value, problem in (("seconds", 16.0, "tempo"), ("peak_memory", 1001 << 20, "memória")):
        rewrite(name, value)
        assert (
            m04.judged(project / "um", m04.read_budget(project))["problem"]
            == f"passou d{'a' if problem[0] == 'm' else 'o'} {problem}"
        )
        assert m04.judge(project) == 1 and "nenhum treino conta" in capsys.readouterr().out
    rewrite("seconds", 14.0)
    assert m04.judge(project) == 0


def test_a_peak_that_is_not_known_is_estimated(project, monkeypatch, capsys):
    set_limit(monkeypatch, 99.0)
    log = project / "um" / "log.jsonl"
    log.write_text(log.read_text().replace('"peak_memory"', '"other"'))
    row = m04.judged(project / "um", m04.read_budget(project))
    assert not row["memory_is_measured"] and 142 << 20 < row["memory"] < 200 << 20
    m04.judge(project)
    assert "* estimada" in capsys.readouterr().out


def test_runs_of_other_kinds_do_not_count():
    def run(**changes):
        whole = {
            "quantized": None, "task": SimpleNamespace(in_a_row=True), "data": DataConfig(),
            "architecture": SimpleNamespace(objective=Causal),
            "start": SimpleNamespace(exists=lambda: False), "checkpoints": "nowhere",
        }  # fmt: skip
        return SimpleNamespace(**whole | changes)

    for changes, word in (
        ({"quantized": 1}, "quantizados"),
        ({"task": SimpleNamespace(in_a_row=False)}, "próximo token"),
        ({"architecture": SimpleNamespace(objective=None)}, "próximo token"),
        ({"data": DataConfig(corpus="receitas")}, "receitas"),
        ({"start": SimpleNamespace(exists=lambda: True)}, "outro treino"),
        ({}, "ainda não salvou"),
    ):
        assert word in m04.of_another_project(run(**changes))


def test_a_broken_run_does_not_hide_the_others(project, monkeypatch, capsys):
    set_limit(monkeypatch, 99.0)
    (project / "zero").mkdir()
    (project / "zero" / "config.json").write_text("{")
    assert m04.judge(project) == 0
    assert "não conta" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------------- the mark


def test_the_test_is_told_once(project, monkeypatch, capsys):
    set_limit(monkeypatch, 0.1)
    with pytest.raises(UsageError, match="uma vez"):
        m04.judge(project, test=True)
    assert not (project / m04.MARK).exists()
    set_limit(monkeypatch, 99.0)
    assert m04.judge(project, test=True) == 0
    mark = storage.load_json(project / m04.MARK)
    run = runs.open_run(project / "um")
    assert mark["run"] == "um" and mark["steps"] == 4 and mark["bits_per_byte"] <= mark["right_up_to"]
    assert mark["bits_per_byte"] == m04_reference.worth(run, run.trained_model(), "test")["bits_per_byte"]
    capsys.readouterr()
    better = project / "dois"
    (project / "um").rename(better)
    monkeypatch.setattr(m04, "worth", lambda run, model, split: pytest.fail("told twice") if split == "test" else {
        "bits_per_byte": 1.0, "perplexity": 2.0})  # fmt: skip
    assert m04.judge(project, test=True) == 0
    assert storage.load_json(project / m04.MARK) == mark
    assert "nota de um" in (out := capsys.readouterr().out) and "a nota já foi contada" in out


def test_a_mark_may_be_wrong(project, monkeypatch):
    monkeypatch.setattr(m04, "reference", lambda sizes, speed, seconds, memory, split:
                        (99.0 if split == "validation" else 0.1, 1e12, SIZES[0]))  # fmt: skip
    assert m04.judge(project, test=True) == 1
    mark = storage.load_json(project / m04.MARK)
    assert mark["bits_per_byte"] > mark["right_up_to"] and np.isfinite(mark["perplexity"])


@pytest.mark.parametrize("text", ["{}", "[]", '{"right": true}', '{"run": "um", "steps": 4, "bits_per_byte": NaN}'])
def test_a_mark_that_is_none_is_refused(text, tmp_path):
    (tmp_path / m04.MARK).write_text(text)
    with pytest.raises(UsageError, match=r"nota\.json não é a nota que o comando escreveu; comece outra pasta"):
        m04.mark_of(tmp_path, None, None)
