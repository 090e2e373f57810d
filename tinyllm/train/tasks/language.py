"""What a run trains for: a language, by the model's own objective, or to tell the labels of texts.

A task says how the texts come, what is stored of each split, which model learns, from which batches, and how well.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyllm import functional as F
from tinyllm import storage
from tinyllm.backend.arrays import to_host
from tinyllm.config import Config, option
from tinyllm.data import corpora, dataset
from tinyllm.data import texts as corpus_files
from tinyllm.data.batches import batches
from tinyllm.data.corpora import resenhas
from tinyllm.data.curriculum import Curriculum
from tinyllm.data.labelled import labelled_batches, read_labelled, split_examples, write_labelled
from tinyllm.data.objectives import END, padded
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import mean_loss
from tinyllm.models import catalog
from tinyllm.models.classifier import Classifier
from tinyllm.tensor import no_grad
from tinyllm.text import files
from tinyllm.train.loop import TrainConfig

AT_ONCE = 128  # texts that are read side by side when nothing is learned


@dataclass(frozen=True)
class DataConfig(Config):
    """Which texts to learn a language from."""

    title = "dados"
    corpus: str = option(
        "contos",
        f"corpus gerado ({', '.join(corpora.CORPORA)}) ou um arquivo ou pasta de .txt, uma linha vazia entre textos (a "
        "pasta de tinyllm data split, como foi dividida); "
        "para classificar: resenhas, ou um arquivo .tsv ou .jsonl de textos com rótulos",
    )
    tokenizer: str = option("bpe", f"tokenizador: {', '.join(files.KINDS)}", choices=files.KINDS)
    texts: int = option(6000, "quantos textos gerar para o treino", at_least=1)
    save_every: int = option(100, "passos entre checkpoints", at_least=1)
    validate_every: int = option(100, "passos entre medidas da perda de validação", at_least=1)


class Language:
    """To learn a language: each split is one long row of tokens, of which windows are cut."""

    name, classifies, default_model = "language", False, "gpt"
    data_config, train_config = DataConfig, TrainConfig

    def __init__(self, labels=()):
        self.labels = tuple(labels)  # there are none

    @staticmethod
    def files(split):
        return (f"{split}.npy",)

    @staticmethod
    def read(data, *, seed):
        """{split: list of texts}: a generated corpus by plot, a folder of `tinyllm data split` as it is, and of other
        files the last two twentieths are held out."""
        if data.corpus in corpora.CORPORA:
            make = corpora.CORPORA[data.corpus]
            held_out = max(40, data.texts // 20)
            counts = {"train": data.texts, "validation": held_out, "test": held_out}
            return {split: list(make(count, split=split, seed=seed)) for split, count in counts.items()}
        if not Path(data.corpus).exists():
            known = ", ".join(corpora.CORPORA)
            raise UsageError(f"corpus={data.corpus} is neither a generated corpus ({known}) nor a file")
        parts = {split: Path(data.corpus, f"{split}.txt") for split in SPLITS}
        if all(path.is_file() for path in parts.values()):
            return {split: list(corpus_files.read_texts(path)) for split, path in parts.items()}
        texts = [text for file in corpus_files.find_files([data.corpus]) for text in corpus_files.read_texts(file)]
        if len(texts) < 3:  # one long text: cut it by its lines
            texts = [line for text in texts for line in text.split("\n")]
        if len(texts) < 3:
            raise UsageError(
                f"{data.corpus} has {len(texts)} texts; at least 3 are needed, with an empty line between them"
            )
        held_out = max(1, len(texts) // 20)
        return {
            "train": texts[: -2 * held_out],
            "validation": texts[-2 * held_out : -held_out],
            "test": texts[-held_out:],
        }

    @staticmethod
    def train_tokenizer(data, config, texts):
        """A tokenizer with what the model has to mark on top of its `vocab_size`: all models get the same merges."""
        specials = objective_of(config).specials(config.context)
        size = config.vocab_size + len(specials) - 1
        return files.train(data.tokenizer, texts["train"], size, special_tokens=specials)

    def write(self, folder, split, texts, tokenizer, config, warn):
        rows = dataset.encoded(tokenizer, texts, end_id=tokenizer.special_id(END))
        dataset.write_tokens(folder / self.files(split)[0], rows, vocab_size=tokenizer.vocab_size)

    @staticmethod
    def new_model(config, *, rng):
        return catalog.new_model(config, rng=rng)

    @staticmethod
    def objective(run):
        """What the model learns from a text, with the ids of the run's tokenizer."""
        kind, context = objective_of(run.model_config), run.model_config.context
        special_ids = [run.tokenizer.special_id(text) for text in kind.specials(context)]
        return kind(context, run.tokenizer.vocab_size, special_ids)

    def tiny_batch(self, config):
        """A batch of one row, of nothing: what `loss` of a model with this config takes."""
        ids = np.zeros((1, config.context), dtype=np.int64)
        return catalog.architecture_of(config).bare_objective(config)(ids, ids, np.random.default_rng(0))

    @staticmethod
    def sampler(run):
        """What cuts the row of tokens into batches, with the arguments of `batches`."""
        training = run.training
        if training.curriculum == "none":
            return batches
        length = training.steps_of_curriculum * training.accumulate
        return Curriculum(**storage.load_arrays(run.curriculum), length=length, begin=training.curriculum_start).batches

    def batches(self, run, start):
        return self.sampler(run)(
            run.tokens("train"), batch=run.training.batch, context=run.model_config.context,
            seed=run.training.seed, start=start, objective=self.objective(run),
        )  # fmt: skip

    def check(self, run):
        """Raise UsageError if there is too little text for a batch, or for a window of what is held out."""
        next(batches(run.tokens("train"), batch=run.training.batch, context=run.model_config.context, seed=0))
        for split in ("validation", "test"):
            count, needed = len(run.tokens(split)), run.model_config.context + 1
            if count < needed:
                raise UsageError(
                    f"the texts held out for {split} have {count} tokens, and a window needs {needed}; give more, "
                    f"or lower --context={run.model_config.context}"
                )

    def mean_loss(self, run, model, split):
        return mean_loss(model, run.tokens(split), objective=self.objective(run))


