"""Ctrl-C, SIGTERM and SIGHUP: training is saved and says how to go on; nothing else leaves anything half-written."""

import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from data.server import serving

from tinyllm import cli
from tinyllm.backend import kernels
from tinyllm.train import run as runs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

NUMBA = (
    "" if kernels.numba_version() else "import tinyllm.backend.kernels as k; k.numba_version = lambda: None;"
)  # as here
STARTED = (
    NUMBA
    + """
import functools, sys
import tinyllm.data.download
from tinyllm.__main__ import main
for name in ("download", "check_url"):
    setattr(tinyllm.data.download, name, functools.partial(getattr(tinyllm.data.download, name), loopback=True))
print("up", file=sys.stderr, flush=True)
sys.exit(main())
"""
)
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
each_signal = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
SMALL = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4"]


def start(folder, *arguments):
    """A command in a process of its own, of which nothing but Python's own start is behind it."""
    command = [sys.executable, "-c", STARTED, *map(str, arguments)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "up\n"
    return process


# -------------------------------------------------------------------------------------------------------- in training


@each_signal
@pytest.mark.parametrize(
    "command", ["train", *(pytest.param(name, marks=pytest.mark.long) for name in ("resume", "quickstart", "compare"))]
)
def test_training_saves_and_says_how_to_go_on(tmp_path, command, number):
    folder = tmp_path / ("gpt" if command == "compare" else "r")
    arguments = {
        "train": ["train", "--out", folder, *SMALL, "--steps", 100_000, "--json"],
        "resume": ["train", "--resume", folder, "--steps", 100_000],
        "quickstart": ["quickstart", "--out", folder, "--texts", 200],
        "compare": ["compare", "gpt", "--out", tmp_path, "--texts", 200],
    }[command]
    if command == "resume":
        assert cli.main(["train", "--out", str(folder), *SMALL, "--steps", "2"]) == 0
    with start(tmp_path, *arguments) as process:
        log, begun = folder / "log.jsonl", time.monotonic()
        while not log.exists() or '"step": 3' not in log.read_text():
            assert process.poll() is None and time.monotonic() < begun + 60, process.communicate()[1]
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number and "Traceback" not in err
    last = int(re.search(r"Parado no passo (\d+)", err)[1])
    assert f"tinyllm train --resume {folder}" in err
    assert runs.steps_done(runs.open_run(folder)) == last >= 3
    assert {path.name for path in folder.iterdir() if path.name.startswith(".")} == set()


def test_a_reader_that_has_gone_stops_the_training_too(tmp_path):
    with start(tmp_path, "train", "--out", "r", *SMALL, "--steps", 100_000, "--json") as process:
        assert json.loads(process.stdout.readline())["step"] == 1
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 128 + signal.SIGPIPE
    last = int(re.search(r"Parado no passo (\d+)", err)[1])
    assert runs.steps_done(runs.open_run(tmp_path / "r")) == last


def test_what_nohup_asks_to_pass_over_is_passed_over(tmp_path):
    """And Ctrl-C where a shell has turned it off, as for what runs in the background."""
    hung = f"trap '' HUP INT; exec {sys.executable} -m tinyllm train --out r {' '.join(SMALL)} --steps 30 --json"
    with subprocess.Popen(
        ["sh", "-c", hung], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0 and runs.steps_done(runs.open_run(tmp_path / "r")) == 30


def test_a_terminal_that_closes_saves(tmp_path):
    """Its process is sent SIGHUP, and can write to it no more."""
    with start(tmp_path, "train", "--out", "r", *SMALL, "--steps", 100_000) as process:
        log = tmp_path / "r" / "log.jsonl"
        while not log.exists() or '"step": 3' not in log.read_text():
            time.sleep(0.02)
        process.stderr.close()
        process.stdout.close()
        process.send_signal(signal.SIGHUP)
        assert process.wait(60) == 128 + signal.SIGHUP
    assert runs.steps_done(runs.open_run(tmp_path / "r")) >= 3


# --------------------------------------------------------------------------------------------------- in anything else

COMMANDS = {
    "tokenizer train": "tokenizer train texts.txt --out old.json --vocab-size 3000",
    "tokenizer convert": "tokenizer convert t.json old.tiktoken",
    "data generate": "data generate contos --count 4000 --out old.txt",
    "data clean": "data clean texts.txt --out old.txt",
    "data dedup": "data dedup texts.txt --out old.txt",
    "data split": "data split texts.txt --out parts",
    "data pack": "data pack t.json texts.txt --out old.npy",
    "data download": "data download {address}/stalls --out new.bin",
    "train": "train --out . --texts 3000",
    "train --from": "train --out new --from run --texts 3000 --steps 2",
    "quickstart": "quickstart --out new/q --texts 3000",
    "compare": "compare gpt rnn --out new --texts 3000",
}
MOMENTS = (0.02, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3, 1.7)  # seconds after Python's start, in turn by each signal
OF_RUNS = {"config.json", "tokenizer.json", "train.npy", "validation.npy", "test.npy"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    assert cli.main(["data", "generate", "contos", "--count", "3000", "--out", str(folder / "texts.txt")]) == 0
    assert cli.main(["train", "--out", str(folder / "run"), *SMALL, "--steps", "2"]) == 0
    shutil.copy(folder / "run" / "tokenizer.json", folder / "t.json")
    for name in ("old.json", "old.txt", "old.npy", "old.tiktoken", "notes.txt"):
        (folder / name).write_text("mine")
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_half_written_and_nothing_of_the_users_is_touched(inputs, tmp_path, command):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    before = contents(tmp_path)
    with serving() as server:
        for moment, number in zip(MOMENTS, itertools.cycle(SIGNALS), strict=False):
            with start(tmp_path, *COMMANDS[command].format(address=server.address).split()) as process:
                time.sleep(moment)
                process.send_signal(number)
                _, err = process.communicate(timeout=60)
            assert "Traceback" not in err and "internal error" not in err, err
            after = contents(tmp_path)
            changed = {name for name in before if after.get(name) != before[name]}
            new = {name for name in after if name not in before}
            if changed:  # it was whole, and so is what it leaves: as that of a call that nothing disturbs
                with start(tmp_path, *COMMANDS[command].split()) as process:
                    process.communicate(timeout=60)
                assert process.returncode == 0 and contents(tmp_path) == after
                break
            if process.returncode == 0 or "go on from there" in err:  # the server let go before the signal came
                break
            assert process.returncode in (128 + number, -number), err
            if process.returncode == -number and not new:  # it had not yet come to our code
                assert not err
                continue
            if process.returncode != -number:  # else it had done its work
                assert len(err.strip().splitlines()[-1].split("stopped")) == 2 or "Parado no passo" in err
            if command == "data download":  # a later call goes on from there
                assert new <= {"new.bin.part", "new.bin.part.json"}
            elif new and command == "data split":
                assert new == {"parts/train.txt", "parts/validation.txt", "parts/test.txt"}
                break
            elif new:  # a run that was made, whole
                folder = (tmp_path / next(name for name in new if name.endswith("config.json"))).parent
                assert {path.name for path in folder.iterdir()} >= OF_RUNS and runs.open_run(folder)
                break
        assert not [name for name in after if "partial" in name or name.endswith(".lock")]
