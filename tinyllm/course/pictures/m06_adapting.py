"""The pictures of section 6.1: what is learned of a model, of a text and of a conversation."""

import numpy as np

from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, arrow, box
from tinyllm.plot import INK, SOFT


def bare(axes, width, height):
    """Axes in which boxes are drawn, from 0 to so much."""
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()


# ------------------------------------------------------------------------------------------------ from all to the head

STACK = ("embedding", "bloco 1", "bloco 2", "bloco 3", "bloco 4", "saída")
METHODS = {  # which parts learn, whether each block is given something new, and how much of GPT-2 that is
    "inteiro": (STACK, False, "100 %"),
    "últimos blocos": (STACK[-2:], False, "5,7 %"),
    "LoRA": ((), True, "0,24 %"),
    "só a cabeça": (STACK[-1:], False, "0,001 %"),
}


def from_all_to_the_head(figure):
    """The parts of a model, full where they learn, by four methods."""
    axes = figure.subplots()
    bare(axes, 12, 7.6)
    for column, (name, (learned, added, share)) in enumerate(METHODS.items()):
        x = 1.5 + 3 * column
        for row, part in enumerate(STACK):
            look = {"color": GREEN if part == STACK[-1] else BLUE} if part in learned else {"color": GREY}
            box(axes, x, 1.2 + row, part, width=1.7, height=0.72, size=10, filled=part in learned, **look)
            if row:
                arrow(axes, (x, 0.57 + row), (x, 0.83 + row))
            if added and part.startswith("bloco"):
                box(axes, x + 1.22, 1.2 + row, "a b", color=ORANGE, width=0.5, height=0.44, size=9)
        axes.text(x, 7.1, name, ha="center", va="center", fontsize=12, color=INK)
        axes.text(x, 0.35, f"aprende {share}", ha="center", va="center", fontsize=10.5, color=SOFT)


# ------------------------------------------------------------------------------------------------- one vector per text

TOKENS = ("não", "gostei", "fim", "0", "0")
REAL = 3


def one_vector_per_text(figure):
    """Which vectors of a text reach the head: of an encoder and of a decoder."""
    for axes, name in zip(figure.subplots(1, 2), ("encoder: a média", "decoder: a última"), strict=True):
        bare(axes, 6, 5.4)
        mean = name.startswith("encoder")
        for t, token in enumerate(TOKENS):
            x, real = 0.75 + 1.12 * t, t < REAL
            used = real and (mean or t == REAL - 1)
            box(axes, x, 0.6, token, color=BLUE if real else GREY, width=0.98, height=0.6, size=10, filled=False)
            box(axes, x, 2.3, f"h{t + 1}", color=BLUE if used else GREY, width=0.7, height=0.6, size=10, filled=used)
            seen = range(REAL) if mean else range(t + 1)
            for other in seen if real else ():
                arrow(axes, (0.75 + 1.12 * other, 0.92), (x, 1.97), width=0.9, alpha=0.75)
            if used:
                arrow(axes, (x, 2.63), (3.0, 3.67), color=GREEN, width=1.6)
                axes.text(x - 0.12, 2.86, "1/3" if mean else "1", fontsize=9.5, color=INK, ha="right")
        box(axes, 3.0, 4.0, "cabeça", color=GREEN, width=1.4, height=0.6, size=10.5)
        arrow(axes, (3.0, 4.33), (3.0, 4.75))
        axes.text(3.0, 4.97, "logits dos rótulos", ha="center", fontsize=10, color=INK)
        axes.text(0.75 + 1.12 * 3.5, 0.02, "enchimento", ha="center", fontsize=9.5, color=SOFT)
        axes.set_title(name, fontsize=12)


# --------------------------------------------------------------------------------------------------- what is learned

ROW = ("<|fim|>", "Usuário:", "Oi?", "<|fim|>", "Assistente:", "Olá.", "<|fim|>")
LEARNED = (False, False, False, False, False, True, True)


def what_is_learned(figure):
    """What each position of a conversation reads, what it foretells, and what that weighs."""
    axes = figure.subplots()
    bare(axes, 10.6, 3.1)
    for t in range(len(ROW) - 1):
        x, weighs = 2.2 + 1.5 * t, LEARNED[t + 1]
        box(axes, x, 0.95, ROW[t], color=BLUE, width=1.38, height=0.52, size=9.5, filled=False)
        box(
            axes, x, 2.1, ROW[t + 1], color=ORANGE if weighs else GREY, width=1.38, height=0.52, size=9.5, filled=weighs
        )
        arrow(axes, (x, 1.25), (x, 1.8))
        axes.text(x, 2.72, "1" if weighs else "0", ha="center", va="center", fontsize=11, color=INK)
        axes.text(x, 0.36, str(t), ha="center", va="center", fontsize=9.5, color=SOFT)
    for y, text in ((0.36, "posição"), (0.95, "lê"), (2.1, "prevê"), (2.72, "peso")):
        axes.text(1.3, y, text, ha="right", va="center", fontsize=10.5, color=INK)


# ------------------------------------------------------------------------------------------------------------- packing

LENGTHS, SHADES = (4, 2, 3), (BLUE, PURPLE, GREEN)


def packed(figure):
    """Who sees whom where three conversations share a row: by the causal mask alone, and kept apart."""
    which = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    T = len(which)
    first = np.repeat(np.cumsum((0, *LENGTHS[:-1])), LENGTHS)
    titles = ("só a máscara causal: vaza", "uma conversa por vez")
    for axes, title, apart in zip(figure.subplots(1, 2), titles, (False, True), strict=True):
        for i in range(T):
            for j in range(i + 1):
                same = which[i] == which[j]
                if same or not apart:
                    axes.add_patch(_cell(j, i, SHADES[which[i]] if same else ORANGE))
        places = np.arange(T) - first if apart else np.arange(T)
        for t in range(T):
            axes.text(t + 0.5, T + 0.55, str(places[t]), ha="center", va="center", fontsize=9.5, color=INK)
        axes.text(-0.25, T + 0.55, "lugar", ha="right", va="center", fontsize=9.5, color=INK)
        axes.set(xlim=(-0.1, T + 0.1), ylim=(T + 1.1, -0.1), aspect="equal", xticks=[], yticks=[])
        axes.set_ylabel("a posição i …", fontsize=10)
        axes.set_title(title, fontsize=12)
        axes.set_xlabel("… vê a posição j", fontsize=10)
        for spine in axes.spines.values():
            spine.set_visible(False)


def _cell(x, y, color):
    from matplotlib.patches import Rectangle

    return Rectangle((x + 0.05, y + 0.05), 0.9, 0.9, facecolor=color, edgecolor="none", alpha=0.85)


PICTURES = {
    "do-inteiro-a-cabeca": (from_all_to_the_head, 10, 5.2),
    "um-vetor-por-texto": (one_vector_per_text, 10.5, 4.2),
    "o-que-se-aprende": (what_is_learned, 10.5, 2.8),
    "empacotar": (packed, 9.5, 4.6),
}
