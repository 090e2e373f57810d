"""m05.e08: a curve that can be read, and what its log says of a training that goes wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------------ smoothed


def smooth(judge, losses, keep):
    return judge.same("smoothed", np.array(losses, float), keep, case=f"{len(losses)} perdas, keep={keep}")


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9, 0.99])
def test_smoothed(judge, keep):
    smooth(judge, 3 + rng.normal(size=40), keep)
    smooth(judge, 1e4 * rng.normal(size=7), keep)


@pytest.mark.parametrize("losses", [
    [np.nan, np.nan, 3, 2], [3, np.inf, 2, -np.inf, 1], [np.nan], [4, np.nan, np.nan, 8],
], ids=str)  # fmt: skip
def test_losses_that_are_not_finite(judge, losses):
    smooth(judge, losses, 0.8)


def test_a_loss_that_does_not_move(judge):
    found = smooth(judge, [2.5] * 9, 0.95)
    judge.that(np.allclose(found, 2.5), "smoothed", "uma perda sempre de 2,5", "a curva deveria ser 2,5 desde o começo")


def test_smoothed_any_losses(judge):
    number = st.sampled_from([0.0, 1.0, 2.5, -3.0, np.nan, np.inf])

    @given(st.lists(number, min_size=1, max_size=12), st.floats(0, 0.999))
    def agrees(losses, keep):
        smooth(judge, losses, keep)

    agrees()


def test_smoothed_by_hand(judge):
    found = smooth(judge, [4, 2, np.nan, 2], 0.5)
    judge.that(np.allclose(found, [4, 8 / 3, 8 / 3, 16 / 7]), "smoothed", "o exemplo", f"deu {found}")


# ------------------------------------------------------------------------------------------------------------ diagnose


def diagnose(judge, log, case):
    return judge.same("diagnose", log, case=case)


DISEASES = ["nada", "float16", "não zerou", "taxa alta", "mortos", "decaimento", "taxa baixa", "vazamento", "decorou"]


@pytest.mark.parametrize("disease", DISEASES)
@pytest.mark.parametrize("seed", range(5))
def test_a_training(judge, disease, seed):
    found = diagnose(judge, judge.support.training(disease, seed), f"um treino de 120 passos; o que há: {disease}")
    due = judge.support.CAUSES[disease]
    judge.that(found[0] == due, "diagnose", f"um treino; o que há: {disease}", f"deu {found[0]!r}")


def healthy(**changes):
    """The log of 12 steps of which nothing is wrong, but for what is given."""
    steps = 12
    plain = {
        "loss": np.linspace(3, 2, steps), "norm": np.linspace(1, 2, steps), "alone": np.linspace(1, 2, steps),
        "update": np.full(steps, 1e-3), "dead": np.linspace(0, 0.4, steps), "largest": np.full(steps, 100.0),
        "weights": np.linspace(10, 12, steps + 1), "validation": np.array([2.9, 2.6, 2.3, 2.35]),
    }  # fmt: skip
    for name, numbers in changes.items():
        for place, number in numbers.items():
            plain[name][list(place) if isinstance(place, range) else place] = number
    return plain


BAD = {
    "a perda é NaN no passo 5": {"loss": {4: np.nan}},
    "a perda é infinita no passo 5, e depois largest passa": {"loss": {4: np.inf}, "largest": {5: 1e6}},
    "largest passa no passo 3, e a perda é NaN no 5": {"loss": {4: np.nan}, "largest": {2: 65536.0, 4: np.nan}},
    "largest passa no passo 3, e a perda é infinita no 5": {"loss": {4: np.inf}, "largest": {2: 65536.0}},
    "largest é 65504, que ainda cabe, e a perda é NaN": {"loss": {4: np.nan}, "largest": {2: 65504.0}},
    "largest é NaN no passo 4, e a perda no 5": {"loss": {4: np.nan}, "largest": {3: np.nan}},
    "largest é NaN no passo 3 e passa no 4, e a perda é NaN no 5": {
        "loss": {4: np.nan},
        "largest": {2: np.nan, 3: 7e4},
    },
    "largest passa no mesmo passo que a perda": {"loss": {4: np.nan}, "largest": {4: 1e5}},
    "largest passa, e a perda é finita": {"largest": {4: 1e9}},
    "a perda já é NaN no passo 1": {"loss": {0: np.nan}, "largest": {0: np.inf}},
    "norm dobra em 6 dos 12 passos": {"norm": {range(3, 9): 9.0}},
    "norm dobra em 7 dos 12 passos": {"norm": {range(3, 10): 9.0}},
    "norm é o dobro exato": {"norm": {range(12): 2.0}, "alone": {range(12): 1.0}},
    "norm é 2,5 vezes alone": {"norm": {range(12): 2.5}, "alone": {range(12): 1.0}},
    "norm é o dobro exato em 3 passos, e mais que ele em 7": {
        "norm": {range(3): 2.0, range(3, 10): 9.0},
        "alone": {range(12): 1.0},
    },
    "norm e alone são grandes, e quase iguais": {"norm": {range(12): 9.0}, "alone": {range(12): 8.0}},
    "um lote estranho: num passo norm é 50": {"norm": {5: 50.0}},
    "num passo a perda é 4,6": {"loss": {7: 4.6}},
    "num passo a perda é 4,4": {"loss": {7: 4.4}},
    "a perda é 4,4 no passo 5, 4,5 no 6 e 4,6 no 8": {"loss": {4: 4.4, 5: 4.5, 7: 4.6}},
    "a perda é exatamente 1,5 vez": {"loss": {7: 4.5}},
    "a perda é 4,6 e os neurônios morrem": {"loss": {7: 4.6}, "dead": {range(4, 12): 1.0}},
    "os neurônios morrem": {"dead": {range(4, 12): 0.5}},
    "os neurônios morrem no passo 1, e depois voltam": {"dead": {range(4): 0.9}},
    "os neurônios morrem, voltam e morrem": {"dead": {2: 0.9, range(8, 12): 0.7}},
    "mortos, e os pesos encolhem": {"dead": {11: 0.6}, "weights": {range(4, 13): 1.0}},
    "os pesos encolhem": {"weights": {range(4, 13): 4.9}},
    "os pesos encolhem com o primeiro passo": {"weights": {range(1, 13): 2.0}},
    "os pesos encolhem no último passo": {"weights": {12: 4.0}},
    "os pesos descem a 5 e, no passo 8, a 4,9": {"weights": {range(4, 8): 5.0, range(8, 13): 4.9}},
    "os pesos ficam com a metade exata": {"weights": {range(4, 13): 5.0}},
    "os pesos encolhem e voltam": {"weights": {range(4, 9): 1.0}},
    "update pequeno em 6 dos 12 passos": {"update": {range(3, 9): 1e-6}},
    "update pequeno em 7 dos 12 passos": {"update": {range(3, 10): 1e-6}},
    "update de 0,0001 em 3 passos, e pequeno em 7": {"update": {range(3): 1e-4, range(3, 10): 1e-6}},
    "update de 0,0001, que não é menor": {"update": {range(12): 1e-4}},
    "mortos, e por isso update 0": {"dead": {range(12): 1.0}, "update": {range(12): 0.0}},
    "os pesos encolhem e update é pequeno": {"weights": {range(9, 13): 1.0}, "update": {range(3, 12): 1e-6}},
    "update pequeno e a validação é 0": {"update": {range(12): 1e-6}, "validation": {3: 0.0}},
    "a validação acaba em 0,05": {"validation": {2: 0.09, 3: 0.05}},
    "a validação passa por 0,1 e acaba em 0,05": {"validation": {1: 0.1, 3: 0.05}},
    "a validação acaba em 0,1": {"validation": {3: 0.1}},
    "a validação passa por 0,02 e acaba em 0,3": {"validation": {1: 0.02, 3: 0.3}},
    "a validação passa por 0,02 e acaba em 0,09": {"validation": {1: 0.02, 3: 0.09}},
    "a perda é 0, e a validação passa por 0,02 e acaba em 0,09": {"loss": {11: 0.0}, "validation": {1: 0.02, 3: 0.09}},
    "a perda do treino é 0, a validação não": {"loss": {range(6, 12): 0.0}},
    "a validação acaba 11 % acima da menor": {"validation": {1: 2.0, 3: 2.22}},
    "a validação acaba 9 % acima da menor": {"validation": {1: 2.0, 3: 2.18}},
    "a validação acaba exatos 1,1 vez acima": {"validation": {1: 2.0, 3: 1.1 * 2.0}},
    "a menor validação aparece duas vezes": {"validation": {0: 2.0, 2: 2.0, 3: 2.5}},
    "nada": {},
}


@pytest.mark.parametrize("what", BAD)
def test_one_sign(judge, what):
    for every in (3, 1):
        log = judge.solution.Log(**healthy(**BAD[what]), every=every)
        diagnose(judge, log, f"12 passos, every={every}: {what}")


def test_signs_of_several_diseases(judge):
    """Which question comes first."""
    signs = [changes for changes in BAD.values() if changes]

    @given(st.lists(st.sampled_from(signs), min_size=2, max_size=4))
    def agrees(several):
        merged = {}
        for changes in several:
            for name, places in changes.items():
                merged.setdefault(name, {}).update(places)
        diagnose(judge, judge.solution.Log(**healthy(**merged), every=3), f"12 passos; o que mudou: {merged}")

    agrees()


def test_the_step_is_a_number_of_python(judge):
    for changes in (
        {"loss": {4: np.nan}},
        {"dead": {11: 0.6}},
        {"validation": {3: 0.05}},
        {"validation": {1: 2.0, 3: 2.5}},
    ):
        found = diagnose(judge, judge.solution.Log(**healthy(**changes), every=3), f"12 passos; o que mudou: {changes}")
        judge.that(type(found[1]) is int, "diagnose", f"o que mudou: {changes}",
                   f"o passo veio como {type(found[1]).__name__}; converta com int()")  # fmt: skip


@pytest.mark.parametrize("name", ["smoothed", "diagnose"])
def test_time_and_memory(judge, name):
    judge.fast(name)
