"""The tables of `tinyllm evaluate`: their cells and what stands below them, for the terminal and for the page."""

from tinyllm.say import decimal, percent, thousands

SIGNIFICANT = 0.05  # the most that p may be of a difference that is called real
SHOWN = 3  # parts, in a line
FORMS = {  # of a kind of figure: how one is written; and a difference of two, with its unit
    "share": (percent, lambda value: decimal(100 * value, 1), " p.p."),
    "points": (lambda value: decimal(value, 1), lambda value: decimal(value, 1), ""),
    "number": (lambda value: decimal(value, 3), lambda value: decimal(value, 3), ""),
}


def heads(told):
    more = ("diferença do 1º", "é real?") if len(told) > 1 else ()
    return ["medida", "treino", "valor", "intervalo de 95 %", *more, "contaminados", "sem eles"]


def worst_parts(one):
    """The parts of the test set in which a run does worst, in a line; nothing without any."""
    parts = [f"{part['by']} {part['part']} ({percent(part['mean'])})" for part in one["slices"][:SHOWN]]
    return f"Onde {one['run']} vai pior: {', '.join(parts)}." if parts else ""


def sizes(told):
    """How many examples the runs were asked, in words."""
    counts = sorted({one["examples"] for one in told})
    return f"{' ou '.join(map(thousands, counts))} {'exemplo' if counts == [1] else 'exemplos'}"


def rows(told):
    """The cells of the table: each figure, and of each run that has it."""
    found = []
    for title in dict.fromkeys(figure["title"] for one in told for figure in one["figures"]):
        heading = title
        for one in told:
            for figure in (figure for figure in one["figures"] if figure["title"] == title):
                found.append([heading, one["run"], *cells(figure, several=len(told) > 1)])
                heading = ""
    return found


def cells(figure, *, several):
    form, of_difference, unit = FORMS[figure["kind"]]
    without, differs = figure["without_contaminated"], figure["differs"]
    more = []
    if several and differs:
        ends = f"{signed(differs['low'], of_difference)} a {signed(differs['high'], of_difference)}"
        more = [
            f"{signed(differs['value'], of_difference)}{unit} ({ends})",
            "sim" if differs["real"] else "não dá para dizer",
        ]
    elif several:
        more = ["—", "—"]
    return [
        form(figure["value"]).replace("-", "−"), f"{form(figure['low'])} a {form(figure['high'])}".replace("-", "−"),
        *more, percent(figure["contaminated"]), "—" if without is None else form(without).replace("-", "−"),
    ]  # fmt: skip


def signed(value, form):
    return f"{'−' if value < 0 else '+'}{form(abs(value))}"


def notes(told):
    """What is to be said below a table, each once."""
    found = []
    for one in told:
        for note in one["notes"]:
            of_all = all(note in other["notes"] for other in told)
            found.append(note if of_all else f"{one['run']}: {note}")
    for one in told[1:]:
        if not one["same_test_as_first"]:
            found.append(
                f"{one['run']} e {told[0]['run']} não têm o mesmo conjunto de teste: as notas não se comparam."
            )
    compared = sum(figure["differs"] is not None for one in told for figure in one["figures"])
    if compared * SIGNIFICANT >= 1:
        by_chance = decimal(compared * SIGNIFICANT, 0)
        found.append(f"Entre modelos iguais, o acaso faria cerca de {by_chance} de {compared} diferenças parecer real.")
    if any(figure["low"] == figure["high"] for one in told for figure in one["figures"]):
        found.append("Um intervalo sem largura não é certeza: os exemplos são poucos, e todos dão o mesmo.")
    for one in told:
        if one["contaminated"]:
            share = percent(one["contaminated"])
            found.append(f"De {share} dos exemplos, quase tudo está nos textos de treino de {one['run']}.")
    return list(dict.fromkeys(found))
