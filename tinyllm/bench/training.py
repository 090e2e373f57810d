"""`tinyllm bench train`: how many tokens a second we train on, beside PyTorch on the same work or beside one worker."""

import statistics
import time

import numpy as np

from tinyllm.bench import gemm
from tinyllm.bench.race import middle_peaks, result, sides
from tinyllm.models import catalog
from tinyllm.optim.adamw import AdamW
from tinyllm.train.loop import TrainConfig, train

SMALL = {"vocab_size": 4096, "context": 256, "heads": 4, "width": 256}
CASES = {  # the model, its sizes, and how many rows a batch has
    "gpt-s": ("gpt", {**SMALL, "layers": 4}, 8),
    "gpt-xs": ("gpt", {"vocab_size": 512, "context": 128, "layers": 4, "heads": 4, "width": 128}, 16),
    "gpt-s-1024": ("gpt", {**SMALL, "context": 1024, "layers": 4}, 2),
    "llama-s": ("llama", {**SMALL, "layers": 4, "kv_heads": 2, "hidden": 688}, 8),
    "bert-s": ("bert", {**SMALL, "layers": 4}, 8),
    "t5-s": ("t5", {**SMALL, "layers": 2, "decoder_layers": 2, "hidden": 688}, 8),
}
TWINS = ("gpt", "llama", "bert", "t5")  # the models that `torch_models` has
PEERS = {  # what --against names: the module and the options of the other side
    "torch": ("tinyllm.bench.torch_peer", {}),
    "torch-compile": ("tinyllm.bench.torch_peer", {"compiled": True}),
    "one-worker": ("tinyllm.bench.training", {"workers": 1}),
    "none": None,
}
WARM_UP = 3  # steps of each side that are not timed
COMPARED = 20  # steps whose losses are compared
TRAINING = TrainConfig(steps=10**6, learning_rate=1e-3, warmup=0, floor=1.0)


def cases_of(model):
    """The cases of the model of a name: those in the table or, if there are none, one that bears its name."""
    return [case for case in CASES if model_of(case) == model] or [model]


def model_of(case):
    """The name of the model of a case."""
    return CASES[case][0] if case in CASES else case


def case_of(case):
    """The config of a case and how many rows a batch has; one that is not in the table has a model's own sizes."""
    name, sizes, rows = CASES.get(case, (case, {}, TrainConfig.batch))
    return catalog.find(name).config(**sizes), rows


def new_model(case):
    return catalog.new_model(case_of(case)[0], rng=np.random.default_rng(0))


def make_batches(case, count):
    """Batches of tokens that are as uneven as words: the n-th most frequent comes 1 / n as often."""
    config, batch = case_of(case)
    rng, shares = np.random.default_rng(1), 1 / np.arange(1, config.vocab_size + 1)
    tokens = rng.choice(config.vocab_size, size=(count, batch, config.context + 1), p=shares / shares.sum())
    objective = catalog.architecture_of(config).bare_objective(config)
    return [objective(part[:, :-1], part[:, 1:], rng) for part in tokens]


class Training:
    """Our side: `step()` trains on the next batch."""

    def __init__(self, case, workers, steps):
        model = new_model(case)
        training = TrainConfig(**{**vars(TRAINING), "workers": workers})
        optimizer = AdamW(model.named_parameters())
        self.reports = train(model, make_batches(case, steps), optimizer, config=training)

    def step(self):
        began = time.perf_counter()
        report = next(self.reports)
        return {"seconds": time.perf_counter() - began, "loss": report.loss}

    def gemm(self, threads):
        """The speed of plain products of matrices, measured where the training runs."""
        return gemm.flops(threads)


make = Training


def operations(case):
    """Floating-point operations that a step needs. A product and its sum are two, and twice as many on the way back."""
    config, rows = case_of(case)
    return 6 * rows * catalog.architecture_of(config).products(config, *make_batches(case, 1)[0])


def bench(case, *, against, workers=0, races=3, steps=20):
    """Race one case. Returns what `race.result` does, with tokens a second, the share of the speed of plain matrix
    products, and, against PyTorch, the largest difference between the two losses of one of the first steps."""
    (config, batch), workers = case_of(case), TrainConfig(workers=workers).threads
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
        gemm_share=ours / (batch * config.context) * operations(case) / speed,
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
