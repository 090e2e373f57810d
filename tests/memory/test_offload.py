"""A run that saves memory: the same to the last bit, in less than it would need."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinyllm import cli
from tinyllm.backend.machine import file_system
from tinyllm.errors import UsageError
from tinyllm.memory.offload import PARTS, recomputed, seconds
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim.adamw import AdamW, AdamWConfig
from tinyllm.parallel.layout import Layout
from tinyllm.parallel.plan import SHARED, memory_of_ranks
from tinyllm.say import megabytes
from tinyllm.show.training import announce
from tinyllm.train import checkpoint
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import DataConfig

MODEL = GPTConfig(vocab_size=300, context=16, layers=3, heads=2, width=16, dropout=0.1)
DATA = DataConfig(texts=60, save_every=4, validate_every=2)
TRAINING = TrainConfig(steps=4, batch=6, accumulate=2, warmup=3, workers=2, seed=3)
MEASURED = ("seconds", "memory", "peak_memory")  # in the log


def trained(folder, *, resumed=None, **how):
    """(bytes of the last checkpoint, log without the time) of a run; with `resumed`, from its middle on in that way."""
    run = runs.create(folder, DATA, MODEL, dataclasses.replace(TRAINING, **how))
    if resumed is not None:
        steps = iter(range(2))
        list(runs.fit(run, run.new_model(), stop=lambda: next(steps) == 1))
        run = runs.open_run(folder)
        run.training = dataclasses.replace(run.training, **resumed)
    list(runs.fit(run, run.new_model(), warn=pytest.fail))
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    saved = {path.name: path.read_bytes() for path in checkpoint.newest_first(run.checkpoints)[0].iterdir()}
    return saved, [{name: line[name] for name in line if name not in MEASURED} for line in lines]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("runs") / "plain")


@pytest.mark.long
@pytest.mark.parametrize("how", [{"recompute": 1}, {"recompute": 2}, *({"offload": name} for name in PARTS)], ids=str)
def test_a_run_that_saves_memory_is_the_same_byte_for_byte(how, plain, tmp_path):
    assert trained(tmp_path / "r", **how) == plain
    assert not list((tmp_path / "r").glob("tmp*"))


def test_a_run_may_save_memory_from_its_middle_on_or_no_longer(plain, tmp_path):
    saving = {"recompute": 2, "offload": "all"}
    assert trained(tmp_path / "saving", resumed=saving) == plain
    assert trained(tmp_path / "plain", **saving, resumed={"recompute": 0, "offload": "none"}) == plain
    assert runs.open_run(tmp_path / "saving").training == dataclasses.replace(TRAINING, decay_steps=1000, **saving)


@pytest.mark.long
def test_on_a_gpu_a_run_is_saved_and_resumed(cupy, tmp_path):
    how = {"device": "gpu", "workers": 1}
    (_, plain), (_, saving) = trained(tmp_path / "plain", **how), trained(tmp_path / "saving", **how, offload="all")
    for mine, other in zip(saving, plain, strict=True):
        assert mine == pytest.approx(other, rel=1e-4)
    assert trained(tmp_path / "resumed", **how, resumed={"offload": "all"})[1][-1] == pytest.approx(plain[-1], rel=1e-4)


def test_the_command_line_resumes_in_another_way(tmp_path, capsys):
    folder = str(tmp_path / "r")
    trained(tmp_path / "r")
    assert cli.main(["train", "--resume", folder, "--steps=5", "--recompute=1", "--offload=all"]) == 0
    told = capsys.readouterr().err
    assert "Sem poupar memória seriam" in told and "; o que fica em disco ocupa" in told
    assert "O que custou poupar memória" in told and "outra vez" in told
    assert cli.main(["train", "--resume", folder, "--steps=6", "--offload=none", "--recompute=0"]) == 0
    assert "poupar memória" not in capsys.readouterr().err
    assert cli.main(["train", "--resume", folder, "--batch=2"]) == 2
    assert "only --steps, --recompute, --offload, --workers can" in capsys.readouterr().err
    assert cli.main(["generate", folder, "--max-tokens=3"]) == 0


@pytest.mark.long
def test_what_generates_holds_one_block_at_a_time(tmp_path):
    run = runs.create(tmp_path / "r", DATA, MODEL, dataclasses.replace(TRAINING, offload="weights"))
    list(runs.fit(run, run.new_model()))
    model = run.trained_model()
    assert seconds(model).keys() == set()
    run.mean_loss(model, "test")
    assert seconds(model).keys() == {"moved"}


def test_what_is_streamed_or_kept_elsewhere_is_recomputed():
    assert [recomputed(3, name) for name in PARTS] == [3, 3, 1, 1, 1]
    assert recomputed(0, "none") == recomputed(0, "optimizer") == 0


def test_a_machine_too_small_is_told_of_offload(monkeypatch):
    monkeypatch.setattr("tinyllm.show.training.physical_memory", lambda: 150 << 20)
    large, training = GPTConfig(width=1024, layers=8, vocab_size=300, context=16), TrainConfig(batch=1)
    with pytest.raises(UsageError, match="or width=1024, or give --offload all"):
        announce(large, training, AdamWConfig())
    monkeypatch.setattr("tinyllm.show.training.physical_memory", lambda: 400 << 20)
    announce(large, dataclasses.replace(training, workers=1, offload="all"), AdamWConfig())


def test_of_several_ranks_what_one_takes_is_told_and_those_of_this_machine_have_to_fit(monkeypatch, capsys):
    large, training, stages = GPTConfig(width=1024, layers=8), TrainConfig(batch=2, workers=2), Layout(pp=2)
    monkeypatch.setattr("tinyllm.show.training.physical_memory", lambda: 2 << 30)
    announce(large, training, AdamWConfig(), layout=stages, neighbours=1)  # the other is on another machine
    told = capsys.readouterr().err
    one = memory_of_ranks(large, training, AdamW, stages).total
    assert f"cerca de {megabytes(one)} em cada um dos 2 processos (esta máquina tem 2,0 GB)" in told
    assert "dp=1,tp=1,pp=2,zero=0" in told and 1 << 30 < one < 2 << 30
    with pytest.raises(
        UsageError, match=f"training needs about {2 * one - SHARED >> 20} MB and this machine has 2048 MB"
    ):
        announce(large, training, AdamWConfig(), layout=stages, neighbours=2)
    monkeypatch.setattr("tinyllm.show.training.physical_memory", lambda: 3 << 30)
    announce(GPTConfig(), TrainConfig(batch=20, workers=20), AdamWConfig(), layout=Layout(20), neighbours=20)


@pytest.mark.parametrize("kind", ["ext4", "tmpfs", "ramfs", None])
@pytest.mark.parametrize("offload", ["none", "optimizer", "all"])
def test_a_disk_that_is_memory_is_told_where_something_would_be_kept_there(kind, offload, monkeypatch, capsys):
    monkeypatch.setattr("tinyllm.show.training.file_system", lambda folder: kind if folder == "r" else "ext4")
    for training, folder in ((TrainConfig(offload=offload), "r"), (TrainConfig(offload=offload, device="gpu"), "r")):
        announce(GPTConfig(), training, AdamWConfig(), folder=folder)
        told = f"Aviso: r está em {kind}, que é memória e não disco" in capsys.readouterr().err
        assert told == (kind in ("tmpfs", "ramfs") and offload != "none" and training.device == "cpu")


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="looks at what Linux has mounted")
def test_the_file_system_of_a_folder_is_that_of_where_it_will_be_made():
    assert file_system("/proc") == file_system("/proc/none/of/it") == "proc"
    if os.path.ismount("/dev/shm"):
        assert file_system("/dev/shm/none") in ("tmpfs", "ramfs")


def test_a_system_that_does_not_tell_of_file_systems_is_not_asked(monkeypatch, tmp_path):
    monkeypatch.setattr("tinyllm.backend.machine.MOUNTS", tmp_path / "none")
    assert file_system(tmp_path) is None


UNDER_A_LIMIT = """
import resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
from tinyllm import cli
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory as Linux does")
def test_a_model_that_does_not_fit_learns_all_the_same(tmp_path):
    """Its weights, gradients and states of AdamW take 304 MB. Under a limit of 300 MB for all of the process, of which
    Python and the compiled routines take about a half, it learns what it learns without."""
    sizes = "--layers=6 --width=512 --heads=8 --context=16 --vocab-size=300 --dropout=0.1"
    options = f"train --texts=60 {sizes} --steps=2 --batch=2 --workers=2 --warmup=2".split()

    def train(name, limit, *more):
        command = [sys.executable, "-c", UNDER_A_LIMIT, str(limit), *options, f"--out={tmp_path / name}", *more]
        return subprocess.run(command, capture_output=True, text=True)

    def losses(name):
        lines = [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        return [line.get("loss", line.get("validation_loss")) for line in lines]

    free, limited, saving = (
        train("free", -1),
        train("limited", 300 << 20),
        train("saving", 300 << 20, "--recompute=1", "--offload=all"),
    )
    assert free.returncode == 0, free.stderr
    assert limited.returncode == 2 and "out of memory" in limited.stderr.splitlines()[-1], limited.stderr
    assert saving.returncode == 0, saving.stderr
    assert losses("saving") == losses("free")
    assert "O que custou poupar memória" in saving.stderr
    for file in ("model.safetensors", "optimizer.safetensors"):
        mine, other = (tmp_path / name / "checkpoints" / "step-00000002" / file for name in ("saving", "free"))
        assert mine.read_bytes() == other.read_bytes()
