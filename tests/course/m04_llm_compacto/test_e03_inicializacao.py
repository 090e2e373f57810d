"""m04.e03: with which numbers a model begins, and what becomes of the stream in its blocks."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.nn import layers
from tinyllm.nn.outline import Outline, in_outline

rng = np.random.default_rng(0)


def initial_weight(judge, seed, n_in, n_out, std="nenhum"):
    """std "nenhum": the piece is called without it."""
    options = {} if std == "nenhum" else {"std": std}

    def through(piece, *arguments):
        return judge.support.drawn(piece, *arguments, **options)

    return judge.same("initial_weight", seed, n_in, n_out, through=through,
                      case=f"n_in={n_in}, n_out={n_out}" + (f", std={std}" if options else ""))[0]  # fmt: skip


# ------------------------------------------------------------------------------------------------------ initial_weight


def test_the_rng_that_is_given_draws(judge):
    given, as_before = np.random.default_rng(3), np.random.default_rng(3)
    judge.about("initial_weight", "n_in=4, n_out=6")
    judge.outcome(lambda piece: piece(4, 6, rng=given), judge.answer.initial_weight, ())
    judge.that(given.bit_generator.state != as_before.bit_generator.state, "initial_weight", "n_in=4, n_out=6",
               "o rng que a função recebeu ficou como estava; é dele que se sorteiam os números")  # fmt: skip


@pytest.mark.parametrize(("n_in", "n_out"), [(3, 5), (768, 2), (1, 7), (100, 300)])
@pytest.mark.parametrize("std", ["nenhum", None, 0.02, 3.0, 0.0])
def test_initial_weight(judge, n_in, n_out, std):
    initial_weight(judge, 7, n_in, n_out, std)


def test_initial_weight_of_any_shape(judge):
    @given(st.integers(1, 50), st.integers(1, 50), st.sampled_from([None, 0.0, 0.1, 2.0]), st.integers(0, 2**32))
    def agrees(n_in, n_out, std, seed):
        initial_weight(judge, seed, n_in, n_out, std)

    agrees()


def test_what_comes_out_is_as_large_as_what_went_in(judge):
    for n_in, n_out in ((400, 900), (900, 400)):
        x = rng.normal(size=(200, n_in))
        size = (x @ initial_weight(judge, 3, n_in, n_out)).std()
        judge.that(0.95 < size < 1.05, "initial_weight", f"x (200, {n_in}) de desvio 1, n_out={n_out}",
                   f"x @ W saiu com desvio {size:.3f}; deveria ser cerca de 1")  # fmt: skip


def test_initial_weight_by_hand(judge):
    size = initial_weight(judge, 5, 100, 3000).std()
    judge.that(
        abs(size - 0.1) < 0.002, "initial_weight", "o exemplo, n_in=100", f"o desvio é {size:.3f}; deveria ser 0,1"
    )


def test_a_model_in_outline_can_be_made_with_it(judge):
    """As `tinyllm estimate` does, of models too large to be made: what the rng draws has a shape and no numbers."""
    judge.about("initial_weight", "um rng que só dá formas")
    with in_outline() as draws:
        found = judge.outcome(lambda piece: piece(5, 3, rng=draws), judge.answer.initial_weight, ())
    judge.that(isinstance(found, Outline) and found.shape == (5, 3), "initial_weight", "um rng que só dá formas",
               "deveria devolver o que rng.normal(scale=…, size=…) dá, sem mais contas")  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- out_std


@pytest.mark.parametrize(("width", "additions"), [(25, 4), (768, 24), (192, 8), (7, 1), (8192, 160)])
def test_out_std(judge, width, additions):
    found = judge.same("out_std", width, additions, case=f"width={width}, additions={additions}")
    judge.that(np.isclose(found, layers.out_std(width, additions)), "out_std", f"width={width}, additions={additions}",
               "difere da biblioteca")  # fmt: skip


def test_out_std_of_any_sizes(judge):
    @given(st.integers(1, 10**5), st.integers(1, 400))
    def agrees(width, additions):
        judge.same("out_std", width, additions, case=f"width={width}, additions={additions}")

    agrees()


def test_out_std_by_hand(judge):
    found = judge.same("out_std", 25, 4, case="o exemplo")
    judge.that(np.isclose(found, 0.01), "out_std", "o exemplo", "deveria dar 0,01")


# ---------------------------------------------------------------------------------------------------------- deviations


def deviations(judge, family, layers, ids, scale=10.0, seed=3):
    case = f"um {family}, layers={layers}, ids {ids.shape}"
    return judge.same("deviations", family, seed, layers, ids, scale, through=judge.support.measured, case=case)


@pytest.mark.parametrize("family", ["gpt", "llama"])
@pytest.mark.parametrize(("layers", "shape"), [(1, (3, 5)), (3, (2, 7)), (5, (1, 4))])
@pytest.mark.parametrize("scale", [1.0, 10.0, 1000.0])
def test_deviations(judge, family, layers, shape, scale):
    deviations(judge, family, layers, rng.integers(20, size=shape), scale)


def test_deviations_of_any_model(judge):
    @given(st.sampled_from(["gpt", "llama"]), *(st.integers(1, 4) for _ in range(3)), st.integers(0, 99))
    def agrees(family, layers, B, T, seed):
        ids = np.random.default_rng(seed).integers(20, size=(B, T + 1))
        deviations(judge, family, layers, np.asfortranarray(ids), seed=seed)

    agrees()


def test_blocks_that_do_nothing(judge):
    found = deviations(judge, "gpt", 3, rng.integers(20, size=(2, 6)), scale=0.0)
    judge.that(len(found) == 4 and len(set(found)) == 1, "deviations", "blocos que somam 0",
               "os L + 1 números deveriam ser iguais")  # fmt: skip


def test_no_graph_is_left(judge):
    """A deep model may be measured: nothing is kept for a way back that nobody goes."""
    ids, seen = rng.integers(20, size=(2, 6)), []
    model = judge.support.model("gpt", 0, 2, ids, 1.0)

    def watched(block):
        def run(x):
            y = block(x)
            seen.append(y.requires_grad)
            return y

        return run

    judge.about("deviations", "um GPT de 2 blocos")
    walked = SimpleNamespace(begin=model.begin, blocks=[watched(block) for block in model.blocks])
    judge.outcome(lambda piece: piece(walked, ids), judge.answer.deviations, ())
    judge.that(seen == [False, False], "deviations", "um GPT de 2 blocos",
               "guardou o caminho de volta; percorra o modelo dentro de `with no_grad():`")  # fmt: skip


@pytest.mark.parametrize("name", ["initial_weight", "out_std", "deviations"])
def test_time_and_memory(judge, name):
    judge.fast(name)
