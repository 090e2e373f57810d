"""m04.e13: where the ranks of a training first differ, and which of the differences is the cause."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes

rng = np.random.default_rng(0)

# --------------------------------------------------------------------------------------------------------- first_apart


def alike(steps, ranks, draw=rng):
    """(steps, ranks): the same in all ranks, but for the rounding."""
    return draw.normal(size=(steps, 1)) * (1 + 1e-8 * draw.normal(size=(steps, ranks)))


def apart(judge, numbers, case):
    return judge.same("first_apart", numbers, case=f"{case}, {shapes(numbers)}")


@pytest.mark.parametrize("places", [[(3, 2), (5, 1), (6, 3)], [(1, 3), (1, 2), (4, 1)], [(0, 1)], []], ids=str)
@pytest.mark.parametrize("size", [1.0, 1e6, 1e-7])
def test_first_apart(judge, places, size):
    numbers = size * alike(7, 4)
    for place in places:
        numbers[place] *= 1.1
    found = apart(judge, numbers, f"diferenças em {places}, números de cerca de {size:g}")
    judge.that(found == (min(places) if places else None) or list(found) == list(min(places)), "first_apart",
               f"diferenças em {places}", f"deu {found}")  # fmt: skip


def test_rank_0_is_the_odd_one(judge):
    numbers = alike(5, 3)
    numbers[2, 0] *= 2
    apart(judge, numbers, "é o rank 0 que difere, no passo 2")


def test_not_a_number(judge):
    numbers = alike(5, 3)
    numbers[2:] = np.nan
    apart(judge, numbers, "NaN em todos desde o passo 2")
    numbers[2, 1] = 1.0
    apart(judge, numbers, "no passo 2, NaN em todos menos no rank 1")


def test_zero_and_infinity(judge):
    numbers = alike(4, 3)
    numbers[1], numbers[2] = 0.0, np.inf
    apart(judge, numbers, "zeros no passo 1, infinitos no 2")
    numbers[1, 2] = 1e-12
    apart(judge, numbers, "um número pequeno entre zeros")


def test_any_numbers(judge):
    @given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32))
    def agrees(steps, ranks, seed):
        draw = np.random.default_rng(seed)
        numbers = alike(steps, ranks, draw) + 0.1 * (draw.random((steps, ranks)) < 0.2)
        apart(judge, np.asfortranarray(numbers), "diferenças ao acaso")

    agrees()


def test_first_apart_by_hand(judge):
    found = apart(judge, np.array([[1.0, 1, 1], [2, 2, 3], [5, 4, 5]]), "o exemplo")
    judge.that(tuple(found) == (1, 2), "first_apart", "o exemplo", "deveria dar (1, 2)")


# ------------------------------------------------------------------------------------------------------------ diagnose


def diagnose(judge, *arguments, case, **options):
    log = judge.support.training(*arguments, **options)
    return judge.same("diagnose", log, case=case)


CAUSES = {"nada": "FINE", "pesos": "START", "linhas": "ROWS", "troca": "EXCHANGE", "passo": "UPDATE", "soma": "SCALE",
          "média dupla": "SCALE"}  # fmt: skip


@pytest.mark.parametrize(("rank", "since"), [(2, 0), (0, 2)])
def test_rows_read_twice(judge, rank, since):
    """By ranks 2 and 1 or 3, and never by rank 0; and by rank 0 and another, but not at once."""
    diagnose(judge, "linhas", 4, 6, rank=rank, since=since,
             case=f"4 ranks; desde o passo {since}, o rank {rank} lê as linhas de um vizinho")  # fmt: skip


@pytest.mark.parametrize("fault", CAUSES)
@pytest.mark.parametrize(("ranks", "rank", "since"), [(4, 2, 2), (3, 1, 0), (5, 3, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_one_fault(judge, fault, ranks, rank, since, seed):
    found = diagnose(judge, fault, ranks, 6, rank=rank, since=since, seed=seed,
                     case=f"um treino de {ranks} ranks e 6 passos; o que há: {fault}")  # fmt: skip
    judge.that(found == getattr(judge.solution, CAUSES[fault]), "diagnose", fault, f"deu {found!r}")


def test_what_comes_first_where_nobody_has_noted_its_own_gradient(judge):
    log = judge.support.training("passo", rank=1, since=1, second=("troca", 1, 4))
    judge.same("diagnose", log._replace(own=np.zeros_like(log.own)),
               case="dois enganos: passo desde o passo 1, troca desde o 4; own só tem zeros")  # fmt: skip


@pytest.mark.parametrize(("fault", "since", "second"), [
    ("passo", 1, ("troca", 1, 4)), ("troca", 1, ("passo", 1, 4)), ("passo", 2, ("troca", 2, 3)),
    ("troca", 2, ("passo", 2, 2)), ("pesos", 0, ("troca", 1, 2)), ("linhas", 3, ("troca", 1, 1)),
    ("soma", 0, ("troca", 2, 2)), ("soma", 0, ("linhas", 2, 2)), ("troca", 0, ("soma", 0, 0)),
])  # fmt: skip
def test_two_faults(judge, fault, since, second):
    diagnose(judge, fault, rank=1, since=since, second=second,
             case=f"dois enganos: {fault} desde o passo {since}, {second[0]} desde o {second[2]}")  # fmt: skip


def test_rank_0_does_not_exchange(judge):
    diagnose(judge, "troca", rank=0, since=0, case="o rank 0 move os pesos com o seu próprio gradiente")


def test_a_rank_that_reads_a_row_of_its_own_twice(judge):
    log = judge.support.training("nada")
    log.rows[:, :, 0] = log.rows[:, :, 1]
    judge.same("diagnose", log, case="cada rank lê duas vezes uma das suas próprias linhas; nada mais")


def test_rows_that_another_rank_reads_in_another_step(judge):
    log = judge.support.training("nada")
    judge.same("diagnose", log._replace(rows=log.rows % 1000), case="em cada passo as linhas são as mesmas, repartidas "
               "de outro modo entre os ranks")  # fmt: skip


@pytest.mark.parametrize("fault", ["nada", "soma"])
@pytest.mark.parametrize("size", [1e-5, 1e5])
def test_gradients_of_any_size(judge, fault, size):
    log = judge.support.training(fault)
    near = 1.0005 * size if fault == "nada" else size
    judge.same("diagnose", log._replace(gradients=near * log.gradients, alone=size * log.alone),
               case=f"gradientes de cerca de {size:g}; o que há: {fault}")  # fmt: skip


def test_a_gradient_too_large_in_one_step(judge):
    log = judge.support.training("nada")
    log.gradients[1] *= 2
    judge.same("diagnose", log, case="no passo 1, e só nele, o gradiente de todos é o dobro")


def test_gradients_apart_and_weights_that_do_not_move(judge):
    log = judge.support.training("troca", since=3)
    judge.same("diagnose", log._replace(weights=np.ones_like(log.weights)),
               case="gradientes diferentes desde o passo 3, com taxa de aprendizado 0")  # fmt: skip


def test_the_fault_comes_with_the_last_step(judge):
    for fault in ("linhas", "troca", "passo"):
        diagnose(judge, fault, since=5, case=f"6 passos; desde o último: {fault}")


def test_any_training(judge):
    @given(st.sampled_from(list(CAUSES)), st.integers(2, 5), st.integers(1, 5), st.integers(0, 99))
    def agrees(fault, ranks, steps, seed):
        diagnose(judge, fault, ranks, steps, rank=seed % ranks, since=seed % steps, seed=seed,
                 case=f"{ranks} ranks, {steps} passos; o que há: {fault}")  # fmt: skip

    agrees()


@pytest.mark.parametrize("name", ["first_apart", "diagnose"])
def test_time_and_memory(judge, name):
    judge.fast(name)
