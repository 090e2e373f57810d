"""The folder of an adapter: only what was learned, for the base it was made on, and for no other."""

import json

import numpy as np
import pytest
from finetune.tiny import adapted, new_model, output, shaken

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.finetune.bottleneck import AdapterConfig
from tinyllm.finetune.files import CONFIG, WEIGHTS, load_adapter, save_adapter
from tinyllm.finetune.ia3 import IA3Config
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.subset import BitFitConfig, FullConfig, HeadConfig
from tinyllm.nn.module import weights

CONFIGS = [
    LoRAConfig(rank=2, alpha=3.0),
    IA3Config(),
    AdapterConfig(hidden=3),
    BitFitConfig(),
    HeadConfig(1),
    FullConfig(),
]


def made(folder, config, name="gpt"):
    """The folder of an adapter of a model, and what that says with it."""
    model = shaken(adapted(new_model(name), config))
    save_adapter(folder, model, config, base="runs/contos")
    return output(model)


@pytest.mark.parametrize("config", CONFIGS, ids=catalog.name_of)
def test_what_was_learned_comes_back_on_the_same_base(tmp_path, config):
    expected = made(tmp_path / "adapter", config)
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [CONFIG, WEIGHTS]
    model, found = load_adapter(tmp_path / "adapter", new_model("gpt"))
    assert found == config and np.array_equal(output(model), expected)
    stored = storage.load_arrays(tmp_path / "adapter" / WEIGHTS)
    assert stored.keys() == catalog.learned(model).keys()
    assert isinstance(config, FullConfig) or sum(a.size for a in stored.values()) < 7000


def refused(folder, model, words):
    """The model is as it was after the folder was refused."""
    before, learned = output(model), [name for name, _ in model.named_parameters()]
    with pytest.raises(UsageError, match=words):
        load_adapter(folder, model)
    assert np.array_equal(output(model), before) and [name for name, _ in model.named_parameters()] == learned
    assert not [name for name in weights(model) if "@" in name]


@pytest.mark.parametrize("config", CONFIGS[:-1], ids=catalog.name_of)
def test_another_base_is_refused_by_its_hash(tmp_path, config):
    made(tmp_path / "adapter", config)
    other = new_model("gpt")
    other.blocks[0].norm1.weight.data[3] += 1e-6
    refused(tmp_path / "adapter", other, "was made on other weights than these: on runs/contos, and the SHA-256")


def test_an_adapter_of_other_shapes_is_refused_by_name(tmp_path):
    made(tmp_path / "adapter", LoRAConfig(rank=2))
    wide, deep = (new_model("gpt", **size) for size in ({"width": 24}, {"layers": 3}))
    refused(
        tmp_path / "adapter", wide, r"blocks.0.attention.qkv@LoRA.parts.query.a is \(16, 2\) .* on this base \(24, 2\)"
    )
    refused(tmp_path / "adapter", deep, "has no blocks.2.attention.qkv@LoRA.parts.query.a, which this base would learn")
    refused(tmp_path / "adapter", new_model("llama"), "adapts a gpt, and the base is a llama")


def test_what_is_damaged_is_refused(tmp_path):
    folder = tmp_path / "adapter"
    refused(folder, new_model("gpt"), "holds no adapter")
    made(folder, LoRAConfig(rank=2))
    described = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    whole = (folder / WEIGHTS).read_bytes()
    for wrong, words in (
        ({"format": 2}, "format 2 is not the 1"),
        ({"method": "dora"}, "no method 'dora'"),
        ({"config": {"rang": 2}}, "LoRAConfig has no rang"),
        ({"base": {}}, "is not the config of an adapter"),
    ):
        (folder / CONFIG).write_text(json.dumps(described | wrong), encoding="utf-8")
        refused(folder, new_model("gpt"), words)
    (folder / CONFIG).write_text(json.dumps(described), encoding="utf-8")
    (folder / WEIGHTS).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused(folder, new_model("gpt"), "is missing or damaged")
    (folder / WEIGHTS).unlink()
    refused(folder, new_model("gpt"), "is missing or damaged")


def test_only_what_is_whole_is_saved_and_nothing_is_written_over(tmp_path):
    config = LoRAConfig(rank=2)
    model = shaken(adapted(new_model("gpt"), config))
    catalog.merge(model)
    with pytest.raises(UsageError, match="the model is merged"):
        save_adapter(tmp_path / "adapter", model, config, base="runs/contos")
    catalog.unmerge(model)
    next(iter(catalog.learned(model).values()))[0] = np.nan
    with pytest.raises(UsageError, match="holds NaN or infinity"):
        save_adapter(tmp_path / "adapter", model, config, base="runs/contos")
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty; choose another folder"):
        save_adapter(tmp_path, shaken(adapted(new_model("gpt"), config)), config, base="runs/contos")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
