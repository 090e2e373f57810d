"""`tinyllm bench train`: how many tokens a second we train on, beside PyTorch on the same work or beside one worker."""

import statistics
import time

import numpy as np

from tinyllm.bench.race import middle_peaks, result, sides
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.parallel.data import DataParallel
from tinyllm.train.loop import TrainConfig, make_optimizer, train

CASES = {
    "gpt-s": (GPTConfig(vocab_size=4096, context=256, layers=4, heads=4, width=256), 8),
    "gpt-xs": (GPTConfig(vocab_size=512, context=128, layers=4, heads=4, width=128), 16),
    "gpt-s-1024": (GPTConfig(vocab_size=4096, context=1024, layers=4, heads=4, width=256), 2),
}
PEERS = {  # what --against names: the module and the options of the other side
    "torch": ("tinyllm.bench.torch_peer", {}),
    "torch-compile": ("tinyllm.bench.torch_peer", {"compiled": True}),
    "one-worker": ("tinyllm.bench.training", {"workers": 1}),
    "none": None,
}
WARM_UP = 3  # steps of each side that are not timed
COMPARED = 20  # steps whose losses are compared
TRAINING = TrainConfig(steps=10**6, learning_rate=1e-3, warmup=0, floor=1.0)
GEMM = 1000  # rows, columns and depth of the product that measures the machine


def make_batches(config, batch, count):
    """(ids, targets) of tokens that are as uneven as words: the n-th most frequent comes 1 / n as often."""
    rng, shares = np.random.default_rng(1), 1 / np.arange(1, config.vocab_size + 1)
    tokens = rng.choice(config.vocab_size, size=(count, batch, config.context + 1), p=shares / shares.sum())
    return [(part[:, :-1], part[:, 1:]) for part in tokens]


class Training:
    """Our side: `step()` trains on the next batch."""

    def __init__(self, case, workers, steps):
        config, batch = CASES[case]
        model, training = GPT(config, rng=np.random.default_rng(0)), TRAINING
        training = TrainConfig(**{**vars(training), "workers": workers})
        batches = make_batches(config, batch, steps)
        self.reports = train(model, batches, make_optimizer(model, training), config=training)

    def step(self):
        began = time.perf_counter()
        report = next(self.reports)
        return {"seconds": time.perf_counter() - began, "loss": report.loss}

    def gemm(self, threads):
        """The most floating-point operations a second of plain products of matrices, in several threads at once."""

        def multiply(matrices):
            a, b, product = matrices
            for _ in range(4):
                np.matmul(a, b, out=product)

        matrices = [[np.full((GEMM, GEMM), 1e-3, np.float32) for _ in range(3)] for _ in range(threads)]
        times = []
        with DataParallel(threads) as parallel:
            for _ in range(8):
                began = time.perf_counter()
                parallel.map(multiply, matrices)
                times.append(time.perf_counter() - began)
        return threads * 4 * 2 * GEMM**3 / min(times)


make = Training


def operations(config, batch):
    """Floating-point operations that a step needs: the products of matrices, and attention to the past alone."""
    C, T, tokens = config.width, config.context, batch * config.context
    return tokens * (6 * (config.layers * 12 * C * C + config.vocab_size * C) + config.layers * 6 * T * C)


def bench(case, *, against, workers=0, races=3, steps=20):
    """Race one case. Returns what `race.result` does, with tokens a second, the share of the speed of plain matrix
    products, and, against PyTorch, the largest difference between the two losses of one of the first steps."""
    (config, batch), workers = CASES[case], TrainConfig(workers=workers).threads
    total = WARM_UP + steps
    in_turn = 2 if against == "one-worker" else 1  # steps; the first wakes the core that one worker leaves asleep
    options = {"case": case, "workers": workers, "steps": total * in_turn}
    peer = PEERS[against] and (PEERS[against][0], {**options, **PEERS[against][1]})
    runs, gemms, peaks, differences = [], [], [], []
    for _ in range(races):
        with sides(("tinyllm.bench.training", options), peer) as both:
            there = [side for side in both if side]
            rounds = [[side.take_turn(in_turn) for side in there] for _ in range(total)]
            peaks.append([side.peak_bytes() for side in there])
            gemms += [(both[0].gemm(1), both[0].gemm(workers)) for _ in range(2)]
        timed = rounds[WARM_UP:]
        runs.append([[pair[i]["seconds"] for pair in timed] if i < len(there) else [] for i in range(2)])
        differences += [abs(pair[0]["loss"] - pair[-1]["loss"]) for pair in rounds[:COMPARED]]

    def tokens_per_second(i):
        seconds = [second for run in runs for second in run[i]]
        return batch * config.context / statistics.median(seconds) if seconds else None

    ours, speed = tokens_per_second(0), statistics.median(gemm for _, gemm in gemms)
    found = result(
        case,
        runs,
        peak_bytes=middle_peaks(peaks),
        tokens_per_second={"ours": ours, "peer": tokens_per_second(1)},
        gemm_share=ours / (batch * config.context) * operations(config, batch) / speed,
        gemm_flops=speed,
        workers=workers,
        against=against,
    )
    if against.startswith("torch"):
        found |= {"loss_difference": max(differences), "compared": min(COMPARED, total)}
    if against == "one-worker":
        found["gemm_scaling"] = statistics.median(many / one for one, many in gemms)
        found["scaling_share"] = found["ratio"]["median"] / found["gemm_scaling"]
    return found
