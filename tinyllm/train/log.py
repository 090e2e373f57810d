"""The log of a run: one line of JSON per step, and one per validation."""

import itertools
import json

from tinyllm import storage
from tinyllm.say import to_json
from tinyllm.train.loop import Report

OF_EVERY_STEP = set(Report._fields) - set(Report._field_defaults)  # what the line of a step says, at least


def write_line(log, values):
    log.write(to_json(values) + "\n")
    log.flush()


def read_log(path, *, warn):
    """The lines of a log, as dicts. `warn` hears of those that are none, but for a last one cut short by a crash."""
    if not path.exists():
        return []
    *lines, last = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found = [as_line(line) for line in lines]
    for number, values in enumerate(found, start=1):
        if values is None:
            warn(f"{path}, line {number} is no line of a log, and is passed over")
    return [values for values in [*found, as_line(last)] if values is not None]


def as_line(text):
    """What a line of a log says of its step, or None if it is no such line."""
    try:
        values = json.loads(text)
        whole = type(values["step"]) is int and (values.keys() >= OF_EVERY_STEP or "validation_loss" in values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return values if whole else None


def keep_log_aside(run, *, warn):
    """Give the log of steps of which no checkpoint is left another name, and tell it."""
    log = run.folder / "log.jsonl"
    if lines := read_log(log, warn=warn):
        names = (run.folder / f"log.{number}.jsonl" for number in itertools.count(1))
        aside = next(path for path in names if not path.exists())
        log.rename(aside)
        warn(
            f"{run.checkpoints} holds no checkpoint, though the log tells of {lines[-1]['step']} steps: the training "
            f"begins again at step 1, and the log of before is now {aside.name}"
        )


def forget_log_after(path, step, *, warn):
    """Drop the lines of steps after `step`: a run that is resumed takes them again."""
    if not path.exists():
        return
    kept = [values for values in read_log(path, warn=warn) if values["step"] <= step]
    storage.save_text(path, "".join(to_json(values) + "\n" for values in kept))
