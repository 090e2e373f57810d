"""Pipeline schedules: which stage of a model computes which micro-batch when. A schedule is data, and runs nothing.

A stage has some blocks of the model, and its step is the forward or the backward of one micro-batch. It waits for the
stage before it or, backward, for the one after it; how long the stages stand idle, and of how many micro-batches they
keep the activations, is all that two schedules differ in.
"""

from typing import NamedTuple

from tinyllm.errors import UsageError

FORWARD, BACKWARD = "forward", "backward"


class Step(NamedTuple):
    """What a stage does: the forward or the backward of a micro-batch."""

    stage: int
    way: str
    micro_batch: int


class Span(NamedTuple):
    """A step and the time it takes, from `begin` to `end`."""

    step: Step
    begin: float
    end: float


def gpipe(stages, micro_batches):
    """[the steps of each stage, in order]: all forwards, then all backwards (GPipe, Huang et al. 2019)."""
    return [warmed_up(stage, micro_batches, before=micro_batches) for stage in range(stages)]


def one_forward_one_backward(stages, micro_batches):
    """[the steps of each stage, in order]: as soon as a stage can, it turns to a backward, so that it never holds more
    micro-batches than there are stages from it on (1F1B, PipeDream-Flush, Narayanan et al. 2021)."""
    return [warmed_up(stage, micro_batches, before=min(stages - stage, micro_batches)) for stage in range(stages)]


def warmed_up(stage, micro_batches, *, before):
    """The steps of a stage that does so many forwards before its first backward, then one of each in turn."""
    forward = [Step(stage, FORWARD, number) for number in range(micro_batches)]
    backward = [Step(stage, BACKWARD, number) for number in range(micro_batches)]
    steps = forward[:before]
    for number, step in enumerate(backward):
        steps += [step, *forward[before + number : before + number + 1]]
    return steps


SCHEDULES = {"gpipe": gpipe, "1f1b": one_forward_one_backward}


def timeline(schedule, *, forward=1, backward=2):
    """The Spans of all stages if a forward and a backward take so long, and what is sent arrives at once.

    The backward of a product is two products, hence the 2. Raises UsageError for a schedule in which all wait.
    """
    waiting, free, ends, spans = [list(steps) for steps in schedule], [0] * len(schedule), {}, []
    while any(waiting):
        before = len(spans)
        for stage, steps in enumerate(waiting):
            while steps and (needed := needs(steps[0], len(schedule))) <= ends.keys():
                step = steps.pop(0)
                begin = max([free[stage], *(ends[one] for one in needed)])
                free[stage] = ends[step] = begin + (forward if step.way == FORWARD else backward)
                spans.append(Span(step, begin, ends[step]))
        if len(spans) == before:
            raise UsageError(f"all stages wait for one another after {before} steps; order each as gpipe does")
    return sorted(spans, key=lambda span: (span.begin, span.step.stage))


def needs(step, stages):
    """The steps that must be done before this one can begin, besides those of its own stage before it."""
    if step.way == FORWARD:
        return {step._replace(stage=step.stage - 1)} if step.stage else set()
    if step.stage < stages - 1:
        return {step._replace(stage=step.stage + 1)}
    return {step._replace(way=FORWARD)}


def bubble(schedule, **lengths):
    """The fraction of the time in which a stage stands idle: (p - 1) / (m + p - 1) of p stages, m micro-batches."""
    spans = timeline(schedule, **lengths)
    busy = sum(span.end - span.begin for span in spans)
    return 1 - busy / (len(schedule) * max(span.end for span in spans))


def held(schedule):
    """[the most micro-batches of which each stage keeps the activations at once]: m in GPipe, in 1F1B at most p."""
    most = []
    for steps in schedule:
        now, highest = 0, 0
        for step in steps:
            now += 1 if step.way == FORWARD else -1
            highest = max(highest, now)
        most.append(highest)
    return most
