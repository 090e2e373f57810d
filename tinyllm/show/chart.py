"""Charts for a page: curves and heat maps as SVG, drawn to be read on a phone, on paper and without a network."""

import html
import itertools
import math
import re

from tinyllm.plot import COLORS
from tinyllm.say import decimal, thousands

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 12, 42  # between the edges of a chart and its axes; the last tick is half a number
TICKS = 8  # the most on an axis
STEEP = 20  # a curve whose highest point is so many times its median is drawn on a logarithmic scale


def escaped(text):
    """A text as HTML, whatever stands in it: half characters and control characters too."""
    text = str(text).encode("utf-8", "replace").decode()
    return html.escape(re.sub(r"[\0-\x08\x0b-\x1f\x7f-\x9f]", "�", text))


def curves(series, *, across, up, extent=None):
    """[(name, color, points)] -> the SVG of these curves over one another.

    Points are (x, y) pairs; where y is None a curve is broken. `across` and `up` name what the axes measure; `extent`
    says from where to where y goes, if it is not as far as the points.
    """
    xs = [x for _, _, points in series for x, y in points if y is not None]
    ys = sorted(y for _, _, points in series for _, y in points if y is not None)
    logarithmic = extent is None and ys[0] > 0 and ys[-1] > STEEP * ys[len(ys) // 2]
    scale = math.log10 if logarithmic else float
    (left, right), (low, high) = bounds(xs), extent or bounds([scale(ys[0]), scale(ys[-1])], margin=0.05)

    def place(x, y):
        across = LEFT + (x - left) / (right - left) * (WIDTH - LEFT - RIGHT)
        return round(across, 1), round(HEIGHT - BOTTOM - (scale(y) - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(up)}">']
    for value in powers(low, high) if logarithmic else ticks(low, high):
        _, y = place(left, value)
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{number(value)}</text>')
    for value in ticks(left, right):
        x, _ = place(value, ys[0])
        parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{number(value)}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escaped(across)}</text>')
    for name, color, points in series:
        for stretch in stretches(points):
            parts.append(curve(name, color, [place(*point) for point in stretch]))
    return "".join([*parts, "</svg>"])


def curve(name, color, places):
    """One curve, or a dot where it has one point only."""
    title = f"<title>{escaped(name)}</title>"
    if len(places) == 1:
        return f'<circle cx="{places[0][0]}" cy="{places[0][1]}" r="3" fill="{color}">{title}</circle>'
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    return f'<polyline points="{points}" stroke="{color}">{title}</polyline>'


def stretches(points):
    """Yield the lists of points that stand next to one another, where none is missing."""
    together = []
    for x, y in [*points, (None, None)]:
        if y is not None:
            together.append((x, y))
        elif together:
            yield together
            together = []


def bounds(values, *, margin=0.0):
    """The least and the greatest, not the same, with a margin around them."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    return low - margin * (high - low), high + margin * (high - low)


def ticks(low, high):
    """At most TICKS round numbers between two."""
    rough = (high - low) / (TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def powers(low, high):
    """The powers of ten between two logarithms, or round numbers where there are fewer than two."""
    found = [10.0**n for n in range(math.ceil(low), math.floor(high) + 1)]
    every = -(-len(found) // TICKS)
    return found[::every] if len(found) > 1 else [10.0**value for value in ticks(low, high)]


def number(value):
    """A number for an axis: 1.500, 0,25, 3e-05."""
    if value and not 1e-3 <= abs(value) < 1e7:
        return f"{value:.1g}" if abs(value) < 1 else f"{value:.2g}"
    if abs(value) >= 1000 or value == round(value):
        return thousands(round(value))
    return decimal(value, 4).rstrip("0").rstrip(",")


def buckets(points, *, most, merge):
    """At most so many points: of each row of neighbours the last x, and `merge` of their y that are numbers."""
    if len(points) <= most:
        return list(points)
    cuts = [len(points) * n // most for n in range(most + 1)]
    found = []
    for first, end in itertools.pairwise(cuts):
        known = [y for _, y in points[first:end] if y is not None]
        found.append((points[end - 1][0], merge(known) if known else None))
    return found


ROW, NAMES = 15, 240  # of a heat map and of intervals: the height of a row, the width of the names beside them


def heat(rows, columns, values, *, what):
    """(names, names, {(row, column): number}) -> the SVG of a map, darker where the number is greater."""
    shades = {place: math.log10(value) for place, value in values.items() if value}
    low, high = bounds(list(shades.values()) or [0.0])
    wide, bottom = (WIDTH - NAMES) / len(columns), ROW * len(rows)
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {bottom + 22}" role="img" aria-label="{escaped(what)}">']
    for top, row in zip(range(0, bottom, ROW), rows, strict=True):
        parts.append(f'<text x="{NAMES - 6}" y="{top + 12}" text-anchor="end">{escaped(row)}</text>')
        for number_of, column in enumerate(columns):
            if (row, column) in shades:
                shade = 0.05 + 0.95 * (shades[row, column] - low) / (high - low)
                title = f"<title>{escaped(row)}, {column}: {values[row, column]:.2g}</title>"
                place = f'x="{NAMES + wide * number_of:.1f}" y="{top}" width="{wide:.1f}" height="{ROW}"'
                parts.append(f'<rect {place} fill="{COLORS[0]}" fill-opacity="{shade:.2f}">{title}</rect>')
    for x, anchor, column in ((NAMES, "start", columns[0]), (WIDTH, "end", columns[-1])):
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="{anchor}">{escaped(column)}</text>')
    return "".join([*parts, "</svg>"])


def whiskers(rows, *, what):
    """[(name, color, low, value, high)] -> the SVG of a dot and an interval for each, one below the other.

    Rows without a name stand close to the one above.
    """
    left, right = bounds([end for _, _, *ends in rows for end in ends], margin=0.05)
    tops = [*itertools.accumulate(ROW // 2 + ROW * bool(name) // 2 for name, *_ in rows)]
    bottom = tops[-1] + ROW

    def place(x):
        return round(NAMES + (x - left) / (right - left) * (WIDTH - NAMES - RIGHT), 1)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {bottom + 24}" role="img" aria-label="{escaped(what)}">']
    for value in ticks(left, right):
        parts.append(f'<path class="grid" d="M{place(value)} 0V{bottom}"/>')
        parts.append(f'<text x="{place(value)}" y="{bottom + 17}" text-anchor="middle">{number(value)}</text>')
    for y, (name, color, low, value, high) in zip(tops, rows, strict=True):
        title = f"<title>{escaped(name)}: {number(low)} a {number(high)}</title>"
        parts.append(f'<text x="{NAMES - 8}" y="{y + 4}" text-anchor="end">{escaped(name)}</text>')
        parts.append(f'<path d="M{place(low)} {y}H{place(high)}" stroke="{color}" stroke-width="2">{title}</path>')
        parts.append(f'<circle cx="{place(value)}" cy="{y}" r="3.5" fill="{color}">{title}</circle>')
    return "".join([*parts, "</svg>"])
