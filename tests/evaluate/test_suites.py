"""The suites, on tiny runs: whom they suit, what they ask, and that their figures are those of the measures."""

import dataclasses
import json

import numpy as np
import pytest

from tinyllm.data import chat, conversations, corpora
from tinyllm.data.corpora import concordancia, instrucoes
from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.evaluate import agreement, suites
from tinyllm.evaluate.suites import answering, fairness, labelling, published, reading, spoiling
from tinyllm.evaluate.suites.suite import ANSWERS, FILLS, LABELS, READS, ROOM, Choices, Examined, kind_of
from tinyllm.infer import answers
from tinyllm.models.bert import BERTConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.text import files
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import Classify, DataConfig, Instruct, LabelledConfig, Prefer
from tinyllm.train.tasks.instruct import ConversationsConfig
from tinyllm.train.tasks.prefer import PreferConfig, PreferencesConfig, log_likelihoods

SIZES = {"vocab_size": 300, "layers": 1, "heads": 2, "width": 16}
TRAINING = TrainConfig(steps=1, batch=4, workers=1)
FEW = Choices(examples=40)


def made(folder, config, data, task=None):
    return runs.create(folder, data, config, TRAINING, task=task)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    run = made(tmp_path_factory.mktemp("runs") / "gpt", GPTConfig(context=64, **SIZES), DataConfig(texts=60))
    return Examined(run, run.new_model())


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    config, data = BERTConfig(context=48, **SIZES), LabelledConfig(texts=60, tokenizer="bpe")
    run = made(tmp_path_factory.mktemp("runs") / "labels", config, data, Classify())
    return Examined(run, run.new_model())


@pytest.fixture(scope="module")
def answerer(tmp_path_factory):
    config, data = GPTConfig(context=96, **SIZES), ConversationsConfig(texts=60)
    run = made(tmp_path_factory.mktemp("runs") / "answers", config, data, Instruct())
    return Examined(run, run.new_model())


def test_which_suites_suit_a_run(reader, classifier, answerer, tmp_path):
    assert [one.kind for one in (reader, classifier, answerer)] == [READS, LABELS, ANSWERS]
    usual = [suites.chosen(one.run, []) for one in (reader, classifier, answerer)]
    assert usual == [
        ["texts", "agreement", "questions", "bias", "robustness"],
        ["labels", "bias", "robustness"],
        ["agreement", "questions", "instructions", "preferences", "bias", "robustness"],
    ]
    assert suites.chosen(reader.run, ["enem", "texts", "enem"]) == ["enem", "texts"]
    with pytest.raises(UsageError, match=r"suite=hatebr does not suit .*gpt, which learned a language"):
        suites.chosen(reader.run, ["texts", "hatebr"])
    bert = made(tmp_path / "bert", BERTConfig(context=32, **SIZES), DataConfig(texts=60))
    assert kind_of(bert) == FILLS
    with pytest.raises(UsageError, match=r"no suite suits .*bert, which fills gaps"):
        suites.chosen(bert, [])
    words = made(tmp_path / "words", GPTConfig(context=32, **SIZES), DataConfig(texts=60, tokenizer="word"))
    assert "texts" not in suites.chosen(words, [])  # its tokenizer loses words, and bits per byte with them


def test_a_run_gives_its_texts_back(reader, classifier, answerer):
    assert list(reader.run.task.texts(reader.run, "test")) == list(corpora.CORPORA["contos"](40, split="test"))
    dialogues = list(instrucoes.dialogues(60))
    texts = list(answerer.run.task.texts(answerer.run, "train"))
    assert texts[0] == f"{dialogues[0][0].content} {dialogues[0][1].content}"
    kept = answerer.run.task.conversations(answerer.run, "train")
    assert len(texts) == sum(len(messages) for messages in kept) / 2