def objective_of(config):
    """The class of the objective of the model that a config describes."""
    return catalog.architecture_of(config).objective


@dataclass(frozen=True)
class LabelledConfig(DataConfig):
    """Which texts to learn labels from."""

    title = "dados"
    corpus: str = option("resenhas", "")
    tokenizer: str = option("word", "", choices=files.KINDS)
    texts: int = option(40_000, "", at_least=1)
    save_every: int = option(500, "", at_least=1)
    validate_every: int = option(500, "", at_least=1)


@dataclass(frozen=True)
class ClassifyConfig(TrainConfig):
    """How to train a classifier."""

    title = "treino"
    steps: int = option(2500, "", at_least=1, at_most=10**8 - 1)
    batch: int = option(64, "", at_least=1)
    learning_rate: float = option(2e-3, "", above=0)
    warmup: int = option(200, "", at_least=0, at_most=10**8)


class Classify:
    """To tell the label of a text: each split is a list of rows of tokens, each with the number of its label."""

    name, classifies, default_model = "classify", True, "t5"
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

    def write(self, folder, split, examples, tokenizer, config, warn):
        """The rows of ids, and the texts beside them. `warn` hears how many lose their beginning, being too long."""
        whole = [whole_row(tokenizer, text) for text, _ in examples]
        rows = [row[-config.context :] for row in whole]
        arrays = {
            "ids": np.concatenate(rows),
            "lengths": np.array([len(row) for row in rows]),
            "labels": np.array([self.labels.index(label) for _, label in examples]),
        }
        of_ids, of_texts = (folder / name for name in self.files(split))
        storage.save_arrays(of_ids, arrays)
        write_labelled(of_texts, examples)
        cut = sum(len(row) > config.context for row in whole)
        if cut:
            warn(
                f"{cut} of {len(rows)} texts of {split} do not fit in the context of {config.context} tokens, and lose "
                "their beginning; raise --context to keep it"
            )

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

    def batches(self, run, start):
        rows, labels = self.examples(run, "train")
        return labelled_batches(rows, labels, batch=run.training.batch, seed=run.training.seed, start=start)

    def check(self, run):
        """Raise UsageError if there are too few texts for a batch."""
        next(self.batches(run, 0))

    def mean_loss(self, run, model, split):
        rows, labels = self.examples(run, split)
        chances = probabilities(model, rows)
        return float(-np.log(np.maximum(chances[np.arange(len(labels)), labels], 1e-30)).mean())


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


def find_task(name, labels):
    """The task of a name and of its labels, if it has any. Raises UsageError if there is none."""
    if name not in TASKS:
        raise UsageError(f"there is no task {name!r}; there are {', '.join(TASKS)}")
    return TASKS[name](labels)


TASKS = {task.name: task for task in (Language, Classify)}
