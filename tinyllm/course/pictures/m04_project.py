"""The picture of project 3: what the recipe of reference comes to, by the operations that it takes."""

from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE
from tinyllm.plot import SOFT
from tinyllm.say import decimal, thousands

COLORS = (ORANGE, BLUE, PURPLE, GREEN)  # of so many sizes
MINUTES = (1, 5)  # of a machine that trains at SPEED
SPEED = 1e11


def reference(figure, sizes):
    """Bits per byte on validation against TFLOP, a line for each training, a colour for each size: each line falls,
    then flattens."""
    axes, colors = figure.subplots(), {}
    for size in sizes:
        points = size["points"]
        new = (size["layers"], size["width"]) not in colors
        color = colors.setdefault((size["layers"], size["width"]), COLORS[len(colors) % len(COLORS)])
        x = [point["flops"] / 1e12 for point in points]
        y = [point["validation"]["bits_per_byte"] for point in points]
        name = f"{size['layers']} × {size['width']}, até {thousands(points[-1]['steps'])} passos"
        axes.loglog(
            x, y, color=color, linewidth=2, linestyle="-" if new else "--", marker="o", markersize=4, label=name
        )
    for minutes in MINUTES:
        count = 60 * minutes * SPEED / 1e12
        axes.axvline(count, color=SOFT, linestyle="--", linewidth=1)
        axes.text(count * 1.06, 0.275, f"{minutes} min a\n100 GFLOP/s", color=SOFT, fontsize=9)
    ticks = (0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0)
    axes.set(xlabel="TFLOP do treino", ylabel="bits por byte, na validação", ylim=(0.265, 2.05), xlim=(0.2, 75))
    axes.set_yticks(ticks, [decimal(tick, 2) for tick in ticks])
    axes.set_xticks((0.3, 1, 3, 10, 30), ["0,3", "1", "3", "10", "30"])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=9.5)


PICTURES = {"referencia-do-projeto": (reference, 8, 4.4)}
