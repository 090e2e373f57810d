"""`tinyllm bench memory`: what each way to save memory leaves of it, and what it costs."""

import json
import sys

import pytest

from tinyllm.bench import finetuning, memory
from tinyllm.models.gpt import GPTConfig
from tinyllm.show.bench import bench_memory
from tinyllm.train.loop import TrainConfig


@pytest.mark.parametrize("as_json", [False, True])
def test_a_way_is_measured_and_shown(as_json, monkeypatch, capsys):
    monkeypatch.setattr(memory, "CONFIG", GPTConfig(vocab_size=64, context=64, layers=6, heads=2, width=32))
    bench_memory(["recompute-1"], workers=1, steps=2, as_json=as_json)
    out = capsys.readouterr().out
    if not as_json:
        assert out.startswith("  recompute-1") and " vezes o tempo" in out
        return
    found = json.loads(out)
    assert found["case"] == "recompute-1" and found["config"]["layers"] == 6
    assert found["bytes_share"] == found["bytes"]["saving"] / found["bytes"]["plain"] < 0.6
    assert 0 < found["time_ratio"]["min"] <= found["time_ratio"]["median"]


@pytest.mark.parametrize("ways, told", [(["recompute-1"], False), (["recompute-1", "all"], True)])
def test_a_disk_that_is_memory_is_told_where_something_is_kept_there(ways, told, monkeypatch, capsys):
    monkeypatch.setattr(memory, "bench", lambda way, *, workers, steps: {"case": way})
    monkeypatch.setattr("tinyllm.show.bench.file_system", lambda folder: "tmpfs")
    bench_memory(ways, workers=1, steps=2, as_json=True)
    assert ("está em tmpfs, que é memória e não disco" in capsys.readouterr().err) == told


@pytest.mark.long
def test_recomputing_12_blocks_of_512_positions_leaves_a_third_of_the_activations(tmp_path):
    """Gradients are counted too, which makes it harder."""
    config = memory.CONFIG
    assert (config.layers, config.context) == (12, 512)
    found = {}
    for every in (0, 1):
        model, _, training = memory.new_training(config, TrainConfig(recompute=every, workers=1), tmp_path)
        found[every] = memory.height(model, training)
    assert found[1] < 0.35 * found[0]


@pytest.mark.long
@pytest.mark.parametrize("as_json", [False, True])
def test_qlora_is_measured_beside_full_fine_tuning(as_json, capsys):
    bench_memory(["qlora-14m"], workers=1, steps=1, as_json=as_json)
    out = capsys.readouterr().out
    if not as_json:
        assert out.startswith("  qlora-14m ") and "do fine-tuning completo" in out and "estimados" in out
        return
    found = json.loads(out)
    peaks, ratios = found["peak_bytes"], found["estimate_ratio"]
    assert found["peak_share"] == peaks["ours"] / peaks["peer"] < 0.9
    assert all(ratios[side] == found["estimated_bytes"][side] / peaks[side] for side in peaks)
    assert found["seconds"]["ours"]["min"] > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures the resident memory as Linux counts it")
def test_qlora_of_124_million_takes_less_than_30_percent_of_full_fine_tuning():
    """And both what is estimated. Who compiles kernels takes memory for that too, so what counts is a second run."""
    finetuning.bench("qlora-14m", steps=1)
    found = finetuning.bench("qlora-124m", steps=2)
    print(found)
    assert found["peak_share"] < 0.3
    assert all(0.85 < ratio < 1.15 for ratio in found["estimate_ratio"].values())
