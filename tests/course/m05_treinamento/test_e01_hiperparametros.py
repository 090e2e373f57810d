"""m05.e01: the rates of a range test, the one that it suggests, and a search that gives all the same steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes


@pytest.mark.parametrize(("lowest", "highest", "steps"), [(1e-5, 3.0, 7), (2e-3, 0.5, 2), (1e-6, 1.0, 150)])
def test_rates(judge, lowest, highest, steps):
    case = f"de {lowest} a {highest} em {steps} passos"
    found = judge.same("rates", lowest, highest, steps, case=case)
    factors = np.asarray(found)[1:] / np.asarray(found)[:-1]
    judge.that(np.allclose(factors, factors[0]), "rates", case, "o fator de uma taxa à seguinte deveria ser um só")


def test_rates_by_hand(judge):
    found = judge.same("rates", 1e-3, 1.0, 4, case="o exemplo")
    judge.that(np.allclose(found, [0.001, 0.01, 0.1, 1]), "rates", "o exemplo", "deveria dar 0,001, 0,01, 0,1 e 1")


def test_any_rates(judge):
    @given(st.floats(1e-9, 1e-2), st.floats(2, 1e6), st.integers(2, 40))
    def agrees(lowest, factor, steps):
        judge.same("rates", lowest, lowest * factor, steps, case=f"de {lowest:g} a {lowest * factor:g}, {steps} passos")

    agrees()


# ------------------------------------------------------------------------------------------------------------- suggest


def test_suggest(judge):
    tests = [judge.support.test_of(seed) for seed in range(8)]
    judge.same("suggest", tests, through=judge.support.of_several, case="oito testes de faixa, de 60 passos cada um")


def test_near_the_ends_and_unevenly(judge):
    tested, losses = judge.support.test_of(1)
    judge.same("suggest", tested[20:32], losses[20:32], case="doze passos: seis deles estão perto de uma ponta")
    uneven = np.r_[:20, 20:60:3]
    judge.same("suggest", tested[uneven], losses[uneven], case="taxas mais espaçadas do passo 20 em diante")


@pytest.mark.parametrize("size", [4, 7, 11, 12, 25, 150])
def test_of_other_lengths(judge, size):
    tested, losses = judge.support.test_of(3, max(size, 8))
    judge.same("suggest", tested[:size], losses[:size], case=f"rates e losses {shapes(losses[:size])}")


def test_suggest_from_other_arrays(judge):
    tested, losses = judge.support.test_of(5)
    judge.same("suggest", tested[::2], losses[::2], case="um passo sim, outro não")
    judge.same("suggest", tested, 1e4 * losses, case="perdas de cerca de 10.000")
    judge.same("suggest", tested, losses.astype(np.float32), case="perdas float32")


def test_any_losses(judge):
    @given(st.integers(0, 2**32), st.integers(8, 80))
    def agrees(seed, size):
        judge.same("suggest", *judge.support.test_of(seed, size), case=f"um teste de faixa de {size} passos")

    agrees()


def test_suggest_by_hand(judge):
    found = judge.same("suggest", np.array([0.001, 0.01, 0.1, 1]), np.array([5.0, 4, 1, 9]), case="o exemplo")
    judge.that(abs(found - 0.001) < 1e-12, "suggest", "o exemplo", "deveria dar 0,001")


def test_losses_that_only_grow(judge):
    judge.same("suggest", np.array([0.001, 0.01, 0.1, 1]), np.array([1.0, 3, 3.1, 3.2]), case="perdas que só crescem")


# ------------------------------------------------------------------------------------------------------------- halving


def search(judge, rates, steps, best, crossed=False):
    case = f"{len(rates)} candidatas, steps={steps}; a melhor é perto de {best}, e as acima de 1 divergem"
    return judge.same("halving", rates, steps, best, crossed, through=judge.support.searched, case=case)


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize(("rates", "steps", "best"), [
    ([0.5, 3.0, 0.1, 0.02, 0.004, 2.0, 0.9], 10, 0.03), ([0.3, 0.01, 0.05], 7, 0.02), ([7.0, 0.2], 5, 0.1),
    ([3.0, 0.004, 8.0, 0.09, 0.6], 3, 0.05),
])  # fmt: skip
def test_halving(judge, rates, steps, best, crossed):
    search(judge, rates, steps, best, crossed)


def test_one_candidate_is_not_trained(judge):
    found = search(judge, [0.2], 10, 0.1)
    judge.that(found.passos_gastos == 0, "halving", "uma candidata só", "não há o que comparar: são 0 passos")


def test_any_search(judge):
    @given(st.integers(1, 12), st.integers(0, 2**32), st.integers(1, 50), st.booleans())
    def agrees(count, seed, steps, crossed):
        draw = np.random.default_rng(seed)
        rates = draw.permutation(np.geomspace(1e-4, 0.9, count))
        rates[: draw.integers(count // 2 + 1)] *= 1e5
        search(judge, draw.permutation(rates).tolist(), steps, 1e-5, crossed)

    agrees()


def test_halving_by_hand(judge):
    found = search(judge, [0.1, 0.02, 0.5, 0.004], 10, 0.03)
    judge.that(found[:2] == (0.02, 60), "halving", "o exemplo, com a melhor em 0,02", "deveria dar 0,02 e 60")


def test_the_candidates_stay_as_they_were(judge):
    given = [0.3, 0.01, 0.1, 0.03]
    judge.outcome(lambda piece: piece(given, lambda rate, steps: abs(rate - 0.03), 5), judge.answer.halving, ())
    judge.that(given == [0.3, 0.01, 0.1, 0.03], "halving", "4 candidatas",
               "a lista de quem chamou mudou de ordem ou de tamanho; trabalhe numa cópia, list(rates)")  # fmt: skip


@pytest.mark.parametrize("name", ["rates", "suggest", "halving"])
def test_time_and_memory(judge, name):
    judge.fast(name)
