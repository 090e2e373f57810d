"""How much memory each device takes, and how long a step, when a model is trained on a cluster in a layout.

A step takes the time of its operations and that of its bytes, one after the other: a roofline (Williams et al. 2009)
without overlap. So the products of narrow slices reach less of the peak: what is as wide as the model stays whole.
"""

import dataclasses
import functools
import math
from typing import NamedTuple

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.memory import estimate
from tinyllm.memory.offload import PARTS, recomputed
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.arrange import MICRO_BATCHES
from tinyllm.parallel.clusters import Cluster
from tinyllm.parallel.layout import Layout


class Setup(NamedTuple):
    """A training on a cluster, by the numbers that can be chosen."""

    cluster: Cluster
    layout: Layout
    batch: int  # rows of a step, over all devices
    micro_batch: int = 1  # rows that a device works on at once
    recompute: bool = False  # keep what enters a block alone, and compute the rest again (Chen et al. 2016)
    chunks: int = 1  # parts that a device holds of its blocks, each a stage of its own (Narayanan et al. 2021)
    optimizer: type = AdamW

    @property
    def micro_batches(self):
        """How many a device works on in a step."""
        return self.batch // (self.layout.dp * self.micro_batch)

    @property
    def sizes(self):
        return estimate.PRECISIONS[self.cluster.precision]

    def check(self, config):
        """Raise UsageError unless the model and the batch can be cut so, as arrange.py cuts them."""
        layout, slices, stages = self.layout, slices_of(config), stages_of(config)
        if slices % layout.tp:
            raise UsageError(f"tp={layout.tp} does not cut the heads of this model evenly; take a divisor of {slices}")
        if layout.pp * self.chunks > stages:
            raise UsageError(f"pp={layout.pp} is more than this model has blocks in a row; take pp={stages} or less")
        if self.batch % (layout.dp * self.micro_batch):
            raise UsageError(
                f"batch={self.batch} is not a multiple of dp={layout.dp} times micro_batch={self.micro_batch}; make it"
            )
        if layout.zero == 3 and layout.pp > 1:
            raise UsageError("zero=3 gathers each block anew, which a stage of a pipeline cannot; take zero=2, or pp=1")


def slices_of(config):
    """The most slices that a block can be cut into; any divisor will do too. Without heads it is 1."""
    sizes = [getattr(config, name) for name in ("heads", "kv_heads", "hidden") if hasattr(config, name)]
    return math.gcd(*sizes) if hasattr(config, "heads") else 1


def stages_of(config):
    """The most stages that a model can be cut into: its blocks, or 1 where they are not all in one row."""
    return 1 if hasattr(config, "decoder_layers") else config.layers


# ------------------------------------------------------------------------------------------- what a model is asked for


class Block(NamedTuple):
    """What a block of a model does with a token, on the way to the loss."""

    multiplications: int
    whole: int  # bytes kept for the way back that every slice has
    split: int  # bytes kept that are divided among the slices
    entry: int  # bytes that come in


