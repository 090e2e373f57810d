"""Where a model does worse than its mean says: the figures of each part of a test set, by label, length, phenomenon."""

from typing import NamedTuple

import numpy as np

from tinyllm.errors import UsageError


class Slice(NamedTuple):
    """A part of a test set: by what it was cut, which part it is, how many examples it has, and their mean figure."""

    by: str
    part: str
    support: int
    mean: float


def grouped(keys, values):
    """N keys, (N,) -> {key: (n,)}: the values of each key, in the order in which the keys first come."""
    values = np.asarray(values)
    if len(keys) != len(values):
        raise UsageError(f"{len(keys)} keys do not fit {len(values)} values; give one for each")
    places = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return {key: values[some] for key, some in places.items()}


def by_length(texts, *, parts=4):
    """Texts -> as many keys: how many words each has, in parts that hold about as many texts: '1–4 palavras'."""
    lengths = np.array([len(text.split()) for text in texts])
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, parts + 1)[1:], method="inverted_cdf"))
    part = np.searchsorted(edges, lengths)
    names = {}
    for number in np.unique(part):
        inside = lengths[part == number]
        low, high = inside.min(), inside.max()
        names[number] = f"{low} palavras" if low == high else f"{low}–{high} palavras"
    return [names[number] for number in part]


def worst(values, cuts, *, minimum=20, count=10):
    """(N,) figures, the higher the better, {by: N keys} -> the `Slice`s below the mean of all, the worst first.

    A part of less than `minimum` examples is passed over: its mean says little. At most `count` are given.
    """
    values = np.asarray(values, dtype=float)
    found = [
        Slice(by, str(part), len(some), float(some.mean()))
        for by, keys in cuts.items()
        for part, some in grouped(keys, values).items()
        if len(some) >= minimum
    ]
    below = [one for one in found if one.mean < values.mean()]
    return sorted(below, key=lambda one: (one.mean, -one.support))[:count]
