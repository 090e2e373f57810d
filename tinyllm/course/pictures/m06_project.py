"""The picture of project 5: what each adaptation tells right, by how much it learns, beside its adversaries.

    tinyllm course project m06 projeto_5 --json > exercises/m06_fine_tuning/imagens/lora-para-uma-tarefa.json

writes what it draws.
"""

from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE
from tinyllm.course.projects import m06
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal, percent

COLORS = {m06.LORA: BLUE, m06.FULL: GREEN, m06.SCRATCH: ORANGE}
NAMES = {m06.LORA: "LoRA", m06.FULL: "tudo (full)", m06.SCRATCH: "do zero"}
LINES = {"base": "a base, com três exemplos", "bag": "um saco de palavras"}


def adaptations(figure, found):
    """Accuracy on validation with its interval against learned parameters: a colour for each kind, a line across for
    each adversary, and where a LoRA counts: left of its budget, and above what full fine-tuning leaves it."""
    axes = figure.subplots()
    rows = [row for row in found["runs"] if row["problem"] is None]
    whole = max(row["learned"] / row["share"] for row in rows if row["kind"] == m06.LORA)
    enough = 100 * (max(row["value"] for row in rows if row["kind"] == m06.FULL) - m06.NEAR)
    most = m06.MOST * whole
    axes.axvspan(1e3, most, ymin=(enough - 45) / 50, color=BLUE, alpha=0.08, linewidth=0)
    axes.axvline(most, color=GREY, linestyle="--", linewidth=1)
    axes.text(most * 1.06, 46, f"{percent(m06.MOST)} do modelo", color=SOFT, fontsize=9)
    for name, label in LINES.items():
        height = 100 * found["adversaries"][name]["value"]
        axes.axhline(height, color=GREY, linestyle="--", linewidth=1)
        axes.text(3.1e3, height + 0.6, f"{label}: {decimal(height, 1)} %", color=SOFT, fontsize=9)
    for kind, color in COLORS.items():
        some = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["learned"])
        for turn, row in enumerate(some):
            x = row["learned"] * (1 + 0.05 * turn)  # beside each other, those that learn as much
            low, high = 100 * (row["value"] - row["low"]), 100 * (row["high"] - row["value"])
            chosen = row["run"] == found["best"].get(kind)
            axes.errorbar(x, 100 * row["value"], yerr=[[low], [high]], color=color, marker="o", capsize=3,
                          markersize=7 if chosen else 4.5, label=NAMES[kind] if not turn else None,
                          markerfacecolor=color if chosen else "white", linestyle="none")  # fmt: skip
    axes.set(xlabel="números que aprende", ylabel="acurácia na validação, em %", xscale="log", xlim=(3e3, 3e6),
             ylim=(45, 95))  # fmt: skip
    axes.set_xticks((1e4, 1e5, 1e6), ["10 mil", "100 mil", "1 milhão"])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=9.5, loc="lower right", bbox_to_anchor=(1, 0.14), labelcolor=INK)


PICTURES = {"lora-para-uma-tarefa": (adaptations, 8.5, 4.4)}
