"""`tinyllm sweep`: a run for each combination, a table, a picture; it goes on where it was killed."""

import json
import math
import signal
import subprocess
import sys
import time

import pytest

from tinyllm import cli, storage
from tinyllm.errors import Stopped, UsageError
from tinyllm.train import log
from tinyllm.train.sweep import Sweep, name_of

SMALL = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4"]


def call(capsys, *arguments):
    """(exit status, standard output, standard error)"""
    capsys.readouterr()
    status = cli.main(["sweep", *map(str, arguments)])
    return status, *capsys.readouterr()


def write_run(sweep, values, losses, steps):
    """A run as far as the log tells of it."""
    (folder := sweep.folder / name_of(values)).mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"train": {"steps": steps}}))
    for step, loss in losses.items():
        line = {"step": step, "loss": loss, "gradient_norm": 1.0, "learning_rate": 0.1, "tokens": 8, "seconds": 0.5}
        log.add(folder, log.STEPS, line)
        log.add(folder, log.STEPS, {"step": step, "validation_loss": loss})


@pytest.fixture
def trained(monkeypatch):
    """The names of the runs that are trained, each at once: its loss is its rate, and a little more for its seed."""
    names = []

    def train(sweep, values, *, stop_hopeless, see):
        names.append(name_of(values))
        if values.get("optimizer") == "lion":
            return "after step 1 the loss is nan"
        loss = float(values.get("learning-rate", 1)) * (1 + int(values.get("seed", 0)) / 10)
        see(4, 4, loss)
        write_run(sweep, values, {4: loss}, steps=4)
        return None

    monkeypatch.setattr(Sweep, "train", train)
    return names


def test_a_table_of_all_and_nothing_twice(capsys, tmp_path, trained):
    status, out, err = call(capsys, "learning-rate=2e0,1", "seed=0,1,2", "--out", tmp_path / "s")
    first, second, third, *rest = out.splitlines()
    assert status == 0 and len(trained) == 6 and "[6/6] learning-rate=1.0,seed=2" in err
    assert "passo 4/4: validação 2,000" in err
    assert first.split()[:5] == ["learning-rate", "perda", "desvio", "menor", "maior"]
    assert second.split()[:2] == ["2.0", "2,2000"] and third.split()[:2] == ["1.0", "1,1000"]
    assert "-1,1000 ± 0,0577 clara" in third and third.endswith("◂ a menor perda")
    assert any("vinte comparações" in line for line in rest)
    status, again, err = call(capsys, "learning-rate=2,1", "seed=0,1,2", "--out", tmp_path / "s", "--json")
    said = json.loads(again)
    assert len(trained) == 6 and "[" not in err
    assert [row["best"] for row in said["rows"]] == [False, True]
    assert said["rows"][1]["difference_from_first"]["clear"] and said["rows"][0]["difference_from_first"] is None
    assert said["rows"][0]["losses"] == pytest.approx({"0": 2.0, "1": 2.2, "2": 2.4})
    call(capsys, "learning-rate=2,1", "seed=0,1,2,3", "--out", tmp_path / "s")
    assert trained[6:] == ["learning-rate=2.0,seed=3", "learning-rate=1.0,seed=3"]


def test_without_enough_seeds_it_says_that_chance_is_not_known(capsys, tmp_path, trained):
    _, out, _ = call(capsys, "learning-rate=2,1", "--out", tmp_path / "s")
    assert "desvio" not in out and "seed=0,1,2" in out
    assert json.loads(call(capsys, "learning-rate=2,1", "--out", tmp_path / "s", "--json")[1])["values"] == {
        "learning-rate": ["2.0", "1.0"]
    }


def test_a_run_that_fails_is_told_and_the_others_go_on(capsys, tmp_path, trained):
    status, out, err = call(capsys, "optimizer=lion,adam", "--out", tmp_path)
    assert status == 1 and "falhou: after step 1 the loss is nan" in err
    assert "optimizer=lion: falhou no passo 0: after step 1 the loss is nan" in out
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [["lion", "—"], ["adam", "1,0000"]]
    call(capsys, "optimizer=lion,adam", "--out", tmp_path)
    assert trained == ["optimizer=lion", "optimizer=adam", "optimizer=lion"]  # it is tried again


def test_where_all_fail_it_is_told_where_the_errors_are(capsys, tmp_path, trained):
    status, out, err = call(capsys, "optimizer=lion", "seed=0,1", "--out", tmp_path / "s")
    assert status == 1 and "tinyllm report" not in err
    assert err.splitlines()[-1] == "nenhum treino terminou; o erro de cada um está na linha dele, abaixo da tabela"
    assert out.splitlines()[-2:] == [
        f"optimizer=lion,seed={seed}: falhou no passo 0: after step 1 the loss is nan" for seed in (0, 1)
    ]


def test_another_definition_is_refused(capsys, tmp_path, trained):
    assert call(capsys, "seed=0,1", "--steps=4", "--out", tmp_path)[0] == 0
    status, out, err = call(capsys, "seed=0,1", "--steps=5", "--out", tmp_path)
    assert (status, out) == (2, "") and "has --steps=4, which is not asked for" in err and len(trained) == 2


def test_options_are_passed_on_as_they_were_given(capsys, tmp_path, monkeypatch, trained):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.txt").write_text("um texto")
    options = [
        "--optimizer=sgd",
        "--momentum",
        "0.5",
        "--no-nesterov",
        "--skip-spikes",
        "--corpus",
        "a b.txt",
        "--mine",
    ]
    call(capsys, "seed=1", *options, "--out", "s")
    stored = json.loads((tmp_path / "s" / "sweep.json").read_text())["options"]
    assert sorted(stored) == sorted(
        ["--optimizer=sgd", "--momentum=0.5", "--no-nesterov", "--skip-spikes", "--corpus=a b.txt", "--mine"]
    )


