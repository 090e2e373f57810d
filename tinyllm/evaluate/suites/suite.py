"""What a suite is given, a trained run, and what it finds of it: figures, each with what every example adds to it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinyllm.data import chat
from tinyllm.data.corpora.instrucoes import ASSISTANT, USER
from tinyllm.data.objectives import Causal
from tinyllm.evaluate import likelihood
from tinyllm.evaluate.calibration import Points
from tinyllm.evaluate.measure import mean, mean_rows
from tinyllm.evaluate.slices import Slice
from tinyllm.infer import answers

# What a run can do: it reads from left to right and writes on; it does so and answers; it tells labels; it fills gaps.
READS, ANSWERS, LABELS, FILLS = "reads", "answers", "labels", "fills"
SHARE, POINTS, NUMBER = "share", "points", "number"  # of 1; of 100; of anything
LEAST = 2  # examples: fewer give no interval
MISTAKES = 10  # the most that are shown
ROOM = 32  # tokens of a context that few-shot examples leave to the answer


class Choices(NamedTuple):
    """How many generated examples, drawn from which seed; how many are given before a question to who has not learned
    to answer; the file of a published set."""

    examples: int = 500
    seed: int = 0
    shots: int = 0
    file: str | None = None


class Figure(NamedTuple):
    """A figure: its name for a script and for a person, the rows of (n, K) and their score, as `bootstrap` takes them.

    Row i is of example `places[i]`; without places, of example i. Two runs compare only where their `scale` is one.
    """

    name: str
    title: str
    rows: np.ndarray
    score: Callable = mean
    kind: str = SHARE
    places: np.ndarray | None = None
    scale: str = ""


class Mistake(NamedTuple):
    """What was read, what was to be said of it, and what the model said."""

    text: str
    expected: str
    said: str


class Findings(NamedTuple):
    """What a suite finds of a run. Two runs were asked the same if their `texts` are the same.

    texts        of each example, what is looked for in the training texts; for a label, the text with it
    notes        sentences for a person
    confusion    (names of labels, (L, L)), and the points of a reliability plot, of who tells labels
    curves       {kind of noise: [(level, figure)]}, of who was examined with noise
    """

    texts: list[str]
    figures: list[Figure]
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()
    confusion: tuple | None = None
    reliability: Points | None = None
    curves: dict | None = None


class Examined:
    """A run with its model, and what the suites ask of it."""

    def __init__(self, run, model):
        self.run, self.model, self.tokenizer = run, model, run.tokenizer
        self.kind = kind_of(run)

    def ends(self, completions):
        """A list of completions -> the `likelihood.Ends`."""
        return likelihood.of_ends(self.model, self.tokenizer, completions, start_id=self.run.end_id)

    def said(self, exchanges):
        """[(messages that wait for an answer, an answer)] -> the `likelihood.Ends`, of the answers and what closes
        them."""
        template = chat.Template(self.tokenizer)
        asked = [template.asked(messages) for messages, _ in exchanges]
        answers = [[*template.said(answer), template.end_id] for _, answer in exchanges]
        rows = [before + after for before, after in zip(asked, answers, strict=True)]
        return likelihood.of_encoded(self.model, rows, [len(before) for before in asked])

    def options(self, questions):
        """A list of questions -> the `likelihood.Options`."""
        return likelihood.of_options(self.model, self.tokenizer, questions, start_id=self.run.end_id)

    def chances(self, texts):
        """(N,) texts -> (N, L): how probable it finds each label."""
        return self.run.task.chances(self.run, self.model, texts)

    def answers(self, conversations, shots=()):
        """Conversations that wait for an answer -> what it says, "" where the question does not fit.

        Who has not learned to answer goes on with a text of questions and answers, of which the first are the `shots`.
        """
        if self.kind == ANSWERS:
            template = chat.Template(self.tokenizer)
            fits = [len(template.asked(one)) <= self.model.longest for one in conversations]
            some = [one for one, fit in zip(conversations, fits, strict=True) if fit]
            said = iter(answers.answers(self.model, template, some))
        else:
            prompts = [self.prompt(messages[-1].content, shots)[0] for messages in conversations]
            fits = [prompt is not None for prompt in prompts]
            said = iter(answers.continued(self.model, self.tokenizer, [ids for ids in prompts if ids is not None]))
        return [next(said) if fit else "" for fit in fits]

    def prompt(self, question, shots):
        """The ids of a question behind as many of the last shots as fit, and how many do; None and 0 if it does not fit
        alone."""
        asked = f"{USER}: {question}\n{ASSISTANT}:"
        before = [f"{USER}: {earlier}\n{ASSISTANT}: {answer}" for earlier, answer in shots]
        for first in range(len(before) + 1):
            ids = [self.run.end_id, *map(int, self.tokenizer.encode("\n".join([*before[first:], asked])))]
            if len(ids) <= self.model.longest - ROOM:
                return ids, len(before) - first
        return None, 0


def kind_of(run):
    """What a run can do."""
    if run.task.classifies:
        return LABELS
    if run.architecture.objective is not Causal:
        return FILLS
    return ANSWERS if hasattr(run.task, "conversations") else READS


def parts(name, keys, values):
    """N keys, (N,) -> a share for each key that has enough examples, in the order in which they come."""
    values, keys = np.asarray(values, dtype=np.float64), np.asarray(keys)
    places = {key: np.flatnonzero(keys == key) for key in dict.fromkeys(keys.tolist())}
    return [
        Figure(f"{name}: {key}", key, mean_rows(values[some]), places=some)
        for key, some in places.items()
        if len(some) >= LEAST
    ]
