"""Where arrays live and how hot loops are compiled: the only file that knows CuPy and Numba.

The array itself decides where work runs: `xp = array_module(x)` is NumPy for an array in memory and CuPy for one on
a GPU. Neither CuPy nor Numba is imported before it is needed, and both may be missing.
"""

import collections
import concurrent.futures
import contextlib
import contextvars
import ctypes
import functools
import hashlib
import importlib.util
import itertools
import os
import sys
import types
import warnings
from pathlib import Path

import numpy as np

from tinyllm.errors import UsageError

# ------------------------------------------------------------------------------------------------ where arrays live


def array_module(*arrays):
    """The module whose functions work on these arrays: cupy if one of them is on a GPU, else numpy."""
    cupy = sys.modules.get("cupy")  # no array can be on a GPU before CuPy is imported
    return cupy if cupy is not None and any(isinstance(a, cupy.ndarray) for a in arrays) else np


def beside(host_array, array):
    """Copy a NumPy array to where `array` lives; anything else is returned as it is."""
    xp = array_module(array)
    return xp.asarray(host_array) if type(host_array) is np.ndarray else host_array


def to_host(array):
    """Copy an array from the GPU to memory; a NumPy array is returned as it is."""
    return array if array_module(array) is np else array.get()


def to_device(array, device):
    """Move an array to "cpu" or "gpu".

    Raises UsageError for another name, and where there is no CuPy or no GPU.
    """
    if device == "cpu":
        return to_host(array)
    if device != "gpu":
        raise UsageError(f'there is no device "{device}"; choose "cpu" or "gpu"')
    if importlib.util.find_spec("cupy") is None and "cupy" not in sys.modules:
        raise UsageError('device "gpu" needs CuPy; pip install -e ".[cuda12]" (or cuda13), or choose "cpu"')
    import cupy

    if not cupy.cuda.is_available():
        raise UsageError('device "gpu": CuPy finds no working GPU; see "tinyllm doctor", or choose "cpu"')
    return cupy.asarray(array)


# ------------------------------------------------------------------------------------------- what an operation is given


def numbers(value, dtype=None):
    """Lists and numbers -> a NumPy array. Raises UsageError for anything else."""
    try:
        array = np.asarray(value, dtype)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{type(value).__name__} is no array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise UsageError(f"{type(value).__name__} is no array of numbers; give an array, a list or a number")
    return array if array.size or dtype else array.astype(int)


def alike(inputs, arrays, stay):
    """The inputs of an operation, and their arrays -> arrays of one floating-point type: neither integers nor a single
    number of float64 make another of it.

    `stay` tells for each input which kinds of dtype it keeps, N for None. UsageError for what is no number.
    """

    # an input that is its own array is no Tensor; without axes it is a single number
    decide = [hasattr(a, "dtype") and (a.ndim > 0 or x is not a) for x, a in zip(inputs, arrays, strict=True)]
    floats = [a.dtype for a, decides in zip(arrays, decide, strict=True) if decides and a.dtype.kind == "f"]
    dtype, alone = max(floats, key=lambda one: one.itemsize, default=None), True not in decide

    def fitted(a, decides, kinds):
        if (a is None and "N" in kinds) or (type(a) is int and dtype is None and not alone):
            return a  # a whole number of Python is of the integers' type
        array = a if hasattr(a, "dtype") else numbers(a)
        kind = array.dtype.kind
        if kind not in "fiubc":
            raise UsageError(
                f"an array of {array.dtype} is no array of numbers; turn it into one, as with astype(float)"
            )
        if kind in kinds or (kind in "fc" and decides):
            return array
        if dtype is None:  # there are integers alone, or nothing but numbers
            return array if array is a or (kind != "f" and not alone) else array.astype("float32")
        return array.astype(dtype)[()]

    kinds = itertools.chain(stay, itertools.repeat(""))
    return list(map(fitted, arrays, decide, kinds))


# ------------------------------------------------------------------------------ array functions the modules spell apart


def widened(x):
    """(...) -> (...): half precision as float32, in which sums neither overflow nor lose digits, else as it is."""
    return x.astype("float32") if x.dtype.char == "e" else x


def narrowed(x, dtype):
    """(...) -> (...): x in half precision if that is the dtype, else as it is: the way back from `widened`."""
    return x.astype(dtype) if dtype.char == "e" else x


# log(erfc(x) / t) + x² as a Chebyshev series in 2t - 1, t = 2 / (2 + x) (fitted with mpmath to 5e-16)
ERF_SERIES = (
    *(-0.6513268598908547, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632, -0.0009465953444820369),
    *(3.6683949785276145e-4, 4.252332480690777e-5, -2.0278578112534242e-5, -1.6242900046470256e-6),
    *(1.3036558355805232e-6, 1.5626441722066142e-8, -8.523809591492654e-8, 6.5290544390988515e-9),
    *(5.059343495551469e-9, -9.91364156493033e-10, -2.273651222931836e-10, 9.646791102015527e-11),
    *(2.3940380830391146e-12, -6.886027526497553e-12, 8.944879273090725e-13, 3.130921399342958e-13),
    *(-1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15, -1.5230282014571043e-15),
    -9.457494571291233e-17,
)


