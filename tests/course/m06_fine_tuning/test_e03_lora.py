"""m06.e03: the sum of a layer and a product of low rank, its two matrices, and the layer that merges them."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.finetune import lora
from tinyllm.nn import layers

rng = np.random.default_rng(0)

# computed once with PyTorch 2.13: y, and in its columns 1 and 2 0.7 x a b more, and the gradients for dy
STORED_Y = np.array([[0.5, -1.0, 2.0, 0.25], [1.5, 3.0, -0.75, -2.0]])
STORED_X = np.array([[0.3, -0.7, 1.1], [0.8, 0.05, -0.5]])
STORED_A = np.array([[0.6, -1.1], [0.2, 0.9], [-0.4, 1.2]])
STORED_B = np.array([[1.0, -0.5], [0.7, 2.5]])
STORED_DY = np.array([[1.0, -2.0, 0.5, 0.75], [0.25, 3.0, -1.0, -0.5]])
STORED = {
    "valor": [[0.5, -1.1036, 2.77, 0.25], [1.5, 2.77985, -3.50275, -2.0]],
    "gradiente_de_y": [[1.0, -2.0, 0.5, 0.75], [0.25, 3.0, -1.0, -0.5]],
    "gradiente_de_x": [[-0.8295, -0.4095, 0.504], [1.778, 0.238, -1.316]],
    "gradiente_de_a": [[1.4875, -0.2555], [1.225, 0.0595], [-2.9575, 0.0245]],
    "gradiente_de_b": [[2.009, -0.623], [-3.5175, 1.1305]],
}

# -------------------------------------------------------------------------------------------------------- add_low_rank


def add(judge, y, x, a, b, dy=None, *, scale=0.7, start=0, of=""):
    columns = slice(start, start + b.shape[1])
    case = (
        f"y {shapes(y)}, x {shapes(x)}, posto {a.shape[1]}, scale={scale:g}, colunas {start} a {columns.stop - 1}{of}"
    )
    dy = rng.normal(size=y.shape).astype(y.dtype) if dy is None else dy
    return judge.same("add_low_rank", y, x, a, b, dy, scale, columns, through=judge.support.added, case=case)


def drawn(before, n_in, rank, n, n_out, dtype=np.float64, draw=rng):
    sizes = (*before, n_out), (*before, n_in), (n_in, rank), (rank, n)
    return [draw.normal(size=size).astype(dtype) for size in sizes]


@pytest.mark.parametrize("before", [(5,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "start"), [(6, 0), (3, 2), (1, 5)])
def test_add_low_rank(judge, before, dtype, n, start):
    add(judge, *drawn(before, 7, 2, n, 6, dtype), start=start)


def test_add_low_rank_of_any_shape(judge):
    few = st.integers(1, 5)

    @given(st.lists(few, min_size=1, max_size=3), few, few, few, st.integers(0, 3), st.floats(0.1, 8), st.integers(0))
    def agrees(before, n_in, rank, n, start, scale, seed):
        arrays = drawn(before, n_in, rank, n, n + start + 1, draw=np.random.default_rng(seed))
        add(judge, *arrays, scale=scale, start=start)

    agrees()


def test_other_arrays(judge):
    y, x, a, b = drawn((4,), 6, 2, 3, 5)
    add(judge, np.asfortranarray(y), np.asfortranarray(x), a[:, ::-1], b.T.copy().T, start=1, of=", não contíguos")
    add(judge, y, np.broadcast_to(x[:1], x.shape), a, b, start=1, of=", x esticado")
    add(judge, y, 1e4 * x, a, -1e4 * b, start=2, of=", até ±10⁸")


def test_add_low_rank_by_hand(judge):
    arrays = (np.array(array, float) for array in ([[1, 2, 3]], [[1, 1]], [[1], [2]], [[1, 10]]))
    found = add(judge, *arrays, scale=0.5, start=1, of=", o exemplo")
    judge.that(np.allclose(found.valor, [[1, 3.5, 18]]), "add_low_rank", "o exemplo", "deveria dar [[1  3,5  18]]")


def test_with_b_at_zero_nothing_changes(judge):
    y, x, a, b = drawn((4,), 6, 2, 3, 5, np.float32)
    found = add(judge, y, x, a, 0 * b, start=1, of=", b = 0")
    judge.that(np.array_equal(found.valor, y), "add_low_rank", "b = 0", "deveria dar y, até o último bit")
    judge.that(not found.gradiente_de_a.any() and found.gradiente_de_b.any(), "add_low_rank", "b = 0",
               "o gradiente de a deveria ser 0, e o de b não")  # fmt: skip


def test_stored_values(judge):
    found = add(judge, STORED_Y, STORED_X, STORED_A, STORED_B, STORED_DY, start=1, of=", calculados com o PyTorch")
    for name, expected in STORED.items():
        judge.that(np.allclose(getattr(found, name), expected), "add_low_rank", "calculado com o PyTorch",
                   f"difere no {name}")  # fmt: skip


def test_gradients_by_central_differences(judge):
    arrays, columns, eps = drawn((2, 3), 4, 2, 3, 5), slice(1, 4), 1e-6
    dy = rng.normal(size=arrays[0].shape)
    found = add(judge, *arrays, dy, start=1)

    def value(*moved):
        of = judge.support.added(judge.answer.add_low_rank, *moved, dy, 0.7, columns)
        return (of.valor * dy).sum()

    for place, name in enumerate(("y", "x", "a", "b")):
        step = rng.normal(size=arrays[place].shape)
        ends = [[*arrays[:place], arrays[place] + sign * eps * step, *arrays[place + 1 :]] for sign in (1, -1)]
        slope = (value(*ends[0]) - value(*ends[1])) / (2 * eps)
        told = (found[1 + place] * step).sum()
        judge.that(abs(slope - told) < 1e-6 * max(1, abs(slope)), "add_low_rank", f"o gradiente de {name}",
                   f"o gradiente diz {told:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


def test_the_library_adds_as_much(judge):
    """Which adds those of all parts of a layer at once."""
    arrays = drawn((2, 3), 4, 2, 3, 5)
    dy = rng.normal(size=arrays[0].shape)
    found = add(judge, *arrays, dy, start=1)

    def of_one_part(*arrays, scale, columns):
        return lora.add_low_rank(*arrays, scale=scale, columns=(columns,))

    theirs = judge.support.added(of_one_part, *arrays, dy, 0.7, slice(1, 4))
    judge.that(all(map(np.allclose, found, theirs)), "add_low_rank", "y (2, 3, 5)", "difere da biblioteca")


# ------------------------------------------------------------------------------------------------------------- LowRank


@pytest.mark.parametrize(("n_in", "start", "stop", "rank"), [(4, 8, 14, 2), (7, 0, 3, 5), (5, 1, 2, 1), (3, 6, 10, 4)])
def test_low_rank(judge, n_in, start, stop, rank):
    case = f"n_in={n_in}, columns=slice({start}, {stop}), rank={rank}"
    judge.same("LowRank", n_in, slice(start, stop), rank, 7, through=judge.support.made, case=case)


def test_low_rank_begins_as_any_layer(judge):
    found = judge.same("LowRank", 400, slice(0, 3), 50, 7, through=judge.support.made, case="n_in=400, rank=50")
    judge.that(abs(found.a.std() * 20 - 1) < 0.02, "LowRank", "n_in=400, rank=50",
               f"o desvio de a é {found.a.std():.3g}; deveria ser 1 / √400 = 0,05")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------- LoRA

PARTS = {"query": slice(0, 4), "value": slice(8, 12)}
WHOLE = {"whole": slice(0, 12)}


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's other pieces in the answer: the layer is judged by itself."""
    for name in ("add_low_rank", "LowRank"):
        monkeypatch.setattr(judge.answer, name, getattr(judge.solution, name))
    return judge


