"""Files that are whole or absent: weights as safetensors, small things as JSON, written aside and then renamed."""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np

from tinyllm.backend import to_host
from tinyllm.errors import UsageError

LARGEST_HEADER = 100_000_000  # bytes, the limit of the format


def save_arrays(path, arrays, metadata=None):
    """Write {name: array} as a safetensors file, whole or not at all. `metadata` maps strings to strings."""
    import safetensors.numpy

    # the library writes the memory of an array whatever its strides say, so each is made contiguous first
    whole = {name: np.asarray(to_host(array), order="C") for name, array in arrays.items()}
    with aside(path) as temporary:
        safetensors.numpy.save_file(whole, temporary, {"format": "pt", **(metadata or {})})


def load_arrays(path):
    """Read a safetensors file into {name: array}; BF16 becomes float32.

    Raises UsageError for a file that is missing, cut short, damaged, or whose header is oversized or repeats a name.
    """
    import safetensors

    try:
        header, data_starts = _read_header(path)
        with safetensors.safe_open(path, framework="np") as file:  # checks sizes, holes and overlaps
            names = file.keys()
            return {
                name: _read_bfloat16(path, header[name], data_starts)
                if header[name]["dtype"] == "BF16"
                else file.get_tensor(name)
                for name in names
            }
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} is no whole safetensors file ({reason}); copy or save it again") from None


def _read_header(path):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LARGEST_HEADER:
            raise ValueError(f"its header claims {length} bytes, the limit is {LARGEST_HEADER}")
        header = json.loads(file.read(length), object_pairs_hook=no_repeated_names)
    return header, 8 + length


def no_repeated_names(pairs):
    """For `json.loads(..., object_pairs_hook=...)`: refuse an object that has the same name twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen = set()
        raise UsageError(
            f"the name {next(n for n, _ in pairs if n in seen or seen.add(n))!a:.60} stands twice in one object"
        )
    return values


def _read_bfloat16(path, entry, data_starts):
    start, end = entry["data_offsets"]
    halves = np.fromfile(path, dtype="<u2", count=(end - start) // 2, offset=data_starts + start)
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])  # the upper half of a float32


def read_text(path):
    """The text of a file in UTF-8, without the mark that some editors begin it with. UsageError for other bytes."""
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except UnicodeDecodeError as error:
        raise not_utf8(path, error.start) from None


def not_utf8(path, position):
    """The UsageError of a file whose bytes from `position` on are no UTF-8."""
    return UsageError(f"{path} is not UTF-8 at byte {position}; convert it, for example with iconv")


def save_json(path, value):
    """Write a value as JSON, whole or not at all."""
    with aside(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def load_json(path):
    """Read JSON. Raises UsageError for a file that is missing or is no JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=no_repeated_names)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no readable JSON ({error}); was it cut short?") from None


@contextlib.contextmanager
def aside(path):
    """Give a temporary path beside `path`, file or folder, and put it in its place when the block ends well.

    Everything is flushed to the disk before the rename, so a crash at any moment leaves the old one or the new one.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written: {path.parent} is no folder; make it, or choose another place")
    temporary = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        yield temporary
        put_in_place(temporary, path)
    finally:
        remove(temporary)


def put_in_place(temporary, path):
    """Give a file or a folder its name, once all of it is on the disk."""
    for file in sorted(temporary.rglob("*")) if temporary.is_dir() else [temporary]:
        _flush(file)
    if temporary.is_dir():
        _flush(temporary)
    os.replace(temporary, path)
    _flush(path.parent)


def _flush(path):
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a folder, and needs not
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path):
    """Delete a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sha256(path):
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
