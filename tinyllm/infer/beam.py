"""Beam search: of all texts, the most probable that are found by keeping a few at every step."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.infer.generate import check_requests, read_last


@dataclass(frozen=True)
class BeamConfig(Config):
    """How to search for the most probable texts.

    The beams are in groups of one size, and what the groups before have written in a step costs each `diversity` nats
    (Vijayakumar et al. 2018). A group stops with its `first` beams that have ended; when no other can become better
    than they are, if it were as long as now (the `heuristic` of Transformers), or, with `never`, as long as can be.
    """

    title = "busca em feixe"
    beams: int = option(1, "quantos textos manter a cada passo", at_least=1, at_most=1024)
    length_penalty: float = option(
        1.0, "a nota de um texto é a soma das log-probabilidades sobre o tamanho elevado a isto"
    )
    beam_groups: int = option(1, "em quantos grupos, que se evitam", at_least=1)
    diversity: float = option(0.0, "quanto custa, em nats, dizer o que outro grupo disse no mesmo passo", at_least=0)
    stopping: str = option(
        "heuristic", "quando parar: com os primeiros que acabam (first), quando nenhum outro parece poder vencê-los "
        "(heuristic) ou quando nenhum pode mesmo (never)", choices=("heuristic", "first", "never"),
    )  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        if self.beams % self.beam_groups:
            raise UsageError(
                f"beams={self.beams} are not beam_groups={self.beam_groups} of one size; take a multiple of it"
            )
        if self.diversity and self.beam_groups == 1:
            raise UsageError(f"diversity={self.diversity} changes nothing with one group; raise beam_groups")


class Text(NamedTuple):
    """Ids that were written, without the end, and their score: the sum of the log-probabilities, of the end too, over
    the number of them to the power of the length penalty."""

    ids: list
    score: float


class Group:
    """Beams that compete with each other: `texts` that go on, with the `sums` of their log-probabilities, and those
    that are `finished`."""

    def __init__(self, size):
        self.size, self.texts, self.sums = size, [[]], np.zeros(1)
        self.finished, self.open = [], True

    def advance(self, nats, config, *, ends, most):
        """(texts, V) log-probabilities of what comes next -> the places of the texts that go on among the old ones.

        `ends` is a function of a text that says whether it is whole; `most` the tokens that one may have.
        """
        sums, V = (nats + self.sums[:, None]).reshape(-1), nats.shape[1]
        likeliest = np.argsort(-sums, kind="stable")[: 2 * self.size]  # so many do not all end
        ranked = [(self.texts[i // V] + [int(i % V)], sums[i], i // V) for i in likeliest if sums[i] > -np.inf]
        step = len(self.texts[0]) + 1
        whole = [(text, total) for text, total, _ in ranked[: self.size] if ends(text)]
        going = [each for each in ranked if not ends(each[0])][: self.size]
        self.finished += [Text(text, total / step**config.length_penalty) for text, total in whole]
        self.finished = sorted(self.finished, key=lambda one: -one.score)[: self.size]
        if going:
            texts, sums, places = zip(*going, strict=True)
            self.texts, self.sums = list(texts), np.array(sums)
        self.open = bool(going)
        if len(self.finished) == self.size and self.open:
            longest = most if config.stopping == "never" and config.length_penalty > 0 else step
            best = self.sums[0] / longest**config.length_penalty
            self.open = config.stopping != "first" and best > self.finished[-1].score
        return list(places) if self.open else []


def beam_search(model, prompt, config, *, max_tokens, stop_id=None, process=None):
    """The texts that follow one prompt, a list of Text, the best first: as many as there are beams, or fewer.

    `process` turns log-probabilities, (V,), and the ids before into others. Raises UsageError as `generate` does.
    """
    (prompt,) = check_requests(model, [prompt])
    groups = [Group(config.beams // config.beam_groups) for _ in range(config.beam_groups)]
    caches = model.new_caches()
    logits = np.repeat(read_last(model, caches, [prompt]), len(groups), axis=0)
    for cache in caches:
        cache.select([0] * len(groups))

    def ends(text):
        return text[-1] == stop_id or len(text) == max_tokens

    while True:
        kept, start, written = [], 0, np.zeros(logits.shape[1])
        for group in groups:
            if not group.open:
                continue
            rows = slice(start, start + len(group.texts))
            nats = log_softmax(logits[rows])
            if process:
                nats = np.stack([process(*each) for each in zip(nats, map(prompt.__add__, group.texts), strict=True)])
            places = group.advance(nats - config.diversity * written, config, ends=ends, most=max_tokens)
            kept += [start + place for place in places]
            start = rows.stop
            if group.open:
                np.add.at(written, [text[-1] for text in group.texts], 1)
        texts = [prompt + text for group in groups if group.open for text in group.texts]
        if not texts:
            break
        if caches[0].lengths.max() == model.longest:  # full: the later halves are read again
            caches = model.new_caches()
            logits = read_last(model, caches, [text[-max(1, model.longest // 2) :] for text in texts])
        else:
            for cache in caches:
                cache.select(kept)
            logits = read_last(model, caches, [text[-1:] for text in texts])
    best = sorted((one for group in groups for one in group.finished), key=lambda one: -one.score)
    return [Text(ids[:-1] if ids[-1] == stop_id else ids, float(score)) for ids, score in best]


def log_softmax(logits):
    """(N, V) -> (N, V) float64"""
    wide = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
