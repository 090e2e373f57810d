"""The suites, by name: what each measures, which runs it suits, and which it examines when none is named.

A suite takes an `Examined` run and `Choices`, and gives `Findings`. To add one is a function and a line here.
"""

from collections.abc import Callable
from typing import NamedTuple

from tinyllm.errors import UsageError
from tinyllm.evaluate import datasets
from tinyllm.evaluate.suites import answering, fairness, labelling, published, reading, spoiling
from tinyllm.evaluate.suites.suite import ANSWERS, FILLS, LABELS, READS, kind_of

WHAT = {
    READS: "learned a language",
    ANSWERS: "learned to answer",
    LABELS: "tells labels",
    FILLS: "fills gaps, which no suite measures; train it with --task classify",
}


class Suite(NamedTuple):
    """What a suite measures, in a title; who can be examined; who is when none is named; and how."""

    title: str
    suits: tuple
    usual: tuple
    measure: Callable


READERS = (READS, ANSWERS)
SUITES = {
    "texts": Suite("Textos do próprio teste", READERS, (READS,), reading.texts),
    "agreement": Suite("Concordância", READERS, READERS, reading.agreements),
    "questions": Suite("Perguntas sobre textos gerados", READERS, READERS, reading.questions),
    "instructions": Suite("Instruções", READERS, (ANSWERS,), answering.instructions),
    "preferences": Suite("Preferências", (ANSWERS,), (ANSWERS,), answering.preferences),
    "labels": Suite("Rótulos", (LABELS,), (LABELS,), labelling.labels),
    "bias": Suite("Viés", (*READERS, LABELS), (*READERS, LABELS), fairness.counterfactuals),
    "robustness": Suite("Robustez a ruído", (*READERS, LABELS), (*READERS, LABELS), spoiling.robust),
    **{
        name: Suite(name, (LABELS,) if name in published.WITH_LABELS else READERS, (), published.suite_of(name))
        for name in datasets.SETS
    },
}


def chosen(run, names):
    """The names of the suites to examine a run with: those that are named, or the usual ones.

    Raises UsageError for a run that one of the named does not suit, and for one that none suits.
    """
    kind = kind_of(run)
    for name in names:
        if kind not in SUITES[name].suits:
            raise UsageError(f"suite={name} does not suit {run.folder}, which {WHAT[kind]}")
    usual = [name for name, suite in SUITES.items() if kind in suite.usual]
    if "texts" in usual and not reading.loses_nothing(run):
        usual.remove("texts")
    if not names and not usual:
        raise UsageError(f"no suite suits {run.folder}, which {WHAT[kind]}")
    return list(dict.fromkeys(names)) or usual