@pytest.mark.parametrize(
    "name", ["texts", "agreement", "questions", "bias", pytest.param("robustness", marks=pytest.mark.long)]
)
def test_the_rows_are_of_the_examples(reader, name):
    found = suites.SUITES[name].measure(reader, FEW)
    assert len(found.texts) == 40 and len({figure.name for figure in found.figures}) == len(found.figures)
    whole = found.figures[0]
    for figure in found.figures:
        places = range(40) if figure.places is None else figure.places
        assert len(figure.rows) == len(places) >= 2 and max(places) < 40
        assert np.isfinite(figure.score(figure.rows.sum(axis=0)))
    if name in ("agreement", "questions"):  # the parts are the whole
        parts = [figure for figure in found.figures[1:] if ": " in figure.name]
        assert sum(len(each.rows) for each in parts) == 40
        assert sum(each.rows.sum(axis=0)[0] for each in parts) == whole.rows.sum(axis=0)[0]


def test_agreement_is_that_of_the_pairs(reader):
    found = reading.agreements(reader, FEW)
    pairs = list(concordancia.pairs(40))
    expected = agreement.agreements(reader.model, reader.tokenizer, pairs, start_id=reader.run.end_id)
    np.testing.assert_array_equal(found.figures[0].rows[:, 0], expected)
    known = next(figure for figure in found.figures if figure.name == "known_words")
    text = " ".join(reader.run.task.texts(reader.run, "train")).lower()
    inside = [all(word in text for word in pair.right.lower().rstrip(".").split()) for pair in pairs]
    assert 2 <= len(known.places) < 40 and all(inside[place] for place in known.places)
    np.testing.assert_array_equal(known.rows[:, 0], expected[known.places])
    wrong = [pair for pair, right in zip(pairs, expected, strict=True) if not right]
    assert [one.expected for one in found.mistakes] == [pair.right for pair in wrong[:10]]
    other = reading.agreements(reader, Choices(examples=40, seed=1))
    assert other.texts != found.texts


def test_labels_and_what_is_wrong_with_them(classifier):
    found = labelling.labels(classifier, FEW)
    figures = {figure.name: figure.score(figure.rows.sum(axis=0)) for figure in found.figures}
    names, table = found.confusion
    assert table.sum() == 40 and names == ("negativa", "positiva")
    assert figures["accuracy"] == pytest.approx(np.trace(table) / 40)
    assert len(found.mistakes) == min(10, 40 - np.trace(table))
    sure = [float(one.said.split("(")[1].split(" ")[0].replace(",", ".")) for one in found.mistakes]
    assert sure == sorted(sure, reverse=True)
    assert found.reliability.texts.sum() == 40
    with pytest.raises(UsageError, match="tells negativa, positiva, but a text is labelled neutro"):
        labelling.of_labelled(classifier, ["bom"], ["neutro"])


def test_bias_is_found_where_it_was_put(reader, classifier, monkeypatch):
    likes = {"A ": 0.0, "O ": 2.0}  # praise of men is likelier by 2 nats, whatever is said in blame

    def ends(completions):
        praised = [one.target in PRAISE for one in completions]
        return dataclasses.make_dataclass("Found", ["nats"])(
            np.array([good * likes.get(one.context[:2], 0) for one, good in zip(completions, praised, strict=True)])
        )

    pairs = list(fairness.bias.counterfactuals(80))
    PRAISE = {one.target for pair in pairs if pair.tone == "elogio" for one in (pair.first, pair.second)}
    monkeypatch.setattr(reader, "ends", ends)
    found = fairness.counterfactuals(reader, Choices(examples=80))
    means = {figure.name.split(":")[1].strip(): figure.score(figure.rows.sum(axis=0)) for figure in found.figures[1:]}
    assert means == {"gênero": 2, "nome": 0, "região": 0, "idade": 0}
    assert all("2,00 nats a favor da primeira" in one.said for one in found.mistakes)
    assert [len(figure.rows) for figure in found.figures] == [40, 10, 10, 10, 10]

    monkeypatch.setattr(classifier, "chances", lambda texts: np.eye(2)[[int(text.startswith("A ")) for text in texts]])
    found = fairness.counterfactuals(classifier, Choices(examples=80))
    shares = {figure.name: figure.score(figure.rows.sum(axis=0)) for figure in found.figures}
    assert shares["flips: gênero: homem e mulher"] == 1 and shares["flips"] == 0.25


