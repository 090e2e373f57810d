"""Positions as numbers: waves to be added to a token, and the buckets of how far apart two tokens are."""

import numpy as np

from tinyllm.errors import UsageError


def sinusoids(positions, channels, *, base=10000.0):
    """(T,) of numbers -> (T, C) float32: channels 2i and 2i + 1 are sine and cosine of position / base^(2i / C).

    Vaswani et al. 2017. Raises UsageError for an odd number of channels.
    """
    if channels % 2:
        raise UsageError(
            f"sinusoidal positions come in pairs of channels, but there are {channels}; take an even width"
        )
    frequencies = base ** (-np.arange(0, channels, 2) / channels)
    angles = np.asarray(positions, np.float64)[:, None] * frequencies  # (T, C / 2)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(angles), channels).astype(np.float32)


def relative_buckets(distances, *, buckets, furthest, both_ways):
    """(...) of how far ahead a key is of its query -> (...) buckets of 0..buckets-1 (Raffel et al. 2020).

    Near distances have a bucket each, far ones share it, on a logarithmic scale up to `furthest`, from where on all are
    alike. `both_ways` keeps half of the buckets for keys ahead; without it these count as distance 0.
    """
    distances = np.asarray(distances)
    if both_ways:
        buckets //= 2
        ahead, far = buckets * (distances > 0), np.abs(distances)
    else:
        ahead, far = 0, np.maximum(-distances, 0)
    exact = buckets // 2
    log_share = np.log(np.maximum(far, 1) / exact) / np.log(furthest / exact)
    shared = np.minimum(exact + (log_share * (buckets - exact)).astype(np.int64), buckets - 1)
    return ahead + np.where(far < exact, far, shared)
