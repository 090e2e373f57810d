"""Byte-level BPE: learn which pieces of text deserve a token of their own, then cut any text into those tokens.

Byte-pair encoding started as compression (Gage 1994) and became the tokenizer of language models with Sennrich et al.
(2016). Training is one loop: count the pairs of neighbours, merge the most frequent one into a new token, repeat.
Encoding replays the merges in the order in which they were learned. The first 256 tokens are the single bytes (GPT-2,
Radford et al. 2019), so every text has an encoding and none is "unknown".

Text is never normalised: the bytes that go in come out. Merges stay inside a word, as `pretokenize` cuts them.
Merges, ids and ties are those of Hugging Face's `tokenizers`, and so is the file that `save` writes.
"""

import os

import numpy as np

from tinyllm.backend.threads import map_in_threads
from tinyllm.errors import UsageError
from tinyllm.text import encoding, merging, words
from tinyllm.text.characters import to_bytes
from tinyllm.text.checks import read_json
from tinyllm.text.formats import read_content, spell, write_tokenizer_json
from tinyllm.text.pretokenize import check_pattern
from tinyllm.text.vocabulary import Vocabulary, checked_special_tokens


def train(texts, vocab_size, *, special_tokens=("<|fim|>",), pattern="gpt2", workers=1, progress=None):
    """Iterable of str -> BPETokenizer of `vocab_size` tokens: the special ones, the 256 bytes, then one per merge.

    The vocabulary comes out smaller where the text has no pair left to merge. `pattern` says how a text is cut into
    words, "gpt2" or "gpt4"; `workers` is how many threads count them, on which nothing depends but the time.
    `progress(done, total)` is called now and then, and after the last merge. UsageError for a vocabulary too small for
    its fixed part, no text at all, or texts that are not str.
    """
    return _train(words.chunks_of_texts(texts), vocab_size, special_tokens, pattern, workers, progress)


def train_files(files, vocab_size, *, special_tokens=("<|fim|>",), pattern="gpt2", workers=1, progress=None):
    """Iterable of binary files -> BPETokenizer, as `train` gives of the texts in them, which an empty line parts.

    They are read as they are needed. UsageError also for a file that is not UTF-8.
    """
    chunks = (chunk for file in files for chunk in words.chunks_of_corpus(file))
    return _train(chunks, vocab_size, special_tokens, pattern, workers, progress)


def _train(chunks, vocab_size, special_tokens, pattern, workers, progress):
    special_tokens = checked_special_tokens(special_tokens)
    fixed = len(special_tokens) + 256
    if vocab_size < fixed:
        raise UsageError(f"vocab_size={vocab_size} is too small: 256 bytes and the special tokens already take {fixed}")

    word_counts = words.count_words(chunks, pattern, workers=workers)
    if not len(word_counts):
        raise UsageError("there is no text to learn merges from; pass at least one text that is not empty")
    merges = merging.train_merges(word_counts, vocab_size - fixed, progress=progress)
    merges = [(left + len(special_tokens), right + len(special_tokens)) for left, right in merges]

    vocabulary = [text.encode() for text in special_tokens] + [bytes([byte]) for byte in merging.BYTE_ORDER]
    for left, right in merges:
        vocabulary.append(vocabulary[left] + vocabulary[right])
    return BPETokenizer(vocabulary, merges, {text: token for token, text in enumerate(special_tokens)}, pattern=pattern)


