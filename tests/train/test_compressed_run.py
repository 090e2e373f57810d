"""A run made smaller: made of a trained one, found again bit for bit, read by all that reads, and taught no more."""

import json

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.compress import formats
from tinyllm.compress.int4 import Int4Config
from tinyllm.compress.int8 import Int8Config
from tinyllm.compress.methods import MagnitudeConfig
from tinyllm.compress.nf4 import NF4Config
from tinyllm.compress.quantized import bytes_of, dequantize
from tinyllm.compress.sparse import Sparse, SparseConfig
from tinyllm.compress.w8a8 import W8A8Config
from tinyllm.errors import UsageError
from tinyllm.infer.generate import generate
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.models import catalog
from tinyllm.nn.module import weights
from tinyllm.train import compressed_run
from tinyllm.train import folder as folders
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import Classify, DataConfig, LabelledConfig

SIZES = {"vocab_size": 300, "context": 16, "layers": 1, "width": 16}
TRAINING = TrainConfig(steps=2, batch=4, warmup=1, workers=1)


FORMS = [Int8Config(group=64), NF4Config(), Int4Config(), Int4Config(bits=3), W8A8Config(), SparseConfig()]
each_form = pytest.mark.parametrize(
    "form", FORMS, ids=lambda form: f"{formats.name_of(form)}{getattr(form, 'bits', '')}"
)


def trained(folder, name="gpt", task=None):
    data = LabelledConfig(texts=60) if task else DataConfig(texts=60)
    run = runs.create(folder, data, catalog.find(name).config(**SIZES), TRAINING, task=task)
    list(runs.fit(run, run.new_model(), warn=pytest.fail))
    return run


@pytest.mark.parametrize(
    "name", ["gpt", *(pytest.param(n, marks=pytest.mark.long) for n in catalog.MODELS if n != "gpt")]
)
@each_form
def test_a_model_of_the_catalogue_is_found_again_bit_for_bit(name, form, tmp_path):
    run = trained(tmp_path / "run", name)
    made = compressed_run.create(run, tmp_path / "made", form)
    again = runs.open_run(tmp_path / "made")
    expected, found = weights(formats.quantize(run.trained_model(), form)), weights(again.trained_model())
    assert made.quantized == again.quantized == form and found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in expected)
    assert again.mean_loss(again.trained_model(), "validation") == pytest.approx(
        run.mean_loss(run.trained_model(), "validation"), rel=0.01
    )
    if run.writes and name != "t5":
        texts = [
            list(generate(model, [run.end_id, 5, 6], choose=Sampler(SampleConfig(seed=1)), max_tokens=30))
            for model in (again.trained_model(), formats.quantize(run.trained_model(), form))
        ]
        assert texts[0] == texts[1] and len(texts[0]) == 30


def test_nothing_is_drawn_for_what_is_read_from_a_file(tmp_path, monkeypatch):
    made = compressed_run.create(trained(tmp_path / "run"), tmp_path / "made", NF4Config())
    monkeypatch.setattr(np.random, "default_rng", lambda seed: pytest.fail("the weights are drawn"))
    assert made.new_model().tokens.weight.data.any()


def test_a_classifier_is_one_too(tmp_path):
    run = trained(tmp_path / "run", "bert", Classify())
    made = compressed_run.create(run, tmp_path / "int8", Int8Config())
    again = runs.open_run(tmp_path / "int8")
    assert again.task.labels == run.task.labels
    expected = run.mean_loss(run.trained_model(), "validation")
    assert again.mean_loss(again.trained_model(), "validation") == pytest.approx(expected, rel=0.01)
    assert {path.name for path in made.folder.iterdir()} == {"config.json", *folders.files_of(made)}


def zeros(model):
    """(how many weights of the linear layers are 0, of how many)"""
    matrices = [module.matrix for _, module in model.named_modules() if isinstance(module, Sparse)]
    return sum(int((matrix == 0).sum()) for matrix in matrices), sum(matrix.size for matrix in matrices)


@pytest.mark.parametrize("name", ["gpt", "llama"])
def test_a_sparse_one_goes_on_learning_and_stays_sparse(name, tmp_path):
    run = trained(tmp_path / "run", name)
    made = compressed_run.create(run, tmp_path / "made", MagnitudeConfig(pattern="2:4"))
    before = made.new_model()
    none, of = zeros(before)
    assert none == of // 2 > 0
    other = runs.create_from(made, tmp_path / "other", run.data, TRAINING)
    for each in (made, other):
        masks = {name: array.copy() for name, array in weights(each.new_model()).items() if name.endswith("mask")}
        assert len(list(runs.fit(each, each.new_model(), warn=pytest.fail))) == 2
        after = runs.open_run(each.folder).trained_model()
        assert zeros(after) == (none, of) and runs.open_run(each.folder).quantized == SparseConfig(pattern="2:4")
        assert all(np.array_equal(weights(after)[name], mask) for name, mask in masks.items())
        values = {key: array for key, array in weights(after).items() if key.endswith("values")}
        assert len(values) == len(masks) and not any(
            np.array_equal(a, weights(before)[key]) for key, a in values.items()
        )
    plain = dequantize(made.trained_model()).blocks[0].attention.out.weight.data
    assert (plain == 0).sum() * 2 == plain.size


