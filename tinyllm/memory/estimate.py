"""How much memory a model takes to train and to use, counted from the arrays that are alive at the peak of a step.

Everything is a whole number of Python's, which is never too large.
"""

import dataclasses
import functools
from typing import NamedTuple

from tinyllm import functional as F
from tinyllm.memory.offload import PARTS, recomputed
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn import layers
from tinyllm.nn.module import count_parameters
from tinyllm.nn.outline import in_outline
from tinyllm.optim.adamw import AdamW

PROCESS = 142 << 20  # bytes of Python, NumPy, Numba and its compiled kernels, as measured on Linux
BLOCKS, POSITIONS = 64, 8  # of a model whose numbers are counted: so many are built
CUDA_CONTEXT = 512 << 20  # bytes a GPU holds before any array: driver, kernels, cuBLAS. An assumption, not a measure

# ---------------------------------------------------------------------------------------------- what a model is made of


def parameters(config):
    """How many numbers a model of this config learns."""
    if type(config) is GPTConfig:
        return gpt_parameters(config)  # looked up here: a learner's may stand in its place
    return count(catalog.architecture_of(config).model, config)


def body_parameters(config):
    """How many of them a classifier stands on. It learns `config.width` + 1 more for each label."""
    architecture = catalog.architecture_of(config)
    return parameters(config) if architecture.body is architecture.model else count(architecture.body, config)


def gpt_parameters(config):
    """How many numbers a GPT of this config learns."""
    C = config.width
    block = 4 * C + (3 * C * C + 3 * C) + (C * C + C) + (4 * C * C + 4 * C) + (4 * C * C + C)
    return (config.vocab_size + config.context) * C + config.layers * block + 2 * C


@functools.lru_cache
def count(build, config, count_of=count_parameters):
    """How many numbers `build(config, rng=...)` learns, or `count_of` it, counted on a model in outline.

    A config of more than BLOCKS layers or POSITIONS is counted on smaller ones, from which its count follows: it grows
    as a square at most.
    """
    limits = {name: BLOCKS for name in vars(config) if name.endswith("layers")} | {"context": POSITIONS}
    for name, limit in limits.items():
        more = getattr(config, name) - limit
        if more > 0:
            sizes = (dataclasses.replace(config, **{name: limit - fewer}) for fewer in (2, 1, 0))
            before, last, there = (count(build, smaller, count_of) for smaller in sizes)
            growth = there - last
            return there + more * growth + more * (more + 1) // 2 * (growth - (last - before))
    with in_outline() as rng:
        return count_of(build(config, rng=rng))


def count_multiplied(model):
    """How many numbers the linear layers of a model multiply by."""
    linear = (layers.Linear, layers.Projection)
    return sum(module.weight.data.size for _, module in model.named_modules() if type(module) in linear)


# ------------------------------------------------------------------------------------------------------------- training


class Precision(NamedTuple):
    """The bytes of each number, by what it is."""

    weight: int
    gradient: int
    master: int  # per parameter: in mixed precision, the weights that are updated
    activation: int


PRECISIONS = {
    "float32": Precision(weight=4, gradient=4, master=0, activation=4),
    # float16 or bfloat16 to compute, float32 to update: 16 bytes a parameter too, but activations of half the size
    # (Micikevicius et al. 2018, Rajbhandari et al. 2020)
    "mixed": Precision(weight=2, gradient=2, master=4, activation=2),
}


class Plan(NamedTuple):
    """How a model is to be trained: `workers` share the batch, a GPU needs no more than one.

    `recompute`: of each so many blocks one keeps what enters it, and computes the rest again on the way back (Chen et
    al. 2016); 0: none. `offload`: what is kept elsewhere, as `offload.PARTS` names it.
    `classify`: tell the labels of texts, as long as the context at most, so that no position is compared with the
    vocabulary. `optimizer`: its class, which says how much it remembers. `average`: the mean of the weights is
    remembered too. `compared`: with so many likeliest tokens of a teacher is each position compared; 0: there is none.
    """

    batch: int
    workers: int = 1
    accumulate: int = 1
    precision: str = "float32"
    recompute: int = 0
    offload: str = "none"
    on_gpu: bool = False
    classify: bool = False
    optimizer: type = AdamW
    average: bool = False
    compared: int = 0


