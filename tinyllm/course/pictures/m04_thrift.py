"""The pictures of module 4: section 4.2, what saves memory and what it costs."""

import numpy as np

from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE
from tinyllm.memory.estimate import Plan, training
from tinyllm.models.gpt import GPTConfig
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal

GPT2_SMALL = GPTConfig(50257, 1024, 12, 12, 768)
PARTS = {"pesos": BLUE, "gradientes": GREEN, "otimizador": PURPLE, "ativações": ORANGE}


def memory_of_a_step(figure):
    """GPT-2 small, two texts at a time: what is held at the end of the way there, technique by technique."""
    plain, again = (training(GPT2_SMALL, Plan(batch=2, recompute=recompute)) for recompute in (False, True))
    weights, tables = plain.weights / 1e9, 4 * (50257 + 1024) * 768 / 1e9
    one_block = tables + (weights - tables) / 12
    bars = {
        "tudo na memória": (weights, weights, plain.optimiser / 1e9, plain.activations / 1e9),
        "com checkpoints\n(e06)": (weights, weights, again.optimiser / 1e9, again.activations / 1e9),
        "e o otimizador\nno disco (e07)": (weights, weights, 0, again.activations / 1e9),
        "e as camadas\numa a uma (e08)": (one_block, one_block, 0, again.activations / 1e9),
    }
    axes = figure.subplots()
    for place, numbers in enumerate(bars.values()):
        left = 0.0
        for (name, color), number in zip(PARTS.items(), numbers, strict=True):
            axes.barh(place, number, left=left, color=color, height=0.6, label=None if place else name)
            if number > 0.15:
                axes.text(left + number / 2, place, decimal(number, 1), ha="center", va="center", color="white",
                          fontsize=9)  # fmt: skip
            left += number
        axes.text(left + 0.04, place, f"{decimal(left, 1)} GB", va="center", fontsize=10)
    axes.set(yticks=range(len(bars)), yticklabels=bars, xlabel="GB", xlim=(0, 4.6))
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize=9, loc="lower right")


STEPS = 7  # from 0 to the largest: so few that they can be seen
ROWS = np.array([
    [-1.9, -1.3, -0.5, 0.2, 0.9, 1.5], [-0.42, -0.31, -0.12, 0.05, 0.19, 0.37],
])  # fmt: skip


def steps_of_int8(figure):
    """Two rows of a matrix, one with large numbers: rounded with a step for both, and each with its own."""
    for axes, title, scales in zip(
        figure.subplots(1, 2, sharey=True), ("um passo para a matriz inteira", "um passo por canal"),
        (np.full((2, 1), np.abs(ROWS).max() / STEPS), np.abs(ROWS).max(axis=1, keepdims=True) / STEPS), strict=True,
    ):  # fmt: skip
        back = np.rint(ROWS / scales) * scales
        for place, color in ((1, BLUE), (0, ORANGE)):
            row, steps = 1 - place, np.arange(-STEPS, STEPS + 1)
            axes.vlines(steps * scales[row], place - 0.12, place + 0.12, color=SOFT, linewidth=0.9)
            axes.plot(ROWS[row], np.full(6, place + 0.28), "o", color=color, markersize=6)
            axes.plot(back[row], np.full(6, float(place)), "o", color=color, markersize=6, markerfacecolor="white")
            for number, rounded in zip(ROWS[row], back[row], strict=True):
                axes.plot([number, rounded], [place + 0.25, place + 0.04], color=color, linewidth=1)
            error = np.abs(back[row] - ROWS[row]).max()
            axes.text(0, place - 0.27, f"maior erro {decimal(error, 2)}; meio passo {decimal(scales[row, 0] / 2, 2)}",
                      ha="center", fontsize=9.5, color=INK)  # fmt: skip
        axes.set(title=title, yticks=(0, 1), yticklabels=("canal 1", "canal 0"), ylim=(-0.45, 1.5), xlim=(-2.1, 2.1))
        axes.set_xticks((-2, -1, 0, 1, 2))


PICTURES = {
    "memoria-por-tecnica": (memory_of_a_step, 9.5, 3.2),
    "passos-de-int8": (steps_of_int8, 10, 3.2),
}
