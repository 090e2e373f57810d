"""SIGKILL at random moments: of a process that does nothing but save, every time a checkpoint loads; a training that is
resumed each time ends as if nothing had been."""

import json
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
from tinyllm.optim.catalog import OPTIMIZERS
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
    for kill in range(kills):
        command = [sys.executable, "-c", SAVER, str(tmp_path), str(step), str(background)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            told = int(process.stdout.readline())  # one save is done: from here on there must be a checkpoint
            time.sleep(moments.random() * 0.15)
            while kill % 2 and process.poll() is None and not any(tmp_path.glob(".*.partial-*")):
                pass  # every second one while a checkpoint is being written, however short the writing is
            process.send_signal(signal.SIGKILL)
            told = int([str(told), *process.stdout.read().split()][-1])
        assert process.returncode == -signal.SIGKILL, "the saver ended by itself"
        in_the_middle += any(tmp_path.glob(".*.partial-*"))
        step = checkpoint.load(tmp_path, model=model, optimizer=optimizer, warn=pytest.fail)
        assert told <= step <= told + 1 + background  # the last one told, or one that was renamed just before the end
        assert all((array == step).all() for array in [*weights(model).values(), *optimizer.state().values()])
    assert in_the_middle >= kills // 4, "the kills missed the saving"


TRAINER = """
import sys
from tinyllm import cli
from tinyllm.train import precision
precision.FIRST_SCALE, precision.GOOD_STEPS = 2.0**24, 3
sys.exit(cli.main(["train", *sys.argv[1:], "--json"]))
"""
SMALL = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4"]
CAREFUL = [
    "--accumulate=2", "--workers=2", "--dropout=0.1", "--ema=0.9", "--skip-spikes", "--precision=float16",
    "--curriculum=length",
]  # fmt: skip
FIRST, *OTHERS = OPTIMIZERS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    ("optimizer", "kills"),
    [
        pytest.param(FIRST, 3, marks=pytest.mark.long),
        pytest.param(FIRST, 20, marks=pytest.mark.slow),
        *(pytest.param(name, 2, marks=pytest.mark.slow) for name in OTHERS),
    ],
)
def test_a_run_killed_at_random_moments_ends_as_one_that_was_not_bitwise(tmp_path, optimizer, kills):
    """Loss scale, skipped steps, the mean of the weights, the optimiser and the curriculum, half as long, included."""

    def command(*arguments):
        return [sys.executable, "-c", TRAINER, *arguments]

    lasting = [f"--steps={20 * kills}", "--save-every=3", "--validate-every=7", f"--optimizer={optimizer}"]
    whole, broken = ["--out", str(tmp_path / "whole")], ["--out", str(tmp_path / "broken")]
    subprocess.run(command(*whole, *SMALL, *CAREFUL, *lasting), check=True, capture_output=True)
    moments, killed = random.Random(0), 0
    for _ in range(kills):
        begins = [*broken, *SMALL, *CAREFUL, *lasting] if broken[0] == "--out" else broken
        with subprocess.Popen(
            command(*begins), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            for _ in range(moments.randrange(1, 20)):
                process.stdout.readline()
            time.sleep(moments.random() * 0.05)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        broken = ["--resume", str(tmp_path / "broken")]
    subprocess.run(command(*broken), check=True, capture_output=True)
    assert killed == kills
    ends = [max((tmp_path / name / "checkpoints").iterdir()) for name in ("whole", "broken")]
    files = [{path.name: path.read_bytes() for path in end.iterdir()} for end in ends]
    assert files[0] == files[1] and {checkpoint.AVERAGE, checkpoint.GUARD} <= files[0].keys()
    assert json.loads(files[0][checkpoint.GUARD])["skipped"] > 2
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("whole", "broken")]
    told = [[{**json.loads(line), "seconds": 0, "memory": 0, "peak_memory": 0} for line in log] for log in logs]
    assert told[0] == told[1]
