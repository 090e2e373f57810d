"""A race of two sides, each in a process of its own, taking steps in turn: what slows the machine slows both.

Two libraries in one process disturb each other, for their threads spin while they wait; of two runs, one after the
other, the machine may have been busier in one. So both sides are there at once, one works while the other waits, and
each pair of steps gives a ratio. A race is run several times with fresh processes; what counts is the median.
"""

import contextlib
import importlib
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tinyllm.errors import UsageError

REST = 0.01  # seconds


class Side:
    """A process that holds `make(**options)` of a module and calls its methods when told: `side.step()`."""

    def __init__(self, module, **options):
        self.name = module.rpartition(".")[2]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinyllm.bench.race", module, json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    def __getattr__(self, method):
        def call(*arguments):
            with contextlib.suppress(OSError):  # if it has died, the answer below is missing
                self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
                self.process.stdin.flush()
            answer = self.process.stdout.readline()
            if not answer:
                said = self.process.stderr.read().strip().splitlines() or ["it said nothing"]
                raise UsageError(f"the process of {self.name} ended during {method}: {said[-1]}")
            return json.loads(answer)

        return call

    def take_turn(self, *arguments):
        """`step`, when the threads of whoever worked before have come to rest: some spin while they wait."""
        time.sleep(REST)
        return self.step(*arguments)

    def end(self):
        self.process.kill()
        self.process.communicate()


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
    answers, sys.stdout = sys.stdout, sys.stderr  # nothing that a library prints is taken for an answer
    target = importlib.import_module(module).make(**options)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        result = peak_bytes() if method == "peak_bytes" else getattr(target, method)(*arguments)
        print(json.dumps(result), file=answers, flush=True)


def peak_bytes():
    """The largest memory this process has had, or None where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) * 1024
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None


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


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))
