"""Scaling: channels that matter more are made larger before a matrix is rounded, and smaller again after.

x W = (x / s) (s W) for any s of the channels that go in; rounding is not the same for all of them.
"""

import numpy as np

from tinyllm.compress import int4, int8
from tinyllm.compress.nibble_products import BLOCK

POWERS = np.linspace(0, 1, 21)  # those that are tried: 0 leaves all channels alone


def awq(matrix, inputs, bits):
    """(n_out, n_in), what went in -> (n_in,): s, a power of the mean magnitude of each channel, the one with which the
    output of the rounded layer is nearest to that of the layer (Lin et al. 2024, AWQ)."""
    best, least = None, np.inf
    magnitude = np.maximum(inputs.mean, 1e-4 * max(inputs.mean.max(), 1e-30))
    for power in POWERS:
        channels = magnitude**power
        channels = (channels / np.sqrt(channels.max() * channels.min())).astype(np.float32)
        scaled = matrix * channels
        step = int4.steps_of(scaled, bits).astype(np.float32)
        rounded = int4.rounded(scaled, step, bits) * np.repeat(step, BLOCK, axis=1)[:, : len(channels)]
        error = output_error(rounded / channels - matrix, inputs.gram)
        if error < least:
            best, least = channels, error
    return best


def output_error(difference, gram):
    """(n_out, n_in), (n_in, n_in) -> float: the sum of squares by which the outputs differ, for all that went in."""
    return float(((difference @ gram) * difference).sum())


def smoothed(matrix, inputs, power):
    """(n_out, n_in), what went in -> (n_in,), float: s, with which both what goes in and the matrix are about equally
    large in every channel, and how long one of 127 steps of what goes in is then (Xiao et al. 2023, SmoothQuant)."""
    went_in = np.maximum(inputs.largest, 1e-5)
    weighed = np.maximum(np.abs(matrix).max(axis=0), 1e-5)
    channels = (went_in**power / weighed ** (1 - power)).astype(np.float32)
    return channels, max(float((inputs.largest / channels).max()), 1e-30) / int8.STEPS
