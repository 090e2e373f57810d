"""A run: the folder that holds a training from its text to its last checkpoint.

config.json        the name of the model, data, model, training, and the SHA-256 of the files below; it is written last:
                   without it there is no run
tokenizer.json     train.npy   validation.npy   test.npy      the tokenizer and the tokens of each split
log.jsonl          one line per step, and one per validation
checkpoints/       the last two checkpoints
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.backend import to_device
from tinyllm.config import Config, from_dict, option, to_dict
from tinyllm.data import corpora, dataset
from tinyllm.data.batches import batches
from tinyllm.data.objectives import END
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import mean_loss
from tinyllm.models import catalog
from tinyllm.nn.module import map_parameters
from tinyllm.text import files
from tinyllm.train import checkpoint
from tinyllm.train.loop import TrainConfig, make_optimizer, train


@dataclass(frozen=True)
class DataConfig(Config):
    """dados"""

    corpus: str = option(
        "contos",
        f"corpus gerado ({', '.join(corpora.CORPORA)}) ou um arquivo .txt, com uma linha vazia entre os textos",
    )
    tokenizer: str = option("bpe", f"tokenizador: {', '.join(files.KINDS)}", choices=files.KINDS)
    texts: int = option(6000, "quantos textos gerar para o treino", at_least=1)
    save_every: int = option(100, "passos entre checkpoints", at_least=1)
    validate_every: int = option(100, "passos entre medidas da perda de validação", at_least=1)


class Run:
    """What `create` makes and `open_run` finds again: the folder, its configs and its tokenizer."""

    def __init__(self, folder, data, model, training, tokenizer):
        self.folder, self.data, self.model_config, self.training = Path(folder), data, model, training
        self.tokenizer = tokenizer
        self.end_id = tokenizer.special_id(END)

    def tokens(self, split):
        """(N,) of uint16 or uint32, read from the disk as needed."""
        return dataset.open_tokens(self.folder / f"{split}.npy")

    def new_model(self):
        """The model before its first step."""
        return catalog.new_model(self.model_config, rng=np.random.default_rng(self.training.seed))

    @property
    def objective(self):
        """What the model learns from the text: it makes batches of windows."""
        kind = catalog.find(catalog.name_of(self.model_config)).objective
        special_ids = [self.tokenizer.special_id(text) for text in kind.specials(self.model_config.context)]
        return kind(self.model_config.context, self.tokenizer.vocab_size, special_ids)

    def batches(self, start=0):
        """The batches of the training, from batch `start` on, without end."""
        return batches(
            self.tokens("train"), batch=self.training.batch, context=self.model_config.context,
            seed=self.training.seed, start=start, objective=self.objective,
        )  # fmt: skip

    def mean_loss(self, model, split):
        """The mean loss of a model on a split, in nats."""
        return mean_loss(model, self.tokens(split), objective=self.objective)

    def trained_model(self, *, warn=print):
        """The model of the newest checkpoint."""
        model = self.new_model()
        checkpoint.load(self.checkpoints, model=model, warn=warn)
        return model

    @property
    def checkpoints(self):
        return self.folder / "checkpoints"


def create(folder, data, model, training, *, say=lambda text: None):
    """Make the folder of a new run: texts, tokenizer, tokens, config. `say` hears of each stage.

    Raises UsageError if the folder holds a run, if there is no such device, or if the corpus is missing, empty or too
    small.
    """
    folder = Path(folder)
    if (folder / "config.json").exists():
        raise UsageError(f"{folder} holds a run; go on with --resume {folder}, or choose another folder")
    to_device(np.zeros(1), training.device)  # is it there?
    folder.mkdir(parents=True, exist_ok=True)
    say("textos")
    texts = read_texts(data, seed=training.seed)
    say("tokenizador")
    specials = catalog.find(catalog.name_of(model)).objective.specials(model.context)
    size = model.vocab_size + len(specials) - 1  # the merges are the same, whatever a model has to mark
    tokenizer = files.train(data.tokenizer, texts["train"], size, special_tokens=specials)
    tokenizer.save(folder / "tokenizer.json")
    model = dataclasses.replace(model, vocab_size=tokenizer.vocab_size)
    say("tokens")
    for split in SPLITS:
        rows = dataset.encoded(tokenizer, texts[split], end_id=tokenizer.special_id(END))
        dataset.write_tokens(folder / f"{split}.npy", rows, vocab_size=tokenizer.vocab_size)
    training = dataclasses.replace(training, workers=training.threads, decay_steps=training.last_decay_step)
    run = Run(folder, data, model, training, tokenizer)
    next(run.batches())  # enough for one batch?
    save_config(run)
    return run


def read_texts(data, *, seed):
    """{split: list of texts}: a generated corpus by plot, a file its last two twentieths for validation and test."""
    if data.corpus in corpora.CORPORA:
        make = corpora.CORPORA[data.corpus]
        held_out = max(40, data.texts // 20)
        counts = {"train": data.texts, "validation": held_out, "test": held_out}
        return {split: list(make(count, split=split, seed=seed)) for split, count in counts.items()}
    try:
        text = Path(data.corpus).read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(corpora.CORPORA)
        raise UsageError(f"corpus={data.corpus} is neither a generated corpus ({known}) nor a file") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{data.corpus} is not UTF-8 at byte {error.start}; convert it, for example with iconv"
        ) from None
    texts = [part for part in (part.strip() for part in text.split("\n\n")) if part]
    if len(texts) < 3:  # one long text: cut it by its lines
        texts = [line for line in text.splitlines() if line.strip()]
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


def save_config(run):
    """Write config.json, with the hashes of the files that a resumed run must find unchanged."""
    names = ["tokenizer.json", *(f"{split}.npy" for split in SPLITS)]
    storage.save_json(
        run.folder / "config.json",
        {
            "format": 1,
            "architecture": catalog.name_of(run.model_config),
            "data": to_dict(run.data),
            "model": to_dict(run.model_config),
            "train": to_dict(run.training),
            "sha256": {name: storage.sha256(run.folder / name) for name in names},
        },
    )


def open_run(folder):
    """Find a run again. Raises UsageError if there is none, or if its files are not those it was made with."""
    folder = Path(folder)
    if not (folder / "config.json").exists():
        raise UsageError(f"{folder} holds no run (there is no config.json in it); train one with --out {folder}")
    stored = storage.load_json(folder / "config.json")
    try:
        architecture = catalog.find(stored.get("architecture", "gpt"))  # before there was another, none was named
        parts = [from_dict(kind, stored[name]) for name, kind in
                 (("data", DataConfig), ("model", architecture.config), ("train", TrainConfig))]  # fmt: skip
        hashes = dict(stored["sha256"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{folder / 'config.json'} is not the config of a run: {error}") from None
    for name, expected in hashes.items():
        if not (folder / name).is_file() or storage.sha256(folder / name) != expected:
            raise UsageError(f"{folder / name} is missing or not the file this run was made with; make the run anew")
    return Run(folder, *parts, files.load(folder / "tokenizer.json"))


def fit(run, model, *, stop=lambda: False, warn=print, profile=None):
    """Train `model`, made by `run.new_model()`, from the run's newest checkpoint (or the beginning) to its last step.

    Yields (report, validation loss or None) after each step; checkpoints and the log are written on the way, and when
    `stop()` becomes true the run is saved and ends there. A `profile` records where the time of the steps goes. Raises
    UsageError if all steps are done.
    """
    training = run.training
    map_parameters(model, lambda array: to_device(array, training.device))
    optimizer = make_optimizer(model, training)
    start = checkpoint.load(run.checkpoints, model=model, optimizer=optimizer, warn=warn) if steps_done(run) else 0
    if start >= training.steps:
        raise UsageError(f"{run.folder} has done {start} of its {training.steps} steps; ask for more with --steps")
    forget_log_after(run.folder / "log.jsonl", start)
    data = run.batches(start * training.accumulate)
    with open(run.folder / "log.jsonl", "a", encoding="utf-8") as log:
        for report in train(model, data, optimizer, config=training, start=start, profile=profile):
            done = report.step == training.steps
            last = done or stop()
            write_line(log, report._asdict())
            validation = None
            if done or report.step % run.data.validate_every == 0:
                validation = run.mean_loss(model, "validation")
                write_line(log, {"step": report.step, "validation_loss": validation})
            if last or report.step % run.data.save_every == 0:
                checkpoint.save(run.checkpoints, step=report.step, model=model, optimizer=optimizer)
            yield report, validation
            if last:
                return


def steps_done(run):
    """The step of the newest checkpoint, 0 if there is none."""
    paths = checkpoint.newest_first(run.checkpoints)
    return checkpoint.step_of(paths[0]) if paths else 0


def write_line(log, values):
    log.write(json.dumps(values) + "\n")
    log.flush()


def forget_log_after(path, step):
    """Drop the lines of steps after `step`: a run that is resumed takes them again."""
    if not path.exists():
        return
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.endswith("}") and json.loads(line)["step"] <= step
    ]
    with storage.aside(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
