"""`tinyllm bench bpe`: the tokenizer beside others, on text that is generated for it.

Both sides get the same work. To train: one text in parts, cut between words, so that the merges are those of the whole
and each side may share the parts among its threads. To encode: one text and one thread.
"""

import functools
import hashlib
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from tinyllm.backend.threads import cores
from tinyllm.bench.portuguese import make_text
from tinyllm.bench.race import middle_peaks, result, sides
from tinyllm.text import bpe, words
from tinyllm.text.pretokenize import PATTERN_NUMBERS, character_classes, word_ends

MERGES = 8000
PART = 1 << 16  # bytes of a part to train on
ENCODED = 10_000_000  # bytes to encode, or fewer if the text is shorter
CASES = {"train-8k": 1, "encode": 3, "pretokenize": 3}  # the steps of a race
WORK = {"train-8k": "train", "encode": "encode", "pretokenize": "pretokenize"}  # the method of a side
LETTERS = {
    "a": "a",
    "espaços": " ",
    "acentos": "\u0301",
    "ab": "ab",
}  # a megabyte of any of these is one word, or worse
PEERS = ("tokenizers", "tiktoken", "rustbpe", "none")
MISSING = {("tiktoken", "train-8k"), ("rustbpe", "encode"), ("rustbpe", "pretokenize")}  # what a peer does not do


def read_parts(folder):
    """The text as a list of str, each of about PART bytes."""
    with open(folder / "text.txt", "rb") as file:
        chunks = list(words.chunks_of_file(file, PART))
    return [chunk.data.tobytes().decode() for chunk in chunks]


def read_text(folder):
    """The text to encode, str."""
    with open(folder / "text.txt", "rb") as file:
        return file.read(ENCODED).decode("utf-8", "ignore")


def digest(ids):
    """Ids as something short to compare."""
    return hashlib.sha256(np.asarray(ids, np.int64).tobytes()).hexdigest()


class Bench:
    """Our side: `step()` gives the seconds of one piece of work; `outcome()` what came of it."""

    def __init__(self, case, folder, workers):
        self.case, self.folder, self.workers = case, Path(folder), workers
        self.tokenizer = None if case == "train-8k" else bpe.load(self.folder / "tokenizer.json")
        self.work = getattr(self, WORK[case])
        self.input = read_parts(self.folder) if case == "train-8k" else read_text(self.folder)

    def compile(self):
        """The seconds until the kernels are there, from the compiler or from where it kept them."""
        began, whole = time.perf_counter(), self.input
        self.input = ["uma vez"] if self.case == "train-8k" else "uma vez"
        self.work()
        self.input = whole
        return time.perf_counter() - began

    def step(self):
        began = time.perf_counter()
        self.made = self.work()
        return time.perf_counter() - began

    def train(self):
        return bpe.train(self.input, 256 + MERGES, special_tokens=(), workers=self.workers)

    def encode(self):
        return self.tokenizer.encode(self.input)

    def pretokenize(self):
        text = self.input.encode()
        data, ends = np.frombuffer(text, np.uint8), np.empty(len(text), np.int64)
        count = word_ends(data, PATTERN_NUMBERS["gpt2"], character_classes(), ends)
        found = ends[:count].tolist()
        return [text[start:end] for start, end in zip([0, *found], found, strict=False)]

    def outcome(self):
        if self.case == "train-8k":
            return [piece.hex() for piece in self.made.vocabulary[256:]]
        return digest(self.made if self.case == "encode" else list(map(len, self.made)))

    def adversarial(self):
        """{name: the seconds that a megabyte takes} of texts that are one word, in which all can be merged."""
        seconds = {}
        for name, letters in LETTERS.items():
            tokenizer = bpe.train([letters * 1000], 300)
            text = letters * (1_000_000 // len(letters.encode()))
            began = time.perf_counter()
            tokenizer.encode(text)
            seconds[name] = time.perf_counter() - began
        return seconds


make = Bench


@functools.cache
def prepare(megabytes):
    """Make the text, and a tokenizer to encode it with. Returns their folder, deleted when nobody has it."""
    folder = tempfile.TemporaryDirectory()
    text = Path(folder.name) / "text.txt"
    with open(text, "w", encoding="utf-8", newline="") as file:
        file.writelines(make_text(megabytes))
    with open(text, "rb") as file:
        tokenizer = bpe.train_files([file], 256 + MERGES, special_tokens=(), workers=cores())
    tokenizer.save(text.with_name("tokenizer.json"))
    return folder


def bench(case, *, against, megabytes=100, workers=0, races=3):
    """Race one case. Returns what `race.result` does, with megabytes a second, the seconds that compiling or loading
    the kernels took, and `same`: how many merges agree from the first on, or whether the ids do."""
    workers, folder = (workers or cores()) if case == "train-8k" else 1, prepare(megabytes)
    options = {"case": case, "folder": folder.name, "workers": workers}
    against = "none" if (against, case) in MISSING else against
    peer = None if against == "none" else ("tinyllm.bench.bpe_peers", {"peer": against, **options})
    size = (Path(folder.name) / "text.txt").stat().st_size
    size = size if case == "train-8k" else min(size, ENCODED)
    runs, peaks, compiled = [], [], []
    for _ in range(races):
        with sides(("tinyllm.bench.bpe", options), peer) as both:
            there = [side for side in both if side]
            compiled.append(both[0].compile())
            rounds = [[side.step() for side in there] for _ in range(CASES[case])]
            peaks.append([side.peak_bytes() for side in there])
            made = [side.outcome() for side in there]
        runs.append([[pair[i] for pair in rounds] if i < len(there) else [] for i in range(2)])
    speeds = [
        size / 1e6 / statistics.median(seconds) if (seconds := [s for run in runs for s in run[i]]) else None
        for i in range(2)
    ]
    return result(
        case,
        runs,
        peak_bytes=middle_peaks(peaks),
        megabytes_per_second=dict(zip(("ours", "peer"), speeds, strict=True)),
        compile_seconds=statistics.median(compiled),
        same=same(*made) if peer else None,
        workers=workers,
        against=against,
    )


def same(ours, theirs):
    """How many of the first items of two lists agree; of other things, whether they are equal."""
    if not isinstance(ours, list):
        return ours == theirs
    alike = [one == other for one, other in zip(ours, theirs, strict=False)]
    return alike.index(False) if False in alike else len(alike)


def bench_adversarial():
    """{name: the seconds of a megabyte} of texts that are one word."""
    folder = prepare(1)
    with sides(("tinyllm.bench.bpe", {"case": "encode", "folder": folder.name, "workers": 1})) as (side,):
        side.compile()
        return side.adversarial()
