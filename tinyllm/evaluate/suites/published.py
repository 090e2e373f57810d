"""Suites of the published sets: read from a local file in its published form, and measured whole."""

import functools
from pathlib import Path

from tinyllm.data.sources import SOURCES
from tinyllm.errors import UsageError
from tinyllm.evaluate import datasets
from tinyllm.evaluate.suites.labelling import of_labelled
from tinyllm.evaluate.suites.reading import of_completions, of_questions

WITH_LABELS = ("assin2", "faquad-nli", "hatebr", "tweetsentbr")


def suite_of(name):
    """What measures a run on the set of a name."""
    return functools.partial(measure, name)


def measure(name, examined, how):
    examples = datasets.load(name, file_of(name, how.file))
    if name in WITH_LABELS:
        return of_labelled(examined, [one.text for one in examples], [one.label for one in examples])
    if name == "enem":
        return of_questions(examined, examples)
    return of_completions(examined, examples)


def file_of(name, given):
    """The file of a set: the one that is given, or the one that `tinyllm data download` has left in this folder."""
    if given:
        return given
    source = SOURCES.get(name)
    if source is None:
        raise UsageError(f"suite={name} needs its file; get it where it is published, and give it by file=FILE")
    if not Path(source.file).is_file():
        raise UsageError(
            f"suite={name} needs its file; get it with: tinyllm data download {name} (it writes {source.file}), or "
            "give it by file=FILE"
        )
    return source.file
