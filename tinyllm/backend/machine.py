"""The machine: its processor, its memory, its GPU, and the matrix library that NumPy found on it."""

import ctypes
import importlib.util
import os
import re
import sys
from pathlib import Path

from tinyllm.backend.threads import blas_libraries

MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")  # file systems that keep in memory what is written to them


def processor_name():
    """The make and model of the processor, or None where the system does not tell."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8", errors="replace").splitlines() if known.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def physical_memory():
    """The bytes of memory this machine has, or None where it does not tell."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def memory_in_use(device="cpu"):
    """The bytes of memory that this process has, or that its arrays take on a GPU; None where nobody tells."""
    if device == "gpu":
        import cupy

        return cupy.get_default_memory_pool().total_bytes()
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return peak_memory()


def file_system(folder):
    """The kind of file system, as "ext4" or "tmpfs", that a folder is on, or is to be made on; None where the system
    does not tell: Linux does."""
    if not MOUNTS.exists():
        return None
    place = Path(folder).absolute()
    device = next(path for path in (place, *place.parents) if path.exists()).stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(" - ")[2].split()[0] for line in lines if line.split()[2] == number), None)


def peak_memory():
    """The most bytes of memory that this process has held at once, or None where the system does not tell."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if found:
        return int(found[1]) * 1024
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None


def keep_freed_memory():
    """Ask the C library to keep large freed blocks instead of giving each back to the system (Linux; else nothing).

    Training frees and takes the same arrays at every step; without this, each step pays again for their pages. All
    threads share one arena, for those of other threads give back what is larger than 64 MB whatever they are asked.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
        for parameter, value in ((M_TRIM_THRESHOLD, 1 << 30), (M_MMAP_THRESHOLD, 1 << 30), (M_ARENA_MAX, 1)):
            library.mallopt(parameter, value)


def find_gpu():
    """(version of CuPy or None, name of the GPU or None, free bytes, total bytes)."""
    if importlib.util.find_spec("cupy") is None:
        return None, None, 0, 0
    import cupy

    if not cupy.cuda.is_available():
        return cupy.__version__, None, 0, 0
    return cupy.__version__, cupy.cuda.runtime.getDeviceProperties(0)["name"].decode(), *cupy.cuda.runtime.memGetInfo()


def describe_blas():
    """[(library, version, threads)] of the matrix libraries that NumPy uses."""
    return [
        (b["internal_api"], b["version"], b["num_threads"]) for b in blas_libraries().info() if b["user_api"] == "blas"
    ]
