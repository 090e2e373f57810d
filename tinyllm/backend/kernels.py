"""How hot loops are compiled: the only file that knows Numba, which is not imported before it is needed and may be
missing."""

import contextlib
import contextvars
import functools
import hashlib
import types
import warnings
from pathlib import Path

import numpy as np

from tinyllm.backend.arrays import add_at
from tinyllm.errors import UsageError

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


scatter_add = TwinnedFunction(add_at)


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
