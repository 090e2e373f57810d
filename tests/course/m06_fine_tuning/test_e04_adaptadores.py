"""m06.e04: a bottleneck behind a part of a block, and rows that are learned before those of a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.finetune import bottleneck, prompt
from tinyllm.nn.layers import Embedding

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------------- Adapter


def adapt(judge, B=2, T=3, C=5, hidden=4, more=0, factor=1.0, dtype=np.float64, seed=3):
    x, dy = rng.normal(size=(2, B, T, C)).astype(dtype)
    others = list(rng.normal(size=(more, B, T, C)).astype(dtype))
    case = f"x {x.shape} {x.dtype}, hidden={hidden}; a parte de dentro recebe x"
    case += (f", mais {more} Tensores" if more else "") + (f" e factor={factor:g}" if factor != 1 else "")
    return judge.same("Adapter", x, dy, others, factor, hidden, seed, through=judge.support.adapted, case=case)


@pytest.mark.parametrize(("B", "T", "C", "hidden"), [(2, 3, 5, 4), (1, 4, 3, 6), (3, 1, 6, 1), (2, 5, 8, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_adapter(judge, B, T, C, hidden, dtype):
    adapt(judge, B, T, C, hidden, dtype=dtype)


@pytest.mark.parametrize(("more", "factor"), [(1, 1.0), (0, 2.5), (2, -0.5)])
def test_a_part_that_is_given_more(judge, more, factor):
    adapt(judge, more=more, factor=factor)


def test_adapter_of_any_shape(judge):
    few = st.integers(1, 5)

    @given(few, few, few, few, st.integers(0, 2), st.floats(0.5, 2), st.integers(0, 99))
    def agrees(B, T, C, hidden, more, factor, seed):
        adapt(judge, B, T, C, hidden, more, factor, seed=seed)

    agrees()


def test_a_new_adapter_changes_nothing(judge):
    found = adapt(judge, dtype=np.float32)
    judge.that(np.array_equal(found.valor_no_começo, found.valor_da_parte_de_dentro), "Adapter", "recém-criado",
               "deveria dar o que a parte de dentro dá, até o último bit")  # fmt: skip


def test_the_first_step_moves_only_up(judge):
    first = adapt(judge).gradientes_no_começo
    still = not any(gradient is not None and gradient.any() for name, gradient in first.items() if "down" in name)
    judge.that(still and first["up.weight"].any(), "Adapter", "os gradientes, recém-criado",
               "os de down deveriam ser 0, e o do peso de up não")  # fmt: skip


def test_the_library_adapts_the_same(judge):
    x, dy = rng.normal(size=(2, 2, 3, 5))
    arguments = (x, dy, [], 1.0, 4, 3)
    found = judge.same("Adapter", *arguments, through=judge.support.adapted, case="x (2, 3, 5), hidden=4")
    theirs = judge.support.adapted(bottleneck.Adapter, *arguments)
    judge.that(list(found.pesos) == list(theirs.pesos) and np.allclose(found.valor, theirs.valor), "Adapter",
               "x (2, 3, 5), hidden=4", "difere da biblioteca")  # fmt: skip


# ------------------------------------------------------------------------------------------------------- VirtualTokens


def read(judge, V=7, n=2, C=5, B=3, T=4, virtual=True, dtype=np.float64, draw=rng):
    table, rows = draw.normal(size=(V, C)), draw.normal(size=(n, C))
    ids = draw.integers(V, size=(B, T))
    if virtual:
        ids = np.concatenate([np.tile(np.arange(V, V + n), (B, 1)), ids], axis=1)
    dy = draw.normal(size=(*ids.shape, C))
    case = f"V={V}, prompt ({n}, {C}), ids {ids.shape}, {'que começam com ele' if virtual else 'sem tokens virtuais'}"
    arrays = [array.astype(dtype) for array in (table, rows, dy)]
    return judge.same("VirtualTokens", arrays[0], arrays[1], ids, arrays[2], through=judge.support.read, case=case), dy


@pytest.mark.parametrize(
    ("V", "n", "C", "B", "T"), [(7, 2, 5, 3, 4), (5, 4, 3, 2, 1), (9, 1, 4, 1, 6), (3, 5, 2, 4, 3)]
)
@pytest.mark.parametrize("virtual", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_virtual_tokens(judge, V, n, C, B, T, virtual, dtype):
    read(judge, V, n, C, B, T, virtual, dtype)


def test_virtual_tokens_of_any_shape(judge):
    few = st.integers(1, 5)

    @given(few, few, few, few, few, st.booleans(), st.integers(0, 99))
    def agrees(V, n, C, B, T, virtual, seed):
        read(judge, V, n, C, B, T, virtual, draw=np.random.default_rng(seed))

    agrees()


def test_a_row_learns_from_every_text(judge):
    found, dy = read(judge, B=4)
    judge.that(np.allclose(found.gradiente_do_prompt, dy[:, :2].sum(axis=0)), "VirtualTokens", "o gradiente do prompt",
               "deveria ser a soma do que vem de cada texto do lote")  # fmt: skip


def test_what_was_read_and_what_is_written(judge):
    """A text shorter than the prompt, too, has no virtual tokens."""
    read(judge, n=6, T=1, virtual=False)
    read(judge, n=2, T=2, virtual=False)


def test_the_library_reads_the_same(judge):
    table, rows, dy = rng.normal(size=(7, 5)), rng.normal(size=(2, 5)), rng.normal(size=(3, 6, 5))
    ids = np.concatenate([np.tile([7, 8], (3, 1)), rng.integers(7, size=(3, 4))], axis=1)
    found = judge.same("VirtualTokens", table, rows, ids, dy, through=judge.support.read, case="ids (3, 6)")
    theirs = judge.support.read(prompt.VirtualTokens, table, rows, ids, dy)
    judge.that(all(map(np.allclose, found[1:], theirs[1:])), "VirtualTokens", "ids (3, 6)", "difere da biblioteca")


def test_the_prompt_is_a_parameter_of_float32(judge):
    table = Embedding(7, 5, rng=np.random.default_rng(0), std=1.0)
    layer = judge.outcome(lambda piece: piece(table, rng.normal(size=(2, 5))), judge.answer.VirtualTokens, ())
    names = [name for name, _ in layer.named_parameters()]
    judge.that(any(name.endswith(".prompt") for name in names), "VirtualTokens", "os pesos que aprendem",
               f"são {', '.join(names)}; falta o prompt: faça dele um Parameter")  # fmt: skip


@pytest.mark.parametrize("name", ["Adapter", "VirtualTokens"])
def test_time_and_memory(judge, name):
    judge.fast(name)
