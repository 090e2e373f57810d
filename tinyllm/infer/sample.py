"""Choosing the next token: small functions on logits, applied in a row, and a draw.

The order is that of `Shaping`:

1. what the text says (`penalties`): biases and what is forbidden, the penalties for repetition, n tokens that would
   come again, an end that would come too early; and what a constraint forbids (`constrain`);
2. the temperature;
3. the cuts: top-k, top-p, min-p, typical, epsilon, eta, each of what the one before has left;
4. the draw, seeded; with mirostat, after a cut of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.infer import penalties


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
    min_p: float = option(0.0, "só os que têm pelo menos esta parte da probabilidade do maior", at_least=0, at_most=1)
    typical_p: float = option(1.0, "só os de surpresa mais próxima da esperada que juntos somam p", above=0, at_most=1)
    epsilon: float = option(0.0, "só os de probabilidade de pelo menos isto", at_least=0, below=1)
    eta: float = option(
        0.0, "só os de probabilidade de pelo menos isto, ou menos, onde o modelo hesita", at_least=0, below=1
    )
    mirostat: float = option(
        0.0, "surpresa que o texto deve manter, em bits por token, no lugar dos cortes; 0: nenhuma", at_least=0
    )
    mirostat_rate: float = option(0.1, "quanto o mirostat se corrige a cada token", above=0, at_most=1)
    repetition_penalty: float = option(
        1.0, "acima de 1, o que já está no texto fica menos provável", at_least=0.01, at_most=100
    )
    presence_penalty: float = option(
        0.0, "quanto perde, uma vez, o logit do que já foi escrito", at_least=-100, at_most=100
    )
    frequency_penalty: float = option(0.0, "quanto ele perde por vez que foi escrito", at_least=-100, at_most=100)
    no_repeat_ngram: int = option(0, "n tokens seguidos não se repetem; 0: podem", at_least=0)
    min_tokens: int = option(0, "o texto não acaba antes de tantos tokens", at_least=0)

    def __post_init__(self):
        super().__post_init__()
        of_cuts = ("top_k", "top_p", "min_p", "typical_p", "epsilon", "eta")
        other = next((name for name in of_cuts if getattr(self, name) != getattr(SampleConfig, name)), None)
        if self.mirostat and (other or self.temperature == 0):
            other = other or "temperature"
            raise UsageError(
                f"mirostat={self.mirostat} cuts by itself, and {other}={getattr(self, other)} would too; leave one out"
            )
        if not self.mirostat and self.mirostat_rate != SampleConfig.mirostat_rate:
            raise UsageError(f"mirostat_rate={self.mirostat_rate} changes nothing without mirostat; give both")


class Shaping(NamedTuple):
    """(V,) logits, the ids so far and how many of them the prompt has -> (V,): the logits that a token is drawn from.

    biases      [(sequence of ids, number)], as `penalties.bias` takes them; -inf forbids
    stop_id     the token that ends a text, of which `min_tokens` speaks
    constraint  a function of logits and the ids written, as `constrain.Constraint`
    """

    config: SampleConfig
    biases: tuple = ()
    stop_id: int | None = None
    constraint: Callable | None = None

    def __call__(self, logits, ids=(), begin=0):
        config, logits = self.config, self.said(logits, ids, begin)
        logits = temperature(logits, config.temperature)
        for cut, value, nothing in (
            (top_k, config.top_k, 0), (top_p, 1 if config.mirostat else config.top_p, 1), (min_p, config.min_p, 0),
            (typical, config.typical_p, 1), (epsilon, config.epsilon, 0), (eta, config.eta, 0),
        ):  # fmt: skip
            if value != nothing:
                logits = cut(logits, value)
        return logits

    def said(self, logits, ids, begin):
        """The first step alone: what the text says."""
        config, written = self.config, ids[begin:]
        if self.biases:
            logits = penalties.bias(logits, ids, self.biases)
        if config.repetition_penalty != 1:
            logits = penalties.repetition(logits, ids, config.repetition_penalty)
        if config.presence_penalty or config.frequency_penalty:
            weights = config.presence_penalty, config.frequency_penalty
            logits = penalties.presence_and_frequency(logits, written, *weights)
        if config.no_repeat_ngram:
            logits = penalties.no_repeat(logits, ids, config.no_repeat_ngram)
        if self.stop_id is not None and len(written) < config.min_tokens:
            logits = penalties.forbidden(logits, [self.stop_id])
        if self.constraint:
            logits = self.constraint(logits, written)
        penalties.check_left(logits)
        return logits


# ------------------------------------------------------------------------------------------------------------- shapes


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
    least = np.partition(logits, -k)[-k]
    above, equal = np.flatnonzero(logits > least), np.flatnonzero(logits == least)
    return _only(logits, np.concatenate([above, equal[: k - len(above)]]))


def top_p(logits, p):
    """(V,) -> (V,): keep the fewest tokens whose probabilities sum to p or more (Holtzman et al. 2020)."""
    chances = probabilities(logits)
    some = np.flatnonzero(chances >= (1 - p) / len(chances))  # the others do not have 1 - p together
    order = some[np.argsort(-logits[some], kind="stable")]
    return _only(logits, order[: np.searchsorted(np.cumsum(chances[order]), p) + 1])


def min_p(logits, share):
    """(V,) -> (V,): keep what has at least this share of the largest probability (Nguyen et al. 2024)."""
    chances = probabilities(logits)
    return _only(logits, chances >= share * chances.max())


def typical(logits, p):
    """(V,) -> (V,): of the tokens, those whose surprise is nearest to the mean of it first, keep the fewest whose
    probabilities sum to p or more (Meister et al. 2023)."""
    chances = probabilities(logits)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = -np.log(chances)
        off = np.abs(surprise - np.nansum(chances * surprise))
    order = np.argsort(off, kind="stable")
    return _only(logits, order[: np.searchsorted(np.cumsum(chances[order]), p) + 1])


def epsilon(logits, least):
    """(V,) -> (V,): keep what has at least this probability, and the largest (Hewitt et al. 2022)."""
    chances = probabilities(logits)
    return _only(logits, chances >= min(least, chances.max()))


def eta(logits, least):
    """(V,) -> (V,): keep what has at least this probability or, where the entropy H is large, √least · exp(-H)
    (Hewitt et al. 2022)."""
    chances = probabilities(logits)
    possible = chances[chances > 0]
    entropy = -(possible * np.log(possible)).sum()
    return epsilon(logits, min(least, np.sqrt(least) * np.exp(-entropy)))


# --------------------------------------------------------------------------------------------------------------- draws


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


class Mirostat:
    """Draws that keep the surprise of a text near `target` bits a token: what is more surprising than `most` is cut,
    and `most` goes down by `rate` times what the last draw was above the target (Basu et al. 2021, version 2)."""

    def __init__(self, target, rate):
        self.target, self.rate, self.most = target, rate, 2 * target

    def draw(self, logits, rng):
        chances = probabilities(logits)
        with np.errstate(divide="ignore"):
            kept = -np.log2(chances) <= self.most
        kept[chances.argmax()] = True
        left = np.where(kept, chances, 0)
        token = draw_from(left, rng)
        self.most -= self.rate * (-np.log2(left[token] / left.sum()) - self.target)
        return token


class Sampler:
    """Chooses the tokens of one text: a function of logits (V,) that gives an id, and remembers it.

    `prompt` are the ids before. The rest is that of `Shaping`. The draws are seeded by the config.
    """

    def __init__(self, config, prompt=(), **how):
        self.shape = Shaping(config, **how)
        self.ids, self.begin = list(map(int, prompt)), len(prompt)
        self.rng = np.random.default_rng(config.seed)
        self.draw = Mirostat(config.mirostat, config.mirostat_rate).draw if config.mirostat else draw

    def __call__(self, logits):
        token = self.draw(self.shape(logits, self.ids, self.begin), self.rng)
        self.ids.append(token)
        return token


class Recorder:
    """Chooses as `choose` does, and keeps of each token, in `rows`, its id, the log-probability that the model gave it,
    in nats, and the `count` likeliest ids with theirs."""

    def __init__(self, choose, count):
        self.choose, self.count, self.rows = choose, count, []

    def __call__(self, logits):
        token = self.choose(logits)
        wide = logits.astype(np.float64)
        nats = wide - wide.max() - np.log(np.exp(wide - wide.max()).sum())
        likeliest = np.argsort(-nats, kind="stable")[: self.count]
        self.rows.append((token, float(nats[token]), [(int(i), float(nats[i])) for i in likeliest]))
        return token


def _only(logits, kept):
    out = np.full_like(logits, -np.inf)
    out[kept] = logits[kept]
    return out
