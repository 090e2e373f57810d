"""Arrays on a disk, or beside a GPU: the numbers are there when they are asked for, the memory is free until then."""

import errno
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyllm.backend.elsewhere import Disk, Pinned, empty_like, fetch_ahead, kept_in, let_go, segment_of
from tinyllm.nn.module import Parameter


@pytest.mark.parametrize("place", [Disk, lambda folder: Pinned()])
def test_the_room_of_an_array_is_free_when_its_last_view_has_gone(place, tmp_path, cupy):
    place = place(tmp_path)
    first = place.empty((4, 1024), np.float32)
    first[...] = 1
    view, address = first.T[3:], first.ctypes.data
    del first
    other = place.empty((4, 1024), np.float32)
    other[...] = 2
    assert (view == 1).all()
    del view
    assert place.empty((1024, 4), np.float32).ctypes.data == address


def test_arrays_of_all_sizes_on_a_disk(tmp_path):
    disk, rng = Disk(tmp_path), np.random.default_rng(0)
    shapes = [(), (0, 3), (1,), (5000,), (3, 1 << 20), (1 << 22,), (7, 11)]
    expected = [rng.normal(size=shape) for shape in shapes]
    with kept_in(disk):
        found = [Parameter(array).data for array in expected]
    for array, other in zip(found, expected, strict=True):
        fetch_ahead(array)
        assert array.shape == other.shape and np.array_equal(array, other.astype(np.float32))
        assert segment_of(array).disk is segment_of(empty_like(array[:1] if array.ndim else array)).disk is disk


def resident():
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) << 10


@pytest.mark.skipif(sys.platform != "linux", reason="measures the resident memory as Linux counts it")
def test_what_is_let_go_of_takes_no_memory_and_is_there_again(tmp_path):
    array = Disk(tmp_path).empty((64, 1 << 18), np.float32)  # 64 MB
    array[...] = 3
    full = resident()
    let_go(array[:32])
    half = resident()
    let_go(array)
    assert full - half > 30 << 20 and full - resident() > 60 << 20
    assert (array == 3).all()


def test_a_full_disk_is_told_and_not_written_to(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match="No space left") as told:
        Disk(tmp_path).empty((10,), np.float32)
    assert told.value.filename == str(tmp_path)


def test_a_file_system_that_reserves_nothing_is_written_to(tmp_path, monkeypatch):
    def unknown(*arguments):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", unknown, raising=False)
    array = Disk(tmp_path).empty((1000, 1000), np.float64)
    array[...] = 1
    assert array.sum() == 10**6
