"""`tinyllm sweep`: the runs of a sweep one after the other, then a table of what they say, and a picture."""

import shlex

from tinyllm import plot, storage
from tinyllm.errors import Stopped
from tinyllm.say import decimal, duration, emit, tell, thousands
from tinyllm.train.sweep import PAIRS, best, name_of, table

WIDE = 5  # values of which the greatest is so many times the least stand on a logarithmic axis


def show_sweep(sweep, *, stop_hopeless=False, picture=None, as_json=False):
    """Train what is not trained yet before the eyes of a person, and show the table. Returns the exit status: 1 if a
    run has failed. A sweep that is stopped goes on with the same call."""
    if picture is not None:
        plot.check(picture)
    sweep.folder.mkdir(parents=True, exist_ok=True)
    with storage.locked(sweep.folder):
        sweep.record()
        problems = train_all(sweep, stop_hopeless=stop_hopeless)
    runs = [sweep.outcome(values, problems.get(name_of(values))) for values in sweep.combinations]
    rows = table(runs)
    if picture is not None:
        plot.draw(picture, lambda figure: paint(figure, rows))
    if as_json:
        emit(as_values(sweep, rows, picture))
    else:
        show_table(rows)
        show_troubles(runs)
        if all(run.state == "failed" for run in runs):
            tell("nenhum treino terminou; o erro de cada um está na linha dele, abaixo da tabela")
        elif len(runs) <= len(plot.COLORS):
            tell(f"para ver as curvas: tinyllm report {shlex.quote(str(sweep.folder))}/*/")
    return 1 if problems else 0


def train_all(sweep, *, stop_hopeless):
    """Train the runs that are not done. Returns {name of a run: what went wrong}."""
    problems, combinations = {}, sweep.combinations
    for number, values in enumerate(combinations, start=1):
        name, state = name_of(values), sweep.outcome(values).state
        if state == "done" or (state == "stopped" and stop_hopeless):
            continue
        tell(f"[{number}/{len(combinations)}] {name}")
        try:
            problem = sweep.train(values, stop_hopeless=stop_hopeless, see=tell_validation)
        except Stopped:
            tell("o que foi feito está salvo; o mesmo comando continua daqui")
            raise
        if problem:
            problems[name] = problem
            tell(f"  falhou: {problem}")
        elif sweep.outcome(values).state == "stopped":
            tell(f"  parado no passo {thousands(sweep.stopped[name])}: pior do que a mediana dos outros")
    return problems


def tell_validation(step, total, loss):
    tell(f"  passo {thousands(step)}/{thousands(total)}: validação {decimal(loss, 3)}")


# ----------------------------------------------------------------------------------------------------------- the table


def show_table(rows):
    """Print a line for each combination of the values, its seeds together."""
    several, compared = any(len(row.runs) > 1 for row in rows), any(row.difference(rows[0]) for row in rows[1:])
    columns = {name: [row.values[name] for row in rows] for name in rows[0].values}
    columns["perda"] = [number(row.mean) for row in rows]
    if several:
        columns["desvio"] = [number(row.mean and row.spread) for row in rows]
        columns["menor"] = [number(row.mean and min(row.losses.values())) for row in rows]
        columns["maior"] = [number(row.mean and max(row.losses.values())) for row in rows]
    columns["tokens"] = [thousands(sum(run.tokens for run in row.runs.values())) for row in rows]
    columns["tempo"] = [duration(sum(run.seconds for run in row.runs.values())) for row in rows]
    if compared:
        columns["menos a 1ª linha"] = [difference(row, rows[0]) for row in rows]
    widths = {name: max(map(len, [name, *cells])) for name, cells in columns.items()}
    print("  ".join(f"{name:>{width}}" for name, width in widths.items()))
    for line, row in enumerate(rows):
        cells = "  ".join(f"{columns[name][line]:>{width}}" for name, width in widths.items())
        print(cells + ("  ◂ a menor perda" if row is best(rows) and len(rows) > 1 else ""))
    print("\nperda: no texto de validação, depois do último passo, em nats por alvo" + several * "; média das sementes")
    if several:
        print("tokens e tempo: os de todas as sementes, somados")
    if compared:
        print("menos a 1ª linha: média das diferenças, semente a semente, ± o seu erro padrão; «clara»: só o acaso")
        print("daria uma tão grande em menos de uma de vinte comparações; sem ser clara, não diz qual é melhor")
    elif len(rows) > 1:
        print(f"De uma diferença só se sabe se é mais do que acaso com {PAIRS} sementes ou mais: seed=0,1,2.")


def number(loss):
    return "—" if loss is None else decimal(loss, 4)


def difference(row, first):
    """The difference of a row from the first, in a cell of the table."""
    found = None if row is first else row.difference(first)
    if found is None:
        return "—"
    return f"{found.mean:+.4f} ± {found.error:.4f} {'clara' if found.clear else '     '}".replace(".", ",")


def show_troubles(runs):
    """Print why runs are not done."""
    for run in runs:
        if run.state == "stopped":
            print(f"{run.run}: parado no passo {thousands(run.step)}, pior do que a mediana dos outros")
        elif run.state != "done":
            print(f"{run.run}: falhou no passo {thousands(run.step)}: {run.problem}")


def as_values(sweep, rows, picture):
    """All of it for a script."""
    winner, told = best(rows), []
    for row in rows:
        found = None if row is rows[0] else row.difference(rows[0])
        told.append({
            "values": row.values, "mean_loss": row.mean, "standard_deviation": row.spread, "losses": row.losses,
            "difference_from_first": found and found._asdict(), "best": row is winner,
            "runs": [run._asdict() for run in row.runs.values()],
        })  # fmt: skip
    picture = None if picture is None else str(picture)
    return {"out": str(sweep.folder), "values": sweep.values, "rows": told, "picture": picture}


# --------------------------------------------------------------------------------------------------------- the picture


def paint(figure, rows):
    """Paint the loss against the first of the values: a dot for each seed, a line through the means for each
    combination of the other values."""
    axes, first = figure.subplots(), next(iter(rows[0].values), None)
    places = along([row.values.get(first, "") for row in rows])
    lines = {}
    for row, place in zip(rows, places, strict=True):
        others = ", ".join(f"{name}={text}" for name, text in row.values.items() if name != first)
        lines.setdefault(others, []).append((place, row))
    for number_of, (label, points) in enumerate(lines.items()):
        color = plot.COLORS[number_of % len(plot.COLORS)]
        for place, row in points:
            axes.plot([place] * len(row.losses), list(row.losses.values()), "o", color=color, alpha=0.4, markersize=4)
        means = sorted((place, row.mean) for place, row in points if row.mean is not None)
        axes.plot([place for place, _ in means], [mean for _, mean in means], "o-", color=color, label=label or None)
    if min(places) > 0 and max(places) >= WIDE * min(places) and all(isinstance(place, float) for place in places):
        axes.set_xscale("log")
    axes.set_xticks(places, [row.values.get(first, "") for row in rows])
    axes.minorticks_off()
    axes.set(xlabel=first or "", ylabel="perda no texto de validação (nats por alvo)")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace(".", ","))
    axes.grid(axis="y", color="#e4e7eb")
    if len(lines) > 1:
        axes.legend(frameon=False)


def along(texts):
    """Where the values stand on the axis: at the numbers that all of them are, as floats, or at whole numbers."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return [list(dict.fromkeys(texts)).index(text) for text in texts]
