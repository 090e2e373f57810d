"""The recurrent models: causal, the same read at once or token by token, and steady where numbers are large."""

import re

import numpy as np
import pytest
from functional.cases import Call
from functional.cases import run as run_case
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import InterpolatedBigram, mean_loss
from tinyllm.infer.generate import generate
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.nn import recurrent
from tinyllm.nn.module import count_parameters
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import backward, no_grad
from tinyllm.train.loop import TrainConfig, train

KINDS = {"rnn": (RNN, RNNConfig), "lstm": (LSTM, LSTMConfig)}
SMALL = {"vocab_size": 13, "context": 7, "layers": 2, "width": 8}
each_kind = pytest.mark.parametrize("kind", KINDS)


def model(kind, **changes):
    """A small model in which every number matters."""
    make, config = KINDS[kind]
    made = make(config(**{**SMALL, **changes}), rng=np.random.default_rng(0))
    for parameter in made.parameters():
        parameter.data += np.random.default_rng(1).normal(scale=0.2, size=parameter.shape).astype(np.float32)
    return made


def batch(rows, length=8, seed=0):
    tokens = np.random.default_rng(seed).integers(SMALL["vocab_size"], size=(rows, length))
    return tokens[:, :-1], tokens[:, 1:]


@each_kind
@given(changed=st.integers(0, 6), seed=st.integers(0, 99))
def test_a_token_changes_nothing_before_it(kind, changed, seed):
    made, (ids, _) = model(kind), batch(3, seed=seed)
    other = ids.copy()
    other[:, changed] = (other[:, changed] + 1) % SMALL["vocab_size"]
    with no_grad():
        before, after = made(ids).data, made(other).data
    assert before[:, :changed].tobytes() == after[:, :changed].tobytes()
    assert not np.array_equal(before[:, -1], after[:, -1])  # the state carries it to the end


