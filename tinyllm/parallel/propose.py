"""Which layout of so many devices trains a model fastest, and what a whole training would ask for."""

import functools
import itertools
from typing import NamedTuple

from tinyllm.errors import UsageError
from tinyllm.memory import estimate
from tinyllm.parallel.layout import Layout
from tinyllm.parallel.plan import Memory, Setup, Step, memory, slices_of, stages_of, states, step


class Proposal(NamedTuple):
    """A training, and what it takes."""

    config: object  # of the model
    setup: Setup
    memory: Memory
    step: Step

    @property
    def fits(self):
        return self.memory.total <= self.setup.cluster.memory

    @property
    def tokens(self):
        """How many a step learns."""
        return self.setup.batch * self.config.context

    @property
    def complexity(self):
        """The fewer stages, slices and shares the better, then the smaller micro-batch."""
        setup = self.setup
        return setup.layout.pp, setup.layout.tp, setup.layout.zero, setup.recompute, setup.micro_batch


def judge(config, setup):
    """What a training takes. Raises UsageError if the model and the batch cannot be cut so."""
    setup.check(config)
    return Proposal(config, setup, memory(config, setup), step(config, setup))


def best_of_layout(config, setup, *, micro_batch=None, recompute=None):
    """With the layout of a setup, the best of all micro-batches, recomputing or not, or of those asked for.

    Raises UsageError as `judge` does.
    """
    micro_batches = [micro_batch] if micro_batch else divisors(max(1, setup.batch // setup.layout.dp))
    return best([
        judge(config, setup._replace(micro_batch=rows, recompute=again))
        for again in ((False, True) if recompute is None else (recompute,))
        for rows in micro_batches
    ])  # fmt: skip


def best_layout(config, setup, devices, *, micro_batch=None, recompute=None):
    """The best of all layouts of so many devices. Raises UsageError if there is none."""
    rows = micro_batch or 1
    layouts = [
        Layout(dp, tp, pp, zero)
        for tp, pp in itertools.product(divisors(slices_of(config)), divisors(devices))
        if pp <= stages_of(config)
        and devices % (tp * pp) == 0
        and setup.batch % (rows * (dp := devices // (tp * pp))) == 0
        for zero in range(1 if dp == 1 else 3 if pp > 1 else 4)
    ]
    if not layouts:
        raise UsageError(
            f"devices={devices} cannot share batch={setup.batch} in parts of {rows}, nor the blocks and heads of this "
            f"model; make the batch a multiple of {rows * devices}"
        )
    return best([
        best_of_layout(config, setup._replace(layout=layout), micro_batch=micro_batch, recompute=recompute)
        for layout in layouts
    ])  # fmt: skip


def best(proposals):
    """The fastest that fits, or the smallest if none does. Of those within 1 % of it, the simplest."""
    fitting = [each for each in proposals if each.fits]
    if not fitting:
        return min(proposals, key=lambda each: each.memory.total)
    limit = 1.01 * min(each.step.total for each in fitting)
    return min((each for each in fitting if each.step.total <= limit), key=lambda each: each.complexity)


@functools.lru_cache
def divisors(number):
    return tuple(each for each in range(1, number + 1) if number % each == 0)


# ------------------------------------------------------------------------------------------------------------ resources

TOKENS_PER_PARAMETER = 20  # of a training that spends its operations best (Hoffmann et al. 2022)
OPERATIONS_PER_TOKEN = 6  # for each parameter: a product and its sum, there and twice back (Kaplan et al. 2020)


class Resources(NamedTuple):
    """What a whole training asks for."""

    parameters: int
    tokens: int
    operations: int
    seconds: float
    states: int  # bytes of weights, gradients and optimiser, over all devices
    money: float | None


def resources(proposal, *, tokens, times=1, price=None):
    """What a model takes to learn so many tokens on the devices of a proposal, at as many operations a second; or one
    of so many times the size, from so many times the tokens. `price` is that of a device for an hour."""
    setup, parameters = proposal.setup, estimate.parameters(proposal.config)
    seconds = times**2 * tokens / proposal.tokens * proposal.step.total
    return Resources(
        parameters=times * parameters,
        tokens=times * tokens,
        operations=OPERATIONS_PER_TOKEN * times**2 * parameters * tokens,
        seconds=seconds,
        states=round(sum(states(times * parameters, setup.cluster.precision, optimizer=setup.optimizer))),
        money=None if price is None else price * setup.layout.ranks * seconds / 3600,
    )
