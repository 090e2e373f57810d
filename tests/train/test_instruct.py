"""A run that learns to answer: made, resumed bitwise, begun from another, and refused where it makes no sense."""

import dataclasses
import json
import re

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.data.chat import Template, answers_batch
from tinyllm.data.conversations import Message, exchange, first_question, write_conversations
from tinyllm.data.corpora import instrucoes
from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.infer.answers import answers
from tinyllm.models.bert import BERTConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn.module import weights
from tinyllm.parallel.comm import run_ranks
from tinyllm.train import checkpoint
from tinyllm.train import run as runs
from tinyllm.train.loop import train
from tinyllm.train.overfit import OneBatch
from tinyllm.train.tasks import Classify, ClassifyConfig, DataConfig, Instruct, LabelledConfig, Language
from tinyllm.train.tasks.instruct import ConversationsConfig, InstructConfig
from tinyllm.train.trained import Trained

MODEL = GPTConfig(vocab_size=340, context=260, layers=1, heads=2, width=16, dropout=0.1)
DATA = ConversationsConfig(texts=40, save_every=4, validate_every=4)
TRAINING = InstructConfig(steps=8, batch=5, accumulate=2, warmup=2, workers=2, seed=3, learning_rate=2e-3)


def make(folder, data=DATA, model=MODEL, task=Instruct, warn=lambda text: None, **training):
    return runs.create(folder, data, model, dataclasses.replace(TRAINING, **training), task=task(), warn=warn)


def fit(run, **options):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **options))


def contents(run):
    folder = checkpoint.newest_first(run.checkpoints)[0]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run = make(tmp_path_factory.mktemp("instruct") / "whole")
    fit(run)
    return run


def test_a_resumed_run_equals_an_uninterrupted_one_byte_for_byte(whole, tmp_path):
    parts, seen = make(tmp_path / "parts"), []
    fit(parts, stop=lambda: len(seen) == 1 or seen.append(1))
    assert runs.steps_done(parts) == 2
    fit(runs.open_run(parts.folder))
    assert contents(whole) == contents(parts)


def test_a_split_holds_its_conversations_and_what_is_learned_of_them(whole):
    template = Template(whole.tokenizer)
    for split in ("train", "validation", "test"):
        said = whole.task.conversations(whole, split)
        assert 30 <= len(said) <= 40
        for messages, (ids, learned) in zip(said, whole.task.examples(whole, split), strict=True):
            expected, expected_learned = template(messages)
            assert np.array_equal(ids, expected) and np.array_equal(learned, expected_learned)
    asked = [{first_question(one) for one in whole.task.conversations(whole, split)} for split in ("train", "test")]
    assert not asked[0] & asked[1]


def test_a_step_is_the_same_however_it_is_shared_out(whole):
    """Shares have different numbers of tokens to learn, and each counts as many as it has."""
    batches = [next(whole.batches(start)) for start in range(2)]
    found = []
    for workers in (1, 3):
        training = dataclasses.replace(TRAINING, workers=workers, steps=1)
        trained = Trained(whole.new_model(), training, whole.optimizer_config)
        how = {"config": training, "guard": trained.guard, **whole.task.how(whole, trained.model)}
        (report,) = train(trained.model, batches, trained.optimizer, **how)
        found.append((report.loss, report.gradient_norm))
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_the_loss_of_a_split_is_the_mean_over_the_tokens_of_all_its_answers(whole):
    model, total, count = whole.trained_model(), 0.0, 0
    for row in whole.task.examples(whole, "validation"):
        batch = answers_batch([row])
        total += model.loss(*batch).item() * batch[-1].sum()
        count += batch[-1].sum()
    assert whole.mean_loss(model, "validation") == pytest.approx(total / count, rel=1e-5)
    told = [json.loads(line) for line in (whole.folder / "log.jsonl").read_text().splitlines()]
    assert (
        whole.mean_loss(model, "validation")
        == [line["validation_loss"] for line in told if "validation_loss" in line][-1]
    )


