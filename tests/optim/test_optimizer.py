"""Optimisers: what is moved, by how much, what is remembered, and in how many pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import storage
from tinyllm.backend import kernels
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn.module import Parameter
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.catalog import OPTIMIZERS, name_of, new_optimizer
from tinyllm.optim.optimizer import by_layer
from tinyllm.optim.sgd import SGD, SGDConfig

each_kind = pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)


def parameters(seed=0):
    rng = np.random.default_rng(seed)
    return {"matrix": Parameter(rng.normal(size=(6, 4))), "vector": Parameter(rng.normal(size=4))}


def take(optimizer, found, steps, seed=1, **options):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        optimizer.step({p: rng.normal(size=p.shape).astype(np.float32) for p in found.values()}, lr=0.1, **options)


@each_kind
def test_the_catalog_makes_what_a_config_describes(kind):
    made = new_optimizer(kind.Config(), parameters().items())
    assert type(made) is kind and OPTIMIZERS[name_of(made.config)] is kind


@each_kind
def test_matrices_decay_and_vectors_do_not(kind):
    decays, found = kind.Config(weight_decay=0.5), parameters()
    with_decay, without = ({name: Parameter(p.data.copy()) for name, p in found.items()} for _ in range(2))
    take(kind(with_decay.items(), decays), with_decay, 3)
    take(kind(without.items(), kind.Config(weight_decay=0.0)), without, 3)
    assert np.array_equal(with_decay["vector"].data, without["vector"].data)
    assert not np.allclose(with_decay["matrix"].data, without["matrix"].data)


@each_kind
def test_who_decays_is_a_function_of_name_and_parameter(kind):
    seen, found, others = [], parameters(), parameters()

    def only_vectors(name, parameter):
        seen.append((name, parameter))
        return {"decay": 0.5 if name == "vector" else 0.0}

    take(kind(found.items(), kind.Config(weight_decay=0.1), options_of=only_vectors), found, 2)
    take(kind(others.items(), kind.Config(weight_decay=0.0)), others, 2)
    assert seen == list(found.items())
    assert np.array_equal(found["matrix"].data, others["matrix"].data)
    assert not np.array_equal(found["vector"].data, others["vector"].data)


@each_kind
def test_the_rate_of_a_parameter_multiplies_that_of_a_step(kind):
    found, others = parameters(), parameters()
    optimizer = kind(found.items(), options_of=lambda name, _: {"rate": 0.5 if name == "matrix" else 1.0})
    twice = kind(others.items(), options_of=lambda *_: {})
    rng = np.random.default_rng(1)
    for _ in range(3):
        grads = {name: rng.normal(size=p.shape).astype(np.float32) for name, p in found.items()}
        optimizer.step({p: grads[name] for name, p in found.items()}, lr=0.1)
        twice.step({others["matrix"]: grads["matrix"]}, lr=0.05)
    assert np.array_equal(found["matrix"].data, others["matrix"].data)
    assert not np.array_equal(found["vector"].data, others["vector"].data)


def test_the_rate_falls_from_block_to_block():
    config = {"vocab_size": 20, "context": 8, "layers": 2, "width": 16}
    for name, expected in {
        "gpt": {"tokens": 3, "positions": 3, "blocks.0": 2, "blocks.1": 1, "norm": 0},
        "lstm": {"tokens": 3, "blocks.0": 2, "blocks.1": 1, "norm": 0},
        "bert": {"encoder.tokens": 3, "encoder.norm": 3, "encoder.blocks.0": 2, "dense": 0, "norm": 0, "bias": 0},
        "t5": {"encoder.tokens": 5, "encoder.blocks.1": 3, "decoder.positions": 2, "decoder.blocks.0": 2,
               "decoder.blocks.1": 1, "decoder.norm": 0},
    }.items():  # fmt: skip
        model = catalog.new_model(catalog.find(name).config(**config), rng=np.random.default_rng(0))
        options_of, seen = by_layer(model.named_parameters(), 0.5), set()
        for path, p in model.named_parameters():
            options = options_of(path, p)
            assert options.get("decay") == (None if p.ndim >= 2 else 0.0)
            for begins, below in expected.items():
                if f"{path}.".startswith(f"{begins}."):
                    assert options["rate"] == 0.5**below, path
                    seen.add(begins)
        assert seen == expected.keys()


@each_kind
def test_a_frozen_parameter_has_no_state_and_does_not_move(kind):
    found = parameters()
    found["matrix"].requires_grad = False
    before, optimizer = found["matrix"].data.copy(), kind(found.items())
    take(optimizer, found, 2)
    assert np.array_equal(found["matrix"].data, before)
    assert set(optimizer.state()) == {"steps", *(f"{slot}.vector" for slot in kind.slots)}


@each_kind
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda p, q: [("w", p), ("w", q)], "two parameters are named w; put something before the names of each model"),
        (lambda p, q: [("w", p), ("v", p)], "w and v are one parameter; give it once"),
        (lambda p, q: [p, q], "takes pairs of name and Parameter"),
        (lambda p, q: p, "takes pairs of name and Parameter"),
        (lambda p, q: [(p, "w")], "takes pairs of name and Parameter"),
    ],
)
def test_parameters_that_are_not_told_apart_by_their_names_are_refused(kind, given, words):
    with pytest.raises(UsageError, match=words):
        kind(given(Parameter(np.ones((2, 2))), Parameter(np.ones((2, 2)))))


def test_the_options_of_another_kind_are_refused():
    with pytest.raises(UsageError, match="AdamW takes the options of AdamWConfig, got SGDConfig"):
        AdamW(parameters().items(), SGDConfig())


@each_kind
@given(shape=st.lists(st.integers(0, 7), max_size=3), layout=st.sampled_from(["C", "F", "back", "every other"]))
def test_arrays_of_any_shape_and_layout_move_alike(kind, shape, layout):
    rng, (plain, other) = np.random.default_rng(len(shape)), (Parameter(np.zeros(shape)) for _ in range(2))
    plain.data[...] = rng.normal(size=shape)
    other.data = laid_out(plain.data, layout)
    one, two = kind([("w", plain)]), kind([("w", other)])
    for step in range(3):
        g = np.asarray(rng.normal(size=shape), np.float32)
        with kernels.without_numba():
            one.step({plain: g}, lr=0.1)
        two.step({other: g.T.copy().T if step else laid_out(g, layout)}, lr=0.1)
    np.testing.assert_allclose(other.data, plain.data, rtol=1e-5, atol=1e-5)


def laid_out(array, layout):
    """A copy whose numbers lie otherwise in memory."""
    if layout == "C" or not array.ndim:
        return array.copy()
    if layout == "F":
        return array.copy("F")
    step = -1 if layout == "back" else 2
    place = np.zeros((array.shape[0] * abs(step), *array.shape[1:]), array.dtype)[::step]
    place[...] = array
    return place


@each_kind
@pytest.mark.parametrize("number", [2.0, np.float64(2.0), np.array(2.0)])
def test_a_parameter_that_is_a_single_number_moves_and_goes_on_from_a_file(kind, number, tmp_path):
    found, again = {"scale": Parameter(number)}, {"scale": Parameter(number)}
    optimizer, other = kind(found.items()), kind(again.items())
    take(optimizer, found, 2)
    assert found["scale"].shape == () and found["scale"].item() != 2.0
    storage.save_arrays(tmp_path / "state", optimizer.state())
    storage.save_arrays(tmp_path / "weights", {"scale": found["scale"].data})
    other.load_state(storage.load_arrays(tmp_path / "state"))
    again["scale"].data[...] = storage.load_arrays(tmp_path / "weights")["scale"]
    for one, parameter in ((optimizer, found), (other, again)):
        take(one, parameter, 1)
    assert found["scale"].item() == again["scale"].item()


@each_kind
def test_a_gradient_of_another_shape_is_refused_and_moves_nothing(kind):
    found = parameters()
    before, optimizer = {name: p.data.copy() for name, p in found.items()}, kind(found.items())
    with pytest.raises(UsageError, match=r"vector is \(4,\), but its gradient is \(3,\)"):
        optimizer.step({found["matrix"]: np.ones((6, 4), np.float32), found["vector"]: np.ones(3, np.float32)}, lr=0.1)
    assert optimizer.steps == 0 and all(np.array_equal(found[name].data, before[name]) for name in found)


@each_kind
def test_a_saved_state_goes_on_bitwise(kind):
    whole, parts = parameters(), parameters()
    take(kind(whole.items()), whole, 3, seed=1)
    optimizer = kind(whole.items())
    take(optimizer, whole, 2, seed=2)
    first = kind(parts.items())
    take(first, parts, 3, seed=1)
    second = kind(parts.items())
    take(second, parts, 1, seed=2)
    stored = {name: array.copy() for name, array in second.state().items()}
    third = kind(parts.items())
    third.load_state(stored)
    assert third.steps == 1
    rng = np.random.default_rng(2)
    for _ in range(2):
        grads = {p: rng.normal(size=p.shape).astype(np.float32) for p in parts.values()}
    third.step(grads, lr=0.1)
    assert third.steps == optimizer.steps == 2
    for name in whole:
        assert np.array_equal(whole[name].data, parts[name].data)


def test_the_state_of_another_kind_or_model_is_refused():
    found = parameters()
    for other in (SGD(found.items()), AdamW([("matrix", found["matrix"])])):
        with pytest.raises(UsageError, match="another model, or by another kind of optimiser"):
            AdamW(found.items()).load_state(other.state())


@each_kind
def test_pieces_and_threads_change_nothing(kind, monkeypatch):
    whole, cut = parameters(), parameters()
    take(kind(whole.items()), whole, 3)
    monkeypatch.setattr("tinyllm.optim.optimizer.pieces", lambda array: [slice(i, i + 1) for i in range(len(array))])
    take(kind(cut.items()), cut, 3, map=lambda work, tasks: map(work, reversed(tasks)))
    for name in whole:
        assert np.array_equal(whole[name].data, cut[name].data)


def test_a_rule_that_must_see_a_matrix_whole_does(monkeypatch):
    shapes = []

    class Whole(SGD):
        whole = True

        @staticmethod
        def update(p, g, v, **options):
            shapes.append((p.shape, g.shape, v.shape))

    monkeypatch.setattr("tinyllm.optim.optimizer.pieces", lambda array: [slice(i, i + 1) for i in range(len(array))])
    found = parameters()
    take(Whole(found.items()), found, 1)
    assert shapes == [((6, 4),) * 3, ((4,),) * 3]


@each_kind
def test_it_runs_on_a_gpu_as_in_memory(cupy, kind):
    here, there = parameters(), parameters()
    for p in there.values():
        p.data = cupy.asarray(p.data)
    optimizer = kind(there.items())
    rng = np.random.default_rng(1)
    for _ in range(3):
        optimizer.step({p: cupy.asarray(rng.normal(size=p.shape).astype(np.float32)) for p in there.values()}, lr=0.1)
    with kernels.without_numba():
        take(kind(here.items()), here, 3)
    for name in here:
        np.testing.assert_allclose(there[name].data.get(), here[name].data, rtol=1e-6)
