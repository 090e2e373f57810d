"""`tinyllm report`: one page about one run or several side by side, that needs neither a network nor other files."""

import math
from statistics import fmean, median

from tinyllm import storage
from tinyllm.config import option_of, to_dict
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import perplexity
from tinyllm.models import catalog
from tinyllm.optim import catalog as optimizers
from tinyllm.plot import COLORS
from tinyllm.say import decimal, duration, emit, megabytes, tell, thousands
from tinyllm.show import chart
from tinyllm.show.chart import escaped
from tinyllm.show.page import framed, table
from tinyllm.train import log
from tinyllm.train import run as runs

POINTS, SAMPLES = 400, 8  # the most that is shown of a curve, and of a run's samples
CURVES = {  # of a line of the log: the title of its chart, what it says, and how neighbours become one point
    "loss": ("Perda no treino", "nats por alvo", fmean),
    "validation_loss": ("Perda na validação", "nats por alvo", min),
    "learning_rate": ("Taxa de aprendizado", "", fmean),
    "gradient_norm": ("Comprimento do gradiente", "antes do corte", max),
    "tokens_per_second": ("Velocidade", "tokens por segundo", median),
    "memory": ("Memória em uso", "MB", max),
}
MAPS = {  # of a line of the statistics: the title of its heat map
    "gradient": "Gradientes",
    "update": "Atualização de cada passo, como fração do peso",
    "weight": "Pesos",
    "activations": "O que sai de cada bloco",
}
ROWS, COLUMNS = 32, 40  # the most of a heat map
UNITS = ((120, 1, "segundos"), (7200, 60, "minutos"), (math.inf, 3600, "horas"))
NAMES_OF_ENVIRONMENT = {
    "processor": "processador", "cores": "núcleos", "threads": "threads", "memory": "memória", "gpu": "GPU",
    "system": "sistema", "python": "Python", "numpy": "NumPy", "numba": "Numba", "cupy": "CuPy",
    "blas": "biblioteca de matrizes", "tinyllm": "tinyllm",
}  # fmt: skip


def report(folders, out, *, as_json=False):
    """Write the page about the runs in these folders. Raises UsageError for one without steps, and for too many."""
    folders = list(dict.fromkeys(folders))
    if len(folders) > len(COLORS):
        raise UsageError(f"{len(folders)} runs are too many for one page; give {len(COLORS)} at most")
    storage.claim(out)
    told = [figures(folder, runs.open_run(folder)) for folder in folders]
    storage.save_text(out, page(told))
    for of_run in told if as_json else ():
        emit(of_run)
    tell(f"pronto; abra {out} no navegador")


def figures(folder, run):
    """What the page tells of a run; the points of its curves are [step, seconds of training, value]."""
    lines = log.read(run.folder / log.STEPS, warn=tell)
    steps = [line for line in lines if "loss" in line]
    if not steps:
        raise UsageError(f"{run.folder} has no log of a step yet; train it with: tinyllm train --resume {run.folder}")
    curves, seconds = {name: [] for name in CURVES}, 0.0
    for line in lines:
        if "loss" in line:
            seconds += line["seconds"] or 0.0
            line["tokens_per_second"] = line["tokens"] / line["seconds"] if line["seconds"] else None
        if line.get("memory"):
            line["memory"] /= 2**20
        for name in CURVES.keys() & line.keys():
            curves[name].append((line["step"], seconds, line[name]))
    validated = [(value, step) for step, _, value in curves["validation_loss"] if value is not None]
    best, at = min(validated, default=(None, None))
    return {
        "run": str(folder),
        "step": steps[-1]["step"],
        "steps": run.training.steps,
        "loss": steps[-1]["loss"],
        "best_validation_loss": best,
        "best_step": at,
        "seconds": seconds,
        "tokens_per_second": median(line["tokens_per_second"] or 0.0 for line in steps),
        "memory": max((value for _, _, value in curves["memory"] if value), default=None),
        "curves": {name: thinned(points, CURVES[name][-1]) for name, points in curves.items()},
        "samples": evenly(log.read(run.folder / log.SAMPLES, warn=tell), SAMPLES),
        "statistics": evenly(log.read(run.folder / log.STATISTICS, warn=tell), COLUMNS),
        "environment": log.read(run.folder / log.ENVIRONMENT, warn=tell),
        "config": settings(run),
    }


