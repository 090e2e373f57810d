"""A folder as a user has it: texts, tokenizers, small runs, and under `broken` the same cut short, nested and empty."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np

from tinyllm import cli, storage
from tinyllm.data import corpora

SMALL = "--texts 60 --vocab-size 300 --context 16 --layers 1 --width 16 --batch 4 --warmup 2 --steps 4 --save-every 2"
WEIGHTS = "checkpoints/step-00000004/model.safetensors"


def build(folder):
    """Fill an empty folder, which must be the current one."""
    folder = Path(folder)
    for name in ("folder", "folder.svg", "made", "pages", "broken/runs", "own"):
        (folder / name).mkdir(parents=True)
    write_texts(folder)
    for command in (
        f"train --out runs/gpt --heads 2 {SMALL}",
        f"train --out runs/bert --model bert --heads 2 {SMALL}",
        f"train --out runs/t5 --model t5 --heads 2 --decoder-layers 1 --hidden 16 {SMALL}",
        f"train --out runs/rnn --model rnn {SMALL}",
        f"train --out runs/labels --task classify --model bert --heads 2 {SMALL}",
        "compress runs/gpt --out runs/int8",
        "finetune runs/gpt --out runs/lora --texts 60 --batch 4 --warmup 2 --steps 4 --save-every 2",
        "tokenizer train corpus.txt --out tokenizer.json --vocab-size 300",
        "tokenizer train corpus.txt --out char.json --kind char",
        "tokenizer convert tokenizer.json plain.tiktoken",
    ):
        assert cli.main(command.split()) == 0, command
    break_files(folder)
    break_runs(folder)


def write_texts(folder):
    (folder / "corpus.txt").write_text("\n\n".join(corpora.CORPORA["contos"](60)) + "\n", encoding="utf-8")
    (folder / "sums.ebnf").write_text('sum ::= [0-9] | "(" sum "+" sum ")"', encoding="utf-8")
    (folder / "link.txt").symlink_to("corpus.txt")
    (folder / "pages/a.html").write_text("<p>Era uma vez um rei que tinha uma filha.</p>", encoding="utf-8")
    for name in ("tokenizer.json", "train.npy"):  # a user's own, by the names that a run has
        (folder / "own" / name).write_text("mine", encoding="utf-8")
    for name, text in {
        "empty.txt": "",
        "blank.txt": "\n \n\t\n",
        "one.txt": "um",
        "bom.txt": "\ufeffBom dia.\n\nBoa noite.\n",
        "empty.tsv": "",
        "no-tab.tsv": "bom\tp\nruim\n",
        "one-label.tsv": "bom\tp\n" * 40,
        "many-labels.tsv": "".join(f"texto {i}\tr{i}\n" for i in range(10_000)),
        "half.jsonl": '{"text": "bom", "label": "p"}\n{"text": "dia \\ud83d", "label": "p"}\n',
        "lines.jsonl": '{"text": "bom", "label": "p"}\n{"text": \n',
        "no-label.jsonl": '{"text": "bom"}\n',
        "roles.jsonl": '{"prompt": "oi", "completion": "olá"}\n{"messages": [{"role": "user", "content": "oi"}]}\n',
        "list.json": "[]",
        "deep.json": "[" * 100_000,
        "cut.tiktoken": "IQ== 0\nIg==",
    }.items():
        (folder / "broken" / name).write_text(text, encoding="utf-8")
    (folder / "broken/latin1.txt").write_bytes("não é".encode("latin-1"))
    (folder / "broken/binary.txt").write_bytes(bytes(range(256)))


def break_files(folder):
    (folder / "broken/cut.json").write_bytes((folder / "tokenizer.json").read_bytes()[:500])


def break_runs(folder):
    """Copies of a run, each with one thing wrong."""
    config = json.loads((folder / "runs/gpt/config.json").read_text(encoding="utf-8"))
    text = json.dumps(config)

    def broken(name, of="gpt"):
        return Path(shutil.copytree(folder / "runs" / of, folder / "broken/runs" / name))

    for name, changed in {
        "cut": text[:100],
        "list": "[]",
        "unknown": text.replace('"layers"', '"wings": 2, "layers"'),
        "layers": text.replace('"layers": 1', '"layers": 1000000000'),
        "digits": text.replace('"layers": 1', '"layers": ' + 5000 * "9"),
        "twice": text.replace('"layers": 1', '"layers": 1, "layers": 1').replace('"layers"', '"twice"'),
    }.items():
        assert changed != text
        (broken(f"config-{name}") / "config.json").write_text(changed, encoding="utf-8")
    shutil.rmtree(broken("no-checkpoint") / "checkpoints")
    for name, manifest in {"infinity": '"step": Infinity', "negative": '"step": -1', "list": '"step": []'}.items():
        for path in (broken(f"manifest-{name}") / "checkpoints").glob("*/manifest.json"):
            step = json.loads(path.read_text(encoding="utf-8"))["step"]
            path.write_text(path.read_text(encoding="utf-8").replace(f'"step": {step}', manifest), encoding="utf-8")
    (path := broken("tokenizer-cut") / "tokenizer.json").write_bytes(path.read_bytes()[:300])
    (broken("tokenizer-none") / "tokenizer.json").unlink()
    shutil.copy(folder / "char.json", broken("tokenizer-larger") / "tokenizer.json")
    (path := broken("tokens-cut") / "train.npy").write_bytes(path.read_bytes()[:60])
    with open(broken("log-bad") / "log.jsonl", "a", encoding="utf-8") as log:
        log.write('{"step": 4, "lo\nnull\n')
    (path := broken("newest-cut") / WEIGHTS).write_bytes(path.read_bytes()[:200])

    break_weights(broken("weights-cut"), lambda path: path.write_bytes(path.read_bytes()[:200]))
    nested = b'{"a":' * 5000 + b"1" + b"}" * 5000
    break_weights(broken("weights-nested"), lambda path: path.write_bytes(len(nested).to_bytes(8, "little") + nested))
    break_weights(broken("weights-nan"), fill_with_nan)
    break_weights(broken("labels-nan", "labels"), fill_with_nan)
    other = folder / "runs/rnn" / WEIGHTS
    break_weights(broken("weights-other"), lambda path: shutil.copy(other, path))

    path = broken("labels-none", "labels") / "config.json"
    labels = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({key: value for key, value in labels.items() if key != "labels"}), encoding="utf-8")
    path = broken("labels-half", "labels") / "config.json"
    path.write_text(json.dumps(labels | {"labels": ["bom \ud83d", "ruim"]}), encoding="utf-8")


def break_weights(run, change):
    """Change the weights of every checkpoint of a run, and the manifests with them, as who made them would have."""
    for checkpoint in (run / "checkpoints").iterdir():
        path = checkpoint / "model.safetensors"
        change(path)
        manifest = json.loads((checkpoint / "manifest.json").read_text(encoding="utf-8"))
        manifest["sha256"][path.name] = storage.sha256(path)
        (checkpoint / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def fill_with_nan(path):
    arrays = storage.load_arrays(path)
    storage.save_arrays(path, {name: np.full_like(array, np.nan) for name, array in arrays.items()})


def state(folder, *, but=()):
    """{path: digest} of all that lies in a folder but in some of its folders, to see whether anything has changed."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        place = path.relative_to(folder)
        if place.parts[0] in but:
            continue
        if path.is_symlink():
            found[str(place)] = os.readlink(path)
        else:
            found[str(place)] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found
