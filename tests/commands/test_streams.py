"""Streams that are closed, full or read by nobody; disks that are full; Python without docstrings or packages."""

import json
import re
import subprocess
import sys

import pytest

from tinyllm import cli
from tinyllm.train import run as runs

SMALL = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="the streams are turned by a POSIX shell")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    assert cli.main(["train", "--out", str(folder / "k"), *SMALL, "--steps", "4"]) == 0
    (folder / "c.txt").write_text("o rato roeu a roupa\n\no rei de Roma\n", encoding="utf-8")
    return folder


FULL = "No space left on device"
TURNED = [  # a command and how its streams are turned; its status, and what the error stream must say, if anything
    ("--help >/dev/full", 2, FULL),
    ("--version >/dev/full", 2, FULL),
    ("train --help >/dev/full", 2, FULL),
    (">/dev/full", 2, FULL),
    ("data list >/dev/full", 2, FULL),
    ("generate k --max-tokens 3 >/dev/full", 2, FULL),
    ("data dedup c.txt --out /dev/full", 2, FULL),
    ("data generate contos --out /dev/full", 2, FULL),
    ("generate k --max-tokens 3 2>/dev/full", 0, ""),
    ("generate none 2>/dev/full", 2, ""),
    ("train --out a {small} --steps 2 2>/dev/full", 0, ""),
    ("train --out b {small} --steps 2 2>&-", 0, ""),
    ("train --out c {small} --steps 2 <&- >&- 2>&-", 0, ""),
    ("train --out d {small} --steps 9999 --json >/dev/full", 2, FULL),
    ("compare gpt --out e --steps 2 --texts 60 2>&-", 0, ""),
    ("generate none 2>&-", 2, ""),
    ("nonsense 2>&-", 2, ""),
    ("--help >&-", 0, ""),
    ("generate k --max-tokens 3 >&-", 0, ""),
    ("data generate contos --count 99999 | head -1", 0, ""),
    ("tokenizer train - --out t.json <&-", 2, "there is no text"),
    ("generate k --max-tokens 3 <&-", 0, ""),
    ("data generate contos --count 3 --out /dev/stdout | cat", 0, ""),
]


@posix
@pytest.mark.long
@pytest.mark.parametrize(("line", "status", "said"), TURNED, ids=[line for line, *_ in TURNED])
def test_a_command_works_on_or_says_one_line(folder, line, status, said):
    line = line.format(small=" ".join(SMALL))
    shell = ["sh", "-c", f"{sys.executable} -m tinyllm {line}"]
    ran = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == status, ran.stderr
    assert "Traceback" not in ran.stderr and "internal error" not in ran.stderr
    errors = re.findall(r"^tinyllm.* error: .*$", ran.stderr, re.MULTILINE)
    assert [said in error for error in errors] == [True] * bool(said), ran.stderr


def test_a_full_output_stops_a_training_that_is_saved(folder):
    if sys.platform == "linux":
        with open("/dev/full", "w") as full:
            command = [sys.executable, "-m", "tinyllm", "train", "--out", folder / "f", *SMALL, "--steps=999", "--json"]
            ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert ran.returncode == 2 and f"tinyllm train: error: {FULL}; free some space" in ran.stderr
        assert runs.steps_done(runs.open_run(folder / "f")) == int(re.search(r"passo (\d+), que", ran.stderr)[1])


@pytest.mark.long
@pytest.mark.parametrize("line", ["doctor --json", "train --help", "data list", "estimate --json", "course list"])
def test_python_may_leave_out_what_explains(line):
    ran = subprocess.run(
        [sys.executable, "-OO", "-m", "tinyllm", *line.split()], capture_output=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0 and ran.stdout and not ran.stderr


LIMITED = """
import resource, signal, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from tinyllm.__main__ import main
sys.exit(main())
"""
WRITERS = {  # a command that writes, and how many bytes a file may have
    "data generate contos --count 200 --out old": 9000,
    "data clean long.txt --out old": 9000,
    "data dedup long.txt --out old": 9000,
    "data split long.txt --out parts": 9000,
    "data pack k long.txt --out old": 9000,
    "tokenizer train long.txt --out old": 9000,
    "tokenizer convert k old.json": 4000,
    "tokenizer convert k old.tiktoken": 1000,
    "attention k Era --out old.svg": 9000,
    "train --out new {small} --steps 2": 9000,
    "train --resume k --steps 6": 9000,
    "train --resume k --steps 6 --save-in-background": 9000,
    "report k --out old": 5000,
    "compare gpt --out new --texts 60": 9000,
    "quickstart --out new --texts 60": 9000,
}


@posix
@pytest.mark.long
@pytest.mark.parametrize("line", WRITERS)
def test_a_full_disk_leaves_all_as_it_was(folder, tmp_path, line):
    """A file that may not grow: the system's answer comes at the same places as that of a full disk."""
    if "attention" in line:
        pytest.importorskip("matplotlib")
    assert cli.main(["train", "--out", str(tmp_path / "k"), *SMALL, "--steps", "4"]) == 0
    assert cli.main(["data", "generate", "contos", "--count=60", "--out", str(tmp_path / "long.txt")]) == 0
    for name in ("old", "old.json", "old.tiktoken", "old.svg"):
        (tmp_path / name).write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    command = [sys.executable, "-c", LIMITED, str(WRITERS[line]), *line.format(small=" ".join(SMALL)).split()]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "Traceback" not in ran.stderr
    assert ": File too large" in ran.stderr.splitlines()[-1]
    assert ("--resume" in ran.stderr.splitlines()[-1]) == ("resume" in line)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    if "resume" in line:  # it did begin: there is a log of the step, and config.json asks for more
        assert runs.steps_done(runs.open_run(tmp_path / "k")) == 4
        changed = {path.name for path in after if before.get(path) != after[path]}
        assert changed <= {"log.jsonl", "config.json", "environment.jsonl"}
    else:
        assert after == before


@pytest.mark.parametrize("missing", ["tqdm", "safetensors", "threadpoolctl"])
def test_a_missing_package_is_told_before_any_work(tmp_path, missing):
    from commands.test_commands import alone

    status, out, said, _ = alone("train", "--out", tmp_path / "r", *SMALL, "--steps", "2", "--json", missing=[missing])
    assert (status, out) == (2, "") and f"pip install {missing}" in said[-1]
    assert not any("Preparando" in line for line in said) and not (tmp_path / "r").exists()


def test_json_has_no_nan(capsys):
    from tinyllm import say

    say.emit({"a": float("nan"), "b": [1.5, float("inf")], "c": {"d": -float("inf"), "e": "NaN"}})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [1.5, None], "c": {"d": None, "e": "NaN"}}