def adapt(judge, parts, rank=2, alpha=16.0, *, rslora=False, before=(3,), n_in=5, steps="merge unmerge", seed=3):
    config = SimpleNamespace(rank=rank, alpha=alpha, rslora=rslora)
    x, dy = rng.normal(size=(*before, n_in)), rng.normal(size=(*before, 12))
    case = (f"camada de {n_in} a 12, partes {', '.join(parts)}, rank={rank}, alpha={alpha:g}, rslora={rslora}; "
            f"depois, {steps.replace(' ', ', ')}")  # fmt: skip
    return judge.same("LoRA", seed, parts, config, x, dy, steps.split(), through=judge.support.adapted, case=case)


@pytest.mark.parametrize("parts", [PARTS, WHOLE, {"key": slice(4, 8)}], ids=["two", "whole", "one"])
@pytest.mark.parametrize("before", [(3,), (2, 4)])
def test_a_layer_with_lora(alone, parts, before):
    adapt(alone, parts, before=before)


@pytest.mark.parametrize(("rank", "alpha"), [(1, 16.0), (4, 16.0), (4, 1.0), (3, 8.0)])
@pytest.mark.parametrize("rslora", [False, True])
def test_the_scale(alone, rank, alpha, rslora):
    found = adapt(alone, WHOLE, rank, alpha, rslora=rslora)
    expected = alpha / (rank**0.5 if rslora else rank)
    alone.that(np.isclose(found.escala, expected), "LoRA", f"rank={rank}, alpha={alpha:g}, rslora={rslora}",
               f"a escala é {found.escala:g}; deveria ser {expected:g}")  # fmt: skip


