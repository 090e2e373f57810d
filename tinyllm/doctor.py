"""`tinyllm doctor`: what this machine has, what is missing, and what to do about it."""

import importlib.metadata
import platform
import shutil
import sys
from pathlib import Path

from tinyllm import backend, console

PACKAGES = ("numpy", "numba", "tqdm", "safetensors", "threadpoolctl")


def examine():
    """A list of (name, what was found, what to do or None)."""
    found = [_python(), *(_package(name) for name in PACKAGES), _numba()]
    found.append(("processador", f"{backend.cores()} núcleos, {platform.machine() or 'tipo desconhecido'}", None))
    found += [
        ("BLAS", f"{name} {version}, {threads} threads", None) for name, version, threads in backend.describe_blas()
    ]
    return [*found, _memory(), _disk(), _gpu()]


def _python():
    version = platform.python_version()
    mend = None if sys.version_info >= (3, 11) else "instale o Python 3.11 ou mais novo"
    return "Python", f"{version}, {platform.system()}", mend


def _package(name):
    try:
        return name, importlib.metadata.version(name), None
    except importlib.metadata.PackageNotFoundError:
        return name, "não instalado", f"pip install {name}"


def _numba():
    if backend.numba_version() is None:
        return (
            "rotinas compiladas",
            "desligadas",
            "sem o Numba tudo funciona, porém bem mais devagar: pip install numba",
        )
    return "rotinas compiladas", "ligadas; compilam uma vez e ficam guardadas", None


def _memory():
    total = backend.physical_memory()
    if total is None:
        return "memória", "o sistema não informa", None
    mend = "feche outros programas antes de treinar" if total < 2 << 30 else None
    return "memória", console.megabytes(total), mend


def _disk():
    free = shutil.disk_usage(Path.cwd()).free
    return "disco livre aqui", console.megabytes(free), "libere ao menos 1 GB" if free < 1 << 30 else None


def _gpu():
    version, name, free, total = backend.find_gpu()
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
        f"CuPy {version}, {name}, livres {console.megabytes(free)} de {console.megabytes(total)}",
        None,
    )
