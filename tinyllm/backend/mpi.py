"""MPI: the only file that knows mpi4py, which is not imported before it is needed and may be missing."""

import importlib.util
import shutil
import sys
from pathlib import Path

from tinyllm.errors import UsageError

MEND = 'install both with: pip install -e ".[mpi]"'


def check_mpi4py():
    """Raise UsageError where mpi4py is missing."""
    if importlib.util.find_spec("mpi4py") is None:
        raise UsageError(f"ranks in processes of their own need mpi4py and an MPI; {MEND}")


def find_mpiexec():
    """The path of mpiexec: the one beside this Python, else the first of the system. UsageError if there is none."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("mpiexec", path=beside) or shutil.which("mpiexec")
    if found is None:
        raise UsageError('there is no mpiexec to start ranks with; install one with: pip install -e ".[mpi]"')
    return found


def load_mpi():
    """The module MPI of mpi4py, which starts MPI when it is first asked for: any thread may then call it.

    Raises UsageError where mpi4py or the MPI below it is missing.
    """
    check_mpi4py()
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise UsageError(f"mpi4py does not start ({error}); {MEND}") from None
    if MPI.Query_thread() < MPI.THREAD_SERIALIZED:
        raise UsageError(f"{describe_mpi(MPI)} lets only one thread call it, and a rank has several; {MEND}")
    return MPI


def describe_mpi(MPI):
    """The name and version of the MPI below mpi4py."""
    return " ".join(MPI.Get_library_version().split("\n")[0].replace(":", " ").split())
