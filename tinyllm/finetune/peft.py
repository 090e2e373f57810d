"""Adapters in the files of PEFT, adapter_config.json and adapter_model.safetensors: written, and read.

One made here does in PEFT what it does here, on the same base, and the reverse. Nothing in these files tells which base
that is: only shapes are checked. What has no place here, such as DoRA, is refused by its name.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinyllm import storage
from tinyllm.backend.arrays import to_host
from tinyllm.errors import UsageError, shown
from tinyllm.finetune import catalog
from tinyllm.finetune.files import filled, finished, new_folder
from tinyllm.finetune.ia3 import IA3Config
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.peft_layers import ia3_from_peft, ia3_to_peft, lora_from_peft, lora_to_peft
from tinyllm.finetune.peft_names import TASKS, known
from tinyllm.finetune.prefix import PrefixConfig
from tinyllm.finetune.prompt import PromptConfig
from tinyllm.nn.module import Module

CONFIG, WEIGHTS, EMBEDDINGS = "adapter_config.json", "adapter_model.safetensors", "prompt_embeddings"
TOLD = {  # fields that are read, or change nothing of what is computed
    "peft_type", "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode",
    "r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "exclude_modules", "feedforward_modules",
    "fan_in_fan_out", "init_ia3_weights", "layers_to_transform", "layers_pattern", "megatron_core",
    "qalora_group_size", "num_virtual_tokens", "token_dim", "num_transformer_submodules", "num_attention_heads",
    "num_layers", "prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_name_or_path", "tokenizer_kwargs",
    "init_weights", "encoder_hidden_size", "prefix_projection",
}  # fmt: skip
NEUTRAL = {"bias": ("none",), "init_lora_weights": (True, False, "gaussian")}  # others leave the base as it was not


class Format(NamedTuple):
    """How PEFT keeps what a method of ours learns."""

    name: str
    config: type  # of our Config
    written: Callable  # (model, config) -> fields, {their name: array}
    found: Callable  # (fields, arrays, model) -> our config, {our name: array}


def save_peft(folder, model, config, *, base):
    """Write what a model has learned by the method of a config as PEFT does; `base` is what it shall call the model.

    Raises UsageError for a method and a model that have no place there, and as `save_adapter` does.
    """
    kind, form = known(model), next((form for form in FORMATS if form.config is type(config)), None)
    if form is None:
        raise UsageError(f"PEFT has no files for {catalog.name_of(config)}; use our own")
    finished(model)
    fields, arrays = form.written(model, config)
    told = {
        "peft_type": form.name, "task_type": TASKS[kind], "base_model_name_or_path": str(base),
        "inference_mode": True, **fields,
    }  # fmt: skip
    if "target_modules" in fields:
        told["fan_in_fan_out"] = kind == "gpt"  # whose layers are stored as ours are
    with new_folder(folder) as temporary:
        storage.save_arrays(temporary / WEIGHTS, arrays)
        storage.save_json(temporary / CONFIG, told)


def load_peft(folder, model):
    """Adapt a base by an adapter that PEFT has written.

    Returns what to use in the place of the model, and the config of the method. Raises UsageError, and leaves the model
    as it was, for what is missing, damaged, of other shapes, or not supported here.
    """
    known(model)
    storage.check_name(folder)
    path = Path(folder) / CONFIG
    if not path.exists():
        raise UsageError(f"{folder} holds no adapter of PEFT (there is no {CONFIG} in it)")
    fields = storage.load_json(path)
    if not isinstance(fields, dict):
        raise UsageError(f"{path} is not the config of an adapter; it holds no names and values")
    check_supported(path, fields)
    form = next((form for form in FORMATS if form.name == fields.get("peft_type")), None)
    if form is None:
        there = ", ".join(form.name for form in FORMATS)
        raise UsageError(f"{path}: peft_type={shown(fields.get('peft_type'))} is not supported; {there} are")
    arrays = storage.mapped_arrays(path.with_name(WEIGHTS))
    try:
        config, learned = form.found(fields, arrays, model)
    except UsageError as error:
        raise UsageError(f"{folder}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is not the config of an adapter: {type(error).__name__} {error}") from None
    return filled(folder, model, config, learned), config


def check_supported(path, fields):
    """Raise UsageError for the first field that asks for what there is not."""
    for name, value in fields.items():
        if name in NEUTRAL:
            supported = value in NEUTRAL[name]
        else:
            supported = name in TOLD or value in (None, False, "", [], {})
        if not supported:
            raise UsageError(f"{path}: {name!a:.60}={shown(value)} is not supported; make the adapter without it")


def prompt_to_peft(model, config):
    """Our prompt -> (fields, {their name: array}). A BERT has one in PEFT only as what gives features."""
    (prompt,) = (array for name, array in catalog.learned(model).items() if name.endswith("@VirtualTokens.prompt"))
    fields = of_virtual_tokens(model, config) | {"token_dim": model.config.width, "prompt_tuning_init": "RANDOM"}
    return fields, {EMBEDDINGS: to_host(prompt).copy()}


def prompt_from_peft(fields, arrays, model):
    """The way back. A T5's may hold rows for a decoder, which PEFT itself does not use."""
    length = whole_number(fields, "num_virtual_tokens")
    path = next(path for path, one in model.named_modules() if isinstance(vars(one).get("tokens"), Module))
    rows = embeddings(arrays)[:length]
    return PromptConfig(length=length), {f"{path}.tokens@VirtualTokens.prompt".lstrip("."): rows}


