"""The pictures of module 6: section 6.2, LoRA, adapters, prompts and QLoRA."""

from statistics import NormalDist

import numpy as np

from tinyllm.compress.nibble_products import BLOCK, VALUES
from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, arrow, box
from tinyllm.finetune.estimate import fine_tuning
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.subset import FullConfig
from tinyllm.memory.estimate import Plan
from tinyllm.models.gpt import GPTConfig
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal, thousands

# ---------------------------------------------------------------------------------------------------------------- LoRA


def thin_matrices(figure):
    """A frozen matrix and, beside it, two thin ones: the way of x through both, and what they are once merged."""
    way, sum_of_both = figure.subplots(1, 2, width_ratios=(1, 1.25))
    for axes in (way, sum_of_both):
        axes.set_axis_off()
        axes.set_aspect("equal")
    way.set(xlim=(-0.3, 5.3), ylim=(-0.6, 5.1), title="enquanto se aprende")
    matrix(way, 0.4, 1.6, 1.8, 1.8, GREY, "W", "(n_in, n_out)", "congelada")
    matrix(way, 3.2, 1.4, 0.5, 1.0, BLUE, "a", "(n_in, r)", "")
    matrix(way, 3.0, 2.85, 0.9, 0.5, ORANGE, "b", "(r, n_out)", "")
    box(way, 2.3, 0.1, "x", color=INK, filled=False)
    box(way, 2.3, 4.75, "y", color=INK, filled=False)
    way.text(2.3, 4.15, "+", ha="center", va="center", fontsize=16, color=INK)
    arrow(way, (2.1, 0.35), (1.8, 1.55))
    arrow(way, (2.5, 0.35), (3.4, 1.35))
    arrow(way, (3.45, 2.42), (3.45, 2.83))
    arrow(way, (1.3, 3.42), (2.1, 4.1))
    arrow(way, (3.4, 3.37), (2.5, 4.1))
    way.text(3.1, 3.85, "vezes a escala", fontsize=8.5, color=SOFT)
    arrow(way, (2.3, 4.25), (2.3, 4.5))
    sum_of_both.set(xlim=(-0.2, 7.6), ylim=(-0.6, 5.1), title="fundida: a mesma conta numa matriz só")
    matrix(sum_of_both, 0, 1.5, 1.8, 1.8, GREY, "W", "", "")
    matrix(sum_of_both, 2.9, 1.5, 0.35, 1.8, BLUE, "a", "", "")
    matrix(sum_of_both, 3.45, 2.95, 1.8, 0.35, ORANGE, "b", "", "")
    matrix(sum_of_both, 5.75, 1.5, 1.8, 1.8, GREEN, "W′", "", "")
    for x, text in ((2.35, "+  s"), (5.5, "=")):
        sum_of_both.text(x, 2.4, text, ha="center", va="center", fontsize=13, color=INK)
    sum_of_both.text(3.8, 0.85, f"n_in = n_out = 768, r = 8:  W tem {thousands(768**2)} números;\n"
                     f"a e b juntas, {thousands(2 * 8 * 768)}, isto é, 2,1 %", ha="center", va="top", fontsize=9.5,
                     color=INK)  # fmt: skip


