"""Preferences: the loss by hand and by PyTorch, a run that begins from another, resumed bitwise, and what it learns."""

import dataclasses
import math
import re

import numpy as np
import pytest

from tinyllm import storage
from tinyllm.data.chat import Template
from tinyllm.data.conversations import Message, Preference, exchange, write_preferences
from tinyllm.data.corpora import instrucoes
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.llama import LlamaConfig
from tinyllm.nn.module import Parameter, map_parameters
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.parallel.layout import Layout
from tinyllm.tensor import Tensor, backward, no_grad
from tinyllm.train import checkpoint
from tinyllm.train import run as runs
from tinyllm.train.tasks import Instruct, Prefer
from tinyllm.train.tasks.instruct import ConversationsConfig, InstructConfig
from tinyllm.train.tasks.prefer import PreferConfig, PreferencesConfig, log_likelihoods, preference_loss
from tinyllm.train.trained import check_layout

MODEL = GPTConfig(vocab_size=340, context=160, layers=1, heads=2, width=16, dropout=0.1)
DATA = PreferencesConfig(texts=40, save_every=4, validate_every=4)
TRAINING = PreferConfig(steps=6, batch=6, accumulate=2, warmup=1, workers=2, seed=3, learning_rate=1e-3, beta=0.3)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    data = ConversationsConfig(texts=40, save_every=4, validate_every=4)
    training = InstructConfig(steps=4, batch=6, warmup=1, workers=2)
    run = runs.create(tmp_path_factory.mktemp("base") / "base", data, MODEL, training, task=Instruct())
    list(runs.fit(run, run.new_model(), warn=pytest.fail))
    return run


def make(base, folder, data=DATA, **training):
    return runs.create_from(base, folder, data, dataclasses.replace(TRAINING, **training), task=Prefer())


def fit(run, **options):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **options))


def contents(run):
    folder = checkpoint.newest_first(run.checkpoints)[0]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Table:
    """A model whose state at each token is a learned row, which says by itself how likely each next token is."""

    def __init__(self, logits):
        self.rows = Parameter(logits)

    def hidden(self, ids):
        return self.rows[ids]

    def head(self):
        return Tensor(np.eye(len(self.rows.data), dtype=np.float32))


def test_by_hand():
    """Of two tokens the first is 3 times as likely. The better answer is it twice, the other one the other once."""
    model = Table(np.log([[0.75, 0.25], [0.75, 0.25]]))
    nothing, once, twice = np.zeros((1, 2), int), np.array([[1.0, 0.0]]), np.ones((1, 2))
    batch = (nothing, nothing, twice, nothing, nothing + 1, once, np.array([[-1.0, -2.0]]))
    margin = 0.5 * ((2 * math.log(0.75) + 1.0) - (math.log(0.25) + 2.0))
    loss = preference_loss(model, beta=0.5)(*batch)
    assert loss.item() == pytest.approx(math.log1p(math.exp(-margin)), rel=1e-6)
    share = -0.5 / (1 + math.exp(margin))  # of the better answer's log-likelihood; the other's is its contrary
    expected = share * (2 * np.array([0.25, -0.25]) - np.array([-0.75, 0.75]))
    np.testing.assert_allclose(backward(loss)[model.rows], [expected, [0, 0]], rtol=1e-5)
    smoothed = preference_loss(model, beta=0.5, label_smoothing=0.2)(*batch).item()
    assert smoothed == pytest.approx(0.9 * math.log1p(math.exp(-margin)) + 0.1 * math.log1p(math.exp(margin)), rel=1e-6)


def test_a_resumed_run_equals_an_uninterrupted_one_byte_for_byte(base, tmp_path):
    whole, parts, seen = make(base, tmp_path / "whole"), make(base, tmp_path / "parts"), []
    reports = fit(whole)
    assert reports[0][0].loss == pytest.approx(math.log(2), abs=0.05), "at first, but for dropout, it is the reference"
    fit(parts, stop=lambda: len(seen) == 1 or seen.append(1))
    assert runs.steps_done(parts) == 2
    fit(runs.open_run(parts.folder))
    assert contents(whole) == contents(parts)


