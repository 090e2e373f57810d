"""Project 4: parts without leaks, a general model and adversaries to beat, and the one mark on the test texts."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from tinyllm import cli, storage
from tinyllm.course.projects import language, m05, m05_measures
from tinyllm.data.corpora import contos, resenhas
from tinyllm.data.texts import write_texts
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import InterpolatedBigram
from tinyllm.models.gpt import GPTConfig
from tinyllm.text import bpe
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import DataConfig

SMALL = GPTConfig(vocab_size=300, context=16, layers=1, heads=2, width=16)
TRAINING = TrainConfig(steps=2, batch=2, workers=1)
SIZES = {"train": 60, "validation": 12, "test": 12}
PARTS = {name: list(resenhas.reviews(count, split=name)) for name, count in SIZES.items()}


def train(run):
    for _ in runs.fit(run, run.new_model()):
        pass
    return run


def write_parts(folder, parts):
    folder.mkdir(parents=True)
    for name, texts in parts.items():
        write_texts(folder / f"{name}.txt", texts)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A general model, and a project with a run of each kind and their plan."""
    place = tmp_path_factory.mktemp("m05")
    base = train(runs.create(place / "geral", DataConfig(texts=40), SMALL, TRAINING))
    parts = place / "projeto_4" / "partes"
    write_parts(parts, PARTS)
    of_parts = DataConfig(corpus=str(parts))
    train(runs.create(place / "projeto_4" / "zero", of_parts, SMALL, TRAINING))
    train(runs.create_from(base, place / "projeto_4" / "do_geral", of_parts, TRAINING))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(m05_measures, "LEAST", dict.fromkeys(SIZES, 1000))
        m05.set_plan(place / "projeto_4", place / "geral")
    return place


@pytest.fixture(autouse=True)
def short_parts(monkeypatch):
    monkeypatch.setattr(m05_measures, "LEAST", dict.fromkeys(SIZES, 1000))


@pytest.fixture
def place(trained, tmp_path):
    """The same, of this test alone."""
    folder = shutil.copytree(trained, tmp_path / "m05")
    plan = storage.load_json(folder / "projeto_4" / m05.PLAN)
    storage.save_json(folder / "projeto_4" / m05.PLAN, plan | {"general": str(folder / "geral")})
    return folder


@pytest.fixture
def project(place, monkeypatch):
    """Its project, in which any model is right."""
    monkeypatch.setattr(m05, "MARGIN", -99.0)
    return place / "projeto_4"


# ---------------------------------------------------------------------------------------------------------------- parts


def test_the_parts_are_those_that_a_run_trains_on(trained):
    run = runs.open_run(trained / "projeto_4" / "zero")
    for name in SIZES:
        assert list(m05_measures.texts_of(run, name)) == PARTS[name]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_leak_is_refused(part, tmp_path):
    near = PARTS[part][0].replace(" que ", " quem ")
    for leaky in (
        PARTS | {"train": [*PARTS["train"], near]},
        PARTS | {"test": [*PARTS["test"], PARTS["validation"][1]]},
    ):
        with pytest.raises(UsageError, match="vazamento"):
            m05_measures.check_parts(leaky, tmp_path)
    m05_measures.check_parts(PARTS, tmp_path)


def test_parts_that_are_short_or_missing_are_refused(tmp_path, monkeypatch):
    write_parts(tmp_path / "partes", PARTS)
    assert m05_measures.read_parts(tmp_path / "partes") == PARTS
    least = sum(len(text.encode()) for text in PARTS["test"])
    for more, refused in ((0, False), (1, True)):
        monkeypatch.setattr(m05_measures, "LEAST", {"test": least + more})
        if refused:
            with pytest.raises(UsageError, match=rf"test.txt tem {least} bytes"):
                m05_measures.check_parts(PARTS, tmp_path)
        else:
            m05_measures.check_parts(PARTS, tmp_path)
    (tmp_path / "partes" / "validation.txt").unlink()
    with pytest.raises(UsageError, match=r"falta validation\.txt"):
        m05_measures.read_parts(tmp_path / "partes")


def test_what_was_copied_is_found_however_it_is_cut():
    wanted, others = list(contos.stories(3, split="test")), list(contos.stories(10))
    assert m05_measures.copied(wanted, others) == 0
    half = len(wanted[1]) // 2
    assert m05_measures.copied(wanted, [*others, " ".join(wanted[:2])]) == 2
    assert m05_measures.copied(wanted, [wanted[1].upper()]) == 1
    assert m05_measures.copied(wanted, [wanted[1][:half], wanted[1][half:]]) == 0  # a cut of it loses RUN runs
    assert m05_measures.copied(["um texto curto"], ["um texto curto"]) == 0  # of less than a run nothing is told


