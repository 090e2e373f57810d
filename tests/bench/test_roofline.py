"""This machine as a plan sees it."""

import pytest

from tinyllm.bench import gemm, roofline


def test_the_peak_is_found_from_wide_and_narrow_products(monkeypatch):
    """Both are peak * width / (width + half width)."""
    monkeypatch.setattr(gemm, "flops", lambda threads: 100e9 * gemm.SIZE / (gemm.SIZE + 64))
    monkeypatch.setattr(roofline, "narrow_flops", lambda threads: 100e9 * roofline.NARROW / (roofline.NARROW + 64))
    monkeypatch.setattr(roofline, "bandwidth", lambda threads: 1e10)
    here = roofline.this_machine()
    assert (here.peak, here.half_width) == (pytest.approx(100e9), pytest.approx(64))
    assert here.multiplying(gemm.SIZE) == pytest.approx(gemm.flops(1)) and here.bandwidth == 1e10
    assert not here.on_gpu and here.precision == "float32"


def test_narrow_products_that_are_no_slower_lose_nothing(monkeypatch):
    monkeypatch.setattr(gemm, "flops", lambda threads: 100e9)
    monkeypatch.setattr(roofline, "narrow_flops", lambda threads: 110e9)
    monkeypatch.setattr(roofline, "bandwidth", lambda threads: 1e10)
    here = roofline.this_machine()
    assert (here.peak, here.half_width) == (100e9, 0)


@pytest.mark.long
def test_this_machine_is_measured():
    here = roofline.this_machine()
    assert 1e9 < here.multiplying(roofline.NARROW) <= here.peak < 1e14
    assert 1e8 < here.bandwidth < 1e13 and here.memory > 1 << 28 and here.threads >= 1
