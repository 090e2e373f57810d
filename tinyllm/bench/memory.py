"""Saving memory, measured: what each way leaves of the arrays of a step, and how much longer the step takes.

A plain training and one that saves take their steps in turns, in one process: what disturbs one disturbs the other.
Arrays are counted by NumPy's own account, in steps that are not timed; weights and optimiser were there before, and
the vocabulary is so small that logits hardly count.
"""

import tempfile
import tracemalloc

import numpy as np

from tinyllm.bench.race import spread
from tinyllm.memory.offload import PARTS, Thrift
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.workers import Workers
from tinyllm.train.loop import TrainConfig, train

CONFIG = GPTConfig(vocab_size=64, context=512, layers=12, heads=4, width=128)
WAYS = {
    **{f"recompute-{every}": {"recompute": every} for every in (1, 2, 3)},
    **{name: {"offload": name} for name in PARTS if name != "none"},
}
BATCH = 4


def bench(way, *, workers, steps):
    """The bytes of arrays and the seconds of a step, plain and saving, and their ratios."""
    config = CONFIG
    with tempfile.TemporaryDirectory() as folder:
        sides = {}
        for side, how in (("plain", {}), ("saving", WAYS[way])):
            training = TrainConfig(steps=steps + 1, batch=BATCH, workers=workers, **how)
            sides[side] = new_training(config, training, folder)
        arrays = {side: height(model, training) for side, (model, _, training) in sides.items()}
        reports = {side: steps_of(*of_side) for side, of_side in sides.items()}
        turns = [{side: next(of_side).seconds for side, of_side in reports.items()} for _ in range(steps + 1)]
        turns = turns[1:]  # the first step takes the memory that the others use
    return {
        "case": way,
        "config": {"layers": config.layers, "context": config.context, "width": config.width, "batch": BATCH},
        "workers": training.threads,
        "bytes": arrays,
        "bytes_share": arrays["saving"] / arrays["plain"],
        "seconds": {side: spread([turn[side] for turn in turns]) for side in sides},
        "time_ratio": spread([turn["saving"] / turn["plain"] for turn in turns]),
    }


def new_training(config, training, folder):
    """A model, its optimiser and the TrainConfig, made in the way that this says."""
    thrift = Thrift(training, folder)
    with thrift.building():
        model = thrift.around(catalog.new_model(config, rng=np.random.default_rng(0)))
    with thrift.remembering():
        return model, AdamW(model.named_parameters()), training


def batch_of(config):
    ids = np.random.default_rng(1).integers(0, config.vocab_size, size=(BATCH, config.context + 1))
    return ids[:, :-1], ids[:, 1:]


def height(model, training):
    """The bytes of arrays at the height of a forward and a backward pass: activations and gradients."""
    with Workers(training.threads) as workers:
        tracemalloc.start(1)
        workers.gradients(model.loss, batch_of(model.config))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def steps_of(model, optimizer, training):
    """The reports of its steps."""
    return train(model, [batch_of(model.config)] * training.steps, optimizer, config=training)
