"""m05.e11: how far a student is from its teacher and how it comes nearer, what it imitates inside, and what is kept."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes

rng = np.random.default_rng(0)

# computed once with PyTorch 2.13: 2.5² kl_div(log_softmax(x / 2.5), log_softmax(t / 2.5), log_target=True, batchmean),
# and its gradient for dy = 1.7
STORED_X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
STORED_TEACHER = np.array([[1.0, 0.0, -1.0], [2.0, -0.5, 0.5]])
STORED_LOSS = 0.8419340573918185
STORED_DX = [[-0.3721347183, -0.3260470179, 0.6981817362], [-0.0530957873, 0.2323839757, -0.1792881884]]

# -------------------------------------------------------------------------------------------------------- distillation


def distil(judge, logits, teacher, *, temperature=2.0, dy=1.7, of=""):
    case = f"logits {shapes(logits)}, teacher {shapes(teacher)}, temperature={temperature:g}{of}"
    dy = np.asarray(dy, logits.dtype)
    return judge.same("distillation", logits, teacher, dy, temperature, through=judge.support.compared, case=case)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 5)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("temperature", [1.0, 2.0, 0.4])
def test_distillation(judge, shape, dtype, temperature):
    logits, teacher = (2 * rng.normal(size=(2, *shape))).astype(dtype)
    distil(judge, logits, teacher, temperature=temperature)


def test_distillation_of_any_shape(judge):
    @given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.floats(0.3, 8), st.integers(0, 99))
    def agrees(shape, temperature, seed):
        distil(judge, *np.random.default_rng(seed).normal(size=(2, *shape)), temperature=temperature)

    agrees()


def test_other_arrays(judge):
    logits, teacher = rng.normal(size=(2, 6, 8))
    distil(judge, logits[::2, 1:], rng.normal(size=(7, 3)).T, of=", não contíguos")
    distil(judge, logits, np.broadcast_to(teacher[:1], (6, 8)), of=", um professor esticado")
    distil(judge, np.asfortranarray(logits), teacher)


def test_large_numbers(judge):
    logits, teacher = 1e4 * rng.normal(size=(2, 3, 5))
    found = distil(judge, logits, teacher, of=", de até ±10000")
    judge.that(np.isfinite(found.valor), "distillation", "logits de até ±10000", "transbordou")


def test_a_student_that_knows_all(judge):
    teacher = rng.normal(size=(3, 5))
    found = distil(judge, teacher + 7, teacher, of=", iguais menos uma constante")
    judge.that(abs(found.valor) < 1e-9 and np.abs(found.gradiente_do_aluno).max() < 1e-9, "distillation",
               "um aluno que já sabe tudo", "o valor e o gradiente deveriam ser 0")  # fmt: skip


def test_distillation_by_hand(judge):
    logits, teacher = np.zeros((1, 2)), np.array([[math.log(3), 0.0]])
    found = distil(judge, logits, teacher, temperature=1.0, of=", o exemplo")
    judge.that(abs(found.valor - (0.75 * math.log(1.5) + 0.25 * math.log(0.5))) < 1e-9, "distillation", "o exemplo",
               "deveria dar 0,131")  # fmt: skip


def test_stored_values(judge):
    found = distil(judge, STORED_X, STORED_TEACHER, temperature=2.5, of=", calculados com o PyTorch")
    agree = np.allclose(found.valor, STORED_LOSS) and np.allclose(found.gradiente_do_aluno, STORED_DX)
    judge.that(agree, "distillation", "valores calculados com o PyTorch", "difere")


def test_gradient_by_central_differences(judge):
    (logits, teacher), step = rng.normal(size=(2, 3, 4)), 1e-6
    found = distil(judge, logits, teacher, dy=1.0)

    def value(moved):
        return judge.outcome(
            judge.support.compared, judge.answer.distillation, (moved, teacher, np.float64(1), 2.0)
        ).valor

    for place in np.ndindex(logits.shape):
        moved = np.zeros_like(logits)
        moved[place] = step
        slope = (value(logits + moved) - value(logits - moved)) / (2 * step)
        judge.that(abs(slope - found.gradiente_do_aluno[place]) < 1e-6, "distillation", f"a derivada em {list(place)}",
                   f"por diferenças dá {slope:.6g}, e a volta {found.gradiente_do_aluno[place]:.6g}")  # fmt: skip


def test_a_warm_gradient_is_that_of_squares(judge):
    """At a high temperature the divergence is half the squares of the logits, each less its row's mean, over V."""
    logits, teacher = rng.normal(size=(2, 4, 6))
    found = distil(judge, logits, teacher, temperature=300.0)
    apart = (logits - logits.mean(axis=1, keepdims=True)) - (teacher - teacher.mean(axis=1, keepdims=True))
    judge.that(abs(found.valor - (apart * apart).mean() / 2) < 0.01, "distillation", "temperature=300",
               "deveria quase ser metade da média dos quadrados das diferenças")  # fmt: skip


def test_the_library_diverges_as_much(judge):
    logits, teacher = rng.normal(size=(2, 4, 6))
    found = distil(judge, logits, teacher, dy=1.0)
    theirs = judge.support.compared(F.distillation, logits, teacher, np.float64(1.0), 2.0)
    agree = all(map(np.allclose, found[:2], theirs[:2]))
    judge.that(agree, "distillation", "logits (4, 6)", "difere da biblioteca")


