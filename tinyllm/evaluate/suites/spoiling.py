"""The suite of robustness: how much a run's figures fall when what it reads is spoilt, kind by kind of noise."""

import itertools

import numpy as np

from tinyllm.evaluate import noise, overlap, robustness
from tinyllm.evaluate.datasets import Completion, Labelled
from tinyllm.evaluate.measure import mean_rows
from tinyllm.evaluate.suites.answering import questions_for
from tinyllm.evaluate.suites.suite import ANSWERS, LABELS, Figure, Findings

MOST = 100  # texts that a run reads on, or answers: each is read once for every kind and level of noise
WORDS = 30  # before the one that is to be guessed


def robust(examined, how):
    """A run's figure as a function of the noise: the labels it tells, the answers it gives, or the next word."""
    prepare = {LABELS: labelled, ANSWERS: asked}.get(examined.kind, unfinished)
    examples, score, title = prepare(examined, how)
    clean, worst = np.asarray(score(examples), dtype=float), robustness.LEVELS[-1]
    figures, curves, untouched = [Figure("clean", f"{title}, sem ruído", mean_rows(clean))], {}, []
    for kind in noise.NOISES:
        if robustness.spoilt(examples, kind, worst, seed=how.seed) == examples:
            untouched.append(kind)
            continue
        found = robustness.curve(score, examples, kind, levels=robustness.LEVELS[1:], seed=how.seed)
        curves[kind] = [*zip(robustness.LEVELS, [clean.mean(), *found.mean(axis=1)], strict=True)]
        figures.append(Figure(f"noise: {kind}", f"{kind}, em {100 * worst:.0f} % dos lugares", mean_rows(found[-1])))
    notes = [f"Ruído que não muda nenhum destes textos: {', '.join(untouched)}."] if untouched else []
    return Findings(list(map(example_text, examples)), figures, notes=notes, curves=curves)


def example_text(example):
    return f"{example[0]} {example[1]}"


def labelled(examined, how):
    run = examined.run
    texts, (_, numbers) = run.task.texts(run, "test"), run.task.examples(run, "test")
    examples = [Labelled(text, run.task.labels[i]) for text, i in zip(texts, numbers, strict=True)][: how.examples]

    def score(examples):
        guesses = examined.chances([one.text for one in examples]).argmax(axis=1)
        return [run.task.labels[guess] == one.label for guess, one in zip(guesses, examples, strict=True)]

    return examples, score, "acurácia"


def asked(examined, how):
    def score(examples):
        said = examined.answers([one.messages for one in examples])
        return overlap.EXACT_MATCH.rows(said, [one.answer for one in examples])[:, 0]

    return questions_for(examined, how)[:MOST], score, "resposta exata"


def unfinished(examined, how):
    """Beginnings of the run's test texts, of which the next word is to be guessed."""
    run = examined.run
    words = (text.split()[: WORDS + 1] for text in run.task.texts(run, "test"))
    examples = [Completion(" ".join(some[:-1]), some[-1]) for some in words if len(some) > 1]
    examples = list(itertools.islice(examples, min(how.examples, MOST)))
    return examples, lambda examples: examined.ends(examples).greedy, "próxima palavra certa"
