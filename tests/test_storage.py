"""Files are whole or absent, and what is damaged is refused in one line."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import storage
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


def test_json_errors(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        storage.load_json(tmp_path / "none.json")
    for text in ("", "{", '{"a": 1, "a": 2}', "[" * 100_000):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(UsageError, match="no readable JSON"):
            storage.load_json(tmp_path / "bad.json")
