"""What a run tells of itself: files of JSON lines, each with the step that it is about.

log.jsonl          of each step its Report and the memory in use, and the loss of each validation
samples.jsonl      texts that the model wrote on the way
statistics.jsonl   how large weights, gradients, updates and activations were, layer by layer
environment.jsonl  the machine and the packages, when the training began and when it went on elsewhere

A run that is resumed forgets what comes after the step from which it goes on, and tells it again.
"""

import itertools
import json

from tinyllm import storage
from tinyllm.say import counted, to_json
from tinyllm.train.loop import Report

STEPS, SAMPLES, STATISTICS, ENVIRONMENT = FILES = storage.LOGS
OF_EVERY_STEP = set(Report._fields) - set(Report._field_defaults)  # what the line of a step says, at least
NUMBERS = (*OF_EVERY_STEP, "scale", "validation_loss")
KEYS = {  # what the lines of a file have, beside their step: all of one of these
    STEPS: (OF_EVERY_STEP, {"validation_loss"}),
    SAMPLES: ({"prompt", "text"},),
    STATISTICS: ({"parameters", "activations"},),
    ENVIRONMENT: ({"python", "numpy"},),
}


def add(folder, name, values):
    """Add a line to a file of a run."""
    with open(folder / name, "a", encoding="utf-8") as file:
        file.write(to_json(values) + "\n")


def read(path, *, warn):
    """The lines of a file of a run, as dicts. `warn` hears of those that are none, but for a last one cut short by a
    crash."""
    if not path.exists():
        return []
    *lines, last = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found = [as_line(line, KEYS[path.name]) for line in lines]
    for number, values in enumerate(found, start=1):
        if values is None:
            warn(f"Aviso: a linha {number} de {path} não é de um log, e foi ignorada")
    return [values for values in [*found, as_line(last, KEYS[path.name])] if values is not None]


def as_line(text, kinds):
    """What a line says of its step, or None if it is no such line."""
    try:
        values = json.loads(text)
        whole = type(values["step"]) is int and any(keys <= values.keys() for keys in kinds)
        whole = whole and all(isinstance(values.get(name), int | float | None) for name in NUMBERS)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return values if whole else None


def keep_aside(folder, checkpoints, *, warn):
    """Give what was told of steps of which no checkpoint is left another name, and say so."""
    told = {name: lines for name in FILES if (lines := read(folder / name, warn=warn))}
    if STEPS not in told:
        return
    number = next(n for n in itertools.count(1) if not (folder / numbered(STEPS, n)).exists())
    for name in told:
        (folder / name).replace(folder / numbered(name, number))
    warn(
        f"Aviso: não há checkpoint em {checkpoints}, embora o log fale de {counted(told[STEPS][-1]['step'], 'passo')}: "
        f"o treino recomeça do passo 1, e o log de antes agora se chama {numbered(STEPS, number)}"
    )


def numbered(name, number):
    return f"{name.removesuffix('.jsonl')}.{number}.jsonl"


def forget_after(folder, step, *, warn):
    """Drop the lines of steps after `step`: a run that is resumed takes them again."""
    for path in (folder / name for name in FILES if (folder / name).exists()):
        kept = [values for values in read(path, warn=warn) if values["step"] <= step]
        storage.save_text(path, "".join(to_json(values) + "\n" for values in kept))


def validations(folder, *, warn):
    """{step: loss on the validation texts} of a run, as far as it is a number."""
    lines = read(folder / STEPS, warn=warn)
    return {line["step"]: line["validation_loss"] for line in lines if line.get("validation_loss") is not None}
