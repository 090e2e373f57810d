"""The task of learning a language: each split is one long row of tokens, of which windows are cut."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.config import Config, option
from tinyllm.data import corpora, dataset
from tinyllm.data import texts as corpus_files
from tinyllm.data.batches import batches
from tinyllm.data.curriculum import Curriculum
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import mean_loss
from tinyllm.infer.generate import before_next
from tinyllm.models import catalog
from tinyllm.say import counted
from tinyllm.text import files
from tinyllm.train.loop import TrainConfig


@dataclass(frozen=True)
class DataConfig(Config):
    """Which texts to learn a language from."""

    title = "dados"
    corpus: str = option(
        "contos",
        f"corpus gerado ({', '.join(corpora.CORPORA)}) ou um arquivo ou pasta de .txt, uma linha vazia entre textos (a "
        "pasta de tinyllm data split, como foi dividida); "
        "para classificar: resenhas, ou um arquivo .tsv ou .jsonl de textos com rótulos; para responder: instrucoes, "
        "ou um .jsonl de conversas ou um .tsv de perguntas e respostas; para preferir: instrucoes, ou um .jsonl",
    )
    tokenizer: str = option("bpe", f"tokenizador: {', '.join(files.KINDS)}", choices=files.KINDS)
    texts: int = option(6000, "quantos textos gerar para o treino", at_least=1)
    save_every: int = option(100, "passos entre checkpoints", at_least=1)
    validate_every: int = option(100, "passos entre medidas da perda de validação", at_least=1)


def check_corpus(corpus):
    """Raise UsageError if there is no corpus of this name, neither generated nor in files."""
    if corpus not in corpora.CORPORA and not Path(corpus).exists():
        raise UsageError(f"corpus={corpus} is neither a generated corpus ({', '.join(corpora.CORPORA)}) nor a file")


NAMED = {"train": "treino", "validation": "validação", "test": "teste"}


def warn_of_lost(warn, run, texts, split, *lost):
    """Tell `warn` what is lost of the texts of a split that do not fit in the context, all of it counted in words."""
    context, (_, mend) = counted(run.model_config.context, "token"), run.for_room
    warn(
        f"Aviso: de {texts} de {NAMED[split]}, {' e '.join(lost)}, por falta de espaço no contexto de {context}; para "
        f"que caiba mais, {mend}"
    )


class Language:
    """To learn a language, by the model's own objective."""

    name, classifies, in_a_row, default_model = "language", False, True, "gpt"
    shares, prompt = True, "Era uma vez"
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
        check_corpus(data.corpus)
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

    def write(self, run, split, texts, warn):
        rows = dataset.encoded(run.tokenizer, texts, end_id=run.end_id)
        dataset.write_tokens(run.folder / self.files(split)[0], rows, vocab_size=run.tokenizer.vocab_size)

    @staticmethod
    def texts(run, split):
        """Generator of the texts of a split, as the tokenizer gives them back."""
        tokens = run.tokens(split)
        for begin, end in itertools.pairwise(np.flatnonzero(tokens == run.end_id).tolist()):
            if end > begin + 1:
                yield run.tokenizer.decode(tokens[begin + 1 : end])

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

    @staticmethod
    def how(run, model):
        return {}

    @staticmethod
    def beginning(run, prompt):
        """The ids that a model is given of a prompt."""
        return [run.end_id, *run.tokenizer.encode(before_next(run.tokenizer, prompt))]

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
