"""Speculation: the ids that the model would write alone, or their distribution, whoever guesses."""

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.infer import speculate as speculation
from tinyllm.infer.generate import generate
from tinyllm.infer.sample import SampleConfig, Sampler, Shaping, probabilities
from tinyllm.infer.speculate import Counts, LookupDraft, ModelDraft, certain, speculate
from tinyllm.models import catalog

SIZES = {"vocab_size": 23, "context": 12, "layers": 2, "width": 16}
GREEDY = SampleConfig(temperature=0)


def new_model(name, seed=0, **sizes):
    config = catalog.find(name).config
    return catalog.new_model(config(**SIZES | sizes), rng=np.random.default_rng(seed))


def process_of(config):
    return lambda logits, ids: Shaping(config)(logits, ids)


def spoken(model, draft_of, prompt, config=GREEDY, **how):
    """What is written with a draft, made by a function of (process, rng)."""
    process, rng = process_of(config), np.random.default_rng(how.pop("seed", 0))
    return list(speculate(model, draft_of(process, rng), prompt, process=process, rng=rng, **how))


class Guesses:
    """A draft of given guesses, whatever the text: each with what it was drawn from."""

    def __init__(self, q, rng):
        self.q, self.rng = q, rng

    def propose(self, text, count):
        return [int(self.rng.choice(len(self.q), p=self.q)) for _ in range(count)], [self.q] * count


DRAFTS = {
    "itself": lambda model, name: lambda process, rng: ModelDraft(model, model, process=process, rng=rng),
    "another": lambda model, name: (
        lambda process, rng: ModelDraft(new_model("gpt", seed=5, context=7, layers=1), model, process=process, rng=rng)
    ),
    "lookup": lambda model, name: lambda process, rng: LookupDraft(23),
    "wrong": lambda model, name: lambda process, rng: Guesses(np.full(23, 1 / 23), rng),
}


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", ["gpt", "llama", "copier", "lstm"])
def test_the_most_likely_ids_are_those_of_the_model_alone(name, draft):
    """Also where its context, or the draft's, is full and they read the later half again; and where the end comes."""
    model = new_model(name)
    rng = np.random.default_rng(1)
    for seed in range(12):
        prompt = rng.integers(23, size=1 + seed % 12)
        count, ahead = int(rng.integers(1, 40)), int(rng.integers(1, 7))
        alone = list(generate(model, prompt, choose=Sampler(GREEDY), max_tokens=count))
        if name == "lstm" and draft == "itself":  # what it drafted it cannot forget
            continue
        make = DRAFTS[draft](model, name)
        assert spoken(model, make, prompt, max_tokens=count, ahead=ahead, seed=seed) == alone
        stop = alone[-1]
        stopped = list(generate(model, prompt, choose=Sampler(GREEDY), max_tokens=count, stop_id=stop))
        assert spoken(model, make, prompt, max_tokens=count, ahead=ahead, stop_id=stop) == stopped


def test_a_draft_that_is_right_saves_passes_and_what_stayed_is_counted():
    model, counts = new_model("gpt", context=64), Counts()
    spoken(model, DRAFTS["itself"](model, "gpt"), [1, 2], max_tokens=40, ahead=4, counts=counts)
    assert (counts.written, counts.passes, counts.acceptance) == (40, 8, 1.0) and counts.guessed == counts.kept == 32
    counts = Counts()
    spoken(model, lambda process, rng: Guesses(certain(22, 23), rng), [1, 2], max_tokens=40, ahead=4, counts=counts)
    assert counts.written == 40 and counts.passes > 8 and counts.acceptance < 1


@pytest.mark.parametrize("config", [SampleConfig(1.3, top_p=1.0), SampleConfig(0.7, top_k=5, top_p=0.9)])
@pytest.mark.parametrize("draft", ["another", "lookup", "wrong"])
def test_the_distribution_is_that_of_the_model_alone(config, draft):
    """Of the second and the third token, by a chi-square test over all pairs: the first is guessed, and so is one
    behind it that may have been refused."""
    model, draws = new_model("gpt", vocab_size=5, context=32), 4000
    small = new_model("gpt", seed=5, vocab_size=5, layers=1)
    process, rng = process_of(config), np.random.default_rng(3)
    drafts = {
        "another": lambda: ModelDraft(small, model, process=process, rng=rng),
        "lookup": lambda: LookupDraft(5),
        "wrong": lambda: Guesses(np.array([0.5, 0.2, 0.1, 0.1, 0.1]), rng),
    }
    seen, expected = np.zeros((5, 5)), np.zeros((5, 5))
    for _ in range(draws):
        a, b = speculate(model, drafts[draft](), [1, 2, 1], process=process, rng=rng, max_tokens=2, ahead=2)
        seen[a, b] += 1
    for a in range(5):
        first = distribution(model, [1, 2, 1], config)[a]
        expected[a] = draws * first * distribution(model, [1, 2, 1, a], config)
    possible = expected > 0
    assert seen[~possible].sum() == 0
    chi_square = ((seen - expected)[possible] ** 2 / expected[possible]).sum()
    freedom = possible.sum() - 1
    assert chi_square < freedom + 4 * np.sqrt(2 * freedom)  # four standard deviations above what is expected


def distribution(model, ids, config):
    return probabilities(Shaping(config)(speculation.read(model, model.new_caches(), ids)[-1]))


def test_what_stood_before_is_guessed_again():
    draft = LookupDraft(9)
    guesses, q = draft.propose([1, 2, 3, 4, 5, 1, 2, 3], 4)
    assert guesses == [4, 5, 1, 2] and all(row[token] == row.sum() == 1 for token, row in zip(guesses, q, strict=True))
    assert draft.propose([7, 3, 8, 1, 2, 3], 2)[0] == [8, 1]  # only the last one stood before
    assert draft.propose([1, 1, 5, 1, 6, 1], 1)[0] == [6]  # the last time
    assert draft.propose([1, 2, 3], 4) == ([], []) and draft.propose([1], 4) == ([], [])
    assert draft.propose([4, 4], 3)[0] == [4]


def test_what_is_refused():
    model = new_model("gpt")
    with pytest.raises(UsageError, match="a draft of 300 tokens does not guess for a model of 23"):
        ModelDraft(new_model("gpt", vocab_size=300), model, process=None, rng=None)
    with pytest.raises(UsageError, match="a BERT does not write"):
        ModelDraft(new_model("bert"), model, process=None, rng=None)
    with pytest.raises(UsageError, match="empty prompt"):
        spoken(model, DRAFTS["lookup"](model, "gpt"), [], max_tokens=3)
    with pytest.raises(UsageError, match=r"13 tokens does not fit in 1\.\.12"):
        spoken(model, DRAFTS["lookup"](model, "gpt"), range(13), max_tokens=3)
