"""`tinyllm launch`: ranks train as one process would, none waits for one that has gone, and who has gone is named."""

import contextlib
import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from parallel.on_mpi import needs_mpi

from tinyllm import cli, storage
from tinyllm.errors import UsageError
from tinyllm.parallel.layout import parse_layout
from tinyllm.show import doctor
from tinyllm.train import run as runs

SMALL = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=2", "--heads=2", "--width=16", "--batch=4"]
PLAIN = ["--optimizer=sgd", "--learning-rate=0.3"]  # AdamW makes large steps of gradients that are rounding alone
OTHERS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")


def start(folder, *words, **environment):
    command = [sys.executable, "-m", "tinyllm", "launch", *map(str, words)]
    return subprocess.Popen(
        command, cwd=folder, env=os.environ | OTHERS | environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process):
    """(output, what was said) of a process, once it has ended; it is not waited for for ever."""
    try:
        return process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def launched(folder, *words, **environment):
    """(exit status, output, what was said) of tinyllm launch."""
    with start(folder, *words, **environment) as process:
        out, err = ended(process)
    return process.returncode, out, err


def arrays(folder):
    path = max((Path(folder) / "checkpoints").iterdir())
    return {name: storage.load_arrays(path / f"{name}.safetensors") for name in ("model", "optimizer")}


def losses(folder):
    lines = map(json.loads, (Path(folder) / "log.jsonl").read_text().splitlines())
    return [(values["step"], values.get("loss", values.get("validation_loss"))) for values in lines]


def assert_close(folder, other):
    steps, found = zip(*losses(folder), strict=True)
    others, expected = zip(*losses(other), strict=True)
    assert steps == others
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for name, of_other in arrays(other).items():
        of_folder = arrays(folder)[name]
        assert of_folder.keys() == of_other.keys()
        for key, array in of_other.items():
            np.testing.assert_allclose(of_folder[key], array, rtol=1e-4, atol=2e-6, err_msg=f"{name} {key}")


# ----------------------------------------------------------------------------------------------------------- training


