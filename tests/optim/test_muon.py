"""Muon: what makes a matrix orthogonal, how long its steps are, and whom it leaves to AdamW."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.models import catalog
from tinyllm.models.classifier import Classifier
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import Parameter
from tinyllm.optim.adamw import AdamW, AdamWConfig
from tinyllm.optim.muon import Muon, MuonConfig, orthogonal


@given(shape=st.tuples(st.integers(1, 30), st.integers(1, 30)), scale=st.sampled_from([1e-4, 1.0, 1e6]))
def test_all_directions_become_about_as_long_and_stay_where_they_are(shape, scale):
    rng, count = np.random.default_rng(sum(shape)), min(shape)
    u, v = (np.linalg.qr(rng.normal(size=(side, count)))[0] for side in shape)
    found = orthogonal(scale * (u * np.linspace(1, 20, count)) @ v.T)
    lengths = u.T @ found @ v
    assert ((np.diag(lengths) > 0.67) & (np.diag(lengths) < 1.21)).all()
    np.testing.assert_allclose(found, u * np.diag(lengths) @ v.T, atol=1e-9)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (3, 4)])
def test_no_gradient_is_no_step(shape):
    assert not orthogonal(np.zeros(shape)).any()
    p = Parameter(np.ones(shape))
    Muon([("w", p)], MuonConfig(weight_decay=0.0)).step({p: np.zeros(shape, np.float32)}, lr=0.1)
    assert (p.data == 1).all()


@pytest.mark.parametrize("shape", [(64, 64), (32, 96), (96, 32)])
def test_its_steps_are_about_as_long_as_those_of_adamw(shape):
    rng, lengths = np.random.default_rng(0), {}
    for kind in (Muon, AdamW):
        p = Parameter(np.zeros(shape))
        optimizer = kind([("w", p)], kind.Config(weight_decay=0.0))
        for _ in range(30):
            before = p.data.copy()
            optimizer.step({p: rng.normal(size=shape).astype(np.float32)}, lr=1.0)
        lengths[kind] = np.sqrt(np.mean((p.data - before) ** 2))
    assert 0.13 < lengths[Muon] < 0.25 and 0.4 < lengths[Muon] / lengths[AdamW] < 2.5


@pytest.mark.parametrize("name", catalog.MODELS)
def test_embeddings_heads_and_vectors_move_as_under_adamw(name):
    architecture = catalog.find(name)
    config = architecture.config(vocab_size=20, context=8, layers=2, width=16)
    model = Classifier(architecture.body(config, rng=np.random.default_rng(0)), 3, rng=np.random.default_rng(0))
    optimizer = Muon(model.named_parameters())
    left = {name for name, memory in optimizer.memory.items() if set(memory) == {"m", "v"}}
    matrices = {name for name, p in model.named_parameters() if p.ndim == 2}
    inside = {name for name in matrices if ".blocks." in name or ".copying." in name}
    assert matrices - left <= inside and len(matrices - left) >= 4
    assert not any(".blocks." in name for name in matrices & left)
    assert any(name.endswith("tokens.weight") for name in left) and "head.weight" in left


def test_what_it_leaves_to_adamw_moves_as_under_adamw():
    rng, found = np.random.default_rng(0), {}
    for kind, config in ((Muon, MuonConfig(beta1=0.8, beta2=0.95)), (AdamW, AdamWConfig(beta1=0.8, beta2=0.95))):
        rng = np.random.default_rng(0)
        table, vector = (Parameter(rng.normal(size=shape)) for shape in ((9, 5), (5,)))
        optimizer = kind([("tokens.weight", table), ("norm.bias", vector)], config)
        for _ in range(3):
            optimizer.step({p: rng.normal(size=p.shape).astype(np.float32) for p in (table, vector)}, lr=0.1)
        found[kind] = table.data, vector.data
    for mine, expected in zip(found[Muon], found[AdamW], strict=True):
        assert np.array_equal(mine, expected)


def test_its_bytes_are_those_of_the_matrices_and_twice_those_of_the_embedding():
    config = GPTConfig()
    model = GPT(config, rng=np.random.default_rng(0))
    taken = sum(array.nbytes for name, array in Muon(model.named_parameters()).state().items() if name != "steps")
    count, embedding = sum(p.data.size for p in model.parameters()), config.vocab_size * config.width
    assert Muon.bytes_remembered(count, embedding=embedding) == pytest.approx(taken, rel=0.02)
