"""The memory of a fine-tuning, as it is estimated, against the arrays that there are."""

import tracemalloc

import numpy as np
import pytest

from tinyllm.backend import kernels
from tinyllm.compress import nf4
from tinyllm.errors import UsageError
from tinyllm.finetune import bottleneck
from tinyllm.finetune import catalog as methods
from tinyllm.finetune.bottleneck import AdapterConfig
from tinyllm.finetune.estimate import fine_tuning
from tinyllm.finetune.ia3 import IA3Config
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.method import Added
from tinyllm.finetune.prefix import PrefixConfig
from tinyllm.finetune.prompt import PromptConfig
from tinyllm.finetune.subset import BitFitConfig, FullConfig, HeadConfig
from tinyllm.memory import estimate
from tinyllm.memory.estimate import Plan
from tinyllm.memory.recompute import recomputing
from tinyllm.models import catalog
from tinyllm.models.bert import BERTConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.llama import LlamaConfig
from tinyllm.models.t5 import T5Config
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import count_parameters
from tinyllm.optim.adamw8bit import AdamW8bit
from tinyllm.train.loop import TrainConfig, train

GPT2_SMALL = GPTConfig(50257, 1024, 12, 12, 768)
CONFIGS = {
    "gpt": GPTConfig(512, 128, 4, 4, 128),
    "llama": LlamaConfig(512, 128, 3, 4, 2, 128, 344),
    "bert": BERTConfig(512, 128, 3, 4, 128),
    "t5": T5Config(512, 128, 2, 2, 4, 128, 344),
}
CASES = [  # model, method, recompute, quantized
    ("gpt", LoRAConfig(), 0, False),
    ("gpt", LoRAConfig(layers="qkv,out,up,down", rank=4, dropout=0.1), 0, False),
    ("gpt", LoRAConfig(), 0, True),
    ("gpt", LoRAConfig(), 1, True),
    ("gpt", LoRAConfig(), 3, False),
    ("gpt", IA3Config(), 0, False),
    ("gpt", AdapterConfig(), 0, False),
    ("gpt", BitFitConfig(), 0, False),
    ("gpt", HeadConfig(), 0, False),
    ("gpt", HeadConfig(blocks=2), 0, False),
    ("gpt", FullConfig(), 0, False),
    ("llama", LoRAConfig(), 0, False),
    ("llama", LoRAConfig(), 0, True),
    ("bert", LoRAConfig(), 0, False),
    ("t5", LoRAConfig(), 0, False),
]


def traced_peak(config, batch, method, *, recompute, quantized):
    """The bytes of arrays at the height of two steps of a fine-tuning, and those of the model before."""
    architecture = catalog.architecture_of(config)
    objective, ids = architecture.bare_objective(config), np.zeros((batch, config.context), dtype=np.int64)
    batches = [objective(ids, ids, np.random.default_rng(0))] * 2
    for _ in range(2):  # the first loads what is compiled
        tracemalloc.start(1)
        model = catalog.new_model(config, rng=np.random.default_rng(0))
        if quantized:
            nf4.quantize(model)
        model = methods.adapt(model, method, rng=np.random.default_rng(1))
        if recompute:
            recomputing(model, recompute)
        built = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        steps = TrainConfig(steps=2, batch=batch, workers=1, learning_rate=1e-3)
        list(train(model, batches, AdamW8bit(model.named_parameters()), config=steps))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        learned = count_parameters(model)
        del model
    return peak, built, learned


@pytest.mark.long
@pytest.mark.skipif(not kernels.numba_version(), reason="counts what the compiled routines keep")
@pytest.mark.parametrize(("name", "method", "recompute", "quantized"), CASES, ids=str)
def test_the_arrays_of_a_step_are_counted_within_10_percent(name, method, recompute, quantized):
    config, plan = CONFIGS[name], Plan(16, recompute=recompute, optimizer=AdamW8bit)
    found = fine_tuning(config, plan, method, quantized=quantized)
    peak, built, learned = traced_peak(config, 16, method, recompute=recompute, quantized=quantized)
    print(found, "peak", peak, "built", built, "ratio", (found.total - found.process) / peak)
    assert found.parameters == learned
    assert found.weights == pytest.approx(built, rel=0.08)
    assert (found.total - found.process) / peak == pytest.approx(1, abs=0.1)
    assert max(found[1:-2]) < found.total <= sum(found[1:-2])


def test_to_learn_all_takes_what_a_training_takes():
    for plan in (Plan(8), Plan(8, workers=2, recompute=1), Plan(1, accumulate=2, average=True)):
        assert fine_tuning(GPT2_SMALL, plan, FullConfig()) == estimate.training(GPT2_SMALL, plan)


def test_a_prompt_is_counted():
    assert fine_tuning(GPT2_SMALL, Plan(1), PromptConfig(length=20)).parameters == 20 * 768


def test_the_adapter_that_a_learner_writes_takes_as_much(monkeypatch):
    """With --mine a function stands in the place of the class, and makes one of another."""
    expected = fine_tuning(CONFIGS["gpt"], Plan(8), AdapterConfig())

    class Mine(Added):
        def __init__(self, inner, width, hidden, *, rng):
            super().__init__(inner)
            self.down, self.up = Linear(width, hidden, rng=rng), Linear(hidden, width, rng=rng)

        __call__ = bottleneck.Adapter.__call__

    monkeypatch.setattr(bottleneck, "Adapter", lambda *inputs, **options: Mine(*inputs, **options))
    assert fine_tuning(CONFIGS["gpt"], Plan(8), AdapterConfig()) == expected


def test_of_a_classifier_of_which_the_head_alone_is_learned_no_block_keeps_anything():
    head, full = (fine_tuning(CONFIGS["bert"], Plan(8, classify=True), method()) for method in (HeadConfig, FullConfig))
    assert head.parameters == 0 and head.activations < full.activations / 3


def test_qlora_of_a_gpt2_takes_a_fraction():
    plan = Plan(1, recompute=1, optimizer=AdamW8bit)
    full = fine_tuning(GPT2_SMALL, plan, FullConfig())
    lora, qlora = (fine_tuning(GPT2_SMALL, plan, LoRAConfig(), quantized=quantized) for quantized in (False, True))
    assert lora.parameters == qlora.parameters == 12 * 2 * 8 * (768 + 768)
    linear = 12 * 12 * 768 * 768
    assert lora.weights - qlora.weights == pytest.approx(linear * (4 - 0.516), rel=0.001)
    assert qlora.total < 0.3 * full.total


@pytest.mark.parametrize(
    ("method", "plan", "words"),
    [
        (PrefixConfig(), Plan(1), "prefix"),
        (LoRAConfig(), Plan(1, offload="all"), "offload"),
        (LoRAConfig(layers="nothing"), Plan(1), "nothing"),
    ],
)
def test_what_is_not_estimated_is_told(method, plan, words):
    with pytest.raises(UsageError, match=words):
        fine_tuning(GPT2_SMALL, plan, method)