def test_what_the_base_makes_of_the_answers_is_stored(base, tmp_path):
    run = make(base, tmp_path / "run", workers=1)
    model, template = base.trained_model(), Template(base.tokenizer)
    for split in ("train", "validation"):
        (rows, known), said = run.task.examples(run, split), run.task.conversations(run, split)
        assert len(rows) == 2 * len(known) == 2 * len(said)
        for pair, values in list(zip(said, known, strict=True))[:5]:
            for answer, value in zip((pair.chosen, pair.rejected), values, strict=True):
                asked = template.asked(pair.asked)
                ids, _ = template([*pair.asked, Message("assistant", answer)])
                with no_grad():
                    logits = model(ids[None, :-1]).data[0].astype(np.float64)
                logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
                found = logs[np.arange(len(logits)), ids[1:]][len(asked) - 1 :].sum()
                assert value == pytest.approx(found, abs=1e-3)
    assert run.mean_loss(run.new_model(), "validation") == pytest.approx(math.log(2), abs=1e-5)


def test_only_the_last_answer_is_compared(base, tmp_path):
    some = [
        Preference((*exchange(f"Oi, {i}.", "Olá!"), Message("user", "Quanto é?")), f"É {i}.", "Não sei.")
        for i in range(60)
    ]
    write_preferences(tmp_path / "a.jsonl", some)
    run = make(base, tmp_path / "run", dataclasses.replace(DATA, corpus=str(tmp_path / "a.jsonl")), batch=2)
    for place, (ids, learned) in enumerate(run.task.examples(run, "train")[0][:8]):
        said = run.tokenizer.decode(ids[learned])
        assert re.fullmatch(r" É \d+\.<\|fim\|>" if place % 2 == 0 else r" Não sei\.<\|fim\|>", said)


def test_it_learns_to_prefer(base, tmp_path):
    """Held-out pairs too: what is preferred there is of the same kind."""
    asked = [(Message("user", f"Quanto é {i}?"),) for i in range(60)]
    write_preferences(tmp_path / "a.jsonl", [Preference(one, "Não digo.", f"É {i}.") for i, one in enumerate(asked)])
    data = dataclasses.replace(DATA, corpus=str(tmp_path / "a.jsonl"), validate_every=100, save_every=100)
    run = make(base, tmp_path / "run", data, steps=12, learning_rate=4e-3, accumulate=1)
    fit(run)
    model, (rows, known) = run.trained_model(), run.task.examples(run, "test")
    found = np.array([
        log_likelihoods(model, ids[None, :-1], ids[None, 1:], learned[None, 1:].astype(np.float32)).data[0]
        for ids, learned in rows
    ]).reshape(-1, 2)  # fmt: skip
    better, worse = (found - known).T
    assert (better > worse).all() and run.mean_loss(model, "test") < 0.9 * math.log(2)


def test_generated_preferences_are_of_their_split_and_end_in_two_different_answers():
    found = {split: list(instrucoes.preferences(150, split=split)) for split in ("train", "test")}
    for split, some in found.items():
        exchanges = [one for i in range(150) for one in instrucoes.conversation(i, split=split)]
        right = {(one.question, one.answer) for one in exchanges}
        assert all((one.asked[0].content, one.chosen) in right and one.chosen != one.rejected for one in some)
        assert some[:40] == list(instrucoes.preferences(40, split=split)) and len(some) == 150
    assert len({one.rejected for one in found["train"]}) > 75
    with pytest.raises(UsageError):
        instrucoes.preferences(-1)


def test_what_makes_no_sense_is_refused_and_leaves_nothing(base, tmp_path):
    with pytest.raises(UsageError, match="begin with a run that answers, by --from"):
        runs.create(tmp_path / "run", DATA, MODEL, TRAINING, task=Prefer())
    with pytest.raises(UsageError, match="the texts of corpus=contos prefer no answer; those of instrucoes do"):
        make(base, tmp_path / "run", dataclasses.replace(DATA, corpus="contos"))
    with pytest.raises(UsageError, match="task prefer is for one process, not 2; train without launch"):
        check_layout(Prefer(), MODEL, TRAINING, AdamWConfig(), Layout(dp=2))
    with pytest.raises(UsageError, match="beta=0 must be above 0"):
        PreferConfig(beta=0)
    assert not (tmp_path / "run").exists()


