"""Project 5: parts without leaks, adversaries, adaptations that count, a LoRA that is better for sure, one mark."""

import json
import shutil

import numpy as np
import pytest

from tinyllm import cli, storage
from tinyllm.course.projects import language, m06, m06_measures
from tinyllm.data.corpora import resenhas
from tinyllm.data.labelled import write_labelled
from tinyllm.errors import UsageError
from tinyllm.evaluate.classification import BagOfWords
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.subset import FULL, HEAD_ONLY
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn.module import weights
from tinyllm.train import run as runs
from tinyllm.train.finetuned_run import create_finetuned, create_merged
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import Classify, ClassifyConfig, DataConfig, LabelledConfig

SMALL = GPTConfig(vocab_size=300, context=16, layers=1, heads=2, width=16)
TRAINING = ClassifyConfig(steps=2, batch=2, warmup=1, workers=1)
SIZES = {"train": 40, "validation": 12, "test": 12}
PARTS = {name: list(resenhas.labelled(count, split=name)) for name, count in SIZES.items()}
LORA = LoRAConfig(rank=1, layers="query")


def train(run):
    for _ in runs.fit(run, run.new_model()):
        pass
    return run


def of(path):
    return LabelledConfig(corpus=str(path), tokenizer="bpe")


def adapt(base, folder, method=LORA, *, corpus=None):
    corpus = corpus or folder.parent / "partes" / "train.jsonl"
    return train(create_finetuned(base, folder, method, of(corpus), TRAINING, task=Classify()))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A base, and a project with a run of each kind and their plan."""
    place = tmp_path_factory.mktemp("m06")
    base = train(runs.create(place / "base", DataConfig(texts=40), SMALL, TrainConfig(steps=2, batch=2, workers=1)))
    folder = place / "projeto_5"
    with pytest.MonkeyPatch.context() as patch:
        small(patch)
        m06.set_plan(folder, place / "base", "resenhas")
    adapt(base, folder / "lora")
    adapt(base, folder / "full", FULL.config())
    data = of(folder / "partes" / "train.jsonl")
    train(runs.create(folder / "zero", data, SMALL, TRAINING, task=Classify()))
    return place


def small(patch):
    patch.setattr(m06_measures, "LEAST", dict.fromkeys(SIZES, 12))
    patch.setattr(Classify, "read", read)
    patch.setattr(m06_measures, "SPOILT", 6)
    patch.setattr(m06_measures, "PAIRS", 8)
    patch.setattr(m06, "MOST", 0.5)


READ = Classify.read


def read(self, data, *, seed):
    """The parts of this file in the place of the thousands of generated reviews."""
    if data.corpus != "resenhas":
        return READ(self, data, seed=seed)
    self.labels = tuple(sorted(resenhas.LABELS))
    return PARTS


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    small(monkeypatch)


@pytest.fixture
def place(trained, tmp_path):
    """The same, of this test alone."""
    return shutil.copytree(trained, tmp_path / "m06")


@pytest.fixture
def project(place, monkeypatch):
    """Its project, on the base of the same test, with runs that are right as often as `told` says."""
    folder = place / "projeto_5"
    plan = storage.load_json(folder / m06.PLAN)
    storage.save_json(folder / m06.PLAN, plan | {"base": str(place / "base")})
    for name in ("lora", "full"):
        described = storage.load_json(folder / name / "config.json")
        described["finetuning"]["base"] = str(place / "base")
        storage.save_json(folder / name / "config.json", described)
    return folder


@pytest.fixture
def told(monkeypatch):
    """{run: how many of the texts it tells right, the first}, in the place of what it tells."""
    counts = {"lora": 12, "full": 12, "zero": 0}
    monkeypatch.setattr(
        m06, "told_right", lambda run, model, examples: np.arange(len(examples)) < counts[run.folder.name]
    )
    rivals = {"frequent": 6, "base": 1, "bag": 2}
    monkeypatch.setattr(m06, "adversaries", lambda *_: {name: np.arange(12) < count for name, count in rivals.items()})
    return counts


# ---------------------------------------------------------------------------------------------------------------- parts


def test_the_plan_divides_the_texts_and_is_written_once(place, capsys):
    folder = place / "projeto_5"
    assert m06_measures.read_parts(folder / "partes") == PARTS
    with pytest.raises(UsageError, match="já foi escrito"):
        m06.set_plan(folder, place / "base", "resenhas")
    m06.set_plan(place / "outro", place / "base", "resenhas")
    said = capsys.readouterr().out
    assert "um saco de palavras" in said and "tinyllm finetune" in said


def test_parts_that_are_short_or_leak_are_refused():
    m06_measures.check_parts(PARTS, "x")
    with pytest.raises(UsageError, match="de x ficam 11 textos em test"):
        m06_measures.check_parts(PARTS | {"test": PARTS["test"][:11]}, "x")
    text, label = PARTS["test"][3]
    for part in ("train", "validation"):
        with pytest.raises(UsageError, match="vazamento"):
            m06_measures.check_parts(PARTS | {part: [*PARTS[part], (text.upper(), label)]}, "x")


def test_a_short_text_is_known_as_a_whole_and_a_long_one_however_it_stands():
    long = PARTS["test"][0][0]
    long = f"{long} {PARTS['test'][1][0]} {PARTS['test'][2][0]}"
    assert m06_measures.known(["Gostei muito!", "Não gostei."], ["gostei muito", "não gostei nada"]) == 1
    assert m06_measures.known([long], [f"antes {long} depois"]) == 1
    assert m06_measures.known([long], ["outro texto", long[: len(long) // 2]]) == 0


def test_a_base_that_knows_the_texts_or_tells_labels_is_refused(place):
    texts = [text for text, _ in PARTS["test"]] * 2
    (place / "tudo.txt").write_text("\n\n".join([" ".join(texts)] * 60), encoding="utf-8")
    data, training = DataConfig(corpus=str(place / "tudo.txt")), TrainConfig(steps=1, batch=2, workers=1)
    train(runs.create(place / "sabe", data, SMALL, training))
    with pytest.raises(UsageError, match="aprendeu 12 textos da validação e do teste"):
        m06.set_plan(place / "novo", place / "sabe", "resenhas")
    with pytest.raises(UsageError, match="não serve de base"):
        m06.set_plan(place / "novo", place / "projeto_5" / "zero", "resenhas")
    assert not (place / "novo" / m06.PLAN).exists()


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"base": "x", "weights": "", "parts": []}'])
def test_a_plan_that_is_none_is_refused(text, tmp_path):
    with pytest.raises(UsageError, match="escreva-o: tinyllm course project m06"):
        m06.judge(tmp_path)
    (tmp_path / m06.PLAN).write_text(text)
    with pytest.raises(UsageError, match=r"plano\.json não é o plano que o comando escreveu"):
        m06.judge(tmp_path)


def test_the_parts_and_the_base_stay_as_they_were(project, place):
    base = runs.open_run(place / "base")
    base.training = TrainConfig(steps=3, batch=2, workers=1)
    train(base)
    with pytest.raises(UsageError, match="treinou mais depois do plano"):
        m06.judge(project)
    shutil.rmtree(place / "base")
    with pytest.raises(UsageError, match="a base do plano já não está em"):
        m06.judge(project)
    path = project / "partes" / "test.jsonl"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"test\.jsonl mudou depois do plano; ponha de volta"):
        m06.judge(project)
    path.unlink()
    with pytest.raises(UsageError, match=r"falta .*test\.jsonl"):
        m06.judge(project)


# ---------------------------------------------------------------------------------------------------------- adversaries


def test_the_adversaries_tell_labels(trained):
    run = runs.open_run(trained / "base")
    train = PARTS["train"][1:]  # of one label there is one more
    found = m06_measures.adversaries(PARTS | {"train": train}, "test", run, run.trained_model())
    right = np.array([sorted(resenhas.LABELS).index(label) for _, label in PARTS["test"]])
    labels = [sorted(resenhas.LABELS).index(label) for _, label in train]
    bag = BagOfWords([text for text, _ in train], np.array(labels), 2)
    np.testing.assert_array_equal(found["bag"], bag([text for text, _ in PARTS["test"]]) == right)
    frequent = max((0, 1), key=labels.count)
    np.testing.assert_array_equal(found["frequent"], right == frequent)
    assert found["base"].shape == (12,)
    with pytest.raises(UsageError, match="o rótulo outra não está no treino"):
        m06_measures.numbers([("um texto", "outra")], ["negativa", "positiva"])


def test_the_base_reads_three_examples_before_each_text(trained, monkeypatch):
    asked = []

    def of_options(model, tokenizer, questions, *, start_id):
        asked.extend(questions)
        return m06_measures.likelihood.Options(*(np.array([[1.0, 2.0], [2.0, 1.0]]) for _ in range(3)))

    monkeypatch.setattr(m06_measures.likelihood, "of_options", of_options)
    run = runs.open_run(trained / "base")
    m06_measures.by_examples([("a", "x"), ("b", "y"), ("c", "x")], ["d", "e"], ["x", "y"], run, None)
    assert asked[0].question == "a Rótulo: x\nb Rótulo: y\nc Rótulo: x\nd Rótulo:" and asked[1].options == ("x", "y")


# ------------------------------------------------------------------------------------------------------------- the runs


def test_the_figures_of_a_run(project):
    opened = m06.open_project(project)
    row, right = m06.judged(project / "lora", opened)
    run = runs.open_run(project / "lora")
    chances = run.task.chances(run, run.trained_model(), [text for text, _ in PARTS["validation"]])
    guesses = [run.task.labels[i] for i in chances.argmax(axis=1)]
    assert right.tolist() == [guess == label for guess, (_, label) in zip(guesses, PARTS["validation"], strict=True)]
    assert row["problem"] is None and row["kind"] == "lora" and row["steps"] == 2 and row["value"] == right.mean()
    assert row["learned"] == 16 + 16 + 2 * 16 + 2 and row["bytes"] == 4 * row["learned"] and row["memory"] > 0
    assert [m06.judged(project / name, opened)[0]["kind"] for name in ("full", "zero")] == ["full", "scratch"]
    assert m06.judged(project / "full", opened)[0]["share"] == 1.0


@pytest.mark.long
def test_runs_of_other_bases_of_leaks_and_merged_ones_do_not_count(project, place):
    opened, base = m06.open_project(project), runs.open_run(place / "base")
    write_labelled(place / "tudo.jsonl", PARTS["train"] + PARTS["validation"] + PARTS["test"])
    adapt(base, project / "tudo", corpus=place / "tudo.jsonl")
    assert "vazamento: aprendeu" in m06.judged(project / "tudo", opened)[0]["problem"]
    other = train(runs.create(place / "outra", DataConfig(texts=40), SMALL, TrainConfig(steps=1, batch=2, workers=1)))
    adapt(other, project / "outra")
    assert "outra base" in m06.judged(project / "outra", opened)[0]["problem"]
    create_merged(runs.open_run(project / "lora"), project / "fundido")
    assert "fundido" in m06.judged(project / "fundido", opened)[0]["problem"]
    assert "não aprende rótulos" in m06.judged(place / "base", opened)[0]["problem"]
    create_finetuned(base, project / "nada", LORA, of(project / "partes" / "train.jsonl"), TRAINING, task=Classify())
    assert m06.judged(project / "nada", opened)[0]["problem"] == "ainda não salvou nada"
    (project / "outra" / "config.json").write_text("{")
    assert "config.json" in m06.judged(project / "outra", opened)[0]["problem"]


def test_the_best_lora_is_within_its_budget_and_of_two_alike_the_thrifty_one(monkeypatch):
    def one(run, kind, value, learned, share):
        return {"run": run, "kind": kind, "value": value, "learned": learned, "share": share}, np.ones(2)

    found = [
        one("larga", "lora", 0.9, 90, 0.6), one("a", "lora", 0.8, 50, 0.3), one("b", "lora", 0.8, 40, 0.2),
        one("tudo", "full", 0.7, 99, 1.0), ({"run": "x", "problem": "nada"}, None), one("só", "head", 0.95, 1, 0.1),
    ]  # fmt: skip
    best, _ = m06.best_of_kinds(found)
    assert {kind: row["run"] for kind, row in best.items()} == {"lora": "b", "full": "tudo", "head": "só"}


@pytest.mark.parametrize(
    ("lora", "rival", "full", "right"),
    [(90, 60, 94, True), (90, 60, 96, False), (66, 60, 60, False), (50, 60, 40, False)],
)
def test_a_lora_is_right_if_it_is_better_for_sure_and_near_full(lora, rival, full, right):
    rng = np.random.default_rng(0)
    mixed = rng.permutation(100)
    rights = {"lora": np.arange(100) < lora, "full": np.arange(100) < full}
    found = m06.verdict_of(rights, {"bag": mixed < rival, "frequent": mixed < 10})
    assert found["rival"] == "bag" and found["right"] is right
    assert found["over_rival"]["value"] == pytest.approx((lora - rival) / 100)


def test_what_the_base_forgets_is_measured_with_what_was_learned_in_its_place(project, place):
    base = runs.open_run(place / "base")
    before, texts = m06_measures.language_of(base), list(base.task.texts(base, "validation"))
    assert before == language.worth_on(texts, base, base.trained_model())["bits_per_byte"]
    for name in ("lora", "full"):
        run = runs.open_run(project / name)
        merged = m06_measures.language_of(base, run.trained_model())
        model, body = base.trained_model(), weights(m06_measures.tunings.plain(run.trained_model()).body)
        for weight, array in weights(model).items():
            array[...] = body[weight]
        assert merged == language.worth_on(texts, base, model)["bits_per_byte"] != before
    head = adapt(base, project / "cabeca", HEAD_ONLY.config())
    assert m06_measures.language_of(base, head.trained_model()) == before


def test_noise_and_pairs_are_read_by_the_classifier(project):
    run = runs.open_run(project / "zero")
    model = run.trained_model()
    found = m06_measures.spoilt(run, model, PARTS["validation"])
    assert set(found) == {None, *m06_measures.NOISES}
    assert found[None] == m06_measures.told_right(run, model, PARTS["validation"][:6]).mean()
    assert 0 <= m06_measures.flipped(run, model).value <= 1


# ---------------------------------------------------------------------------------------------------------- the project


def test_a_project_is_right_with_a_run_of_each_kind(project, told, capsys):
    assert m06.judge(project) == 0
    out = capsys.readouterr().out
    assert "certo na validação" in out and "do zero" in out and "a língua da base" in out and "--test" in out
    told["lora"] = 7
    assert m06.judge(project) == 1 and "a vantagem não está provada" in capsys.readouterr().out
    told["lora"] = 5
    assert m06.judge(project) == 1 and "perde do adversário" in capsys.readouterr().out
    shutil.rmtree(project / "full")
    assert m06.judge(project) == 1 and "falta um treino de tudo (full)" in capsys.readouterr().out
    for name in ("lora", "zero"):
        shutil.rmtree(project / name)
    with pytest.raises(UsageError, match="ainda não há treino"):
        m06.judge(project)


def test_a_lora_over_its_budget_is_missing(project, told, monkeypatch, capsys):
    monkeypatch.setattr(m06, "MOST", 0.001)
    assert m06.judge(project) == 1
    assert (
        "falta um treino com LoRA" in (out := capsys.readouterr().out)
        and "0,1 % dos parâmetros; se o seu passa, diminua --rank" in out
    )
    assert out.count("não conta: passa de 0,1 %") == 1


def test_the_test_is_told_once(project, told, capsys):
    told["lora"] = 5
    with pytest.raises(UsageError, match="uma vez"):
        m06.judge(project, test=True)
    assert not (project / m06.MARK).exists()
    told["lora"] = 12
    assert m06.judge(project, test=True) == 0
    mark = storage.load_json(project / m06.MARK)
    assert mark["run"] == "lora" and mark["rival"] == "frequent" and mark["accuracy"]["value"] == 1.0
    assert mark["over_rival"]["value"] == 0.5 and "o relatório" in capsys.readouterr().out
    told["lora"] = 6
    assert m06.judge(project, test=True) == 0 and storage.load_json(project / m06.MARK) == mark
    storage.save_json(project / m06.MARK, mark | {"over_rival": {"value": 0.1, "low": -0.1, "high": 0.3, "p": 0.2}})
    assert m06.judge(project, test=True) == 1 and "errado" in capsys.readouterr().out


def test_a_mark_that_was_cut_short_is_refused(project, told):
    (project / m06.MARK).write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"nota\.json não é a nota que o comando escreveu"):
        m06.judge(project, test=True)


@pytest.mark.parametrize(
    "change", [{"rival": "nada"}, {"run": 1}, {"accuracy": 1}, {"over_rival": {"value": 1, "low": "2", "high": 3}}]
)
def test_a_mark_that_is_none_is_refused(change, project, told):
    m06.judge(project, test=True)
    mark = storage.load_json(project / m06.MARK)
    storage.save_json(project / m06.MARK, mark | change)
    with pytest.raises(UsageError, match=r"nota\.json não é a nota que o comando escreveu"):
        m06.judge(project, test=True)


def test_the_commands(project, place, told, capsys):
    assert cli.main(["course", "project", "m06", str(project), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best"] == {"lora": "lora", "full": "full", "scratch": "zero"} and found["right"]
    assert found["missing"] == [] and found["test"] is None and found["examined"]["merged"] > 0
    for wrong in (["--base", "x", "--test"], ["--corpus", "resenhas"]):
        assert cli.main(["course", "project", "m06", str(project), *wrong]) == 2
        assert "plano" in (said := capsys.readouterr().err) and "--base" in said
    arguments = ["course", "project", "m06", str(place / "novo"), "--base", str(place / "base"), "--json"]
    assert cli.main(arguments) == 0
    assert set(json.loads(capsys.readouterr().out)["adversaries"]) == {"frequent", "base", "bag"}
