"""m05.e07: a gradient of bounded length, steps that are better not taken, and where the first NaN came from."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.optim import schedule
from tinyllm.train.guard import Guard

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------ clip_gradients


def grads_of(*sizes, dtype=np.float64, draw=rng):
    """Gradients of several parameters, of different sizes."""
    shapes = [(3, 4), (5,), (2, 3, 2), (7, 1)]
    return {name: (size * draw.normal(size=shape)).astype(dtype)
            for name, size, shape in zip("abcd", sizes, shapes, strict=False)}  # fmt: skip


def clip(judge, grads, limit, what=""):
    dtype = next(iter(grads.values())).dtype if grads else "nada"
    return judge.same("clip_gradients", grads, limit, through=judge.support.clipped,
                      case=f"{len(grads)} arrays {dtype}, limit={limit:g}{what}")  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("limit", [1e-4, 0.3, 5.0, 1e6])
@pytest.mark.parametrize("sizes", [(1.0, 1.0, 1.0), (1e-4, 30.0), (0.01, 0.02, 1e-3, 1e-3)], ids=str)
def test_clip_gradients(judge, sizes, limit, dtype):
    found = clip(judge, grads_of(*sizes, dtype=dtype), limit)
    length = math.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in found.gradientes.values()))
    judge.that(length <= limit * 1.0001, "clip_gradients", f"limit={limit:g}", f"ficou com comprimento {length:.4g}")


def test_clip_gradients_as_long_as_the_limit(judge):
    clip(judge, {"a": np.array([3.0]), "b": np.array([4.0])}, 5.0, ", que é o comprimento")
    clip(judge, {"a": np.zeros((2, 3)), "b": np.zeros(4)}, 1.0, ", só zeros")


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e25), (np.float32, 1e-25), (np.float64, 1e100)])
def test_squares_that_do_not_fit(judge, dtype, size):
    clip(judge, grads_of(size, size, dtype=dtype), 1.0, f", números de cerca de {size:g}")


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_length_that_is_not_finite(judge, poison):
    grads = grads_of(1.0, 1.0)
    grads["b"][2] = poison
    clip(judge, grads, 0.1, f", um deles é {poison}")


def test_squares_of_other_ranks(judge):
    for rest in (0.0, 40.0, 1e4):
        judge.same("clip_gradients", grads_of(1.0, 0.5), 2.0, rest, through=judge.support.clipped_by_ranks,
                   case=f"com squares, e os quadrados dos outros processos somam {rest:g}")  # fmt: skip


def test_clip_gradients_of_any_shapes(judge):
    shape = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)

    @given(st.lists(shape, min_size=1, max_size=4), st.floats(1e-3, 1e3), st.integers(0, 99))
    def agrees(shapes, limit, seed):
        draw = np.random.default_rng(seed)
        grads = {n: np.asfortranarray(draw.normal(size=shape)) for n, shape in enumerate(shapes)}
        found = clip(judge, grads, limit)
        theirs, norm = schedule.clip_gradients(grads, limit)
        same = math.isclose(found.comprimento, norm) and all(np.allclose(found.gradientes[n], theirs[n]) for n in grads)
        judge.that(same, "clip_gradients", f"formas {shapes}, limit={limit:g}", "difere da biblioteca")

    agrees()


def test_clip_gradients_by_hand(judge):
    found = clip(judge, {"a": np.array([3.0]), "b": np.array([4.0])}, 1.0, ", o exemplo")
    judge.that(math.isclose(found.comprimento, 5) and math.isclose(found.gradientes["b"][0], 0.8), "clip_gradients",
               "o exemplo", "deveria dar comprimento 5, e {a: [0,6], b: [0,8]}")  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- Guard


def guard(judge, steps, what):
    return judge.same("Guard", steps, through=judge.support.guarded, case=what)


def calm(count, draw=rng, middle=3.0, wide=0.05):
    """Steps of which nothing is wrong, whose loss hardly falls."""
    return [(float(loss), 1.0) for loss in middle + wide * draw.normal(size=count)]


@pytest.mark.parametrize(("loss", "norm"), [
    (math.nan, 1.0), (math.inf, 1.0), (-math.inf, 1.0), (2.0, math.nan), (2.0, math.inf), (math.nan, math.inf),
    (math.inf, math.inf),
    (2.0, 1e30), (1e30, 1.0), (-5.0, 1.0), (0.0, 0.0),
])  # fmt: skip
def test_one_step(judge, loss, norm):
    guard(judge, [(3.0, 1.0), (loss, norm), (3.1, 1.0)], f"perda {loss:g}, comprimento {norm:g}, no segundo passo")
    guard(judge, [*calm(20), (loss, norm), *calm(3)], f"perda {loss:g}, comprimento {norm:g}, depois de 20 passos")


@pytest.mark.parametrize("before", [14, 15, 16, 17, 30])
def test_spikes_need_some_losses(judge, before):
    guard(
        judge, [*calm(before), (9.0, 1.0), (3.0, 1.0), (9.0, 1.0)], f"9, 3 e 9 depois de {before} perdas de cerca de 3"
    )


@pytest.mark.parametrize("middle", [100.0, 3.0, 0.002, -3.0, 0.0])
def test_a_loss_that_hardly_moves(judge, middle):
    for far in (0.005, 0.05, 0.079, 0.081, 0.5):
        steps = [*calm(20, middle=middle, wide=1e-6), (middle + far * abs(middle), 1.0), (middle + far, 1.0)]
        guard(judge, steps, f"perdas de cerca de {middle:g}, e uma {far:.1%} acima")


@pytest.mark.parametrize("deviations", [1.5, 4, 7, 8, 9, 12])
def test_how_far_a_spike_is(judge, deviations):
    losses = [2.0, 2.5, 3.0, 3.5, 4.0] * 4  # the median is 3, that of the distances 0.5
    guard(
        judge, [*((loss, 1.0) for loss in losses), (3 + 0.5 * deviations, 1.0)], f"uma perda a {deviations} distâncias"
    )


def test_the_loss_in_question_is_not_among_those_before(judge):
    """With it in, both medians would be others: 4 and 2, and not 3 and 1."""
    losses = [2.0, 4.0] * 8
    guard(judge, [*((loss, 1.0) for loss in losses), (11.5, 1.0)], "8 perdas de 2, 8 de 4, e então 11,5")


def test_large_losses_that_were_taken_do_not_hide_a_spike(judge):
    steps = [
        *calm(12),
        (1000.0, 1.0),
        (900.0, 1.0),
        *calm(8),
        (30.0, 1.0),
        (0.1, 1.0),
        *calm(3),
        (12.0, 1.0),
        (600.0, 1.0),
        (1e6, 1.0),
    ]
    guard(judge, steps, "duas perdas enormes entre as primeiras, e depois uma de 30")


def test_a_spike_that_was_skipped_is_not_remembered(judge):
    steps = [*calm(20), *[(30.0, 1.0)] * 4, (3.0, 1.0), (29.0, 1.0), *calm(2)]
    guard(judge, steps, "perdas de 30, puladas, entre as de 3")


def test_old_losses_are_forgotten(judge):
    steps = [*calm(80, middle=8.0), *[(3.0 + 0.001 * n, 1.0) for n in range(60)], (5.0, 1.0), (9.0, 1.0)]
    guard(judge, steps, "80 perdas de cerca de 8, 60 de cerca de 3, e então 5 e 9")


@pytest.mark.parametrize("count", [9, 10, 11])
def test_skipped_in_a_row(judge, count):
    found = guard(judge, [*calm(2), *[(math.nan, 1.0)] * count, (3.0, 1.0)], f"{count} perdas NaN em seguida")
    judge.that(("RuntimeError" in found.respostas) == (count >= 10), "Guard", f"{count} NaN em seguida",
               f"as respostas foram {found.respostas}")  # fmt: skip


def test_skipped_but_not_in_a_row(judge):
    steps = [*[(math.nan, 1.0)] * 6, (3.0, 1.0), *[(3.0, math.inf)] * 6, (3.0, 1.0), *[(math.nan, 1.0)] * 9]
    guard(judge, steps, "6 passos pulados, um dado, 6 pulados, um dado, 9 pulados")


def test_the_end_says_why(judge):
    made = judge.outcome(lambda piece: piece(), judge.answer.Guard, ())
    try:
        for _ in range(10):
            made.check(math.nan, 7.5)
    except NotImplementedError:
        raise
    except RuntimeError as error:
        said = str(error)
    else:
        said = ""
    judge.that("loss" in said and "nan" in said and "7.5" in said.replace(",", "."), "Guard", "o fim",
               f"o erro deveria dizer loss, nan e 7.5, e diz {said!r}")  # fmt: skip


def test_any_steps(judge):
    @given(st.integers(0, 99), st.integers(1, 90))
    def agrees(seed, count):
        draw = np.random.default_rng(seed)
        steps = calm(count, draw, wide=draw.choice([0.01, 0.5]))
        for place in np.flatnonzero(draw.random(count) < 0.15):
            steps[place] = [(math.nan, 1.0), (2.0, math.inf), (20.0, 1.0), (3.6, 1.0)][draw.integers(4)]
        found = guard(judge, steps, f"{count} passos ao acaso")
        judge.that(
            found.respostas == library(steps, found.respostas), "Guard", f"{count} passos", "difere da biblioteca"
        )

    agrees()


def library(steps, said):
    """What the library's guard says of the same steps: those before the end."""
    theirs, found = Guard(spikes=True), []
    for loss, norm in steps[: len(said) - ("RuntimeError" in said)]:
        found.append(theirs.objection(loss, norm))
        if found[-1]:
            theirs.skipped, theirs.in_a_row = theirs.skipped + 1, theirs.in_a_row + 1
        else:
            theirs.take(loss)
    return found + ["RuntimeError"] * ("RuntimeError" in said)


