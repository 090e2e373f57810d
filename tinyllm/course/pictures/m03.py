"""The pictures of module 3."""

import numpy as np

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.course.pictures import m03_attention, m03_decoder
from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE, arrow, box
from tinyllm.nn import attention, layers
from tinyllm.nn.module import map_parameters
from tinyllm.plot import INK, PAPER, SOFT
from tinyllm.tensor import Tensor, no_grad

FOLDER = "m03_transformer/imagens"


# ----------------------------------------------------------------------------------------------------------- positions


def waves(figure):
    """Sinusoidal positions as a sheet of numbers, four of its channels as waves, and the product of two rows."""
    from matplotlib.colors import LinearSegmentedColormap

    sheet, curves, products = figure.subplots(1, 3, width_ratios=(0.8, 1.2, 1))
    table = F.sinusoids(np.arange(28), 16)
    colors = LinearSegmentedColormap.from_list("waves", [ORANGE, PAPER, BLUE])
    sheet.pcolormesh(np.arange(17), np.arange(29), table, cmap=colors, vmin=-1, vmax=1)
    sheet.invert_yaxis()
    sheet.set(title="a tabela", xlabel="canal", ylabel="posição", xticks=(0, 4, 8, 12, 16), yticks=(0, 7, 14, 21, 28))
    positions = np.linspace(0, 31, 156)
    for channel, color in zip((0, 2, 4, 6), (BLUE, ORANGE, GREEN, PURPLE), strict=True):
        curves.plot(positions, F.sinusoids(positions, 16)[:, channel], color=color, linewidth=1.8, label=f"{channel}")
    curves.set(title="quatro dos seus canais", xlabel="posição", ylim=(-1.1, 1.7), yticks=(-1, 0, 1))
    curves.legend(title="canal", ncols=4, frameon=False, loc="upper center", fontsize=9)
    distances = np.arange(-60, 61)
    for place, color, style in ((20, BLUE, "-"), (300, ORANGE, ":")):
        rows = F.sinusoids(np.concatenate([[place], place + distances]), 64)
        products.plot(distances, rows[1:] @ rows[0], color=color, linestyle=style, linewidth=2.2,
                      label=f"posição {place}")  # fmt: skip
    products.set(title="o produto de duas posições", xlabel="distância", ylim=(8, 40))
    products.legend(frameon=False, loc="upper center", fontsize=9, ncols=2)


def turns(figure):
    """Three pairs of channels as hands of clocks, at the first positions, and the product of a query and a key."""
    *clocks, products = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.35))
    cos, sin = F.rotations(np.arange(5), 6, base=12.0)  # so small, that all three hands can be seen to move
    shades = (1.0, 0.75, 0.55, 0.4, 0.25)
    for pair, (axes, name) in enumerate(zip(clocks, ("par 0: depressa", "par 1", "par 2: devagar"), strict=True)):
        circle = np.linspace(0, 2 * np.pi, 80)
        axes.plot(np.cos(circle), np.sin(circle), color=SOFT, linewidth=0.8)
        for position in range(5):
            x, y = cos[position, pair], sin[position, pair]
            arrow(axes, (0, 0), (x, y), color=BLUE, width=2.0, alpha=shades[position])
            axes.text(1.2 * x, 1.2 * y, str(position), ha="center", va="center", fontsize=9)
        axes.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal", title=name)
        axes.axis("off")
    rng, distances = np.random.default_rng(1), np.arange(-30, 31)
    query, key = rng.normal(size=(2, 32))
    key = query + 0.5 * key  # alike, as those of an attention that looks for its own kind
    for place, color, style in ((40, BLUE, "-"), (400, ORANGE, ":")):
        turned = [F.rotary(np.broadcast_to(x, (len(at), 32)), cos=F.rotations(at, 32)[0], sin=F.rotations(at, 32)[1])
                  for x, at in ((query, np.full(len(distances), place)), (key, place + distances))]  # fmt: skip
        products.plot(distances, (turned[0].data * turned[1].data).sum(axis=-1), color=color, linestyle=style,
                      linewidth=2.2, label=f"pergunta na posição {place}")  # fmt: skip
    products.set(title="pergunta · chave", xlabel="distância da chave", ylim=(10, 32))
    products.legend(frameon=False, loc="upper center", fontsize=9)


# ------------------------------------------------------------------------------------------------------- normalisation

WHERE = {"sem normalizar": ORANGE, "antes (pre-norm)": BLUE, "depois (post-norm)": GREEN}


