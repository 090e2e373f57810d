"""SIGKILL at random moments of a process that does nothing but save: every time a checkpoint loads."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import weights
from tinyllm.optim.adamw import AdamW
from tinyllm.train import checkpoint

SAVER = """
import sys
import numpy as np
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import weights
from tinyllm.optim.adamw import AdamW
from tinyllm.train import checkpoint
model = GPT(GPTConfig(vocab_size=2000, context=64, layers=4, heads=4, width=128), rng=np.random.default_rng(0))
optimizer = AdamW(model.named_parameters())
folder, step = sys.argv[1], int(sys.argv[2])
while True:
    step += 1
    optimizer.steps = step
    for array in [*weights(model).values(), *optimizer.state().values()]:
        array[...] = step
    checkpoint.save(folder, step=step, model=model, optimizer=optimizer)
    print(step, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_every_time_a_checkpoint_loads(tmp_path, kills):
    model = GPT(GPTConfig(vocab_size=2000, context=64, layers=4, heads=4, width=128), rng=np.random.default_rng(0))
    optimizer = AdamW(model.named_parameters())
    moments, step, in_the_middle = random.Random(0), 0, 0
    for _ in range(kills):
        command = [sys.executable, "-c", SAVER, str(tmp_path), str(step)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            told = int(process.stdout.readline())  # one save is done: from here on there must be a checkpoint
            time.sleep(moments.random() * 0.15)
            process.send_signal(signal.SIGKILL)
            told = int([str(told), *process.stdout.read().split()][-1])
        in_the_middle += any(tmp_path.glob(".*.partial-*"))
        step = checkpoint.load(tmp_path, model=model, optimizer=optimizer, warn=pytest.fail)
        assert step in (told, told + 1)  # the last one told, or one that was renamed just before the end
        assert all((array == step).all() for array in [*weights(model).values(), *optimizer.state().values()])
    assert in_the_middle >= kills // 4, "the kills missed the saving"
