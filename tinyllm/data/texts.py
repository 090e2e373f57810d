"""Texts in files, as every command here reads and writes them: UTF-8, with an empty line between one text and the next.

Texts are read one at a time, so a file may be larger than the memory.
"""

from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError


def find_files(paths, suffixes=(".txt",)):
    """Files and folders -> list of files: of a folder those in it that end so, in the order of their names.

    UsageError for a path that is not there, and for a folder without any text.
    """
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
            if not inside:
                raise UsageError(f"{path} holds no file that ends in {', '.join(suffixes)}; give a folder with texts")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise UsageError(f"{path} does not exist; give a text file or a folder of them")
    return files


def read_texts(path):
    """Yield the texts of a file. UsageError where it is not UTF-8."""
    position, lines = 0, []
    with open(path, "rb") as file:
        for line in file:
            try:
                decoded = line.decode("utf-8" if position else "utf-8-sig")  # some editors begin a file with a mark
            except UnicodeDecodeError as error:
                raise storage.not_utf8(path, position + error.start) from None
            position += len(line)
            if decoded.strip():
                lines.append(decoded.rstrip("\r\n"))
            elif lines:
                yield "\n".join(lines).strip()
                lines = []
    if lines:
        yield "\n".join(lines).strip()


def write_texts(path, texts):
    """Write an iterable of texts, whole or not at all. A text must have no empty line inside."""
    with storage.aside(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for text in texts:
            file.write(text + "\n\n")