def matrix(axes, x, y, width, height, color, name, shape, told):
    """A rectangle with a name inside; beside it its shape, and below its name something told of it."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), width, height, facecolor=color, edgecolor="none", alpha=0.85, zorder=2))
    middle = x + width / 2, y + height / 2
    lines = f"{name}\n{told}" if told else name
    axes.text(*middle, lines, ha="center", va="center", fontsize=10.5, color="white", zorder=3)
    if shape:
        beside = (x + width + 0.08, y + height / 2) if width < 1.5 else (x, y - 0.22)
        axes.text(*beside, shape, ha="left", va="center", fontsize=8.5, color=INK)


# ------------------------------------------------------------------------------------------------------------ adapters


def places(figure):
    """Where an adapter stands in a block, what is in it; and where a prompt stands before a text."""
    block, prompt = figure.subplots(1, 2, width_ratios=(1.1, 1))
    for axes in (block, prompt):
        axes.set_axis_off()
    block.set(xlim=(-0.6, 5.4), ylim=(-0.4, 5.0), title="um adaptador depois de cada parte do bloco")
    for y, text, color in ((0.9, "atenção", GREY), (1.75, "adaptador", BLUE), (3.2, "feed-forward", GREY),
                           (4.05, "adaptador", BLUE)):  # fmt: skip
        box(block, 0.7, y, text, color=color, width=1.6, height=0.5)
    for start, end in ((0.1, 0.63), (1.17, 1.48), (2.02, 2.93), (3.47, 3.78), (4.32, 4.8)):
        arrow(block, (0.7, start), (0.7, end))
    for y, text, width, color in ((0.75, "C canais", 2.2, SOFT), (1.55, "down: C → h", 1.7, BLUE),
                                  (2.2, "GELU", 0.9, PURPLE), (2.85, "up: h → C, começa em 0", 2.4, ORANGE),
                                  (3.65, "+", 0.5, GREEN)):  # fmt: skip
        box(block, 3.9, y, text, color=color, width=width, height=0.44, size=8.5)
    for start, end in ((0.98, 1.32), (1.78, 1.97), (2.43, 2.62), (3.08, 3.42)):
        arrow(block, (3.9, start), (3.9, end))
    block.plot((2.72, 2.5, 2.5, 3.6), (0.75, 0.75, 3.65, 3.65), color=SOFT, linewidth=1.3)
    block.text(3.9, 0.3, "dentro do adaptador", ha="center", fontsize=9, color=INK)
    prompt.set(xlim=(-0.6, 7.2), ylim=(-0.4, 5.0), title="prompt tuning: linhas aprendidas antes do texto")
    words = ["p₁", "p₂", "p₃", "O", "bolo", "ficou", "ótimo"]
    for place, word in enumerate(words):
        learned = place < 3
        box(prompt, place, 1.2, word, color=BLUE if learned else GREY, width=0.9, height=0.5)
        arrow(prompt, (place, 1.5), (place, 2.25), color=BLUE if learned else SOFT)
    box(prompt, 3, 2.65, "o modelo, inteiro congelado", color=GREY, width=6.9, height=0.7)
    for place in range(3, 7):
        arrow(prompt, (place, 3.05), (place, 3.7))
    prompt.text(1, 0.6, "n × C números aprendidos", ha="center", fontsize=9, color=BLUE)
    prompt.text(4.5, 0.6, "embeddings do texto", ha="center", fontsize=9, color=INK)
    prompt.text(4.5, 3.9, "só daqui saem previsões", ha="center", fontsize=9, color=INK)


# ----------------------------------------------------------------------------------------------------------------- NF4


def code_and_uses(figure):
    """The 16 values of NF4 below a normal curve, with those of a plain 4-bit code; and how often each is taken."""
    curve, uses = figure.subplots(1, 2, width_ratios=(1.35, 1))
    normal, last = NormalDist(), 1 - (1 / 30 + 1 / 32) / 2
    reach = normal.inv_cdf(last)
    x = np.linspace(-2.6, 2.6, 400)
    curve.fill_between(x, [normal.pdf(v) for v in x], color=GREY, alpha=0.25, linewidth=0)
    curve.plot(x, [normal.pdf(v) for v in x], color=SOFT, linewidth=1.5)
    for value in VALUES:
        curve.plot((value * reach,) * 2, (0, normal.pdf(value * reach)), color=BLUE, linewidth=1.4)
    curve.plot(VALUES * reach, np.full(16, -0.035), "|", color=BLUE, markersize=11, markeredgewidth=2)
    curve.plot(np.arange(-7, 8) / 7 * reach, np.full(15, -0.085), "|", color=ORANGE, markersize=11, markeredgewidth=2)
    curve.text(2.05, -0.035, "NF4", color=BLUE, fontsize=9, va="center")
    curve.text(2.05, -0.085, "int4", color=ORANGE, fontsize=9, va="center")
    curve.set(title="os valores de cada código, numa curva normal", ylim=(-0.12, 0.42), xlim=(-2.6, 2.6), yticks=())
    curve.set_xticks((-reach, 0, reach), ("-1", "0", "1"))
    blocks = np.random.default_rng(0).normal(size=(20000, BLOCK))
    shares = blocks / np.abs(blocks).max(axis=1, keepdims=True)
    nearest = np.searchsorted((VALUES[1:] + VALUES[:-1]) / 2, shares)
    plain = np.rint(shares * 7).astype(int) + 7
    for codes, count, color, name, at in ((nearest, 16, BLUE, "NF4", -0.2), (plain, 15, ORANGE, "int4", 0.2)):
        uses.bar(np.arange(count) + at, 100 * np.bincount(codes.ravel(), minlength=count) / codes.size, width=0.4,
                 color=color, label=name)  # fmt: skip
    uses.axhline(100 / 16, color=SOFT, linewidth=1.2, linestyle="--")
    uses.text(15.6, 100 / 16 + 0.4, "1 em 16", ha="right", fontsize=9, color=INK)
    uses.set(title="quanto se usa cada código, em %", xticks=(0, 7, 15), yticks=(0, 5, 10, 15),
             xlabel="código")  # fmt: skip
    uses.legend(frameon=False, fontsize=9, loc="upper left")


# -------------------------------------------------------------------------------------------------------------- memory

GPT2 = GPTConfig(vocab_size=50257, context=1024, layers=12, heads=12, width=768)


def memory(figure):
    """What full fine-tuning, LoRA and QLoRA of a GPT-2 keep: weights, gradients, and what AdamW remembers."""
    axes = figure.subplots()
    rows = {
        "completo": fine_tuning(GPT2, Plan(batch=1), FullConfig()),
        "LoRA": fine_tuning(GPT2, Plan(batch=1), LoRAConfig(rank=8)),
        "QLoRA": fine_tuning(GPT2, Plan(batch=1), LoRAConfig(rank=8), quantized=True),
    }
    for place, sizes in enumerate(rows.values()):
        start, parts = 0, (sizes.weights, sizes.gradients, sizes.optimiser)
        for size, color, label in zip(parts, (BLUE, ORANGE, GREEN), ("pesos", "gradientes", "AdamW"), strict=True):
            axes.barh(place, size / 1e6, left=start / 1e6, height=0.6, color=color, label=None if place else label)
            start += size
        axes.text(start / 1e6 + 20, place, f"{thousands(round(start / 1e6))} MB", va="center", fontsize=9.5, color=INK)
    axes.set(yticks=range(3), yticklabels=rows, xlim=(0, 2350), xlabel="MB, sem as ativações")
    axes.set_xticks((0, 500, 1000, 1500, 2000), [thousands(place) for place in (0, 500, 1000, 1500, 2000)])
    axes.invert_yaxis()
    embeddings = 4 * (GPT2.vocab_size + GPT2.context) * GPT2.width / 1e6
    axes.text(1150, 2, f"dos pesos da QLoRA, {decimal(embeddings, 0)} MB são embeddings,\nque ficam em float32",
              va="center", fontsize=9, color=SOFT)  # fmt: skip
    axes.legend(frameon=False, fontsize=9, loc="center right")


PICTURES = {
    "lora": (thin_matrices, 10.5, 4.2),
    "adaptador-e-prompt": (places, 10.5, 4.0),
    "nf4": (code_and_uses, 10.5, 3.6),
    "memoria-qlora": (memory, 9, 2.6),
}
