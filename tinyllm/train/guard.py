"""The guard: a step that would spoil the weights is skipped, and ten skipped in a row end the training.

A step is skipped if its loss or its gradient is no finite number and, if spikes are to be skipped too, if its loss is
far above those of the steps before it: above their median by DEVIATIONS times their median distance from it. Medians
do not follow the few that are far away, as means do. The loss falls while a model learns, which only makes the distance
larger; a distance under a hundredth of the median counts as one, for a loss that hardly moves must not become a trap.
"""

import collections
import math
import statistics

from tinyllm.errors import UsageError

IN_A_ROW = 10  # steps skipped: the training ends
WINDOW, LEAST = 64, 16  # the losses that are remembered; the guard knows no spike before it has seen a few
DEVIATIONS, SMALLEST = 8, 0.01

LOSS, GRADIENT, SPIKE = "loss", "gradient", "spike"  # why a step was skipped


class Guard:
    """Which steps are taken. What it remembers goes into the checkpoint, so that a resumed run skips the same ones."""

    def __init__(self, *, spikes=False, scale=None):
        self.scale = scale  # the LossScale of mixed precision; what overflows for its sake is no sign of trouble
        self.spikes, self.recent = spikes, collections.deque(maxlen=WINDOW)  # the losses of steps that were taken
        self.skipped = self.in_a_row = 0

    def objection(self, loss, norm):
        """Why a step with this loss, and a gradient of this length, must not be taken; None if it may."""
        if not math.isfinite(loss):
            return LOSS
        if not math.isfinite(norm):
            return GRADIENT
        return SPIKE if self.spikes and loss > self.highest() else None

    def highest(self):
        """The largest loss that is no spike."""
        if len(self.recent) < LEAST:
            return math.inf
        middle = statistics.median(self.recent)
        distance = statistics.median(abs(loss - middle) for loss in self.recent)
        return middle + DEVIATIONS * max(distance, SMALLEST * abs(middle))

    def take(self, loss):
        """A step was taken."""
        self.in_a_row = 0
        if self.scale:
            self.scale.take()
        if self.spikes:
            self.recent.append(loss)

    def skip(self, why, *, step, loss, norm, config, anomaly=None):
        """Step number `step`, from 1, was skipped. Raises UsageError if it was the last of ten in a row."""
        self.skipped += 1
        if self.scale and why != SPIKE and self.scale.halve() and why == GRADIENT:
            return
        self.in_a_row += 1
        if self.in_a_row < IN_A_ROW:
            return
        if why == SPIKE:
            found = f"the loss is {loss}, and what is above {self.highest()} is a spike"
            mend = f"train anew without skip_spikes, or with a lower learning_rate={config.learning_rate}"
        else:
            found = f"the loss is {loss} and the gradient's length {norm}{f', and {anomaly}' if anomaly else ''}"
            mend = (
                f"lower learning_rate={config.learning_rate} or clip={config.clip} in a new run, or look for bad data"
            )
        raise UsageError(f"{IN_A_ROW} steps in a row were skipped: at step {step} {found}; {mend}")

    def state(self):
        """What JSON can hold of it."""
        mine = {"skipped": self.skipped, "in_a_row": self.in_a_row, "recent": list(self.recent)}
        return mine | (self.scale.state() if self.scale else {})

    def load_state(self, state):
        """Go on from what `state` gave."""
        self.skipped, self.in_a_row = state["skipped"], state["in_a_row"]
        self.recent = collections.deque(state["recent"], maxlen=WINDOW)
        if self.scale:
            self.scale.load_state(state)
