"""The task of telling labels: each split is a list of rows of tokens, each with the number of its label."""

from dataclasses import dataclass

import numpy as np

from tinyllm import functional as F
from tinyllm import storage
from tinyllm.backend.arrays import to_host
from tinyllm.config import option
from tinyllm.data import corpora
from tinyllm.data.corpora import resenhas
from tinyllm.data.labelled import labelled_batches, read_labelled, split_examples, write_labelled
from tinyllm.data.objectives import END, padded
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.classifier import Classifier
from tinyllm.say import counted
from tinyllm.tensor import no_grad
from tinyllm.text import files
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks.language import DataConfig, warn_of_lost

AT_ONCE = 128  # texts that are read side by side when nothing is learned


@dataclass(frozen=True)
class LabelledConfig(DataConfig):
    """Which texts to learn labels from."""

    title = "dados"
    corpus: str = option("resenhas", "")
    tokenizer: str = option("word", "", choices=files.KINDS)
    texts: int = option(40_000, "", at_least=1)
    save_every: int = option(500, "", at_least=1)
    validate_every: int = option(500, "", at_least=1)
    class_weights: str = option(
        "none",
        "quanto pesa um texto na perda do treino: todos o mesmo (none), ou tanto mais quanto mais raro é o seu rótulo, "
        "de modo que todos os rótulos pesem igual (balanced)",
        choices=("none", "balanced"),
    )


@dataclass(frozen=True)
class ClassifyConfig(TrainConfig):
    """How to train a classifier."""

    title = "treino"
    steps: int = option(2500, "", at_least=1, at_most=10**8 - 1)
    batch: int = option(64, "", at_least=1)
    learning_rate: float = option(2e-3, "", above=0)
    warmup: int = option(200, "", at_least=0, at_most=10**8)


class Classify:
    """To tell the label of a text."""

    name, classifies, in_a_row, default_model = "classify", True, False, "t5"
    shares = True
    data_config, train_config = LabelledConfig, ClassifyConfig

    def __init__(self, labels=()):
        self.labels = tuple(labels)

    @staticmethod
    def files(split):
        return f"{split}.safetensors", f"{split}.jsonl"

    def read(self, data, *, seed):
        """{split: list of (text, label)}; the labels there are become those of the task."""
        if data.corpus == "resenhas":
            held_out = max(1000, data.texts // 20)
            counts = {"train": data.texts, "validation": held_out, "test": held_out}
            examples = {split: list(resenhas.labelled(n, split=split, seed=seed)) for split, n in counts.items()}
        elif data.corpus in corpora.CORPORA:
            raise UsageError(f"the texts of corpus={data.corpus} bear no labels; those of resenhas do")
        else:
            examples = split_examples(read_labelled(data.corpus), seed=seed)
        self.labels = tuple(sorted({label for _, label in examples["train"]}))
        return examples

    @staticmethod
    def train_tokenizer(data, config, examples):
        texts = [text for text, _ in examples["train"]]
        return files.train(data.tokenizer, texts, config.vocab_size, special_tokens=(END,))

    def write(self, run, split, examples, warn):
        """The rows of ids, and the texts beside them. `warn` hears how many lose their beginning, being too long."""
        whole, context = [whole_row(run.tokenizer, text) for text, _ in examples], run.model_config.context
        rows = [row[-context:] for row in whole]
        arrays = {
            "ids": np.concatenate(rows),
            "lengths": np.array([len(row) for row in rows]),
            "labels": np.array([self.labels.index(label) for _, label in examples]),
        }
        of_ids, of_texts = (run.folder / name for name in self.files(split))
        storage.save_arrays(of_ids, arrays)
        write_labelled(of_texts, examples)
        cut = sum(len(row) > context for row in whole)
        if cut:
            lost = counted(cut, "perde o começo", "perdem o começo")
            warn_of_lost(warn, run, counted(len(rows), "texto"), split, lost)

    @staticmethod
    def row(tokenizer, text, config):
        """What a model reads of a text: its tokens and the end, of which a text too long loses the beginning."""
        return whole_row(tokenizer, text)[-config.context :]

    def new_model(self, config, *, rng):
        body = catalog.architecture_of(config).body(config, rng=rng)
        return Classifier(body, len(self.labels), rng=rng)

    def tiny_batch(self, config):
        """A batch of one row, of nothing: what `loss` of a classifier with this config takes."""
        nothing = np.zeros((1, config.context), dtype=np.int64)
        return nothing, np.array([config.context]), nothing[:, 0]

    def examples(self, run, split):
        """(list of rows of ids, (N,) numbers of labels) of a split."""
        arrays = storage.load_arrays(run.folder / self.files(split)[0])
        return np.split(arrays["ids"], arrays["lengths"].cumsum()[:-1]), arrays["labels"]

    def texts(self, run, split):
        """(N,) of the texts of a split, whole, in the order of its examples."""
        return [text for text, _ in read_labelled(run.folder / self.files(split)[1])]

    def chances(self, run, model, texts):
        """(N,) texts -> (N, L): how probable a model of the run finds each label."""
        return probabilities(model, [self.row(run.tokenizer, text, run.model_config) for text in texts])

    def batches(self, run, start):
        """Those of `labelled_batches`; if labels weigh differently, with the weight of each text, (B,)."""
        rows, labels = self.examples(run, "train")
        found = labelled_batches(rows, labels, batch=run.training.batch, seed=run.training.seed, start=start)
        if run.data.class_weights == "none":
            return found
        weights = balanced(labels, len(self.labels))
        return ((ids, lengths, some, weights[some]) for ids, lengths, some in found)

    @staticmethod
    def how(run, model):
        return {} if run.data.class_weights == "none" else {"weigh": sum_of_weights}

    def check(self, run):
        """Raise UsageError if there are too few texts for a batch."""
        next(self.batches(run, 0))

    def mean_loss(self, run, model, split):
        rows, labels = self.examples(run, split)
        chances = probabilities(model, rows)
        return float(-np.log(np.maximum(chances[np.arange(len(labels)), labels], 1e-30)).mean())


def balanced(labels, count):
    """(N,) numbers of labels -> (L,) float32: what a text of each label weighs, so that all labels weigh the same, and
    a text 1 on average (King & Zeng 2001)."""
    return (len(labels) / (count * np.bincount(labels, minlength=count))).astype(np.float32)


def sum_of_weights(*batch):
    """What a batch weighs whose last array are the weights of its targets."""
    return batch[-1].sum()


def whole_row(tokenizer, text):
    """Text -> (T,) int64: its tokens and the end."""
    return np.append(tokenizer.encode(text), tokenizer.special_id(END)).astype(np.int64)


def probabilities(model, rows):
    """A classifier and a list of rows of ids -> (N, L): how probable it finds each label."""
    order, found = sorted(range(len(rows)), key=lambda i: len(rows[i])), []
    for start in range(0, len(rows), AT_ONCE):
        with no_grad():
            logits = model(*padded([rows[i] for i in order[start : start + AT_ONCE]], 0))
            found.append(to_host(F.softmax(logits).data))
    return np.concatenate(found)[np.argsort(order)]
