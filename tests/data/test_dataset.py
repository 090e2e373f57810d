"""Texts in files and tokens in files: read one at a time, written whole or not at all."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.batches import batches
from tinyllm.data.dataset import encoded, open_tokens, write_tokens
from tinyllm.data.texts import find_files, read_texts, write_texts
from tinyllm.errors import UsageError
from tinyllm.text import bpe


@given(rows=st.lists(st.lists(st.integers(0, 65_535), max_size=50)))
def test_a_token_file_is_what_numpy_would_write(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("t") / "t.npy"
    for vocab_size, kind in ((1 << 16, np.uint16), ((1 << 16) + 1, np.uint32)):
        assert write_tokens(path, [np.array(row, dtype=np.int32) for row in rows], vocab_size=vocab_size) == sum(
            map(len, rows)
        )
        expected = np.array([token for row in rows for token in row], dtype=kind)
        file = io.BytesIO()
        np.save(file, expected)
        assert path.read_bytes() == file.getvalue()
        assert open_tokens(path).tolist() == expected.tolist()


def test_a_large_token_file_keeps_its_header(tmp_path):
    row = np.arange(1_000_000) % 1000
    assert write_tokens(tmp_path / "t.npy", [row] * 11, vocab_size=1000) == 11_000_000
    tokens = open_tokens(tmp_path / "t.npy")
    assert isinstance(tokens, np.memmap) and tokens.dtype == np.uint16 and len(tokens) == 11_000_000
    assert (tokens[-1_000_000:] == row).all()


def test_a_failure_leaves_the_older_file(tmp_path):
    path = tmp_path / "t.npy"
    write_tokens(path, [np.arange(3)], vocab_size=10)

    def broken():
        yield np.arange(5)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        write_tokens(path, broken(), vocab_size=10)
    assert open_tokens(path).tolist() == [0, 1, 2] and [p.name for p in tmp_path.iterdir()] == ["t.npy"]


def test_what_is_no_token_file(tmp_path):
    path = tmp_path / "t.npy"
    for content in (b"", b"text", b"\x93NUMPY\x01\x00\x10\x00"):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="no token file"):
            open_tokens(path)
    for array in (np.zeros((2, 2), np.uint16), np.zeros(3), np.zeros(3, np.int64)):
        np.save(path, array)
        with pytest.raises(UsageError, match="no row of token ids"):
            open_tokens(path)


def test_packed_texts_give_the_same_batches_from_any_position(tmp_path):
    tokenizer = bpe.train(["o rato roeu a roupa"], 262)
    end = tokenizer.special_id("<|fim|>")
    texts = ["o rato", "a roupa do rei", "roeu"] * 20
    write_tokens(tmp_path / "t.npy", encoded(tokenizer, texts, end_id=end), vocab_size=tokenizer.vocab_size)
    tokens = open_tokens(tmp_path / "t.npy")
    assert tokenizer.decode(tokens) == "<|fim|>" + "".join(text + "<|fim|>" for text in texts)
    options = {"batch": 2, "context": 5, "seed": 1}
    whole = [next(batches(tokens, start=n, **options)) for n in range(6)]
    resumed = batches(tokens, start=3, **options)
    for x, y in whole[3:]:
        a, b = next(resumed)
        assert (x == a).all() and (y == b).all()


def test_texts_in_files(tmp_path):
    texts = ["um\ndois", "três", "  é\tisso"]
    write_texts(tmp_path / "a.txt", texts)
    assert list(read_texts(tmp_path / "a.txt")) == ["um\ndois", "três", "é\tisso"]
    (tmp_path / "b.txt").write_bytes("\ufeffum\r\ndois\r\n\r\n \t\r\ntrês".encode())
    assert list(read_texts(tmp_path / "b.txt")) == ["um\ndois", "três"]
    (tmp_path / "c.txt").write_bytes(b"")
    assert list(read_texts(tmp_path / "c.txt")) == []
    (tmp_path / "d.txt").write_bytes("ação\n".encode() + "ação".encode("latin-1"))
    with pytest.raises(UsageError, match=r"d\.txt is not UTF-8 at byte 8; convert it"):
        list(read_texts(tmp_path / "d.txt"))


def test_files_of_folders(tmp_path):
    for name in ("b/2.txt", "b/1.TXT", "b/c/0.txt", "b/x.pdf", "a.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [p.name for p in find_files([tmp_path / "a.html", tmp_path / "b"])] == ["a.html", "1.TXT", "2.txt", "0.txt"]
    with pytest.raises(UsageError, match="does not exist; give a text file"):
        find_files([tmp_path / "none"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds no file that ends in \.txt"):
        find_files([tmp_path / "empty"])