def norms(figure):
    """Channels of four vectors of different sizes: as they come, after a layer norm, after an RMS norm."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 24)) * np.array([[0.3], [1.0], [2.5], [1.0]]) + np.array([[0.0], [0.0], [1.0], [4.0]])
    one = np.ones(24)
    with no_grad():
        after = [x, F.layer_norm(Tensor(x), one, 0 * one).data, F.rms_norm(Tensor(x), one).data]
    titles = ("os canais de quatro vetores", "depois da layer norm", "depois da RMS norm")
    for axes, values, title in zip(figure.subplots(1, 3, sharey=True), after, titles, strict=True):
        for row, color in enumerate((BLUE, ORANGE, GREEN, PURPLE)):
            spread = np.linspace(-0.22, 0.22, 24)
            axes.plot(row + spread, values[row], "o", color=color, markersize=3.5, alpha=0.8)
            axes.plot([row - 0.33, row + 0.33], [values[row].mean()] * 2, color=INK, linewidth=1.6)
        axes.axhline(0, color=SOFT, linewidth=0.8)
        axes.set(title=title, xlabel="vetor", xticks=range(4), ylim=(-5, 8))


def around_a_block(figure):
    """Where the norm stands, as a plan, and what becomes of the channels in a stack of 24 blocks not yet trained."""
    before, after, depth = figure.subplots(1, 3, width_ratios=(1, 1, 1.7))
    plans = (
        (before, "antes (pre-norm)", {"norma": (0.95, 0.95), "atenção": (0.95, 1.85)}, 2.7),
        (after, "depois (post-norm)", {"atenção": (0.95, 1.25), "norma": (0, 2.95)}, 2.1),
    )
    for axes, title, boxes, meeting in plans:
        axes.set(xlim=(-0.9, 1.7), ylim=(-0.1, 3.7), title=title)
        axes.axis("off")
        axes.text(0, 0, "x", ha="center", va="center")
        arrow(axes, (0, 0.1), (0, 3.6))
        axes.plot([0, 0.95, 0.95], [0.4, 0.4, meeting], color=SOFT, linewidth=1.3)
        arrow(axes, (0.95, meeting), (0.17, meeting))
        axes.plot([0], [meeting], "o", markersize=14, markerfacecolor="white", markeredgecolor=INK, zorder=5)
        axes.text(0, meeting - 0.01, "+", ha="center", va="center", fontsize=12, zorder=6)
        for name, place in boxes.items():
            box(axes, *place, name, color=ORANGE if name == "norma" else BLUE, width=1.2)
    for name, color in WHERE.items():
        sizes = deviations(name)
        depth.plot(range(1, len(sizes) + 1), sizes, color=color, linewidth=2, label=name)
    depth.set_yscale("log")
    depth.set(title="desvio-padrão dos canais", xlabel="depois de tantos blocos")
    depth.legend(frameon=False, fontsize=9)


def deviations(name, blocks=24, width=64):
    """The deviation of the channels after each block of a stack whose weights are those before any training.

    In float64: 24 blocks without a norm would make the last digits of a float32, never twice the same, visible.
    """
    rng, norm, found = np.random.default_rng(0), layers.LayerNorm(width), []
    x = Tensor(rng.normal(scale=0.1, size=(2, 16, width)))
    with no_grad():
        for _ in range(blocks):
            parts = (attention.SelfAttention(width, 4, rng=rng), layers.FeedForward(width, 4 * width, rng=rng))
            for part in parts:
                map_parameters(part, lambda weight: weight.astype(np.float64))
                if name.startswith("antes"):
                    x = x + part(norm(x))
                elif name.startswith("depois"):
                    x = norm(x + part(x))
                else:
                    x = x + part(x)
            found.append(float(x.data.std()))
    return found


# -------------------------------------------------------------------------------------------------------- feed-forward


def activations(figure):
    """ReLU, GELU and SiLU, and their slopes."""
    x = np.linspace(-4, 4, 401)
    one = np.ones_like(x)
    shown, slopes = figure.subplots(1, 2)
    curves = {
        "ReLU": (SOFT, "--", lambda x: x * (x.data > 0)),
        "GELU": (BLUE, "-", F.gelu),
        "SiLU": (ORANGE, "-", lambda x: F.swiglu(x, one)),
    }
    for name, (color, style, activation) in curves.items():
        leaf = Tensor(x, requires_grad=True)
        y = activation(leaf)
        shown.plot(x, y.data, color=color, linestyle=style, linewidth=2, label=name)
        slopes.plot(x, tensor.backward(y, one)[leaf], color=color, linestyle=style, linewidth=2)
    shown.set(title="o valor", xlabel="x", ylim=(-0.6, 3))
    slopes.set(title="a inclinação", xlabel="x", ylim=(-0.3, 1.3))
    shown.legend(frameon=False, loc="upper left")


PICTURES = {
    "ondas": (waves, 11, 3.4),
    "giros": (turns, 11, 3.1),
    "normas": (norms, 10, 3.2),
    "pre-e-pos": (around_a_block, 10, 3.6),
    "ativacoes": (activations, 9, 3.3),
    **m03_attention.PICTURES,
    **m03_decoder.PICTURES,
}
