"""The pictures of module 4: section 4.1, the architecture."""

import numpy as np

from tinyllm.course.pictures import m04_parallel, m04_project, m04_thrift
from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, arrow, box
from tinyllm.models import gpt
from tinyllm.nn.module import count_parameters, map_parameters
from tinyllm.nn.outline import in_outline
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal, thousands
from tinyllm.tensor import no_grad

FOLDER = "m04_llm_compacto/imagens"

# ------------------------------------------------------------------------------------------------------- configuration

SIZES = {  # vocabulary, context, blocks, heads, width
    "o GPT\npadrão": (4096, 128, 4, 4, 192),
    "GPT-2\npequeno": (50257, 1024, 12, 12, 768),
    "GPT-2\nmédio": (50257, 1024, 24, 16, 1024),
    "GPT-2\ngrande": (50257, 1024, 36, 20, 1280),
    "GPT-2\nXL": (50257, 1024, 48, 25, 1600),
}
PARTS = {"tabelas": ORANGE, "atenção": BLUE, "feed-forward": GREEN, "normas": GREY}


def parts(figure):
    """Where the parameters of five GPTs are, as shares; and how the whole grows with the width."""
    shares, growth = figure.subplots(1, 2, width_ratios=(1.5, 1))
    for place, sizes in enumerate(SIZES.values()):
        found, bottom = parts_of(gpt.GPTConfig(*sizes)), 0.0
        for (name, color), count in zip(PARTS.items(), found, strict=True):
            share = 100 * count / sum(found)
            shares.bar(
                place, share, bottom=bottom, color=color, width=0.7, label=None if place or name == "normas" else name
            )
            if share > 4:
                shares.text(place, bottom + share / 2, decimal(share, 0), ha="center", va="center", color="white")
            bottom += share
        shares.text(place, 102, told(sum(found)), ha="center",
                    fontsize=9)  # fmt: skip
    shares.set(title="onde estão os parâmetros, em %", xticks=range(len(SIZES)), xticklabels=SIZES, ylim=(0, 109),
               yticks=(0, 50, 100))  # fmt: skip
    shares.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.16), fontsize=9,
                  handlelength=1, columnspacing=1)  # fmt: skip
    widths = np.array([64, 128, 256, 512, 1024])
    found = np.array([parts_of(gpt.GPTConfig(4096, 128, 4, 4, int(width))) for width in widths])
    growth.loglog(widths, found[:, 0], color=ORANGE, linewidth=2, marker="o", label="tabelas: dobram")
    growth.loglog(widths, found[:, 1:].sum(axis=1), color=BLUE, linewidth=2, marker="o", label="blocos: quadruplicam")
    growth.set(title="quando a largura dobra", xlabel="largura C", xticks=widths, yticks=(1e5, 1e6, 1e7, 1e8),
               yticklabels=("0,1 mi", "1 mi", "10 mi", "100 mi"))  # fmt: skip
    growth.set_xticks(widths, [thousands(int(width)) for width in widths], minor=False)
    growth.minorticks_off()
    growth.legend(frameon=False, fontsize=9)


def told(count):
    """So many parameters, in words."""
    return f"{decimal(count / 1e6, 1)} milhões" if count < 1e7 else f"{thousands(round(count / 1e6))} milhões"


def parts_of(config):
    """How many numbers a GPT learns in its tables, its attention, its feed-forward and its norms."""
    with in_outline() as rng:
        model = gpt.GPT(config, rng=rng)
    inside = [sum(count_parameters(getattr(block, name)) for block in model.blocks)
              for name in ("attention", "feed_forward")]  # fmt: skip
    tables = count_parameters(model.tokens) + count_parameters(model.positions)
    return [tables, *inside, count_parameters(model) - tables - sum(inside)]


# ---------------------------------------------------------------------------------------------------- FLOPs and bytes


