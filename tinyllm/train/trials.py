"""Trials of the methods of fine-tuning: each adapts the same base to a task, once for each seed, in as many steps.

textos.txt  base/     the texts and the run of the base, if none is given
trials.json           the base, and how it is adapted
TASK/METHOD-SEED/     the run of a trial and, once it is done, what it was worth: trial.json

A seed chooses the texts that are learned from, their order, and what a method begins with; the test examples are the
same for all. "scratch" is the control: a model like the base's that has learned nothing, all of which is learned.
"""

import dataclasses
import itertools
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

from tinyllm import storage
from tinyllm.backend.arrays import to_host
from tinyllm.compress.nf4 import NF4Config
from tinyllm.compress.quantized import numbers_of
from tinyllm.data import chat
from tinyllm.data.conversations import ASSISTANT, USER, Message
from tinyllm.data.corpora import CORPORA, instrucoes, resenhas
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn.module import count_parameters
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.tensor import no_grad
from tinyllm.train import finetuning as tunings
from tinyllm.train import folder as folders
from tinyllm.train import log
from tinyllm.train import run as runs
from tinyllm.train.finetuned_run import create_finetuned
from tinyllm.train.finetuning import QLORA, Finetuning
from tinyllm.train.loop import TrainConfig, train
from tinyllm.train.tasks import Classify, DataConfig, Instruct
from tinyllm.train.tasks.instruct import check_decoder
from tinyllm.train.trained import Trained

SCRATCH = "scratch"
METHODS = tuple(dict.fromkeys(("full", "lora", QLORA, *catalog.METHODS, SCRATCH)))
DEFINITION, OUTCOME = "trials.json", "trial.json"
# The base is small: beside all of its matrices, what so low a rank learns is less than 3 % of it.
LORA = LoRAConfig(rank=3, layers="query,key,value,out,up,down")
SEEN = 50  # batches, of which the largest tells the memory

# The base reads texts of all these kinds; what a trial teaches it is to tell labels, or to answer and then stop.
BASE_TEXTS = {"contos": 2000, "resenhas": 6000, "instrucoes": 6000}
BASE_MODEL = GPTConfig(vocab_size=2048, context=128, layers=4, heads=4, width=128)
BASE_TRAINING = TrainConfig(steps=1000, batch=16, learning_rate=8e-3)


class Exam(NamedTuple):
    """How a task is learned in a trial, and how what was learned is put to the test."""

    task: type
    labels: tuple
    texts: int
    steps: int
    batch: int
    warmup: int
    examples: int
    right: Callable  # (run, model, how many test examples) -> of each, how right the model is, 0 to 1


def labels_right(run, model, count):
    """Of the first test reviews, whether the model tells the label."""
    texts, labels = zip(*resenhas.labelled(count, split="test"), strict=True)
    guesses = run.task.chances(run, model, texts).argmax(axis=1)
    return [run.task.labels[guess] == label for guess, label in zip(guesses, labels, strict=True)]


def answers_right(run, model, count):
    """Of the answers to the first test questions, the share of the tokens that the model finds the likeliest, each with
    all that stands before it: what so small a model has understood shows here long before it writes a whole answer."""
    template, found = chat.Template(run.tokenizer), []
    for question, answer in instrucoes.pairs(count, split="test"):
        row = template([Message(USER, question), Message(ASSISTANT, answer)])
        ids, targets, weights = chat.answers_batch([row])
        with no_grad():
            guesses = to_host(model(ids).data.argmax(axis=-1))
        found.append(float((guesses == targets)[weights > 0].mean()))
    return found


EXAMS = {
    "classify": Exam(Classify, resenhas.LABELS, texts=200, steps=100, batch=16, warmup=10, examples=400,
                     right=labels_right),
    "instruct": Exam(Instruct, (), texts=2000, steps=120, batch=16, warmup=10, examples=300, right=answers_right),
}  # fmt: skip


class Trial(NamedTuple):
    """A method that adapts a base to a task, from a seed."""

    task: str
    method: str
    seed: int

    @property
    def name(self):
        """Its folder, in that of all."""
        return f"{self.task}/{self.method}-{self.seed}"


class Outcome(NamedTuple):
    """How right each test example was, 0 to 1; how many numbers were learned, of how many; the bytes of arrays
    at the height of a step, and the seconds of all steps."""

    right: list
    learned: int
    parameters: int
    peak_bytes: int
    seconds: float


# ------------------------------------------------------------------------------------------------------------ the base


def find_or_make_base(folder):
    """The run of the base that the trials in a folder have of their own; it may have steps to do."""
    place, texts = folder / "base", folder / "textos.txt"
    if (place / "config.json").exists():
        return runs.open_run(place)
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [CORPORA[name](count, split="train") for name, count in BASE_TEXTS.items()]
    mixed = filter(None, itertools.chain.from_iterable(itertools.zip_longest(*kinds)))
    with storage.aside(texts) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.writelines(f"{text}\n\n" for text in mixed)
    return runs.create(place, DataConfig(corpus=str(texts)), BASE_MODEL, BASE_TRAINING)


