"""Text that is no Portuguese but weighs as much: words of its syllables, as uneven in number as real words are.

A corpus of stories would flatter whoever counts words, for it has few of them. Here the n-th most frequent of 150
thousand comes about 1 / n as often (Zipf 1949), some are capitalised, and marks, numbers and empty lines stand between.
"""

import itertools

import numpy as np

WORDS = 150_000
AT_ONCE = 200_000
SYLLABLE_STARTS = [
    *"bcdfgjlmnprstvxz",
    "qu",
    "br",
    "bl",
    "cr",
    "cl",
    "dr",
    "fr",
    "fl",
    "gr",
    "pr",
    "pl",
    "tr",
    "lh",
    "nh",
]
VOWELS = [*"aeiouaeoaoãéáóíâê", "ão", "ei", "ou", "ai", "ia", "io"]
SYLLABLE_ENDS = ["", "", "", "", "r", "s", "l", "m", "n", "s", "", "", ""]
BETWEEN = [" "] * 82 + [", "] * 9 + [". "] * 6 + ["! ", "? ", ".\n\n"]


def make_words(rng):
    """Generator of random numbers -> list of different words, the short ones first."""
    parts = itertools.product(SYLLABLE_STARTS, VOWELS, SYLLABLE_ENDS)
    syllables = np.array(["".join(part) for part in parts], object)
    words = {}
    for count in itertools.cycle((1, 2, 2, 3, 3, 3, 4)):
        if len(words) >= WORDS:
            return sorted(words, key=len)[:WORDS]
        words |= dict.fromkeys(rng.choice(syllables, size=(WORDS // 8, count)).sum(axis=1))


def make_text(megabytes, *, seed=0):
    """Generator of str, which joined are a text of about so many megabytes of UTF-8."""
    rng = np.random.default_rng(seed)
    words, between = np.array(make_words(rng), object), np.array(BETWEEN, object)
    shares = np.cumsum(1 / (np.arange(WORDS) + 2.7))
    left = megabytes * 1_000_000
    while left > 0:
        some = words[np.searchsorted(shares, rng.random(AT_ONCE) * shares[-1])]
        for place in np.flatnonzero(rng.random(AT_ONCE) < 0.06):
            some[place] = some[place].capitalize()
        for place in np.flatnonzero(rng.random(AT_ONCE) < 0.01):
            some[place] = str(rng.integers(2100))
        text = "".join(some + rng.choice(between, size=AT_ONCE))
        left -= len(text.encode())
        yield text
