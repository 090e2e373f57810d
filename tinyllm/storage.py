"""Files that are whole or absent: weights as safetensors, small things as JSON, written aside and then renamed."""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np

from tinyllm.backend.arrays import to_host
from tinyllm.backend.elsewhere import let_go, mapped_file
from tinyllm.errors import UsageError

LARGEST_HEADER = 100_000_000  # bytes, the limit of the format
TYPES = {  # in the order in which the arrays stand in a file
    "U64": "<u8", "I64": "<i8", "F64": "<f8", "F32": "<f4", "U32": "<u4", "I32": "<i4",
    "F16": "<f2", "U16": "<u2", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip
LOCK = ".lock"
LOGS = ("log.jsonl", "samples.jsonl", "statistics.jsonl", "environment.jsonl")  # what a run tells of itself


def save_arrays(path, arrays, metadata=None):
    """Write {name: array} as a safetensors file, whole or not at all. `metadata` maps strings to strings."""
    header, end = {"__metadata__": {"format": "pt", **(metadata or {})}}, 0
    ordered = sorted(arrays, key=lambda name: (list(TYPES).index(type_of(name, arrays[name])), name))
    for name in ordered:
        array = arrays[name]
        start, end = end, end + array.size * array.dtype.itemsize
        places = {"shape": list(array.shape), "data_offsets": [start, end]}
        header[name] = {"dtype": type_of(name, array), **places}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with aside(path) as temporary, open(temporary, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in ordered:  # one at a time: all of them may be more than memory holds
            whole = np.asarray(to_host(arrays[name]), TYPES[header[name]["dtype"]], order="C")
            file.write(whole.reshape(-1).view(np.uint8))
            let_go(whole)


def type_of(name, array):
    """What the format calls the type of an array. Raises UsageError for one that it does not know."""
    for found, dtype in TYPES.items():
        if array.dtype == dtype:
            return found
    raise UsageError(f"{name} is of type {array.dtype}; a safetensors file holds {', '.join(TYPES)}")


def load_arrays(path):
    """Read a safetensors file into {name: array}; BF16 becomes float32. Raises UsageError as `mapped_arrays` does."""
    return {name: np.array(array) for name, array in mapped_arrays(path).items()}


def mapped_arrays(path):
    """The arrays of a safetensors file as {name: array}, of which nothing can be written to, and nothing takes memory
    before it is looked at; but for BF16, which becomes float32.

    Raises UsageError for a file that is missing, cut short, damaged, or whose header is oversized or repeats a name.
    """
    import safetensors

    try:
        header, data_starts = _read_header(path)
        with safetensors.safe_open(path, framework="np") as file:  # checks sizes, holes and overlaps
            names = file.keys()
        data = mapped_file(path)[data_starts:]
        return {name: _array_of(data, header[name]) for name in names}
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} is no whole safetensors file ({reason}); copy or save it again") from None


def metadata_of(path):
    """{name: text}: what a safetensors file says of itself. Raises UsageError as `mapped_arrays` does."""
    import safetensors

    try:
        with safetensors.safe_open(path, framework="np") as file:
            return file.metadata() or {}
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except safetensors.SafetensorError as error:
        raise UsageError(f"{path} is no whole safetensors file ({error}); copy or save it again") from None


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


def _array_of(data, entry):
    bytes, shape = data[slice(*entry["data_offsets"])], entry["shape"]
    if entry["dtype"] == "BF16":  # the upper half of a float32
        return (bytes.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    return bytes.view(TYPES[entry["dtype"]]).reshape(shape)


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


BETWEEN_TEXTS = re.compile(r"\n\s*\n\s*")  # a line or more of nothing but white space stands between two texts


def save_text(path, text):
    """Write a text in UTF-8, whole or not at all."""
    with aside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_json(path, value):
    """Write a value as JSON, whole or not at all."""
    save_text(path, as_json(value))


def as_json(value):
    """A value as the text of a JSON file."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def load_json(path):
    """Read JSON. Raises UsageError for a file that is missing or is no JSON that this project writes."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        value = json.loads(text, object_pairs_hook=no_repeated_names, parse_int=_whole_number)
        json.dumps(value, ensure_ascii=False).encode()  # half a character cannot be written again
        return value
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no readable JSON ({error}); was it cut short?") from None


def claim(path, inputs=()):
    """Raise UsageError or OSError if `path` is no place for a new file, before any work is done for it.

    It must not be one of the `inputs`, nor a file that a run or a checkpoint was made with.
    """
    place = _place(path)
    if place.is_dir():
        raise UsageError(f"{path} is a folder that exists; choose another name")
    for other in inputs:
        if place.exists() and os.path.exists(other) and os.path.samefile(place, other):
            raise UsageError(f"{path} is read and written at once; choose another name for what is written")
    for record in (place.parent / "config.json", place.parent / "manifest.json"):
        if place.name in _recorded(record):
            raise UsageError(f"{path} belongs to the run or checkpoint of {record}; choose another name")


def claim_folder(path):
    """The Path of a folder to be made or filled. Raises UsageError or OSError if it cannot be."""
    check_name(path)
    place = next(parent for parent in (Path(path), *Path(path).absolute().parents) if os.path.lexists(parent))
    if place.is_symlink() and not place.exists():
        raise UsageError(f"{place} is a link that leads to nothing or to itself; mend it, or choose another folder")
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
    return Path(path)


def _recorded(record):
    """The names of the files that a run or a checkpoint consists of, if this is its config or manifest."""
    try:
        return {record.name, *LOGS, *load_json(record)["sha256"]}
    except (UsageError, OSError, LookupError, TypeError):
        return set()


def check_name(path):
    """Raise UsageError for the empty name, which would be the current folder."""
    if not str(path):
        raise UsageError("the name of a file or a folder is empty; give one, or . for the current folder")


def _place(path):
    """Where a file or folder called `path` is written, a link followed to its target. UsageError if it cannot be."""
    check_name(path)
    place = Path(os.path.realpath(path)) if Path(path).is_symlink() and not _is_stream(path) else Path(path)
    if place.is_symlink() and not place.exists():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if not place.parent.is_dir():
        raise UsageError(f"{path} cannot be written: {place.parent} is no folder; make it, or choose another place")
    needed = [place] if _is_stream(place) else [place.parent, *([place] if place.is_file() else [])]
    if not all(os.access(each, os.W_OK) for each in needed):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return place


def _is_stream(path):
    """Whether a path is there but neither a file nor a folder: a pipe, a terminal, the null device."""
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))