class BPETokenizer(Vocabulary):
    """A vocabulary, the merges that built it, and both directions: text to ids and back.

    vocabulary: list of bytes, one per id. merges: list of (left id, right id), in the order of learning.
    special_tokens: {text: id} of the tokens that mark something in a text, such as its end, and are not part of it.
    pattern: how a text is cut into words, "gpt2" or "gpt4".

    Any bytes come back as the same bytes. Any str comes back as the same str, even with lone surrogates (halves of a
    character, which some programs leave behind): a str turns them into the three bytes that UTF-8 would use if it
    allowed them. Bytes that are not UTF-8 count as punctuation, one by one, and stay as they are.
    """

    def __init__(self, vocabulary, merges, special_tokens, *, pattern="gpt2"):
        check_pattern(pattern)
        self.pattern = pattern
        super().__init__(vocabulary, special_tokens)
        self.merges = list(merges)
        special_ids = set(self.special_tokens.values())
        ids = {piece: token for token, piece in enumerate(self.vocabulary) if token not in special_ids}
        self._check(ids)
        base_ids = [ids[bytes([byte])] for byte in range(256)]
        ranks = {
            (left, right): (rank, ids[self.vocabulary[left] + self.vocabulary[right]])
            for rank, (left, right) in enumerate(self.merges)
        }
        self._coder = encoding.Coder(np.array(base_ids, np.int32), ranks, pattern)

    def _check(self, ids):
        """Refuse what leaves some text without ids, or gives an id two meanings. ids: {bytes: id}, no special ones."""
        for byte in range(256):
            if bytes([byte]) not in ids:
                raise UsageError(f"the vocabulary has no token for the single byte 0x{byte:02x}")
        if len(ids) + len(self.special_tokens) < len(self.vocabulary):
            raise UsageError("two tokens of the vocabulary stand for the same bytes")
        spelled = set(map(spell, ids))
        for text in self.special_tokens:
            if text in spelled:
                raise UsageError(f"the special token {text!r} is also a piece of plain text; rename it, as <|name|>")
        if len(set(self.merges)) < len(self.merges):
            raise UsageError("the same pair of tokens is merged twice")
        for left, right in self.merges:
            left_bytes, right_bytes = self.vocabulary[left], self.vocabulary[right]
            if ids.get(left_bytes) != left or ids.get(right_bytes) != right or left_bytes + right_bytes not in ids:
                raise UsageError(f"the merge of the ids {left} and {right} uses or makes a special token")

    def encode(self, text, *, allow_special=False):
        """str or bytes -> ids, int32 (T,).

        The text of a special token is plain text like any other, unless `allow_special` says that the text can be
        trusted to place the marks itself.
        """
        parts = self.parts(text, allow_special=allow_special)
        ids, ends = self._encode(parts[::2])
        if len(parts) == 1:
            return ids
        return np.insert(ids, ends[:-1], [self.special_tokens[part.decode()] for part in parts[1::2]])

    def encode_batch(self, texts, *, workers=1):
        """Iterable of str or bytes -> list of ids, int32 (T,), in so many threads."""
        texts = list(texts)
        size = max(1, len(texts) // (4 * workers))
        shares = (texts[start : start + size] for start in range(0, len(texts), size))
        found = map_in_threads(self._encode, shares, workers=workers)
        return [part for ids, ends in found for part in np.split(ids, ends[:-1])]

    def encode_file(self, file, *, workers=1, allow_special=False):
        """Binary file -> generator of ids, int32 (n,), which joined are those of `encode` of its text. It is read as it
        is needed, in so many threads."""
        special = {text.encode(): token for text, token in self.special_tokens.items()} if allow_special else {}
        marks = {"marks": self._special_pattern, "longest": max(map(len, special))} if special else {}

        def encoded(part):
            if type(part) is bytes:
                return np.array([special[part]], np.int32)
            return encoding.encode_chunk(part, self._coder)[0]

        yield from map_in_threads(encoded, words.chunks_of_file(file, **marks), workers=workers)

    def _encode(self, texts):
        """List of str or bytes -> the ids of all, int32 (T,), and where those of each end."""
        return encoding.encode_chunk(words.make_chunk(list(map(to_bytes, texts))), self._coder)

    def save(self, path):
        """Write a `tokenizer.json`, which `tokenizers` reads too. A failure leaves the older file as it was."""
        write_tokenizer_json(path, self.vocabulary, self.merges, self.special_tokens, self.pattern)


def load(path):
    """Path of a `tokenizer.json` -> BPETokenizer. UsageError if it is unreadable, malformed or not byte-level BPE."""
    try:
        return from_content(read_json(path))
    except UsageError as error:
        raise UsageError(f"{os.fspath(path)}: {error}") from None


def from_content(content):
    """What the JSON of a `tokenizer.json` says -> BPETokenizer."""
    *parts, pattern = read_content(content)
    return BPETokenizer(*parts, pattern=pattern)