def test_the_first_texts_are_measured(monkeypatch):
    monkeypatch.setattr(m05_measures, "JUDGED", 5)
    assert m05_measures.first(iter(["é", "abc", "d"])) == ["é", "abc"]
    assert m05_measures.first(["abcdefg", "h"]) == ["abcdefg"]


# ---------------------------------------------------------------------------------------------------------- adversaries


def test_a_compressor_remembers_the_training():
    train, other = PARTS["train"], [bytes(np.random.default_rng(0).integers(97, 123, 400, dtype=np.uint8)).decode()]
    assert m05_measures.compressed(train, train[:5]) < 0.5 < 1.0 < m05_measures.compressed(train, PARTS["test"])
    assert 4.0 < m05_measures.compressed(train, other) < 8.0  # log2 26 is 4.7


def test_a_bigram_is_worth_what_its_pairs_tell():
    tokenizer = bpe.train(["a"], 257, special_tokens=("<|fim|>",))
    run = SimpleNamespace(tokenizer=tokenizer, end_id=tokenizer.special_id("<|fim|>"))
    assert m05_measures.bigram(["ab" * 500], ["ab" * 50], ["ab" * 100], run) < 0.2
    texts = PARTS["test"]
    rows = [
        [run.end_id, *(i for text in part for i in (*tokenizer.encode(text), run.end_id))] for part in PARTS.values()
    ]
    loss = InterpolatedBigram(*rows[:2], 257).mean_loss(rows[2])  # a byte is a token
    expected = loss / np.log(2) * len(rows[2]) / sum(len(text.encode()) for text in texts)
    assert m05_measures.bigram(*PARTS.values(), run) == pytest.approx(expected)


def test_the_general_model_is_measured_as_it_is(trained):
    run = runs.open_run(trained / "geral")
    model = run.trained_model()
    for name in ("validation", "test"):
        found = m05_measures.adversaries(PARTS, name, run, model)
        assert found["general"] == language.worth_on(PARTS[name], run, model)["bits_per_byte"]
        assert found["compressor"] == m05_measures.compressed(PARTS["train"], PARTS[name])
    run.tokenizer = SimpleNamespace(encode=lambda text: [0], decode=lambda ids: "?")
    with pytest.raises(UsageError, match="perde parte"):
        m05_measures.adversaries(PARTS, "test", run, model)


# ------------------------------------------------------------------------------------------------------------- the plan


def test_a_plan_is_written_once_and_says_what_is_to_beat(place, capsys):
    folder = place / "projeto_4"
    with pytest.raises(UsageError, match="já foi escrito"):
        m05.set_plan(folder, place / "geral")
    (folder / m05.PLAN).unlink()
    m05.set_plan(folder, place / "geral")
    said, plan = capsys.readouterr().out, storage.load_json(folder / m05.PLAN)
    assert plan["steps"] == 2 and plan["parts"]["test"]["texts"] == 12 and set(plan) == {"general", "steps", "parts"}
    opened = m05.open_project(folder)
    least = min(m05_measures.adversaries(opened.parts, "validation", opened.base, opened.model).values())
    assert f"certo é até {0.9 * least:.3f}".replace(".", ",") in said


@pytest.mark.parametrize(("part", "mend"), [("train", "menor"), ("validation", "maior"), ("test", "maior")])
def test_a_part_that_is_short_asks_for_more_of_the_corpus(part, mend, tmp_path):
    with pytest.raises(UsageError, match=rf"{part}\.txt tem .* --held-out {mend}$"):
        m05_measures.check_parts(PARTS | {part: ["um texto"]}, tmp_path)


def test_a_general_model_that_knows_the_texts_is_refused(place):
    (place / "projeto_4" / m05.PLAN).unlink()
    everything = place / "tudo.txt"
    write_texts(everything, [" ".join(texts) for texts in PARTS.values()] + ["um texto", "outro texto"] * 30)
    train(runs.create(place / "sabe", DataConfig(corpus=str(everything)), SMALL, TRAINING))
    with pytest.raises(UsageError, match=r"aprendeu .* textos da validação e do teste"):
        m05.set_plan(place / "projeto_4", place / "sabe")
    shutil.rmtree(place / "geral" / "checkpoints")
    with pytest.raises(UsageError, match="ainda não salvou nada"):
        m05.set_plan(place / "projeto_4", place / "geral")
    assert not (place / "projeto_4" / m05.PLAN).exists()


