"""Files are whole or absent, and what is damaged is refused in one line."""

import contextlib
import errno
import json
import os
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import cli, storage
from tinyllm.errors import UsageError


def test_arrays_come_back_equal_whatever_their_strides(tmp_path):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(6, 8)).astype(np.float32)
    arrays = {"plain": base, "turned": base.T, "strided": base[::2, ::3], "empty": base[:0]}
    arrays |= {
        "number": np.float32(3.5)[None],
        "double": base.astype(np.float64),
        "ids": np.arange(5),
        "alone": np.array(7),
    }
    storage.save_arrays(tmp_path / "a.safetensors", arrays)
    back = storage.load_arrays(tmp_path / "a.safetensors")
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and np.array_equal(back[name], array), name


def test_bfloat16_is_read_as_float32(tmp_path):
    values = np.array([1.0, -2.5, 0.0, 3.140625], dtype=np.float32)
    data = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    write_raw(tmp_path / "b.safetensors", {"w": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}, data)
    assert np.array_equal(storage.load_arrays(tmp_path / "b.safetensors")["w"], values.reshape(2, 2))


def write_raw(path, header, data=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "data", "reason"),
    [
        ({"w": ENTRY}, b"\0" * 7, "no whole safetensors"),
        ({"w": ENTRY}, b"\0" * 9, "no whole safetensors"),
        ({"w": {**ENTRY, "shape": [3]}}, b"\0" * 8, "no whole safetensors"),
        ({"w": {**ENTRY, "data_offsets": [4, 12]}}, b"\0" * 12, "no whole safetensors"),
        (b'{"w": %s, "w": %s}' % ((json.dumps(ENTRY).encode(),) * 2), b"\0" * 8, "'w' stands twice"),
        (b"{not json", b"", "no whole safetensors"),
        (b"\xff\xfe", b"", "no whole safetensors"),
        (b"[" * 100_000, b"", "no whole safetensors"),
        (b"[]", b"", "no whole safetensors"),
    ],
)
def test_damaged_safetensors_are_refused(tmp_path, header, data, reason):
    write_raw(tmp_path / "d.safetensors", header, data)
    with pytest.raises(UsageError, match=reason) as caught:
        storage.load_arrays(tmp_path / "d.safetensors")
    assert "\n" not in str(caught.value)


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path):
    (tmp_path / "h.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    with pytest.raises(UsageError, match="claims 1099511627776 bytes, the limit is 100000000"):
        storage.load_arrays(tmp_path / "h.safetensors")


@given(cut=st.integers(0, 400), flip=st.integers(0, 400))
def test_a_file_cut_short_or_changed_never_gives_another_error(tmp_path_factory, cut, flip):
    folder = tmp_path_factory.mktemp("cut")
    storage.save_arrays(folder / "w", {"a": np.arange(12, dtype=np.float32), "b": np.ones((3, 4))})
    whole = bytearray((folder / "w").read_bytes())
    whole[flip % len(whole)] ^= 0x15
    (folder / "w").write_bytes(whole[: max(0, len(whole) - cut)])
    try:
        storage.load_arrays(folder / "w")
    except UsageError as error:
        assert "\n" not in str(error)


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    storage.save_json(tmp_path / "x.json", {"old": 1})
    with pytest.raises(OSError, match="no space"), storage.aside(tmp_path / "x.json") as temporary:
        temporary.write_text("{half")
        raise OSError("no space")
    assert storage.load_json(tmp_path / "x.json") == {"old": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no links, pipes and limits like these")


@posix
def test_a_link_goes_on_pointing_to_its_target(tmp_path):
    (tmp_path / "far").mkdir()
    for name, old in (("there", "old"), ("none yet", None)):
        target, link = tmp_path / "far" / name, tmp_path / name
        if old:
            target.write_text(old)
        link.symlink_to(target)
        storage.save_text(link, "new")
        assert link.is_symlink() and not target.is_symlink() and target.read_text() == "new"
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="symbolic links"):
        storage.save_text(tmp_path / "loop", "new")


@posix
def test_what_is_no_file_is_written_to(tmp_path):
    pipe, found = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(storage.load_json(pipe)))
    reader.start()
    storage.save_json(pipe, {"a": 1})
    reader.join()
    assert found == [{"a": 1}] and stat.S_ISFIFO(pipe.stat().st_mode)
    if Path("/dev/full").exists():
        with pytest.raises(OSError, match="No space left"):
            storage.save_arrays("/dev/full", {"a": np.zeros(3)})
        assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@posix
def test_a_file_keeps_its_mode(tmp_path):
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o640)
    storage.save_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640 and path.read_text() == "new"


@pytest.mark.parametrize("name", ["a" * 250, "ç" * 125, "a"])
def test_any_name_will_do(tmp_path, name):
    storage.save_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("left", ["file", "folder"])
