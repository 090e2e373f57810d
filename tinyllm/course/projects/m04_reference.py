"""Project 3's measure, and what it is held against: the quickstart's recipe at some sizes, step by step.

    python -m tinyllm.course.projects.m04_reference --layers 4 --width 192 --steps 1000

trains one size and puts what it came to beside the pictures of the lesson. A training of up to 1000 steps is the
beginning of one of 1000, so that a single run tells what the shorter ones are worth.
"""

import argparse
import math
import statistics
import tempfile

import numpy as np

from tinyllm import storage
from tinyllm.backend.machine import peak_memory, processor_name
from tinyllm.course.projects.language import flops, worth_on
from tinyllm.course.syllabus import course_folder
from tinyllm.data.corpora import contos
from tinyllm.errors import UsageError
from tinyllm.models import gpt
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim.adamw import AdamW
from tinyllm.say import megabytes
from tinyllm.show.quickstart import TEXTS
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig, train
from tinyllm.train.tasks import DataConfig

PLACE = "exercises/m04_llm_compacto/imagens/referencia-do-projeto.json"
JUDGED = 200  # stories of each split, the same for every model
BASE = (GPTConfig.layers, GPTConfig.width)  # the quickstart's
SHORTEST = 60  # steps after which a reference is measured first; then each time that they have grown by a half
TRIED = 15  # steps by which a machine is measured


def worth(run, model, split):
    """{"bits_per_byte", "perplexity"} of a causal model on the stories of a split; None if its tokenizer loses text."""
    return worth_on(list(contos.stories(JUDGED, split=split)), run, model)


def training_speed(config):
    """The operations a second with which this machine trains a GPT by the recipe, in the middle one of some steps."""
    training, rng = TrainConfig(steps=TRIED + 1), np.random.default_rng(0)
    model = gpt.GPT(config, rng=rng)
    ids = rng.integers(config.vocab_size, size=(TRIED + 1, training.batch, config.context + 1))
    batches = ((rows[:, :-1], rows[:, 1:]) for rows in ids)
    reports = list(train(model, batches, AdamW(model.named_parameters()), config=training))
    return flops(config, training, 1) / statistics.median(
        report.seconds for report in reports[1:]
    )  # the first compiles


# ---------------------------------------------------------------------------------------------------- what was measured


def read_sizes():
    """The measured sizes: of each its model, its memory, its speed on the machine that is named, and its `points`,
    {"steps", "flops", "validation", "test"} with the worth on each split."""
    return storage.load_json(course_folder() / PLACE)


def reference(sizes, speed, seconds, memory, split):
    """(bits per byte, operations, the size) of the best that the recipe reaches in so many seconds and bytes, on a
    machine that trains the quickstart's model at this speed. Raises UsageError if no size fits."""
    base = next(size["speed"] for size in sizes if (size["layers"], size["width"]) == BASE)
    counts = [(size, seconds * speed * size["speed"] / base) for size in sizes if size["peak_memory"] <= memory]
    if not counts:
        least = megabytes(min(size["peak_memory"] for size in sizes) + (1 << 20))
        raise UsageError(f"em {megabytes(memory)} não cabe nem o menor treino de referência; dê {least}")
    return min(((bits_after(*each, split), each[1], each[0]) for each in counts), key=lambda found: found[0])


def bits_after(size, count, split):
    """Bits per byte of a size after so many operations: a line through the points, both axes logarithmic. It goes on
    before the first point, and not after the last."""
    x, y = np.log([[point["flops"], point[split]["bits_per_byte"]] for point in size["points"]]).T
    before = max(0.0, x[0] - math.log(count)) * (y[0] - y[1]) / (x[1] - x[0])
    return math.exp(before + np.interp(math.log(count), x, y))


# ---------------------------------------------------------------------------------------------------------- the measure


def name_of(size):
    """(width, layers, steps): what tells one from another."""
    return size["width"], size["layers"], size["points"][-1]["steps"]


def measured(layers, width, steps):
    """What a size comes to: a row for `read_sizes`."""
    config, training, points, due = GPTConfig(layers=layers, width=width), TrainConfig(steps=steps), [], SHORTEST
    with tempfile.TemporaryDirectory() as folder:
        run = runs.create(f"{folder}/run", DataConfig(texts=TEXTS), config, training)
        model = run.new_model()
        for report, _ in runs.fit(run, model):
            if report.step >= due or report.step == steps:
                due = report.step + report.step // 2
                worths = {split: worth(run, model, split) for split in ("validation", "test")}
                points.append({"steps": report.step, "flops": flops(config, training, report.step), **worths})
                print(points[-1], flush=True)
    return {
        "layers": layers, "width": width, "processor": processor_name(), "threads": training.threads,
        "speed": training_speed(config), "peak_memory": peak_memory(), "points": points,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("layers", "width", "steps"):
        parser.add_argument(f"--{name}", type=int, required=True)
    size = measured(**vars(parser.parse_args()))
    path = course_folder() / PLACE
    sizes = {name_of(each): each for each in (*(read_sizes() if path.exists() else ()), size)}
    storage.save_json(path, [sizes[name] for name in sorted(sizes)])


if __name__ == "__main__":
    main()
