"""The words of a text, and how often each occurs: all that BPE needs to know of it, however large it is.

A text comes in chunks, so that one larger than memory can be read. A chunk ends where no word does not: after a letter
or a number, before a character of another kind. What matters of all the chunks is a table of the different words.
"""

import collections
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from tinyllm import storage
from tinyllm.backend.kernels import TwinnedLoop, lean_kernel
from tinyllm.errors import UsageError
from tinyllm.text.pretokenize import (
    LETTER,
    NUMBER,
    PATTERN_NUMBERS,
    character_classes,
    check_pattern,
    class_at,
    pretokenize,
    word_end,
)

CHUNK = 1 << 22  # bytes

# ------------------------------------------------------------------------------------------------------------- chunks


class Chunk(NamedTuple):
    """One or more texts, or a part of one: their bytes, and where in those each of them ends."""

    data: np.ndarray  # (n,) uint8
    ends: np.ndarray  # (texts,) int64

    def texts(self):
        """The texts as str; a byte that is not UTF-8 is a surrogate there, as in the names of files."""
        for start, end in zip((0, *self.ends), self.ends, strict=False):
            yield self.data[start:end].tobytes().decode("utf-8", "surrogateescape")


def make_chunk(texts):
    """List of bytes -> Chunk."""
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    return Chunk(np.frombuffer(texts[0] if len(texts) == 1 else b"".join(texts), np.uint8), ends)


def chunks_of_texts(texts):
    """Iterable of str -> generator of Chunk. UsageError for what is no iterable of str."""
    if isinstance(texts, str | bytes):
        raise UsageError("texts is a single text; pass a list of them, [text]")
    some, size = [], 0
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(f"texts holds a {type(text).__name__}; every text must be a str")
        some.append(text.encode("utf-8", "surrogatepass"))
        size += len(some[-1])
        if size >= CHUNK:
            yield make_chunk(some)
            some, size = [], 0
    if some:
        yield make_chunk(some)


def chunks_of_file(file, size=None, *, marks=None, longest=1):
    """Binary file -> generator of Chunk, parts of its one text of about so many bytes (by default CHUNK). A stretch
    without a place to cut stays whole. What matches `marks`, a pattern of at most `longest` bytes, comes as its bytes,
    between the chunks."""
    pending, ended = b"", False
    while not ended:
        more = file.read(max(size or CHUNK, len(pending)))
        data, ended, done = pending + more, not more, 0
        sure = len(data) if ended else len(data) - longest + 1  # a mark that begins later may be cut off here
        for mark in marks.finditer(data) if marks else ():
            if mark.start() >= sure:
                break
            if mark.start() > done:
                yield make_chunk([data[done : mark.start()]])
            yield mark.group()
            done = mark.end()
        end = sure
        if not ended and done < sure:
            end = done + last_cut(np.frombuffer(data, np.uint8)[done:sure], character_classes())
        if done < end:
            yield make_chunk([data[done:end]])
        pending = data[max(done, end) :]


def chunks_of_corpus(file):
    """Binary file -> generator of Chunk of the texts in it, as `data.texts` reads them, and of parts of long ones.

    UsageError, with the name of the file, where it is not UTF-8.
    """
    before, texts = 0, []
    for chunk in chunks_of_file(file):
        data = chunk.data.tobytes()
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise storage.not_utf8(file.name, before + error.start) from None
        if texts:
            yield make_chunk([text.encode() for text in texts])
        else:
            text = text.removeprefix("\ufeff").lstrip()
        before += len(data)
        text = text.replace("\r\n", "\n") if b"\r" in data else text
        *whole, rest = storage.BETWEEN_TEXTS.split(text)
        texts = [*map(str.rstrip, whole), rest]
    if texts:
        yield make_chunk([text.encode() for text in [*texts[:-1], texts[-1].rstrip()]])


