"""A curve in a terminal, out of the dots of braille: two across and four down in each character."""

import math
from statistics import fmean

from tinyllm.say import decimal, thousands
from tinyllm.show.chart import bounds, buckets
from tinyllm.train import log

WIDTH, HEIGHT = 60, 8  # characters
DOTS = (
    (0x01, 0x02, 0x04, 0x40),
    (0x08, 0x10, 0x20, 0x80),
)  # the bits of the left ones and of the right ones, downwards


class LossCurve:
    """The loss of a run over its steps, those up to `step` as its log tells them, drawn again after each validation."""

    def __init__(self, run, step):
        lines = log.read(run.folder / log.STEPS, warn=lambda problem: None)
        self.points = [(line["step"], line["loss"]) for line in lines if "loss" in line and line["step"] <= step]

    def add(self, report):
        self.points.append((report.step, report.loss))

    def drawn(self):
        """The lines of the picture."""
        (first, _), (last, _) = self.points[0], self.points[-1]
        steps = f"{thousands(first)} a {thousands(last)}"
        return [f"  perda no treino, passos {steps}", *braille(self.points, width=WIDTH, height=HEIGHT)]


def braille(points, *, width, height):
    """[(x, y)] -> the lines of a picture of so many characters, beside the highest and the lowest y.

    Neighbours in one column of dots become their mean; columns next to one another are joined. What is no number is
    left out.
    """
    known = [(x, y) for x, y in points if y is not None and math.isfinite(y)]
    means = [y for _, y in buckets(known, most=2 * width, merge=fmean)]
    if not means:
        return []
    low, high = bounds(means)
    tall = 4 * height
    rows = [min(tall - 1, int((high - y) / (high - low) * tall)) for y in means]
    cells = [[0] * width for _ in range(height)]
    for column, row in enumerate(rows):
        before = rows[max(0, column - 1)]
        for dot in range(min(row, before + (before < row)), max(row, before - (before > row)) + 1):
            cells[dot // 4][column // 2] |= DOTS[column % 2][dot % 4]
    labels = {0: decimal(max(means), 3), height - 1: decimal(min(means), 3)}
    return [
        f"{labels.get(number, ''):>9} {''.join(chr(0x2800 + bits) for bits in line)}"
        for number, line in enumerate(cells)
    ]