def _whole_number(digits):
    if len(digits) > 18:
        raise ValueError(f"{digits[:10]}… has {len(digits)} digits")
    return int(digits)


@contextlib.contextmanager
def aside(path):
    """Give a temporary path beside `path`, file or folder, and put it in its place when the block ends well.

    Everything is flushed to the disk before the rename, so a crash at any moment leaves the old one or the new one.
    A link goes on pointing where it did, a file keeps its mode, and what is no file, as a pipe, is written to.
    """
    place = _place(path)
    if _is_stream(place):
        with tempfile.TemporaryDirectory() as folder:
            yield (temporary := Path(folder) / "whole")
            with open(temporary, "rb") as source, open(place, "wb") as stream:
                shutil.copyfileobj(source, stream)
        return
    temporary = place.with_name(f".{place.name[:40]}.partial-{os.getpid()}")  # a name may have 255 bytes
    try:
        remove(temporary)  # left by a process that was killed, and had our number
        yield temporary
        if place.is_file():
            shutil.copymode(place, temporary)
        put_in_place(temporary, place)
    except OSError as error:
        if error.errno and (not error.filename or temporary.name in str(error.filename)):  # a full disk names no place
            error.filename, error.filename2 = str(path), None
        raise
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


@contextlib.contextmanager
def locked(folder, name=LOCK):
    """Hold a folder for this process alone, or what of it a name stands for.

    The system gives the lock back when a process ends, however it ends; if it was killed, the file `name` stays. Where
    a file system has no locks, go on. Raises UsageError, which names the other process, if one holds it already, and
    for a file of that name which is no lock.
    """
    path = Path(folder) / name
    with open(path, "a+", encoding="utf-8", errors="replace") as file:
        try:
            _lock(file, path)
        except BlockingIOError:
            file.seek(0)
            raise UsageError(
                f"{folder} is in use by process {file.read().strip()}; wait until it ends, or choose another folder"
            ) from None
        except OSError:
            pass
        if os.fstat(file.fileno()).st_size and not is_lock(path):
            raise UsageError(f"{path} would be written over, and is no lock of ours; move it away")
        try:
            file.truncate(0)
            print(os.getpid(), file=file, flush=True)
            yield
        finally:
            with contextlib.suppress(OSError):  # Windows keeps what is open
                remove(path)


def is_lock(path):
    """Whether a file says what a lock says, the number of a process and nothing else."""
    try:
        return path.is_file() and re.fullmatch(rb"\s*\d{1,20}\s*", path.read_bytes()) is not None
    except OSError:
        return False


def _lock(file, path):
    """Lock the open file of a path. BlockingIOError if another has locked it, or has deleted it in between."""
    if os.name == "nt":
        import msvcrt

        file.seek(1 << 20)  # far behind what others read
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            raise BlockingIOError from None
        return
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if not (path.exists() and os.path.samestat(os.fstat(file.fileno()), os.stat(path))):
        raise BlockingIOError


def sha256(path):
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
