"""One corpus has one reading, whoever reads it: where texts part, what is no part of them, which files hold them."""

import contextlib
import errno
import io
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data import texts as reading
from tinyllm.data.texts import find_files, read_texts, texts_in
from tinyllm.errors import UsageError
from tinyllm.text import bpe, words
from tinyllm.train.tasks import DataConfig, Language

PIECES = ["a", "uma frase", "ã", "\n", "\n\n", "\r\n", "\r", " ", "\t", "\u2028", "\xa0", "\x85", "\x0c", "\ufeff", "1"]
CONTENTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def expected(content):
    """The texts of a file, the plain way: a line that is all white space stands between them."""
    found, lines = [], []
    for line in [*content.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            found.append("\n".join(lines).strip())
            lines = []
    return found


@pytest.mark.parametrize("block", [1, 3, 1 << 20])
@given(content=CONTENTS)
def test_texts_part_at_empty_lines_whatever_the_block(block, content):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK", block)
        assert list(texts_in(io.BytesIO(content.encode()), "a")) == expected(content)


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
@given(content=CONTENTS)
def test_a_tokenizer_learns_from_the_same_texts(size, content):
    """Their words; where a stretch is cut into parts, they are those of the whole."""
    file = io.BytesIO(content.encode())
    file.name = "a"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "chunks_of_file", lambda file, cut=words.chunks_of_file: cut(file, size))
        found = dict(words.count_words(words.chunks_of_corpus(file)).items())
    assert found == dict(words.count_words(words.chunks_of_texts(expected(content))).items())


def test_every_command_reads_the_same(tmp_path):
    path = tmp_path / "a.txt"
    content = "\ufeffum rato\u2028roeu\r\n a roupa\r\n \t\r\n\r\num rei\n\u2028\nde Roma\n"
    path.write_bytes(content.encode())
    texts = ["um rato\u2028roeu\n a roupa", "um rei", "de Roma"]
    assert list(read_texts(path)) == texts
    splits = Language.read(DataConfig(corpus=str(tmp_path)), seed=0)
    assert [splits[name] for name in ("train", "validation", "test")] == [[text] for text in texts]
    with open(path, "rb") as file:
        assert bpe.train_files([file], 270).merges == bpe.train(texts, 270).merges


@pytest.mark.parametrize("place", [0, 8, 30])
def test_the_place_where_a_file_is_not_utf_8(tmp_path, monkeypatch, place):
    monkeypatch.setattr(reading, "BLOCK", 5)
    path = tmp_path / "a.txt"
    path.write_bytes(("é\n\nb\n" * 5).encode()[:place].ljust(place, b" ") + b"\xff\n\nfim")
    with pytest.raises(UsageError, match=f"is not UTF-8 at byte {place}; convert it"):
        list(read_texts(path))


def test_hidden_files_and_folders_are_passed_over(tmp_path):
    for name in ("b.txt", "a.TXT", "notas/c.txt", ".d.txt", "._b.txt", ".ipynb_checkpoints/b.txt", "notas/.x/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("um texto")
    found = [str(path.relative_to(tmp_path)) for path in find_files([tmp_path])]
    assert found == sorted(["a.TXT", "b.txt", os.path.join("notas", "c.txt")])
    assert find_files([tmp_path / ".d.txt"]) == [tmp_path / ".d.txt"]  # named by the user
    assert find_files([tmp_path / ".ipynb_checkpoints"]) == [tmp_path / ".ipynb_checkpoints" / "b.txt"]
    with pytest.raises(UsageError, match="holds no file that ends in"):
        find_files([make_hidden(tmp_path)])


@pytest.mark.parametrize(("name", "told"), [("notas", True), ("notas/velhas", True), (".notas", False)])
def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch, name, told):
    (tmp_path / "a.txt").write_text("um texto")
    closed, scandir = tmp_path / name, os.scandir
    closed.mkdir(parents=True)

    def closed_one(path="."):
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed_one)
    with pytest.raises(PermissionError, match=name) if told else contextlib.nullcontext():
        assert find_files([tmp_path]) == [tmp_path / "a.txt"]


def make_hidden(folder):
    """A folder in which all is hidden."""
    (folder / "oculta" / ".a").mkdir(parents=True)
    (folder / "oculta" / ".a" / "b.txt").write_text("um texto")
    return folder / "oculta"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_as_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"um\n\ndois",))
    writer.start()
    assert [list(read_texts(path)) for path in find_files([tmp_path / "pipe"])] == [["um", "dois"]]
    writer.join()
