"""AdamW in 8 bits: the published codes, the bytes it takes, and that it learns as AdamW does."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.backend import kernels
from tinyllm.backend.threads import pieces
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import Parameter
from tinyllm.optim import adamw8bit
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.adamw8bit import BLOCK, SMALL, AdamW8bit, adamw8bit_update, decode, dynamic_map, encode

both_signs = pytest.mark.parametrize("signed", [True, False])


def skewed(size, seed=0):
    """Numbers of many magnitudes, as gradients are, with a block of zeros among them."""
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=size) * 10.0 ** rng.uniform(-7, 0, size)).astype(np.float32)
    x[BLOCK : 2 * BLOCK] = 0
    return x


def published_map(signed):
    """Dynamic data type: after the sign, so many zeros as say the power of ten, a one, and the rest is a fraction
    that cuts 0.1..1 into equal parts, of which each is told by its middle. 1 and 0 stand for themselves."""
    found = {0.0, 1.0}
    for zeros in range(7):
        bits = (6 if signed else 7) - zeros
        for part in range(2**bits):
            middle = (0.1 + 0.9 * (part + 0.5) / 2**bits) * 10.0**-zeros
            found |= {middle, -middle} if signed else {middle}
    return sorted(found)


@both_signs
def test_the_fractions_are_the_published_ones(signed):
    found = dynamic_map(signed=signed)
    assert found.dtype == np.float32 and found.shape == (256,) and (np.diff(found) > 0).all()
    np.testing.assert_allclose(found, published_map(signed), rtol=3e-7)


@both_signs
def test_each_number_gets_the_code_of_the_nearest_fraction_of_its_block(signed):
    x = skewed(5 * BLOCK + 40) if signed else abs(skewed(5 * BLOCK + 40))
    codes, scale = encode(x, signed=signed)
    for block in range(6):
        part = x[block * BLOCK : (block + 1) * BLOCK]
        assert scale[block] == abs(part).max()
        distance = abs(part[:, None] / (scale[block] or 1) - np.array(published_map(signed)))
        assert np.array_equal(codes[block * BLOCK : (block + 1) * BLOCK], distance.argmin(axis=1))
    back = decode(codes, scale, signed=signed)
    assert np.array_equal(encode(back, signed=signed)[0], codes) and not back[BLOCK : 2 * BLOCK].any()
    large = abs(x) > 0.1 * np.repeat(scale, BLOCK)[: x.size]
    np.testing.assert_allclose(back[large], x[large], rtol=0.08)


@pytest.mark.oracle
@pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")
@both_signs
def test_fractions_and_codes_are_those_of_the_library_of_the_paper(signed):
    import torch
    from bitsandbytes import functional

    theirs = functional.create_dynamic_map(signed=signed)
    np.testing.assert_allclose(dynamic_map(signed=signed), theirs.numpy(), rtol=3e-7)
    # even numbers: near 0 what it does on a processor is up to 7 codes away from the nearest
    x = np.random.default_rng(0).uniform(-1 if signed else 0.01, 1, 5 * BLOCK + 40).astype(np.float32)
    codes, state = functional.quantize_blockwise(torch.tensor(x), code=theirs, blocksize=BLOCK)
    found, scale = encode(x, signed=signed)
    assert np.array_equal(scale, state.absmax.numpy())
    assert (found == codes.numpy()).mean() > 0.99  # but of those halfway between two
    assert abs(found - codes.numpy().astype(int)).max() <= 1


@given(size=st.integers(1, 3 * BLOCK), seed=st.integers(0, 99), scale=st.sampled_from([1e-30, 1e-6, 1.0, 1e4]))
def test_the_twin_does_what_the_meaning_does(size, seed, scale):
    rng = np.random.default_rng(seed)
    blocks = -(-size // BLOCK)
    ours = [rng.normal(size=size).astype(np.float32), np.zeros(size, np.uint8), np.zeros(blocks, np.float32)]
    ours += [np.zeros(size, np.uint8), np.zeros(blocks, np.float32)]
    theirs = [array.copy() for array in ours]
    options = {"lr": 0.01, "decay": 0.1, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8}
    for step in range(1, 4):
        g = (scale * skewed(size, seed + step)).astype(np.float32)
        for version, (p, *memory) in ((adamw8bit_update.twin, ours), (adamw8bit_update.meaning, theirs)):
            version(p, g, *memory, step=step, **options)
        # a number halfway between two fractions may fall on either side
        for mine, expected in zip(ours[1:], theirs[1:], strict=True):
            np.testing.assert_allclose(mine.astype(float), expected.astype(float), rtol=1e-6, atol=mine.dtype == "u1")
            assert (mine != expected).mean() < 0.02 or mine.dtype != "u1"
            expected[...] = mine
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5, atol=1e-6)


def test_a_parameter_that_is_a_view_moves():
    base, steps = skewed(3 * SMALL).reshape(3, -1), {}
    for name, view in {
        "rows": lambda a: a,
        "columns": lambda a: np.asfortranarray(a),
        "back": lambda a: a[::-1],
    }.items():
        p = Parameter(np.zeros(1))
        p.data = view(base.copy())
        AdamW8bit([("w", p)]).step({p: view(base)}, lr=0.1)
        steps[name] = view(p.data) if name == "back" else p.data
    assert not np.array_equal(steps["rows"], base)
    np.testing.assert_allclose(steps["columns"], steps["rows"], rtol=1e-6)
    np.testing.assert_allclose(steps["back"], steps["rows"], rtol=1e-6)


def moved(steps=3, map=map, shape=(600, 500)):
    p = Parameter(skewed(shape[0] * shape[1]).reshape(shape))
    optimizer = AdamW8bit([("w", p)])
    for step in range(steps):
        optimizer.step({p: skewed(p.data.size, seed=step).reshape(shape)}, lr=0.1, map=map)
    return p, optimizer


def test_pieces_of_whole_blocks_in_any_order_change_nothing(monkeypatch):
    whole, state = moved()
    assert len(pieces(whole.data, block=BLOCK)) == 2  # of 576 rows, which are 1,125 blocks, and of 24
    for numbers in (1, 5000, 40_000):
        monkeypatch.setattr(adamw8bit, "pieces", lambda array, block, n=numbers: pieces(array, n, block=block))
        cut, other = moved(map=lambda work, tasks: map(work, reversed(tasks)))
        assert np.array_equal(whole.data, cut.data)
        for name, array in state.state().items():
            assert np.array_equal(array, other.state()[name]), name


@given(rows=st.integers(1, 900), width=st.integers(1, 400), numbers=st.integers(1, 5000))
def test_no_piece_cuts_a_block(rows, width, numbers):
    array = np.broadcast_to(np.float32(0), (rows, width))
    found = pieces(array, numbers, block=BLOCK)
    if found != [...]:
        assert all(piece.start * width % BLOCK == 0 for piece in found)
        assert [row for piece in found for row in range(rows)[piece]] == list(range(rows))


def test_a_saved_state_goes_on_bitwise():
    whole, _ = moved(steps=4)
    half, optimizer = moved(steps=3)
    stored = {name: array.copy() for name, array in optimizer.state().items()}
    again = AdamW8bit([("w", half)])
    again.load_state(stored)
    again.step({half: skewed(half.data.size, seed=3).reshape(half.shape)}, lr=0.1)
    assert again.steps == 4 and np.array_equal(whole.data, half.data)


@pytest.mark.parametrize("config", [GPTConfig(), GPTConfig(width=64, layers=2, vocab_size=512)])
def test_it_takes_little_more_than_a_quarter_of_the_bytes_of_adamw(config):
    model = GPT(config, rng=np.random.default_rng(0))
    ours, theirs = (kind(model.named_parameters()).state() for kind in (AdamW8bit, AdamW))
    taken = {name: array.nbytes for name, array in ours.items() if name != "steps"}
    sizes = [p.data.size for p in model.parameters()]
    assert sum(taken.values()) == sum(8 * n if n < SMALL else 2 * (n + 4 * -(-n // BLOCK)) for n in sizes)
    share = sum(taken.values()) / sum(array.nbytes for name, array in theirs.items() if name != "steps")
    assert 0.25 < share < 0.27
    count = sum(sizes)
    assert AdamW8bit.bytes_remembered(count) == pytest.approx(sum(taken.values()), rel=0.05)
    assert AdamW.bytes_remembered(count) == 8 * count


def test_it_learns_as_adamw_does():
    target, found = skewed(SMALL).reshape(64, 64), {}
    for kind in (AdamW, AdamW8bit):
        p = Parameter(np.zeros((64, 64)))
        optimizer = kind([("w", p)], kind.Config(weight_decay=0.0))
        for step in range(200):
            optimizer.step({p: p.data - target}, lr=0.05 * (1 - step / 200))
        found[kind] = abs(p.data - target).max()
    assert found[AdamW8bit] < 0.02 and found[AdamW] < 0.02


def test_it_runs_on_a_gpu_as_in_memory(cupy):
    here, there = (Parameter(skewed(3 * SMALL + 12).reshape(12, -1)) for _ in range(2))
    there.data = cupy.asarray(there.data)
    one, other = AdamW8bit([("w", here)]), AdamW8bit([("w", there)])
    for step in range(3):
        g = skewed(here.data.size, seed=step).reshape(here.shape)
        with kernels.without_numba():
            one.step({here: g}, lr=0.1)
        other.step({there: cupy.asarray(g)}, lr=0.1)
    np.testing.assert_allclose(there.data.get(), here.data, rtol=1e-6)
