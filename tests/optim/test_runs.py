"""Every optimiser in a run: stopped and resumed, its memory on a disk, shared by ranks, or refused where it must be."""

import dataclasses

import numpy as np
import pytest

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn.module import weights
from tinyllm.optim.catalog import OPTIMIZERS
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.layout import parse_layout
from tinyllm.train import checkpoint
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import DataConfig, Language
from tinyllm.train.trained import check_layout

MODEL = GPTConfig(vocab_size=300, context=8, layers=2, heads=2, width=8, dropout=0.1)
DATA = DataConfig(texts=60, save_every=100, validate_every=100)
TRAINING = TrainConfig(steps=6, batch=4, accumulate=2, warmup=2, workers=2, learning_rate=0.01, schedule="wsd")
each_name = pytest.mark.parametrize("name", OPTIMIZERS)
cut = pytest.mark.parametrize("name", ["adam", "lion"])
whole = pytest.mark.parametrize("name", ["adafactor", "muon"])


def made(folder, name, **training):
    return runs.create(folder, DATA, MODEL, dataclasses.replace(TRAINING, **training), OPTIMIZERS[name].Config())


def fit(run, **options):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **options))


def saved(folder):
    path = checkpoint.newest_first(folder / "checkpoints")[0]
    return {name: (path / name).read_bytes() for name in ("model.safetensors", "optimizer.safetensors")}


def trained_by(folder, layout):
    """The losses of a run that ranks share so."""
    layout = parse_layout(layout)

    def work(comm):
        run = runs.open_run(folder)
        return [report.loss for report, _ in fit(run, comm=comm, layout=layout)]

    return run_ranks(layout.ranks, work)


@pytest.mark.long
@each_name
def test_a_run_goes_on_to_the_bit_and_so_it_does_with_its_memory_on_a_disk(tmp_path, name):
    fit(made(tmp_path / "whole", name))
    seen = []
    fit(made(tmp_path / "parts", name), stop=lambda: len(seen) == 1 or seen.append(1))
    again = runs.open_run(tmp_path / "parts")
    assert runs.steps_done(again) == 2 and type(again.optimizer_config) is OPTIMIZERS[name].Config
    again.training = dataclasses.replace(again.training, offload="optimizer")
    fit(again)
    assert saved(tmp_path / "whole") == saved(tmp_path / "parts")


@pytest.mark.long
def test_a_run_of_before_there_were_schedules_and_groups_goes_on_to_the_bit(tmp_path):
    fit(made(tmp_path / "whole", "sgd", schedule="cosine"))
    seen = []
    fit(made(tmp_path / "old", "sgd", schedule="cosine"), stop=lambda: len(seen) == 1 or seen.append(1))
    stored = storage.load_json(tmp_path / "old" / "config.json")
    for part, name in (("train", "schedule"), ("train", "layer_decay"), ("update", "nesterov")):
        del stored[part][name]
    storage.save_json(tmp_path / "old" / "config.json", stored)
    fit(runs.open_run(tmp_path / "old"))
    assert saved(tmp_path / "whole") == saved(tmp_path / "old")


@pytest.mark.long
@each_name
@pytest.mark.parametrize("layout", ["dp=2", "pp=2"])
def test_ranks_take_the_steps_of_one(tmp_path, name, layout):
    alone = [report.loss for report, _ in fit(made(tmp_path / "alone", name, workers=1))]
    losses = trained_by(made(tmp_path / "ranks", name, workers=1).folder, layout)
    assert losses[0] == losses[1]
    np.testing.assert_allclose(losses[0], alone, rtol=1e-3)  # signs of what is rounding alone may differ
    stored = (storage.load_arrays(checkpoint.newest_first(tmp_path / run / "checkpoints")[0] / "optimizer.safetensors")
              for run in ("alone", "ranks"))  # fmt: skip
    shapes = [{name: array.shape for name, array in state.items()} for state in stored]
    assert shapes[0] == shapes[1]


@pytest.mark.long
def test_the_rate_falls_from_block_to_block_whoever_has_them(tmp_path):
    """Plain descent, whose steps are as long as the rate says."""
    found = {}
    for name, decay, layout in (
        ("plain", 1.0, "dp=2"),
        ("alone", 0.5, None),
        *((layout, 0.5, layout) for layout in ("dp=2,zero=2", "tp=2", "pp=2")),
    ):
        run = made(tmp_path / name, "sgd", workers=1, learning_rate=1.0, layer_decay=decay, steps=1)
        first = weights(run.new_model())
        trained_by(run.folder, layout) if layout else fit(run)
        last = weights(run.trained_model())
        found[name] = {name: np.abs(last[name] - first[name]).max() for name in first}
    shares = {name: length / found["plain"][name] for name, length in found["alone"].items()}
    assert shares["tokens.weight"] == pytest.approx(1 / 8, rel=0.01)
    assert shares["blocks.0.attention.out.weight"] == pytest.approx(1 / 4, rel=0.01)
    assert shares["blocks.1.norm1.weight"] == pytest.approx(1 / 2, rel=0.01)
    assert shares["norm.bias"] == pytest.approx(1, rel=0.01)
    for layout in ("dp=2,zero=2", "tp=2", "pp=2"):
        for name, length in found[layout].items():
            assert length == pytest.approx(found["alone"][name], rel=0.01, abs=1e-7), (layout, name)


@pytest.mark.long
@cut
@pytest.mark.parametrize("layout", ["dp=2,zero=1", "dp=2,zero=3", "tp=2"])
def test_a_rule_for_each_number_by_itself_moves_what_is_cut(tmp_path, name, layout):
    together = trained_by(made(tmp_path / "whole", name, workers=1).folder, "dp=2")
    losses = trained_by(made(tmp_path / "cut", name, workers=1).folder, layout)
    np.testing.assert_allclose(losses[0], together[0], rtol=1e-3)


@whole
@pytest.mark.parametrize(("layout", "mend"), [("dp=2,zero=1", "take zero=0"), ("tp=2", "take tp=1")])
def test_a_rule_for_whole_matrices_refuses_what_is_cut(name, layout, mend):
    kind = OPTIMIZERS[name]
    with pytest.raises(UsageError, match=f"{kind.__name__} does not move each number by itself.*; {mend}"):
        check_layout(Language(), MODEL, TRAINING, kind.Config(), parse_layout(layout))
