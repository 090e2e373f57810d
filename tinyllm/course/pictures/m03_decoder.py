"""The pictures of module 3 about decoders: who sees whom, where a decoder looks, the models side by side."""

import numpy as np

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE, arrow, box
from tinyllm.evaluate.attention_maps import watched
from tinyllm.models import t5
from tinyllm.optim.adamw import AdamW, AdamWConfig
from tinyllm.plot import INK, PAPER, SOFT
from tinyllm.tensor import no_grad

READ, WRITTEN = ("the", "cat", "sleeps", "fim"), ("início", "a", "gata", "dorme")


def who_sees_whom(figure):
    """The three masks: of a text that is read, of one that is written, and from the second to the first."""
    from matplotlib.patches import Rectangle

    one_way = ~F.masks.future(np, 4, 4)
    masks = (
        ("encoder: todos veem todos", READ, READ, np.ones((4, 4), dtype=bool)),
        ("decoder: só o passado e si mesmo", WRITTEN, WRITTEN, one_way),
        ("do decoder ao encoder", WRITTEN, READ, np.ones((4, 4), dtype=bool)),
    )
    for axes, (title, rows, columns, seen), color in zip(
        figure.subplots(1, 3), masks, (BLUE, ORANGE, GREEN), strict=True
    ):
        for row, column in np.ndindex(seen.shape):
            look = {"facecolor": color if seen[row, column] else "#f1f3f5", "edgecolor": "white", "linewidth": 3}
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **look))
        words(axes, rows, columns, title)


def words(axes, rows, columns, title):
    """The words beside a table of who looks (rows) at whom (columns)."""
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5), aspect="equal", xlabel="quem é visto")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.xaxis.tick_top()
    axes.set_title(title, pad=12)
    axes.set_ylabel("quem olha")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def crossing(figure):
    """Where a tiny T5 that has learned to write letters backwards looks, in each of its heads, while it writes."""
    from matplotlib.colors import LinearSegmentedColormap

    model, letters = writer_of_backwards(), "cabe"
    source = np.array([["abcdefg".index(letter) + 1 for letter in letters] + [8]])
    with no_grad(), watched() as maps:
        model(source, t5.shift_right(source[:, 3::-1], t5.START))
    heads, colors = maps[-1][0], LinearSegmentedColormap.from_list("green", [PAPER, GREEN])  # (H, T, S)
    for head, (axes, weights) in enumerate(zip(figure.subplots(1, len(heads)), heads, strict=True), start=1):
        axes.pcolormesh(np.arange(6) - 0.5, np.arange(5) - 0.5, weights, cmap=colors, vmin=0, vmax=1)
        for (row, column), weight in np.ndenumerate(weights):
            if weight >= 0.1:
                axes.text(column, row, f"{100 * weight:.0f}", ha="center", va="center", fontsize=9,
                          color="white" if weight > 0.6 else INK)  # fmt: skip
        words(axes, letters[::-1], [*letters, "fim"], f"cabeça {head}")
        axes.set_ylabel("letra a escrever (%)" if head == 1 else "")


def writer_of_backwards(steps=250):
    """A T5 of one block on each side that has learned to write four letters, 1 to 7, and an 8, from last to first."""
    rng = np.random.default_rng(0)
    config = t5.T5Config(vocab_size=9, layers=1, decoder_layers=1, heads=4, width=24, hidden=48)
    model = t5.T5(config, rng=rng)
    optimizer = AdamW(model.named_parameters(), AdamWConfig(weight_decay=0.0))
    for step in range(steps):
        letters = rng.integers(1, 8, size=(32, 4))
        loss = model.loss(np.concatenate([letters, np.full((32, 1), 8)], axis=1), letters[:, ::-1].copy())
        optimizer.step(tensor.backward(loss), lr=0.01 * min(1, (step + 1) / 20) * (1 - 0.9 * step / steps))
    return model


ATTENTION, CROSS, FEED = "atenção", "atenção\ncruzada", "feed-forward"
FAMILY = {  # name: what it reads, the blocks from below to above, what it says
    "GPT": ("a gata", [("atenção\ncausal", ORANGE), (FEED, PURPLE)], "gata dorme"),
    "Llama": ("a gata", [("atenção\ncausal, RoPE,\nchaves em grupo", ORANGE), ("SwiGLU", PURPLE)], "gata dorme"),
    "BERT": ("a [MASK] dorme", [("atenção\ndos dois lados", BLUE), (FEED, PURPLE)], "gata"),
    "T5: encoder": ("a <X> dorme", [("atenção\ndos dois lados", BLUE), ("SwiGLU", PURPLE)], ""),
    "T5: decoder": ("início <X>", [("atenção\ncausal", ORANGE), (CROSS, GREEN), ("SwiGLU", PURPLE)], "<X> gata"),
}


def family(figure):
    """A block of each model, what goes in and what comes out."""
    axes = figure.add_subplot()
    axes.set(xlim=(-0.9, 8.5), ylim=(-0.35, 4.75))
    axes.axis("off")
    for (name, (reads, parts, says)), x in zip(FAMILY.items(), (0, 1.8, 3.6, 5.6, 7.6), strict=True):
        top = 0.55 + 0.95 * len(parts)
        box(axes, x, (top + 0.6) / 2, "", color=SOFT, width=1.62, height=top - 0.6 + 0.16, filled=False)
        for number, (part, color) in enumerate(parts):
            box(axes, x, 1.03 + 0.95 * number, part, color=color, width=1.4, height=0.74, size=8.5)
        arrow(axes, (x, 0.14), (x, 0.5))
        axes.text(x, 0, reads, ha="center", va="center", fontsize=9.5)
        if says:
            arrow(axes, (x, top + 0.1), (x, top + 0.5))
            axes.text(x, top + 0.65, says, ha="center", va="center", fontsize=9.5)
        axes.text(x, 4.6, name, ha="center", va="center", fontsize=12, weight="bold")
    arrow(axes, (6.44, 1.98), (6.86, 1.98), color=GREEN, width=2.0)


PICTURES = {
    "mascaras": (who_sees_whom, 10, 3.6),
    "cruzada": (crossing, 10, 2.9),
    "familia": (family, 11, 4.6),
}
