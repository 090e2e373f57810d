"""Units: the parameters of each block, and the rest, as rows of numbers that ranks exchange whole and own in shares.

A unit of n numbers is filled up with zeros to `size` equal shares, and rank r owns share number r (Rajbhandari et al.
2020). Data parallel and ZeRO cut alike, so that what they sum is summed in one order.
"""

import itertools
import re

from tinyllm.backend.arrays import array_module
from tinyllm.errors import UsageError


class Unit:
    """Some parameters, {name: Parameter}, one after the other, for the ranks of a Comm."""

    def __init__(self, parameters, comm):
        self.parameters, self.comm = parameters, comm
        self.places, self.numbers, self.row = {}, 0, None
        for p in parameters.values():
            self.places[p] = slice(self.numbers, self.numbers + p.data.size)
            self.numbers += p.data.size
        self.share = -(-self.numbers // comm.size)
        self.first = comm.rank * self.share  # of this rank's numbers
        types = {p.dtype for p in parameters.values()}
        if len(types) > 1:
            raise UsageError(f"ranks share parameters of one type, not of {' and '.join(sorted(map(str, types)))}")

    def new_row(self):
        """(size · share,): of the type and on the device of the parameters; only what fills it up is 0 already."""
        like = next(iter(self.parameters.values())).data
        row = array_module(like).empty(self.share * self.comm.size, like.dtype)
        row[self.numbers :] = 0
        return row

    def filled(self, arrays):
        """{Parameter: array} -> (size · share,): a new row of them."""
        row = self.new_row()
        for p, place in self.places.items():
            row[place] = arrays[p].reshape(-1)
        return row

    def place(self, row):
        """Let (size · share,) be the weights of the parameters."""
        self.row = row
        for p, view in self.views(row).items():
            p.data = view

    def take_away(self):
        """Leave the parameters without weights: what is computed with them is no number."""
        self.row = None
        for p in self.places:
            xp = array_module(p.data)
            p.data = xp.broadcast_to(xp.asarray(float("nan"), dtype=p.dtype), p.shape)

    def views(self, row):
        """(size · share,) -> {Parameter: its part, in its shape}, which are not copies."""
        return {p: row[place].reshape(p.shape) for p, place in self.places.items()}

    def of_rank(self, row):
        """(size · share,) -> (share,): what this rank owns, not a copy."""
        return row[self.first : self.first + self.share]

    def share_of(self, arrays):
        """Arrays of all that this rank owns, in order -> (share,): one after the other, filled up with 0."""
        own = self.of_rank(self.new_row())
        own[...] = 0
        ends = list(itertools.accumulate((array.size for array in arrays), initial=0))
        for array, first, end in zip(arrays, ends, ends[1:], strict=False):
            own[first:end] = array
        return own

    def owned(self):
        """{Parameter: (first, end)} of what this rank owns, counted in the numbers of each."""
        ends = self.first + self.share
        cuts = {
            p: (max(self.first, place.start) - place.start, min(ends, place.stop) - place.start)
            for p, place in self.places.items()
        }
        return {p: (lo, hi) for p, (lo, hi) in cuts.items() if lo < hi}

    def owned_views(self, share):
        """(share,) -> {Parameter: (n,), its numbers that this rank owns}, which are not copies."""
        starts = {p: self.places[p].start - self.first for p in self.parameters.values()}
        return {p: share[starts[p] + lo : starts[p] + hi] for p, (lo, hi) in self.owned().items()}


def blocks_of(model):
    """{path: module} of all blocks, which are in lists of that name, with their wrappers."""
    found = {}
    for path, module in model.named_modules():
        if re.fullmatch(r"(.*\.)?blocks\.\d+", path):
            found.setdefault(path, module)  # a wrapper comes before what it is around
    return found


def units_of(model, comm):
    """{"" for the rest, and path of a block: Unit} of all that a model learns, the blocks in the order of the model.

    The gradient of the rest, with the embeddings, is complete last. What two blocks share, or a block and the rest, is
    of the rest.
    """
    blocks = blocks_of(model)
    inside = {path: {weight for _, weight in block.named_weights()} for path, block in blocks.items()}
    outside = {weight for _, weight in model.named_weights(apart=blocks.values())}
    members = {path: {} for path in ("", *blocks)}
    for name, p in model.named_parameters():
        homes = [path for path, weights in inside.items() if p in weights]
        members[homes[0] if len(homes) == 1 and p not in outside else ""][name] = p
    return {path: Unit(parameters, comm) for path, parameters in members.items() if parameters}
