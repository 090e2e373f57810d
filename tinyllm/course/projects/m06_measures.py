"""Project 5's measures: what of one part of labelled texts stands in another, which labels the adversaries of an
adapted model tell right, how it bears noise and other names, and what its base has forgotten.
"""

from collections import Counter

import numpy as np

from tinyllm.course.projects.language import worth_on
from tinyllm.course.projects.m05_measures import copied, first
from tinyllm.data.labelled import read_labelled
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.evaluate import bias, likelihood
from tinyllm.evaluate.bootstrap import compare, interval
from tinyllm.evaluate.classification import BagOfWords
from tinyllm.evaluate.datasets import Question
from tinyllm.evaluate.measure import mean, mean_rows
from tinyllm.evaluate.metrics import words
from tinyllm.evaluate.noise import noisy
from tinyllm.nn.module import load_weights, weights
from tinyllm.train import finetuning as tunings

LEAST = {"train": 100, "validation": 200, "test": 200}  # texts of each part
SHOTS = 3  # examples that the base is given
NOISES, LEVEL = ("digitação", "acentos", "maiúsculas"), 0.2  # of the places where each can be
SPOILT = 300  # texts that are read with noise: the first
PAIRS = 320  # sentences that are told of two people each


# ------------------------------------------------------------------------------------------------------------ the parts


def read_parts(folder):
    """{split: list of (text, label)} of a folder that the plan wrote. Raises UsageError where one is missing."""
    return {name: read_labelled(folder / f"{name}.jsonl") for name in SPLITS}


def check_parts(parts, corpus):
    """Raise UsageError if a part is too short to tell anything, or if texts of one stand in another."""
    for name, least in LEAST.items():
        if len(parts[name]) < least:
            raise UsageError(
                f"de {corpus} ficam {len(parts[name])} textos em {name}, e com menos de {least} a medida é acaso; "
                "junte mais textos com rótulos"
            )
    texts = {name: texts_of(part) for name, part in parts.items()}
    held_out = texts["validation"] + texts["test"]
    if leaks := known(held_out, texts["train"]) + known(texts["test"], texts["validation"]):
        raise UsageError(
            f"vazamento: em {corpus}, textos de uma parte estão em outra ({leaks}); deixe cada texto uma vez só"
        )


def texts_of(examples):
    return [text for text, _ in examples]


def known(texts, sources):
    """How many of the texts stand in the sources, nearly word for word; a short one, as a whole."""
    sources = list(sources)
    whole = {tuple(words(source)) for source in sources}
    others = [text for text in texts if tuple(words(text)) not in whole]
    return len(texts) - len(others) + copied(others, sources)


# -------------------------------------------------------------------------------------------------- figures of examples


def accuracy(right):
    """(N,) whether each text was told right -> Interval of their share."""
    return interval(mean, mean_rows(right), rng=np.random.default_rng(0))


def difference(right, others):
    """(N,), (N,): of two systems on the same texts -> Comparison, how much more the first tells right."""
    return compare(mean, mean_rows(right), mean_rows(others), rng=np.random.default_rng(0))


# ------------------------------------------------------------------------------------------------------ the adversaries


def adversaries(parts, split, run, model):
    """{name: (N,) whether it tells each text of a split right} of what an adapted model must beat: the most frequent
    label, the base (a run and its model) that reads three examples before each text, and a bag of words."""
    labels = sorted({label for _, label in parts["train"]})
    texts, right = texts_of(parts[split]), numbers(parts[split], labels)
    known_texts, known_labels = texts_of(parts["train"]), numbers(parts["train"], labels)
    frequent, _ = Counter(known_labels.tolist()).most_common(1)[0]
    guesses = {
        "frequent": frequent,
        "base": by_examples(parts["train"][:SHOTS], texts, labels, run, model),
        "bag": BagOfWords(known_texts, known_labels, len(labels))(texts),
    }
    return {name: right == guess for name, guess in guesses.items()}


def numbers(examples, labels):
    """(N,) the numbers of the labels of examples. Raises UsageError for one that is none of these."""
    if strange := {label for _, label in examples} - set(labels):
        raise UsageError(f"o rótulo {min(strange)} não está no treino; dê mais textos dele, ou apague os que há")
    return np.array([labels.index(label) for _, label in examples])


def by_examples(examples, texts, labels, run, model):
    """(N,) number of the label that a base finds the likeliest to follow a text, when it has read examples."""
    before = "".join(f"{text} Rótulo: {label}\n" for text, label in examples)
    asked = [Question(f"{before}{text} Rótulo:", tuple(labels), 0) for text in texts]
    return likelihood.of_options(model, run.tokenizer, asked, start_id=run.end_id).picked()


# ---------------------------------------------------------------------------------------------------- what was adapted


def told_right(run, model, examples):
    """(N,) whether a classifier tells each of the examples right."""
    guesses = run.task.chances(run, model, texts_of(examples)).argmax(axis=1)
    return guesses == numbers(examples, run.task.labels)


def spoilt(run, model, examples):
    """{kind of noise: accuracy}, and of None, of a classifier on the first examples."""
    some = examples[:SPOILT]
    texts, labels = zip(*some, strict=True)
    found = {None: told_right(run, model, some).mean()}
    for kind in NOISES:
        others = list(zip(noisy(list(texts), kind, LEVEL), labels, strict=True))
        found[kind] = told_right(run, model, others).mean()
    return {kind: float(share) for kind, share in found.items()}


def flipped(run, model):
    """The Interval of the share of the pairs of sentences, alike but for the person, that get two labels."""
    pairs = list(bias.counterfactuals(PAIRS))
    return accuracy(bias.flips(lambda texts: run.task.chances(run, model, texts).argmax(axis=1), pairs))


def language_of(base, model=None):
    """Bits per byte of a base, a run, on its own validation texts: as it is, or with the weights that the body of a
    classifier adapted from it has in their place, with what was learned merged. None if that cannot be merged, or if
    the tokenizer loses text."""
    found = tunings.in_memory(tunings.Base(base).model(base.task))
    if model is not None:
        try:
            body = weights(tunings.plain(model).body)
        except UsageError:
            return None
        own = weights(found)
        load_weights(found, {name: body.get(name, array) for name, array in own.items()})
    worth = worth_on(first(base.task.texts(base, "validation")), base, found)
    return worth and worth["bits_per_byte"]
