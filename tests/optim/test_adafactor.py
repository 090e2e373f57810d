"""Adafactor: its twin, what it remembers, and gradients that leave rows and columns alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.backend import kernels
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import Parameter
from tinyllm.optim.adafactor import Adafactor, adafactor_update
from tinyllm.optim.adamw import AdamW

HOW = {"lr": 0.01, "decay": 0.1, "growth": 0.8}
VIEWS = {"plain": lambda a: a, "columns": lambda a: a.T, "every other": lambda a: a[:, ::2], "back": lambda a: a[::-1]}


def memory_of(p):
    """Copies of what Adafactor remembers of an array at first."""
    return list(Adafactor([]).new_memory("", p).values())


@pytest.mark.skipif(kernels.numba_version() is None, reason="twins need Numba")
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@given(
    shape=st.tuples(st.integers(0, 40), st.integers(0, 70)),
    scale=st.sampled_from([1e-12, 1.0, 1e4]),
    size=st.sampled_from([1e-5, 1.0]),
)
def test_the_twin_does_what_the_meaning_does(view, shape, scale, size):
    rng = np.random.default_rng(sum(shape))
    base = (size * rng.normal(size=shape)).astype(np.float32)
    ours, theirs = ([view(base.copy()), *memory_of(view(base))] for _ in range(2))
    for step in range(1, 6):
        g = view((scale * rng.normal(size=shape)).astype(np.float32))
        for version, arrays in ((adafactor_update.twin, ours), (adafactor_update.meaning, theirs)):
            version(arrays[0], g, *arrays[1:], step=step, **HOW)
    for mine, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6 * size)


@pytest.mark.parametrize("version", [adafactor_update.twin, adafactor_update.meaning])
def test_rows_and_columns_without_a_gradient_stay(version):
    p, g = np.ones((4, 5), np.float32), np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    g[1], g[:, 2], memory = 0, 0, memory_of(p)
    for step in range(1, 4):
        version(p, g, *memory, step=step, **(HOW | {"decay": 0.0}))
    still = g == 0
    assert np.array_equal(p == 1, still) and np.isfinite(p).all()
    for step in range(4, 6):
        version(p, 0 * g, *memory, step=step, **(HOW | {"decay": 0.0}))
    assert np.array_equal(p == 1, still) and np.isfinite(p).all()


@pytest.mark.parametrize("version", [adafactor_update.twin, adafactor_update.meaning])
def test_a_step_is_as_long_as_the_weights_are_large_and_never_longer(version):
    rng = np.random.default_rng(0)
    for size in (1e-6, 0.02, 3.0):
        p = (size * rng.normal(size=(60, 50))).astype(np.float32)
        before, memory = p.copy(), memory_of(p)
        version(p, np.ones_like(p), *memory, step=1, lr=0.1, decay=0.0, growth=0.8)
        version(
            p, 100 * np.ones_like(p), *memory, step=1000, lr=0.1, decay=0.0, growth=0.8
        )  # nothing is prepared for it
        moved = np.sqrt(np.mean((p - before) ** 2))
        assert moved == pytest.approx(2 * 0.1 * max(1e-3, size), rel=0.15)


def test_stacks_of_matrices_have_rows_and_columns_each():
    stack = Parameter(np.random.default_rng(0).normal(size=(3, 4, 5)))
    optimizer = Adafactor([("stack", stack)])
    assert {name: array.shape for name, array in optimizer.memory["stack"].items()} == {
        "rows": (3, 4, 1),
        "columns": (3, 1, 5),
    }
    optimizer.step({stack: np.ones((3, 4, 5), np.float32)}, lr=0.1)
    assert np.isfinite(stack.data).all()


def test_it_takes_about_a_hundredth_of_the_weights():
    model = GPT(GPTConfig(), rng=np.random.default_rng(0))
    ours, theirs = (kind(model.named_parameters()).state() for kind in (Adafactor, AdamW))
    taken = sum(array.nbytes for name, array in ours.items() if name != "steps")
    count = sum(p.data.size for p in model.parameters())
    assert taken < 0.01 * sum(array.nbytes for name, array in theirs.items() if name != "steps")
    assert 0.5 < taken / Adafactor.bytes_remembered(count) < 2
