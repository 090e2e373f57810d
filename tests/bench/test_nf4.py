"""`tinyllm bench nf4`: its sides do the same work, and NF4 takes little longer for a batch than float32."""

import json
import statistics
import time

import pytest

from tinyllm import cli
from tinyllm.backend import kernels
from tinyllm.backend.threads import single_threaded_blas
from tinyllm.bench.nf4 import work


@pytest.mark.long
@pytest.mark.skipif(kernels.numba_version() is None, reason="without Numba codes are decoded slowly")
def test_a_batch_has_at_least_60_percent_of_the_speed_of_float32():
    """Of one thread, in the time that it has worked, whatever else the machine does."""
    sides, ratios = [work("up-512", how) for how in ("nf4", "float32")], []
    with single_threaded_blas():
        for _ in range(8):
            seconds = []
            for side in sides:
                began = time.thread_time()
                side()
                seconds.append(time.thread_time() - began)
            ratios.append(seconds[1] / seconds[0])
    assert statistics.median(ratios[2:]) > 0.6


@pytest.mark.long
@pytest.mark.skipif(kernels.numba_version() is None, reason="without Numba there is nothing to race")
@pytest.mark.parametrize("against", ["float32", "none"])
def test_the_command_races_a_case(capsys, against):
    options = ["bench", "nf4", "--case", "up-512", "--against", against, "--races=1", "--steps=2", "--workers=1"]
    assert cli.main([*options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["case"], found["workers"], found["against"]) == ("up-512", 1, against)
    assert (found["ratio"] is None) == (against == "none")
    assert cli.main(options) == 0
    assert "up-512" in capsys.readouterr().out
