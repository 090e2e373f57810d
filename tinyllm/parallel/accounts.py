"""What each rank of an arranged model holds, and what it exchanges in a step: counted, without running anything."""

import math
from typing import NamedTuple

from tinyllm.models import catalog
from tinyllm.parallel.pipeline import walked
from tinyllm.parallel.tensor import cuts_of, has_own_vocabulary, rule_of
from tinyllm.parallel.workers import cut


class Exchanged(NamedTuple):
    """The bytes that a rank gives its Comms in a step, without what replicas exchange.

    A ring of n ranks carries 2 (n - 1) / n of what is summed and n - 1 of what is gathered (ring.py).
    """

    summed: int  # over the slices
    gathered: int  # from the slices
    passed: int  # to the stages before and after
    tied: int  # summed over the first and the last stage


def stage_weights(model, stages):
    """[the set of the weights of each stage], of a model that may be in outline.

    The first has what is defined before the blocks, the last one what is defined after them or outside, and both the
    embedding of the tokens.
    """
    everything = {weight for _, weight in model.named_weights()}
    if stages == 1:
        return [everything]
    walk = walked(model)
    before = list(vars(walk).items())[: list(vars(walk)).index("blocks")]
    first = {weight for _, module in before if hasattr(module, "named_weights") for _, weight in module.named_weights()}
    tied = {weight for _, weight in walk.tokens.named_weights()}
    of_blocks = [{weight for _, weight in block.named_weights()} for block in walk.blocks]
    found = [set().union(*of_blocks[lo:hi]) for lo, hi in cut(len(of_blocks), stages)]
    found[0] |= first
    found[-1] |= everything.difference(first, *of_blocks) | tied
    return found


def held_numbers(model, layout, place):
    """How many numbers of a model, which may be in outline, the rank at a Place of a Layout holds.

    Of a GPT's block, 12 C² + 13 C, these are (12 C² + 7 C) / tp + 6 C: norms and the biases of what is cut by rows are
    whole.
    """
    cuts = cuts_of(model) if layout.tp > 1 else {}

    def share(weight):
        if weight not in cuts:
            return weight.data.size
        axis, parts = cuts[weight]
        lo, hi = cut(weight.shape[axis] // parts, layout.tp)[place.slice]
        return math.prod(weight.shape) // weight.shape[axis] * parts * (hi - lo)

    return sum(share(weight) for weight in stage_weights(model, layout.pp)[place.stage])


def exchanged(model, layout, place, rows, *, itemsize=4):
    """The Exchanged of the rank at a Place in a step of so many rows of its replica, each a whole context.

    Of (rows, T, C) activations, slices sum four in each block of a GPT: what leaves the attention and the feed-forward,
    and backward what entered them (Shoeybi et al. 2019); one more where tokens are embedded and one where they are
    compared with the vocabulary, of which each position gathers three numbers; the last stage of a model that rereads
    its tokens embeds them once more, and again if it is not the first. A stage passes one on, and one back (Huang et
    al. 2019). What is not counted is the length of the gradient and the loss: three numbers of 8 bytes.
    """
    walk, (tp, pp) = walked(model), (layout.tp, layout.pp)
    tokens = rows * model.config.context
    activation = tokens * model.config.width * itemsize
    first, last = place.stage == 0, place.stage == pp - 1
    lo, hi = cut(len(walk.blocks), pp)[place.stage]
    vocabulary = has_own_vocabulary(model) and tp > 1
    embedded = first + (2 - first) * (last and catalog.architecture_of(model.config).rereads)
    sums = sum(map(sums_of, walk.blocks[lo:hi])) + (vocabulary and embedded + last) if tp > 1 else 0
    ends = first != last
    table = walk.tokens.weight
    mine = cut(len(table), tp if vocabulary else 1)[place.slice if vocabulary else 0]
    return Exchanged(
        summed=sums * activation,
        gathered=3 * tokens * itemsize if vocabulary and last else 0,
        passed=((not first) + (not last)) * activation,
        tied=(mine[1] - mine[0]) * table.shape[1] * itemsize if ends else 0,
    )


def sums_of(block):
    """How many activations the slices sum in a block, there and back."""
    rules = [rule_of(module) for _, module in block.named_modules()]
    return sum(1 + rule.entering for rule in rules if rule)
