"""A pipeline's schedule as a picture, boxes per stage over time, and as rows of the terminal."""

from tinyllm.parallel.schedule import FORWARD, bubble, held, one_forward_one_backward, timeline
from tinyllm.plot import COLORS, INK, PAPER
from tinyllm.say import percent

BLUE, ORANGE = COLORS[:2]
ACROSS = 80  # characters of a row
NAMED = 60  # the most units of time over which a box has room for its number
BEGINNING = 10  # micro-batches, of one digit: a row shows no more


def show_schedule(stages, micro_batches):
    """Print the beginning of the 1F1B schedule of so many stages."""
    print("\nQuem calcula o quê, no começo de um passo (→ a ida de um microlote, ← a volta, · à espera):\n")
    for row in rows_of(one_forward_one_backward(stages, min(micro_batches, BEGINNING))):
        print(row if len(row) <= ACROSS else f"{row[: ACROSS - 1]}…")


def rows_of(schedule):
    """The lines of a schedule: one per stage, a cell per unit of time, → 0 the forward of micro-batch 0 and ← 0 its
    backward, which takes two."""
    spans = timeline(schedule)
    wide = len(str(max(span.step.micro_batch for span in spans)))
    rows = [["·".rjust(wide + 1)] * max(span.end for span in spans) for _ in schedule]
    for (stage, way, micro_batch), begin, end in spans:
        rows[stage][begin:end] = ["─" * (wide + 1)] * (end - begin)
        rows[stage][begin] = f"{'→' if way == FORWARD else '←'}{micro_batch:>{wide}}"
    return [f"  estágio {stage}  {' '.join(row)}" for stage, row in enumerate(rows)]


def paint_schedules(all_axes, schedules):
    """Paint {name: schedule} into as many axes, one above the other."""
    for axes, (name, schedule) in zip(all_axes, schedules.items(), strict=True):
        spans = timeline(schedule)
        total = max(span.end for span in spans)
        for (stage, way, micro_batch), begin, end in spans:
            color = BLUE if way == FORWARD else ORANGE
            axes.barh(stage, end - begin, left=begin, height=0.86, color=color, edgecolor=PAPER, linewidth=1)
            if total <= NAMED:
                axes.text((begin + end) / 2, stage, str(micro_batch), ha="center", va="center", color=PAPER, fontsize=9)
        kept = ", ".join(map(str, held(schedule)))
        title = f"{name}: {percent(bubble(schedule))} do tempo parado; ativações de {kept} microlotes"
        axes.set_title(title, loc="left", fontsize=10)
        axes.set(yticks=range(len(schedule)), ylabel="estágio", xlim=(0, total), ylim=(len(schedule) - 0.4, -0.6))
        axes.tick_params(length=0)
    all_axes[-1].set_xlabel("tempo (a ida, 1; a volta, 2)")
    for label, color in (("a ida", BLUE), ("a volta", ORANGE)):
        all_axes[0].barh(0, 0, color=color, label=label)
    all_axes[0].legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), labelcolor=INK, fontsize=9)
