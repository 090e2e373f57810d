"""`tinyllm speedrun`: what a recipe gives for its time, beside the recipes that were tried before it.

The records of all recipes whose runs stand side by side in a folder are there in speedrun.jsonl, one JSON object a
line; a recipe that was worse stays too, so that nobody has to try it again. Machines differ, and so do the hours of
one: beside the seconds stand those of a machine that multiplies matrices at REFERENCE, by the speed measured just
before and after.
"""

import json
import math

from tinyllm import storage
from tinyllm.backend.machine import processor_name
from tinyllm.bench import gemm
from tinyllm.config import to_dict
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.nn.module import count_parameters
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.say import decimal, emit, percent, tell, thousands, to_json
from tinyllm.show.quickstart import CORPUS, measure
from tinyllm.show.training import train_showing
from tinyllm.train import log, tasks
from tinyllm.train import run as runs

CORPORA = ("contos", CORPUS)
RECORDS, REFERENCE = "speedrun.jsonl", 100e9  # floating-point operations a second
SETTLED = ("workers", "decay_steps", "curriculum_steps")  # what a run decides itself where nothing is said
NUMBERS = ("tokens", "seconds", "normalised_seconds", "gemm", "loss", "names_a_story", "repeated_names", "agreement")


def speedrun(run, *, as_json=False):
    """Train a run to its end, measure it, and show its record below those of before. Returns the exit status.

    Raises UsageError as `check` does.
    """
    records, threads = check(run), run.training.threads
    before = records.get(name_of(run))
    done = runs.steps_done(run) == run.training.steps
    speed = before["gemm"] if done and before else gemm.flops(threads)  # of the hour in which it was trained
    if not done:
        status = train_showing(run)
        if status:
            return status
        speed = (speed + gemm.flops(threads)) / 2
    record = record_of(run, speed)
    records = {**records, record["name"]: record}
    storage.save_text(path_of(run), "".join(to_json(line) + "\n" for line in records.values()))
    if as_json:
        emit(record)
    else:
        show(list(records.values()))
    return 0


def check(run):
    """The records beside a run, as `read_records` gives them. Raises UsageError for a model that writes no stories, for
    records that are none, and OSError where they cannot be written."""
    if not run.writes or run.data.corpus not in CORPORA:
        raise UsageError(
            f"{run.folder} does not learn to write stories, by which recipes are compared; leave out --task and "
            "--corpus, and choose a model that writes"
        )
    storage.claim_folder(path_of(run).parent)
    return read_records(path_of(run))


def name_of(run):
    """The name of a recipe: that of the folder of its run."""
    return run.folder.absolute().name


def path_of(run):
    """The file of the records, beside the folder of a run."""
    return run.folder.absolute().parent / RECORDS


def read_records(path):
    """{name: record} of a file, in their order. Raises UsageError for a line that is none."""
    found = {}
    for number, line in enumerate(storage.read_text(path).splitlines() if path.exists() else [], start=1):
        try:
            record = json.loads(line)
            whole = isinstance(record["name"], str) and isinstance(record["changes"], list)
            whole = whole and all(isinstance(record[name], int | float | None) for name in NUMBERS)
        except (ValueError, TypeError, KeyError):
            whole = False
        if not whole:
            raise UsageError(f"{path}, line {number} is no record of a recipe; delete that line, or the file")
        found[record["name"]] = record
    return found


def record_of(run, speed):
    """What is to be remembered of a finished run on a machine of this speed, in operations a second."""
    model = run.trained_model(warn=tell)
    steps = [line for line in log.read(run.folder / log.STEPS, warn=tell) if "loss" in line]
    seconds = sum(line["seconds"] for line in steps)
    tell("Medindo nos textos de validação, de enredos que não estão no treino…")
    figures = measure(run, model, split="validation")  # recipes are chosen: the test texts are told once
    del figures["samples"]
    return {
        "name": name_of(run), "changes": changes(run), "parameters": count_parameters(model),
        "tokens": sum(line["tokens"] for line in steps), "seconds": seconds,
        "normalised_seconds": seconds * speed / REFERENCE, "loss": math.log(figures["perplexity"]), **figures,
        "gemm": speed, "threads": run.training.threads, "processor": processor_name(),
    }  # fmt: skip


def changes(run):
    """What a run has that is not the default, as the options of a command line."""
    name, optimizer = catalog.name_of(run.model_config), optimizers.name_of(run.optimizer_config)
    found = [f"--model={name}"] if name != tasks.Language.default_model else []
    found += [f"--optimizer={optimizer}"] if type(run.optimizer_config) is not AdamWConfig else []
    for config in (run.data, run.model_config, run.training, run.optimizer_config):
        usual = to_dict(type(config)())
        found += [
            f"--{key.replace('_', '-')}={value}"
            for key, value in to_dict(config).items()
            if value != usual[key] and key not in SETTLED
        ]
    return found


def show(records):
    """Print the table; the first recipe is the one that the others are held against."""
    first, heads = records[0], ("tokens", "tempo", "norm.", "perda", "ganho", "nomes", "repet.", "conc.")
    print(f"\n{'receita':16}{heads[0]:>11}{''.join(f'{head:>8}' for head in heads[1:])}")
    for record in records:
        gain = "" if record is first else decimal(first["loss"] - record["loss"], 3)
        cells = (
            f"{decimal(record['seconds'], 0)} s", f"{decimal(record['normalised_seconds'], 0)} s",
            decimal(record["loss"], 3), gain, decimal(record["names_a_story"], 1),
            percent(record["repeated_names"]), "—" if record["agreement"] is None else percent(record["agreement"]),
        )  # fmt: skip
        row = "".join(f"{cell:>8}" for cell in cells)
        print(f"{record['name'][:15]:16}{thousands(record['tokens']):>11}{row}")
        print(f"  {' '.join(record['changes']) or 'a receita padrão'}")
    print(
        f"\nnorm.: o tempo numa máquina que multiplica matrizes a {decimal(REFERENCE / 1e9, 0)} GFLOP/s; perda: nats "
        "por token na validação;\nganho: quanto ela é menor do que a da primeira; nomes: quantos diferentes por "
        "conto; repet.: depois dos dois primeiros nomes,\nos que já tinham aparecido; conc.: pares em que a frase que "
        "concorda é a mais provável."
    )
