"""The simplest tokenizers: one token per byte, per character or per word. What BPE is measured against.

Bytes need no training and make long rows of ids; characters need the list of those that occur; words make the shortest
rows, and most of a language stays outside any list of them. What is outside a list becomes the unknown token.
"""

import collections

import numpy as np

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.text.characters import to_bytes, to_text
from tinyllm.text.checks import check_fields, checked, show
from tinyllm.text.pretokenize import pretokenize
from tinyllm.text.vocabulary import Vocabulary, checked_special_tokens

UNKNOWN = "<|desconhecido|>"  # stands for every piece that is not in the vocabulary
FORMAT = 1


class SimpleTokenizer(Vocabulary):
    """A list of pieces of text, each a token; `cut` says what the pieces are. special_tokens: {text: id}.

    Each kind sets `kind`, the name in its file, and `cut`, str -> list of str that joined are the text.
    """

    def __init__(self, pieces, special_tokens):
        """pieces: list of str without a piece twice; the special tokens stand before them, `UNKNOWN` the first."""
        super().__init__([*map(to_bytes, special_tokens), *map(to_bytes, pieces)], special_tokens)
        first = len(special_tokens)
        self._ids = {piece: first + place for place, piece in enumerate(pieces)}
        self._unknown = special_tokens[UNKNOWN]

    @classmethod
    def train(cls, texts, vocab_size, *, special_tokens=("<|fim|>",)):
        """Iterable of str -> tokenizer of the most frequent pieces, at most `vocab_size` with the special tokens.

        Of equally frequent ones the first in the order of Unicode is taken.
        """
        special_tokens = checked_special_tokens([UNKNOWN, *special_tokens])
        room = vocab_size - len(special_tokens)
        if room < 1:
            raise UsageError(
                f"vocab_size={vocab_size} is too small: the special tokens already take {-room + vocab_size}"
            )
        counts = collections.Counter()
        for text in texts:
            counts.update(cls.cut(text))
        if not counts:
            raise UsageError("there is no text to learn from; pass at least one text that is not empty")
        pieces = most_frequent({piece: counts[piece] for piece in counts if is_whole(piece)}, room)
        return cls(pieces, {text: token for token, text in enumerate(special_tokens)})

    def encode(self, text, *, allow_special=False):
        """str or bytes -> ids, int32 (T,). The text of a special token is plain text unless `allow_special`."""
        ids = []
        for position, part in enumerate(self.parts(text, allow_special=allow_special)):
            if position % 2:
                ids.append(self.special_tokens[part.decode()])
            else:
                ids += [self._ids.get(piece, self._unknown) for piece in self.cut(to_text(part))]
        return np.array(ids, dtype=np.int32)

    def save(self, path):
        """Write the tokenizer as JSON. A failure leaves the older file as it was."""
        special_tokens = sorted(self.special_tokens, key=self.special_tokens.get)
        storage.save_json(
            path, {"format": FORMAT, "kind": self.kind, "special_tokens": special_tokens, "pieces": list(self._ids)}
        )


def most_frequent(counts, room):
    """{piece: how often}, int -> list of the most frequent pieces, at most so many, in the order of Unicode. Of equally
    frequent ones the first in that order is taken."""
    return sorted(sorted(counts, key=lambda piece: (-counts[piece], piece))[:room])


def is_whole(piece):
    """Whether a str has no half of a character, which no file could hold."""
    return piece.encode("utf-8", "replace").decode() == piece


class CharacterTokenizer(SimpleTokenizer):
    """One token per character (code point)."""

    kind = "char"
    cut = staticmethod(list)


class WordTokenizer(SimpleTokenizer):
    """One token per word, with the space before it, as the pattern of GPT-2 cuts them."""

    kind = "word"
    cut = staticmethod(pretokenize)


class ByteTokenizer(Vocabulary):
    """One token per byte, whose id is the byte; special tokens from 256 on. special_tokens: list of str."""

    kind = "byte"

    def __init__(self, special_tokens=("<|fim|>",)):
        special_tokens = checked_special_tokens(special_tokens)
        pieces = [bytes([byte]) for byte in range(256)] + [text.encode() for text in special_tokens]
        super().__init__(pieces, {text: token for token, text in enumerate(special_tokens, start=256)})

    @classmethod
    def train(cls, texts, vocab_size, *, special_tokens=("<|fim|>",)):
        """There is nothing to learn. UsageError for a vocabulary too small for 256 bytes and the special tokens."""
        tokenizer = cls(special_tokens)
        if vocab_size < tokenizer.vocab_size:
            raise UsageError(
                f"vocab_size={vocab_size} is too small: bytes and special tokens take {tokenizer.vocab_size}"
            )
        return tokenizer

    def encode(self, text, *, allow_special=False):
        """str or bytes -> ids, int32 (T,). The text of a special token is plain text unless `allow_special`."""
        rows = []
        for position, part in enumerate(self.parts(text, allow_special=allow_special)):
            if position % 2:
                rows.append(np.array([self.special_tokens[part.decode()]], dtype=np.int32))
            else:
                rows.append(np.frombuffer(part, dtype=np.uint8).astype(np.int32))
        return np.concatenate(rows)

    def save(self, path):
        """Write the tokenizer as JSON. A failure leaves the older file as it was."""
        storage.save_json(
            path, {"format": FORMAT, "kind": self.kind, "special_tokens": list(self.special_tokens), "pieces": []}
        )


KINDS = {tokenizer.kind: tokenizer for tokenizer in (CharacterTokenizer, WordTokenizer, ByteTokenizer)}


def is_simple(content):
    """Whether the JSON of a file is of one of these tokenizers."""
    return isinstance(content, dict) and "kind" in content


def read_content(content):
    """What the JSON of a file says -> tokenizer. UsageError for anything that `save` does not write."""
    fields = ["format", "kind", "special_tokens", "pieces"]
    supported = {"format": [FORMAT], "kind": list(KINDS)}
    check_fields("the file", content, supported, needed=fields, others=fields[2:])
    special_tokens = checked_special_tokens(checked(list, "special_tokens", content["special_tokens"]))
    pieces = checked(list, "pieces", content["pieces"])
    kind = KINDS[content["kind"]]
    if kind is ByteTokenizer:
        if pieces:
            raise UsageError(f"pieces has {len(pieces)} entries; a byte tokenizer has none")
        return kind(special_tokens)
    if UNKNOWN not in special_tokens:
        raise UsageError(f"special_tokens must have {show(UNKNOWN)}")
    for piece in pieces:
        if kind.cut(checked(str, "a piece", piece)) != [piece] or not is_whole(piece):
            raise UsageError(f"the piece {show(piece)} is not one {content['kind']}")
    if len(set(pieces)) < len(pieces):
        raise UsageError("pieces has one of them twice")
    return kind(pieces, {text: token for token, text in enumerate(special_tokens)})
