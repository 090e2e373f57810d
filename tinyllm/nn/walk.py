"""The walk through a model: from ids into the stream, from block to block, and out of it.

Whoever can be walked has three things: `begin(ids, …)`, which gives x, (B, T, C), and a tuple of
what every block is given beside x; `blocks`, one after the other; and `end(x)`. Who wants to stop
between two blocks (to forget, to fetch, to measure) walks by himself.
"""


def through(blocks, x, shared, caches=None):
    """(B, T, C) -> (B, T, C): x through every block; with caches, one each, it goes on there."""
    if caches is None:
        for block in blocks:
            x = block(x, *shared)
    else:
        for block, cache in zip(blocks, caches, strict=True):
            x = block(x, *shared, cache)
    return x
