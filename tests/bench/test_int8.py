"""`tinyllm bench int8`: its cases are the matrices of models, and its sides do the same work."""

import json
import os
import tracemalloc

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.backend import kernels
from tinyllm.bench import int8
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.outline import in_outline


def test_a_case_has_every_matrix_that_a_token_is_multiplied_by():
    config = GPTConfig(vocab_size=50257, context=1, layers=12, heads=12, width=768)
    with in_outline() as rng:
        weights = dict(GPT(config, rng=rng).named_weights())
    shapes = [w.shape for name, w in weights.items() if w.ndim == 2 and name != "positions.weight"]
    assert sorted(int8.CASES["gpt-124m"]) == sorted(s if s[0] == 50257 else s[::-1] for s in shapes)


def test_what_is_added_up_to_read_it_is_the_sum():
    assert int8.add_up(np.arange(1000)) == 999 * 500


@pytest.mark.long
@pytest.mark.skipif(kernels.numba_version() is None, reason="without Numba there is nothing to race")
@pytest.mark.parametrize("against", ["bandwidth", "float32", "none"])
def test_the_command_races_a_case(capsys, monkeypatch, against):
    options = [
        "bench",
        "int8",
        "--case",
        "head",
        "--against",
        against,
        "--races",
        "1",
        "--steps",
        "2",
        "--workers",
        "1",
    ]
    assert cli.main([*options, "--group", "64", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["case"], found["group"], found["workers"], found["against"]) == ("head", 64, 1, against)
    assert found["bytes_per_second"] == 50257 * 768 / found["ours"]["median"]
    assert (found["ratio"] is None) == (against == "none")
    if against == "bandwidth":
        assert found["ratio"]["median"] > 0.1  # 0.28 on an AMD EPYC at rest, more on others; a loop of bytes: far less
    if against == "float32":
        assert found["ratio"]["median"] > 1
    assert cli.main(options) == 0
    assert "GB/s, 1 thread" in capsys.readouterr().out


@pytest.mark.long
def test_int8_holds_little_more_than_a_quarter_of_the_bytes_of_float32():
    """Of its arrays: the peaks of two processes, of about 200 MB each, differ by what was compiled in them."""

    def held(how):
        tracemalloc.start(1)
        side = int8.Token("head", how, 64, os.cpu_count())
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert side.call
        return size

    assert held("int8") < 0.28 * held("float32")
