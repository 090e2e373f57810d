"""A race of two sides, each in a process of its own, taking steps in turn: what slows the machine slows both.

Two libraries in one process disturb each other, for their threads spin while they wait; and of two runs, one after the
other, one may meet a busier machine. So both sides are there at once, one works while the other waits, and
each pair of steps gives a ratio. A race is run several times with fresh processes; what counts is the median.
"""

import contextlib
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from tinyllm.backend.machine import peak_memory
from tinyllm.errors import UsageError

REST = 0.01  # seconds
START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from tinyllm.bench.race import serve
serve(*sys.argv[2:])
"""


class Side:
    """A process that holds `make(**options)` of a module and calls its methods when told: `side.step()`."""

    def __init__(self, module, **options):
        self.name = module.rpartition(".")[2]
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 (end() closes it)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, json.dumps(sys.path), module, json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said, encoding="utf-8",
        )  # fmt: skip

    def __getattr__(self, method):
        def call(*arguments):
            with contextlib.suppress(OSError):  # if it has died, the answer below is missing
                self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
                self.process.stdin.flush()
            answer = self.process.stdout.readline()
            if not answer:
                self.said.seek(0)
                said = self.said.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
                raise UsageError(f"the process of {self.name} ended during {method}: {said[-1]}")
            return json.loads(answer)

        return call

    def take_turn(self, steps=1):
        """The last of some steps, taken after a rest: the threads of whoever worked before may spin a while."""
        time.sleep(REST)
        return [self.step() for _ in range(steps)][-1]

    def end(self):
        self.process.kill()
        self.process.communicate()
        self.said.close()


@contextlib.contextmanager
def sides(*specifications):
    """Start a Side for each (module, options), or None for None, and end them all."""
    started = []
    try:
        for specification in specifications:
            started.append(specification and Side(specification[0], **specification[1]))
        yield started
    finally:
        for side in started:
            if side:
                side.end()


def serve(module, options):
    """Be a Side: make the object, then answer one call a line."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that a library prints, in whatever language it is written, is taken for an answer
    target = importlib.import_module(module).make(**json.loads(options))
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        result = peak_memory() if method == "peak_bytes" else getattr(target, method)(*arguments)
        print(json.dumps(result), file=answers, flush=True)


def race(ours, peer, *, races, steps, warm_up):
    """Race two specifications for `sides`, the peer's may be None. Returns what `result` takes, and the peaks."""
    runs, peaks = [], []
    for _ in range(races):
        with sides(ours, peer) as both:
            there = [side for side in both if side]
            rounds = [[side.take_turn() for side in there] for _ in range(warm_up + steps)][warm_up:]
            peaks.append([side.peak_bytes() for side in there])
        runs.append([[pair[i] for pair in rounds] if i < len(there) else [] for i in range(2)])
    return runs, middle_peaks(peaks)


def spread(values):
    """{"min", "median", "max"} of some numbers, None of none."""
    values = list(values)
    return {"min": min(values), "median": statistics.median(values), "max": max(values)} if values else None


def result(case, races, **more):
    """What a benchmark reports of one case.

    `races` holds for each race the seconds of our steps and of the peer's, which may be none, step by step. The ratio
    above 1 means that ours is faster: in a race, the median over pairs of steps; its spread is that over the races.
    """
    ratios = [statistics.median(p / o for o, p in zip(*race, strict=True)) for race in races if race[1]]
    return {
        "case": case,
        "ours": spread(seconds for race in races for seconds in race[0]),
        "peer": spread(seconds for race in races for seconds in race[1]),
        "ratio": spread(ratios),
        **more,
    }


def middle_peaks(peaks):
    """{"ours", "peer"}: the median over races of each side's peak in bytes, None where there is none to be had."""
    sides_of_races = [*zip(*peaks, strict=True), None][:2]
    medians = [None if of_side is None or None in of_side else statistics.median(of_side) for of_side in sides_of_races]
    return dict(zip(("ours", "peer"), medians, strict=True))
