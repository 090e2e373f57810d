"""Respostas erradas de m02.e02, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import time
import tracemalloc

import numpy as np

from tinyllm.course.measure import Work

rng = np.random.default_rng(0)


class Machine:
    """Functions that only let time pass on the machine's own clock: durations[i][n] for call n of function i."""

    def __init__(self, durations):
        self.durations, self.now, self.log = durations, 0.0, []

    def clock(self):
        return self.now

    def functions(self):
        return [lambda i=i: self.run(i) for i in range(len(self.durations))]

    def run(self, i):
        of_function = self.durations[i]
        self.now += of_function[min(self.log.count(i), len(of_function) - 1)]
        self.log.append(i)


def timed(piece, durations, turns):
    """What a timer finds on such a machine, and whom it called, in order."""
    machine = Machine(durations)
    return piece(machine.functions(), turns, machine.clock), machine.log


def allocating(piece, *sizes):
    """The peak that is found of a function that holds so many megabytes after one another and keeps one at the end,
    and whether tracemalloc still runs afterwards."""
    kept = []

    def function():
        for size in sizes:
            np.zeros(size << 20, np.uint8)
        kept.append(np.zeros(1 << 20, np.uint8))

    def in_words(found):
        return f"{found / 2**20:.0f} MB" if found > 4096 else f"{found:.0f} bytes"

    return observed(lambda: in_words(piece(function))), running()


def failing(piece, text):
    """Whether tracemalloc still runs after a function that does nothing, how an error in a function comes out, and
    whether tracemalloc still runs after it."""

    def function():
        raise ValueError(text)

    piece(lambda: None)
    return running(), observed(lambda: piece(function)), running()


def observed(call):
    try:
        return call()
    except ValueError as error:
        return f"ValueError: {error}"


def running():
    was = tracemalloc.is_tracing()
    tracemalloc.stop()
    return was


def without_warm_up(functions, turns, clock=time.perf_counter):
    times = [[] for _ in functions]
    for _ in range(turns):
        for function, of_function in zip(functions, times, strict=True):
            began = clock()
            function()
            of_function.append(clock() - began)
    return [min(of_function) for of_function in times]


def one_after_the_other(functions, turns, clock=time.perf_counter):
    found = []
    for function in functions:
        function()
        times = []
        for _ in range(turns):
            began = clock()
            function()
            times.append(clock() - began)
        found.append(min(times))
    return found


def all_turns(functions, turns, clock):
    for function in functions:
        function()
    times = [[] for _ in functions]
    for _ in range(turns):
        for function, of_function in zip(functions, times, strict=True):
            began = clock()
            function()
            of_function.append(clock() - began)
    return times


def mean_of_turns(functions, turns, clock=time.perf_counter):
    return [sum(of_function) / turns for of_function in all_turns(functions, turns, clock)]


def longest_of_turns(functions, turns, clock=time.perf_counter):
    return [max(of_function) for of_function in all_turns(functions, turns, clock)]


def last_of_turns(functions, turns, clock=time.perf_counter):
    return [of_function[-1] for of_function in all_turns(functions, turns, clock)]


def sum_of_turns(functions, turns, clock=time.perf_counter):
    return [sum(of_function) for of_function in all_turns(functions, turns, clock)]


def warm_up_timed(functions, turns, clock=time.perf_counter):
    times = [[] for _ in functions]
    for _ in range(turns + 1):
        for function, of_function in zip(functions, times, strict=True):
            began = clock()
            function()
            of_function.append(clock() - began)
    return [min(of_function) for of_function in times]


def warm_up_in_every_turn(functions, turns, clock=time.perf_counter):
    times = [[] for _ in functions]
    for _ in range(turns):
        for function, of_function in zip(functions, times, strict=True):
            function()
            began = clock()
            function()
            of_function.append(clock() - began)
    return [min(of_function) for of_function in times]


def one_beginning_a_turn(functions, turns, clock=time.perf_counter):
    for function in functions:
        function()
    times = [[] for _ in functions]
    for _ in range(turns):
        began = clock()
        for function, of_function in zip(functions, times, strict=True):
            function()
            of_function.append(clock() - began)
    return [min(of_function) for of_function in times]


