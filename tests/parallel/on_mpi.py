"""Tests on a real MPI: `run_on_mpi(size, work)` gives what `work(comm)` returned on each of so many ranks.

    def work(comm, many):
        return comm.all_reduce(np.ones(many)).tolist()

    @needs_mpi
    def test_sums():
        assert run_on_mpi(2, work, 3) == [[2.0] * 3] * 2

`work` is a function of a test file, what it is given and what it returns is JSON's (`as_json` for arrays, bit by bit).
Each rank is a process with one thread. A rank that raises ends all, and the test fails with what it said; so does one
that takes longer than `seconds`.
"""

import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
MARK = "what all ranks found: "


def needs_mpi(test):
    """The mark of a test that needs MPI: `.ci/run` has a stage for them; elsewhere `pytest -m mpi` runs them."""
    missing = MPIEXEC is None or importlib.util.find_spec("mpi4py") is None
    return pytest.mark.mpi(pytest.mark.skipif(missing, reason='no MPI here: pip install -e ".[mpi]"')(test))


def run_on_mpi(size, work, *arguments, seconds=60):
    """[work(comm, *arguments) of each of `size` ranks], each in a process of its own."""
    named = [work.__code__.co_filename, work.__name__, json.dumps(arguments)]
    command = [MPIEXEC, "-n", str(size), sys.executable, "-m", "mpi4py", __file__, *named]
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, env=os.environ | one_thread, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    assert done.returncode == 0 and lines and "MPICH" not in done.stdout + done.stderr, (
        f"status {done.returncode}: {done.stdout}{done.stderr}"
    )
    return json.loads(lines[0].removeprefix(MARK))


def as_json(array):
    """An array as JSON's: equal where shape, type and every bit are."""
    return [list(array.shape), array.dtype.str, base64.b64encode(array.tobytes()).decode()]


def main():
    """What each rank does: find the function, call it, and let rank 0 print what all returned."""
    from tinyllm.parallel.mpi import MPIComm

    path, name, arguments = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parent.parent))
    spec = importlib.util.spec_from_file_location("of_a_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    comm = MPIComm()
    found = comm.exchange(getattr(module, name)(comm, *json.loads(arguments)), list)
    if comm.rank == 0:
        print(MARK + json.dumps(found), flush=True)
    comm.finish()


if __name__ == "__main__":
    main()
