"""The other sides of `tinyllm bench bpe`: Hugging Face's tokenizers, OpenAI's tiktoken, Karpathy's rustbpe."""

import os
import time
from pathlib import Path

from tinyllm.bench.bpe import MERGES, WORK, digest, read_parts, read_text
from tinyllm.text import bpe
from tinyllm.text.pretokenize import PATTERNS


def make(peer, case, folder, workers):
    os.putenv("RAYON_NUM_THREADS", str(workers))  # all of them take their threads from this library of Rust
    return {"tokenizers": Tokenizers, "tiktoken": Tiktoken, "rustbpe": RustBPE}[peer](case, Path(folder))


class Peer:
    """As `bench.bpe.Bench`."""

    def __init__(self, case, folder):
        self.case, self.folder = case, folder
        self.work = getattr(self, WORK[case])
        self.input = read_parts(folder) if case == "train-8k" else read_text(folder)
        self.prepare()

    def step(self):
        began = time.perf_counter()
        self.made = self.work()
        return time.perf_counter() - began

    def outcome(self):
        if self.case == "train-8k":
            return self.learned()
        return digest(self.made if self.case == "encode" else [len(word.encode()) for word in self.made])


class Tokenizers(Peer):
    def prepare(self):
        import tokenizers

        self.library = tokenizers
        self.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        self.split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(PATTERNS["gpt2"]), "isolated")
        self.tokenizer = tokenizers.Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def train(self):
        tokenizer = self.library.Tokenizer(self.library.models.BPE())
        tokenizer.pre_tokenizer, tokenizer.decoder = self.pre_tokenizer, self.library.decoders.ByteLevel()
        alphabet = self.pre_tokenizer.alphabet()
        tokenizer.train_from_iterator(
            self.input,
            self.library.trainers.BpeTrainer(
                vocab_size=256 + MERGES, special_tokens=[], initial_alphabet=alphabet, show_progress=False
            ),
        )
        return tokenizer

    def learned(self):
        path = self.folder / "theirs.json"
        self.made.save(str(path))
        return [piece.hex() for piece in bpe.load(path).vocabulary[256:]]

    def encode(self):
        return self.tokenizer.encode(self.input).ids

    def pretokenize(self):
        return [word for word, _ in self.split.pre_tokenize_str(self.input)]


class Tiktoken(Peer):
    """Its words are cut, outside of encoding, by the package `regex`, which it brings along."""

    def prepare(self):
        import regex
        import tiktoken

        ours = bpe.load(self.folder / "tokenizer.json")
        self.pattern = regex.compile(PATTERNS["gpt2"])
        self.tokenizer = tiktoken.Encoding(
            "ours",
            pat_str=PATTERNS["gpt2"],
            mergeable_ranks={piece: token for token, piece in enumerate(ours.vocabulary)},
            special_tokens={},
        )

    def encode(self):
        return self.tokenizer.encode_ordinary(self.input)

    def pretokenize(self):
        return self.pattern.findall(self.input)


class RustBPE(Peer):
    def prepare(self):
        import rustbpe

        self.library = rustbpe

    def train(self):
        tokenizer = self.library.Tokenizer()
        tokenizer.train_from_iterator(iter(self.input), 256 + MERGES, pattern=PATTERNS["gpt2"])
        return tokenizer

    def learned(self):
        ranks = sorted(self.made.get_mergeable_ranks(), key=lambda pair: pair[1])
        return [bytes(piece).hex() for piece, _ in ranks[256:]]
