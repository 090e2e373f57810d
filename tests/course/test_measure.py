"""What is too slow: by a clock that runs as a piece says, the verdict is always the same."""

import gc

import pytest

from tinyllm.course import measure
from tinyllm.course.measure import LARGE, LIMIT, SLOW, Work


@pytest.fixture
def spends(monkeypatch):
    """Makes a piece that takes so many seconds of size."""
    now = [0.0]
    monkeypatch.setattr(measure, "CLOCK", lambda: now[0])

    def made(seconds):
        def piece(size):
            assert not gc.isenabled()
            now[0] += seconds(size)

        return piece

    return made


def linear(size):
    return 1e-4 * size


@pytest.mark.parametrize(
    ("answer", "options", "expected"),
    [
        (linear, {}, None),
        (lambda size: 0.6 * LIMIT * linear(size), {}, None),
        (lambda size: 2 * LIMIT * linear(size), {}, SLOW),
        (lambda size: 2 * LIMIT * linear(size), {"limit": None}, None),
        (lambda size: 1000 * linear(size), {"limit": None}, None),
        (lambda size: 7 * linear(size), {"limit": 6}, SLOW),
        (lambda size: 0.1 * size * linear(size), {}, SLOW),
        (lambda size: 0.1 * size * linear(size), {"limit": None}, SLOW),
        (lambda size: 0.1 * size * linear(size), {"limit": None, "degree": 2}, None),
        (lambda size: 1e-6 * size, {}, None),
    ],
)
def test_what_is_slow(answer, options, expected, spends, monkeypatch):
    monkeypatch.setattr(measure, "peak_bytes", lambda work, piece, size: 1)
    work = Work(lambda size: (size,), small=10, large=100, **options)
    found = measure.trouble(work, spends(answer), spends(linear))
    assert (found and found.state) == expected


@pytest.mark.parametrize(("times", "expected"), [(1, None), (5, None), (40, LARGE)])
def test_what_takes_memory(times, expected):
    work = Work(lambda size: (bytes(size),), small=10, large=1_000_000)
    found = measure.trouble(work, lambda data: data * times, lambda data: data * 2)
    assert (found and found.state) == expected


def test_garbage_is_collected_again_afterwards():
    measure.seconds(Work(lambda size: (size,), small=1, large=2), 1, abs)
    assert gc.isenabled()
