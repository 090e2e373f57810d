"""How much a model's figures fall when its texts are spoilt: the score as a function of the noise."""

import numpy as np

from tinyllm.evaluate.noise import noisy

LEVELS = (0.0, 0.05, 0.1, 0.2, 0.4)


def curve(score, examples, kind, *, levels=LEVELS, seed=0):
    """N examples -> (L, N): the figure of each example at each level of a kind of noise.

    `score` turns a list of examples into (N,) figures. The noise is in what a model reads, a text, a context or a
    question, never in the label, the target or the options.
    """
    return np.stack([np.asarray(score(spoilt(examples, kind, level, seed=seed)), dtype=float) for level in levels])


def spoilt(examples, kind, level, *, seed=0):
    """A list of examples -> the same with noise in what a model reads, which is the first field of each."""
    texts = noisy([example[0] for example in examples], kind, level, seed=seed)
    return [type(example)(text, *example[1:]) for example, text in zip(examples, texts, strict=True)]
