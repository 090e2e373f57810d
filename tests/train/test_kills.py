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
folder, step, background = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "True"
saver = checkpoint.Saver(folder, background=background)
while True:
    step += 1
    optimizer.steps = step
    for array in [*weights(model).values(), *optimizer.state().values()]:
        array[...] = step
    saver.save(step=step, model=model, optimizer=optimizer)
    print(step - background, flush=True)  # in the background, the one before is done
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("background", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_every_time_a_checkpoint_loads(tmp_path, kills, background):
    model = GPT(GPTConfig(vocab_size=2000, context=64, layers=4, heads=4, width=128), rng=np.random.default_rng(0))
    optimizer = AdamW(model.named_parameters())
    moments, step, in_the_middle = random.Random(0), 0, 0
    for _ in range(kills):
        command = [sys.executable, "-c", SAVER, str(tmp_path), str(step), str(background)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            told = int(process.stdout.readline())  # one save is done: from here on there must be a checkpoint
            time.sleep(moments.random() * 0.15)
            process.send_signal(signal.SIGKILL)
            told = int([str(told), *process.stdout.read().split()][-1])
        in_the_middle += any(tmp_path.glob(".*.partial-*"))
        step = checkpoint.load(tmp_path, model=model, optimizer=optimizer, warn=pytest.fail)
        assert told <= step <= told + 1 + background  # the last one told, or one that was renamed just before the end
        assert all((array == step).all() for array in [*weights(model).values(), *optimizer.state().values()])
    assert in_the_middle >= kills // 4, "the kills missed the saving"