def block_of(config, setup):
    """What a block does: as Megatron counts it for a GPT on a GPU, else as our models do."""
    size, C, T = setup.sizes.activation, config.width, config.context
    if type(config) is GPTConfig and setup.cluster.on_gpu:
        # products of an attention that looks at all positions (Narayanan et al. 2021); whole are two norms, the inputs
        # of two products, and two masks of dropout, of a byte each (Korthikanti et al. 2022, table 2)
        scores = config.heads * T
        return Block(
            multiplications=12 * C * C + 2 * T * C,
            whole=size * 4 * C + 2 * C,
            split=size * (12 * C + 2 * scores) + scores,
            entry=size * C,
        )
    kept = catalog.architecture_of(config).kept(config, plan_of(setup)).block
    products = row_products(config) - targets_of(config) * config.vocab_size * C
    whole = min(kept, 4 * C)  # two norms, and the sums that they read
    return Block(products // (T * config.layers), size * whole, size * (kept - whole), size * C)


@functools.lru_cache
def row_products(config):
    """The multiplications of the forward pass of a row."""
    architecture, ids = catalog.architecture_of(config), np.zeros((1, config.context + 1), np.int64)
    batch = architecture.bare_objective(config)(ids[:, :-1], ids[:, 1:], np.random.default_rng(0))
    return architecture.products(config, *batch)


def targets_of(config):
    """How many tokens of a row are compared with the vocabulary."""
    return catalog.architecture_of(config).kept(config, estimate.Plan(1)).targets


def plan_of(setup):
    """The training of one device, as `estimate` counts it: with one thread if the model is cut, and a stage adds up its
    micro-batches as they come back (arrange.py)."""
    cluster, layout = setup.cluster, setup.layout
    return estimate.Plan(
        setup.micro_batch,
        workers=cluster.threads or 1 if layout.tp == layout.pp == 1 else 1,
        accumulate=setup.micro_batches if layout.pp == 1 else 1,
        precision=cluster.precision,
        recompute=setup.recompute,
        on_gpu=cluster.on_gpu,
        optimizer=setup.optimizer,
    )


def held_layers(config, layout):
    """The blocks of the first stage, which has as many as any."""
    return -(-config.layers // layout.pp)


def held_parameters(config, layout):
    """(of blocks, of the embedding) that the first device holds: its slice of its blocks and of the vocabulary."""
    vocabulary = config.vocab_size * config.width
    blocks = (estimate.parameters(config) - vocabulary) * held_layers(config, layout)
    return -(-blocks // (layout.tp * config.layers)), -(-vocabulary // layout.tp)


# --------------------------------------------------------------------------------------------------------------- memory


MPI = 21 << 20  # bytes that a rank of ours takes for MPI, as measured on Linux with MPICH
SHARED = 100 << 20  # bytes of a rank's libraries, which those of one machine have together, as measured there too


class Memory(NamedTuple):
    """The bytes that the fullest device takes. Not all of them must be there at once: `total` is at the peak."""

    weights: int
    gradients: int
    optimiser: int
    activations: int
    logits: int
    process: int
    total: int


def states(parameters, precision, *, optimizer=AdamW, embedding=0, zero=0, ranks=1):
    """(weights, gradients, optimiser): the bytes on each of so many ranks (Rajbhandari et al. 2020). So many of the
    parameters are those of the embedding.

    In mixed precision, with AdamW, these are 2 + 2 + 12 bytes a parameter.
    """
    sizes = estimate.PRECISIONS[precision]
    whole = (
        parameters * sizes.weight,
        parameters * sizes.gradient,
        parameters * sizes.master + optimizer.bytes_remembered(parameters, embedding=embedding),
    )
    return tuple(size / (ranks if zero >= stage else 1) for size, stage in zip(whole, (3, 2, 1), strict=True))


def memory(config, setup):
    """The memory of the fullest device, one of the first stage: its parts together.

    Of one device without a GPU it is what `estimate` says, which knows what is there at the same time.
    """
    layout, cluster, plan = setup.layout, setup.cluster, plan_of(setup)
    if layout.ranks == 1 and not cluster.on_gpu:
        found = estimate.training(config, plan)
        gradients = found.gradients + found.copies
        return Memory(
            found.weights, gradients, found.optimiser, found.activations, found.logits, found.process, found.total
        )
    block, tokens = block_of(config, setup), setup.micro_batch * config.context
    kept, layers = block.whole + block.split / layout.tp, held_layers(config, layout)
    # as many micro-batches as there are stages come through before the first goes back, and part of as many again where
    # a device has several chunks (Narayanan et al. 2021, Korthikanti et al. 2022)
    passes = min(layout.pp, setup.micro_batches)
    if setup.chunks > 1:
        passes += (layout.pp - 1) / setup.chunks
    logits = 4 * setup.micro_batch * targets_of(config) * config.vocab_size / layout.tp if layout.pp == 1 else 0
    activations = layers * passes * block.entry + kept if setup.recompute else layers * passes * kept
    of_blocks, embedding = held_parameters(config, layout)
    held, process = of_blocks + embedding, estimate.CUDA_CONTEXT if cluster.on_gpu else estimate.PROCESS + MPI
    weights, gradients, optimiser = states(
        held, cluster.precision, optimizer=setup.optimizer, embedding=embedding, zero=layout.zero, ranks=layout.dp
    )
    if not cluster.on_gpu:  # what our own training has besides: those of each thread, and the clipped
        copies = estimate.copies_of_gradients(held, embedding, plan) - held
        copies += held if layout.dp > 1 and layout.zero < 2 else 0  # that replicas have not yet summed
        gradients += copies * setup.sizes.gradient
    parts = [round(part) for part in (weights, gradients, optimiser, tokens * activations, logits, process)]
    return Memory(*parts, total=sum(parts))


def memory_of_ranks(config, training, optimizer, layout):
    """The Memory of the fullest of the ranks of a layout that train as a TrainConfig says, with an optimiser of this
    class, as processes of ours. What weights and activations leave elsewhere is counted as if it stayed."""
    threads = 0 if training.device == "gpu" else max(1, training.threads // layout.ranks)
    rows, stages = -(-training.batch // layout.dp), MICRO_BATCHES * layout.pp if layout.pp > 1 else 1
    micro_batch = -(-rows // stages)
    setup = Setup(
        Cluster(0, 0, 0, 1, 0, 0, threads=threads, precision="float32"),
        layout,
        batch=layout.dp * micro_batch * stages * training.accumulate,
        micro_batch=micro_batch,
        recompute=layout.zero == 3 or recomputed(training.recompute, training.offload) == 1,
        optimizer=optimizer,
    )
    found = memory(config, setup)
    if "optimizer" in PARTS[training.offload]:
        found = found._replace(optimiser=0, total=found.total - found.optimiser)
    return found


# ----------------------------------------------------------------------------------------------------------------- time


class Step(NamedTuple):
    """The seconds of a step, by what they are spent on."""

    products: float  # of matrices
    elements: float  # norms, softmax, activations, sums: all that only moves bytes
    slices: float  # sums over the slices
    bubble: float  # waiting for other stages
    stages: float  # sending to the next stage and back
    replicas: float  # sums over the replicas
    optimiser: float

    @property
    def total(self):
        return sum(self)


def step(config, setup):
    """How long a step takes."""
    layout, cluster, tokens = setup.layout, setup.cluster, setup.micro_batch * config.context
    block, layers = block_of(config, setup), held_layers(config, layout)
    speed, bandwidth = cluster.multiplying(config.width / layout.tp), cluster.bandwidth * cluster.share_of_bandwidth
    of_blocks, of_vocabulary = held_parameters(config, layout)

    # The way back has two products for each of the way there: one for the input, one for the weights. Recomputing is
    # one more way there (Narayanan et al. 2021). A product reads or writes what is kept once; so does what lies between
    ways = 4 if setup.recompute else 3
    kept = layers * tokens * (block.whole + block.split / layout.tp)
    multiplied = layers * tokens * block.multiplications / layout.tp
    products = ways * (2 * multiplied / speed + (of_blocks * setup.sizes.weight + kept) / bandwidth)
    elements = ways * kept / bandwidth
    # a sum after the attention and one after the feed-forward, there and back (Shoeybi et al. 2019)
    sums = 2 * (ways - 1) * layers if layout.tp > 1 else 0
    slices = sums * all_reduce(cluster, tokens * block.entry, layout.tp)

    # each slice sends its part of what goes to the next stage, and gets a gradient back; between the chunks too
    part, apart = tokens * block.entry / layout.tp, layout.tp * layout.dp
    sends = 2 * setup.chunks * send(cluster, part, layout.pp, apart=apart) if layout.pp > 1 else 0
    # a stage waits while the first micro-batch comes and the last one leaves (Huang et al. 2019)
    bubble = (layout.pp - 1) / setup.chunks * (products + elements + slices + sends)

    # the last stage, for which the others wait, compares with the vocabulary
    targets = setup.micro_batch * targets_of(config)
    compared = targets * config.width * config.vocab_size / layout.tp
    products += 3 * (2 * compared / speed + of_vocabulary * setup.sizes.weight / bandwidth)
    elements += 3 * 2 * 4 * targets * config.vocab_size / layout.tp / bandwidth

    held = of_blocks + of_vocabulary
    replicas = share_gradients(held * setup.sizes.gradient, setup)
    # gradients are read, weights and what is remembered are read and written: 12 bytes a parameter, and twice the last
    remembered = setup.optimizer.bytes_remembered(held, embedding=of_vocabulary)
    updated = (12 * held + 2 * remembered) / (layout.dp if layout.zero else 1)
    count = setup.micro_batches
    return Step(
        count * products, count * elements, count * slices, bubble, count * sends, replicas, updated / bandwidth
    )


def send(cluster, size, ranks, *, apart):
    """Seconds in which a device sends so many bytes to the next of a group, whose ranks are so far apart."""
    inside = cluster.per_node % (apart * ranks) == 0
    speed, latency = (cluster.link, cluster.link_latency) if inside else (cluster.network, cluster.network_latency)
    return size / (speed * cluster.share_of_bandwidth) + latency


def all_reduce(cluster, size, ranks, *, apart=1):
    """Seconds of a sum of so many bytes in a ring: twice round, a part at a time (Patarasuk & Yuan 2009).

    A ring leaves a node once, by the network of all its devices there.
    """
    neighbours = max(1, min(ranks, cluster.per_node // apart))
    together = dataclasses.replace(cluster, network=cluster.network * neighbours)
    return 2 * (ranks - 1) * send(together, size / ranks, ranks, apart=apart)


def share_gradients(size, setup):
    """Seconds in which replicas share so many bytes of gradients (Rajbhandari et al. 2020, section 7).

    Halves of an all-reduce, which are a reduce-scatter and an all-gather: two at the end of a step; from ZeRO 2 on the
    first comes with each micro-batch; with ZeRO 3 there are two gathers of the weights besides, instead of the second.
    """
    layout, count = setup.layout, setup.micro_batches
    halves = {0: 2, 1: 2, 2: count + 1, 3: 3 * count}[layout.zero]
    return halves / 2 * all_reduce(setup.cluster, size, layout.dp, apart=layout.tp)


def operations(config, setup):
    """Of a step, over all devices, with what is recomputed: the numerator of the utilisation of the hardware."""
    block, ways = block_of(config, setup), 4 if setup.recompute else 3
    blocks = config.layers * config.context * block.multiplications
    return 2 * setup.batch * (ways * blocks + 3 * targets_of(config) * config.width * config.vocab_size)