@pytest.mark.parametrize("form", [form for form in FORMS if not formats.learns(form)], ids=formats.name_of)
def test_it_learns_no_more_but_another_may_begin_with_it(form, tmp_path):
    run, name = trained(tmp_path / "run"), formats.name_of(form)
    made = compressed_run.create(run, tmp_path / "made", form)
    with pytest.raises(UsageError, match=rf"is in {name} and learns no more; .* --from"):
        next(runs.fit(made, made.new_model()))
    with pytest.raises(UsageError, match=f"is in {name} already; give the run that it was made of"):
        compressed_run.create(made, tmp_path / "twice", Int8Config())
    other = runs.create_from(made, tmp_path / "other", run.data, TRAINING)
    expected, found = weights(dequantize(made.trained_model())), weights(other.new_model())
    assert other.quantized is None and all(np.array_equal(found[key], expected[key]) for key in expected)
    assert len(list(runs.fit(other, other.new_model(), warn=pytest.fail))) == 2


def test_a_file_that_was_changed_and_a_config_that_is_none_are_refused(tmp_path):
    run = trained(tmp_path / "run")
    made = compressed_run.create(run, tmp_path / "int8", Int8Config())
    config = json.loads((made.folder / "config.json").read_text())
    for wrong in ({"group": 63}, {"group": 0, "wings": 2}, [], {"group": "x"}):
        (made.folder / "config.json").write_text(json.dumps(config | {"int8": wrong}))
        with pytest.raises(UsageError, match=r"group|wings|Int8Config"):
            runs.open_run(made.folder)
    (made.folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if key != "int8"}))
    with pytest.raises(UsageError, match="weights do not fit"):
        runs.open_run(made.folder).new_model()
    (made.folder / "config.json").write_text(json.dumps(config))
    made.start.write_bytes(made.start.read_bytes()[:-1] + b"x")
    with pytest.raises(UsageError, match=r"start\.safetensors is missing or not the file this run was made with"):
        runs.open_run(made.folder)


def test_the_table_has_every_form_and_makes_none(tmp_path, capsys):
    run = trained(tmp_path / "run")
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    assert cli.main(["compress", str(run.folder), "--table", "--texts", "4", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["form"] for row in rows] == [
        *("float32", "int8", "int8 grupos de 64", "gptq 8", "smoothquant", "nf4"),
        *("int4 4", "awq 4", "gptq 4", "int4 3", "awq 3", "gptq 3"),
        *("magnitude 50,0 %", "wanda 50,0 %", "magnitude 2:4", "wanda 2:4"),
    ]
    of = {row["form"]: row for row in rows}
    assert of["float32"]["bytes"] == bytes_of(run.trained_model()) and of["float32"]["same_guess"] == 1
    assert (
        of["gptq 3"]["bytes"]
        == of["int4 3"]["bytes"]
        < of["int4 4"]["bytes"]
        < of["int8"]["bytes"]
        < of["nf4"]["bytes"]
    )
    assert of["gptq 4"]["validation_loss"] != of["int4 4"]["validation_loss"]
    assert all(0 < row["same_guess"] <= 1 and row["tokens_per_second"] > 0 for row in rows)
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["t5", "bert"])
def test_of_a_model_that_does_not_go_on_a_text_only_the_loss_is_told(name, tmp_path, capsys):
    run = trained(tmp_path / "run", name)
    how = ["--method", "gptq", "--texts", "4", "--bits", "3"]
    assert cli.main(["compress", str(run.folder), "--out", str(tmp_path / "made"), *how]) == 0
    out = capsys.readouterr().out
    assert "em gptq" in out and "perda de validação" in out and "tokens/s" not in out
    assert runs.open_run(tmp_path / "made").quantized == Int4Config(bits=3)


def test_nothing_is_left_of_what_could_not_be_made(tmp_path, monkeypatch):
    run = trained(tmp_path / "run")
    monkeypatch.setattr(
        "tinyllm.train.compressed_run.shutil.copyfile", lambda *paths: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        compressed_run.create(run, tmp_path / "new" / "int8", Int8Config())
    assert not (tmp_path / "new").exists()


def test_the_command_tells_what_it_saves_and_costs(tmp_path, capsys):
    run = trained(tmp_path / "run")
    assert cli.main(["compress", str(run.folder), "--out", str(tmp_path / "a"), "--group", "64", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    made = runs.open_run(tmp_path / "a")
    assert (told["method"], told["group"]) == ("int8", 64) and told["bytes"]["after"] == bytes_of(made.trained_model())
    assert told["bytes"]["before"] == bytes_of(run.trained_model())
    assert told["validation_loss"]["after"] == made.mean_loss(made.trained_model(), "validation")
    assert cli.main(["compress", str(run.folder), "--out", str(tmp_path / "b")]) == 0
    out = capsys.readouterr().out
    assert "pesos, em KB" in out and "perplexidade" in out
    assert cli.main(["compress", str(run.folder), "--out", str(tmp_path / "c"), "--method", "nf4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["method"] == "nf4" and told["bytes"]["after"] == bytes_of(runs.open_run(tmp_path / "c").trained_model())
    assert cli.main(["compress", str(run.folder), "--out", str(tmp_path / "d"), "--method=nf4", "--group=64"]) == 2
    assert "the method nf4 has no --group" in capsys.readouterr().err and not (tmp_path / "d").exists()
