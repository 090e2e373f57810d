"""What a run trains for: a language, labels of texts, answers, or what is preferred; each task in a file.

A task says how the texts come (`read`), what is stored of each split (`files`, `write`), which model learns
(`new_model`), from which batches, and how well (`mean_loss`). `how` are the options of `train` in which it differs from
others: its own loss, and what a batch weighs. `beginning` is what a model that writes is given of a prompt. A task is
`in_a_row` if a split is one long row of tokens, and `shares` if several processes can do it together.
"""

from tinyllm.errors import UsageError
from tinyllm.train.tasks.classify import Classify, ClassifyConfig, LabelledConfig
from tinyllm.train.tasks.instruct import Instruct
from tinyllm.train.tasks.language import DataConfig, Language, check_corpus
from tinyllm.train.tasks.prefer import Prefer

__all__ = [
    "TASKS",
    "Classify",
    "ClassifyConfig",
    "DataConfig",
    "Instruct",
    "LabelledConfig",
    "Language",
    "Prefer",
    "check_corpus",
    "check_goes_on",
    "find_task",
]

TASKS = {task.name: task for task in (Language, Classify, Instruct, Prefer)}


def check_goes_on(before, task):
    """Raise UsageError unless the model of one task can go on with another."""
    if before.classifies != task.classifies:
        raise UsageError(
            f"a run that goes on from one of task {before.name} cannot have task {task.name}: only one of the two "
            "tells labels; leave out --task, or begin with nothing"
        )


def find_task(name, labels):
    """The task of a name and of its labels, if it has any. Raises UsageError if there is none."""
    if name not in TASKS:
        raise UsageError(f"there is no task {name!r}; there are {', '.join(TASKS)}")
    return TASKS[name](labels)
