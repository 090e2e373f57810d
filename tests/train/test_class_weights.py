"""Label smoothing and class weights of a classifier: the same however a batch is shared out, and PyTorch's."""

import dataclasses

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPTConfig
from tinyllm.tensor import backward
from tinyllm.train import checkpoint
from tinyllm.train import run as runs
from tinyllm.train.loop import train
from tinyllm.train.tasks import Classify, ClassifyConfig, LabelledConfig
from tinyllm.train.tasks.classify import balanced
from tinyllm.train.trained import Trained

MODEL = GPTConfig(vocab_size=200, context=12, layers=1, heads=2, width=16)
TRAINING = ClassifyConfig(steps=6, batch=8, accumulate=2, warmup=1, workers=2, seed=1)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Three labels, of which one bears most of the texts."""
    path = tmp_path_factory.mktemp("labels") / "a.tsv"
    words = ["um", "dois", "três", "quatro", "cinco", "seis", "sete"]
    texts = [" ".join(words[(i * k) % 7] for k in range(1, 3 + i % 9)) + f" {i}" for i in range(120)]
    path.write_text("".join(f"{text}\t{'aaaaaaabbc'[i % 10]}\n" for i, text in enumerate(texts)), encoding="utf-8")
    return LabelledConfig(corpus=str(path), save_every=3, validate_every=6, class_weights="balanced")


def make(corpus, folder, *, class_weights="balanced", **training):
    data = dataclasses.replace(corpus, class_weights=class_weights)
    return runs.create(folder, data, MODEL, dataclasses.replace(TRAINING, **training), task=Classify())


def test_all_labels_weigh_the_same_and_a_text_1_on_average():
    labels = np.array([0, 0, 0, 0, 1, 2, 2, 0])
    weights = balanced(labels, 3)
    assert weights.dtype == np.float32 and weights[labels].mean() == pytest.approx(1)
    np.testing.assert_allclose([weights[labels][labels == label].sum() for label in range(3)], 8 / 3, rtol=1e-6)


def test_batches_bear_the_weights_of_their_labels(corpus, tmp_path):
    run = make(corpus, tmp_path / "run")
    ids, lengths, labels, weights = next(run.batches())
    assert len(ids) == len(lengths) == len(labels) == len(weights) == 8
    assert np.array_equal(weights, balanced(run.task.examples(run, "train")[1], 3)[labels])
    plain = make(corpus, tmp_path / "plain", class_weights="none")
    assert len(next(plain.batches())) == 3 and plain.task.how(plain, None) == {}


def test_a_step_is_the_same_however_it_is_shared_out(corpus, tmp_path):
    run, found = make(corpus, tmp_path / "run"), []
    batches = [next(run.batches(start)) for start in range(2)]
    for workers in (1, 3):
        training = dataclasses.replace(TRAINING, workers=workers, steps=1)
        trained = Trained(run.new_model(), training, run.optimizer_config)
        how = {"config": training, **run.task.how(run, trained.model)}
        (report,) = train(trained.model, batches, trained.optimizer, **how)
        found.append((report.loss, report.gradient_norm))
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_a_resumed_run_equals_an_uninterrupted_one_byte_for_byte(corpus, tmp_path):
    ends, seen = [], []
    for name, stops in (
        ("whole", [lambda: False]),
        ("parts", [lambda: len(seen) == 1 or seen.append(1), lambda: False]),
    ):
        run = make(corpus, tmp_path / name, label_smoothing=0.1)
        for stop in stops:
            run = runs.open_run(run.folder)
            list(runs.fit(run, run.new_model(), warn=pytest.fail, stop=stop))
        folder = checkpoint.newest_first(run.checkpoints)[0]
        ends.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert ends[0] == ends[1]


def test_another_kind_of_weights_is_refused():
    with pytest.raises(UsageError, match="class_weights=rare must be one of none, balanced"):
        LabelledConfig(class_weights="rare")


@pytest.mark.oracle
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_is_that_of_pytorch(corpus, tmp_path, smoothing, weighted):
    """`weight=` and `label_smoothing=` of its cross_entropy; of both together it gives each label's share of the
    smoothing that label's weight, and ours that of the text, as it does with reduction="none"."""
    torch = pytest.importorskip("torch")
    run = make(corpus, tmp_path / "run", class_weights="balanced" if weighted else "none")
    model, batch = run.new_model(), next(run.batches())
    loss = model.loss(*batch, label_smoothing=smoothing)
    logits = torch.tensor(model(*batch[:2]).data, requires_grad=True)
    labels, how = torch.tensor(batch[2]), {"label_smoothing": smoothing}
    if weighted and smoothing:
        losses = torch.nn.functional.cross_entropy(logits, labels, reduction="none", **how)
        weights = torch.tensor(batch[3])
        expected = (losses * weights).sum() / weights.sum()
    else:
        of_labels = torch.tensor(balanced(run.task.examples(run, "train")[1], 3)) if weighted else None
        expected = torch.nn.functional.cross_entropy(logits, labels, weight=of_labels, **how)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    bias = backward(loss)[model.head.bias]  # whose gradient is the sum of those of the logits
    np.testing.assert_allclose(bias, logits.grad.numpy().sum(axis=0), rtol=1e-4, atol=1e-6)
