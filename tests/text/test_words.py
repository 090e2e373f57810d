"""Words counted chunk by chunk: no word is cut, nothing depends on the threads, a table grows and forgets nothing."""

import collections
import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.backend import kernels
from tinyllm.backend.kernels import without_numba
from tinyllm.errors import UsageError
from tinyllm.text import bpe, words
from tinyllm.text.pretokenize import PATTERNS, character_classes, pretokenize

# What stands at the border of a word, and what a chunk could cut in two: runs of white space, contractions, groups of
# digits, line breaks after punctuation, characters of several bytes, bytes that are none.
PIECES = [
    "a",
    "é",
    "日本",
    "😀",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\u00a0",
    "\u2028",
    "1",
    "2024",
    "²",
    "'",
    "'s",
    "'LL",
    "'ſ",
]
PIECES += [".", "...", "\u0301", "-", "don't", "\udc80", "\udcf0\udc9f", "\0", "\x1c"]
BORDERS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def escaped(text):
    return text.encode("utf-8", "surrogateescape")


def counted(data, pattern):
    """The words of a whole text."""
    return collections.Counter(map(escaped, pretokenize(data.decode("utf-8", "surrogateescape"), pattern)))


def reader(data):
    file = io.BytesIO(data)
    file.name = "text"
    return file


@pytest.mark.long
@given(BORDERS.map(escaped) | st.binary(max_size=60), st.integers(1, 12), st.sampled_from(list(PATTERNS)))
@settings(max_examples=1000)
def test_no_word_is_cut_between_chunks(data, size, pattern):
    chunks = list(words.chunks_of_file(io.BytesIO(data), size))
    assert b"".join(chunk.data.tobytes() for chunk in chunks) == data
    expected = counted(data, pattern)
    assert dict(words.count_words(chunks, pattern).items()) == expected
    assert words.count_words.meaning(chunks, pattern) == expected


@given(BORDERS.map(escaped) | st.binary(max_size=60))
@settings(max_examples=300)
def test_the_last_cut_compiled_and_plain(data):
    data = np.frombuffer(data, np.uint8)
    with without_numba():
        plain = words.last_cut(data, character_classes())
    assert plain == words.last_cut(data, character_classes())


def test_chunks_are_about_as_large_as_they_are_asked_to_be():
    text = ("o rato roeu a roupa do rei de Roma, " * 1000).encode()
    sizes = [chunk.data.size for chunk in words.chunks_of_file(io.BytesIO(text), 1000)]
    assert max(sizes) <= 1040 and len(sizes) <= 40


def test_what_cannot_be_cut_stays_whole():
    assert [chunk.data.size for chunk in words.chunks_of_file(io.BytesIO(b"a" * 5000), 100)] == [5000]


@given(st.lists(BORDERS.map(lambda text: escaped(text).decode(errors="replace"))), st.sampled_from(list(PATTERNS)))
def test_texts_do_not_run_into_one_another(texts, pattern):
    expected = sum((counted(text.encode(), pattern) for text in texts), collections.Counter())
    assert dict(words.count_words(words.chunks_of_texts(texts), pattern).items()) == expected
    assert words.count_words.meaning(words.chunks_of_texts(texts), pattern) == expected


@pytest.mark.parametrize("pattern", PATTERNS)
def test_nothing_depends_on_the_threads_or_on_the_chunks(pattern, monkeypatch):
    rng = np.random.default_rng(0)
    text = " ".join(map(str, rng.integers(10**6, size=5_000))) + "".join(map(chr, rng.integers(0x4E00, 0x9000, 5_000)))
    expected = counted(text.encode(), pattern)
    assert len(expected) > 1000
    for workers, size in ((1, 1 << 22), (1, 5000), (2, 5000), (5, 2000)):
        chunks = words.chunks_of_file(io.BytesIO(text.encode()), size)
        assert dict(words.count_words(chunks, pattern, workers=workers).items()) == expected
    monkeypatch.setattr(words, "CHUNK", 10_000)
    whole = bpe.train([text], 400, pattern=pattern)
    for workers in (1, 2, 3):
        again = bpe.train_files([reader(text.encode())], 400, pattern=pattern, workers=workers)
        assert again.merges == whole.merges


@pytest.mark.long
@pytest.mark.skipif(kernels.numba_version() is None, reason="a table is filled by kernels")
def test_a_table_grows_and_adds_up():
    rng = np.random.default_rng(0)
    some = {rng.bytes(int(length)): int(count) for length, count in rng.integers(1, 40, (150_000, 2))}
    one, other = words.WordTable(), words.WordTable.of(some)
    for _ in range(3):
        one.add(other)
    assert dict(one.items()) == {word: 3 * count for word, count in some.items()}


@pytest.mark.parametrize("wanted", [10**6, 10**9])
def test_memory_goes_by_the_text_and_not_by_the_number_asked_for(wanted):
    tracemalloc.start()
    try:
        tokenizer = bpe.train(["o rato roeu a roupa do rei de Roma"], wanted)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert tokenizer.merges == bpe.train(["o rato roeu a roupa do rei de Roma"], 400).merges and peak < 64 << 20


def test_a_file_that_is_not_utf8_is_told_with_its_place(monkeypatch):
    monkeypatch.setattr(words, "CHUNK", 8)
    with pytest.raises(UsageError, match="text is not UTF-8 at byte 30; convert it"):
        bpe.train_files([reader(b"a b " * 5 + "é".encode() * 5 + b"\xff a b")], 260)
    assert bpe.train_files([reader("oi é".encode()), reader(b"\xef\xbb\xbfoi")], 258).vocab_size == 258


@given(BORDERS.map(escaped) | st.binary(max_size=60), st.integers(1, 3))
@settings(max_examples=100)
def test_a_file_is_encoded_as_its_text_is(data, workers):
    tokenizer = bpe.train(["o rato roeu a roupa don't   \n\n 2024"], 290, pattern="gpt4")
    words_chunk, words.CHUNK = words.CHUNK, 8
    try:
        rows = list(tokenizer.encode_file(io.BytesIO(data), workers=workers))
    finally:
        words.CHUNK = words_chunk
    assert np.concatenate([*rows, []]).tolist() == tokenizer.encode(data).tolist()


MARKS = ["<|fim|>", "<|fim|>a", "a 1", "🙂"]


@given(st.lists(st.sampled_from([*PIECES, *MARKS, "<|fi", "m|>", "<"]), max_size=40).map("".join), st.integers(1, 3))
@settings(max_examples=100)
def test_the_marks_of_a_file_are_those_of_its_text(text, workers):
    tokenizer = bpe.train(["o rato roeu a roupa don't   \n\n 2024"], 290, special_tokens=MARKS)
    data, chunk, words.CHUNK = escaped(text), words.CHUNK, 8
    try:
        found = [
            np.concatenate([*tokenizer.encode_file(io.BytesIO(data), workers=workers, allow_special=allowed), []])
            for allowed in (True, False)
        ]
    finally:
        words.CHUNK = chunk
    for ids, allowed in zip(found, (True, False), strict=True):
        assert ids.tolist() == tokenizer.encode(data, allow_special=allowed).tolist()