@each_kind
@given(pieces=st.lists(st.integers(1, 5), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_reading_in_pieces_equals_reading_at_once(kind, pieces, seed):
    made, (ids, _) = model(kind), batch(2, length=sum(pieces) + 1, seed=seed)  # longer than the context, at times
    caches, outs, start = made.new_caches(), [], 0
    with no_grad():
        for size in pieces:
            outs.append(made(ids[:, start : start + size], caches).data)
            start += size
        whole = made(ids).data
    assert np.abs(np.concatenate(outs, axis=1) - whole).max() < 1e-4


@each_kind
@pytest.mark.parametrize("prompt", [[3, 1, 4], list(range(13)) * 2])
def test_greedy_generation_equals_the_full_forward_pass_beyond_the_context(kind, prompt):
    made, ids = model(kind), list(prompt)
    for _ in range(20):
        with no_grad():
            ids.append(int(made(np.array([ids])).data[0, -1].argmax()))
    found = list(generate(made, prompt, choose=Sampler(SampleConfig(temperature=0)), max_tokens=20))
    assert found == ids[len(prompt) :]


@each_kind
def test_an_empty_prompt_is_refused(kind):
    with pytest.raises(UsageError, match="an empty prompt gives the model nothing to continue"):
        generate(model(kind), [], choose=np.argmax, max_tokens=1)


@each_kind
def test_a_batch_is_read_row_by_row(kind):
    made, (ids, _) = model(kind), batch(4)
    with no_grad():
        whole, alone = made(ids).data, [made(ids[i : i + 1]).data[0] for i in range(4)]
    np.testing.assert_allclose(whole, np.stack(alone), atol=1e-5)


@each_kind
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_workers_share_a_batch_without_changing_the_result(kind, dropout):
    results = []
    for workers in (1, 3):
        made, (x, y) = model(kind, dropout=dropout), batch(6)
        with Workers(workers) as pool:
            loss, grads = pool.gradients(made.loss, (x, y), seed=5, step=9)
        results.append([loss, *(grads[p] for p in made.parameters())])
    for mine, expected in zip(*results, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-6)


@each_kind
def test_an_untrained_model_finds_all_tokens_about_equally_likely(kind):
    make, config = KINDS[kind]
    tokens = np.random.default_rng(1).integers(4096, size=(2, 129))
    made = make(config(), rng=np.random.default_rng(0))
    with no_grad():
        loss = made.loss(tokens[:, :-1], tokens[:, 1:]).item()
    assert abs(loss - np.log(4096)) < 0.3
    assert 2.5e6 < count_parameters(made) < 2.7e6  # as many as a GPT of the default size


def test_the_forget_gate_begins_nearly_open_and_alone():
    layer = recurrent.LSTM(3, 5, rng=np.random.default_rng(0))
    assert layer.input.bias.data.tolist() == [0] * 5 + [1] * 5 + [0] * 10


@each_kind
def test_names_of_parameters_are_paths(kind):
    names = [name for name, _ in model(kind).named_parameters()]
    assert names[0] == "tokens.weight" and names[-1] == "norm.bias"
    assert "blocks.1.recurrence.input.weight" in names and len(names) == len(set(names)) == 1 + 2 * 5 + 2


@each_kind
@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.array([[0, 13]]), "token id 13 is outside the vocabulary 0..12"),
        (np.array([[0.5]]), "token ids must be integers, got float64"),
        (np.zeros((2, 0), int), "of no position at all"),
    ],
)
def test_ids_that_do_not_fit(kind, ids, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        model(kind)(ids)


@pytest.mark.parametrize("op", [F.rnn_cell, F.rnn, F.lstm_cell, F.lstm], ids=lambda op: op.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_numbers_neither_overflow_nor_warn(op, dtype):
    gates, parts = (4, 2) if "lstm" in op.__name__ else (1, 1)
    rng, time = np.random.default_rng(0), () if "cell" in op.__name__ else (5,)
    x = rng.choice([-1e4, -3.0, 0.0, 3.0, 1e4], size=(3, *time, gates * 2)).astype(dtype)
    state, weight = (rng.normal(size=s).astype(dtype) for s in ((3, parts * 2), (2, gates * 2)))
    y, grads, _ = run_case(op, Call([x, state, weight], {}))
    assert all(np.isfinite(a).all() for a in [y, *grads])


@pytest.mark.parametrize("op", [F.rnn_cell, F.rnn, F.lstm_cell, F.lstm], ids=lambda op: op.__name__)
def test_shapes_that_do_not_agree(op):
    gates, parts = (4, 2) if "lstm" in op.__name__ else (1, 1)
    time = () if "cell" in op.__name__ else (5,)
    right = [(3, *time, gates * 2), (3, parts * 2), (2, gates * 2)]
    for which in range(3):
        for axis in range(len(right[which])):
            if (which, axis) == (0, 1) and time:
                continue  # there may be any number of positions
            shapes = [list(shape) for shape in right]
            shapes[which][axis] += 1
            with pytest.raises(UsageError, match=f"^{op.__name__}: x .* do not agree; expected"):
                op(*(np.ones(shape) for shape in shapes))
    with pytest.raises(UsageError, match=re.escape(f"expected (B, {'T, ' * bool(time)}{'4 ' * (gates > 1)}M), (B, ")):
        op(np.ones((3, 1, *right[0][1:])), *(np.ones(shape) for shape in right[1:]))


def test_a_long_text_reaches_back_through_the_memory_of_an_lstm_and_hardly_through_an_rnn():
    """How much the first state still matters after 60 positions: the lesson of the cells, measured."""
    rng, M, T = np.random.default_rng(0), 16, 60
    share = {}
    for op, gates, parts in ((F.rnn, 1, 1), (F.lstm, 4, 2)):
        x, weight = rng.normal(size=(1, T, gates * M)), rng.normal(scale=0.5 * M**-0.5, size=(M, gates * M))
        if gates == 4:
            x[..., M : 2 * M] += 5.0  # what is in the memory stays
        inputs = Call([x, np.zeros((1, parts * M)), weight], {})
        dy = np.zeros((1, T, parts * M))
        dy[:, -1] = 1.0
        share[op.__name__] = np.abs(run_case(op, inputs, dy)[1][1]).max()
    assert share["rnn"] < 1e-10 and share["lstm"] > 0.1


@each_kind
def test_it_learns_what_a_bigram_cannot(kind):
    """The token three places back comes again."""
    make, config = KINDS[kind]
    rng, steps = np.random.default_rng(0), 150

    def text(length):
        rows = [rng.integers(8, size=3)]
        for _ in range(length // 3):
            rows.append(np.where(rng.random(3) < 0.9, rows[-1], rng.integers(8, size=3)))
        return np.concatenate(rows)

    tokens, validation = text(6000), text(1500)
    starts = rng.integers(len(tokens) - 25, size=(steps, 8))
    windows = tokens[starts[..., None] + np.arange(25)]
    made = make(config(vocab_size=8, context=24, layers=1, width=24), rng=rng)
    training = TrainConfig(steps=steps, workers=1, learning_rate=1e-2, warmup=10)
    for _ in train(made, ((w[:, :-1], w[:, 1:]) for w in windows), AdamW(made.named_parameters()), config=training):
        pass
    assert mean_loss(made, validation) < 0.6 * InterpolatedBigram(tokens, validation, 8).mean_loss(validation)


@each_kind
def test_the_state_of_a_layer_can_be_differentiated_through(kind):
    """A text cut in two, the gradient flowing through the state between, is the text in one piece."""
    layer = {"rnn": recurrent.RNN, "lstm": recurrent.LSTM}[kind](3, 5, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(2, 6, 3)).astype(np.float32)
    whole, _ = layer(x)
    first, states = layer(x[:, :4])
    second, _ = layer(x[:, 4:], states[:, -1])
    third = (whole[:, 4:] * whole[:, 4:]).sum()
    grads, expected = backward((second * second).sum()), backward(third)
    assert first.shape == (2, 4, 5) and grads.keys() == expected.keys()
    for parameter, grad in grads.items():
        np.testing.assert_allclose(grad, expected[parameter], rtol=1e-4, atol=1e-6)
