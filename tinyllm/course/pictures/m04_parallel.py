"""The pictures of module 4, section 4.3: several ranks and one model."""

import numpy as np

from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, arrow, box
from tinyllm.models.gpt import GPTConfig
from tinyllm.parallel.clusters import CLUSTERS
from tinyllm.parallel.layout import Layout
from tinyllm.parallel.plan import Setup
from tinyllm.parallel.propose import judge
from tinyllm.parallel.schedule import BACKWARD, FORWARD, Step, gpipe, one_forward_one_backward
from tinyllm.parallel.shard import owned_bytes
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal
from tinyllm.show import pipeline, plan

# ------------------------------------------------------------------------------------------------------------ the ring

RANKS = 4


def ring(figure):
    """Four ranks and four pieces: of how many ranks each piece has the sum, after each step of the two rounds."""
    moments, came = ring_moments()
    edges = np.arange(RANKS + 1) - 0.5
    titles = ["no começo", "1ª volta, passo 0", "passo 1", "passo 2", "2ª volta, passo 0", "passo 1", "passo 2"]
    for place, (title, counts) in enumerate(zip(titles, moments, strict=True)):
        axes = figure.add_subplot(1, len(moments), place + 1)
        axes.pcolormesh(edges, edges, counts, cmap="Blues", vmin=-1.5, vmax=RANKS + 1)
        for rank in range(RANKS):
            for piece in range(RANKS):
                count = counts[rank, piece]
                axes.text(piece, rank, str(count), ha="center", va="center", fontsize=10,
                          color="white" if count == RANKS else INK)  # fmt: skip
            if place:
                piece = came[place - 1][rank]
                axes.add_patch(square(piece, rank, ORANGE))
        axes.set(title=title, xticks=range(RANKS), yticks=range(RANKS) if place == 0 else (), aspect="equal",
                 ylim=(RANKS - 0.5, -0.5))  # fmt: skip
        axes.title.set_fontsize(9.5)
        axes.tick_params(length=0, labelsize=9)
        axes.set_xlabel("pedaço", fontsize=9)
    figure.axes[0].set_ylabel("rank", fontsize=10)


def square(x, y, color):
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, edgecolor=color, linewidth=2)


def ring_moments():
    """[(ranks, pieces) of how many ranks each has the sum of], and which piece came to each rank in each step."""
    counts, moments, came = np.ones((RANKS, RANKS), int), [], []
    moments.append(counts.copy())
    for first, adds in ((0, True), (1, False)):
        for step in range(RANKS - 1):
            sent = [(rank + first - step) % RANKS for rank in range(RANKS)]
            before, arrived = counts.copy(), []
            for rank in range(RANKS):
                piece = sent[rank - 1]
                counts[rank, piece] = before[rank - 1, piece] + (before[rank, piece] if adds else 0)
                arrived.append(piece)
            moments.append(counts.copy())
            came.append(arrived)
    return moments, came


def traffic(figure):
    """What the busiest rank passes, by the number of ranks: one that sums for all, and the ring."""
    axes, ranks = figure.subplots(), np.arange(2, 33)
    axes.plot(ranks, ranks - 1, color=RED, linewidth=2.2)
    axes.plot(ranks, 2 * (ranks - 1) / ranks, color=BLUE, linewidth=2.2)
    axes.text(21, 22.5, "um rank soma por todos: recebe n − 1 modelos", color=RED, ha="right", fontsize=10)
    axes.text(32, 3.2, "em anel: cada um manda 2 (n − 1)/n", color=BLUE, ha="right", fontsize=10)
    axes.set(xlabel="n, o número de ranks", ylabel="modelos que passam\npelo rank mais ocupado", xlim=(2, 32),
             ylim=(0, 31), yticks=(0, 2, 10, 20, 30), xticks=(2, 4, 8, 16, 32))  # fmt: skip
    axes.axhline(2, color=SOFT, linewidth=0.8, linestyle=":")


# ------------------------------------------------------------------------------------------------------- a block in two


