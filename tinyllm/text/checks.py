"""Reading a file from elsewhere without trusting it: of limited size, with known fields, refused by name otherwise."""

import json

from tinyllm import storage
from tinyllm.errors import UsageError

FILE_LIMIT = 100 * 2**20  # bytes; the largest known vocabularies, of 256 thousand tokens, need about 35 MB


def read_limited(path):
    """Path -> bytes. UsageError for a file that cannot be read or is larger than FILE_LIMIT."""
    try:
        with open(path, "rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"the file cannot be read ({error.strerror})") from None
    if len(data) > FILE_LIMIT:
        raise UsageError(f"the file is larger than {FILE_LIMIT} bytes, the limit for a tokenizer")
    return data


def read_text(path):
    """Path -> str. UsageError also for what is not UTF-8."""
    try:
        return read_limited(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"the file is not UTF-8 at byte {error.start}") from None


def read_json(path):
    """Path -> what the JSON in it says. UsageError for what is not JSON in UTF-8, or names something twice."""
    return parse_json(read_limited(path))


def parse_json(data):
    """Bytes -> what the JSON in them says. UsageError as for `read_json`."""
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=storage.no_repeated_names, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise UsageError("the file is not a tokenizer: its JSON is nested too deeply") from None
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(f"the file is not JSON in UTF-8: {error}") from None


def _refuse_constant(name):
    raise UsageError(f"{name} is not a JSON number")


def check_fields(where, fields, supported, *, needed=(), others=()):
    """Refuse `fields` unless it is an object with the needed fields, known ones only, each of a supported value."""
    checked(dict, where, fields)
    for name, value in fields.items():
        if name in others:
            continue
        if name not in supported:
            raise UsageError(f"{where} has a field {show(name)}, which is not supported")
        if not any(type(value) is type(option) and value == option for option in supported[name]):
            options = " or ".join(json.dumps(option, ensure_ascii=True) for option in supported[name])
            raise UsageError(f"{where} asks for {name} {show(value)}, which is not supported; only {options} is")
    for name in needed:
        if name not in fields:
            raise UsageError(f"{where} has no field {name!r}")


def checked(kind, where, value):
    """The value. UsageError unless it is of that kind."""
    if type(value) is not kind:  # not isinstance: to Python, true is an int
        words = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}
        raise UsageError(f"{where} is {show(value)}; it must be {words[kind]}")
    return value


def check_ids(where, vocab):
    """The object {spelling: id}. UsageError unless it is one, with ids that are whole numbers."""
    for spelling, token in checked(dict, where, vocab).items():
        checked(int, f"the id of {show(spelling)}", token)
    return vocab


def show(value):
    """A value in a few words, on one line."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        kind = value.get("type")
        return f"an object of type {show(kind)}" if isinstance(kind, str) else "an object"
    if isinstance(value, bytes):
        text = repr(value)
    else:
        text = ascii(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
