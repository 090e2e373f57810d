"""The files of PEFT without PEFT: what is written is read, and what has no place here is refused by its name."""

import json

import numpy as np
import pytest
from finetune.tiny import adapted, new_model, output, shaken

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.finetune.bottleneck import AdapterConfig
from tinyllm.finetune.ia3 import IA3Config
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.peft import CONFIG, WEIGHTS, load_peft, save_peft
from tinyllm.finetune.prefix import PrefixConfig
from tinyllm.finetune.prompt import PromptConfig
from tinyllm.models import catalog as models
from tinyllm.models.classifier import Classifier
from tinyllm.nn.module import weights

CONFIGS = [LoRAConfig(rank=2, alpha=3.0), LoRAConfig(rank=2, layers="*", rslora=True), IA3Config(), PromptConfig(3)]


@pytest.mark.parametrize("config", [*CONFIGS, PrefixConfig(3)], ids=str)
@pytest.mark.parametrize("name", ["gpt", "llama", "bert", "t5"])
def test_what_is_written_is_read_and_does_the_same(tmp_path, name, config):
    if isinstance(config, PrefixConfig) and name in ("bert", "t5"):
        with pytest.raises(UsageError, match="prefixes are supported for gpt and llama only"):
            save_peft(tmp_path / "adapter", adapted(new_model(name, context=12), config), config, base="")
        return
    model = shaken(adapted(new_model(name, context=12), config))
    save_peft(tmp_path / "adapter", model, config, base="gpt2")
    told = storage.load_json(tmp_path / "adapter" / CONFIG)
    assert told["base_model_name_or_path"] == "gpt2" and told["inference_mode"] is True
    back, _ = load_peft(tmp_path / "adapter", new_model(name, context=12))
    np.testing.assert_allclose(output(back), output(model), atol=1e-6)


def test_the_names_and_shapes_are_theirs(tmp_path):
    config = LoRAConfig(rank=2, alpha=3.0)
    save_peft(tmp_path / "gpt", shaken(adapted(new_model("gpt"), config)), config, base="")
    arrays, told = storage.load_arrays(tmp_path / "gpt" / WEIGHTS), storage.load_json(tmp_path / "gpt" / CONFIG)
    a, b = (arrays[f"base_model.model.transformer.h.1.attn.c_attn.lora_{which}.weight"] for which in "AB")
    assert len(arrays) == 4 and a.shape == (4, 16) and b.shape == (48, 4)  # two ranks of query, two of value
    assert not b[16:32].any() and not b[:16, 2:].any() and not b[32:, :2].any() and b[:16, :2].all()
    assert told["r"] == 4 and told["lora_alpha"] == 6.0 and told["fan_in_fan_out"] is True
    save_peft(tmp_path / "llama", shaken(adapted(new_model("llama"), config)), config, base="")
    arrays, told = storage.load_arrays(tmp_path / "llama" / WEIGHTS), storage.load_json(tmp_path / "llama" / CONFIG)
    assert arrays["base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight"].shape == (8, 2)
    assert told["r"] == 2 and told["lora_alpha"] == 3.0 and told["fan_in_fan_out"] is False
    assert told["target_modules"] == [f"model.layers.{i}.self_attn.{p}_proj" for i in (0, 1) for p in "qv"]
    _, found = load_peft(tmp_path / "llama", new_model("llama"))
    assert found == config
    part = LoRAConfig(rank=2, layers="blocks.1.attention.query")
    save_peft(tmp_path / "part", shaken(adapted(new_model("llama"), part)), part, base="")
    assert load_peft(tmp_path / "part", new_model("llama"))[1].layers == "blocks.1.attention.query"


def refused(folder, model, words):
    """The model is as it was after the folder was refused."""
    before, learned = output(model), [name for name, _ in model.named_parameters()]
    with pytest.raises(UsageError, match=words):
        load_peft(folder, model)
    assert np.array_equal(output(model), before) and [name for name, _ in model.named_parameters()] == learned
    assert not [name for name in weights(model) if "@" in name]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"use_dora": True}, "'use_dora'=True is not supported; make the adapter without it"),
        ({"rank_pattern": {"c_attn": 4}}, "'rank_pattern'={'c_attn': 4} is not supported"),
        ({"alpha_pattern": {"c_attn": 4}}, "'alpha_pattern'"),
        ({"modules_to_save": ["wte"]}, "'modules_to_save'"),
        ({"bias": "all"}, "'bias'='all' is not supported"),
        ({"init_lora_weights": "pissa"}, "'init_lora_weights'='pissa'"),
        ({"of_tomorrow": 3}, "'of_tomorrow'=3 is not supported"),
        ({"peft_type": "ADALORA"}, "peft_type='ADALORA' is not supported; LORA, IA3, PROMPT_TUNING, PREFIX_TUNING are"),
        ({"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 3}, "it must hold the matrix prompt_embeddings"),
        ({"r": "2"}, "rank='2' is not of type int"),
        ({"r": 3}, r"attention.qkv@LoRA.parts.whole.a is \(16, 4\) .*, and on this base \(16, 3\)"),
        ({"lora_alpha": None}, "is not the config of an adapter: TypeError"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(tmp_path, fields, words):
    config = LoRAConfig(rank=2)
    save_peft(tmp_path / "adapter", shaken(adapted(new_model("gpt"), config)), config, base="")
    told = storage.load_json(tmp_path / "adapter" / CONFIG)
    (tmp_path / "adapter" / CONFIG).write_text(json.dumps(told | fields), encoding="utf-8")
    refused(tmp_path / "adapter", new_model("gpt"), words)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (
            {"base_model.model.transformer.h.7.attn.c_attn.lora_A.weight": (2, 16)},
            "for a layer that this base does not",
        ),
        (
            {"base_model.model.transformer.h.0.attn.c_attn.lora_magnitude_vector": (48,)},
            "magnitude_vector' is not supp",
        ),
        ({"base_model.model.transformer.h.0.attn.c_attn.lora_A.weight": (2,)}, "must be a matrix"),
        ({"base_model.model.transformer.h.0.mlp.c_fc.lora_A.weight": (4, 16)}, "has no blocks.0.feed_forward.up@LoRA"),
    ],
)
def test_what_it_holds_besides_is_refused_by_name(tmp_path, arrays, words):
    config = LoRAConfig(rank=2)
    save_peft(tmp_path / "adapter", shaken(adapted(new_model("gpt"), config)), config, base="")
    more = {name: np.ones(shape, np.float32) for name, shape in arrays.items()}
    path = tmp_path / "adapter" / WEIGHTS
    storage.save_arrays(path, storage.load_arrays(path) | more)
    refused(tmp_path / "adapter", new_model("gpt"), words)


def test_what_has_no_place_in_their_files_is_not_written(tmp_path):
    body = models.find("gpt").body(new_model("gpt").config, rng=np.random.default_rng(0))
    for model, config, words in (
        (new_model("gpt"), AdapterConfig(), "PEFT has no files for adapter; use our own"),
        (new_model("rnn"), LoRAConfig(layers="input"), "of gpt, llama, bert, t5, and this is a rnn; use our own"),
        (Classifier(body, 2, rng=np.random.default_rng(0)), LoRAConfig(), "this is a classifier on a gpt"),
    ):
        with pytest.raises(UsageError, match=words):
            save_peft(tmp_path / "adapter", adapted(model, config), config, base="")
        assert not list(tmp_path.iterdir())
    with pytest.raises(UsageError, match="holds no adapter of PEFT"):
        load_peft(tmp_path, new_model("gpt"))
