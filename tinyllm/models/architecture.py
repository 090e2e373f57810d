"""What an architecture says of itself: how its model is made, what it learns, and what it costs.

The file of a model ends with its Architecture, to which `catalog.py` gives a name; nobody else
needs to know which there are. Its Config is no other's, and has at least vocab_size, context,
layers, width and dropout. Its costs are counted for the compiled routines on a CPU, and on a GPU
for the plain ones, which also keep every weight of the attention. They are integers of Python,
which never overflow.
"""

from collections.abc import Callable
from typing import NamedTuple

from tinyllm.data.objectives import SHARE


class Architecture(NamedTuple):
    """A kind of model, and how much it takes; a `plan` is an `estimate.Plan`."""

    config: type  # of its Config
    model: Callable  # (config, *, rng) -> the model, before any training
    objective: type  # what it learns from text
    body: Callable  # (config, *, rng) -> what of it a classifier can stand on
    kept: Callable  # (config, plan) -> Kept
    cache: Callable  # (config, tokens) -> how many numbers a text leaves to be remembered
    products: Callable  # (config, *batch) -> multiplications of the forward pass of a row
    endless: bool = False  # whether it can go on in a text beyond the context it was trained with
    rereads: bool = False  # whether it reads its tokens once more, behind its blocks

    def bare_objective(self, config):
        """The objective where there is no tokenizer: the first ids are its marks."""
        marks = self.objective.specials(config.context)
        return self.objective(config.context, config.vocab_size, range(len(marks)))

    @property
    def writes(self):
        """Whether it writes text."""
        return self.objective.writes

    @property
    def fills(self):
        """Whether it fills the gaps of a text."""
        return self.objective.fills

    @property
    def both_ways(self):
        """Whether it reads a text from both sides."""
        return self.objective.both_ways


class Kept(NamedTuple):
    """What a model keeps of each token while it is trained, counted in numbers."""

    block: int  # what a block keeps from its forward to its backward
    height: int  # what its backward holds besides, at its peak
    ends: int  # what there is outside the blocks when the loss is computed
    targets: int  # of a row: the tokens that `F.linear_cross_entropy` compares with the vocabulary


def hidden_of(number):
    """How many of so many tokens an objective hides."""
    return number * round(100 * SHARE) // 100