def plan_of(training, optimizer, *, classify, compared=0):
    """The Plan of a TrainConfig and of the class of an optimiser."""
    precision = "mixed" if training.precision == "float16" else "float32"
    return Plan(
        training.batch, training.threads, training.accumulate, precision, training.recompute, training.offload,
        on_gpu=training.device == "gpu", classify=classify, optimizer=optimizer, average=training.ema > 0,
        compared=compared,
    )  # fmt: skip


class Training(NamedTuple):
    """What training takes: bytes, but for `parameters`. Each part is given at its largest, and not all are at once:
    the activations are gone before the copies of the gradients come. `total` is what is in use at the peak. None of it
    is what is kept `elsewhere`: on a disk or, of a GPU, in the memory of the machine."""

    parameters: int
    weights: int
    gradients: int
    optimiser: int  # and with it the float32 weights of mixed precision, and their mean
    copies: int  # of gradients: those of the other workers, their sum, the clipped, the accumulated
    activations: int
    logits: int  # and, with them, the parts of the gradient of the head, and what a teacher says of each position
    process: int
    total: int
    elsewhere: int


def training(config, plan):
    """The memory that training a model of `config` takes under a `plan`."""
    sizes, kept = PRECISIONS[plan.precision], catalog.architecture_of(config).kept(config, plan)
    P = body_parameters(config) if plan.classify else parameters(config)
    head, T, away = config.vocab_size * config.width, config.context, PARTS[plan.offload]
    workers = min(plan.workers, plan.batch)  # more have no share of the batch
    tokens = plan.batch * T
    streamed, block = of_blocks(config, plan) if "weights" in away else (0, 0)
    here = P - streamed

    inputs, whole, again = kept_of_blocks(config, plan)
    at_loss = whole * kept.block + (0 if "activations" in away else inputs * config.width)
    at_loss, on_the_way_back = tokens * (at_loss + kept.ends), tokens * (at_loss + again * kept.block + kept.height)
    targets = 0 if plan.classify else -(-plan.batch // workers) * kept.targets
    logits = workers * loss_bytes(head, config.vocab_size, targets, sizes, plan.compared) if targets else 0
    of_teacher = tokens * (12 * plan.compared + 4) if plan.compared else 0  # ids, logits, and that of all others

    before = min(plan.accumulate - 1, 2) * here * sizes.gradient  # of earlier batches: the sum, and the last in it
    gradients = copies_of_gradients(here, head, plan)
    running = workers * block  # parameters of blocks that are streamed
    in_use = running * (sizes.weight + sizes.gradient)
    optimiser = plan.optimizer.bytes_remembered(P, embedding=head) + P * sizes.master
    optimiser += 4 * P if plan.average else 0
    elsewhere = optimiser if "optimizer" in away else 0
    elsewhere += (P * sizes.weight + copies_of_gradients(streamed, 0, plan) * sizes.gradient) if streamed else 0
    elsewhere += tokens * inputs * config.width * sizes.activation if "activations" in away else 0
    optimiser = 0 if "optimizer" in away else optimiser
    process = CUDA_CONTEXT if plan.on_gpu else PROCESS
    height = max(
        before + at_loss * sizes.activation + logits,
        before + on_the_way_back * sizes.activation + workers * head * sizes.gradient + in_use,
        before + tokens * (kept.block + kept.height) * sizes.activation + workers * here * sizes.gradient + in_use,
        gradients * sizes.gradient,
    )
    return Training(
        parameters=P,
        weights=(here + running) * sizes.weight,
        gradients=(here + running) * sizes.gradient,
        optimiser=optimiser,
        copies=(gradients - here) * sizes.gradient,
        activations=max(at_loss, on_the_way_back) * sizes.activation,
        logits=logits + of_teacher,
        process=process,
        total=process + here * sizes.weight + optimiser + of_teacher + height,
        elsewhere=elsewhere,
    )


def of_blocks(config, plan):
    """How many numbers all blocks of a model learn, and the largest of them."""
    count_of, all_blocks, largest = body_parameters if plan.classify else parameters, 0, 0
    for name in (name for name in vars(config) if name.endswith("layers")):
        one, two = (count_of(dataclasses.replace(config, **{name: layers})) for layers in (1, 2))
        all_blocks, largest = all_blocks + getattr(config, name) * (two - one), max(largest, two - one)
    return all_blocks, largest


def kept_of_blocks(config, plan):
    """How many blocks keep what enters them, how many keep all, and whether the last is computed a second time."""
    every = recomputed(plan.recompute, plan.offload)
    if not every:
        return 0, config.layers, False
    inputs = -(-config.layers // every)
    return inputs, config.layers - inputs, (config.layers - 1) % every == 0


def copies_of_gradients(count, head, plan):
    """The gradients of so many parameters that there are at once: those of the workers and their sum; and before, the
    sum of earlier batches, and the last that went into it; and after, the clipped."""
    workers, before = min(plan.workers, plan.batch), min(plan.accumulate - 1, 2) * count
    at_the_end = max(
        workers * (count + head),  # the gradient of the embedding is added to that of the head, in a copy
        (workers + 1) * count if workers > 1 else 0,
    )
    return max(before + at_the_end, 2 * count, 3 * count if plan.accumulate > 1 else 0)


def loss_bytes(head, vocabulary, tokens, sizes, compared=0):
    """The bytes that `F.linear_cross_entropy` works in: float32 logits of some tokens, and gradients of the head; or
    `F.linear_distillation`, which has the logits of a round twice before it comes to gradients."""
    at_once = max(1, F.losses.LOGITS_AT_ONCE // vocabulary)
    rounds, logits, part = -(-tokens // at_once), 4 * min(tokens, at_once) * vocabulary, head * sizes.gradient
    if rounds == 1:
        return logits + (max(part, logits) if compared else part)
    # a round's arrays are forgotten when those of the next are there
    return max(2 * logits + min(2, rounds - 1) * part, logits + min(3, rounds) * part)


def largest_batch(config, plan, memory, estimated=training):
    """The largest batch with which training, as it is `estimated`, fits in `memory` bytes, whatever the plan's own; 0
    if not even 1 does."""

    def fits(batch):
        return estimated(config, plan._replace(batch=batch)).total <= memory

    if not fits(1):
        return 0
    low, high = 1, 2
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


# ------------------------------------------------------------------------------------------------------------ inference

BLOCK = 64 * 256  # weights: 256 scales, in nf4 of 8 bits each and with another in float32 (Dettmers et al. 2022, 2023)
WEIGHTS = {  # bytes of a block; bfloat16 is as large as float16, and int4 at most as here
    "float32": 4 * BLOCK, "float16": 2 * BLOCK, "int8": BLOCK + 4 * 256,
    "int4": BLOCK // 2 + 2 * 256, "nf4": BLOCK // 2 + 256 + 4,
}  # fmt: skip


class Inference(NamedTuple):
    """What using a model takes, in bytes, the process apart."""

    weights: int
    cache: int  # keys and values, or the state of a recurrent model
    total: int


def inference(config, *, tokens, batch=1, precision="float32", classify=False):
    """The memory to generate `batch` texts of `tokens` tokens at once, or to classify them, which leaves no cache.
    Where the weights are of float16 the cache is too. Of nf4 and of int4 are the linear layers; the rest is of float32
    or of int8."""
    architecture = catalog.architecture_of(config)
    learned, rest = body_parameters(config) if classify else parameters(config), 0
    if precision in ("nf4", "int4"):
        rest = learned - count(architecture.body if classify else architecture.model, config, count_multiplied)
    of_rest = WEIGHTS["int8" if precision == "int4" else "float32"]
    weights = -(-((learned - rest) * WEIGHTS[precision] + rest * of_rest) // BLOCK)
    numbers = 0 if classify else architecture.cache(config, tokens)
    cache = numbers * batch * (2 if precision == "float16" else 4)
    return Inference(weights, cache, weights + cache)