@lean_kernel
def last_cut(data, classes):
    """Bytes from the middle of a text -> the last place where it can be cut, whatever the pattern; 0 if there is none.

    A word that holds a letter or a number holds none of another kind after it, and looks no further.
    """
    for place in range(data.size - 4, 0, -1):  # the four bytes hold a whole character
        before = place - 1
        while before > 0 and before > place - 4 and 0x80 <= data[before] < 0xC0:
            before -= 1
        kind_before, length = class_at(data, before, data.size, classes)
        if before + length == place and kind_before in (LETTER, NUMBER):
            kind, _ = class_at(data, place, data.size, classes)
            if kind != kind_before:
                return place
    return 0


# ----------------------------------------------------------------------------------------------------- counting words


@TwinnedLoop
def count_words(chunks, pattern="gpt2", *, workers=1):
    """Iterable of Chunk -> {word as bytes: how often}, the words as `pretokenize` cuts them. Workers are threads."""
    check_pattern(pattern)
    counts = collections.Counter()
    for chunk in chunks:
        for text in chunk.texts():
            counts.update(pretokenize(text, pattern))
    return {word.encode("utf-8", "surrogateescape"): count for word, count in counts.items()}


@count_words.compiled
def count_words_compiled(chunks, pattern="gpt2", *, workers=1):
    check_pattern(pattern)
    chunks, turn, stopped = iter(chunks), threading.Lock(), threading.Event()

    def count(table):
        while True:
            with turn:  # each worker reads its own next chunk: so many are in memory, and no more
                chunk = None if stopped.is_set() else next(chunks, None)
            if chunk is None:
                return table
            table.count(chunk, PATTERN_NUMBERS[pattern])

    with ThreadPoolExecutor(workers) as threads:
        try:
            first, *others = threads.map(count, [WordTable() for _ in range(workers)])
        finally:
            stopped.set()  # Ctrl-C must not wait for the rest of the text
    for other in others:
        first.add(other)
    return first


class WordTable:
    """{word as bytes: how often}, in arrays that kernels fill. The order of the words says nothing.

    `words[i]` is the start and length of a word in `letters`, and its count. A hash table finds it: `slots` holds i + 1
    below, and 32 bits of the word's hash above, so that few words are looked at in vain.
    """

    def __init__(self):
        self.slots, self.words = np.zeros(1 << 17, np.uint64), np.empty((1 << 16, 3), np.int64)
        self.letters = np.empty(1 << 20, np.uint8)
        self.used = np.zeros(2, np.int64)  # how many words, how many letters

    @classmethod
    def of(cls, word_counts):
        """{word as bytes: how often} -> WordTable."""
        table, lengths = cls(), [len(word) for word in word_counts]
        table.letters, table.words = (
            np.frombuffer(b"".join(word_counts), np.uint8),
            np.empty((len(lengths), 3), np.int64),
        )
        table.words.T[:] = np.cumsum(lengths) - lengths, lengths, list(word_counts.values())
        table.used[:] = len(lengths), len(table.letters)
        return table

    def count(self, chunk, pattern):
        """Count the words of a Chunk. `pattern` is one of PATTERN_NUMBERS."""
        place = np.zeros(2, np.int64)
        while not count_chunk(
            chunk.data, chunk.ends, place, pattern, character_classes(), self.slots, self.words, self.letters, self.used
        ):
            self.grow(len(chunk.data))

    def add(self, other):
        """Count the words of another table too."""
        place, words = np.zeros(1, np.int64), other.words[: len(other)]
        while not add_words(words, other.letters, place, self.slots, self.words, self.letters, self.used):
            self.grow(len(other.letters))

    def grow(self, longest):
        """Make room for twice as many words, and for one of up to so many letters."""
        count, letters = self.used
        if 2 * count >= len(self.words):
            self.words = np.concatenate([self.words, np.empty_like(self.words)])
            self.slots = np.zeros(2 * len(self.slots), np.uint64)
            fill_slots(self.slots, self.words[:count], self.letters)
        self.letters = np.concatenate([self.letters[:letters], np.empty(letters + longest, np.uint8)])

    def __len__(self):
        return int(self.used[0])

    def items(self):
        """Iterator over (word, count)."""
        letters = self.letters.tobytes()
        return ((letters[start : start + length], count) for start, length, count in self.words[: len(self)].tolist())


