"""`tinyllm doctor`: what this machine has, what is missing, and what to do about it."""

import importlib
import importlib.metadata
import platform
import shutil
import sys
from pathlib import Path

from tinyllm.backend import kernels, machine, threads
from tinyllm.backend.mpi import find_mpiexec
from tinyllm.errors import UsageError
from tinyllm.say import counted, decimal, megabytes

PACKAGES = ("numpy", "numba", "tqdm", "safetensors", "threadpoolctl", "pytest")  # the last for the exercises


def examine():
    """A list of (name, what was found, what to do or None)."""
    packages = [_package(name) for name in PACKAGES]
    found = [_python(), *packages, _numba(), _processor()]
    if ("threadpoolctl", None) in [
        (name, mend) for name, _, mend in packages
    ]:  # who knows the BLAS, and can hold it to one thread
        found += [
            ("BLAS", f"{name} {version}, {counted(threads, 'thread')}", None)
            for name, version, threads in machine.describe_blas()
        ]
        found.append(_speed())
    return [*found, _memory(), _disk(), _gpu(), _mpi()]


def _python():
    version = platform.python_version()
    mend = None if sys.version_info >= (3, 11) else "instale o Python 3.11 ou mais novo"
    return "Python", f"{version}, {platform.system()}", mend


def _package(name):
    try:
        version = importlib.metadata.version(name)
        importlib.import_module(name)
    except importlib.metadata.PackageNotFoundError:
        return name, "não instalado", f"pip install {name}"
    except Exception as error:  # whatever a broken package raises
        return name, f"{version}, com defeito ({type(error).__name__})", f"pip install --force-reinstall {name}"
    return name, version, None


def _numba():
    if kernels.numba_version() is None:
        return (
            "rotinas compiladas",
            "desligadas",
            "sem o Numba tudo funciona, porém bem mais devagar: pip install numba",
        )
    return "rotinas compiladas", "ligadas; compilam uma vez e ficam guardadas", None


def _processor():
    kind = machine.processor_name() or platform.machine() or "tipo desconhecido"
    return "processador", f"{counted(threads.cores(), 'núcleo')}, {kind}", None


def _speed():
    from tinyllm.bench import gemm

    return "um núcleo multiplica", f"{decimal(gemm.flops(1) / 1e9, 0)} GFLOP/s (matrizes de float32)", None


def _memory():
    total = machine.physical_memory()
    if total is None:
        return "memória", "o sistema não informa", None
    mend = "feche outros programas antes de treinar" if total < 2 << 30 else None
    return "memória", megabytes(total), mend


def _disk():
    free = shutil.disk_usage(Path.cwd()).free
    return "disco livre aqui", megabytes(free), "libere ao menos 1 GB" if free < 1 << 30 else None


def _gpu():
    try:
        version, name, free, total = machine.find_gpu()
    except Exception as error:  # whatever a CuPy that does not fit the driver raises
        return (
            "GPU (opcional)",
            f"CuPy com defeito ({type(error).__name__})",
            "instale de novo o CuPy e o driver da NVIDIA",
        )
    if version is None:
        return (
            "GPU (opcional)",
            'sem CuPy; com uma GPU da NVIDIA: pip install -e ".[cuda12]" ou ".[cuda13]"',
            None,
        )
    if name is None:
        return "GPU (opcional)", f"CuPy {version}, mas nenhuma GPU responde", "instale o driver da NVIDIA"
    return (
        "GPU (opcional)",
        f"CuPy {version}, {name}, livres {megabytes(free)} de {megabytes(total)}",
        None,
    )


def _mpi():
    try:
        version = importlib.metadata.version("mpi4py")
    except importlib.metadata.PackageNotFoundError:
        return "MPI (opcional)", 'sem mpi4py; para treinar com vários processos: pip install -e ".[mpi]"', None
    try:
        return "MPI (opcional)", f"mpi4py {version}, {find_mpiexec()}", None
    except UsageError:
        return "MPI (opcional)", f"mpi4py {version}, mas falta o mpiexec", 'pip install -e ".[mpi]"'
