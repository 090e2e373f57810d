"""A package: the model of a run in one file, to be given away. It is a safetensors file, and so holds no code.

Its arrays are the weights, mapped into memory when they are used. Its metadata, texts all of them, are

config.json     what the config of a run says: task, labels, model, training, the form of the weights
tokenizer.json  the tokenizer
README.md       the model card
LICENSE         on what terms it may be used, if its maker says so
sha256          {name: SHA-256} of each of these and of each array
"""

import hashlib
import json
from typing import NamedTuple

import numpy as np

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.text import files
from tinyllm.text.checks import parse_json

TEXTS = ("config.json", "tokenizer.json", "README.md", "LICENSE")
KIND, VERSION = "tinyllm.package", "1"


class Package(NamedTuple):
    """What a package says of itself, read without its weights; `texts` are {name: text} of those of TEXTS it has."""

    path: object
    texts: dict
    sha256: dict

    @property
    def config(self):
        return self.parsed("config.json")

    @property
    def tokenizer(self):
        """Raises UsageError for one that cannot be used."""
        try:
            return files.from_content(self.parsed("tokenizer.json"))
        except UsageError as error:
            raise UsageError(f"tokenizer.json in {self.path}: {error}") from None

    def parsed(self, name):
        try:
            return parse_json(self.texts[name].encode())
        except UsageError as error:
            raise UsageError(f"{name} in {self.path}: {error}") from None

    def arrays(self):
        """{name: array} of the weights, mapped. Raises UsageError for one that is not the one that was packed."""
        found = storage.mapped_arrays(self.path)
        for name in sorted({*found, *self.sha256} - {*TEXTS}):
            if name not in found or digest(found[name]) != self.sha256.get(name):
                raise changed(self.path, name)
        return found


def write(path, texts, arrays):
    """Write {name: text} of TEXTS and {name: array} as a package, whole or not at all."""
    sha256 = {name: digest(value) for name, value in {**texts, **arrays}.items()}
    storage.save_arrays(path, arrays, {KIND: VERSION, **texts, "sha256": json.dumps(sha256)})


def read(path):
    """The Package that a file is. Raises UsageError for one that is none, and for one of which a text was changed."""
    metadata = storage.metadata_of(path)
    if metadata.get(KIND) != VERSION:
        raise UsageError(
            f"{path} is no package that this version reads; make one with: tinyllm package RUN --out {path}"
        )
    try:
        sha256 = dict(json.loads(metadata["sha256"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        raise changed(path, "sha256") from None
    texts = {name: metadata[name] for name in TEXTS if name in metadata}
    for name in TEXTS:
        if sha256.get(name) != (digest(texts[name]) if name in texts else None):
            raise changed(path, name)
    for name in ("config.json", "tokenizer.json"):
        if name not in texts:
            raise changed(path, name)
    return Package(path, texts, sha256)


def digest(value):
    """The SHA-256, in hexadecimal, of a text, or of an array with its type and shape."""
    if isinstance(value, str):
        return hashlib.sha256(value.encode()).hexdigest()
    found = hashlib.sha256(f"{value.dtype.str} {value.shape}".encode())
    found.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    return found.hexdigest()


def changed(path, name):
    return UsageError(f"{name} in {path} is missing or not what was packed; get the file again")
