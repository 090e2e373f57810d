"""Proofs: what a long gate depended on when it passed, kept in the repository. Where nothing of that has changed, the
gate need not run again.

Only the gates write them. `.ci/run` runs those without a proof, `.ci/run --all` runs every one.
"""

import contextlib
import json
import os
from pathlib import Path

import pytest

from tinyllm.course.digest import digests
from tinyllm.course.pytest_plugin import FOLDER
from tinyllm.storage import aside

FILE = Path(__file__).with_name("proofs.json")  # {what a gate is about: {gate: digest}}, a line for each


def unproved(gate, files):
    """Parameters for a gate about each key of {key: files that the verdict depends on}; slow where there is a proof."""
    proofs, now = read(), digests(FOLDER, files)
    proved = {key for key in files if proofs.get(key, {}).get(gate) == now[key]}
    return [pytest.param(key, marks=pytest.mark.slow if key in proved else (), id=key) for key in files]


@contextlib.contextmanager
def proving(gate, key, files):
    """Write the proof when the block ends well and no file has changed meanwhile."""
    before = digests(FOLDER, {key: files})
    yield
    if digests(FOLDER, {key: files}) == before:
        write(gate, before)


def read():
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def write(gate, found):
    """Put {key: digest} of a gate into the file. One process at a time: the others wait."""
    import fcntl  # which Windows has not: it runs no gates

    folder = os.open(FILE.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        proofs = read()
        for key, digest in found.items():
            proofs.setdefault(key, {})[gate] = digest
        lines = [f"  {json.dumps(key)}: {json.dumps(proofs[key], sort_keys=True)}" for key in sorted(proofs)]
        with aside(FILE) as temporary:
            temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    finally:
        os.close(folder)
