"""What all tests share: reproducible property tests, the stand-in for CuPy, the kinds of tests."""

import importlib.util
import signal
import sys

import fake_cupy
import hypothesis
import pytest

from tinyllm.backend import kernels

of_torch = [
    "finetune/test_peft.py",
    "functional/test_oracle.py",
    "models/test_transformers.py",
    "optim/test_oracle.py",
]  # a CI stage of their own installs it
collect_ignore = [] if importlib.util.find_spec("torch") else of_torch

hypothesis.settings.register_profile(
    "tinyllm",
    derandomize=True,  # every run draws the same examples
    database=None,
    deadline=None,
    max_examples=25,
    report_multiple_bugs=False,  # one is enough to read
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.register_profile(  # no simpler case is sought, which takes longer than all the rest
    "first-found",
    hypothesis.settings.get_profile("tinyllm"),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("tinyllm")


def pytest_addoption(parser):
    parser.addoption("--without-numba", action="store_true", help="run every operation as plain array code")


def pytest_configure(config):
    if config.getoption("--without-numba"):  # as if it were not installed
        kernels.numba_version = lambda: None
    for name in ("SIGINT", "SIGHUP"):  # in the background, or under nohup, the processes that tests start hear them too
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Each worker begins with neighbouring tests, which share what is costly to set up, and ends by taking others'."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


@pytest.fixture
def cupy(monkeypatch):
    """CuPy, or rather its stand-in, for one test. `cupy.synchronisations` says when the host had to wait."""
    modules = fake_cupy.modules()
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    fake_cupy.synchronisations.clear()
    modules["cupy"].synchronisations = fake_cupy.synchronisations
    return modules["cupy"]