def three_products(figure):
    """The product of a layer on the way there, and its two on the way back: shapes in the boxes, FLOPs below."""
    axes = figure.subplots()
    axes.set(xlim=(0, 12), ylim=(-0.35, 2.6))
    axes.axis("off")
    plans = [
        ("ida", BLUE, ("x", "n × k", 1.0, 0.8), ("W", "k × m", 0.8, 1.1), ("y", "n × m", 1.0, 1.1)),
        ("volta: o gradiente de W", ORANGE, ("xᵀ", "k × n", 0.8, 1.0), ("dy", "n × m", 1.0, 1.1),
         ("dW", "k × m", 0.8, 1.1)),
        ("volta: o gradiente de x", GREEN, ("dy", "n × m", 1.0, 1.1), ("Wᵀ", "m × k", 1.1, 0.8),
         ("dx", "n × k", 1.0, 0.8)),
    ]  # fmt: skip
    for (title, color, *matrices), left in zip(plans, (0.1, 4.1, 8.1), strict=True):
        axes.text(left + 1.85, 2.45, title, ha="center", fontsize=11, color=color)
        at = left + 0.55
        for (name, shape, height, width), sign in zip(matrices, ("·", "=", ""), strict=True):
            box(axes, at, 1.35, name, color=color, width=0.85 * width, height=1.15 * height, size=12)
            axes.text(at, 1.35 - 0.575 * height - 0.2, shape, ha="center", va="center", fontsize=9)
            axes.text(at + 0.65, 1.35, sign, ha="center", va="center", fontsize=14)
            at += 1.3
        axes.text(left + 1.85, -0.05, "2 · n · k · m FLOPs", ha="center", fontsize=10, color=INK)
    for left in (4.0, 8.0):
        axes.plot([left, left], [0.1, 2.3], color=SOFT, linewidth=0.8)


PEAK, BANDWIDTH = 100e9, 10e9  # of the machine in the picture: FLOP/s, bytes/s


def roofline(figure):
    """What a machine can reach, by intensity, and where the products of writing and of training stand."""
    roof, bound = figure.subplots(1, 2, width_ratios=(1.35, 1))
    intensity = np.geomspace(0.1, 1000, 200)
    roof.loglog(intensity, np.minimum(PEAK, intensity * BANDWIDTH) / 1e9, color=INK, linewidth=2.2)
    knee = PEAK / BANDWIDTH
    roof.axvspan(0.1, knee, color=ORANGE, alpha=0.1, linewidth=0)
    roof.axvspan(knee, 1000, color=BLUE, alpha=0.1, linewidth=0)
    roof.text(0.13, 250, "falta memória", color=ORANGE)
    roof.text(14, 250, "faltam contas", color=BLUE)
    roof.text(60, 62, "teto: 100 GFLOP/s", ha="center", fontsize=9)
    roof.text(0.75, 11, "banda: 10 GB/s", rotation=38, ha="center", va="center", fontsize=9)
    products = {
        "escrever um texto: n = 1": (1, RED, (0.62, 2.6)),
        "oito textos lado a lado: n = 8": (8, PURPLE, (4.6, 18)),
        "ler 512 tokens: n = 512": (512, GREEN, (16, 38)),
    }
    for name, (n, color, place) in products.items():
        at = 2 * n * 768 * 3072 / (4 * (n * 768 + 768 * 3072 + n * 3072))
        roof.plot(at, min(PEAK, at * BANDWIDTH) / 1e9, "o", color=color, markersize=8, zorder=4)
        roof.text(*place, name, color=color, fontsize=9)
    roof.set(title="a que velocidade um produto pode chegar", xlabel="intensidade, em FLOPs por byte", ylabel="GFLOP/s",
             xlim=(0.1, 1000), ylim=(0.8, 500), xticks=(0.1, 1, 10, 100, 1000), yticks=(1, 10, 100))  # fmt: skip
    roof.set_xticks((0.1, 1, 10, 100, 1000), ("0,1", "1", "10", "100", "1.000"))
    roof.set_yticks((1, 10, 100), ("1", "10", "100"))
    rows = np.geomspace(1, 4096, 100)
    for width, color in ((256, PURPLE), (768, BLUE), (4096, GREEN)):
        found = 2 * rows * width * 4 * width / (4 * (rows * width + 4 * width**2 + rows * 4 * width))
        bound.loglog(rows, found, color=color, linewidth=2, label=f"C = {width}".replace("4096", "4.096"))
    bound.axhline(knee, color=INK, linewidth=1, linestyle="--")
    bound.text(5000, 12, "o joelho desta máquina", ha="right", fontsize=9)
    bound.set(
        title="C → 4 C canais, com n linhas", xlabel="n, os tokens que se leem de uma vez", ylabel="FLOPs por byte"
    )
    bound.set_xticks((1, 10, 100, 1000), ("1", "10", "100", "1.000"))
    bound.set_yticks((1, 10, 100, 1000), ("1", "10", "100", "1.000"))
    bound.legend(frameon=False, fontsize=9, loc="lower right")


# ------------------------------------------------------------------------------------------------------ initialisation

STARTS = {  # how the last weights of each part begin, as a multiple of the library's
    "1/√n, sem mais": (lambda layers: 10 * (2 * layers) ** 0.5, ORANGE, "-"),
    "dividido por √(2 L)": (lambda layers: 10.0, BLUE, "-"),
    "o da biblioteca: um décimo disso": (lambda layers: 1.0, GREEN, "-"),
}


