"""`tinyllm compare-methods`: all ways to fine-tune, on the same base and tasks: what each is worth, and what it takes.

Every trial is a run of its own, in a folder beside the others, and what it was worth is stored in it; so a comparison
that was stopped goes on, and one that is done is shown again at once. More seeds add to those that are there.
"""

import statistics
from typing import NamedTuple

import numpy as np

from tinyllm import plot, storage
from tinyllm.data.corpora.resenhas import LABEL_NOISE
from tinyllm.errors import UsageError
from tinyllm.evaluate.bootstrap import Interval, crossed_interval
from tinyllm.say import counted, decimal, emit, percent, tell, thousands
from tinyllm.show.estimate import size
from tinyllm.show.training import compile_kernels, train_showing
from tinyllm.train import run as runs
from tinyllm.train import trials
from tinyllm.train.trials import EXAMS, SCRATCH

FULL = "full"  # what the others are compared with
TITLES = {"classify": "Classificar resenhas", "instruct": "Responder a perguntas"}
QUALITY = {"classify": "acurácia", "instruct": "tokens certos"}


class Row(NamedTuple):
    """A method on a task: its trials together."""

    task: str
    method: str
    quality: Interval
    less_full: Interval | None  # how much more right the same examples are than after full fine-tuning
    learned: int
    parameters: int
    peak_bytes: float
    seconds: float


def compare_methods(names, folder, *, seeds, base=None, picture=None, as_json=False):
    """Make the trials that are not done, one after the other, and show what they say. Returns the exit status."""
    if picture is not None:
        plot.check(picture)
    folder, methods = storage.claim_folder(folder), [name for name in trials.METHODS if name in names]
    if unknown := [name for name in names if name not in trials.METHODS]:
        raise UsageError(f"there is no method {unknown[0]:.60}; there are {', '.join(trials.METHODS)}")
    if base is not None:
        base = runs.open_run(base)
    elif status := train_rest(base := trials.find_or_make_base(folder), "a base"):
        return status
    trials.check(base, methods)
    trials.record(folder, base)
    asked, outcomes = trials.all_trials(methods, seeds), {}
    for number, trial in enumerate(asked, start=1):
        outcomes[trial] = trials.outcome(trial, folder)
        if outcomes[trial] is None:
            run = trials.find_or_make(trial, folder, base)
            if status := train_rest(run, f"[{number}/{len(asked)}] {trial.name}"):
                return status
            outcomes[trial] = trials.measure(trial, run, warn=tell)
    rows = [row_of(task, method, outcomes) for task in EXAMS for method in methods]
    if picture is not None:
        plot.draw(picture, lambda figure: paint(figure, rows), width=11.0)
    if as_json:
        for row in rows:
            emit(as_values(row, seeds))
    else:
        show(rows, seeds)
    return 0


def train_rest(run, title):
    """Let a run do the steps that it has not done. Returns the exit status."""
    if runs.steps_done(run) == run.training.steps:
        return 0
    tell(f"\n{title}")
    compile_kernels(run)
    return train_showing(run)


def row_of(task, method, outcomes):
    """What the trials of a method on a task say together, and beside those of full fine-tuning, if there are any."""
    mine, full = ({trial.seed: found for trial, found in outcomes.items() if trial[:2] == (task, name)}
                  for name in (method, FULL))  # fmt: skip
    right, others = (np.array([found.right for found in some.values()], dtype=np.float64) for some in (mine, full))
    less_full = None
    if full and method != FULL:
        less_full = crossed_interval(right - others, rng=np.random.default_rng(0))
    first, *_ = mine.values()
    peaks, seconds = ([getattr(found, name) for found in mine.values()] for name in ("peak_bytes", "seconds"))
    return Row(
        task, method, crossed_interval(right, rng=np.random.default_rng(0)), less_full, first.learned,
        first.parameters, statistics.median(peaks), statistics.median(seconds),
    )  # fmt: skip


