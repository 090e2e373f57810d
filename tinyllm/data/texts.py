"""Texts in files, as every command here reads and writes them: UTF-8, with an empty line between one text and the next.

Texts are read one at a time, so a file may be larger than the memory.
"""

import os
from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError

BLOCK = 1 << 20  # bytes


def find_files(paths, suffixes=(".txt",)):
    """Files and folders -> list of files: of a folder those in it that end so, in the order of their names.

    What is hidden in a folder, its name or a folder's on the way beginning with a dot, is passed over: programs keep
    copies and notes there. UsageError for a path that is not there, and for a folder without any text; OSError for a
    folder in it that cannot be read.
    """
    files = []
    for name in paths:
        storage.check_name(name)
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in files_in(path) if p.suffix.lower() in suffixes and p.is_file())
            if not inside:
                raise UsageError(f"{path} holds no file that ends in {', '.join(suffixes)}; give a folder with texts")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"{path} does not exist; give a text file or a folder of them")
    return files


def files_in(folder):
    """Yield what is no folder in a folder and those inside, but what is hidden. OSError for one that is unreadable."""

    def refuse(error):
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def read_texts(path):
    """Yield the texts of a file. UsageError where it is not UTF-8."""
    with open(path, "rb") as file:
        yield from texts_in(file, path)


def texts_in(file, name):
    """Yield the texts of a binary file, which an error calls by this name."""
    position, data, text = 0, b"", ""
    while more := file.read(max(BLOCK, len(data), len(text))):
        data += more
        end = data.rfind(b"\n") + 1
        *whole, text = storage.BETWEEN_TEXTS.split(text + decoded(data[:end], position, name))
        yield from filter(None, map(str.strip, whole))
        position, data = position + end, data[end:]
    for last in storage.BETWEEN_TEXTS.split(text + decoded(data, position, name)):
        if last.strip():
            yield last.strip()


def decoded(data, position, name):
    """The bytes of a file from a position on, which end with a line, as text: some editors begin a file with a mark."""
    try:
        return data.decode("utf-8" if position else "utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise storage.not_utf8(name, position + error.start) from None


FORMATS = {
    *(".txt", ".jsonl", ".json", ".tsv", ".csv", ".html", ".htm", ".npy", ".npz", ".gz", ".zip", ".bz2", ".xz"),
    *(".parquet", ".safetensors", ".tiktoken", ".svg", ".png", ".pdf"),
}


def ending_of(path, *written):
    """How a name ends. Raises UsageError if that says another format than those that can be written there."""
    ending = Path(path).suffix.lower()
    if ending in FORMATS and ending not in written:
        raise UsageError(f"{path} ends in {ending}, which is not what is written; use {' or '.join(written)}")
    return ending


def write_texts(path, texts):
    """Write an iterable of texts, whole or not at all. A text must have no empty line inside."""
    with storage.aside(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for text in texts:
            file.write(text + "\n\n")