def check(base, methods):
    """Raise UsageError for a base that some of these methods cannot adapt, or not to all tasks."""
    base.check_learns()
    for exam, method in itertools.product(EXAMS.values(), methods):
        task = exam.task(exam.labels)
        tunings.check(base, task)
        if isinstance(task, Instruct):
            check_decoder(base.model_config)
        if method != SCRATCH:
            config, form, _ = settings(method)
            Finetuning("", "", config, form).config_on(tunings.Base(base), task)


def settings(name):
    """The config of a method by its name, the form of the base, and how many times the usual rate suits it."""
    if name == SCRATCH:
        return None, None, 1.0
    method = catalog.find("lora" if name == QLORA else name)
    config = LORA if method.config is LoRAConfig else method.config()
    return config, NF4Config() if name == QLORA else None, method.pace


def record(folder, base):
    """Note in a folder the base of its trials, and how it is adapted. Raises UsageError if it holds others."""
    exams = {name: [exam.texts, exam.steps, exam.batch, exam.warmup, exam.examples] for name, exam in EXAMS.items()}
    now = {"format": 1, "base_weights": tunings.Base(base).sha256, "exams": exams}
    path = folder / DEFINITION
    if path.exists() and storage.load_json(path) != now:
        raise UsageError(
            f"{path} is of trials on another base than {base.folder}, or of other lengths; choose another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    storage.save_json(path, now)


# ----------------------------------------------------------------------------------------------------------- the trials


def all_trials(methods, seeds):
    """The trials of these methods, those of the first seed before those of the second: what is stopped can be read."""
    return [Trial(task, method, seed) for seed in range(seeds) for task in EXAMS for method in methods]


def find_or_make(trial, folder, base):
    """The run of a trial of a base; it may have steps to do."""
    place, exam = folder / trial.name, EXAMS[trial.task]
    if (place / "config.json").exists():
        return runs.open_run(place)
    config, form, pace = settings(trial.method)
    data = exam.task.data_config(texts=exam.texts, save_every=exam.steps, validate_every=exam.steps)
    kind = exam.task.train_config
    training = kind(
        steps=exam.steps, decay_steps=exam.steps, warmup=exam.warmup, batch=exam.batch, seed=trial.seed,
        learning_rate=pace * kind().learning_rate,
    )  # fmt: skip
    if config:
        return create_finetuned(base, place, config, data, training, form=form, task=exam.task())
    return create_from_scratch(base, place, data, training, exam.task())


def create_from_scratch(base, place, data, training, task):
    """Make the folder of a new run whose model has the sizes and the tokenizer of a base, and nothing else of it."""
    texts = task.read(data, seed=training.seed)
    data = dataclasses.replace(data, tokenizer=base.data.tokenizer)
    run = runs.Run(place, task, data, base.model_config, runs.settled(training), AdamWConfig(), base.tokenizer)
    return folders.lay_out(
        run, lambda: folders.write_texts(run, texts, say=lambda stage: None, warn=lambda problem: None)
    )


def outcome(trial, folder):
    """What is known of a trial: its Outcome, None before it is measured. Raises UsageError for a file that is none."""
    path = folder / trial.name / OUTCOME
    if not path.exists():
        return None
    try:
        return Outcome(**storage.load_json(path))
    except TypeError as error:
        raise UsageError(f"{path} is no outcome of a trial: {error}; delete it to measure again") from None


def measure(trial, run, *, warn):
    """Measure a run that has done its steps, and store the Outcome beside it. `warn` hears of what is lost."""
    model, exam = run.trained_model(warn=warn), EXAMS[trial.task]
    steps = log.read(run.folder / log.STEPS, warn=lambda problem: None)
    found = Outcome(
        right=list(map(float, exam.right(run, model, exam.examples))),
        learned=count_parameters(model),
        parameters=numbers_of(model),
        peak_bytes=peak_bytes(run),
        seconds=sum(line["seconds"] for line in steps if "seconds" in line),
    )
    storage.save_json(run.folder / OUTCOME, found._asdict())
    return found


def peak_bytes(run):
    """The most bytes of arrays there are at once while the model of a run takes its first step, from a large batch."""
    batch = max(itertools.islice(run.batches(), SEEN), key=lambda batch: batch[0].size)
    take_first_step(run, run.new_model(), batch)  # what is compiled or kept for later is there before it is counted
    tracemalloc.start(1)
    try:
        model = run.new_model()
        tracemalloc.reset_peak()  # to read the files of a run takes more, for a moment
        take_first_step(run, model, batch)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def take_first_step(run, model, batch):
    """Let the new model of a run learn from a batch once."""
    optimizer = Trained(model, run.training, run.optimizer_config).optimizer
    training = dataclasses.replace(run.training, steps=1)
    for _ in train(model, [batch], optimizer, config=training, **run.task.how(run, model)):
        pass