def test_the_targets_of_questions_change_nothing_in_training(whole):
    """A whole step with another target at every place that is not learned is bitwise the same step."""
    after = []
    for altered in (False, True):
        trained = Trained(whole.new_model(), TRAINING, whole.optimizer_config)
        batches = [next(whole.batches(start)) for start in range(2)]
        if altered:
            batches = [
                (ids, np.where(learned == 0, (y + 5) % MODEL.vocab_size, y), learned) for ids, y, learned in batches
            ]
        how = {"config": dataclasses.replace(TRAINING, steps=1), **whole.task.how(whole, trained.model)}
        (report,) = train(trained.model, batches, trained.optimizer, **how)
        after.append((report.loss, {name: array.copy() for name, array in weights(trained.model).items()}))
    assert after[0][0] == after[1][0]
    assert all(np.array_equal(after[1][1][name], array) for name, array in after[0][1].items())


def test_it_learns_two_answers_by_heart_and_gives_them(tmp_path):
    said = [exchange("Que cor tem o céu?", "Azul."), exchange("Que cor tem a grama?", "Verde.")]
    more = [exchange(f"Que cor tem o número {i}?", "Nenhuma.") for i in range(10)]
    write_conversations(tmp_path / "cores.jsonl", [*said, *more])
    data = ConversationsConfig(
        corpus=str(tmp_path / "cores.jsonl"), tokenizer="byte", save_every=100, validate_every=100
    )
    model = dataclasses.replace(MODEL, vocab_size=257, context=64, width=32, dropout=0.0)
    run = make(tmp_path / "run", data, model, steps=90, batch=10, accumulate=1, learning_rate=1e-2, seed=1)
    learned = run.task.conversations(run, "train")
    fit(run)
    template = Template(run.tokenizer)
    assert answers(run.trained_model(), template, [one[:-1] for one in learned]) == [one[-1].content for one in learned]
    assert run.task.beginning(run, "Oi?") == template.asked([Message("user", "Oi?")])


def test_conversations_that_do_not_fit_lose_their_last_exchanges_or_are_left_out(tmp_path):
    told = []
    run = make(tmp_path / "run", model=dataclasses.replace(MODEL, context=120), warn=told.append, batch=1)
    said, rows = run.task.conversations(run, "train"), run.task.examples(run, "train")
    assert max(len(ids) for ids, _ in rows) <= 121 and len(said) == len(rows)
    template, expected, whole = Template(run.tokenizer), [], 0
    for messages in instrucoes.dialogues(40, seed=3):
        ends = [end for end in range(2, len(messages) + 1, 2) if len(template(messages[:end])[0]) <= 121]
        expected += [messages[: max(ends)]] if ends else []
        whole += len(messages) in ends
    assert said == expected and whole < len(said) < 40
    assert told[0] == (
        f"Aviso: de 40 conversas de treino, {len(said) - whole} perdem as últimas trocas e {40 - len(said)} ficam de "
        "fora, por falta de espaço no contexto de 120 tokens; para que caiba mais, aumente --context"
    )
    with pytest.raises(UsageError, match="none of 40 conversations of train fits in 8 tokens; raise --context"):
        make(tmp_path / "small", model=dataclasses.replace(MODEL, context=8))
    assert not (tmp_path / "small").exists()


