"""`tinyllm compress`: a run whose weights take fewer bytes, what that saves and costs; or every method in a table."""

import dataclasses
import shlex
import statistics
import time
from typing import NamedTuple

import numpy as np

from tinyllm import plot
from tinyllm.compress import methods
from tinyllm.compress.methods import METHODS
from tinyllm.compress.quantized import bytes_of
from tinyllm.config import to_dict
from tinyllm.data.objectives import Causal
from tinyllm.evaluate.metrics import perplexity
from tinyllm.infer.generate import generate
from tinyllm.say import decimal, emit, percent, tell, thousands
from tinyllm.tensor import no_grad
from tinyllm.train import compressed_run

MARKERS = "oXDsv^P*"
WINDOWS = 32  # validation windows in which the most likely tokens are compared
WRITTEN, TURNS = 64, 3  # tokens that are written to see how fast, and how often
TABLE = [
    *(METHODS["int8"](group=group) for group in (0, 64)), METHODS["gptq"](bits=8), METHODS["smoothquant"](),
    METHODS["nf4"](), *(METHODS[name](bits=bits) for bits in (4, 3) for name in ("int4", "awq", "gptq")),
    *(METHODS[name](pattern=pattern) for pattern in ("rows", "2:4") for name in ("magnitude", "wanda")),
]  # fmt: skip


class Figures(NamedTuple):
    """What a model takes, and what it is worth. A model that does not write from left to right has no more than the
    first two."""

    bytes: int
    validation_loss: float
    same_guess: float | None = None  # in how many places its most likely token is that of the whole model
    tokens_per_second: float | None = None  # written one by one


class Measures:
    """What measures models of a run beside its own, which comes first."""

    def __init__(self, run):
        self.run, self.writes = run, run.writes and run.architecture.objective is Causal
        self.own = None
        if self.writes:
            context, tokens = run.model_config.context, run.tokens("validation")
            count = min(WINDOWS, len(tokens) // context)
            self.windows = np.asarray(tokens[: count * context], np.int64).reshape(count, context)

    def of(self, model):
        figures = Figures(bytes_of(model), self.run.mean_loss(model, "validation"))
        if not self.writes:
            return figures
        guesses = self.guesses(model)
        if self.own is None:
            self.own = guesses
        return figures._replace(
            same_guess=float((guesses == self.own).mean()), tokens_per_second=self.tokens_per_second(model)
        )

    def guesses(self, model):
        with no_grad():
            return np.stack([model(window[None]).data[0].argmax(axis=1) for window in self.windows])

    def tokens_per_second(self, model):
        seconds = []
        for _ in range(TURNS + 1):  # the first one warms up
            began = time.perf_counter()
            for _ in generate(
                model, self.windows[0][:1], choose=lambda logits: int(logits.argmax()), max_tokens=WRITTEN
            ):
                pass
            seconds.append(time.perf_counter() - began)
        return WRITTEN / statistics.median(seconds[1:])


def compress_run(run, folder, config, *, as_json):
    """Make the smaller run in `folder`, measure both on the validation texts, and show the figures.

    Raises UsageError as `compressed_run.create` does.
    """
    compressed_run.check(run, folder)
    measures = Measures(run)
    before = measures.of(run.trained_model(warn=tell))
    made = compressed_run.create(run, folder, config, warn=tell)
    after = measures.of(made.trained_model(warn=tell))
    name = methods.name_of(config)
    if as_json:
        emit({
            "run": str(folder), "method": name, **to_dict(config), "share": after.bytes / before.bytes,
            **{name: {"before": before[i], "after": after[i]} for i, name in enumerate(Figures._fields)},
        })  # fmt: skip
        return
    print(f"{'':28}{'antes':>12}{'em ' + name:>16}")
    for title, *cells in zip(titles(run), *(texts(each, run) for each in (before, after)), strict=True):
        print(f"  {title:26}{cells[0]:>12}{cells[1]:>16}")
    tell(f"pronto: {percent(after.bytes / before.bytes)} do tamanho, em {shlex.quote(str(folder))}")


def titles(run):
    worth = [] if run.task.classifies else ["perplexidade"]
    written = ["mesmo token mais provável", "tokens/s, um de cada vez"] if Measures(run).writes else []
    return ["pesos, em KB", "perda de validação", *worth, *written]


def texts(figures, run):
    """The figures of a model, as the table has them."""
    worth = [] if run.task.classifies else [decimal(perplexity(figures.validation_loss), 3)]
    written = []
    if figures.same_guess is not None:
        written = [percent(figures.same_guess), thousands(round(figures.tokens_per_second))]
    return [thousands(-(-figures.bytes // 1024)), decimal(figures.validation_loss, 4), *worth, *written]


# ------------------------------------------------------------------------------------------------------------ the table


def compress_table(run, *, texts_read, picture=None, as_json=False):
    """Measure the model of a run in every form of the table, and show them; nothing is made. A method reads so many
    texts. Raises UsageError for a run that is quantised already."""
    if picture is not None:
        plot.check(picture)
    compressed_run.check_plain(run)
    measures = Measures(run)
    rows = {"float32": measures.of(run.plain_model(warn=tell))}
    show_row(run, None, None, as_json)
    show_row(run, "float32", rows["float32"], as_json)
    for config in TABLE:
        if hasattr(config, "texts") and config.texts:
            config = dataclasses.replace(config, texts=texts_read)
        name = label(config)
        rows[name] = measures.of(methods.compress(run.plain_model(warn=tell), config, run.batches()))
        show_row(run, name, rows[name], as_json)
    if picture is not None:
        plot.draw(picture, lambda figure: paint(figure, rows, run))


def label(config):
    """A method with its bits, its group, or what it leaves."""
    has = to_dict(config)
    told = [f"{has['bits']}" if "bits" in has else "", f"grupos de {has['group']}" if has.get("group") else ""]
    if "pattern" in has:
        told.append("2:4" if has["pattern"] == "2:4" else percent(has["sparsity"]))
    return " ".join([methods.name_of(config), *filter(None, told)])


def show_row(run, name, figures, as_json):
    if as_json:
        if name:
            emit({"form": name, **figures._asdict()})
        return
    cells = texts(figures, run) if name else titles(run)
    print(f"  {name or '':20}" + "".join(f"{cell:>{max(12, len(title) + 2)}}" for cell, title in
                                         zip(cells, titles(run), strict=True)), flush=True)  # fmt: skip


def paint(figure, rows, run):
    """Paint what each form is worth against its bytes: a color for each method, which all of its sizes share."""
    axes = figure.subplots()
    of = (lambda loss: loss) if run.task.classifies else perplexity
    for number, method in enumerate(dict.fromkeys(name.partition(" ")[0] for name in rows)):
        own = sorted((figures.bytes / 1e6, of(figures.validation_loss)) for name, figures in rows.items()
                     if name.partition(" ")[0] == method)  # fmt: skip
        color = plot.SOFT if method == "float32" else plot.COLORS[(number - 1) % len(plot.COLORS)]
        axes.plot(*zip(*own, strict=True), MARKERS[number % len(MARKERS)] + "-", color=color, alpha=0.8, label=method)
    axes.set(xlabel="pesos (MB)", ylabel="perda" if run.task.classifies else "perplexidade")
    axes.set_xlim(left=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}".replace(".", ","))
    axes.grid(color="#e4e7eb")
    axes.legend(frameon=False)
