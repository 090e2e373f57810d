"""A fine-tuned run: only what is learned is stored, it goes on bitwise, and stands on its base alone."""

import dataclasses
import functools
import json
import shutil
import tracemalloc

import numpy as np
import pytest

from tinyllm import storage
from tinyllm.compress.int8 import Int8Config
from tinyllm.compress.nf4 import NF4Config
from tinyllm.compress.quantized import Quantized, dequantize
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog, files, peft
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.prefix import PrefixConfig
from tinyllm.finetune.prompt import PromptConfig
from tinyllm.finetune.subset import HeadConfig
from tinyllm.models import catalog as models
from tinyllm.nn.module import weights
from tinyllm.nn.outline import OutlineDraws
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.adamw8bit import AdamW8bit
from tinyllm.tensor import no_grad
from tinyllm.train import checkpoint, compressed_run
from tinyllm.train import finetuning as tunings
from tinyllm.train import run as runs
from tinyllm.train.finetuned_run import create_finetuned, create_merged, with_adapter
from tinyllm.train.finetuning import Finetuning
from tinyllm.train.loop import TrainConfig
from tinyllm.train.overfit import OneBatch
from tinyllm.train.tasks import Classify, DataConfig, Instruct, LabelledConfig, Language

SIZES = {"vocab_size": 300, "context": 20, "layers": 2, "width": 16, "dropout": 0.1}
TRAINING = TrainConfig(steps=4, batch=4, warmup=1, workers=1, learning_rate=1e-2, seed=3)
DATA = DataConfig(texts=60, save_every=2, validate_every=2)
LABELLED = LabelledConfig(texts=60, save_every=2, validate_every=2)
SHORT = {"prompt": {"length": 3}, "prefix": {"length": 3}, "lora": {"rank": 2, "dropout": 0.2}}
METHODS = {name: method.config(**SHORT.get(name, {})) for name, method in catalog.METHODS.items()}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("base") / "gpt")


@pytest.fixture(scope="module")
def base_of(tmp_path_factory):
    """name of a model -> a run of it that learned a language, made once"""
    return functools.cache(lambda name: trained(tmp_path_factory.mktemp("base") / name, name))


@pytest.fixture
def few_texts(monkeypatch):
    """So many texts are held out otherwise that their reading would take most of the time."""
    read = Classify.read

    def short(self, data, *, seed):
        return {split: examples[:40] for split, examples in read(self, data, seed=seed).items()}

    monkeypatch.setattr(Classify, "read", short)


def trained(folder, name="gpt", task=None):
    config = models.find(name).config(**SIZES)
    run = runs.create(folder, LABELLED if task else DATA, config, TRAINING, task=task, warn=lambda text: None)
    list(runs.fit(run, run.new_model(), warn=pytest.fail))
    return run


def tuned(base, folder, method, task=None, **more):
    training = dataclasses.replace(TRAINING, **more.pop("training", {}))
    data = LABELLED if (task or base.task).classifies else DATA
    return create_finetuned(base, folder, method, data, training, task=task, **more)


def fit(run, **how):
    return list(runs.fit(run, run.new_model(), warn=pytest.fail, **how))


def contents(run):
    folder = checkpoint.newest_first(run.checkpoints)[0]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_learns_and_stores_only_that(method, base, tmp_path):
    run = tuned(base, tmp_path / "run", method)
    fit(run)
    again = runs.open_run(run.folder)
    learned = catalog.learned(again.trained_model(warn=pytest.fail))
    stored = storage.load_arrays(checkpoint.newest_first(run.checkpoints)[0] / checkpoint.WEIGHTS)
    assert again.finetuning == run.finetuning and stored.keys() == learned.keys()
    assert not run.start.exists() and (tmp_path / "run" / "tokenizer.json").exists()
    before = catalog.learned(run.new_model())
    assert any((stored[name] != before[name]).any() for name in before)
    assert np.isfinite(again.mean_loss(again.trained_model(), "validation"))