def test_a_damaged_reference_is_told(base, tmp_path):
    run = make(base, tmp_path / "run")
    arrays = storage.load_arrays(run.folder / "train.safetensors")
    storage.save_arrays(run.folder / "train.safetensors", arrays | {"reference": arrays["reference"] + 1})
    with pytest.raises(UsageError, match=r"train\.safetensors is missing or not the file this run was made with"):
        runs.open_run(run.folder)


def test_on_a_gpu_it_is_the_same(base, tmp_path, cupy):
    run = make(base, tmp_path / "run")
    model, batch = run.new_model(), next(run.batches())
    here = preference_loss(model, beta=0.3)(*batch)
    gradients = dict(zip(dict(model.named_parameters()), map(backward(here).get, model.parameters()), strict=True))
    map_parameters(model, cupy.asarray)
    there = preference_loss(model, beta=0.3)(*batch)
    assert there.data.get() == pytest.approx(here.item(), rel=1e-5)
    of_there = backward(there)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(of_there[parameter].get(), gradients[name], rtol=1e-3, atol=1e-5)


SIZES = {"vocab_size": 31, "context": 12, "layers": 2, "heads": 2, "width": 16}


@pytest.mark.oracle
@pytest.mark.parametrize("config", [GPTConfig(**SIZES), LlamaConfig(**SIZES, kv_heads=1, hidden=24)])
@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e-5), (np.float64, 1e-9)], ids=["float32", "float64"])
def test_loss_and_gradient_are_those_of_pytorch(config, dtype, limit):
    """There each answer is read alone, without padding, by the model and by a frozen copy of another."""
    torch = pytest.importorskip("torch")
    torch_models = pytest.importorskip("tinyllm.bench.torch_models")
    rng = np.random.default_rng(1)
    ours, before = (catalog.new_model(config, rng=np.random.default_rng(seed)) for seed in (0, 1))
    for model in (ours, before):
        map_parameters(model, lambda a: (a + rng.normal(scale=0.1, size=a.shape)).astype(dtype))
    theirs, frozen = (torch_models.copy_of(model) for model in (ours, before))
    rows = [rng.integers(31, size=n) for n in (5, 9, 12, 4, 7, 7)]  # better and worse, by turns
    begins = [2, 3, 5, 1, 4, 6]  # where the answers do

    def padded(which):
        T = max(len(rows[i]) for i in which) - 1
        ids, targets, weights = np.zeros((2, len(which), T), int), None, np.zeros((len(which), T), np.float32)
        (ids, targets) = ids
        for place, i in enumerate(which):
            n = len(rows[i]) - 1
            ids[place, :n], targets[place, :n], weights[place, begins[i] - 1 : n] = rows[i][:-1], rows[i][1:], 1
        return ids, targets, weights

    better, worse = padded([0, 2, 4]), padded([1, 3, 5])
    with no_grad():
        known = np.stack([log_likelihoods(before, *part).data for part in (better, worse)], axis=1)
    loss = preference_loss(ours, beta=0.4)(*better, *worse, known)

    def of_torch(model, i):
        logits = model(torch.tensor(rows[i][None, :-1]))[0]
        logs = torch.log_softmax(logits, dim=-1)[torch.arange(len(logits)), torch.tensor(rows[i][1:])]
        return logs[begins[i] - 1 :].sum()

    with torch.no_grad():
        reference = [of_torch(frozen, i) for i in range(6)]
    rewards = [0.4 * (of_torch(theirs, i) - reference[i]) for i in range(6)]
    expected = -sum(torch.nn.functional.logsigmoid(rewards[i] - rewards[i + 1]) for i in (0, 2, 4)) / 3
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), abs=limit)
    mine, turned, names = backward(loss), torch_models.turned_names(theirs), dict(ours.named_parameters())
    for name, parameter in theirs.named_parameters():
        grad = parameter.grad.numpy()
        assert abs(mine[names[name]] - (grad.T if name in turned else grad)).max() <= limit, name