def test_the_parts_and_the_general_model_stay_as_they_were(place):
    folder = place / "projeto_4"
    base = runs.open_run(place / "geral")
    base.training = TrainConfig(steps=3, batch=2, workers=1)
    train(base)
    with pytest.raises(UsageError, match="treinou mais depois do plano, no passo 2"):
        m05.judge(folder)
    with open(folder / "partes" / "test.txt", "a", encoding="utf-8") as file:
        file.write("mais um texto\n\n")
    with pytest.raises(UsageError, match=r"test\.txt mudou depois do plano"):
        m05.judge(folder)


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "{}", "{", '{"general": "x", "steps": 2, "parts": {}}', '{"general": "x", "steps": 2, "parts": []}'),
        json.dumps({"general": 1, "steps": 2, "parts": {name: {"sha256": ""} for name in SIZES}}),
    ],
)
def test_a_plan_that_is_none_is_refused(text, tmp_path):
    with pytest.raises(UsageError, match="escreva o plano"):
        m05.judge(tmp_path)
    (tmp_path / m05.PLAN).write_text(text)
    with pytest.raises(UsageError, match=m05.PLAN):
        m05.judge(tmp_path)


# ------------------------------------------------------------------------------------------------------------- the runs


@pytest.mark.long
def test_a_project_is_right_with_a_run_of_each_kind(project, monkeypatch, capsys):
    assert m05.judge(project) == 0
    out = capsys.readouterr().out
    assert "do zero" in out and "do geral" in out and "certo na validação" in out and "--test" in out
    monkeypatch.setattr(m05, "MARGIN", 0.99)
    assert m05.judge(project) == 1 and "ainda não está certo" in capsys.readouterr().out
    monkeypatch.setattr(m05, "MARGIN", -99.0)
    shutil.rmtree(project / "do_geral")
    assert m05.judge(project) == 1
    assert "falta um treino do geral" in (out := capsys.readouterr().out) and "--from" in out
    shutil.rmtree(project / "zero")
    with pytest.raises(UsageError, match="ainda não há treino"):
        m05.judge(project)


def test_the_figures_of_a_run(project):
    opened = m05.open_project(project)
    row, run = m05.judged(project / "do_geral", opened), runs.open_run(project / "do_geral")
    assert row["problem"] is None and row["beginning"] == "general" and row["steps"] == 2
    assert row["bits_per_byte"] == language.worth_on(PARTS["validation"], run, run.trained_model())["bits_per_byte"]
    of_general = list(contos.stories(40, split="validation"))
    found = language.worth_on(of_general, run, run.trained_model())
    assert row["bits_per_byte_of_general"] == found["bits_per_byte"]
    tokens = sum(len(run.tokenizer.encode(text)) for text in PARTS["validation"])
    assert row["bytes_per_token"] == sum(len(text.encode()) for text in PARTS["validation"]) / tokens
    assert m05.judged(project / "zero", opened)["beginning"] == "scratch"


def test_the_best_checkpoint_that_is_left_is_measured(project):
    path = project / "zero" / "log.jsonl"
    for best in (1, 2):
        run = runs.open_run(project / "zero")
        if best == 1:  # as a run of one step, and one more
            shutil.rmtree(run.checkpoints)
            path.unlink()
            run.training = TrainConfig(steps=1, batch=2, workers=1)
            train(run)
            run.training = TrainConfig(steps=2, batch=2, workers=1)
            train(run)
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for line in lines:
            if "validation_loss" in line:
                line["validation_loss"] = 1.0 if line["step"] == best else 2.0
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        assert m05.best_of(runs.open_run(project / "zero"))[1] == best
    path.unlink()
    assert m05.best_of(runs.open_run(project / "zero"))[1] == 2


@pytest.mark.long
def test_runs_that_know_the_texts_or_begin_elsewhere_do_not_count(project):
    opened = m05.open_project(project)
    every = project.parent / "tudo"  # a folder whose files are read one after the other
    every.mkdir()
    write_texts(every / "a.txt", PARTS["test"] + PARTS["train"] + PARTS["validation"])
    of_all = DataConfig(corpus=str(every))
    train(runs.create(project / "tudo", of_all, SMALL, TRAINING))
    assert "vazamento: aprendeu 1" in m05.judged(project / "tudo", opened)["problem"]
    chained = runs.create_from(runs.open_run(project / "zero"), project / "outro", DataConfig(texts=40), TRAINING)
    assert m05.judged(project / "outro", opened)["problem"] == "ainda não salvou nada"
    train(chained)
    assert "outro treino, que não é o geral" in m05.judged(project / "outro", opened)["problem"]
    (project / "outro" / "config.json").write_text("{")
    assert "config.json" in m05.judged(project / "outro", opened)["problem"]