def starts(figure):
    """The deviation of the stream, block by block, and at the end by the number of blocks, for three beginnings."""
    inside, depth = figure.subplots(1, 2)
    numbers = (4, 8, 16, 32, 64)
    for name, (scale, color, style) in STARTS.items():
        inside.plot(range(33), deviations(32, scale(32)), color=color, linestyle=style, linewidth=2, label=name)
        ends = [deviations(layers, scale(layers))[-1] for layers in numbers]
        depth.plot(numbers, ends, color=color, linestyle=style, linewidth=2, marker="o", markersize=4)
    for axes in (inside, depth):
        axes.set_yscale("log")
        axes.set_ylim(0.08, 40)
        axes.set_yticks((0.1, 1, 10), ("0,1", "1", "10"))
        axes.minorticks_off()
    inside.set(title="dentro de um GPT de 32 blocos", xlabel="depois de tantos blocos", ylabel="desvio-padrão do fluxo")
    inside.legend(frameon=False, fontsize=9, loc="upper left")
    depth.set_xscale("log")
    depth.set(title="no fim, conforme a profundidade", xlabel="L, o número de blocos")
    depth.set_xticks(numbers, [str(number) for number in numbers])
    depth.minorticks_off()


def deviations(layers, scale):
    """The deviation of the stream at the entry of a GPT not yet trained and after each of its blocks, in float64."""
    config = gpt.GPTConfig(vocab_size=100, context=16, layers=layers, heads=4, width=64)
    model = gpt.GPT(config, rng=np.random.default_rng(0))
    map_parameters(model, lambda weight: weight.astype(np.float64))
    ids = np.random.default_rng(1).integers(100, size=(4, 16))
    with no_grad():
        x, _ = model.begin(ids)
        found = [float(x.data.std())]
        for block in model.blocks:
            block.attention.out.weight.data *= scale
            block.feed_forward.down.weight.data *= scale
            x = block(x)
            found.append(float(x.data.std()))
    return found


# --------------------------------------------------------------------------------------------------------- whole model


def whole(figure):
    """A GPT from ids to loss, with the shape on every arrow, and the one table at both ends."""
    axes = figure.subplots()
    axes.set(xlim=(-0.3, 13.6), ylim=(-2.1, 2.15))
    axes.axis("off")
    stages = [
        (1.35, "tokens\n+ posições", ORANGE, "begin"), (3.75, "bloco 1", BLUE, "blocks"), (5.7, "bloco 2", BLUE, ""),
        (8.1, "bloco L", BLUE, ""), (10.0, "norma", GREY, "end"), (12.05, "tabelaᵀ", ORANGE, "head"),
    ]  # fmt: skip
    for x, name, color, method in stages:
        box(axes, x, 0.6, name, color=color, width=1.3, height=0.9, size=10)
        axes.text(x, 1.3, method, ha="center", fontsize=10, color=color, family="DejaVu Sans Mono")
    axes.text(6.92, 0.6, "…", ha="center", va="center", fontsize=16)
    shapes = {(-0.25, 0.65): "ids\n(B, T)", (2.05, 3.05): "(B, T, C)", (4.45, 5.0): "", (6.4, 6.7): "", (7.15, 7.4): "",
              (8.8, 9.3): "", (10.7, 11.35): "(B, T, C)", (12.75, 13.5): "logits\n(B, T, V)"}  # fmt: skip
    for (start, end), shape in shapes.items():
        arrow(axes, (start, 0.6), (end, 0.6))
        axes.text((start + end) / 2, 0.72, shape, ha="center", va="bottom", fontsize=8.5)
    arrow(axes, (1.35, 0.12), (12.05, 0.12), color=ORANGE, bend=0.27, width=1.6)
    axes.text(6.7, -1.9, "a mesma tabela (V, C), nos dois lados: cada vetor final se compara com a linha de cada token",
              ha="center", color=ORANGE, fontsize=9.5)  # fmt: skip
    for x, name in ((3.75, "cache 1"), (5.7, "cache 2"), (8.1, "cache L")):
        box(axes, x, -0.42, name, color=GREEN, width=1.05, height=0.42, size=8.5, filled=False)
        axes.plot([x, x], [-0.2, 0.13], color=GREEN, linewidth=1.2)
    axes.text(6.9, 1.9, "cada bloco recebe (B, T, C) e dá (B, T, C): x + atenção, x + feed-forward", ha="center",
              fontsize=9.5, color=BLUE)  # fmt: skip


PICTURES = {
    "partes": (parts, 10.5, 3.9),
    "tres-produtos": (three_products, 10.5, 2.5),
    "telhado": (roofline, 11, 4.0),
    "comecos": (starts, 10, 3.6),
    "gpt-inteiro": (whole, 11, 3.0),
    **m04_thrift.PICTURES,
    **m04_parallel.PICTURES,
    **m04_project.PICTURES,
}