def thinned(points, merge):
    """At most POINTS of them: [[step, seconds, value]]"""
    places = chart.buckets([((step, seconds), value) for step, seconds, value in points], most=POINTS, merge=merge)
    return [[step, round(seconds, 3), value] for (step, seconds), value in places]


def evenly(items, most):
    """At most so many of a list, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(n * (len(items) - 1) / (most - 1))] for n in range(most)]


def settings(run):
    """{option: value} of all that a run was made with."""
    kinds = (run.data, run.model_config, run.training, run.optimizer_config, run.monitor)
    kinds += (run.distillation,) if run.distillation else ()
    values = {name: value for kind in kinds for name, value in to_dict(kind).items()}
    of_run = {"task": run.task.name, "model": catalog.name_of(run.model_config)}
    if run.finetuning:  # whose method has options of the names that a model has
        of_run |= {f"finetuning {name}": value for name, value in run.finetuning.as_dict().items()}
    return {**of_run, "optimizer": optimizers.name_of(run.optimizer_config), **values}


# ------------------------------------------------------------------------------------------------------------ the page


def page(told):
    """The whole page, as text."""
    names = ", ".join(of_run["run"] for of_run in told)
    body = "".join([
        "<h1>Relatório de treino</h1>", summary(told), all_charts(told), statistics(told), samples(told),
        config_table(told), environment_table(told),
    ])  # fmt: skip
    return framed(names, body)


def summary(told):
    """A table with a row for each run."""
    heads = (
        "treino", "passos", "última perda", "melhor validação", "perplexidade", "tempo", "tokens/s", "memória",
    )  # fmt: skip
    rows = []
    for of_run, color in zip(told, COLORS, strict=False):
        best = of_run["best_validation_loss"]
        rows.append([
            f'<span class="mark" style="background:{color}"></span>{escaped(of_run["run"])}',
            f"{thousands(of_run['step'])} de {thousands(of_run['steps'])}",
            "—" if of_run["loss"] is None else decimal(of_run["loss"], 3),
            "—" if best is None else f"{decimal(best, 3)}, no passo {thousands(of_run['best_step'])}",
            "—" if best is None else decimal(perplexity(best)),
            duration(of_run["seconds"]),
            thousands(round(of_run["tokens_per_second"])),
            "—" if of_run["memory"] is None else megabytes(of_run["memory"] * 2**20),
        ])  # fmt: skip
    return table([escaped(head) for head in heads], rows)


def all_charts(told):
    """The charts, each over the steps and over the time, of which the page shows one."""
    choice = (
        '<input type="radio" name="across" id="steps" checked><label for="steps">por passo</label>'
        '<input type="radio" name="across" id="time"><label for="time">por tempo de treino</label>'
    )
    legend = "".join(
        f'<li><span class="mark" style="background:{color}"></span>{escaped(of_run["run"])}</li>'
        for of_run, color in zip(told, COLORS, strict=False)
    )
    found = "".join(one_chart(told, name) for name in CURVES)
    return f'<h2>Curvas</h2>{choice}<ul class="legend">{legend}</ul><div class="charts">{found}</div>'


def one_chart(told, name):
    """A chart of what the runs tell of this, over the steps and over the time; nothing if they tell nothing."""
    title, what, _ = CURVES[name]
    series = [(of_run["run"], color, of_run["curves"][name]) for of_run, color in zip(told, COLORS, strict=False)]
    series = [(run, color, points) for run, color, points in series if any(value is not None for *_, value in points)]
    if not series:
        return ""
    longest = max(seconds for _, _, points in series for _, seconds, _ in points)
    _, size, unit = next(unit for unit in UNITS if longest < unit[0])
    by_step = [(run, color, [(step, value) for step, _, value in points]) for run, color, points in series]
    by_time = [(run, color, [(time / size, value) for _, time, value in points]) for run, color, points in series]
    noted = f" <small>({what})</small>" if what else ""
    return (
        f"<figure><figcaption>{title}{noted}</figcaption>"
        f'<div class="by-steps">{chart.curves(by_step, across="passo", up=title)}</div>'
        f'<div class="by-time">{chart.curves(by_time, across=unit, up=title)}</div></figure>'
    )


def statistics(told):
    """How large the numbers of each model were, layer by layer: heat maps whose columns are steps."""
    parts = []
    for of_run in (of_run for of_run in told if of_run["statistics"]):
        parts.append(f"<h3>{escaped(of_run['run'])}</h3>")
        parts.append(f'<div class="charts">{"".join(one_map(of_run, name) for name in MAPS)}</div>')
    about = "<p>A raiz da média dos quadrados: quanto mais escuro, maior, numa escala de potências de dez.</p>"
    return f"<h2>Camada por camada</h2>{about}{''.join(parts)}" if parts else ""


def one_map(of_run, name):
    """A heat map of what the statistics of a run tell, the parameters of a module together where they are many."""
    steps = [f"passo {thousands(line['step'])}" for line in of_run["statistics"]]
    told = [sizes(line, name) for line in of_run["statistics"]]
    rows = together(list(dict.fromkeys(path for line in told for path in line)), most=ROWS)
    values = {}
    for step, line in zip(steps, told, strict=True):
        for row, paths in rows.items():
            known = [line[path] for path in paths if line.get(path) is not None]
            if known:
                values[row, step] = math.sqrt(fmean(value * value for value in known))
    if not any(values.values()):
        return ""
    shown = [value for value in values.values() if value]
    extent = f"de {min(shown):.1e} a {max(shown):.1e}".replace(".", ",")
    picture = chart.heat(list(rows), steps, values, what=MAPS[name])
    return f"<figure><figcaption>{MAPS[name]} <small>({extent})</small></figcaption>{picture}</figure>"


def sizes(line, name):
    """{path: number} of one map, as a line of the statistics tells it."""
    if name == "activations":
        return line[name]
    return {path: of_parameter[name] for path, of_parameter in line["parameters"].items()}


def together(paths, *, most):
    """{row: its paths}: each path is a row, or so many as share a beginning, if there would be more than `most`."""
    depth = max(path.count(".") for path in paths) + 1
    while True:
        rows = {}
        for path in paths:
            rows.setdefault(".".join(path.split(".")[:depth]), []).append(path)
        if len(rows) <= most or depth == 1:
            return rows
        depth -= 1


def samples(told):
    """What each model wrote on the way."""
    parts = []
    for of_run in told:
        for line in of_run["samples"]:
            heading = f"{escaped(of_run['run'])}, passo {thousands(line['step'])}"
            text = f"<b>{escaped(line['prompt'])}</b>{escaped(line['text'])}"
            parts.append(f'<section class="sample"><h3>{heading}</h3><p>{text}</p></section>')
    return f"<h2>O que os modelos escreveram</h2>{''.join(parts)}" if parts else ""


def config_table(told):
    """What is set differently in several runs; then all that is set."""
    names = list(dict.fromkeys(name for of_run in told for name in of_run["config"]))
    values = {name: [of_run["config"].get(name) for of_run in told] for name in names}
    different = [name for name in names if len(set(map(repr, values[name]))) > 1]
    heads = ["opção", *(escaped(of_run["run"]) for of_run in told)]

    def rows(chosen):
        shown = {name: ["—" if value is None else escaped(value) for value in values[name]] for name in chosen}
        return [[f"<code>{escaped(option_of(name))}</code>", *shown[name]] for name in chosen]

    compared = "<p>Todas as opções são iguais.</p>" if not different else table(heads, rows(different))
    of_several = f"<h2>Em que diferem</h2>{compared}" if len(told) > 1 else ""
    everything = f"<details><summary>todas as opções</summary>{table(heads, rows(names))}</details>"
    return f"{of_several}<h2>Configuração</h2>{everything}"


def environment_table(told):
    """The machines and the versions, a column for each time that a run began or went on elsewhere."""
    columns = [(of_run["run"], line) for of_run in told for line in of_run["environment"]]
    if not columns:
        return ""
    heads = ["", *(f"{escaped(run)}, desde o passo {thousands(line['step'] + 1)}" for run, line in columns)]
    rows = []
    for name, title in NAMES_OF_ENVIRONMENT.items():
        values = [line.get(name) for _, line in columns]
        if any(value is not None for value in values):
            shown = [megabytes(value) if name == "memory" and value else value for value in values]
            rows.append([title, *("—" if value is None else escaped(value) for value in shown)])
    return f"<h2>Ambiente</h2>{table(heads, rows)}"
