"""What PEFT and Transformers call the linear layers of our models: our blocks as theirs, and in them layer by layer."""

import re

from tinyllm.errors import UsageError
from tinyllm.finetune.method import has_head
from tinyllm.finetune.sites import linear_layers, names_of
from tinyllm.models import catalog as models

T5_ENCODER = {
    "attention.query": "layer.0.SelfAttention.q", "attention.key": "layer.0.SelfAttention.k",
    "attention.value": "layer.0.SelfAttention.v", "attention.out": "layer.0.SelfAttention.o",
    "feed_forward.gate": "layer.1.DenseReluDense.wi_0", "feed_forward.up": "layer.1.DenseReluDense.wi_1",
    "feed_forward.down": "layer.1.DenseReluDense.wo",
}  # fmt: skip
T5_DECODER = T5_ENCODER | {
    "cross_attention.query": "layer.1.EncDecAttention.q", "cross_attention.key": "layer.1.EncDecAttention.k",
    "cross_attention.value": "layer.1.EncDecAttention.v", "cross_attention.out": "layer.1.EncDecAttention.o",
    "feed_forward.gate": "layer.2.DenseReluDense.wi_0", "feed_forward.up": "layer.2.DenseReluDense.wi_1",
    "feed_forward.down": "layer.2.DenseReluDense.wo",
}  # fmt: skip
BLOCKS = {  # of a model: {our blocks: (theirs, {our layer or part of one: their layer})}
    "gpt": {"blocks": ("transformer.h", {
        "attention.qkv": "attn.c_attn", "attention.out": "attn.c_proj", "feed_forward.up": "mlp.c_fc",
        "feed_forward.down": "mlp.c_proj",
    })},
    "llama": {"blocks": ("model.layers", {
        "attention.query": "self_attn.q_proj", "attention.key": "self_attn.k_proj",
        "attention.value": "self_attn.v_proj", "attention.out": "self_attn.o_proj",
        "feed_forward.gate": "mlp.gate_proj", "feed_forward.up": "mlp.up_proj", "feed_forward.down": "mlp.down_proj",
    })},
    "bert": {"encoder.blocks": ("bert.encoder.layer", {
        "attention.query": "attention.self.query", "attention.key": "attention.self.key",
        "attention.value": "attention.self.value", "attention.out": "attention.output.dense",
        "feed_forward.up": "intermediate.dense", "feed_forward.down": "output.dense",
    })},
    "t5": {"encoder.blocks": ("encoder.block", T5_ENCODER), "decoder.blocks": ("decoder.block", T5_DECODER)},
}  # fmt: skip
OUTSIDE = {"bert": {"dense": "cls.predictions.transform.dense"}}  # of the blocks
TASKS = {"gpt": "CAUSAL_LM", "llama": "CAUSAL_LM", "t5": "SEQ_2_SEQ_LM", "bert": None}


def known(model):
    """The name of the architecture of a model. Raises UsageError for one that PEFT does not know as ours."""
    name = models.name_of(model.config)
    if name not in BLOCKS or has_head(model):
        what = f"a classifier on a {name}" if has_head(model) else f"a {name}"
        raise UsageError(f"PEFT's files hold adapters of {', '.join(BLOCKS)}, and this is {what}; use our own")
    return name


def places(model):
    """{their name of a linear layer: (path of ours, part, or "whole")} of all that a model has."""
    kind, found = known(model), {}
    for path in linear_layers(model):
        for part, name in names_of(path).items():
            there = theirs(kind, name)
            if there:
                found[there] = path, part
    return found


def theirs(kind, name):
    """What they call a layer, or a part of one, of a kind of model; None if they have none."""
    for ours, (there, layers) in BLOCKS[kind].items():
        found = re.fullmatch(rf"{re.escape(ours)}\.(\d+)\.(.+)", name)
        if found and found[2] in layers:
            return f"{there}.{found[1]}.{layers[found[2]]}"
    return OUTSIDE.get(kind, {}).get(name)