def as_values(row, seeds):
    """A row as a script reads it."""
    found = row._asdict() | {"measure": QUALITY[row.task], "seeds": seeds, "examples": EXAMS[row.task].examples}
    return {name: value._asdict() if isinstance(value, Interval) else value for name, value in found.items()}


# ------------------------------------------------------------------------------------------------------------ the table


def show(rows, seeds):
    """Print a table for each task, and how to read them."""
    for task in dict.fromkeys(row.task for row in rows):
        exam = EXAMS[task]
        learned = counted(exam.texts, "texto") if task == "classify" else counted(exam.texts, "conversa")
        print(f"\n{TITLES[task]}: {learned}, {counted(exam.steps, 'passo')} de {exam.batch}; {QUALITY[task]} em "
              f"{thousands(exam.examples)} de teste\n")  # fmt: skip
        show_task([row for row in rows if row.task == task])
    told = counted(seeds, "semente")
    print(
        f"\nCada linha é a média de {told}. O intervalo, de 95 %, é o do bootstrap que sorteia de novo as sementes e os"
    )
    print("exemplos de teste: o que outro treino daria, com outros exemplos." + one_seed(seeds))
    if any(row.less_full for row in rows):
        print(
            "menos full: diferença, nos mesmos exemplos e sementes, ao fine-tuning de tudo, em pontos percentuais; se o"
        )
        print("intervalo não contém o zero, não é só acaso.")
    if any(row.method == SCRATCH for row in rows):
        print("scratch: o mesmo modelo sem a base, tudo aprendido do zero.")
    if any(row.task == "instruct" for row in rows):
        print("tokens certos: a parte da resposta que o modelo adivinha, token a token, com o que vem antes à vista.")
    if any(row.task == "classify" for row in rows):
        print(f"O teto da acurácia é {percent(1 - LABEL_NOISE)}: o resto dos rótulos foi trocado de propósito.")
    print("memória: os arrays no pico de um passo. tempo: o de todos os passos, sem medir.")


def one_seed(seeds):
    return " De uma só semente, nada se sabe de outro treino: --seeds 5." if seeds == 1 else ""


def show_task(rows):
    heads = ["método", QUALITY[rows[0].task], "intervalo", "menos full", "aprende", "parte", "memória", "tempo"]
    table = [heads, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *others in table:
        more = "  ".join(f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        print(f"  {first:{widths[0]}}  {more}")


def cells(row):
    value, low, high = row.quality
    return [
        row.method, percent(value), f"{percent(low)} a {percent(high)}",
        difference(row.less_full) if row.less_full else "—", thousands(row.learned),
        f"{decimal(100 * row.learned / row.parameters, 2)} %", size(round(row.peak_bytes)),
        f"{decimal(row.seconds, 1)} s",
    ]  # fmt: skip


def difference(found):
    value, low, high = (f"{'−' if points < 0 else '+'}{decimal(abs(points), 1)}" for points in (100 * x for x in found))
    return f"{value} ({low} a {high})"


# ---------------------------------------------------------------------------------------------------------- the picture


def paint(figure, rows):
    """Paint the quality of each method, with its interval, against how much it learns: a panel for each task."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
        for row in (row for row in rows if row.task == task):
            value, low, high = (100 * share for share in row.quality)
            reach = [[max(0.0, value - low)], [max(0.0, high - value)]]
            color = plot.SOFT if row.method == SCRATCH else plot.COLORS[0]
            axes.errorbar([row.learned], [value], yerr=reach, fmt="o", color=color, capsize=3, linewidth=1.3)
            axes.annotate(row.method, (row.learned, value), xytext=(5, 4), textcoords="offset points", fontsize=9)
        axes.set(title=TITLES[task], xscale="log", xlabel="números aprendidos", ylabel=f"{QUALITY[task]} (%)")
        axes.xaxis.set_major_formatter(lambda count, _: thousands(round(count)))
        axes.margins(x=0.15)
        axes.grid(axis="y", color="#e4e7eb")
