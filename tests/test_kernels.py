"""Compiled kernels: what they call, when they are compiled anew, and the small ones that others are made of."""

import importlib
import inspect
import os
import subprocess
import sys

import numpy as np
import pytest
from functional.cases import all_modules

from tinyllm.backend import kernels
from tinyllm.backend.kernels import exp32, kernel, largest

pytestmark = pytest.mark.skipif(kernels.numba_version() is None, reason="kernels need Numba")


def all_kernels():
    """{"tinyllm.backend.kernels.exp32": kernel}"""
    return {f"{m.__name__}.{name}": k for m in all_modules() for name, k in vars(m).items() if isinstance(k, kernel)}


def test_the_files_of_all_that_a_kernel_calls_are_known():
    """The cache of compiled code forgets a kernel when one of them changes."""
    for name, one in all_kernels().items():
        called = [vars(sys.modules[one.function.__module__]).get(word) for word in one.function.__code__.co_names]
        for other in called:
            if isinstance(other, kernel):
                assert other.called_files | {inspect.getsourcefile(other.function)} <= one.called_files, name


SCALED = """
from tinyllm.backend.kernels import exp32
def scaled(x):
    for i in range(x.size):
        x[i] = exp32(x[i])
"""


def test_a_kernel_is_compiled_anew_when_the_file_of_those_it_calls_changes(tmp_path, monkeypatch):
    (tmp_path / "scaled_of_the_test.py").write_text(SCALED)
    monkeypatch.syspath_prepend(tmp_path)
    function = importlib.import_module("scaled_of_the_test").scaled
    found = []
    for version in "aabab":
        monkeypatch.setattr(kernels, "_hash_of_file", lambda path, version=version: version)
        one = kernel(function)
        one(np.zeros(3, np.float32))
        found.append("compiled" if one.dispatcher.stats.cache_misses else "loaded")
    assert found == ["compiled", "loaded", "compiled", "loaded", "loaded"]


@pytest.mark.parametrize("kept", [0, 0.5], ids=["empty", "half"])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_cache_file_cut_short_is_compiled_and_kept_anew(tmp_path, monkeypatch, ending, kept):
    name = f"cut_{ending}_{kept}".replace(".", "_")
    (tmp_path / f"{name}.py").write_text(SCALED)
    monkeypatch.syspath_prepend(tmp_path)
    function, found = importlib.import_module(name).scaled, []
    for _ in range(3):
        one, x = kernel(function), np.zeros(3, np.float32)
        one(x)
        found.append("compiled" if one.dispatcher.stats.cache_misses else "loaded")
        assert x.tolist() == [1, 1, 1]
        if len(found) == 1:
            for path in (tmp_path / "__pycache__").glob(f"*.{ending}"):
                path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    assert found == ["compiled", "compiled", "loaded"]


OF_NUMBA = {"NUMBA_NUM_THREADS=abc": True, "NUMBA_DISABLE_JIT=1": False, "NUMBA_NUM_THREADS=0": "does not start"}


@pytest.mark.parametrize("variable", OF_NUMBA)
def test_the_variables_of_numba(variable):
    """Whether it compiles, or what is said; and nothing else on either stream."""
    program = "import tinyllm.backend.kernels as k; print(k.numba_version() is not None and k.kernels_run())"
    name, _, value = variable.partition("=")
    ran = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, name: value}, capture_output=True, text=True, check=False
    )
    expected = OF_NUMBA[variable]
    if isinstance(expected, bool):
        assert (ran.stdout.strip(), ran.stderr) == (str(expected), "")
    else:
        assert expected in ran.stderr.splitlines()[-1] and "UsageError" in ran.stderr


def test_a_kernel_that_no_folder_can_keep_is_compiled_all_the_same():
    space = {"exp32": exp32}
    exec(
        "def scaled(x):\n    for i in range(x.size):\n        x[i] = exp32(x[i])", space
    )  # it has no file to lie beside
    x = np.zeros(3, np.float32)
    kernel(space["scaled"])(x)
    assert x.tolist() == [1, 1, 1]


def test_exp32_is_exp_to_a_few_units_in_the_last_place():
    x = np.linspace(-86, 87, 100_001, dtype=np.float32)
    found = np.array([exp32(number) for number in x[::97]])
    np.testing.assert_allclose(found, np.exp(x[::97].astype(np.float64)), rtol=1.2e-7)
    assert np.isnan(exp32(np.float32(np.nan)))


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 100])
def test_largest_is_the_maximum_whatever_the_signs(size):
    rng = np.random.default_rng(size)
    for row in (
        rng.normal(size=size),
        -rng.uniform(1, 2, size=size),
        rng.normal(size=size) * 1e30,
        np.full(size, -np.inf),
    ):
        row = row.astype(np.float32)
        assert largest(row) == row.max()
    row[-1] = np.nan
    assert np.isnan(largest(row))
    assert largest(np.float32([-0.0, 0.0])) == 0 and largest(np.float32([-3, np.inf, 2])) == np.inf