# --------------------------------------------------------------------------------------------------------- hidden_loss


def imitate(judge, N, C, V, D, mixture=0.3, dtype=np.float64, draw=rng, size=3.0, of=""):
    hidden, head, weight = (draw.normal(size=shape).astype(dtype) for shape in ((N, C), (C, V), (C, D)))
    states = (size * (draw.normal(size=(N, D)) + 0.5)).astype(dtype)
    case = f"hidden {shapes(hidden)}, V={V}, states {states.shape}, mixture={mixture:g}{of}"
    return judge.same("hidden_loss", hidden, head, draw.integers(V, size=N), states, weight, mixture,
                      through=judge.support.imitated, case=case)  # fmt: skip


@pytest.mark.parametrize(("N", "C", "V", "D"), [(4, 3, 7, 5), (6, 5, 4, 2), (1, 2, 3, 6), (5, 4, 6, 4)])
@pytest.mark.parametrize("mixture", [0.3, 0.8])
def test_hidden_loss(judge, N, C, V, D, mixture):
    imitate(judge, N, C, V, D, mixture)


@pytest.mark.parametrize("mixture", [0, 1])
def test_one_of_the_two_alone(judge, mixture):
    imitate(judge, 4, 3, 7, 5, mixture)


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_states_of_other_sizes(judge, size):
    imitate(judge, 4, 3, 7, 5, size=size, dtype=np.float32, of=f", estados de cerca de {size:g}")


def test_hidden_loss_of_any_shape(judge):
    few = st.integers(1, 5)

    @given(few, few, few, few, st.floats(0, 1), st.integers(0, 99))
    def agrees(N, C, V, D, mixture, seed):
        imitate(judge, N, C, V, D, mixture, draw=np.random.default_rng(seed))

    agrees()


# ----------------------------------------------------------------------------------------------------------- likeliest


def keep(judge, logits, count, of=""):
    case = f"logits {shapes(logits)}{of}, count={count}"
    ids, known = judge.same("likeliest", logits, through=lambda piece, logits: piece(logits, count=count), case=case)
    judge.that(known.dtype == logits.dtype, "likeliest", case, f"os logaritmos são {known.dtype}")
    judge.that(np.allclose(np.exp(known).sum(axis=1), 1), "likeliest", case, "as probabilidades não somam 1")
    return ids, known


@pytest.mark.parametrize(("n", "V"), [(4, 7), (1, 5), (6, 30)])
@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_likeliest(judge, n, V, count, dtype):
    keep(judge, (2 * rng.normal(size=(n, V))).astype(dtype), count)


def test_likeliest_of_any_shape(judge):
    @given(st.integers(1, 6), st.integers(2, 12), st.data(), st.integers(0, 99))
    def agrees(n, V, data, seed):
        keep(judge, np.random.default_rng(seed).normal(size=(n, V)), data.draw(st.integers(1, V - 1)))

    agrees()


def test_tokens_that_are_equally_likely(judge):
    keep(judge, rng.integers(3, size=(5, 9)).astype(float), 4, ", com muitos empates")


def test_what_is_almost_sure(judge):
    """Of which 1 less the sum would leave nothing."""
    logits = rng.normal(size=(4, 6)).astype(np.float32)
    logits[:, 2] += 60
    _, known = keep(judge, logits, 2, ", um token quase certo")
    judge.that(np.isfinite(known).all(), "likeliest", "um token quase certo", "algum logaritmo não é finito")
    keep(judge, 1e4 * rng.normal(size=(3, 5)), 2, ", de até ±10000")


def test_likeliest_of_other_arrays(judge):
    logits = rng.normal(size=(8, 6))
    keep(judge, logits.T[1:, ::2], 2, ", não contíguos")
    keep(judge, np.broadcast_to(logits[:1], (4, 6)), 3, ", esticados")


def test_likeliest_by_hand(judge):
    ids, known = keep(judge, np.log([[1.0, 5.0, 3.0, 1.0]]), 2, ", o exemplo")
    agree = np.array_equal(ids, [[1, 2]]) and np.allclose(np.exp(known), [[0.5, 0.3, 0.2]])
    judge.that(agree, "likeliest", "o exemplo", "deveria dar os ids [1 2] e os logaritmos de [0,5  0,3  0,2]")


def test_parts_are_never_farther_apart_than_the_whole(judge):
    """What is lost by keeping few tokens is only ever divergence: to put things together tells less."""
    logits, teacher = rng.normal(size=(2, 20, 12))
    softmax = [np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (teacher, logits)]
    whole = (softmax[0] * np.log(softmax[0] / softmax[1])).sum(axis=1)
    for count in (1, 3, 11):
        ids, known = keep(judge, teacher, count)
        q = np.take_along_axis(softmax[1], np.asarray(ids), axis=1)
        q = np.concatenate([q, 1 - q.sum(axis=1, keepdims=True)], axis=1)
        parts = (np.exp(known) * (known - np.log(q))).sum(axis=1)
        holds = (parts <= whole + 1e-9).all() and (count < 11 or np.allclose(parts, whole))
        judge.that(holds, "likeliest", f"20 posições, V = 12, count={count}",
                   "a divergência das partes passa da do todo, ou não é a mesma com todos menos um")  # fmt: skip


@pytest.mark.parametrize("name", ["distillation", "hidden_loss", "likeliest"])
def test_time_and_memory(judge, name):
    judge.fast(name)