def cut_block(figure):
    """The feed-forward in two ranks: columns, then rows; what each rank has, and where the ranks meet."""
    axes = figure.subplots()
    axes.set(xlim=(-0.2, 13.4), ylim=(-0.75, 3.25))
    axes.axis("off")
    box(axes, 0.6, 1.35, "x", color=GREY, width=0.9, height=0.9, size=12)
    axes.text(0.6, 0.68, "(B, T, C)\nnos dois", ha="center", va="top", fontsize=8.5)
    for y, color, name in ((2.35, BLUE, "0"), (0.35, GREEN, "1")):
        arrow(axes, (1.05, 1.35), (2.7, y))
        box(axes, 3.4, y, f"up, colunas do {name}", color=color, width=1.9, height=0.62)
        arrow(axes, (4.35, y), (5.15, y))
        axes.text(4.75, y + 0.08, "M/2", ha="center", va="bottom", fontsize=8.5)
        box(axes, 5.7, y, "GELU", color=color, width=1.1, height=0.62, filled=False)
        arrow(axes, (6.25, y), (7.05, y))
        axes.text(6.65, y + 0.08, "M/2", ha="center", va="bottom", fontsize=8.5)
        box(axes, 8.05, y, f"down, linhas do {name}", color=color, width=2.0, height=0.62)
        arrow(axes, (9.05, y), (10.4, 1.35 + (0.12 if y > 1 else -0.12)))
        axes.text(9.95, y + (0.12 if y > 1 else -0.12), "uma parcela\n(B, T, C)", ha="center",
                  va="bottom" if y > 1 else "top", fontsize=8.5)  # fmt: skip
        axes.text(3.4, y + 0.42, f"rank {name}", ha="center", va="bottom", color=color, fontsize=9.5)
    box(axes, 10.85, 1.35, "+", color=ORANGE, width=0.8, height=0.8, size=14)
    arrow(axes, (11.25, 1.35), (12.2, 1.35))
    box(axes, 12.75, 1.35, "y", color=GREY, width=0.9, height=0.9, size=12)
    axes.text(12.75, 0.68, "(B, T, C)\nnos dois", ha="center", va="top", fontsize=8.5)
    for x, name, there, back in (
        (1.75, "enter", "ida: nada", "volta: soma"),
        (10.85, "leave", "ida: soma", "volta: nada"),
    ):
        axes.plot([x, x], [-0.3, 3.0], color=ORANGE, linewidth=1, linestyle="--", zorder=0)
        axes.text(x, 3.02, name, ha="center", va="bottom", color=ORANGE, fontsize=10, family="DejaVu Sans Mono")
        axes.text(x, -0.36, f"{there}\n{back}", ha="center", va="top", color=ORANGE, fontsize=8.5)


# ---------------------------------------------------------------------------------------------------------- a pipeline


def bubbles(figure):
    """The same work of four stages and eight micro-batches, in three orders."""
    alone = [[Step(stage, way, number) for number in range(2) for way in (FORWARD, BACKWARD)] for stage in range(4)]
    schedules = {"um microlote de cada vez (2 deles)": alone, "GPipe": gpipe(4, 8),
                 "1F1B": one_forward_one_backward(4, 8)}  # fmt: skip
    pipeline.paint_schedules(figure.subplots(len(schedules), 1, sharex=True), schedules)


# ---------------------------------------------------------------------------------------------------------------- ZeRO

NUMBERS = 124_439_808  # of GPT-2 small
KINDS = {"pesos": BLUE, "gradientes": ORANGE, "estado do AdamW": GREEN}


def zero(figure):
    """Who has what of three kinds of numbers, in four ranks; and what a rank of eight holds of GPT-2 small."""
    owners, bars = figure.subplots(1, 2, width_ratios=(1.6, 1))
    owners.set(xlim=(-0.15, 4 * 4.6), ylim=(-0.9, 4.75))
    owners.axis("off")
    for stage in range(4):
        left = 4.6 * stage
        owners.text(left + 2, 4.45, f"estágio {stage}", ha="center", fontsize=10)
        for rank in range(4):
            for row, (color, cut_from) in enumerate(zip(KINDS.values(), (3, 2, 1), strict=True)):
                for part in range(4):
                    has = stage < cut_from or part == rank
                    owners.add_patch(cell(left + part, 3.45 - rank * 1.1 - row * 0.3, color, has))
            if stage == 0:
                owners.text(-0.15, 3.3 - rank * 1.1, f"rank {rank} ", ha="right", va="center", fontsize=9)
    for place, (name, color) in enumerate(KINDS.items()):
        owners.text(1.5 + 6 * place, -0.75, f"■ {name}", color=color, fontsize=9.5)
    bottoms = np.zeros(4)
    found = np.array([owned_bytes([NUMBERS], 0, 8, stage=stage) for stage in range(4)]) / 1e9
    for (name, color), heights in zip(KINDS.items(), found.T, strict=True):
        bars.bar(range(4), heights, bottom=bottoms, color=color, width=0.7, label=name)
        bottoms += heights
    for stage, height in enumerate(bottoms):
        bars.text(stage, height + 0.03, f"{decimal(height, 2)} GB", ha="center", fontsize=9)
    bars.set(title="GPT-2 pequeno: cada um de 8 ranks", xticks=range(4), xlabel="estágio", ylim=(0, 2.25),
             yticks=(0, 0.5, 1, 1.5, 2))  # fmt: skip
    bars.title.set_fontsize(10)
    bars.set_yticks((0, 1, 2), ("0", "1 GB", "2 GB"))