UNABLE = {  # what a model has nothing for: biases, keys and values, layers of such names
    *(("lstm", name) for name in ("lora", "ia3", "adapter", "prefix")),
    ("llama", "bitfit"), ("t5", "bitfit"), ("t5", "prefix"),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", ["bert", "t5", "llama", "lstm"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_to_tell_labels_on_a_model_that_learned_a_language(
    method, name, base_of, tmp_path, few_texts
):  # fmt: skip
    base = base_of(name)
    if (name, method) in UNABLE:
        with pytest.raises(UsageError, match=r"choose another method|no linear layer is called|no part of a block"):
            tuned(base, tmp_path / "run", METHODS[method], Classify())
        assert not (tmp_path / "run").exists()
        return
    run = tuned(base, tmp_path / "run", METHODS[method], Classify())
    fit(run)
    model = runs.open_run(run.folder).trained_model()
    known = {key.removeprefix("encoder."): array for key, array in weights(base.trained_model()).items()}
    own = {key: array for key, array in weights(model.body).items() if key in known}
    learned = {key.removeprefix("body.") for key in catalog.learned(model)}
    assert ("tokens.weight" in own and own.keys() - learned) or method == "full"
    assert all(np.array_equal(own[key], known[key]) for key in own.keys() - learned)


@pytest.mark.long
@pytest.mark.parametrize("task", [Language, Classify], ids=lambda task: task.name)
@pytest.mark.parametrize("method", [METHODS["lora"], HeadConfig(blocks=1)], ids=["lora", "head"])
@pytest.mark.parametrize("training", [{}, {"ema": 0.9}, {"precision": "float16"}], ids=["plain", "ema", "float16"])
def test_a_resumed_one_equals_an_uninterrupted_one_byte_for_byte(
    base, tmp_path, few_texts, method, task, training
):  # fmt: skip
    whole, parts = (tuned(base, tmp_path / name, method, task(), training=training) for name in ("whole", "parts"))
    fit(whole)
    seen = []
    fit(parts, stop=lambda: len(seen) == 1 or seen.append(1))
    assert runs.steps_done(parts) == 2
    fit(runs.open_run(parts.folder))
    assert contents(whole) == contents(parts) and runs.steps_done(whole) == 4


