"""Generation: the cache changes nothing but the time, the context may fill up, stops stop, neighbours do not matter."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinyllm.data.objectives import padded
from tinyllm.errors import UsageError
from tinyllm.infer.generate import Request, generate, generate_batch, until
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.models.bert import BERT, BERTConfig
from tinyllm.models.copier import Copier, CopierConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.models.t5 import T5, T5Config
from tinyllm.nn.module import map_parameters
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
    choose = Sampler(SampleConfig(temperature=0))
    assert list(generate(gpt, [3, 1, 4], choose=choose, max_tokens=9)) == greedy_without_cache(gpt, [3, 1, 4], 9)


def test_it_goes_on_when_the_context_is_full():
    gpt = model()
    ids = list(generate(gpt, [3, 1, 4], choose=Sampler(SampleConfig(temperature=0)), max_tokens=60))
    assert len(ids) == 60
    # after filling up, each restart reads the later half of the context again
    text = [3, 1, 4, *ids]
    assert ids[10] == greedy_without_cache(gpt, text[7:13], 1)[0]


def test_it_is_lazy_seeded_and_stops():
    gpt = model()
    run = [list(generate(gpt, [0], choose=Sampler(SampleConfig(seed=s)), max_tokens=30)) for s in (1, 1, 2)]
    assert run[0] == run[1] != run[2]
    stop = run[0][4]
    stopped = list(generate(gpt, [0], choose=Sampler(SampleConfig(seed=1)), max_tokens=30, stop_id=stop))
    assert stopped == run[0][: run[0].index(stop)]
    assert len(list(itertools.islice(generate(gpt, [0], choose=Sampler(SampleConfig()), max_tokens=10**9), 3))) == 3


def test_a_prompt_that_does_not_fit():
    with pytest.raises(UsageError, match=r"a prompt of 13 tokens does not fit in 1\.\.12"):
        generate(model(), range(13), choose=np.argmax, max_tokens=1)


def test_an_empty_prompt():
    with pytest.raises(UsageError, match="an empty prompt gives the model nothing to continue"):
        generate(model(), [], choose=np.argmax, max_tokens=1)


def test_a_prompt_of_unknown_ids():
    with pytest.raises(UsageError, match=r"token id 23 is outside the vocabulary 0\.\.22"):
        next(generate(model(), [1, 23], choose=np.argmax, max_tokens=1))


# ------------------------------------------------------------------------------------------------- several side by side

SHAPE = {"vocab_size": 23, "context": 12, "layers": 2, "width": 8}
KINDS = {
    "gpt": (GPT, CONFIG),
    "copier": (Copier, CopierConfig(**SHAPE, heads=2)),
    "llama": (Llama, LlamaConfig(**SHAPE, heads=2, kv_heads=1, hidden=12)),
    "rnn": (RNN, RNNConfig(**SHAPE)),
    "lstm": (LSTM, LSTMConfig(**SHAPE)),
    "t5": (T5, T5Config(**SHAPE, decoder_layers=2, heads=2, hidden=12)),
}
each_kind = pytest.mark.parametrize("kind", KINDS)
one_or_each = pytest.mark.parametrize(
    "kind", ["gpt", *(pytest.param(kind, marks=pytest.mark.long) for kind in list(KINDS)[1:])]
)


def model_of(kind):
    make, config = KINDS[kind]
    made = make(config, rng=np.random.default_rng(0))
    for parameter in made.parameters():
        parameter.data += np.random.default_rng(1).normal(scale=0.3, size=parameter.shape).astype(np.float32)
    return made


def readers(model, sources):
    """What writes about all sources at once, and what writes about each: of all models but a T5, the model."""
    if not isinstance(model, T5):
        return model, [model] * len(sources)
    with no_grad():
        return model.answering(*padded(sources, 0)), [model.answering(source[None]) for source in sources]


def side_by_side(model, requests):
    found = [[] for _ in requests]
    for written in generate_batch(model, requests):
        for number, token in written.items():
            found[number].append(int(token))
    return found


def alone(model, request):
    return list(map(int, generate(model, request.prompt, **dict(zip(Request._fields[1:], request[1:], strict=True)))))


@one_or_each
@pytest.mark.parametrize("temperature", [0, 1.0])
def test_eight_of_different_lengths_write_what_each_writes_alone(kind, temperature):
    """Until contexts are full and read again, four times."""
    model, rng = model_of(kind), np.random.default_rng(2)
    sources = [rng.integers(23, size=n) for n in (3, 1, 5, 12, 2, 7, 7, 4)]
    together, one_by_one = readers(model, sources)

    def requests():
        return [
            Request(rng.integers(23, size=n), Sampler(SampleConfig(temperature, seed=n)), max_tokens)
            for rng, n, max_tokens in zip(map(np.random.default_rng, range(8)), (1, 12, 3, 5, 2, 7, 7, 9),
                                          (40, 30, 60, 1, 60, 20, 60, 50), strict=True)
        ]  # fmt: skip

    found = side_by_side(together, requests())
    assert found == [alone(one, request) for one, request in zip(one_by_one, requests(), strict=True)]
    assert list(map(len, found)) == [40, 30, 60, 1, 60, 20, 60, 50]
    assert len(set(map(tuple, found))) > 4


@one_or_each
@given(st.data())
def test_any_number_of_requests_come_to_what_each_comes_to_alone(kind, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    count = data.draw(st.integers(1, 4))
    together, one_by_one = readers(model_of(kind), [rng.integers(23, size=rng.integers(1, 9)) for _ in range(count)])
    shapes = [data.draw(st.tuples(st.integers(1, 12), st.integers(0, 30), st.integers(0, 22))) for _ in range(count)]
    prompts = [rng.integers(23, size=length) for length, _, _ in shapes]

    def requests():
        return [
            Request(prompt, Sampler(SampleConfig(seed=seed)), max_tokens, stop_id)
            for seed, (prompt, (_, max_tokens, stop_id)) in enumerate(zip(prompts, shapes, strict=True))
        ]

    found = side_by_side(together, requests())
    assert found == [alone(one, request) for one, request in zip(one_by_one, requests(), strict=True)]


@each_kind
def test_on_the_device_they_write_the_same(kind, cupy):
    found = []
    for move in (np.asarray, cupy.asarray):
        model, rng = model_of(kind), np.random.default_rng(0)
        map_parameters(model, lambda array, move=move: move(array.astype(np.float64)))
        together, _ = readers(model, [rng.integers(23, size=n) for n in (4, 1, 6)])
        requests = [Request(rng.integers(23, size=n), Sampler(SampleConfig(seed=n)), 20, 5) for n in (9, 2, 5)]
        found.append(side_by_side(together, requests))
    assert found[0] == found[1] and max(map(len, found[0])) > 5


def test_a_step_tells_what_each_request_wrote_in_it():
    requests = [Request([3], lambda logits: 5, 2), Request([4, 1], lambda logits: 6, 3), Request([2], np.argmax, 0)]
    assert list(generate_batch(model(), requests)) == [{0: 5, 1: 6}, {0: 5, 1: 6}, {1: 6}]
    assert list(generate_batch(model(), [])) == []


@pytest.mark.parametrize(("sources", "number"), [(2, 1), (1, 2), (3, 2)])
def test_requests_that_are_not_one_for_each_source_are_refused(sources, number):
    writer = model_of("t5").answering(np.ones((sources, 4), int))
    with pytest.raises(UsageError, match=f"{number} requests do not fit {sources} sources"):
        generate_batch(writer, [Request([0], np.argmax, 2)] * number)


def test_requests_may_come_from_a_generator():
    requests = [Request([1], np.argmax, 2), Request([2, 3], np.argmax, 3)]
    assert list(generate_batch(model(), iter(requests))) == list(generate_batch(model(), requests))


def test_what_does_not_write_is_refused():
    for kind, config in ((BERT, BERTConfig(vocab_size=9)), (T5, T5Config(vocab_size=9))):
        with pytest.raises(UsageError, match=f"a {kind.__name__} does not write one token after the other; take"):
            generate(kind(config, rng=np.random.default_rng(0)), [1], choose=np.argmax, max_tokens=1)


def test_of_several_prompts_each_is_looked_at_before_anything_is_read():
    with pytest.raises(UsageError, match="a prompt of 13 tokens"):
        generate_batch(model(), [Request([1], np.argmax, 1), Request(range(13), np.argmax, 1)])


# --------------------------------------------------------------------------------------------------------------- stops


def test_an_empty_stop_is_refused():
    with pytest.raises(UsageError, match="an empty text cannot stop"):
        list(until(["a"], [""]))


@given(st.text("abc", max_size=30), st.lists(st.text("abc", min_size=1, max_size=3), max_size=3), st.integers(1, 4))
@example(text="aba", stops=["b", "aba"], size=1)  # one stop is whole inside another that began before it
@example(text="ab", stops=["b", "aba"], size=1)
def test_until_cuts_at_the_first_stop_however_the_text_is_cut_up(text, stops, size):
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    expected = text[: min((text.index(s) for s in stops if s in text), default=len(text))]
    assert "".join(until(pieces, stops)) == expected