def what_is_left(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def after_the_stop(function):
    tracemalloc.start()
    try:
        function()
    finally:
        tracemalloc.stop()
    return tracemalloc.get_traced_memory()[1]


def begun_too_late(function):
    function()
    tracemalloc.start()
    try:
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def in_megabytes(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def never_stopped(function):
    tracemalloc.start()
    function()
    return tracemalloc.get_traced_memory()[1]


def stopped_only_if_all_is_well(function):
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def error_kept_silent(function):
    tracemalloc.start()
    try:
        function()
    except Exception:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def mean_of_speeds(tokens, seconds, warm_up):
    return (tokens[warm_up:] / seconds[warm_up:]).mean()


def warm_up_counted(tokens, seconds, warm_up):
    return tokens.sum() / seconds.sum()


def warm_up_of_time_only(tokens, seconds, warm_up):
    return tokens.sum() / seconds[warm_up:].sum()


def seconds_per_token(tokens, seconds, warm_up):
    return seconds[warm_up:].sum() / tokens[warm_up:].sum()


def only_the_warm_up(tokens, seconds, warm_up):
    return tokens[:warm_up].sum() / seconds[:warm_up].sum()


def one_step_too_many(tokens, seconds, warm_up):
    return tokens[warm_up + 1 :].sum() / seconds[warm_up + 1 :].sum()


def last_steps_left_out(tokens, seconds, warm_up):
    end = len(tokens) - warm_up
    return tokens[:end].sum() / seconds[:end].sum()


def warm_up_of_tokens_only(tokens, seconds, warm_up):
    return tokens[warm_up:].sum() / seconds.sum()


MISTAKES = {
    "fastest": [
        (without_warm_up, "faltou o aquecimento: uma chamada de cada função, que não conta"),
        (one_after_the_other, "mediu todas as rodadas de uma função antes de passar à outra; alterne-as"),
        (mean_of_turns, "tirou a média das rodadas; fique com a menor, que o ruído só sabe somar"),
        (longest_of_turns, "ficou com a rodada mais longa; é a mais curta que diz o tempo da função"),
        (last_of_turns, "ficou com a última rodada; é a mais curta que diz o tempo da função"),
        (sum_of_turns, "somou as rodadas; fica a mais curta, que diz o tempo da função"),
        (warm_up_timed, "contou também o aquecimento; a primeira chamada de cada função fica de fora"),
        (warm_up_in_every_turn, "aqueceu em todas as rodadas; o aquecimento é um só, antes da primeira"),
        (one_beginning_a_turn, "leu o começo uma vez por rodada, e cada função levou também o tempo das anteriores"),
    ],
    "peak_bytes": [
        (what_is_left, "isto é o que ainda está em uso no fim; o pico é o outro número"),
        (never_stopped, "o tracemalloc continua ligado, e tudo o que rodar depois será mais lento"),
        (stopped_only_if_all_is_well, "quando a função levanta um erro o tracemalloc continua ligado; use finally"),
        (error_kept_silent, "o erro da função não chegou a quem chamou"),
        (after_the_stop, "o tracemalloc estava desligado quando a função rodou ou quando foi lido o pico"),
        (begun_too_late, "o tracemalloc estava desligado quando a função rodou ou quando foi lido o pico"),
        (in_megabytes, "isto são megabytes; o que se pede são bytes"),
    ],
    "tokens_per_second": [
        (mean_of_speeds, "tirou a média das velocidades; divida o total de tokens pelo total de segundos"),
        (warm_up_counted, "contou também os passos de aquecimento"),
        (warm_up_of_time_only, "tirou o aquecimento dos segundos, mas não dos tokens"),
        (seconds_per_token, "isto são segundos por token; inverta"),
        (only_the_warm_up, "mediu só o aquecimento, isto é, o que devia ficar de fora"),
        (one_step_too_many, "deixou de fora um passo a mais que os de aquecimento"),
        (last_steps_left_out, "deixou de fora os últimos passos; o aquecimento são os primeiros"),
        (warm_up_of_tokens_only, "tirou o aquecimento dos tokens, mas não dos segundos"),
    ],
}

EQUIVALENT = {  # mutants of the solution that compute the same
    "for function, of_function in zip(functions, times, strict=True):: True -> False": (
        "there is a list of times for every function, so that neither ends before the other"
    ),
}

HINTS = [
    "fastest: três laços. Um aquece; os outros dois, um dentro do outro, são as rodadas e, em cada uma, as funções. "
    "Guarde uma lista de tempos por função.",
    "peak_bytes: try … finally roda o finally quer a função termine bem, quer levante um erro, e não o esconde. O pico "
    "é o segundo número de tracemalloc.get_traced_memory().",
    "tokens_per_second: tokens[warm_up:] é o array sem os primeiros. Some primeiro, divida depois.",
]


def measured(size):
    return [rng.integers(1, 9, size=30).astype(float).tolist() for _ in range(size // 10)], 10


def eight_then_three(size):
    return 8, 3


def a_training(size):
    return rng.integers(500, 900, size=size), rng.uniform(0.1, 2.0, size=size), 5


WORK = {
    "fastest": Work(measured, small=50, large=200, through=timed),
    "peak_bytes": Work(eight_then_three, small=1, large=2, through=allocating),
    "tokens_per_second": Work(a_training, small=1000, large=10_000, limit=None),
}