def cell(x, y, color, filled):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), 0.92, 0.26, facecolor=color if filled else "white", edgecolor=color, linewidth=0.8,
                     alpha=1.0 if filled else 0.45)  # fmt: skip


def memory_of_a_step(figure):
    """GPT-2 small on four GPUs of 6 GB, two texts at a time on each: plain, with each technique, and with all."""
    config = GPTConfig(vocab_size=50257, context=1024, layers=12, heads=12, width=768)
    plan.paint(figure, judge(config, Setup(CLUSTERS["rtx2060"], Layout(dp=4), 8, 2)))


# ------------------------------------------------------------------------------------------------------------- a log


def what_came_first(figure):
    """How far rank 2 is from rank 0 in two trainings: what parts first is the cause."""
    titles = ("o rank 2 não troca os gradientes", "o rank 2 anda meio passo")
    for place, (title, fault) in enumerate(zip(titles, ("troca", "passo"), strict=True)):
        axes = figure.add_subplot(1, 2, place + 1)
        gradients, weights = distances(fault)
        axes.semilogy(np.arange(len(gradients)), gradients, color=ORANGE, marker="o", markersize=5, linewidth=2)
        axes.semilogy(np.arange(len(weights)), weights, color=BLUE, marker="s", markersize=5, linewidth=2)
        axes.text(5.1, 4e-3, "pesos antes do passo", color=BLUE, fontsize=9)
        axes.axhline(1e-5, color=SOFT, linewidth=1, linestyle=":")
        axes.axvline(4, color=PURPLE, linewidth=1, linestyle="--")
        axes.text(4.9, 1e-7, "← o engano\n    começa aqui", color=PURPLE, fontsize=9, va="bottom")
        axes.set(title=title, xlabel="passo", ylim=(1e-9, 20), xticks=range(0, 9, 2))
        axes.set_yticks((1e-8, 1e-5, 1e-2, 1), ("0,00000001", "0,00001", "0,01", "1"))
        axes.minorticks_off()
        axes.title.set_fontsize(10.5)
    figure.axes[0].set_ylabel("distância relativa ao rank 0")
    for axes, place in zip(figure.axes, ((0, 1), (4.3, 1.5e-9)), strict=True):
        axes.text(*place, "gradiente depois da troca", color=ORANGE, fontsize=9)


def distances(fault, *, steps=9, since=4, ranks=4):
    """How far the gradient and the weights of rank 2 are from rank 0's, before each step, for a linear layer."""
    draw = np.random.default_rng(3)
    weights = np.repeat(draw.normal(size=(1, 5)), ranks, axis=0)
    found = [], []
    for step in range(steps):
        x, y = draw.normal(size=(ranks, 6, 5)), draw.normal(size=(ranks, 6))
        own = np.array([x[r].T @ (x[r] @ weights[r] - y[r]) / 6 for r in range(ranks)])
        used = np.repeat(own.mean(axis=0, keepdims=True), ranks, axis=0) * (1 + 1e-8 * draw.normal(size=(ranks, 1)))
        if step >= since and fault == "troca":
            used[2] = own[2]
        for kept, values in zip(found, (used, weights), strict=True):
            kept.append(np.linalg.norm(values[2] - values[0]) / np.linalg.norm(values[0]) + 3e-9)
        moved = 0.1 * used
        if step >= since and fault == "passo":
            moved[2] /= 2
        weights = weights - moved
    return found


PICTURES = {
    "anel": (ring, 12.5, 2.4),
    "anel-passa": (traffic, 7, 3.2),
    "camada-repartida": (cut_block, 11.5, 3.3),
    "bolhas": (bubbles, 11, 5.2),
    "zero": (zero, 11.5, 3.6),
    "memoria-de-um-passo": (memory_of_a_step, 9, 4.2),
    "o-que-veio-primeiro": (what_came_first, 10.5, 3.5),
}
