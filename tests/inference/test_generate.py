"""Generation: the cache changes nothing but the time, the context may fill up, stops stop."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.infer.generate import generate, until
from tinyllm.infer.sample import SampleConfig, sampler
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.tensor import no_grad

CONFIG = GPTConfig(vocab_size=23, context=12, layers=2, heads=2, width=8)


def model(seed=0):
    gpt = GPT(CONFIG, rng=np.random.default_rng(seed))
    for parameter in gpt.parameters():
        parameter.data += np.random.default_rng(1).normal(scale=0.3, size=parameter.shape).astype(np.float32)
    return gpt


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.integers(0, 99))
def test_reading_in_pieces_with_the_cache_equals_reading_at_once(pieces, seed):
    gpt, total = model(), min(sum(pieces), CONFIG.context)
    ids = np.random.default_rng(seed).integers(0, CONFIG.vocab_size, (2, total))
    caches, outs, start = gpt.new_caches(), [], 0
    with no_grad():
        for size in pieces:
            if start < total:
                outs.append(gpt(ids[:, start : start + size], caches).data)
                start += size
        whole = gpt(ids).data
    assert np.abs(np.concatenate(outs, axis=1) - whole).max() < 1e-4


def greedy_without_cache(gpt, prompt, count):
    ids = list(prompt)
    for _ in range(count):
        with no_grad():
            ids.append(int(gpt(np.array([ids])).data[0, -1].argmax()))
    return ids[len(prompt) :]


def test_greedy_generation_equals_the_full_forward_pass():
    gpt = model()
    choose = sampler(SampleConfig(temperature=0))
    assert list(generate(gpt, [3, 1, 4], choose=choose, max_tokens=9)) == greedy_without_cache(gpt, [3, 1, 4], 9)


def test_it_goes_on_when_the_context_is_full():
    gpt = model()
    ids = list(generate(gpt, [3, 1, 4], choose=sampler(SampleConfig(temperature=0)), max_tokens=60))
    assert len(ids) == 60
    # after filling up, each restart reads the later half of the context again
    text = [3, 1, 4, *ids]
    assert ids[10] == greedy_without_cache(gpt, text[7:13], 1)[0]


def test_it_is_lazy_seeded_and_stops():
    gpt = model()
    run = [list(generate(gpt, [0], choose=sampler(SampleConfig(seed=s)), max_tokens=30)) for s in (1, 1, 2)]
    assert run[0] == run[1] != run[2]
    stop = run[0][4]
    stopped = list(generate(gpt, [0], choose=sampler(SampleConfig(seed=1)), max_tokens=30, stop_id=stop))
    assert stopped == run[0][: run[0].index(stop)]
    assert len(list(itertools.islice(generate(gpt, [0], choose=sampler(SampleConfig()), max_tokens=10**9), 3))) == 3


def test_a_prompt_that_does_not_fit():
    with pytest.raises(UsageError, match=r"a prompt of 13 tokens does not fit in 1\.\.12"):
        generate(model(), range(13), choose=np.argmax, max_tokens=1)


def test_an_empty_prompt():
    with pytest.raises(UsageError, match="an empty prompt gives the model nothing to continue"):
        generate(model(), [], choose=np.argmax, max_tokens=1)


def test_a_prompt_of_unknown_ids():
    with pytest.raises(UsageError, match=r"token id 23 is outside the vocabulary 0\.\.22"):
        next(generate(model(), [1, 23], choose=np.argmax, max_tokens=1))


def test_an_empty_stop_is_refused():
    with pytest.raises(UsageError, match="an empty text cannot stop"):
        list(until(["a"], [""]))


@given(st.text("abc", max_size=30), st.lists(st.text("abc", min_size=1, max_size=3), max_size=3), st.integers(1, 4))
def test_until_cuts_at_the_first_stop_however_the_text_is_cut_up(text, stops, size):
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    expected = text[: min((text.index(s) for s in stops if s in text), default=len(text))]
    assert "".join(until(pieces, stops)) == expected
