"""LoRA and (IA)³ as PEFT stores them: matrices (n_out, n_in), layer by layer, of which ours may hold several in one.

What our file has for parts of a layer that is one for them, as qkv in GPT-2, they have for the whole: the ranks of the
parts side by side, with zeros where a part has nothing to say. It is the same function.
"""

import re

import numpy as np

from tinyllm.backend.arrays import to_host
from tinyllm.errors import UsageError
from tinyllm.finetune.ia3 import GainOfInputs, GainOfOutputs, IA3Config
from tinyllm.finetune.lora import LoRA, LoRAConfig
from tinyllm.finetune.peft_names import places
from tinyllm.finetune.sites import WHOLE, columns_of, shortest, sizes

BEFORE = "base_model.model."


def put_in(model, *kinds):
    """Yield (their name, part, wrapper, columns) of each layer of theirs in whose place ours has a wrapper of a kind.

    Raises UsageError for a wrapper around what they do not have.
    """
    wrappers = {path: module for path, module in model.named_modules() if isinstance(module, kinds)}
    there = places(model)
    for path in wrappers.keys() - {path for path, _ in there.values()}:
        raise UsageError(f"{path} has no place in PEFT's files; use our own")
    for their, (path, part) in there.items():
        if path in wrappers:
            yield their, part, wrappers[path], columns_of(path, sizes(wrappers[path].inner)[1])


def lora_to_peft(model, config):
    """Our LoRA -> (fields of adapter_config.json, {their name: array})."""
    pairs = {}
    for their, part, module, columns in put_in(model, LoRA):
        if part == WHOLE:
            updates = list(module.parts.values())
            a = np.concatenate([to_host(update.a.data) for update in updates], axis=1)
            b = np.zeros((a.shape[1], columns[WHOLE].stop), np.float32)
            for i, update in enumerate(updates):
                b[i * config.rank : (i + 1) * config.rank, update.columns] = to_host(update.b.data)
            pairs[their] = a, b
        elif part in module.parts:
            pairs[their] = to_host(module.parts[part].a.data), to_host(module.parts[part].b.data)
        elif WHOLE in module.parts:
            pairs[their] = to_host(module.parts[WHOLE].a.data), to_host(module.parts[WHOLE].b.data)[:, columns[part]]
    rank = max(a.shape[1] for a, _ in pairs.values())
    arrays = {}
    for their, (a, b) in pairs.items():
        missing = rank - a.shape[1]
        arrays[f"{BEFORE}{their}.lora_A.weight"] = np.pad(a, ((0, 0), (0, missing))).T.copy()
        arrays[f"{BEFORE}{their}.lora_B.weight"] = np.pad(b, ((0, missing), (0, 0))).T.copy()
    fields = {
        "r": rank, "lora_alpha": config.alpha * (rank / config.rank) ** (0.5 if config.rslora else 1),
        "lora_dropout": config.dropout, "use_rslora": config.rslora, "target_modules": sorted(pairs), "bias": "none",
        "use_dora": False, "modules_to_save": None, "rank_pattern": {}, "alpha_pattern": {},
        "layers_to_transform": None, "init_lora_weights": True,
    }  # fmt: skip
    return fields, arrays


def lora_from_peft(fields, arrays, model):
    """The way back -> (config, {our name: array}). Raises UsageError for a name of no layer of ours."""
    learned, wanted = {}, {}
    for name, (path, part), which, array in named(arrays, r"lora_([AB])\.weight", places(model)):
        learned[f"{path}@LoRA.parts.{part}.{which.lower()}"] = matrix(name, array).T
        wanted.setdefault(path, set()).add(part)
    config = LoRAConfig(
        rank=fields["r"], alpha=float(fields["lora_alpha"]), layers=shortest(model, wanted),
        dropout=float(fields.get("lora_dropout", 0.0)), rslora=fields.get("use_rslora", False),
    )  # fmt: skip
    return config, learned


def ia3_to_peft(model, config):
    """Our (IA)³ -> (fields of adapter_config.json, {their name: array})."""
    arrays, inputs = {}, []
    for their, part, module, columns in put_in(model, GainOfOutputs, GainOfInputs):
        name = f"{BEFORE}{their}.ia3_l"
        if isinstance(module, GainOfInputs):
            inputs.append(their)
            arrays[name] = to_host(module.gain.data)[None].copy()
        elif part == WHOLE or part in module.gains or WHOLE in module.gains:
            arrays[name] = to_host(module.gain().data)[columns[part]][:, None].copy()
    names = sorted(name.removeprefix(BEFORE).removesuffix(".ia3_l") for name in arrays)
    return {"target_modules": names, "feedforward_modules": sorted(inputs), "modules_to_save": None}, arrays


def ia3_from_peft(fields, arrays, model):
    """The way back -> (config, {our name: array}). Raises UsageError for a name of no layer of ours."""
    learned, outputs, inputs = {}, {}, {}
    for name, (path, part), _, array in named(arrays, "(ia3_l)", places(model)):
        rows, columns = matrix(name, array).shape
        if columns == 1:
            learned[f"{path}@GainOfOutputs.gains.{part}"] = array.reshape(-1)
            outputs.setdefault(path, set()).add(part)
        elif rows == 1 and part == WHOLE:
            learned[f"{path}@GainOfInputs.gain"] = array.reshape(-1)
            inputs[path] = {part}
        else:
            raise UsageError(f"{name} of shape {array.shape} is no gain of what enters a layer of ours, or leaves it")
    if not (outputs and inputs):
        raise UsageError("an (IA)³ with gains only before its layers, or only behind them, is not supported")
    return IA3Config(outputs=shortest(model, outputs), inputs=shortest(model, inputs)), learned


def named(arrays, ending, there):
    """Yield (name, place of ours, what the ending says, array) of each array. Raises UsageError for any other name."""
    for name, array in arrays.items():
        found = re.fullmatch(rf"{re.escape(BEFORE)}(.+)\.{ending}", name)
        if not found:
            raise UsageError(f"{name!a:.100} is not supported; only the weights of the method itself are")
        if found[1] not in there:
            raise UsageError(f"{name!a:.100} is for a layer that this base does not have")
        yield name, there[found[1]], found[2], array


def matrix(name, array):
    """The same. Raises UsageError for an array that is no matrix."""
    if array.ndim != 2:
        raise UsageError(f"{name} has shape {array.shape}, and must be a matrix")
    return array