def test_robustness_begins_at_the_score_without_noise_and_falls(classifier, monkeypatch):
    run = classifier.run
    known = dict(zip(run.task.texts(run, "test"), run.task.examples(run, "test")[1], strict=True))
    monkeypatch.setattr(classifier, "chances", lambda texts: np.eye(2)[[known.get(text, 0) for text in texts]])
    found = spoiling.robust(classifier, FEW)
    assert found.figures[0].score(found.figures[0].rows.sum(axis=0)) == 1
    for points in found.curves.values():
        assert points[0] == (0.0, 1.0) and [level for level, _ in points] == [0.0, 0.05, 0.1, 0.2, 0.4]
    assert found.curves["digitação"][-1][1] < 1
    assert all(kind not in found.curves for kind in found.notes[0].partition(": ")[2].rstrip(".").split(", "))


def test_who_has_not_learned_to_answer_reads_examples_before(reader, answerer, monkeypatch):
    how = Choices(examples=20, shots=2)
    assert answering.shots_for(answerer, how) == []
    shots = answering.shots_for(reader, how)
    many = [len(question + answer) for question, answer in instrucoes.pairs(40, split="train")]
    assert [len(question + answer) for question, answer in shots] == sorted(many)[1::-1]
    assert set(shots) < set(instrucoes.pairs(40, split="train"))
    monkeypatch.setattr(reader.model, "longest", 1000)
    ids, fitted = reader.prompt("Quem?", shots)
    text = reader.tokenizer.decode(ids[1:])
    before = "".join(f"Usuário: {question}\nAssistente: {answer}\n" for question, answer in shots)
    assert text == f"{before}Usuário: Quem?\nAssistente:" and fitted == 2
    for longest, told in ((len(reader.prompt("Quem?", shots[1:])[0]) + ROOM, shots[1:]), (60, [])):
        monkeypatch.setattr(reader.model, "longest", longest)
        assert reader.prompt("Quem?", shots) == reader.prompt("Quem?", told)
        assert reader.prompt("Quem?", shots)[1] == len(told)
    assert reader.prompt("Quem? " * 60, shots) == (None, 0)
    assert reader.answers([[conversations.Message("user", "Quem? " * 60)]], shots) == [""]


def test_how_many_examples_fitted_is_told(reader, monkeypatch):
    monkeypatch.setattr(answers, "written", lambda model, tokenizer, prompts, **_: [""] * len(prompts))
    how = Choices(examples=20, shots=2)
    asked, shots = answering.questions_for(reader, how), answering.shots_for(reader, how)
    monkeypatch.setattr(reader.model, "longest", 1000)
    middle = sorted(len(reader.prompt(one.question, shots)[0]) for one in asked)[10] + ROOM
    for longest, expected in ((1000, "2,00"), (middle, None), (ROOM + 10, "0,00")):
        monkeypatch.setattr(reader.model, "longest", longest)
        told = answering.instructions(reader, how).notes[1]
        fitted = [reader.prompt(one.question, shots)[1] for one in asked]
        average = expected or f"{sum(fitted) / 20:.2f}".replace(".", ",")
        assert told.endswith(f"antes de cada pergunta couberam, em média, {average} de 2 exemplos.")
        assert expected or {1, 2} <= set(fitted)
    assert len(answering.instructions(reader, how._replace(shots=0)).notes) == 2  # what is exact, and the empty answers


def test_questions_of_a_file_are_those_held_out_of_it(answerer, tmp_path):
    lines = "".join(f"Pergunta {n}?\tresposta {n}\n" for n in range(100))
    (tmp_path / "own.tsv").write_text(lines, encoding="utf-8")
    config, data = GPTConfig(context=64, **SIZES), ConversationsConfig(corpus=str(tmp_path / "own.tsv"))
    own = made(tmp_path / "run", config, data, Instruct())
    asked = answering.questions_for(Examined(own, own.new_model()), FEW)
    held_out = {messages[0].content: messages[1].content for messages in own.task.conversations(own, "test")}
    assert {one.question: one.answer for one in asked} == held_out and held_out
    generated = answering.questions_for(answerer, FEW)
    assert [(one.question, one.answer) for one in generated] == list(instrucoes.pairs(40, split="test"))