@pytest.mark.long
def test_a_run_that_was_chosen_on_the_test_does_not_count(project):
    chosen = project.parent / "escolhido"
    write_parts(chosen, PARTS | {"validation": PARTS["test"], "test": PARTS["validation"]})
    train(runs.create(project / "escolhido", DataConfig(corpus=str(chosen)), SMALL, TRAINING))
    problem = m05.judged(project / "escolhido", m05.open_project(project))["problem"]
    assert problem == "vazamento: a sua validação tem 12 textos do teste"


def test_a_run_that_diverged_does_not_count_and_hides_no_other(project, monkeypatch):
    for loss in (float("nan"), float("inf")):
        monkeypatch.setattr(language, "mean_loss", lambda *a, loss=loss, **k: loss)
        assert "divergiu" in m05.judged(project / "zero", m05.open_project(project))["problem"]
    monkeypatch.setattr(language, "mean_loss", lambda *a, **k: 1e4)  # its exponential is no float
    row = m05.judged(project / "zero", m05.open_project(project))
    assert row["problem"] is None and row["perplexity"] == float("inf")


# ------------------------------------------------------------------------------------------------------------- the mark


@pytest.mark.long
def test_the_test_is_told_once(project, monkeypatch, capsys):
    monkeypatch.setattr(m05, "MARGIN", 0.99)
    with pytest.raises(UsageError, match="uma vez"):
        m05.judge(project, test=True)
    assert not (project / m05.MARK).exists()
    monkeypatch.setattr(m05, "MARGIN", -99.0)
    assert m05.judge(project, test=True) == 0
    mark = storage.load_json(project / m05.MARK)
    run = runs.open_run(project / mark["run"])
    assert mark["bits_per_byte"] == language.worth_on(PARTS["test"], run, run.trained_model())["bits_per_byte"]
    assert mark["adversaries"]["compressor"] == m05_measures.compressed(PARTS["train"], PARTS["test"])
    capsys.readouterr()
    (project / mark["run"]).rename(project / "aaa")
    measured = m05.adversaries
    monkeypatch.setattr(m05, "adversaries", lambda parts, split, *rest: pytest.fail("told twice") if split == "test"
                        else measured(parts, split, *rest))  # fmt: skip
    assert m05.judge(project, test=True) == 0
    assert storage.load_json(project / m05.MARK) == mark
    out = capsys.readouterr().out
    assert f"nota de {mark['run']} no teste" in out and "a nota já foi contada" in out.replace("\n", " ")


def test_a_mark_may_be_wrong(project, monkeypatch):
    monkeypatch.setattr(m05, "adversaries", lambda parts, split, *rest: dict.fromkeys(
        m05.ADVERSARIES, 9.0 if split == "validation" else 1e-6))  # fmt: skip
    monkeypatch.setattr(m05, "MARGIN", 0.1)
    assert m05.judge(project, test=True) == 1
    assert m05.judge(project) == 0


def test_a_mark_is_right_by_its_figures_or_no_mark(tmp_path):
    path, bars = tmp_path / m05.MARK, dict.fromkeys(m05.ADVERSARIES, 2.0)
    mark = {"run": "zero", "steps": 2, "bits_per_byte": 1.0, "perplexity": 3.0, "adversaries": bars}
    project = SimpleNamespace(folder=tmp_path)
    for bits, right in ((1.0, True), (1.9, False)):
        storage.save_json(path, mark | {"bits_per_byte": bits, "right": not right})
        assert m05.mark_of(project, None)["right"] is right
    no_marks = [
        {"adversaries": bars | {"bigram": number}} for number in (float("nan"), float("inf"), -1.0, 0, "2", True)
    ]
    for wrong in (*no_marks, {"run": 1}, {"steps": None}, {"bits_per_byte": []}, {"adversaries": 2.0}):
        storage.save_json(path, mark | wrong)
        with pytest.raises(UsageError, match=r"nota\.json não é a nota que o comando escreveu; comece outra pasta"):
            m05.mark_of(project, None)
    for text in ("{}", "[]", "1", "{"):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"nota\.json"):
            m05.mark_of(project, None)


def test_the_commands(project, capsys):
    assert cli.main(["course", "project", "m05", str(project), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best"] in ("zero", "do_geral") and found["test"] is None and found["right"] and found["missing"] == []
    assert cli.main(["course", "project", "m05", str(project), "--general", "x", "--test"]) == 2
    assert "--general" in capsys.readouterr().err
    (project / m05.PLAN).unlink()
    general = str(project.parent / "geral")
    assert cli.main(["course", "project", "m05", str(project), "--general", general, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["steps"] == 2 and set(found["adversaries"]) == set(m05.ADVERSARIES)
