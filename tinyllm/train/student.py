"""A student: a new run that learns from the texts of another, its teacher, and from what that makes of them."""

import dataclasses
import shutil

from tinyllm.data.objectives import Causal
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.train import distill, trackers
from tinyllm.train import folder as folders
from tinyllm.train import run as runs
from tinyllm.train.monitor import MonitorConfig, check_monitor


def create_student(
    teacher, folder, config, model, training, optimizer=None, *,
    monitor=None, every=None, say=lambda text: None, warn=lambda text: None, announce=lambda run: None,
):  # fmt: skip
    """Make the folder of a new run that learns from a teacher, a run, as a DistillConfig says.

    Its texts and its tokenizer are those of the teacher, which the vocabulary follows; `every` says what of its data
    config differs: {field: value}. If the config asks for nothing of the teacher but these, it is an ordinary run.
    `say`, `warn` and `announce` are those of `runs.create`. Raises UsageError as that does, and for a teacher or a
    student that does not foretell the next token.
    """
    folders.check_place(folder, teacher.data, training)
    trackers.asked_for(monitor or MonitorConfig())
    distill.check(config, training)
    foretells(teacher.task, teacher.model_config, f"the teacher {teacher.folder}")
    foretells(teacher.task, model, "the student")
    distillation = None
    if config.distill != "none":
        of_teacher = {"teacher": str(teacher.folder.absolute())}
        of_teacher["teacher_weights"] = distill.fingerprint(teacher.trained_model(warn=warn))
        distillation = distill.Distillation(**dataclasses.asdict(config), **of_teacher)
    run = runs.Run(
        folder, type(teacher.task)(), dataclasses.replace(teacher.data, **(every or {})),
        dataclasses.replace(model, vocab_size=teacher.tokenizer.vocab_size), runs.settled(training),
        optimizer or AdamWConfig(), teacher.tokenizer, monitor=monitor, distillation=distillation,
    )  # fmt: skip
    check_monitor(run)
    announce(run)

    def write():
        for name in folders.files_of(run):  # of the same names there
            if name != run.curriculum.name:
                shutil.copyfile(teacher.folder / name, run.folder / name)
        run.task.check(run)
        folders.write_order(run, say)

    return folders.lay_out(run, write)


def foretells(task, config, who):
    """Raise UsageError unless a model of this config, trained for this task, foretells the next token."""
    if not task.in_a_row or catalog.architecture_of(config).objective is not Causal:
        able = ", ".join(name for name, each in catalog.MODELS.items() if each.objective is Causal)
        does = f"is a {catalog.name_of(config)}" if task.in_a_row else "tells labels" if task.classifies else "answers"
        raise UsageError(f"{who} {does}, and a distillation needs the next token foretold; take one of {able}")