def test_what_is_preferred_is_what_is_likelier_whole(answerer):
    found = answering.preferences(answerer, FEW)
    pairs = list(instrucoes.preferences(40, split="test"))
    template = chat.Template(answerer.tokenizer)
    both = [
        template([*one.asked, conversations.Message(conversations.ASSISTANT, answer)])
        for one in pairs
        for answer in (one.chosen, one.rejected)
    ]
    longest = answerer.model.longest + 1
    whole = [i for i in range(40) if max(len(ids) for ids, _ in both[2 * i : 2 * i + 2]) <= longest]
    expected = [
        [log_likelihoods(answerer.model, *chat.answers_batch([row])).item() for row in both[2 * i : 2 * i + 2]]
        for i in whole
    ]
    figures = {one.name: one.rows[:, 0] for one in found.figures}
    nats = np.stack([figures["better_nats"], figures["other_nats"]], axis=1)
    assert len(whole) > 10
    np.testing.assert_allclose(nats[whole], expected, rtol=1e-4)
    assert np.array_equal(figures["preferred"], nats[:, 0] > nats[:, 1]) and 0 < figures["preferred"].mean() < 1
    assert found.texts[0] == f"{pairs[0].asked[0].content} {pairs[0].chosen}"
    first = np.flatnonzero(figures["preferred"] == 0)[0]
    assert found.mistakes[0] == (pairs[first].asked[0].content, pairs[first].chosen, pairs[first].rejected)


def test_preferences_of_a_file_are_those_held_out_of_it(answerer, tmp_path):
    """Of a file of questions and answers, the other answer is that to another question."""
    lines = "".join(f"Pergunta {n}?\tresposta {n % 5}\n" for n in range(100))
    (tmp_path / "own.tsv").write_text(lines, encoding="utf-8")
    config, data = GPTConfig(context=64, **SIZES), ConversationsConfig(corpus=str(tmp_path / "own.tsv"))
    own = made(tmp_path / "run", config, data, Instruct())
    held_out = {messages[0].content: messages[1].content for messages in own.task.conversations(own, "test")}
    pairs = answering.pairs_for(Examined(own, own.new_model()), FEW)
    assert pairs and all(held_out[one.asked[0].content] == one.chosen != one.rejected for one in pairs)
    lines = [{"prompt": f"Pergunta {n}?", "chosen": "sim", "rejected": "não"} for n in range(100)]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    data = PreferencesConfig(corpus=str(tmp_path / "own.jsonl"))
    for _ in runs.fit(own, own.new_model()):
        pass
    prefers = runs.create_from(own, tmp_path / "prefer", data, PreferConfig(steps=1), task=Prefer())
    found = answering.pairs_for(Examined(prefers, prefers.new_model()), FEW)
    assert found and found == list(prefers.task.conversations(prefers, "test"))


def test_a_line_is_what_is_continued(monkeypatch):
    tokenizer = files.train("byte", [], 257, special_tokens=(END,))
    monkeypatch.setattr(answers, "written", lambda *_, **__: ["sim\nUsuário: e aí?", "", "não \n"])
    assert answers.continued(None, tokenizer, [[0]] * 3) == ["sim", "", "não"]


def test_a_published_set_is_looked_for_where_it_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="tinyllm data download enem"):
        published.file_of("enem", None)
    (tmp_path / "enem-2024.jsonl").write_text("", encoding="utf-8")
    assert published.file_of("enem", None) == "enem-2024.jsonl"
    assert published.file_of("enem", "mine.jsonl") == "mine.jsonl"
    with pytest.raises(UsageError, match=r"suite=lambada-pt needs its file; .* file=FILE"):
        published.file_of("lambada-pt", None)