def erf(x):
    """(...) -> (...): the error function, to 1e-15 in float64 and 1e-7 in float32 (NumPy has none)."""
    if array_module(x) is not np:
        import cupyx.scipy.special

        return cupyx.scipy.special.erf(x)
    series = ERF_SERIES if x.dtype == np.float64 else ERF_SERIES[:11]
    magnitude = np.abs(x)
    t = 2 / (2 + magnitude)
    y = 4 * t - 2
    b, b_before = y * 0, y * 0
    for coefficient in series[:0:-1]:  # Clenshaw's recurrence
        b, b_before = y * b - b_before + coefficient, b
    erfc = t * np.exp(-magnitude * magnitude + 0.5 * y * b - b_before + series[0])
    return np.copysign(1 - erfc, x)


# ------------------------------------------------------------------------------------------- compiled kernels and twins

_use_numba = contextvars.ContextVar("use_numba", default=True)


@functools.cache
def numba_version():
    """The version of Numba, or None where it cannot be imported or is told to compile nothing.

    Raises UsageError if it does not start, as where NUMBA_NUM_THREADS is 0.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of variables that it cannot read, and does without
            import numba
    except ValueError as error:
        raise UsageError(f"Numba does not start ({error}); unset the variables whose names begin with NUMBA_") from None
    except Exception:  # a broken package raises anything
        return None
    return None if numba.config.DISABLE_JIT else numba.__version__


@contextlib.contextmanager
def without_numba():
    """Inside this block every function runs as plain array code."""
    token = _use_numba.set(False)
    try:
        yield
    finally:
        _use_numba.reset(token)


def kernels_run():
    """Whether a kernel called here is compiled: Numba is there, and this is not inside `without_numba()`."""
    return _use_numba.get() and numba_version() is not None


@functools.cache
def _hash_of_file(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def forgive(cache):
    """Let a cache of Numba's be as good as none where it cannot be read, as after a full disk, or written.

    Numba itself fails at a file that was cut short, at every start (numba/numba #10434).
    """
    load, save = cache.load_overload, cache.save_overload

    def load_or_compile(*arguments):
        try:
            return load(*arguments)
        except Exception:  # whatever unpickling makes of half a file
            with contextlib.suppress(OSError):
                cache.flush()
            return None

    def save_if_possible(*arguments):
        with contextlib.suppress(OSError):
            save(*arguments)

    cache.load_overload, cache.save_overload = load_or_compile, save_if_possible


class kernel:
    """A loop over arrays, compiled by Numba at its first call and cached on disk; it releases the GIL.

    Where Numba may not be used it is plain Python: right, and slow.

    Division by zero gives inf as in NumPy: the usual check stops vectorisation. `reassociate=False` keeps sums and
    roundings in the order they are written. NaN stays NaN.

    A `lean` kernel makes no array of its own. So it counts no references, which would take longer than a short loop,
    and a kernel that calls it takes its code in.
    """

    def __init__(self, function, *, reassociate=True, lean=False):
        functools.update_wrapper(self, function)
        self.function = function
        self.options = {"_nrt": False, "forceinline": True} if lean else {}
        self.fastmath = {"contract", "nsz", "arcp", "afn"} | ({"reassoc"} if reassociate else set())

    @functools.cached_property
    def dispatcher(self):
        import numba

        f = self.function
        # Numba's cache checks the file of a kernel, not the files of the kernels it calls. It also checks the free
        # variables: one of them holds the hashes of those files, and a change in any file makes Numba compile anew
        version = " ".join(map(_hash_of_file, sorted(self.called_files | {__file__})))
        code, cell = f.__code__.replace(co_freevars=("version",)), types.CellType(version)
        versioned = types.FunctionType(code, f.__globals__, f.__name__, f.__defaults__, (cell,))
        compiler = functools.partial(
            numba.njit, nogil=True, error_model="numpy", fastmath=self.fastmath, **self.options
        )
        try:
            compiled = compiler(cache=True)(versioned)
        except RuntimeError:  # there is no folder that it may write to
            return compiler()(versioned)
        forgive(compiled._cache)
        return compiled

    @functools.cached_property
    def called_files(self):
        """The source files of the kernels that this one calls."""
        named = (self.function.__globals__.get(name) for name in self.function.__code__.co_names)
        called = [other for other in named if isinstance(other, kernel)]
        return {other.function.__code__.co_filename for other in called}.union(*(k.called_files for k in called))

    @property
    def _numba_type_(self):  # lets one kernel call another
        return self.dispatcher._numba_type_

    def __call__(self, *arguments):
        return (self.dispatcher if kernels_run() else self.function)(*arguments)


lean_kernel = functools.partial(kernel, lean=True)


class TwinnedFunction:
    """A function over plain arrays, its meaning, that may have a faster twin standing right below it.

    The twin has the same signature and is written with kernels for float32. It is chosen here and nowhere else: for
    NumPy arrays that are not float64 or float16, when Numba is there.
    """

    def __init__(self, meaning):
        functools.update_wrapper(self, meaning)
        self.meaning = meaning
        self.twin = None

    def compiled(self, twin):
        """Decorate the twin."""
        self.twin = twin
        return twin

    def choose(self, arrays):
        """The version that runs on these arrays."""
        usable = self.twin is not None and kernels_run() and self.fits(arrays)
        return self.twin if usable else self.meaning

    def fits(self, arguments):
        """Whether the arrays among the arguments are NumPy's, and those of them that are no ids are float32."""
        floats = 0
        for x in arguments:
            dtype = getattr(x, "dtype", None)
            if dtype is not None and not isinstance(x, np.ndarray):
                return False
            if dtype == np.float32:
                floats += 1
            elif dtype is not None and dtype.kind == "f":
                return False
        return floats > 0

    def __call__(self, /, *arrays, **options):
        return self.choose(arrays)(*arrays, **options)


class TwinnedLoop(TwinnedFunction):
    """A TwinnedFunction over bytes, ids and the like, whose twin runs wherever Numba does."""

    def fits(self, arguments):
        return True


def exp32(x):
    """exp of a float32 to 8e-8, without a call, so that loops around it vectorise (Cody & Waite 1980)."""
    x = np.float32(-87.0) if x < np.float32(-87.0) else x
    x = np.float32(88.0) if x > np.float32(88.0) else x
    shifted = np.float32(x * np.float32(1.44269504) + np.float32(12582912.0))  # + 1.5 * 2**23 rounds to an integer
    power = np.int32(shifted.view(np.int32) - np.int32(0x4B400000))
    whole = shifted - np.float32(12582912.0)
    r = x - whole * np.float32(0.693359375)
    r = r + whole * np.float32(2.12194440e-4)  # ln 2 in two parts
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    y = p * r * r + r + np.float32(1.0)
    two_to_power = np.int32((power + np.int32(127)) << np.int32(23))
    return y * two_to_power.view(np.float32)


exp32 = kernel(exp32, reassociate=False)


@kernel
def largest(row):
    """The largest of (n,) float32 numbers, NaN above all. It compares integers: that loop vectorises."""
    bits = row.view(np.int32)
    found = in_order(bits[0])
    for i in range(bits.size):
        found = max(found, in_order(bits[i]))
    return np.int32(in_order(found)).view(np.float32)


@kernel
def in_order(bits):
    """The bits of a float32 -> an int32 of the same order, and back: those of negative numbers count backwards."""
    return np.int32(bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@TwinnedFunction
def scatter_add(target, index, updates):
    """target[index] += updates, where an index that occurs twice is added twice."""
    if array_module(target) is np:
        np.add.at(target, index, updates)
    else:
        import cupyx

        cupyx.scatter_add(target, index, updates)


@scatter_add.compiled
def scatter_add_compiled(target, index, updates):
    rows = isinstance(index, np.ndarray) and index.ndim == 1 and index.dtype.kind in "iu" and target.ndim == 2
    if not rows or updates.shape != (len(index), target.shape[1]):
        return scatter_add.meaning(target, index, updates)
    check_index(index, len(target))
    scatter_rows(target, index, updates)


def check_index(index, count):
    """Raise the IndexError that NumPy would: a kernel does not look where it writes."""
    if index.size and not -count <= index.min() <= index.max() < count:
        raise IndexError(f"indices {index.min()}..{index.max()} are out of bounds for an axis of size {count}")


@kernel
def scatter_rows(target, index, updates):
    """(V, C), (n,) ids, (n, C): each row of updates is added to the row of target that its id names."""
    for i in range(index.size):
        row, update = target[index[i]], updates[i]
        for j in range(row.size):
            row[j] += update[j]


# -------------------------------------------------------------------------------------------------- threads and memory


def cores():
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_threads(function, items, *, workers):
    """Iterable -> generator of function(item), in order. It takes and works on at most `workers` items at a time."""
    items, running = iter(items), collections.deque()
    with concurrent.futures.ThreadPoolExecutor(workers) as threads:
        while True:
            for item in itertools.islice(items, workers - len(running)):
                running.append(threads.submit(contextvars.copy_context().run, function, item))
            if not running:
                return
            yield running.popleft().result()


@functools.cache
def _blas():
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


def single_threaded_blas():
    """A context in which matrix products use one thread: the caller has a worker per core already."""
    return _blas().limit(limits=1, user_api="blas")


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


def pieces(array, numbers=1 << 18):
    """Indices that cut an array along its first axis into pieces of about so many numbers, for workers to share."""
    if array.size <= numbers:
        return [...]
    rows = max(1, numbers * len(array) // array.size)
    return [slice(start, start + rows) for start in range(0, len(array), rows)]


def wait_for_gpu():
    """Return when a GPU, if one is in use, has done all it was asked to."""
    cupy = sys.modules.get("cupy")
    if cupy is not None:
        cupy.cuda.runtime.deviceSynchronize()


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
    return [(b["internal_api"], b["version"], b["num_threads"]) for b in _blas().info() if b["user_api"] == "blas"]
