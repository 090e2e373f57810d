"""What the pictures of all modules share: how one is drawn, colours, boxes and arrows."""

import json

from tinyllm import plot
from tinyllm.plot import COLORS, INK, SOFT

BLUE, ORANGE, GREEN, PURPLE, RED, GREY = COLORS


def draw(module, folder, name):
    """Draw one picture of a module into a folder, where its data, if it has any, stands as JSON."""
    paint, width, height = module.PICTURES[name]
    path = folder / f"{name}.json"
    data = [json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []
    plot.draw(folder / f"{name}.svg", lambda figure: paint(figure, *data), width=width, height=height)


def box(axes, x, y, text, *, color=BLUE, width=0.62, height=0.44, size=9.5, filled=True):
    from matplotlib.patches import FancyBboxPatch

    corner = (x - width / 2, y - height / 2)
    look = {"facecolor": color if filled else "white", "edgecolor": color, "linewidth": 1.3}
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.08", zorder=3, **look))
    axes.text(x, y, text, ha="center", va="center", color="white" if filled else INK, fontsize=size, zorder=4)


def arrow(axes, start, end, *, color=SOFT, width=1.3, bend=0.0, alpha=1.0):
    look = {"arrowstyle": "-|>", "color": color, "linewidth": width, "alpha": alpha, "shrinkA": 0, "shrinkB": 0,
            "connectionstyle": f"arc3,rad={bend}"}  # fmt: skip
    axes.annotate("", xy=end, xytext=start, arrowprops=look)
