"""m05.e02: a step of descent with momentum, of Adam and of AdamW, in place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.optim import adam, adamw, sgd

rng = np.random.default_rng(0)
SGD = {"lr": 0.1, "decay": 0.1, "step": 2, "momentum": 0.8}
ADAM = {"lr": 0.1, "decay": 0.1, "step": 2, "beta1": 0.9, "beta2": 0.97, "eps": 1e-8}
MEANINGS = {"sgd_update": sgd.sgd_update.meaning, "adam_update": adam.adam_update.meaning,
            "adamw_update": adamw.adamw_update.meaning}  # fmt: skip

# computed once with PyTorch 2.13, in float64: two steps of lr=0.1, weight_decay=0.1, momentum=0.8, betas=(0.9, 0.99)
WEIGHTS = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])
GRADS = np.array([[[1.0, -2.0], [0.5, 0.25], [-3.0, 0.125]], [[-0.5, 1.0], [0.5, -0.75], [2.0, 0.25]]])
STORED = {
    "momentum": [[[0.395, -0.79], [1.93, 0.2225], [-0.4425, 1.4725]],
                 [[0.35705, -0.7141], [1.8047, 0.273275], [-0.392075, 1.410775]]],
    "nesterov": [[[0.311, -0.622], [1.874, 0.2005], [-0.1965, 1.4505]],
                 [[0.328202, -0.656404], [1.705468, 0.314291], [-0.356163, 1.361791]]],
    "adam_update": [[[0.400000001, -0.9000000005], [1.9000000014, 0.1500000036], [-0.6500000003, 1.4000000036]],
                    [[0.3684550422, -0.8680737411], [1.8000368403, 0.1961505548], [-0.6329260585, 1.3006494983]]],
    "adamw_update": [[[0.395000001, -0.8900000005], [1.880000002, 0.147500004], [-0.6425000003, 1.385000008]],
                     [[0.3643800584, -0.8544300578], [1.761200004, 0.1953548182], [-0.6216103528, 1.2747625247]]],
}  # fmt: skip


def arrays(name, *shape, dtype=np.float32, draw=rng):
    """p, g and what is remembered; the mean of squares is not negative."""
    p, g, m, v = draw.normal(size=(4, *shape)).astype(dtype)
    return (p, g, m) if name == "sgd_update" else (p, g, m, v**2)


def step(judge, name, *given, case=None, way=None, **options):
    """One step; the options go through a closure, so that the case tells them."""
    way = way or judge.support.stepped
    told = ", ".join(f"{option}={value}" for option, value in options.items())
    return judge.same(name, *given, case=case or f"p {shapes(given[0])}, {told}",
                      through=lambda piece, *arguments: way(piece, *arguments, **options))  # fmt: skip


KINDS = [("sgd_update", SGD | {"nesterov": False}), ("sgd_update", SGD | {"nesterov": True}),
         ("adam_update", ADAM), ("adamw_update", ADAM)]  # fmt: skip
EVERY = pytest.mark.parametrize(("name", "options"), KINDS, ids=("momentum", "nesterov", "adam", "adamw"))


@pytest.fixture(autouse=True)
def alone(request, judge, monkeypatch):
    """AdamW may call the answer's Adam: it is judged with the solution's."""
    if "adamw" in request.node.name:
        monkeypatch.setattr(judge.answer, "adam_update", judge.solution.adam_update)


@EVERY
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_step(judge, name, options, dtype):
    for shape in ((4, 3), (5,), (2, 3, 4)):
        step(judge, name, *arrays(name, *shape, dtype=dtype), **options)


@EVERY
def test_other_numbers(judge, name, options):
    others = {"lr": 0.03, "decay": 0.0, "step": 300, "momentum": 0.5, "beta1": 0.6, "beta2": 0.8, "eps": 0.1}
    for option in options.keys() & others.keys():
        step(judge, name, *arrays(name, 4, 3, dtype=np.float64), **options | {option: others[option]})


@EVERY
def test_other_arrays(judge, name, options):
    p, g, *slots = arrays(name, 4, 3)
    step(judge, name, p, np.asfortranarray(g), *slots, **options)
    step(judge, name, p, 1e4 * g, *slots, **options)
    step(judge, name, p, 0 * g, *(0 * slot for slot in slots), **options)
    step(judge, name, p, g, *slots, way=judge.support.in_a_larger_array, case=f"cada segunda coluna de {p.shape}",
         **options)  # fmt: skip


@EVERY
def test_any_shape(judge, name, options):
    @given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 400), st.integers(0, 99))
    def agrees(n, k, number, seed):
        step(judge, name, *arrays(name, n, k, draw=np.random.default_rng(seed)), **options | {"step": number})

    agrees()


@EVERY
def test_the_library_steps_in_the_same_way(judge, name, options):
    given = arrays(name, 4, 5, dtype=np.float64)
    found = step(judge, name, *given, **options)
    p, g, *slots = map(np.array, given)
    MEANINGS[name](p, g, *slots, **options)
    near = all(np.allclose(mine, theirs, rtol=1e-12) for mine, theirs in zip(found[:-1], (p, *slots), strict=True))
    judge.that(near, name, "um passo", "difere da biblioteca")


@pytest.mark.parametrize("kind", STORED)
def test_stored_values(judge, kind):
    name, options = (kind, ADAM | {"beta2": 0.99}) if kind in MEANINGS else (
        "sgd_update", SGD | {"nesterov": kind == "nesterov"})  # fmt: skip
    p, slots = WEIGHTS, [np.zeros((3, 2))] * (1 if name == "sgd_update" else 2)
    for number, (g, expected) in enumerate(zip(GRADS, STORED[kind], strict=True), start=1):
        p, *slots, _ = step(judge, name, p, g, *slots, **options | {"step": number})
        judge.that(np.allclose(p, expected, atol=1e-9), name, f"valores calculados com o PyTorch, passo {number}",
                   "difere")  # fmt: skip


@pytest.mark.parametrize(("name", "memory", "options", "expected"), [
    ("sgd_update", [0.2], {"lr": 0.1, "decay": 0.0, "step": 1, "momentum": 0.9, "nesterov": False}, 0.932),
    ("sgd_update", [0.2], {"lr": 0.1, "decay": 0.0, "step": 1, "momentum": 0.9, "nesterov": True}, 0.8888),
    ("adam_update", [0.0, 0.0], ADAM | {"step": 1, "beta2": 0.99, "decay": 0.0}, 0.9),
    ("adamw_update", [0.0, 0.0], ADAM | {"step": 1, "beta2": 0.99, "decay": 0.2}, 0.88),
])  # fmt: skip
def test_by_hand(judge, name, memory, options, expected):
    given = [np.array([number]) for number in (1.0, 0.5, *memory)]
    found = step(judge, name, *given, case="o exemplo", **options)
    judge.that(abs(found.p.item() - expected) < 1e-7, name, "o exemplo", f"p deveria ser {expected}")


def test_adam_does_not_see_the_size_of_gradients(judge):
    """Ten times the gradients, and the same steps."""
    ways = []
    for size in (1.0, 10.0):
        p, slots = WEIGHTS, [np.zeros((3, 2))] * 2
        for number, g in enumerate(GRADS, start=1):
            p, *slots, _ = step(judge, "adam_update", p, size * g, *slots, **ADAM | {"step": number, "decay": 0.0})
        ways.append(p)
    judge.that(np.allclose(*ways, atol=1e-6), "adam_update", "gradientes dez vezes maiores, decay=0",
               "os pesos deveriam andar o mesmo")  # fmt: skip


@pytest.mark.parametrize("name", MEANINGS)
def test_time_and_memory(judge, name):
    judge.fast(name)