# ----------------------------------------------------------------------------------------------------------- first_bad


def search(judge, names, x):
    return judge.same("first_bad", names, np.array(x), through=judge.support.searched,
                      case=f"x = {x}, as funções {', '.join(names) or 'nenhuma'}")  # fmt: skip


@pytest.mark.parametrize(("names", "x"), [
    (["log", "vezes 0", "soma"], [1.0, 0.0]), (["log", "exp", "soma"], [1.0, 0.0]), (["log", "1/x"], [1.0, 0.5]),
    (["menos 5", "raiz", "exp"], [9.0, 2.0]), (["1/x", "menos 5"], [2.0, 0.0]), (["exp", "menos 5"], [1.0, 2.0]),
    (["vezes 1e300", "vezes 1e300", "vezes 0"], [1.0, -2.0]), (["vezes 1e300", "exp", "vezes 0"], [-1.0, -2.0]),
    (["menos 5", "soma"], [1.0, math.nan]), (["vezes 0", "soma"], [1.0, math.inf]), (["soma"], [1.0, -math.inf]),
    (["onde positivo", "log", "1/x", "raiz"], [math.nan, 4.0]), (["sinais", "soma", "log"], [math.nan, 1.0]),
    (["onde positivo", "menos 5", "raiz"], [math.nan, 1.0]), ([], [math.nan]), (["sinais", "menos 5"], [1.0, 2.0]),
    (["sem negativos", "soma"], [math.nan, math.nan]), (["log", "sem negativos", "1/x"], [0.0, 1.0]),
    (["menos 5", "raiz", "soma", "exp"], [9.0, 2.0]),
    (["exp"], [-math.inf, 1.0]), (["log", "vezes 0"], [-math.inf, 1.0]), (["soma", "1/x"], [2.0, -2.0]),
], ids=str)  # fmt: skip
def test_first_bad(judge, names, x):
    search(judge, names, x)


def test_first_bad_of_any_functions(judge):
    names = st.lists(st.sampled_from(list(judge.support.FUNCTIONS)), max_size=6)
    number = st.sampled_from([0.0, 1.0, -2.0, 700.0, math.inf, -math.inf, math.nan])

    @given(names, st.lists(number, min_size=1, max_size=3))
    def agrees(names, x):
        search(judge, names, x)

    agrees()


def test_first_bad_by_hand(judge):
    found = search(judge, ["log", "vezes 0", "soma"], [1.0, 0.0])
    judge.that(tuple(found.resposta) == ("vezes 0", "fez"), "first_bad", "o exemplo", f"deu {found.resposta}")


@pytest.mark.parametrize("name", ["clip_gradients", "Guard", "first_bad"])
def test_time_and_memory(judge, name):
    judge.fast(name)
