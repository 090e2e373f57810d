"""The suite of labels: how well a classifier tells those of texts, how well it knows when, and where it fails."""

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.evaluate import classification
from tinyllm.evaluate.calibration import Calibration
from tinyllm.evaluate.classification import OfConfusion
from tinyllm.evaluate.slices import by_length, worst
from tinyllm.evaluate.suites.suite import MISTAKES, NUMBER, SHARE, Figure, Findings, Mistake
from tinyllm.say import percent


def labels(examined, how):
    """How well a run tells the labels of its test texts."""
    run = examined.run
    texts, (_, numbers) = run.task.texts(run, "test"), run.task.examples(run, "test")
    return of_labelled(examined, texts[: how.examples], [run.task.labels[i] for i in numbers[: how.examples]])


def of_labelled(examined, texts, labels):
    """(N,) texts, (N,) labels -> Findings. Raises UsageError for a label that the run does not know."""
    names = examined.run.task.labels
    if strange := sorted(set(labels) - set(names)):
        raise UsageError(
            f"{examined.run.folder} tells {', '.join(names)}, but a text is labelled {strange[0]}; give a run that "
            "learned these labels"
        )
    numbers, chances = np.array([names.index(label) for label in labels]), examined.chances(texts)
    guesses = chances.argmax(axis=1)
    figures = []
    for name, title, kind, figure in (
        ("accuracy", "acurácia", SHARE, classification.accuracy),
        ("macro_f1", "F1 médio", SHARE, mean_f1),
        ("mcc", "MCC (de −1 a 1)", NUMBER, classification.matthews),
    ):
        measure = OfConfusion(figure, len(names))
        figures.append(Figure(name, title, measure.rows(guesses, numbers), measure.score, kind))
    calibration = Calibration()
    rows = calibration.rows(chances, numbers)
    figures.append(Figure("ece", "ECE, erro de calibração (menos é melhor)", rows, calibration.score))
    wrong = np.flatnonzero(guesses != numbers)
    surest = wrong[chances[wrong, guesses[wrong]].argsort(kind="stable")[::-1][:MISTAKES]]
    said = [f"{names[guesses[i]]} ({percent(chances[i, guesses[i]])})" for i in surest]
    return Findings(
        list(texts),
        figures,
        [Mistake(texts[i], labels[i], one) for i, one in zip(surest, said, strict=True)],
        [],
        worst(guesses == numbers, {"rótulo": labels, "tamanho": by_length(texts)}),
        confusion=(names, classification.confusion(numbers, guesses, len(names))),
        reliability=calibration.points(rows.sum(axis=0)),
    )


def mean_f1(table):
    """(..., L, L) -> (...): the F1 of the labels, each weighing the same."""
    return classification.f1(table).mean(axis=-1)
