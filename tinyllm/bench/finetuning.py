"""QLoRA beside full fine-tuning of the same model, and beside the estimate: the most memory that a process has held.

Each has a process of its own, one after the other, and the same batch, optimiser and recomputation. The base has random
weights; that of QLoRA is quantised layer by layer as these are drawn, and is never there in float32.
"""

import numpy as np

from tinyllm.bench.race import sides, spread
from tinyllm.compress import nf4
from tinyllm.finetune import catalog as methods
from tinyllm.finetune.estimate import fine_tuning
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.subset import FullConfig
from tinyllm.memory.estimate import plan_of
from tinyllm.memory.recompute import recomputing
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn import layers
from tinyllm.nn.module import Parameter, replace_modules
from tinyllm.nn.outline import Blanks
from tinyllm.optim.adamw8bit import AdamW8bit
from tinyllm.train.loop import TrainConfig, train

CASES = {
    "qlora-14m": GPTConfig(8192, 512, layers=6, heads=6, width=384),
    "qlora-124m": GPTConfig(50257, 512, layers=12, heads=12, width=768),
}
SIDES = {"ours": (LoRAConfig(), True), "peer": (FullConfig(), False)}  # the method, and whether the base is of NF4
TRAINING = TrainConfig(batch=1, workers=1, recompute=1, learning_rate=1e-4)  # of one row one worker has all


class FineTuning:
    """A side: `step()` gives the seconds of a step of its training."""

    def __init__(self, case, side):
        config, (method, quantized) = CASES[case], SIDES[side]
        model = methods.adapt(base(config, quantized), method, rng=np.random.default_rng(0))
        ids = np.random.default_rng(1).integers(0, config.vocab_size, size=(TRAINING.batch, config.context + 1))
        batches, optimizer = [(ids[:, :-1], ids[:, 1:])] * TRAINING.steps, AdamW8bit(model.named_parameters())
        self.reports = train(recomputing(model, TRAINING.recompute), batches, optimizer, config=TRAINING)

    def step(self):
        return next(self.reports).seconds


make = FineTuning


def base(config, quantized):
    """A model of random weights, of NF4 from the layer on that has just been drawn."""
    rng = np.random.default_rng(0)

    def drawn(path, module):
        for weight in vars(module).values():
            if isinstance(weight, Parameter) and weight.ndim == 2:
                rng.standard_normal(out=weight.data, dtype=np.float32)
                weight.data *= 0.02  # as GPT-2 begins
        return nf4.quantize(module) if quantized and type(module) is layers.Linear else module

    return replace_modules(catalog.new_model(config, rng=Blanks()), drawn)


def bench(case, *, steps):
    """The peaks, their ratio, and what each is estimated at; the seconds of the steps."""
    peaks, seconds, estimates = {}, {}, {}
    for side, (method, quantized) in SIDES.items():
        with sides(("tinyllm.bench.finetuning", {"case": case, "side": side})) as (process,):
            seconds[side] = spread(process.step() for _ in range(steps))
            peaks[side] = process.peak_bytes()
        plan = plan_of(TRAINING, AdamW8bit, classify=False)
        estimates[side] = fine_tuning(CASES[case], plan, method, quantized=quantized).total
    config = CASES[case]
    known = None not in peaks.values()
    return {
        "case": case,
        "config": {"layers": config.layers, "context": config.context, "width": config.width, "batch": TRAINING.batch},
        "peak_bytes": peaks,
        "peak_share": peaks["ours"] / peaks["peer"] if known else None,
        "estimated_bytes": estimates,
        "estimate_ratio": {side: estimates[side] / peaks[side] for side in SIDES} if known else None,
        "seconds": seconds,
    }