def test_what_a_killed_process_of_our_number_left_is_removed_first(tmp_path, left):
    with storage.aside(tmp_path / "a") as temporary:
        temporary.write_text("once")
    if left == "folder":
        temporary.mkdir()
    (temporary / "part" if left == "folder" else temporary).write_text("half")
    with storage.aside(tmp_path / "a") as again:
        assert again == temporary and not again.exists()
        again.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_text() == "whole"


CLAIMS = {
    "": "is empty",
    "folder": "is a folder that exists",
    "none/x": "is no folder; make it",
    "input/x": "is no folder; make it",
    "input": "is read and written at once",
    "link": "is read and written at once",
    "run/tokenizer.json": "belongs to the run or checkpoint of",
    "run/config.json": "belongs to the run or checkpoint of",
    "run/log.jsonl": "belongs to the run or checkpoint of",
    "step/model.safetensors": "belongs to the run or checkpoint of",
    "run/mine.svg": None,
    "new": None,
    "other": None,
    "plain/config.json": None,
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_place_is_claimed_before_any_work(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for folder, record in (
        ("run", "config.json"),
        ("step", "manifest.json"),
        ("plain", "config.json"),
        ("folder", "x"),
    ):
        (tmp_path / folder).mkdir()
        told = {} if folder == "plain" else {"sha256": {"tokenizer.json": "1", "model.safetensors": "2"}}
        storage.save_json(tmp_path / folder / record, told)
    for other in ("input", "other"):
        (tmp_path / other).write_text("text")
    (tmp_path / "link").symlink_to("input")
    with pytest.raises(UsageError, match=CLAIMS[name]) if CLAIMS[name] else contextlib.nullcontext():
        storage.claim(name, ["none", "input", 0])


@pytest.mark.parametrize("closed", [".", "old"], ids=["folder", "file"])
def test_a_place_that_may_not_be_written_is_refused_before_any_work(tmp_path, monkeypatch, closed):
    (tmp_path / "old").write_text("mine")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / closed)
    for claim in (storage.claim, storage.claim_folder)[: 1 + (closed == ".")]:
        with pytest.raises(PermissionError):
            claim(tmp_path / "old" if claim is storage.claim else tmp_path / "new")


@pytest.mark.parametrize("name", ["", "file", "file/x", "file/x/y", "new", "new/deep", "."])
def test_a_folder_is_claimed_before_any_work(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("text")
    wrong = "is empty" if not name else "Not a directory" if name.startswith("file") else None
    with pytest.raises((UsageError, OSError), match=wrong) if wrong else contextlib.nullcontext():
        storage.claim_folder(name)


def test_a_folder_that_another_put_there_meanwhile_is_told_by_its_name(tmp_path):
    place = tmp_path / "parts"
    with pytest.raises(OSError, match="not empty") as told, storage.aside(place) as temporary:
        temporary.mkdir()
        place.mkdir()
        (place / "train.txt").write_text("of another")
    assert told.value.filename == str(place)
    assert cli.explain(told.value) == f"{place}: {os.strerror(errno.ENOTEMPTY)}; " + (
        "a folder with files stands there; choose another place"
    )
    assert [path.name for path in place.parent.iterdir()] == ["parts"]


@pytest.mark.parametrize("name", ["nothing", "nothing/x/y", "loop", "loop/x", "good", "good/x"])
def test_a_folder_is_not_claimed_where_a_link_leads_nowhere(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for link, target in (("nothing", "none"), ("loop", "loop"), ("good", "folder")):
        (tmp_path / link).symlink_to(target)
    wrong = None if name.startswith("good") else f"{name.split('/')[0]} is a link that leads to nothing or to itself"
    with pytest.raises(UsageError, match=wrong) if wrong else contextlib.nullcontext():
        storage.claim_folder(name)


HOLDER = """
import sys, time
from tinyllm import storage
with storage.locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_held_by_one_process_which_is_named(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=f"is in use by process {process.pid}; wait"), storage.locked(tmp_path):
            pass
        process.kill()
    with storage.locked(tmp_path):  # the system has given it back
        assert (tmp_path / storage.LOCK).read_text().strip() == str(os.getpid())
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_closed_is_told_to_readers_and_writers():
    told = cli.explain(PermissionError(errno.EACCES, "Permission denied", "x"))
    assert told == "x: Permission denied; give yourself leave to read and write there, or choose another place"


def test_of_what_is_copied_both_names_are_told():
    told = cli.explain(OSError(errno.EFBIG, "File too large", "from", None, "to"))
    assert told == "from -> to: File too large; raise the limit of the size of a file (ulimit -f)"


def test_json_errors(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        storage.load_json(tmp_path / "none.json")
    bad = (
        "",
        "{",
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        "1" + "0" * 400,
        "-" + "9" * 5000,
        r'{"a": "\ud83d"}',
        r'{"\ud83d": 1}',
    )
    for text in bad:
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(UsageError, match="no readable JSON"):
            storage.load_json(tmp_path / "bad.json")
