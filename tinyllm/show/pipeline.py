"""A pipeline's schedule as a picture, boxes per stage over time, and as rows of the terminal."""

from tinyllm import plot
from tinyllm.parallel.schedule import FORWARD, bubble, held, timeline
from tinyllm.plot import COLORS, INK, PAPER
from tinyllm.say import percent

BLUE, ORANGE = COLORS[:2]


def rows_of(schedule):
    """The lines of a schedule for the terminal: one per stage, a cell per unit of time, → 0 the forward of micro-batch
    0 and ← 0 its backward, which takes two."""
    spans = timeline(schedule)
    wide = len(str(max(span.step.micro_batch for span in spans)))
    rows = [["·".rjust(wide + 1)] * max(span.end for span in spans) for _ in schedule]
    for (stage, way, micro_batch), begin, end in spans:
        rows[stage][begin:end] = ["─" * (wide + 1)] * (end - begin)
        rows[stage][begin] = f"{'→' if way == FORWARD else '←'}{micro_batch:>{wide}}"
    return [f"estágio {stage}  {' '.join(row)}" for stage, row in enumerate(rows)]


def draw_schedules(path, schedules):
    """Draw {name: schedule}, one below the other. Raises UsageError as `plot.check` does."""
    height = 0.7 + sum(0.9 + 0.32 * len(schedule) for schedule in schedules.values())
    plot.draw(path, lambda figure: paint(figure, schedules), height=height)


def paint(figure, schedules):
    """Fill a figure with {name: schedule}."""
    all_axes = figure.subplots(len(schedules), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, schedule) in zip(all_axes, schedules.items(), strict=True):
        for (stage, way, micro_batch), begin, end in timeline(schedule):
            color = BLUE if way == FORWARD else ORANGE
            axes.barh(stage, end - begin, left=begin, height=0.86, color=color, edgecolor=PAPER, linewidth=1)
            axes.text((begin + end) / 2, stage, str(micro_batch), ha="center", va="center", color=PAPER, fontsize=9)
        kept = ", ".join(map(str, held(schedule)))
        title = f"{name}: {percent(bubble(schedule))} do tempo parado; ativações de {kept} microlotes"
        axes.set_title(title, loc="left", fontsize=10)
        axes.set(yticks=range(len(schedule)), ylabel="estágio", ylim=(len(schedule) - 0.4, -0.6))
        axes.tick_params(length=0)
    all_axes[-1].set_xlabel("tempo (para a frente, 1; para trás, 2)")
    for label, color in (("para a frente", BLUE), ("para trás", ORANGE)):
        all_axes[0].barh(0, 0, color=color, label=label)
    all_axes[0].legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), labelcolor=INK, fontsize=9)