def test_a_signal_ends_the_sweep_and_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    def stopped(*_, **__):
        raise Stopped(signal.SIGTERM)

    monkeypatch.setattr(Sweep, "train", stopped)
    status, out, err = call(capsys, "seed=0,1", "--out", tmp_path)
    assert (status, out) == (128 + signal.SIGTERM, "") and "o mesmo comando continua daqui" in err


@pytest.mark.oracle
def test_it_draws_the_losses(capsys, tmp_path, trained):
    pytest.importorskip("matplotlib")
    for picture, values in {"a.svg": "learning-rate=1,20", "b.svg": "optimizer=adam,sgd", "c.png": "seed=0,1"}.items():
        options = ["--out", tmp_path / picture[0], "--plot", tmp_path / picture]
        assert call(capsys, values, "width=16,32", *options)[0] == 0
        assert (tmp_path / picture).stat().st_size > 2000


# ------------------------------------------------------------------------------------------------- with real trainings


def start(*arguments):
    command = [sys.executable, "-m", "tinyllm", "sweep", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_free(folder):
    """Until the process that trains there, of which the sweep was killed, has saved and gone."""
    for _ in range(600):
        try:
            with storage.locked(folder):
                return
        except UsageError:
            time.sleep(0.1)
    raise AssertionError(f"{folder} stays in use")


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_a_sweep_that_is_killed_ends_as_if_it_had_not_been(capsys, tmp_path, name):
    number, folder = getattr(signal, name), tmp_path / "sweep"
    options = [*SMALL, "--steps=400", "--validate-every=20", "--save-every=50", "--workers=1"]
    with start("--out", folder, "seed=0", *options) as process:
        assert process.wait() == 0, process.stderr.read()
    first = (folder / "seed=0" / "log.jsonl").read_bytes()
    with start("--out", folder, "seed=0,1", *options) as process:
        assert any("passo 20/400" in line for line in process.stderr)
        process.send_signal(number)
        process.stderr.read()
        assert process.wait() == (128 + number if name == "SIGTERM" else -number)
    wait_until_free(folder / "seed=1")
    assert 20 <= max(log.validations(folder / "seed=1", warn=print)) < 400
    status, out, _ = call(capsys, "--out", folder, "seed=0,1", *options, "--json")
    assert status == 0 and (folder / "seed=0" / "log.jsonl").read_bytes() == first
    assert cli.main(["train", "--out", str(tmp_path / "whole"), "--seed=1", *options]) == 0
    losses = json.loads(out)["rows"][0]["losses"]
    assert losses["1"] == log.validations(tmp_path / "whole", warn=print)[400] and losses.keys() == {"0", "1"}


@pytest.mark.long
def test_a_hopeless_run_is_stopped(capsys, tmp_path):
    values = {"learning-rate": ("0.01", "0.02", "0.03", "1e-09")}
    options = [*SMALL, "--steps=100000", "--validate-every=20", "--workers=1"]
    sweep = Sweep(tmp_path, values, options)
    for good in sweep.combinations[:3]:
        write_run(sweep, good, {20: 1.0, 100_000: 0.5}, steps=100_000)
    sweep.record()
    status, out, err = call(capsys, "learning-rate=0.01,0.02,0.03,1e-9", "--out", tmp_path, *options, "--stop-hopeless")
    assert status == 0 and "parado no passo 20: pior do que a mediana dos outros" in err
    assert "learning-rate=1e-09: parado no passo" in out
    assert math.isfinite(log.validations(tmp_path / "learning-rate=1e-09", warn=print)[20])
    again = call(capsys, "learning-rate=0.01,0.02,0.03,1e-9", "--out", tmp_path, *options, "--stop-hopeless")
    assert again[0] == 0 and "[4/4]" not in again[2]  # it is not taken up again


@pytest.mark.long
def test_a_run_that_cannot_begin_fails_alone(capsys, tmp_path):
    (short := tmp_path / "short.txt").write_text("um texto")
    status, out, _ = call(capsys, f"corpus=contos,{short}", "--out", tmp_path / "s", *SMALL, "--steps=2", "--json")
    done, failed = (row["runs"][0] for row in json.loads(out)["rows"])
    assert status == 1 and done["state"] == "done" and failed["state"] == "failed"
    assert "has 1 texts; at least 3 are needed" in failed["problem"]


# ------------------------------------------------------------------------------------------------------- find-rate


def test_a_rate_is_suggested_and_nothing_is_left(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = [*SMALL, "--rates=12", "--lowest=1e-3", "--highest=0.3", "--workers=1", "--json"]
    assert cli.main(["find-rate", *words]) == 0
    said = json.loads(capsys.readouterr().out)
    assert 1e-3 <= said["suggested"] <= 0.3 and len(said["rates"]) == len(said["losses"]) >= 3
    assert not list(tmp_path.iterdir())
    assert cli.main(["find-rate", *words[:-1]]) == 0
    out = capsys.readouterr().out
    assert f"--learning-rate {said['suggested']:.2g}" in out and "⠀" in out


@pytest.mark.oracle
def test_it_draws_the_range_test(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "rate.png"
    words = ["--rates=12", "--lowest=1e-3", "--highest=0.3", "--workers=1", "--plot", str(picture)]
    assert cli.main(["find-rate", *SMALL, *words]) == 0
    assert picture.read_bytes()[1:4] == b"PNG"