@needs_mpi
@pytest.mark.parametrize("layout", ["dp=2", "dp=4", "dp=2,zero=3", "dp=2,tp=2,zero=1", "tp=2,pp=2"])
def test_ranks_train_as_one_process_does_and_one_speaks(tmp_path, layout):
    ranks = parse_layout(layout).ranks
    how = [*SMALL, "--steps=20", "--dropout=0.1", "--validate-every=10", "--json", *PLAIN]
    assert cli.main(["train", "--out", str(tmp_path / "one"), *how, "--workers=1"]) == 0
    status, out, err = launched(tmp_path, "-n", ranks, "train", "--out", "several", *how, "--parallel", layout)
    assert status == 0, err
    assert [json.loads(line)["step"] for line in out.splitlines()] == list(range(1, 21))
    for said in ("Preparando textos", f"em cada um dos {ranks} processos", "Compilando", "pronto"):
        assert err.count(said) == 1, err
    assert_close(tmp_path / "several", tmp_path / "one")
    assert runs.open_run(tmp_path / "several").training.workers == ranks * max(1, os.cpu_count() // ranks)


# ---------------------------------------------------------------------------------------------------- a rank that goes

SABOTAGE = """
import os, signal, sys, time
if os.environ.get("PMI_RANK") == os.environ["SABOTAGED"]:
    import tinyllm.train.loop as loop
    from tinyllm.errors import UsageError
    take_step = loop.take_step
    def sabotaged(*arguments, step, **how):
        if step == 5:
            open("when", "w").write(str(time.time()))
            {how}
        return take_step(*arguments, step=step, **how)
    loop.take_step = sabotaged
"""
GOES = {
    "raises": ("1 / 0", 1, "internal error: ZeroDivisionError: division by zero"),
    "finds a mistake": ("raise UsageError('no such thing')", 2, "error: no such thing"),
    "finds a full disk": ("raise OSError(28, 'No space left on device', 'x')", 2, "error: x: No space left on device"),
    "exits": ("sys.exit(3)", 3, "error: it has ended with status 3 before its work was done"),
    "exits as if all were well": ("sys.exit(0)", 1, "error: it has ended with status 0 before its work was done"),
    "vanishes": ("os._exit(0)", 1, r"error: process \d+ on \S+ has gone without a word"),
    "is killed": ("os.kill(os.getpid(), signal.SIGKILL)", 1, r"error: process \d+ on \S+ has gone without a word"),
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A run that was saved at its second step."""
    folder = tmp_path_factory.mktemp("begun") / "r"
    assert cli.main(["train", "--out", str(folder), *SMALL, "--save-every=2", "--steps=2"]) == 0
    return folder


@needs_mpi
@pytest.mark.parametrize("goes, rank", [*((goes, 1) for goes in GOES), ("raises", 0), ("is killed", 0)])
def test_a_rank_that_goes_ends_all_and_is_named(begun, tmp_path, goes, rank):
    how, status, words = GOES[goes]
    shutil.copytree(begun, tmp_path / "r")
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE.format(how=how))
    environment = {"PYTHONPATH": str(tmp_path), "SABOTAGED": str(rank)}
    found, out, err = launched(tmp_path, "-n", 2, "train", "--resume", "r", "--steps=9999", **environment)
    assert time.time() - float((tmp_path / "when").read_text()) < 10
    complaints = [line for line in err.splitlines() if re.search(r"tinyllm|error|rank|mpiexec", line)]
    assert len(complaints) == 1 and "Traceback" not in err and "====" not in out + err, out + err
    assert re.match(rf"tinyllm launch: rank {rank}: {words}", complaints[0]), complaints
    assert found == status and "BAD TERMINATION" not in out
    assert runs.steps_done(runs.open_run(tmp_path / "r")) == 4


@needs_mpi
def test_what_four_ranks_saved_two_begin_and_three_and_one_go_on_with(tmp_path):
    how = [*SMALL, "--save-every=2", "--decay-steps=100", *PLAIN]
    assert cli.main(["train", "--out", str(tmp_path / "one"), *how, "--steps=8", "--workers=1"]) == 0
    assert launched(tmp_path, "-n", 4, "train", "--out", "r", *how, "--steps=4")[0] == 0
    killed = {"SABOTAGED": "1", "PYTHONPATH": str(tmp_path)}
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE.format(how="os.kill(os.getpid(), signal.SIGKILL)"))
    assert launched(tmp_path, "-n", 2, "train", "--resume", "r", "--steps=8", **killed)[0] == 1
    assert launched(tmp_path, "-n", 3, "train", "--resume", "r", "--steps=6")[0] == 0
    assert cli.main(["train", "--resume", str(tmp_path / "r"), "--steps=8"]) == 0
    assert [step for step, loss in losses(tmp_path / "r")] == [1, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8]
    assert runs.steps_done(runs.open_run(tmp_path / "r")) == 8
    for key, array in arrays(tmp_path / "one")["model"].items():
        np.testing.assert_allclose(arrays(tmp_path / "r")["model"][key], array, rtol=1e-4, atol=2e-6)


@needs_mpi
@pytest.mark.parametrize(
    "options, words",
    [("--model=rnn --heads=2", "has no --heads"), ("--model=rnn --parallel=tp=2", "no layer that can be cut"),
     ("--parallel=tp=2 --heads=1 --layers=2", "head"), ("--parallel=pp=2 --layers=1", "1 blocks are not 2 stages")],
)  # fmt: skip
def test_what_cannot_be_shared_is_refused_before_anything_is_written(tmp_path, options, words):
    status, out, err = launched(tmp_path, "-n", 2, "train", "--out", "r", "--texts=60", *options.split())
    last = err.splitlines()[-1]
    assert (status, out) == (2, "") and words in last and re.match("tinyllm launch: rank 0: error: ", last), err
    assert not (tmp_path / "r").exists()


@needs_mpi
def test_an_error_of_rank_0_before_the_first_step_is_told_once(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r/log.jsonl").write_text("mine")
    status, out, err = launched(tmp_path, "-n", 2, "train", "--out", "r", *SMALL)
    assert (status, out) == (2, "") and len(err.splitlines()) == 1, err
    assert re.match(r"tinyllm launch: rank 0: error: r holds a log.jsonl but no config.json", err)


# ------------------------------------------------------------------------------------------------------------- signals


@needs_mpi
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_and_says_how_to_go_on(begun, tmp_path, number):
    shutil.copytree(begun, tmp_path / "r")
    with start(tmp_path, "-n", 2, "train", "--resume", "r", "--steps=100000", "--json") as process:
        assert json.loads(process.stdout.readline())["step"] == 3
        process.send_signal(number)
        out, err = ended(process)
    assert process.returncode == 128 + number, err
    last = int(re.search(r"Parado no passo (\d+)", err)[1])
    assert "tinyllm launch -n 2 train --resume r" in err and err.count("Parado") == 1
    assert runs.steps_done(runs.open_run(tmp_path / "r")) == last >= 3
    assert not list((tmp_path / "r").glob(".*")) and "====" not in out + err and "mpiexec" not in err


@needs_mpi
@pytest.mark.parametrize("goes", ["who reads", "who launched"])
def test_ranks_stop_when_nobody_is_there_any_more(begun, tmp_path, goes):
    shutil.copytree(begun, tmp_path / "r")
    with start(tmp_path, "-n", 2, "train", "--resume", "r", "--steps=100000", "--json") as process:
        assert json.loads(process.stdout.readline())["step"] == 3
        process.kill() if goes == "who launched" else process.stdout.close()
        try:
            process.wait(120)
        finally:
            process.kill()
    for _ in range(100):
        with contextlib.suppress(UsageError), storage.locked(tmp_path / "r"):
            break
        time.sleep(0.1)
    else:
        pytest.fail("the ranks train on")
    assert runs.steps_done(runs.open_run(tmp_path / "r")) >= (2 if goes == "who launched" else 3)


@needs_mpi
def test_a_signal_while_rank_0_prepares_leaves_nothing(tmp_path):
    with start(tmp_path, "-n", 2, "train", "--out", "r", "--texts=30000") as process:
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = ended(process)
    assert process.returncode == 130 and not (tmp_path / "r").exists(), err


# ----------------------------------------------------------------------------------------------------------- two hosts

SSH = """#!/bin/sh
while [ "${{1#-}}" != "$1" ]; do shift; done
case $1 in 10.77.0.1) host={0};; 10.77.0.2) host={1};; *) exit 255;; esac
shift
exec ip netns exec $host sh -c "$*"
"""


@pytest.fixture
def hosts(tmp_path):
    """Two network namespaces joined by a cable, each of which can reach the other alone; an `ssh` leads into them."""
    names = [f"tinyllm-{os.getpid()}-{host}" for host in "ab"]
    commands = [
        *(f"netns add {name}" for name in names),
        f"link add cable0 netns {names[0]} type veth peer name cable0 netns {names[1]}",
        *(f"-n {name} addr add 10.77.0.{number}/24 dev cable0" for number, name in enumerate(names, start=1)),
        *(f"-n {name} link set {device} up" for name in names for device in ("lo", "cable0")),
    ]
    try:
        for command in commands:
            try:
                subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"this machine lets us make no network namespaces: {getattr(error, 'stderr', error)}")
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/ssh").write_text(SSH.format(*names))
        (tmp_path / "bin/ssh").chmod(0o755)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def launched_on(hosts, folder, ranks, *words, **environment):
    """The same from the first of two hosts, on both."""
    launch = [sys.executable, "-m", "tinyllm", "launch", "-n", str(ranks), "--hosts", "10.77.0.1,10.77.0.2", *words]
    reaching = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["ip", "netns", "exec", hosts[0], *launch], cwd=folder, env=os.environ | OTHERS | reaching | environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@needs_mpi
def test_two_hosts_train_as_one_process_does_and_a_rank_that_goes_there_is_named(hosts, tmp_path):
    how = [*SMALL, "--steps=4", "--save-every=2", "--json", *PLAIN]
    assert cli.main(["train", "--out", str(tmp_path / "one"), *how, "--workers=1"]) == 0
    status, out, err = launched_on(hosts, tmp_path, 4, "train", "--out", "r", *how)
    assert status == 0 and len(out.splitlines()) == 4, err
    assert_close(tmp_path / "r", tmp_path / "one")
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE.format(how=GOES["is killed"][0]))
    sabotage = {"PYTHONPATH": str(tmp_path), "SABOTAGED": "3"}
    status, out, err = launched_on(hosts, tmp_path, 4, "train", "--resume", "r", "--steps=9999", **sabotage)
    assert time.time() - float((tmp_path / "when").read_text()) < 10
    assert status == 1 and re.search(rf"^tinyllm launch: rank 3: {GOES['is killed'][2]}", err, re.MULTILINE), err
    assert not [line for line in err.splitlines() if "mpiexec" in line or "====" in line], err
    assert runs.steps_done(runs.open_run(tmp_path / "r")) == 4


# --------------------------------------------------------------------------------------------- without ranks of its own


def test_where_there_is_no_mpiexec_one_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    assert cli.main(["launch", "-n", "2", "train", "--out", str(tmp_path / "r")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("tinyllm launch: error: there is no mpiexec to start ranks with; install one with: pip")


def test_where_there_is_no_mpi4py_one_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda name, path=None: "mpiexec")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cli.main(["launch", "-n", "2", "train", "--out", str(tmp_path / "r")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "need mpi4py and an MPI; install both with: pip install -e" in err


@pytest.mark.skipif(os.name == "nt", reason="makes a script that can be run")
@pytest.mark.parametrize("then, status", [("exit 7", 7), ("exec sleep 60", -9)])
def test_an_mpiexec_that_starts_nothing_is_told_with_what_it_says(tmp_path, monkeypatch, capsys, then, status):
    """As that of MPICH does, called by a link beside which its proxy is not: it complains, and waits for ever."""
    monkeypatch.setattr("tinyllm.parallel.launch.PATIENCE", 0.3)
    monkeypatch.setattr("tinyllm.parallel.launch.check_mpi4py", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name, path=None: str(tmp_path / "mpiexec"))
    (tmp_path / "mpiexec").write_text(f"#!/bin/sh\necho '[mpiexec@vm] execvp error on file proxy' >&2\n{then}\n")
    (tmp_path / "mpiexec").chmod(0o755)
    assert cli.main(["launch", "-n", "2", "train", "--out", str(tmp_path / "r")]) == 1
    began = f"error: mpiexec ended with status {status} after 0 of 2 ranks began"
    assert capsys.readouterr().err == f"tinyllm launch: {began}; it says: [mpiexec@vm] execvp error on file proxy\n"


@pytest.mark.parametrize(
    "version, mpiexec, words",
    [(None, None, "sem mpi4py"), ("4.1.2", None, "falta o mpiexec"), ("4.1.2", "/x/mpiexec", "4.1.2, /x/mpiexec")],
)
def test_the_doctor_tells_whether_ranks_can_be_started(monkeypatch, version, mpiexec, words):
    def version_of(name):
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr("importlib.metadata.version", version_of)
    monkeypatch.setattr("shutil.which", lambda name, path=None: mpiexec)
    name, found, mend = doctor._mpi()
    assert name == "MPI (opcional)" and words in found and "pip" in (mend or found + "pip")