def prefix_to_peft(model, config):
    """Our prefix -> (fields, {their name: array}), of a decoder."""
    check_decoder(model)
    learned = [to_host(array) for array in catalog.learned(model).values()]  # keys and values, block by block
    _, heads, length, channels = learned[0].shape
    rows = np.stack([array[0].swapaxes(0, 1) for array in learned], axis=1)  # (n, 2 blocks, H, D)
    fields = of_virtual_tokens(model, config)
    fields |= {"token_dim": heads * channels, "num_attention_heads": heads, "prefix_projection": False}
    return fields, {EMBEDDINGS: rows.reshape(length, -1)}


def prefix_from_peft(fields, arrays, model):
    """The way back."""
    check_decoder(model)
    length, config = whole_number(fields, "num_virtual_tokens"), model.config
    heads, rows = getattr(config, "kv_heads", config.heads), embeddings(arrays)
    shape = (length, 2 * config.layers, heads, config.width // config.heads)
    if rows.shape != (length, np.prod(shape[1:])):
        raise UsageError(f"{EMBEDDINGS} has shape {rows.shape}, and on this base ({length}, {np.prod(shape[1:])})")
    pieces = rows.reshape(shape).transpose(1, 2, 0, 3)[:, None]  # (2 blocks, 1, H, n, D)
    names = [f"@PrefixedDecoder.prefixes.{i}.{which}" for i in range(config.layers) for which in ("keys", "values")]
    return PrefixConfig(length=length), dict(zip(names, pieces, strict=True))


def check_decoder(model):
    """Raise UsageError for a model that is no decoder."""
    if not hasattr(model, "new_caches"):
        raise UsageError(
            "PEFT's prefixes are supported for gpt and llama only: in a BERT they move the positions of the text, and "
            "the blocks of a T5 share them"
        )


def of_virtual_tokens(model, config):
    """The fields that prompts and prefixes have in common."""
    sizes = {"num_layers": model.config.layers, "num_attention_heads": model.config.heads}
    task = {} if TASKS[known(model)] else {"task_type": "FEATURE_EXTRACTION"}
    return {"num_virtual_tokens": config.length, "num_transformer_submodules": 1, **sizes, **task}


def embeddings(arrays):
    """The only array of a prompt or prefix, a matrix. Raises UsageError for others."""
    if set(arrays) != {EMBEDDINGS} or arrays[EMBEDDINGS].ndim != 2:
        raise UsageError(f"{', '.join(arrays) or 'nothing':.100} in {WEIGHTS}; it must hold the matrix {EMBEDDINGS}")
    return arrays[EMBEDDINGS]


def whole_number(fields, name):
    """A field that is a number. Raises UsageError for any other."""
    if type(fields[name]) is not int:
        raise UsageError(f"{name}={shown(fields[name])} is no whole number")
    return fields[name]


FORMATS = (
    Format("LORA", LoRAConfig, lora_to_peft, lora_from_peft),
    Format("IA3", IA3Config, ia3_to_peft, ia3_from_peft),
    Format("PROMPT_TUNING", PromptConfig, prompt_to_peft, prompt_from_peft),
    Format("PREFIX_TUNING", PrefixConfig, prefix_to_peft, prefix_from_peft),
)
