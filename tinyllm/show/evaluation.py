"""`tinyllm evaluate`: what suites find of one run or several, how far it is to be believed, and what of it differs."""

from typing import NamedTuple

import numpy as np

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.evaluate import bootstrap, contamination, suites
from tinyllm.evaluate.datasets import SETS
from tinyllm.evaluate.suites.suite import Examined, Findings
from tinyllm.plot import COLORS
from tinyllm.say import emit, tell
from tinyllm.show import evaluation_page
from tinyllm.show.evaluation_table import SIGNIFICANT, heads, notes, rows, sizes, worst_parts
from tinyllm.train import run as runs


class Examination(NamedTuple):
    """A run, what a suite finds of it, and which of the examples its training texts hold, (N,) of bool: most of it, and
    at least a run of words."""

    run: str
    findings: Findings
    copied: np.ndarray
    shared: np.ndarray


def evaluate_runs(folders, names, how, *, html=None, as_json=False):
    """Examine the runs in these folders with the suites of these names, or with the usual ones, and print what is
    found. Raises UsageError for a run that a named suite does not suit."""
    folders = list(dict.fromkeys(folders))
    if len(folders) > len(COLORS):
        raise UsageError(f"{len(folders)} runs are too many to compare; give {len(COLORS)} at most")
    if how.file and len(published := [name for name in names if name in SETS]) != 1:
        raise UsageError(
            f"file={how.file} is of one published set, and suite={', '.join(published) or 'none of them'} is asked "
            "for; name one"
        )
    if how.shots and "instructions" not in names:
        raise UsageError(f"shots={how.shots} is of the suite instructions; name it with --suite, or leave shots out")
    if html is not None:
        storage.claim(html)
    opened = {folder: runs.open_run(folder) for folder in folders}
    wanted = {folder: suites.chosen(run, names) for folder, run in opened.items()}
    found = {name: [] for name in suites.SUITES}
    for folder, run in opened.items():
        for name, examination in examined(folder, run, wanted[folder], how, must=bool(names)):
            found[name].append(examination)
    told = {name: compared(some, how.seed) for name, some in found.items() if some}
    if as_json:
        for name, some in told.items():
            for one in some:
                emit({"suite": name, **one})
    else:
        for name, some in told.items():
            show(name, some)
    if html is not None:
        storage.save_text(html, evaluation_page.page(told))
        tell(f"pronto; abra {html} no navegador")


def examined(folder, run, names, how, *, must):
    """Yield (name, Examination) of each suite. What the run is too small for is left out, unless it `must` be."""
    subject, found, refused = Examined(run, run.trained_model(warn=tell)), {}, None
    for name in names:
        tell(f"{folder}: {suites.SUITES[name].title}…")
        try:
            found[name] = suites.SUITES[name].measure(subject, how)
        except UsageError as error:
            if must:
                raise
            tell(f"{folder}: {name} fica de fora: {error}")
            refused = error
    if not found:
        raise refused
    if run.start.exists():
        tell(f"{folder} continua de outro treino; só os textos do seu próprio são procurados no teste")
    tell(f"{folder}: textos de teste entre os de treino…")
    texts = [text for one in found.values() for text in one.texts]
    met = contamination.contamination(texts, run.task.texts(run, "train"))
    copied, shared, first = np.asarray(met.copied), np.asarray(met.flagged), 0
    for name, one in found.items():
        some = slice(first, first := first + len(one.texts))
        yield name, Examination(str(folder), one, copied[some], shared[some])


def compared(examinations, seed):
    """What one suite finds of each run, as a script reads it, beside the first of them."""
    return [told(one, examinations[0], seed) for one in examinations]


def told(one, first, seed):
    """What a suite finds of a run; `differs` of each figure where the first run was asked the same."""
    findings, same = one.findings, one.findings.texts == first.findings.texts
    others = {figure.name: figure for figure in first.findings.figures} if one is not first and same else {}
    told = {
        "run": one.run,
        "examples": len(findings.texts),
        "same_test_as_first": same,
        "contaminated": float(one.copied.mean()),
        "shares_a_run_of_words": float(one.shared.mean()),
        "figures": [told_figure(figure, others.get(figure.name), one, seed) for figure in findings.figures],
        "notes": list(findings.notes),
        "slices": [part._asdict() for part in findings.slices],
        "mistakes": [mistake._asdict() for mistake in findings.mistakes],
    }
    if findings.confusion:
        names, table = findings.confusion
        told["confusion"] = {"labels": list(names), "counts": table.tolist()}
        told["reliability"] = [list(map(float, point)) for point in zip(*findings.reliability, strict=True)]
    if findings.curves:
        told["curves"] = {
            kind: [list(map(float, point)) for point in points] for kind, points in findings.curves.items()
        }
    return told


def told_figure(figure, other, one, seed):
    """A figure with its interval; without the contaminated examples, if there are some; beside that of another run."""
    value, low, high = bootstrap.interval(figure.score, figure.rows, rng=np.random.default_rng(seed))
    copied = one.copied if figure.places is None else one.copied[figure.places]
    clean = figure.rows[~copied]
    without = float(figure.score(clean.sum(axis=0))) if copied.any() and len(clean) else None
    differs = None
    if other is not None and alike(figure, other):
        found = bootstrap.compare(figure.score, figure.rows, other.rows, rng=np.random.default_rng(seed))
        real = found.p <= SIGNIFICANT and not found.low <= 0 <= found.high
        differs = {**found._asdict(), "real": bool(real)}
    return {
        "name": figure.name, "title": figure.title, "kind": figure.kind, "value": value, "low": low, "high": high,
        "contaminated": float(copied.mean()), "without_contaminated": without, "differs": differs,
    }  # fmt: skip


def alike(figure, other):
    """Whether two runs' figures are of the same examples, on one scale."""
    of_all = figure.places is None and other.places is None
    return figure.scale == other.scale and (of_all or np.array_equal(figure.places, other.places))


# --------------------------------------------------------------------------------------------------- for a person


def show(name, told):
    """Print the table of a suite, a row for each figure of each run."""
    print(f"\n{suites.SUITES[name].title} ({name}), {sizes(told)}\n")
    table = [heads(told), *rows(told)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    for line in (*notes(told), *filter(None, map(worst_parts, told))):
        print(f"  {line}")