@lean_kernel
def count_chunk(data, ends, place, pattern, classes, slots, words, letters, used):
    """Count from `place`, a text and a byte, to the end of a chunk, or, which is False, until a table is full."""
    at = place[1]
    for text in range(place[0], ends.size):
        while at < ends[text]:
            end = word_end(data, at, ends[text], pattern, classes)
            if not count_word(data, at, end, 1, slots, words, letters, used):
                place[0], place[1] = text, at
                return False
            at = end
    return True


@lean_kernel
def add_words(others, other_letters, place, slots, words, letters, used):
    """Count the rows of another table from `place` on, or, which is False, until this one is full."""
    for i in range(place[0], others.shape[0]):
        start = others[i, 0]
        if not count_word(other_letters, start, start + others[i, 1], others[i, 2], slots, words, letters, used):
            place[0] = i
            return False
    return True


@lean_kernel
def count_word(data, start, end, times, slots, words, letters, used):
    """Count data[start:end]; False if it is new and there is no room."""
    hashed = hash_word(data, start, end)
    slot = find_word(data, start, end, hashed, slots, words, letters)
    if slots[slot] != 0:
        words[np.int64(slots[slot] & np.uint64(0xFFFFFFFF)) - 1, 2] += times
        return True
    count, begin, length = used[0], used[1], end - start
    if count == words.shape[0] or begin + length > letters.size:
        return False
    for i in range(length):
        letters[begin + i] = data[start + i]
    words[count, 0], words[count, 1], words[count, 2] = begin, length, times
    used[0], used[1] = count + 1, begin + length
    slots[slot] = (hashed & np.uint64(0xFFFFFFFF00000000)) | np.uint64(count + 1)
    return True


@lean_kernel
def find_word(data, start, end, hashed, slots, words, letters):
    """The slot of a word, or the empty one where it belongs."""
    last, upper = np.uint64(slots.size - 1), np.uint64(0xFFFFFFFF00000000)
    slot = hashed & last
    while slots[slot] != 0:
        if (slots[slot] ^ hashed) & upper == 0:
            i = np.int64(slots[slot] & np.uint64(0xFFFFFFFF)) - 1
            if words[i, 1] == end - start:
                begin, same = words[i, 0], 0
                while same < end - start and letters[begin + same] == data[start + same]:
                    same += 1
                if same == end - start:
                    break
        slot = (slot + np.uint64(1)) & last
    return slot


@lean_kernel
def fill_slots(slots, words, letters):
    """Enter rows of words into empty slots."""
    for i in range(words.shape[0]):
        start, end = words[i, 0], words[i, 0] + words[i, 1]
        hashed = hash_word(letters, start, end)
        slot = find_word(letters, start, end, hashed, slots, words, letters)
        slots[slot] = (hashed & np.uint64(0xFFFFFFFF00000000)) | np.uint64(i + 1)


@lean_kernel
def hash_word(data, start, end):
    """64 bits that are as good as random, of data[start:end]: eight bytes at a time, multiplied and folded."""
    hashed = np.uint64(end - start)
    at = start
    while at < end:
        some = np.uint64(0)
        for i in range(min(8, end - at)):
            some = some << np.uint64(8) | np.uint64(data[at + i])
        hashed = (hashed ^ some) * np.uint64(0x9E3779B97F4A7C15)
        hashed ^= hashed >> np.uint64(29)
        at += 8
    hashed *= np.uint64(0xBF58476D1CE4E5B9)
    return hashed ^ hashed >> np.uint64(32)
