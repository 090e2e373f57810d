"""m02.e02: a timer that warms up and takes turns, the peak of memory, and tokens per second."""

import time
import tracemalloc

import numpy as np
import pytest

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def tracemalloc_off():
    yield
    tracemalloc.stop()  # an answer may have left it running


@pytest.mark.parametrize("turns", [1, 2, 5])
def test_fastest(judge, turns):
    durations = [rng.permutation(np.arange(2.0, 9.0)).tolist() for _ in range(3)]
    case = f"3 funções, {turns} rodadas, num relógio de mentira; depois dos tempos, quem foi chamada"
    judge.same("fastest", durations, turns, through=judge.support.timed, case=case)


def test_fastest_does_not_count_the_first_call(judge):
    durations = [[0.5, 4.0, 3.0, 6.0], [90.0, 2.0, 8.0, 5.0]]
    times, log = judge.same("fastest", durations, 3, through=judge.support.timed, case="a primeira chamada é diferente")
    judge.that(times == [3.0, 2.0], "fastest", "o mesmo", "deveria dar [3, 2]")
    judge.that(len(log) == 8, "fastest", "o mesmo", "cada função deveria ser chamada 4 vezes")


def test_fastest_of_one_and_of_none(judge):
    judge.same("fastest", [[1.0, 7.0, 5.0]], 2, through=judge.support.timed, case="uma função só")
    judge.same("fastest", [], 3, through=judge.support.timed, case="nenhuma função")


def test_fastest_by_the_real_clock(judge):
    slow, quick = judge.answer.fastest([lambda: time.sleep(0.02), lambda: None], 2)
    judge.that(slow > 0.01 > quick >= 0, "fastest", "uma função que dorme 20 ms e outra que não faz nada",
               f"vieram {slow:.4f} s e {quick:.4f} s")  # fmt: skip


@pytest.mark.parametrize("sizes", [(8, 3), (3, 8), (5,), (2, 7, 4)])
def test_peak_bytes(judge, sizes):
    case = f"arrays de {', '.join(map(str, sizes))} MB, um depois do outro; depois do pico, se ficou ligado"
    judge.same("peak_bytes", *sizes, through=judge.support.allocating, case=case)


def test_peak_bytes_of_a_function_that_fails(judge):
    case = "se o tracemalloc fica ligado; uma função que levanta ValueError, e se ele fica ligado depois dela"
    judge.same("peak_bytes", "acabou a luz", through=judge.support.failing, case=case)


@pytest.mark.parametrize("steps", [2, 7, 100])
@pytest.mark.parametrize("warm_up", [0, 1])
def test_tokens_per_second(judge, steps, warm_up):
    tokens, seconds = rng.integers(100, 999, size=steps), rng.uniform(0.01, 9.0, size=steps)
    judge.same("tokens_per_second", tokens, seconds, warm_up, case=f"{steps} passos, {warm_up} de aquecimento")
    judge.same("tokens_per_second", tokens[::-1], seconds[::-1], warm_up, case="arrays que não são contíguos")


def test_tokens_per_second_by_hand(judge):
    found = judge.same("tokens_per_second", np.array([700, 100, 100]), np.array([1e4, 1.0, 3.0]), 1, case="o exemplo")
    judge.that(found == 50, "tokens_per_second", "o exemplo", "deveria dar 50")


@pytest.mark.parametrize("name", ["fastest", "peak_bytes", "tokens_per_second"])
def test_time_and_memory(judge, name):
    judge.fast(name)
