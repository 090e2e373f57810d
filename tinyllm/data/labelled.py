"""Texts that bear a label: from a corpus or a file, and in batches of rows that are about as long as each other.

A .tsv has a text and its label in each line, with a tab between them; a .jsonl has {"text": …, "label": …} in each.
"""

import json
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.data.batches import rows_alike
from tinyllm.data.objectives import padded
from tinyllm.errors import UsageError, shown

MOST_LABELS = 1000


def read_labelled(path):
    """Path of a .tsv or .jsonl -> list of (text, label). UsageError, with the line, for one that is not of its form."""
    path = Path(path)
    read = {".tsv": from_tsv, ".jsonl": from_jsonl}.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path} must end in .tsv (text, tab, label) or in .jsonl (an object a line)")
    if not path.exists():
        raise UsageError(f"{path} does not exist; give a .tsv or a .jsonl of texts with labels")
    examples = []
    for number, line in enumerate(storage.read_text(path).split("\n"), start=1):  # a text may hold other ends of lines
        if line.strip():
            try:
                text, label = (part.strip() for part in read(line))
                (text + label).encode()
            except UnicodeEncodeError as error:
                half = shown(error.object[error.start])
                raise UsageError(f"{path}, line {number} has half a character, {half}; mend or delete it") from None
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                form = "a text, a tab and a label"
                if read is from_jsonl:
                    form = '{"text": "...", "label": "..."}, both of them texts'
                raise UsageError(f"{path}, line {number} is not {form}; mend or delete it: {shown(line)}") from None
            if not text or not label:
                raise UsageError(
                    f"{path}, line {number} has no {'text' if label else 'label'}; complete it or delete it"
                )
            examples.append((text, label))
    return examples


def write_labelled(path, examples):
    """Write (text, label) pairs as a .jsonl, whole or not at all."""
    with storage.aside(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for text, label in examples:
            file.write(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n")


def from_tsv(line):
    text, label = line.split("\t")
    return text, label


def from_jsonl(line):
    values = json.loads(line)
    return values["text"], values["label"]


def split_examples(examples, *, seed):
    """list of (text, label) -> {split: list}: of each label a tenth for validation, a tenth for test, in another order.

    A text that is repeated counts once, with the last of its labels, so that none is in two splits. Raises UsageError
    for less than two labels and more than MOST_LABELS, and for a label of which there are not three texts.
    """
    by_label, rng = {}, np.random.default_rng(seed)
    for text, label in dict(examples).items():
        by_label.setdefault(label, []).append((text, label))
    if len(by_label) < 2:
        only = f"the only label is {next(iter(by_label))!r}" if by_label else "there is no text at all"
        raise UsageError(f"{only}; a classifier needs texts of two labels or more")
    if len(by_label) > MOST_LABELS:
        raise UsageError(
            f"there are {len(by_label)} labels, and a classifier tells {MOST_LABELS} at most; join those that are "
            "alike (are the text and the label the other way round?)"
        )
    found = {"train": [], "validation": [], "test": []}
    for label, same in by_label.items():
        if len(same) < 3:
            raise UsageError(
                f"of the label {shown(label)} there are {len(same)} texts, and 3 are needed, one for each split; "
                "give more, or delete it (are the text and the label the other way round, or is it a header?)"
            )
        same, held_out = [same[i] for i in rng.permutation(len(same))], max(1, len(same) // 10)
        found["validation"] += same[:held_out]
        found["test"] += same[held_out : 2 * held_out]
        found["train"] += same[2 * held_out :]
    return {split: [some[i] for i in rng.permutation(len(some))] for split, some in found.items()}


def labelled_batches(rows, labels, *, batch, seed, start=0):
    """Yield (ids (B, T), lengths (B,), labels (B,)) from batch `start` on, without end; the padding is 0.

    Which rows come together `rows_alike` says, and raises UsageError as it does.
    """
    for chosen in rows_alike([len(row) for row in rows], batch=batch, seed=seed, start=start):
        yield *padded([rows[i] for i in chosen], 0), labels[chosen]