def test_qlora_gives_what_lora_gives_on_the_numbers_that_the_codes_stand_for(base, tmp_path):
    run = tuned(base, tmp_path / "run", LoRAConfig(rank=2), form=NF4Config(), optimizer=AdamW8bit.Config())
    fit(run)
    ids = np.arange(30).reshape(2, 15)
    model = runs.open_run(run.folder).trained_model()
    assert all("@LoRA" in name for name, _ in model.named_parameters())  # the biases of NF4 are frozen
    with no_grad():
        found = model(ids).data
        expected = dequantize(run.trained_model())(ids).data
        merged = create_merged(run, tmp_path / "merged").trained_model()(ids).data
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(merged, expected, atol=1e-5)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A run of a model of 19 MB that has learned nothing."""
    folder, config = tmp_path_factory.mktemp("wide") / "gpt", models.find("gpt").config(300, 20, 6, 4, 256)
    run = runs.create(folder, DATA, config, TRAINING, warn=lambda text: None)
    model = run.new_model()
    optimizer = optimizers.new_optimizer(run.optimizer_config, model.named_parameters())
    checkpoint.save(run.checkpoints, step=1, model=model, optimizer=optimizer, made_with=run.made_with())
    return run


def on_nf4(base, folder, task):
    """A run that is fine-tuned on another in NF4."""
    finetuning = Finetuning(str(base.folder), tunings.Base(base).sha256, LoRAConfig(), NF4Config())
    settings = (base.data, base.model_config, TRAINING, base.optimizer_config, base.tokenizer)
    return runs.Run(folder, task, *settings, finetuning=finetuning)


def codes_in(model):
    return sum(isinstance(module, Quantized) for _, module in model.named_modules())


@pytest.mark.parametrize("task", [Language(), Classify(("a", "b"))], ids=["language", "classify"])
def test_a_base_that_is_quantised_is_never_whole_in_memory(wide, tmp_path, task, monkeypatch):
    there = sum(array.nbytes for array in weights(wide.new_model()).values())
    for module in (runs, tunings):
        monkeypatch.setattr(module, "Blanks", OutlineDraws)  # whose zeros are counted, and never written to
    run = on_nf4(wide, tmp_path / "run", task)
    assert not any(array.flags.writeable for array in run.base.arrays.values())  # they are those of the file
    tracemalloc.start()
    try:
        model = run.new_model()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert codes_in(model) == 24 and peak < 0.6 * there


@pytest.mark.parametrize("task", [Language(), Classify(("a", "b"))], ids=["language", "classify"])
def test_a_base_in_nf4_stays_as_it_is(base, tmp_path, task):
    quantized = compressed_run.create(base, tmp_path / "nf4", NF4Config())
    model = on_nf4(quantized, tmp_path / "run", task).new_model()
    known = weights(quantized.trained_model())
    body = weights(tunings.reader(model))
    assert codes_in(model) == 8 and known.keys() <= body.keys()
    assert all(np.array_equal(body[name], known[name]) and body[name].flags.writeable for name in known)
    in_int8 = compressed_run.create(base, tmp_path / "int8", Int8Config())
    with pytest.raises(UsageError, match="is in int8 already, and cannot be quantised to nf4"):
        tuned(in_int8, tmp_path / "no", LoRAConfig(), form=NF4Config())
    assert not (tmp_path / "no").exists()


def test_half_precision_learns_what_single_does_and_keeps_only_what_is_learned(base, tmp_path):
    losses = []
    for precision in ("float32", "float16"):
        run = tuned(base, tmp_path / precision, METHODS["ia3"], training={"precision": precision})
        losses.append([report.loss for report, _ in fit(run)])
        learned = {name for name, _ in run.trained_model().named_parameters()}
        assert storage.load_arrays(run.checkpoints / "step-00000004/model.safetensors").keys() == learned
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-2)


@pytest.mark.parametrize("method", [PromptConfig(length=8), PrefixConfig(length=8)], ids=["prompt", "prefix"])
def test_what_stands_before_a_text_takes_of_its_context(method, base, tmp_path):
    run = tuned(base, tmp_path / "run", method)
    fit(run)
    ids, *_ = next(run.batches())
    assert ids.shape == (4, 12) and run.model_config.context == 12 == run.new_model().longest
    with pytest.raises(UsageError, match=r"length=20 leaves nothing of a context of 20"):
        tuned(base, tmp_path / "no", type(method)(length=20))
    assert not (tmp_path / "no").exists()
    for make in (run.plain_model, lambda: create_merged(run, tmp_path / "no")):
        with pytest.raises(UsageError, match=f"{run.folder}, fine-tuned by .* cannot be merged"):
            make()
    with pytest.raises(UsageError, match="cannot be merged"):
        compressed_run.create(run, tmp_path / "no", NF4Config())
    assert not (tmp_path / "no").exists()


def test_a_merged_run_is_an_ordinary_one_that_goes_on(base, tmp_path):
    run = tuned(base, tmp_path / "run", LoRAConfig(rank=2, layers="qkv,out,up,down"))
    fit(run)
    made = create_merged(run, tmp_path / "merged")
    again, ids = runs.open_run(made.folder), np.arange(30).reshape(2, 15)
    assert again.finetuning is None and runs.steps_done(again) == 4
    with no_grad():
        np.testing.assert_allclose(again.trained_model()(ids).data, run.trained_model()(ids).data, atol=1e-5)
    assert weights(again.trained_model()).keys() == weights(base.trained_model()).keys()
    again.training = dataclasses.replace(again.training, steps=5)
    assert len(fit(again)) == 1
    following = tuned(again, tmp_path / "next", METHODS["bitfit"])
    assert len(fit(following)) == 4
    onward = runs.create_from(run, tmp_path / "from", DATA, TRAINING)
    assert len(fit(onward)) == 4 and onward.finetuning is None
    with pytest.raises(UsageError, match="is an ordinary run, with nothing to merge"):
        create_merged(base, tmp_path / "no")
    with pytest.raises(UsageError, match=r"is a fine-tuning itself; .* tinyllm merge"):
        tuned(run, tmp_path / "no", METHODS["lora"])


def test_a_base_that_has_changed_or_is_gone_is_refused_by_name(tmp_path):
    base = trained(tmp_path / "base")
    run = tuned(base, tmp_path / "run", METHODS["lora"])
    fit(run)
    base.training = dataclasses.replace(base.training, steps=5)
    fit(base)
    with pytest.raises(UsageError, match=f"{run.folder} was fine-tuned on other weights than those of {base.folder}"):
        runs.open_run(run.folder).trained_model()
    shutil.rmtree(base.checkpoints / "step-00000005")
    assert runs.open_run(run.folder).trained_model()
    shutil.rmtree(base.folder)
    with pytest.raises(UsageError, match=f"{run.folder} was fine-tuned on a run that is needed .* {base.folder}"):
        runs.open_run(run.folder).trained_model()


def test_a_config_of_another_shape_or_of_nothing_is_refused_by_name(base, tmp_path):
    run = tuned(base, tmp_path / "run", METHODS["lora"])
    fit(run)
    config = json.loads((run.folder / "config.json").read_text())
    for wrong, said in (
        ({"rank": 3}, "made with finetuning"),
        ({"alpha": 1.0}, "made with finetuning"),
        ({"rank": "x"}, "rank"),
        ({"method": "dora"}, "dora"),
        ({"form": "fp4"}, "fp4"),
        ({"base": 3}, "base=3"),
        ({"wings": 2}, "wings"),
    ):
        changed = config | {"finetuning": config["finetuning"] | wrong}
        (run.folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(UsageError, match=said):
            runs.open_run(run.folder).trained_model()


def test_several_adapters_stand_on_one_base_and_are_chosen_when_it_is_used(base, tmp_path):
    ids, found = np.arange(30).reshape(2, 15), {}
    for seed in (1, 2):
        run = tuned(base, tmp_path / f"run{seed}", LoRAConfig(rank=2), training={"seed": seed, "learning_rate": 0.1})
        fit(run)
        model, method = run.trained_model(), run.finetuning.method
        files.save_adapter(tmp_path / f"own{seed}", model, method, base="gpt")
        peft.save_peft(tmp_path / f"peft{seed}", model, method, base="gpt")
        for kind in ("run", "own", "peft"):
            opened, one = with_adapter(runs.open_run(base.folder), tmp_path / f"{kind}{seed}")
            assert opened.writes
            with no_grad():
                np.testing.assert_array_equal(one(ids).data, model(ids).data)
        with no_grad():
            found[seed] = model(ids).data
    assert (found[1] != found[2]).any()
    with pytest.raises(UsageError, match="is an ordinary run, and adapts no other"):
        with_adapter(base, base.folder)
    with pytest.raises(UsageError, match="holds no run"):
        with_adapter(base, tmp_path)
    other = trained(tmp_path / "other", "llama")
    for kind, said in (("run1", "other weights"), ("own1", "adapts a gpt, and the base is a llama")):
        with pytest.raises(UsageError, match=said):
            with_adapter(runs.open_run(other.folder), tmp_path / kind)


def test_an_adapter_that_takes_of_the_context_is_heeded(base, tmp_path):
    run = tuned(base, tmp_path / "run", PromptConfig(length=8))
    fit(run)
    files.save_adapter(tmp_path / "own", run.trained_model(), run.finetuning.method, base="gpt")
    opened, model = with_adapter(runs.open_run(base.folder), tmp_path / "own")
    assert opened.model_config.context == 12 == model.longest


def test_a_classifier_learns_no_language_and_no_other_labels(tmp_path, few_texts):
    base = trained(tmp_path / "base", task=Classify())
    with pytest.raises(UsageError, match="of task classify cannot have task language"):
        tuned(base, tmp_path / "no", METHODS["lora"], Language())
    (tmp_path / "other.tsv").write_text("".join(f"texto {i}\t{'ab'[i % 2]}\n" for i in range(80)))
    with pytest.raises(UsageError, match="bear a, b; give texts with the same labels"):
        create_finetuned(
            base, tmp_path / "no", METHODS["lora"], dataclasses.replace(LABELLED, corpus=str(tmp_path / "other.tsv")),
            TRAINING,
        )  # fmt: skip
    assert not (tmp_path / "no").exists()
    run = tuned(base, tmp_path / "run", METHODS["lora"])
    fit(run)
    names = catalog.learned(run.trained_model())
    assert {"head.weight", "head.bias"} < names.keys() and any("@LoRA" in name for name in names)


def test_several_processes_cannot_share_it(base, tmp_path):
    class Two:
        rank, size = 0, 2

    run = tuned(base, tmp_path / "run", METHODS["lora"])
    with pytest.raises(UsageError, match="a fine-tuning is for one process, not 2; leave out launch"):
        next(runs.fit(run, run.new_model(), comm=Two()))


def test_the_self_test_is_for_the_base(base, tmp_path):
    run = tuned(base, tmp_path / "run", METHODS["lora"])
    with pytest.raises(UsageError, match=f"{run.folder} is a fine-tuning, .* try it on the base {base.folder}"):
        OneBatch(run)


@pytest.mark.long
@pytest.mark.parametrize("method", ["lora", "prefix", "adapter"])
def test_memory_is_saved_as_in_any_training(base, tmp_path, method):
    plain = tuned(base, tmp_path / "plain", METHODS[method])
    fit(plain)
    expected = catalog.learned(plain.trained_model())
    for how in ({"recompute": 1}, {"offload": "all"}):
        run = tuned(base, tmp_path / next(iter(how)), METHODS[method], training=how)
        fit(run)
        found = catalog.learned(runs.open_run(run.folder).trained_model())
        assert all(np.array_equal(found[name], expected[name]) for name in expected), how
    made = create_merged(runs.open_run(run.folder), tmp_path / "merged") if method == "lora" else run
    assert np.isfinite(made.mean_loss(made.trained_model(), "validation"))


@pytest.mark.long
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_on_a_gpu_it_computes_the_same_and_is_saved_and_resumed(cupy, base, tmp_path, method):
    form = NF4Config() if isinstance(method, LoRAConfig) else None
    host, whole, parts = (
        tuned(base, tmp_path / name, method, training={"device": device}, form=form)
        for name, device in (("host", "cpu"), ("whole", "gpu"), ("parts", "gpu"))
    )
    losses = [[report.loss for report, _ in fit(run)] for run in (host, whole)]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    seen = []
    fit(parts, stop=lambda: len(seen) == 1 or seen.append(1))
    fit(runs.open_run(parts.folder))
    assert contents(parts) == contents(whole)


@pytest.mark.long
def test_answers_are_learned_too(tmp_path):
    base = runs.create(tmp_path / "base", DATA, models.find("gpt").config(**SIZES | {"context": 260}), TRAINING)
    fit(base)
    from tinyllm.train.tasks.instruct import ConversationsConfig

    data = ConversationsConfig(texts=40, save_every=2, validate_every=2)
    run = create_finetuned(base, tmp_path / "run", METHODS["prompt"], data, TRAINING, task=Instruct())
    fit(run)
    assert run.model_config.context == 257 and max(len(ids) for ids, _ in run.task.examples(run, "train")) <= 258
