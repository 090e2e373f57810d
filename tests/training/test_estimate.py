"""The memory estimate, held against what training steps really took."""

import subprocess
import sys

import numpy as np
import pytest

from tinyllm.memory.estimate import gpt_parameters, gpt_training_bytes
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import count_parameters

CONFIGS = [  # vocabulary, context, layers, heads, width, batch
    (64, 16, 1, 2, 16, 4),
    (512, 128, 4, 4, 128, 16),
    (2048, 128, 4, 4, 192, 8),
    (4096, 256, 4, 4, 256, 8),
    (4096, 1024, 4, 4, 256, 2),
]

STEPS = r"""
import re, sys
from pathlib import Path
import numpy as np
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.train.loop import TrainConfig, make_optimizer, train
*sizes, batch = map(int, sys.argv[1:])
model = GPT(GPTConfig(*sizes), rng=np.random.default_rng(0))
config = TrainConfig(steps=3, batch=batch, workers=2)
ids = np.zeros((batch, sizes[1]), dtype=np.int64)
list(train(model, [(ids, ids)] * 3, make_optimizer(model, config), config=config))
print(int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""


@pytest.mark.parametrize("sizes", CONFIGS)
def test_parameters_are_counted_exactly(sizes):
    config = GPTConfig(*sizes[:5])
    assert gpt_parameters(config) == count_parameters(GPT(config, rng=np.random.default_rng(0)))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures the resident memory as Linux counts it")
@pytest.mark.parametrize("sizes", CONFIGS)
def test_the_estimate_is_within_15_percent_of_the_measured_peak(sizes):
    command = [sys.executable, "-c", STEPS, *map(str, sizes)]
    peaks = [int(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(2)]
    measured = min(peaks)  # the first may have compiled kernels, for which LLVM takes memory of its own
    estimate = gpt_training_bytes(GPTConfig(*sizes[:5]), batch=sizes[5], workers=2)
    print(f"estimated {estimate >> 20} MB, measured {measured >> 20} MB")
    assert 0.85 < estimate / measured < 1.15, f"estimated {estimate >> 20} MB, measured {measured >> 20} MB"
