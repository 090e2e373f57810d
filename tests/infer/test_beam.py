"""Beam search: the best of all texts where it can see them all, and beside the one of transformers."""

import itertools

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.infer.beam import BeamConfig, beam_search, log_softmax
from tinyllm.infer.generate import generate
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.models import catalog
from tinyllm.tensor import no_grad

SIZES = {"vocab_size": 23, "context": 12, "layers": 2, "width": 16}


def new_model(name="gpt", seed=0, **sizes):
    return catalog.new_model(catalog.find(name).config(**SIZES | sizes), rng=np.random.default_rng(seed))


def nats_of(model, prompt, text):
    """The sum of the log-probabilities of a text behind a prompt, read at once."""
    ids = [*prompt, *text]
    with no_grad():
        logits = model(np.array([ids[:-1]])).data[0]
    places = range(len(prompt) - 1, len(ids) - 1)
    return sum(log_softmax(logits[place][None])[0, ids[place + 1]] for place in places)


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_beams_enough_find_the_best_of_all_texts(penalty, seed):
    model, prompt, stop = new_model(seed=seed, vocab_size=4), [1, 2], 3
    texts = [
        (*text, *end)
        for length in range(5)
        for text in itertools.product(range(3), repeat=length)
        for end in ([(stop,)] if length < 4 else [()])
    ]
    scores = {text: nats_of(model, prompt, text) / len(text) ** penalty for text in texts}
    ranked = sorted(scores, key=scores.get, reverse=True)
    config = BeamConfig(120, length_penalty=penalty, stopping="never")
    found = beam_search(model, prompt, config, max_tokens=4, stop_id=stop)
    for text, one in zip(ranked, found, strict=False):
        assert one.score == pytest.approx(scores[text], abs=1e-4)
    assert found[0].ids == [i for i in ranked[0] if i != stop]


@pytest.mark.parametrize("name", ["gpt", "llama", "lstm", "copier"])
def test_one_beam_writes_what_is_most_likely_each_time(name):
    """Also where the context is full."""
    model = new_model(name)
    for seed in range(5):
        prompt = np.random.default_rng(seed).integers(23, size=1 + 2 * seed).tolist()
        (one,) = beam_search(model, prompt, BeamConfig(), max_tokens=20)
        assert one.ids == list(generate(model, prompt, choose=Sampler(SampleConfig(0)), max_tokens=20))


@pytest.mark.parametrize("name", ["gpt", "lstm"])
def test_scores_are_those_of_the_texts_and_fall(name):
    model = new_model(name, context=32)
    found = beam_search(model, [1, 2], BeamConfig(5, length_penalty=0.7), max_tokens=9)
    assert len(found) == 5 and [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len({tuple(one.ids) for one in found}) == 5
    for one in found:
        assert one.score == pytest.approx(nats_of(model, [1, 2], one.ids) / len(one.ids) ** 0.7, abs=1e-4)
    greedy = list(generate(model, [1, 2], choose=Sampler(SampleConfig(0)), max_tokens=9))
    assert found[0].score >= nats_of(model, [1, 2], greedy) / 9**0.7 - 1e-4


def test_groups_differ_where_they_pay_for_what_the_others_say():
    model = new_model(context=32)
    alone = beam_search(model, [1, 2], BeamConfig(2), max_tokens=6)
    same = beam_search(model, [1, 2], BeamConfig(6, beam_groups=3), max_tokens=6)
    assert sorted(tuple(one.ids) for one in same) == sorted(3 * [tuple(one.ids) for one in alone])
    apart = beam_search(model, [1, 2], BeamConfig(6, beam_groups=3, diversity=50.0), max_tokens=6)
    assert len({one.ids[0] for one in apart}) >= 3 and alone[0].ids in [one.ids for one in apart]


def test_what_is_processed_is_heeded():
    model = new_model(context=32)

    def never_seven(nats, ids):
        assert list(ids[:2]) == [1, 2]
        return np.where(np.arange(23) == 7, -np.inf, nats)

    found = beam_search(model, [1, 2], BeamConfig(4), max_tokens=8, process=never_seven)
    assert len(found) == 4 and not any(7 in one.ids for one in found)


def test_what_is_refused():
    with pytest.raises(UsageError, match="beams=4 are not beam_groups=3 of one size"):
        BeamConfig(4, beam_groups=3)
    with pytest.raises(UsageError, match="stopping=now"):
        BeamConfig(4, stopping="now")
    with pytest.raises(UsageError, match=r"diversity=0\.5 changes nothing with one group"):
        BeamConfig(4, diversity=0.5)
    with pytest.raises(UsageError, match="empty prompt"):
        beam_search(new_model(), [], BeamConfig(4), max_tokens=3)


@pytest.mark.oracle
@pytest.mark.parametrize("stopping", ["heuristic", "first", "never"])
@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0, -0.5])
@pytest.mark.parametrize("beams", [2, 5])
def test_ids_and_scores_are_those_of_transformers(stopping, penalty, beams):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=19, n_positions=40, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=3)
    ).eval()  # fmt: skip
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(
                torch.from_numpy(np.random.default_rng(parameter.numel()).normal(size=parameter.shape)) * 0.5
            )

    class Theirs:
        """Their model, as ours is called: without caches, each row read anew."""

        longest = 40

        def new_caches(self):
            return [Rows()]

        def __call__(self, ids, caches):
            caches[0].append(ids)
            with torch.no_grad():
                logits = model(torch.tensor(caches[0].rows)).logits.numpy()
            return Given(logits[:, -ids.shape[1] :])

    class Rows:
        rows = None

        def append(self, ids):
            self.rows = ids if self.rows is None else np.concatenate([self.rows, ids], axis=1)

        def select(self, rows):
            self.rows = self.rows[np.asarray(rows)]

        @property
        def lengths(self):
            return np.full(len(self.rows), self.rows.shape[1])

    class Given:
        def __init__(self, data):
            self.data = data

    rng = np.random.default_rng(beams)
    for _ in range(200 // 6):
        prompt, count = rng.integers(4, 19, size=int(rng.integers(1, 6))).tolist(), int(rng.integers(1, 12))
        theirs = model.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), num_beams=beams, do_sample=False,
            max_new_tokens=count, length_penalty=penalty, num_return_sequences=beams, output_scores=True,
            early_stopping={"heuristic": False, "first": True, "never": "never"}[stopping], pad_token_id=0,
            return_dict_in_generate=True,
        )  # fmt: skip
        expected = []
        for row in theirs.sequences[:, len(prompt) :].tolist():
            expected.append(row[: row.index(3)] if 3 in row else row)
        config = BeamConfig(beams, length_penalty=penalty, stopping=stopping)
        ours = beam_search(Theirs(), prompt, config, max_tokens=count, stop_id=3)
        scores = theirs.sequences_scores.numpy()
        np.testing.assert_allclose([one.score for one in ours], scores[: len(ours)], atol=1e-5)
        assert [one.ids for one in ours] == [ids[:count] for ids in expected[: len(ours)]]