def test_a_run_begins_from_one_that_learned_a_language(tmp_path):
    language = DataConfig(corpus="instrucoes", texts=60, save_every=4, validate_every=4)
    base = make(tmp_path / "base", language, task=Language, batch=3)
    fit(base)
    run = runs.create_from(base, tmp_path / "run", DATA, TRAINING, task=Instruct())
    assert run.task.name == "instruct" and run.data.tokenizer == "bpe"
    assert (run.folder / "tokenizer.json").read_bytes() == (base.folder / "tokenizer.json").read_bytes()
    for name, array in weights(base.trained_model()).items():
        assert np.array_equal(weights(run.new_model())[name], array)
    fit(run)
    again = runs.create_from(runs.open_run(run.folder), tmp_path / "again", DATA, TRAINING)
    assert again.task.name == "instruct"
    training = ClassifyConfig(steps=2, batch=3, workers=1)
    labelled = runs.create(tmp_path / "labels", LabelledConfig(texts=60), MODEL, training, task=Classify())
    fit(labelled)
    with pytest.raises(UsageError, match="task classify cannot have task instruct: only one of the two tells labels"):
        runs.create_from(labelled, tmp_path / "none", DATA, TRAINING, task=Instruct())
    with pytest.raises(UsageError, match="task language cannot have task classify"):
        runs.create_from(base, tmp_path / "none", LabelledConfig(texts=60), TRAINING, task=Classify())
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model": BERTConfig(vocab_size=300, context=64, layers=1, heads=2, width=16)},
            "a bert does not write one token",
        ),
        ({"data": dataclasses.replace(DATA, corpus="contos")}, "the texts of corpus=contos hold no conversations"),
        (
            {"data": dataclasses.replace(DATA, corpus="nada.jsonl")},
            "corpus=nada.jsonl is neither instrucoes nor a file",
        ),
        ({"batch": 50}, "texts are too few for a batch of 50"),
        ({"curriculum": "length"}, "curriculum=length orders texts that a language is learned from"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(tmp_path, change, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        make(tmp_path / "run", **change)
    assert not (tmp_path / "run").exists()


def test_ranks_take_the_step_that_one_takes(whole):
    """Two replicas share out the weights of a batch as two workers do."""
    from tinyllm.parallel.layout import Layout

    batches = [next(whole.batches(start)) for start in range(2)]
    training = dataclasses.replace(TRAINING, workers=1, steps=1)

    def step(comm):
        trained = Trained(whole.new_model(), training, whole.optimizer_config, comm=comm, layout=Layout(dp=comm.size))
        how = {"config": training, "guard": trained.guard, **whole.task.how(whole, trained.model)}
        how |= {"ranks": trained.ranks} if trained.ranks else {}
        (report,) = train(trained.model, batches, trained.optimizer, **how)
        return report.loss, report.gradient_norm

    (alone,), two = run_ranks(1, step), run_ranks(2, step)
    assert two[0] == two[1] == pytest.approx(alone, rel=1e-5)


def test_one_batch_is_learned_by_heart(whole):
    losses = [report.loss for report in OneBatch(whole, steps=40).reports()]
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.long
def test_from_the_command_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = "--layers=1 --heads=2 --width=16 --context=160 --vocab-size=340 --steps=4 --batch=4 --warmup=2 --texts=60"

    def call(command):
        status = cli.main(command.split())
        return status, *capsys.readouterr()

    assert call(f"train --out base --corpus instrucoes {small}")[0] == 0
    options = "--steps=4 --batch=4 --warmup=2 --texts=60"
    status, _, told = call(f"train --out answers --from base --task instruct {options}")
    assert status == 0 and 'tinyllm generate answers --prompt "Quanto é vinte mais trinta?"' in told
    status, out, _ = call("generate answers --prompt Oi? --max-tokens 5 --json")
    assert status == 0 and json.loads(out)["prompt"] == "Oi?" and END not in out
    assert call("train --resume answers --steps 6")[0] == 0
    status, _, told = call(f"train --out better --from answers --task prefer {options}")
    assert status == 0
    for command, words in {
        f"train --out new --task prefer {small}": "begin with a run that answers, by --from",
        "train --out new --from base --task instruct --beta 0.2": "the task instruct has no --beta",
        "train --out new --from base --task classify": "only one of the two tells labels",
        "train --out new --task instruct --model bert": "a bert does not write one token after the other",
        "train --resume answers --beta 0.2": "--beta cannot change in a run that is resumed",
    }.items():
        status, out, err = call(command)
        assert status == 2 and out == "" and words in err and err.splitlines()[-1].startswith("tinyllm"), command
        assert not (tmp_path / "new").exists()
