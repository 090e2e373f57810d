"""The page of `tinyllm evaluate`: tables, intervals, curves under noise, and where each run is wrong."""

import re

from tinyllm.evaluate import suites
from tinyllm.plot import COLORS, SOFT
from tinyllm.say import percent, thousands
from tinyllm.show import chart
from tinyllm.show.chart import escaped
from tinyllm.show.evaluation_table import FORMS, heads, notes, rows, sizes
from tinyllm.show.page import framed, table

TOGETHER = 3  # figures of a kind that are worth a picture


def page(told):
    """{suite: what it finds of each run} -> the whole page, as text."""
    body = "".join(of_suite(name, some) for name, some in told.items())
    about = (
        "<p>Cada valor tem o intervalo em que, com 95 % de confiança, ele estaria com outros exemplos do mesmo tipo. "
        "Uma diferença é real se os mesmos exemplos a mostram além do acaso. Um exemplo está contaminado se quase "
        "todo ele está nos textos de treino.</p>"
    )
    runs = dict.fromkeys(one["run"] for some in told.values() for one in some)
    return framed(f"Avaliação: {', '.join(runs)}", f"<h1>Avaliação</h1>{about}{body}")


def of_suite(name, told):
    parts = [f"<h2>{suites.SUITES[name].title} <small>({name}, {sizes(told)})</small></h2>"]
    parts.append(table([*map(escaped, heads(told))], [[*map(escaped, row)] for row in rows(told)]))
    parts += [f"<p>{escaped(note)}</p>" for note in notes(told)]
    parts.append(f'<div class="charts">{"".join([*intervals(told), *curves(told), *reliability(told)])}</div>')
    for one in told:
        parts += [confusion(one), slices(one), mistakes(one)]
    return "".join(parts)


def colors(told):
    return dict(zip((one["run"] for one in told), COLORS, strict=False))


def legend(told):
    marks = (
        f'<span class="mark" style="background:{color}"></span>{escaped(run)}' for run, color in colors(told).items()
    )
    return f'<ul class="legend">{"".join(f"<li>{mark}</li>" for mark in marks)}</ul>' if len(told) > 1 else ""


def figure(title, picture):
    return f"<figure><figcaption>{title}</figcaption>{picture}</figure>"


def intervals(told):
    """A picture of the figures of each kind of which there are several."""
    for kind in FORMS:
        found = []
        for title in dict.fromkeys(each["title"] for one in told for each in one["figures"] if each["kind"] == kind):
            name = re.split(r"[:,]| \(", title)[0]
            for one in told:
                for each in (each for each in one["figures"] if each["title"] == title):
                    found.append((name, colors(told)[one["run"]], each["low"], each["value"], each["high"]))
                    name = ""
        if len(found) >= TOGETHER * len(told):
            yield figure("Valores e intervalos", legend(told) + chart.whiskers(found, what="valores e intervalos"))


def curves(told):
    """The score as a function of the noise, a picture for each kind."""
    some = [one for one in told if "curves" in one]
    for kind in dict.fromkeys(kind for one in some for kind in one["curves"]):
        series = [(one["run"], colors(told)[one["run"]], one["curves"].get(kind, [])) for one in some]
        picture = chart.curves(series, across="parte dos lugares com ruído", up=kind, extent=(0, 1))
        yield figure(f"Ruído: {escaped(kind)}", legend(told) + picture)


def reliability(told):
    """How often each run is right where it is so sure; on the line, as often as it says."""
    for one in told:
        if "reliability" in one:
            points = [point[:2] for point in one["reliability"]]
            series = [("calibração perfeita", SOFT, [(0, 0), (1, 1)]), (one["run"], colors(told)[one["run"]], points)]
            picture = chart.curves(series, across="confiança", up="acurácia", extent=(0, 1))
            yield figure(f"Calibração: {escaped(one['run'])} <small>(acurácia pela confiança)</small>", picture)


def confusion(one):
    if "confusion" not in one:
        return ""
    names, counts = one["confusion"]["labels"], one["confusion"]["counts"]
    shown = []
    for name, row in zip(names, counts, strict=True):
        shades = [count / max(1, sum(row)) for count in row]
        cells = [
            f'<div class="cell" style="background:rgba(33,102,172,{shade / 2:.2f})">{thousands(count)}</div>'
            for count, shade in zip(row, shades, strict=True)
        ]
        shown.append([escaped(name), *cells])
    across = ["rótulo \\ dito", *map(escaped, names)]
    return f"<h3>O que {escaped(one['run'])} disse de cada rótulo</h3>{table(across, shown)}"


def slices(one):
    """The parts of the test set in which the run does worst."""
    if not one["slices"]:
        return ""
    shown = [
        [escaped(part["by"]), escaped(part["part"]), thousands(part["support"]), percent(part["mean"])]
        for part in one["slices"]
    ]
    title = f"Onde {escaped(one['run'])} vai pior"
    return f"<h3>{title}</h3>{table(['por', 'parte', 'exemplos', 'certo'], shown)}"


def mistakes(one):
    """Some examples, with what was expected and what the run said."""
    if not one["mistakes"]:
        return ""
    found = [
        [f'<div class="told">{escaped(mistake[name]) or "—"}</div>' for name in ("text", "expected", "said")]
        for mistake in one["mistakes"]
    ]
    shown = table(["texto", "esperado", "o que o modelo disse"], found)
    return f"<details><summary>Exemplos: onde {escaped(one['run'])} erra, ou mais hesita</summary>{shown}</details>"
