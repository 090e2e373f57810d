"""Choosing the next token: small functions on logits, applied in a row, and a draw."""

from dataclasses import dataclass

import numpy as np

from tinyllm.config import Config, option


@dataclass(frozen=True)
class SampleConfig(Config):
    """How to choose the next token."""

    title = "escolha dos tokens"
    temperature: float = option(
        0.8, "acima de 1 ousa mais, abaixo de 1 menos; 0 toma sempre o mais provável", at_least=0
    )
    top_k: int = option(0, "só os k tokens mais prováveis; 0: todos", at_least=0)
    top_p: float = option(0.95, "só os mais prováveis que juntos somam p", above=0, at_most=1)
    seed: int = option(0, "semente do sorteio", at_least=0, at_most=2**32 - 1)


def temperature(logits, t):
    """(V,) -> (V,): flatter for t > 1, sharper for t < 1; at t = 0 only the largest stays."""
    if t == 0:
        return _only(logits, [int(logits.argmax())])
    with np.errstate(over="ignore"):  # a tiny t sends all but the largest to -inf
        return (logits - logits.max()).astype(np.float64) / t


def top_k(logits, k):
    """(V,) -> (V,): all but the k largest become -inf (Fan et al. 2018). Of equal ones the lower id stays."""
    if k >= len(logits):
        return logits
    kept = np.argsort(-logits, kind="stable")[:k]
    return _only(logits, kept)


def top_p(logits, p):
    """(V,) -> (V,): keep the fewest tokens whose probabilities sum to p or more (Holtzman et al. 2020)."""
    order = np.argsort(-logits, kind="stable")
    sums = np.cumsum(probabilities(logits)[order])
    kept = order[: np.searchsorted(sums, p) + 1]
    return _only(logits, kept)


def probabilities(logits):
    """(V,) -> (V,) float64: their softmax."""
    e = np.exp(logits.astype(np.float64) - logits.max())
    return e / e.sum()


def draw(logits, rng):
    """(V,) -> a token id, drawn with the probabilities softmax(logits)."""
    return draw_from(probabilities(logits), rng)


def draw_from(chances, rng):
    """(V,) of numbers of which each is as probable as it is large -> a token id, drawn."""
    sums = np.cumsum(chances)
    return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))


def sampler(config):
    """A function of logits (V,) that chooses an id: temperature, top-k, top-p, then a draw seeded by the config."""
    rng = np.random.default_rng(config.seed)

    return lambda logits: draw(processed(logits, config), rng)


def processed(logits, config):
    """(V,) -> (V,): the logits that a token is drawn from."""
    logits = temperature(logits, config.temperature)
    if config.top_k:
        logits = top_k(logits, config.top_k)
    if config.top_p < 1:
        logits = top_p(logits, config.top_p)
    return logits


def _only(logits, kept):
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out