def test_a_new_layer_gives_what_the_inner_gives(alone):
    found = adapt(alone, PARTS)
    alone.that(np.array_equal(found.valor_no_começo, found.valor_da_camada), "LoRA", "recém-criada",
               "deveria dar o que a camada dá, até o último bit")  # fmt: skip


@pytest.mark.parametrize("steps", [
    "merge", "merge merge", "merge unmerge", "unmerge", "merge unmerge unmerge", "merge unmerge merge unmerge merge",
])  # fmt: skip
def test_merged_and_back(alone, steps):
    found = adapt(alone, PARTS, steps=steps)
    for step in found.depois_de_cada_passo:
        alone.that(np.allclose(step.valor, found.valor_com_b, atol=1e-9), "LoRA", f"depois de {steps}",
                   "fundida ou não, a camada deveria dar o mesmo")  # fmt: skip


def test_a_layer_of_any_shape(alone):
    few = st.integers(1, 5)

    @given(few, few, st.floats(0.5, 32), st.booleans(), st.sampled_from([PARTS, WHOLE]), few, st.integers(0, 99))
    def agrees(n_in, rank, alpha, rslora, parts, N, seed):
        adapt(alone, parts, rank, alpha, rslora=rslora, before=(N,), n_in=n_in, seed=seed)

    agrees()


def test_the_library_does_the_same(alone):
    found = adapt(alone, PARTS, alpha=16.0, steps="merge")
    config = lora.LoRAConfig(rank=2, alpha=16.0)
    theirs = lora.LoRA(layers.Linear(5, 12, rng=np.random.default_rng(3)), PARTS, config, rng=np.random.default_rng(4))
    names = [name for name, _ in theirs.named_weights() if "@" in name]
    alone.that(found.nomes_dos_que_aprendem == [name.partition("@LoRA.")[2] for name in names], "LoRA",
               "os pesos que aprendem", f"são {found.nomes_dos_que_aprendem}; na biblioteca, {names}")  # fmt: skip
    alone.that(found.escala == theirs.scale, "LoRA", "rank=2, alpha=16", "a escala difere da biblioteca")


@pytest.mark.parametrize("name", ["add_low_rank", "LowRank", "LoRA"])
def test_time_and_memory(judge, name):
    judge.fast(name)
