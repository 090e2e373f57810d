"""The pictures of module 6: section 6.2, LoRA."""

from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, arrow, box
from tinyllm.plot import INK, SOFT
from tinyllm.say import thousands

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


PICTURES = {"lora": (thin_matrices, 10.5, 4.2)}
