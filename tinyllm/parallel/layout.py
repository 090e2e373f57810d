"""How ranks share the work: so many replicas of a model, each cut into stages, each of these cut into slices.

Ranks are numbered with the slices innermost, then the replicas, then the stages: with dp=2, tp=2, pp=2,

    stage 0:  replica 0 is ranks 0 1,  replica 1 is ranks 2 3
    stage 1:  replica 0 is ranks 4 5,  replica 1 is ranks 6 7

Slices exchange activations several times in every block, so they are neighbours, on one machine where they can be;
replicas exchange gradients once a step; stages send one another the activations of a micro-batch alone, and may be the
farthest apart (Narayanan et al. 2021).
"""

from dataclasses import dataclass
from typing import NamedTuple

from tinyllm.config import Config, from_dict, option
from tinyllm.errors import UsageError, shown
from tinyllm.parallel.comm import Comm


class Place(NamedTuple):
    """Where a rank stands."""

    stage: int
    replica: int
    slice: int


class Groups(NamedTuple):
    """The Comms of a rank: with the other replicas of what it holds, the other slices, and the other stages."""

    replicas: Comm
    slices: Comm
    stages: Comm


@dataclass(frozen=True)
class Layout(Config):
    """How many replicas (dp, data parallel), slices (tp, tensor parallel) and stages (pp, pipeline), and which of the
    optimiser state (zero=1), the gradients (2) and the weights (3) replicas share (Rajbhandari et al. 2020)."""

    title = "paralelismo"
    dp: int = option(1, "réplicas do modelo, cada uma com a sua parte do lote", at_least=1)
    tp: int = option(1, "fatias de cada matriz", at_least=1)
    pp: int = option(1, "estágios de blocos", at_least=1)
    zero: int = option(0, "o que as réplicas dividem: 1 estado, 2 gradientes, 3 pesos", at_least=0, at_most=3)

    def __post_init__(self):
        super().__post_init__()
        if self.zero and self.dp == 1:
            raise UsageError(f"zero={self.zero} shares what replicas hold, and there is one; raise dp or leave it 0")

    @property
    def ranks(self):
        """How many ranks it takes."""
        return self.dp * self.tp * self.pp

    def of_rank(self, rank):
        """The Place of a rank."""
        others, slice = divmod(rank, self.tp)
        stage, replica = divmod(others, self.dp)
        return Place(stage, replica, slice)

    def check(self, ranks):
        """Raise UsageError unless there are as many ranks as it takes."""
        if self.ranks != ranks:
            raise UsageError(
                f"{self} takes {self.ranks} ranks, and there are {ranks}; start as many with tinyllm launch -n "
                f"{self.ranks}, or let the product of dp, tp and pp be {ranks}"
            )

    def groups(self, comm):
        """The Groups of this rank. Raises UsageError unless the Comm has as many ranks as it takes."""
        self.check(comm.size)
        stage, replica, slice = self.of_rank(comm.rank)
        return Groups(
            replicas=comm.split(stage * self.tp + slice),
            slices=comm.split(stage * self.dp + replica),
            stages=comm.split(replica * self.tp + slice),
        )

    def __str__(self):
        return f"dp={self.dp},tp={self.tp},pp={self.pp},zero={self.zero}"


def parse_layout(text):
    """The Layout of a text such as dp=2,tp=2. UsageError for another name, what is no number, and what comes twice."""
    values = {}
    for part in text.split(","):
        name, equals, number = (word.strip() for word in part.partition("="))
        if not (equals and number.isascii() and number.isdigit() and len(number) < 10):
            raise UsageError(f"{shown(part)} is no part of a layout; write it as dp=2,tp=2,pp=1,zero=1")
        if name in values:
            raise UsageError(f"{name} stands twice in the layout {shown(text)}; give it once")
        values[name] = int(number)
    return from_dict(Layout, values)
